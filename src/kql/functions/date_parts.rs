//! The parts of a datetime, and datetimes and timespans from parts.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate, NaiveTime};
use polars::prelude::lit;

use super::calendar::{TICKS_PER_HOUR, time};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::table::time::{TICKS_PER_DAY, civil, ticks};
use crate::table::{TICKS_PER_SECOND, Type};

/// A part of a datetime as a number.
const fn part(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: fn(&Call<'_, '_>) -> Compiled<Scalar>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Datetime],
        gives: Gives::Type(Type::Int),
        body: Body::Scalar(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    part(
        &["hourofday"],
        "hourofday(date)",
        "The hour, 0 to 23.",
        |call| within(call, TICKS_PER_DAY, TICKS_PER_HOUR),
        &[("hourofday(datetime(2015-12-14 18:54))", "18")],
    ),
    Function {
        names: &["dayofweek"],
        usage: "dayofweek(date)",
        summary: "Days since Sunday, as a timespan.",
        takes: &[Accepts::Datetime],
        gives: Gives::Type(Type::Timespan),
        body: Body::Scalar(|call| {
            let days = time(call, 0).expr.floor_div(lit(TICKS_PER_DAY)) + lit(1_i64);
            call.folded((days % lit(7_i64)) * lit(TICKS_PER_DAY), Type::Timespan)
        }),
        examples: &[("dayofweek(datetime(2015-12-14))", "1.00:00:00"), ("dayofweek(datetime(2015-12-20))", "00:00:00")],
        ..Function::NEW
    },
    part(
        &["dayofmonth"],
        "dayofmonth(date)",
        "The day of the month.",
        |call| of_date(call, |date| i64::from(date.day())),
        &[("dayofmonth(datetime(2015-12-14))", "14")],
    ),
    part(
        &["dayofyear"],
        "dayofyear(date)",
        "The day of the year.",
        |call| of_date(call, |date| i64::from(date.ordinal())),
        &[("dayofyear(datetime(2015-12-14))", "348")],
    ),
    part(
        &["monthofyear", "getmonth"],
        "monthofyear(date)",
        "The month, 1 to 12.",
        |call| of_date(call, |date| i64::from(date.month())),
        &[("monthofyear(datetime(2015-12-14))", "12")],
    ),
    part(
        &["getyear"],
        "getyear(date)",
        "The year.",
        |call| of_date(call, |date| i64::from(date.year())),
        &[("getyear(datetime(2015-10-12))", "2015")],
    ),
    part(
        &["week_of_year", "weekofyear"],
        "week_of_year(date)",
        "The week by ISO 8601: weeks begin on Monday, the first has the year's first Thursday.",
        |call| of_date(call, |date| i64::from(date.iso_week().week())),
        &[("week_of_year(datetime(2000-01-01))", "52"), ("week_of_year(datetime(2020-12-31))", "53")],
    ),
    Function {
        names: &["datetime_part", "datepart"],
        usage: "datetime_part(part, date)",
        summary: "Year, quarter, month, week_of_year, day, dayOfYear, hour, minute, second or a fraction of it.",
        takes: &[Accepts::Text, Accepts::Datetime],
        gives: Gives::Type(Type::Int),
        body: Body::Prepared(|call| {
            let name = call.constant(0, "part")?.to_text().to_ascii_lowercase();
            let read = reading(&name).ok_or_else(|| {
                let problem = call.error(0, format!("`{name}` is no part of a datetime"));
                problem.help("use year, quarter, month, week_of_year, day, dayofyear, hour, minute, second, millisecond, microsecond or nanosecond")
            })?;
            Ok(Arc::new(move |values| match values {
                [_, Value::Datetime(at)] => read(*at).map_or(Value::Null, Value::Long),
                _ => Value::Null,
            }))
        }),
        examples: &[
            ("datetime_part('quarter', datetime(2017-10-30))", "4"),
            ("datetime_part('nanosecond', datetime(2017-10-30 01:02:03.7654321))", "765432100"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["make_datetime"],
        usage: "make_datetime(year, month, day [, hour, minute, second])",
        summary: "The datetime of these parts; null where there is no such day or time.",
        takes: &[Accepts::Any, Accepts::Number, Accepts::Number, Accepts::Number, Accepts::Number, Accepts::Number],
        optional: 5,
        gives: Gives::Type(Type::Datetime),
        body: Body::Scalar(|call| {
            if let [text] = call.arguments.as_slice() {
                return Ok(convert(text.clone(), Type::Datetime));
            }
            if matches!(call.arguments.len(), 2 | 4) {
                return Err(call.error(0, "`make_datetime` takes a date, or a date and hour and minute"));
            }
            let accepts = [Accepts::Number];
            let kernel = Arc::new(|values: &[Value<'_>]| make(values).map_or(Value::Null, Value::Datetime));
            Ok(apply(kernel, &call.arguments, &accepts, Type::Datetime))
        }),
        examples: &[
            ("make_datetime(2017, 10, 1, 12, 10, 0.1234567)", "2017-10-01T12:10:00.1234567Z"),
            ("make_datetime(2020, 13, 1)", "null"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["make_timespan"],
        usage: "make_timespan([days,] hours, minutes [, seconds])",
        summary: "The timespan of these parts; null where one is out of its range.",
        takes: &[Accepts::Any, Accepts::Number, Accepts::Number, Accepts::Number],
        optional: 3,
        gives: Gives::Type(Type::Timespan),
        body: Body::Scalar(|call| {
            if let [text] = call.arguments.as_slice() {
                return Ok(convert(text.clone(), Type::Timespan));
            }
            let kernel = Arc::new(|values: &[Value<'_>]| make_span(values).map_or(Value::Null, Value::Timespan));
            Ok(apply(kernel, &call.arguments, &[Accepts::Number], Type::Timespan))
        }),
        examples: &[("make_timespan(1, 12, 30, 55.123)", "1.12:30:55.1230000"), ("make_timespan(12, 30)", "12:30:00")],
        ..Function::NEW
    },
];

/// How many `unit`s have passed in the current `whole`.
fn within(call: &Call<'_, '_>, whole: i64, unit: i64) -> Compiled<Scalar> {
    call.folded((time(call, 0).expr % lit(whole)).floor_div(lit(unit)), Type::Int)
}

fn of_date(call: &Call<'_, '_>, read: fn(NaiveDate) -> i64) -> Compiled<Scalar> {
    let kernel = Arc::new(move |values: &[Value<'_>]| match values {
        [Value::Datetime(at)] => civil(*at).map_or(Value::Null, |at| Value::Long(read(at.date()))),
        _ => Value::Null,
    });
    Ok(apply(kernel, &call.arguments, &[Accepts::Datetime], Type::Int))
}

/// How `datetime_part` reads a part.
fn reading(name: &str) -> Option<fn(i64) -> Option<i64>> {
    Some(match name {
        "year" => |at| Some(i64::from(civil(at)?.year())),
        "quarter" => |at| Some(i64::from(civil(at)?.month0() / 3 + 1)),
        "month" => |at| Some(i64::from(civil(at)?.month())),
        "week_of_year" | "weekofyear" | "week" => |at| Some(i64::from(civil(at)?.iso_week().week())),
        "day" => |at| Some(i64::from(civil(at)?.day())),
        "dayofyear" => |at| Some(i64::from(civil(at)?.ordinal())),
        "hour" => |at| Some(at % TICKS_PER_DAY / TICKS_PER_HOUR),
        "minute" => |at| Some(at % TICKS_PER_HOUR / (60 * TICKS_PER_SECOND)),
        "second" => |at| Some(at / TICKS_PER_SECOND % 60),
        "millisecond" => |at| Some(at % TICKS_PER_SECOND / 10_000),
        "microsecond" => |at| Some(at % TICKS_PER_SECOND / 10),
        "nanosecond" => |at| Some(at % TICKS_PER_SECOND * 100),
        _ => return None,
    })
}

fn make(parts: &[Value<'_>]) -> Option<i64> {
    let whole = |position: usize| match parts.get(position) {
        None => Some(0),
        Some(Value::Long(v)) => Some(*v),
        Some(Value::Real(v)) if v.is_finite() => Some(v.trunc() as i64),
        Some(_) => None,
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(whole(0)?).ok()?,
        u32::try_from(whole(1)?).ok()?,
        u32::try_from(whole(2)?).ok()?,
    )?;
    let (hour, minute) = (whole(3)?, whole(4)?);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let seconds = seconds(parts.get(5))?;
    ticks(date.and_time(NaiveTime::MIN))?.checked_add((hour * 60 + minute) * 60 * TICKS_PER_SECOND + seconds)
}

/// Seconds of a minute with their fraction, in ticks.
fn seconds(value: Option<&Value<'_>>) -> Option<i64> {
    let seconds = value.map_or(Some(0.0), Value::as_f64)?;
    (0.0..60.0).contains(&seconds).then(|| (seconds * TICKS_PER_SECOND as f64).round() as i64)
}

fn make_span(parts: &[Value<'_>]) -> Option<i64> {
    let whole = |value: &Value<'_>| match value {
        Value::Long(v) => Some(*v),
        Value::Real(v) if v.is_finite() => Some(v.trunc() as i64),
        _ => None,
    };
    let (days, hours, minutes, rest) = match parts {
        [hours, minutes] => (0, whole(hours)?, whole(minutes)?, None),
        [hours, minutes, seconds] => (0, whole(hours)?, whole(minutes)?, Some(seconds)),
        [days, hours, minutes, seconds] => (whole(days)?, whole(hours)?, whole(minutes)?, Some(seconds)),
        _ => return None,
    };
    if !(0..24).contains(&hours) || !(0..60).contains(&minutes) || !(0..=10_675_198).contains(&days) {
        return None;
    }
    Some(((days * 24 + hours) * 60 + minutes) * 60 * TICKS_PER_SECOND + seconds(rest)?)
}
