//! Calendar: starts and ends of periods, differences and sums in them, and the parts of a datetime.
//!
//! Days begin at tick 0, a Monday (0001-01-01); weeks begin on Sunday. What depends on no month is integer arithmetic
//! on the column.

use std::sync::Arc;

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use polars::prelude::{ClosedInterval, Expr as Plan, NULL, lit, when};

use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::table::time::{TICKS_PER_DAY, civil, ticks};
use crate::table::{MAX_TICKS, MIN_TICKS, TICKS_PER_SECOND, Type};

const TICKS_PER_HOUR: i64 = 3600 * TICKS_PER_SECOND;
const TICKS_PER_WEEK: i64 = 7 * TICKS_PER_DAY;

/// A period of the calendar, as `datetime_diff` and `datetime_add` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    /// Years, quarters or months: so many months.
    Months(i64),
    /// A length in ticks and where its count begins: weeks at the Sunday before tick 0.
    Ticks(i64, i64),
    Nanosecond,
}

impl Period {
    fn parse(name: &str) -> Option<Period> {
        Some(match name.to_ascii_lowercase().as_str() {
            "year" => Period::Months(12),
            "quarter" => Period::Months(3),
            "month" => Period::Months(1),
            "week" => Period::Ticks(TICKS_PER_WEEK, TICKS_PER_DAY),
            "day" => Period::Ticks(TICKS_PER_DAY, 0),
            "hour" => Period::Ticks(TICKS_PER_HOUR, 0),
            "minute" => Period::Ticks(60 * TICKS_PER_SECOND, 0),
            "second" => Period::Ticks(TICKS_PER_SECOND, 0),
            "millisecond" => Period::Ticks(10_000, 0),
            "microsecond" => Period::Ticks(10, 0),
            "nanosecond" => Period::Nanosecond,
            _ => return None,
        })
    }
}

/// `startof…` and `endof…`: one entry for each.
const fn edge(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    naming: super::Naming,
    body: fn(&Call<'_, '_>) -> Compiled<Scalar>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Datetime, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Datetime),
        naming,
        body: Body::Scalar(body),
        examples,
        ..Function::NEW
    }
}

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
    edge(
        &["startofday"],
        "startofday(date [, offset])",
        "The first instant of the day, moved by `offset` days.",
        super::Naming::First,
        |call| span_edge(call, TICKS_PER_DAY, 0, false),
        &[("startofday(datetime(2017-01-01 10:10:17), -1)", "2016-12-31T00:00:00.0000000Z")],
    ),
    edge(
        &["startofweek"],
        "startofweek(date [, offset])",
        "The first instant of the week, a Sunday, moved by `offset` weeks.",
        super::Naming::None,
        |call| span_edge(call, TICKS_PER_WEEK, TICKS_PER_DAY, false),
        &[("startofweek(datetime(2017-01-02), 1)", "2017-01-08T00:00:00.0000000Z")],
    ),
    edge(
        &["startofmonth"],
        "startofmonth(date [, offset])",
        "The first instant of the month, moved by `offset` months.",
        super::Naming::None,
        |call| month_edge(call, 1, false),
        &[("startofmonth(datetime(2017-01-15), -1)", "2016-12-01T00:00:00.0000000Z")],
    ),
    edge(
        &["startofyear"],
        "startofyear(date [, offset])",
        "The first instant of the year, moved by `offset` years.",
        super::Naming::None,
        |call| month_edge(call, 12, false),
        &[("startofyear(datetime(2017-05-15))", "2017-01-01T00:00:00.0000000Z")],
    ),
    edge(
        &["endofday"],
        "endofday(date [, offset])",
        "The last instant of the day, moved by `offset` days.",
        super::Naming::None,
        |call| span_edge(call, TICKS_PER_DAY, 0, true),
        &[("endofday(datetime(2017-01-01 10:10:17))", "2017-01-01T23:59:59.9999999Z")],
    ),
    edge(
        &["endofweek"],
        "endofweek(date [, offset])",
        "The last instant of the week, which ends with Saturday, moved by `offset` weeks.",
        super::Naming::None,
        |call| span_edge(call, TICKS_PER_WEEK, TICKS_PER_DAY, true),
        &[("endofweek(datetime(2017-01-02))", "2017-01-07T23:59:59.9999999Z")],
    ),
    edge(
        &["endofmonth"],
        "endofmonth(date [, offset])",
        "The last instant of the month, moved by `offset` months.",
        super::Naming::None,
        |call| month_edge(call, 1, true),
        &[("endofmonth(datetime(2016-02-10))", "2016-02-29T23:59:59.9999999Z")],
    ),
    edge(
        &["endofyear"],
        "endofyear(date [, offset])",
        "The last instant of the year, moved by `offset` years.",
        super::Naming::None,
        |call| month_edge(call, 12, true),
        &[("endofyear(datetime(2017-05-15), -1)", "2016-12-31T23:59:59.9999999Z")],
    ),
    Function {
        names: &["datetime_diff"],
        usage: "datetime_diff(period, first, second)",
        summary: "How many borders of the period lie between the second datetime and the first.",
        takes: &[Accepts::Text, Accepts::Datetime, Accepts::Datetime],
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(difference),
        examples: &[
            ("datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31))", "17"),
            ("datetime_diff('hour', datetime(2017-10-31 01:00), datetime(2017-10-30 23:59))", "2"),
            ("datetime_diff('day', datetime(2017-10-29 23:00), datetime(2017-10-30 00:05))", "-1"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["datetime_add"],
        usage: "datetime_add(period, amount, date)",
        summary: "The datetime so many periods later; a day that the month does not have is its last.",
        takes: &[Accepts::Text, Accepts::Long, Accepts::Datetime],
        gives: Gives::Type(Type::Datetime),
        body: Body::Prepared(|call| {
            let period = period(call)?;
            Ok(Arc::new(move |values| match values {
                [_, Value::Long(amount), Value::Datetime(at)] => {
                    add(period, *amount, *at).map_or(Value::Null, Value::Datetime)
                }
                _ => Value::Null,
            }))
        }),
        examples: &[
            ("datetime_add('month', 1, datetime(2017-01-31))", "2017-02-28T00:00:00.0000000Z"),
            ("datetime_add('hour', -1, datetime(2017-01-01))", "2016-12-31T23:00:00.0000000Z"),
        ],
        ..Function::NEW
    },
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

/// An argument as a datetime.
fn time(call: &Call<'_, '_>, position: usize) -> Scalar {
    call.argument(position).map_or_else(|| Scalar::null(Type::Datetime), |value| convert(value.clone(), Type::Datetime))
}

/// A datetime where it lies within the years 1 to 9999, else null.
fn bounded(expr: Plan) -> Plan {
    let valid = expr.clone().is_between(lit(MIN_TICKS), lit(MAX_TICKS), ClosedInterval::Both);
    when(valid).then(expr).otherwise(lit(NULL))
}

/// Start or end of a period of fixed length.
fn span_edge(call: &Call<'_, '_>, length: i64, origin: i64, end: bool) -> Compiled<Scalar> {
    let periods = (time(call, 0).expr + lit(origin)).floor_div(lit(length));
    let periods = match call.argument(1) {
        Some(offset) => periods + convert(offset.clone(), Type::Long).expr,
        None => periods,
    };
    let periods = if end { periods + lit(1_i64) } else { periods };
    call.folded(bounded(periods * lit(length) - lit(origin + i64::from(end))), Type::Datetime)
}

/// Start or end of a period of whole months.
fn month_edge(call: &Call<'_, '_>, length: i64, end: bool) -> Compiled<Scalar> {
    let kernel = Arc::new(move |values: &[Value<'_>]| {
        let Some(Value::Datetime(at)) = values.first() else { return Value::Null };
        let offset = match values.get(1) {
            None => 0,
            Some(Value::Long(offset)) => *offset,
            Some(_) => return Value::Null,
        };
        let start = || {
            let month = months(*at)?.div_euclid(length).checked_add(offset)?.checked_add(i64::from(end))?;
            month.checked_mul(length)
        };
        let edge = start().and_then(|month| {
            // The year behind the last is no date, but its first instant ends the last.
            if end && month == 9999 * 12 { Some(MAX_TICKS) } else { Some(month_start(month)? - i64::from(end)) }
        });
        edge.filter(|at| *at >= MIN_TICKS).map_or(Value::Null, Value::Datetime)
    });
    Ok(apply(kernel, &call.arguments, &[Accepts::Datetime, Accepts::Long], Type::Datetime))
}

/// Months since January of year 1.
fn months(at: i64) -> Option<i64> {
    civil(at).map(|at| (i64::from(at.year()) - 1) * 12 + i64::from(at.month0()))
}

/// First instant of a month counted from January of year 1.
fn month_start(month: i64) -> Option<i64> {
    let year = i32::try_from(month.div_euclid(12) + 1).ok()?;
    let date = NaiveDate::from_ymd_opt(year, month.rem_euclid(12) as u32 + 1, 1)?;
    ticks(date.and_time(NaiveTime::MIN))
}

fn period(call: &Call<'_, '_>) -> Compiled<Period> {
    let name = call.constant(0, "period")?.to_text();
    Period::parse(&name).ok_or_else(|| {
        let problem = call.error(0, format!("`{name}` is no period"));
        problem
            .help("use year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or nanosecond")
    })
}

fn difference(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let (a, b) = (time(call, 1), time(call, 2));
    match period(call)? {
        Period::Ticks(length, origin) => {
            let count = |side: Scalar| (side.expr + lit(origin)).floor_div(lit(length));
            call.folded(count(a) - count(b), Type::Long)
        }
        Period::Nanosecond => {
            // Beyond 292 years the count exceeds a long.
            let kernel = Arc::new(|values: &[Value<'_>]| match values {
                [Value::Datetime(a), Value::Datetime(b)] => (a - b).checked_mul(100).map_or(Value::Null, Value::Long),
                _ => Value::Null,
            });
            Ok(apply(kernel, &[a, b], &[Accepts::Datetime], Type::Long))
        }
        Period::Months(length) => {
            let kernel = Arc::new(move |values: &[Value<'_>]| match values {
                [Value::Datetime(a), Value::Datetime(b)] => match (months(*a), months(*b)) {
                    (Some(a), Some(b)) => Value::Long(a.div_euclid(length) - b.div_euclid(length)),
                    _ => Value::Null,
                },
                _ => Value::Null,
            });
            Ok(apply(kernel, &[a, b], &[Accepts::Datetime], Type::Long))
        }
    }
}

fn add(period: Period, amount: i64, at: i64) -> Option<i64> {
    let moved = match period {
        Period::Ticks(length, _) => at.checked_add(amount.checked_mul(length)?)?,
        Period::Nanosecond => at.checked_add(amount / 100)?,
        Period::Months(length) => {
            let count = Months::new(u32::try_from(amount.checked_mul(length)?.unsigned_abs()).ok()?);
            let from = civil(at)?;
            let to = if amount < 0 { from.checked_sub_months(count) } else { from.checked_add_months(count) };
            ticks(to?)?
        }
    };
    (MIN_TICKS..=MAX_TICKS).contains(&moved).then_some(moved)
}

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
