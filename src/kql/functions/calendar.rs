//! Periods of the calendar: their starts and ends, differences and sums in them.
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

pub(super) const TICKS_PER_HOUR: i64 = 3600 * TICKS_PER_SECOND;
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
];

/// An argument as a datetime.
pub(super) fn time(call: &Call<'_, '_>, position: usize) -> Scalar {
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
