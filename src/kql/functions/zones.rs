//! Unix times and time zones.

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde_json::Value as Json;

use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::time::{civil, ticks};
use crate::table::{MAX_TICKS, MIN_TICKS, TICKS_PER_SECOND, Type, UNIX_EPOCH_TICKS};

/// A count of units since 1970; `per_second` of them are a second.
const fn unix(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: for<'a> fn(&[Value<'a>]) -> Value<'a>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Number],
        gives: Gives::Type(Type::Datetime),
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    unix(
        &["unixtime_seconds_todatetime"],
        "unixtime_seconds_todatetime(seconds)",
        "The datetime so many seconds after 1970-01-01.",
        |values| since_epoch(values, 1),
        &[
            ("unixtime_seconds_todatetime(1546300800)", "2019-01-01T00:00:00.0000000Z"),
            ("unixtime_seconds_todatetime(1.5)", "1970-01-01T00:00:01.5000000Z"),
        ],
    ),
    unix(
        &["unixtime_milliseconds_todatetime"],
        "unixtime_milliseconds_todatetime(milliseconds)",
        "The datetime so many milliseconds after 1970-01-01.",
        |values| since_epoch(values, 1_000),
        &[("unixtime_milliseconds_todatetime(1546300800123)", "2019-01-01T00:00:00.1230000Z")],
    ),
    unix(
        &["unixtime_microseconds_todatetime"],
        "unixtime_microseconds_todatetime(microseconds)",
        "The datetime so many microseconds after 1970-01-01.",
        |values| since_epoch(values, 1_000_000),
        &[("unixtime_microseconds_todatetime(1546300800000007)", "2019-01-01T00:00:00.0000070Z")],
    ),
    unix(
        &["unixtime_nanoseconds_todatetime"],
        "unixtime_nanoseconds_todatetime(nanoseconds)",
        "The datetime so many nanoseconds after 1970-01-01.",
        |values| since_epoch(values, 1_000_000_000),
        &[("unixtime_nanoseconds_todatetime(1546300800000000700)", "2019-01-01T00:00:00.0000007Z")],
    ),
    Function {
        names: &["datetime_utc_to_local"],
        usage: "datetime_utc_to_local(date, timezone)",
        summary: "The wall clock of the time zone at this time; null for an unknown zone.",
        takes: &[Accepts::Datetime, Accepts::Text],
        gives: Gives::Type(Type::Datetime),
        body: Body::Values(|values| {
            let [Value::Datetime(at), zone] = values else { return Value::Null };
            to_local(*at, &zone.to_text()).map_or(Value::Null, Value::Datetime)
        }),
        examples: &[(
            "datetime_utc_to_local(datetime(2020-07-01 12:00), 'Europe/Paris')",
            "2020-07-01T14:00:00.0000000Z",
        )],
        ..Function::NEW
    },
    Function {
        names: &["datetime_local_to_utc"],
        usage: "datetime_local_to_utc(date, timezone)",
        summary: "The time at which the zone's wall clock shows this; null for an unknown zone.",
        takes: &[Accepts::Datetime, Accepts::Text],
        gives: Gives::Type(Type::Datetime),
        body: Body::Values(|values| {
            let [Value::Datetime(at), zone] = values else { return Value::Null };
            to_utc(*at, &zone.to_text()).map_or(Value::Null, Value::Datetime)
        }),
        examples: &[
            ("datetime_local_to_utc(datetime(2020-02-02 20:02:20), 'US/Pacific')", "2020-02-03T04:02:20.0000000Z"),
            ("datetime_local_to_utc(datetime(2022-03-27 02:00), 'Europe/Brussels')", "2022-03-27T00:00:00.0000000Z"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["datetime_list_timezones"],
        usage: "datetime_list_timezones()",
        summary: "The names of all time zones.",
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|_| {
            let mut names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            names.sort_unstable();
            Value::json(&Json::from(names))
        }),
        examples: &[("set_has_element(datetime_list_timezones(), 'Europe/Paris')", "true")],
        ..Function::NEW
    },
];

fn since_epoch(values: &[Value<'_>], per_second: i64) -> Value<'static> {
    let after = match values.first() {
        Some(Value::Long(count)) => {
            let ticks = i128::from(*count) * i128::from(TICKS_PER_SECOND);
            i64::try_from(ticks.div_euclid(i128::from(per_second))).ok()
        }
        Some(Value::Real(count)) if count.is_finite() => {
            Some((count * (TICKS_PER_SECOND as f64 / per_second as f64)).round() as i64)
        }
        _ => None,
    };
    let at = after.and_then(|after| after.checked_add(UNIX_EPOCH_TICKS));
    at.filter(|at| (MIN_TICKS..=MAX_TICKS).contains(at)).map_or(Value::Null, Value::Datetime)
}

fn to_local(at: i64, zone: &str) -> Option<i64> {
    let zone: Tz = zone.parse().ok()?;
    ticks(zone.from_utc_datetime(&civil(at)?).naive_local())
}

/// A time that the clock skips counts as if the later offset were in force already (the function's page); of a time
/// that it shows twice this is the second.
fn to_utc(at: i64, zone: &str) -> Option<i64> {
    let zone: Tz = zone.parse().ok()?;
    let local = civil(at)?;
    if let Some(found) = zone.from_local_datetime(&local).latest() {
        return ticks(found.naive_utc());
    }
    let later = zone.from_local_datetime(&local.checked_add_signed(chrono::TimeDelta::hours(3))?).earliest()?;
    at.checked_sub(i64::from(later.offset().fix().local_minus_utc()) * TICKS_PER_SECOND).filter(|at| *at >= MIN_TICKS)
}
