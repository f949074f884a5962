//! Ticks and the calendar: 100 ns since 0001-01-01 UTC, in the proleptic Gregorian calendar.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::types::{MAX_TICKS, MIN_TICKS, TICKS_PER_SECOND, UNIX_EPOCH_TICKS};

/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 864_000_000_000;

/// Ticks as a calendar date and time; `None` outside the years 1 to 9999.
pub fn civil(ticks: i64) -> Option<NaiveDateTime> {
    if !(MIN_TICKS..=MAX_TICKS).contains(&ticks) {
        return None;
    }
    let day = NaiveDate::from_num_days_from_ce_opt(i32::try_from(ticks / TICKS_PER_DAY).ok()? + 1)?;
    let rest = ticks % TICKS_PER_DAY;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(
        (rest / TICKS_PER_SECOND) as u32,
        (rest % TICKS_PER_SECOND) as u32 * 100,
    )?;
    Some(NaiveDateTime::new(day, time))
}

/// A calendar date and time as ticks; `None` outside the years 1 to 9999.
pub fn ticks(civil: NaiveDateTime) -> Option<i64> {
    // The calendar reaches further than the numbers do.
    if !(1..=9999).contains(&civil.year()) {
        return None;
    }
    let days = i64::from(civil.date().num_days_from_ce()) - 1;
    let seconds = i64::from(civil.time().num_seconds_from_midnight());
    let ticks = days * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + i64::from(civil.time().nanosecond() / 100);
    (MIN_TICKS..=MAX_TICKS).contains(&ticks).then_some(ticks)
}

/// Ticks from seconds since 1970 and a fraction in ticks.
pub fn from_unix(seconds: i64, fraction: i64) -> Option<i64> {
    let ticks = seconds.checked_mul(TICKS_PER_SECOND)?.checked_add(UNIX_EPOCH_TICKS)?.checked_add(fraction)?;
    (MIN_TICKS..=MAX_TICKS).contains(&ticks).then_some(ticks)
}

/// Microseconds since 1970.
pub fn unix_micros(ticks: i64) -> i64 {
    (ticks - UNIX_EPOCH_TICKS).div_euclid(10)
}

/// ISO 8601 as Kusto writes it: seven fractional digits and `Z`.
///
/// ```
/// use entrail::table::time;
/// let noon = time::parse_iso("2026-05-04T12:00:00.5Z").expect("a time");
/// assert_eq!(time::iso(noon), "2026-05-04T12:00:00.5000000Z");
/// ```
pub fn iso(ticks: i64) -> String {
    let Some(at) = civil(ticks) else { return String::new() };
    format!("{}.{:07}Z", at.format("%Y-%m-%dT%H:%M:%S"), ticks % TICKS_PER_SECOND)
}

/// ISO 8601 without needless fraction, for people.
pub fn short(ticks: i64) -> String {
    civil(ticks).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

/// Reads ISO 8601: a date, or date and time split by `T` or a space, up to nine fractional digits (cut to
/// seven), and `Z`, an offset or nothing (read as UTC).
pub fn parse_iso(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |sum, b| sum * 10 + i64::from(b - b'0')))
    };
    if bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(digits(0, 4)? as i32, digits(5, 7)? as u32, digits(8, 10)? as u32)?;
    let midnight = ticks(date.and_time(NaiveTime::MIN))?;
    if bytes.len() == 10 {
        return Some(midnight);
    }
    if !matches!(bytes.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let hour = digits(11, 13)?;
    let minute = if bytes.get(13) == Some(&b':') { digits(14, 16)? } else { return None };
    let mut at = 16;
    let mut second = 0;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b':') {
        second = digits(17, 19)?;
        at = 19;
        if bytes.get(at) == Some(&b'.') {
            let length = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 {
                return None;
            }
            let kept = length.min(7);
            fraction = digits(at + 1, at + 1 + kept)? * 10_i64.pow(7 - kept as u32);
            at += 1 + length;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = text.get(at..)?.trim();
    let offset = match rest.as_bytes() {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, tail @ ..] => {
            let two = |a: u8, b: u8| {
                (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
            };
            let minutes = match tail {
                [] => 0,
                [b':', a, b] | [a, b] => two(*a, *b)?,
                _ => return None,
            };
            let offset = two(*h1, *h2)? * 60 + minutes;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let ticks = midnight + ((hour * 60 + minute - offset) * 60 + second) * TICKS_PER_SECOND + fraction;
    (MIN_TICKS..=MAX_TICKS).contains(&ticks).then_some(ticks)
}

/// A timespan as Kusto writes it: `[-][d.]hh:mm:ss[.fffffff]`.
///
/// ```
/// use entrail::table::time::span;
/// assert_eq!(span(-432_000_000_000), "-12:00:00");
/// assert_eq!(span(864_000_000_001), "1.00:00:00.0000001");
/// ```
pub fn span(ticks: i64) -> String {
    let sign = if ticks < 0 { "-" } else { "" };
    let whole = ticks.unsigned_abs();
    let (seconds, fraction) = (whole / 10_000_000, whole % 10_000_000);
    let days = seconds / 86_400;
    let days = if days > 0 { format!("{days}.") } else { String::new() };
    let fraction = if fraction > 0 { format!(".{fraction:07}") } else { String::new() };
    format!("{sign}{days}{:02}:{:02}:{:02}{fraction}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_without_ticks_have_none() {
        let day = |year| NaiveDate::from_ymd_opt(year, 9, 30).map(|date| date.and_time(NaiveTime::MIN));
        assert_eq!([0, -1, 10_000, 201_717, 262_142].map(|year| day(year).and_then(ticks)), [None; 5]);
        assert!([1, 1970, 9999].iter().all(|year| day(*year).and_then(ticks).is_some()));
    }
}
