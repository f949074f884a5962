//! Points in time as exports spell them, and the order of day and month, which is decided per file.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::table::{TICKS_PER_SECOND, time};

/// Which of the two small numbers of a date comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// 5/23/2023, as portals and US systems write it.
    #[default]
    MonthFirst,
    /// 23/05/2023.
    DayFirst,
}

/// How dates are read in one file, and what was seen of them.
#[derive(Debug, Clone, Default)]
pub struct Dates {
    /// Order where a date alone does not tell.
    pub order: Order,
    /// Zone of times that the export marks as local; UTC where it is not known.
    pub zone: Option<Tz>,
    /// Dates whose first number is above 12.
    pub day_first: u64,
    /// Dates whose second number is above 12.
    pub month_first: u64,
    /// Dates that could be either.
    pub either: u64,
    /// Times marked as local.
    pub local: u64,
}

impl Dates {
    /// Adds what another part of the same file showed.
    pub fn merge(&mut self, other: &Dates) {
        self.day_first += other.day_first;
        self.month_first += other.month_first;
        self.either += other.either;
        self.local += other.local;
    }

    /// Reads any known spelling. `local` says that the export marks the column as local time.
    pub fn read(&mut self, text: &str, local: bool) -> Option<i64> {
        let text = text.trim();
        if let Some(ticks) = time::parse_iso(text) {
            let zoned = text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|t| t.contains(['+', '-']));
            return if local && !zoned { self.utc_of(time::civil(ticks)?) } else { Some(ticks) };
        }
        if let Some(ticks) = epoch(text) {
            return Some(ticks);
        }
        if let Some((body, offset)) = zoned(text) {
            return time::ticks(self.culture(body)?)?.checked_sub(offset);
        }
        let civil = self.culture(text)?;
        if local { self.utc_of(civil) } else { time::ticks(civil) }
    }

    fn utc_of(&mut self, civil: NaiveDateTime) -> Option<i64> {
        self.local += 1;
        match self.zone {
            None => time::ticks(civil),
            Some(zone) => time::ticks(zone.from_local_datetime(&civil).earliest()?.naive_utc()),
        }
    }

    /// `6/15/2026, 12:40:24.178 PM`, `16/07/2026 20:26:12.030`, `23.05.2023 13:38`, `2023/05/23 13:38:39`.
    fn culture(&mut self, text: &str) -> Option<NaiveDateTime> {
        let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
        let split = text.find([' ', ',', 'T', '\u{202f}', '\u{a0}']).unwrap_or(text.len());
        let (date, clock) = text.split_at(split);
        let separator = date.chars().find(|c| !c.is_ascii_digit())?;
        if !matches!(separator, '/' | '.' | '-') {
            return None;
        }
        let mut parts = date.split(separator);
        let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || ![a, b, c].iter().all(|p| p.len() <= 4 && p.bytes().all(|d| d.is_ascii_digit())) {
            return None;
        }
        let (first, second, third): (u32, u32, u32) = (a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
        let (year, month, day) = if a.len() == 4 {
            (first, second, third)
        } else if c.len() == 4 {
            let day_first = match (first > 12, second > 12) {
                (true, false) => {
                    self.day_first += u64::from(separator != '.');
                    true
                }
                (false, true) => {
                    self.month_first += 1;
                    false
                }
                (true, true) => return None,
                (false, false) if separator == '.' => true,
                (false, false) => {
                    self.either += u64::from(first != second);
                    self.order == Order::DayFirst
                }
            };
            if day_first { (third, second, first) } else { (third, first, second) }
        } else {
            return None;
        };
        Some(NaiveDate::from_ymd_opt(year as i32, month, day)?.and_time(clock_time(clock)?))
    }
}

/// A spelling with an offset behind it, as `1/9/2026 10:41:00 AM +01:00`: what stands before, and the offset in ticks.
fn zoned(text: &str) -> Option<(&str, i64)> {
    let (body, zone) = text.rsplit_once(' ')?;
    let (sign, zone) = zone.strip_prefix('+').map(|zone| (1, zone)).or_else(|| Some((-1, zone.strip_prefix('-')?)))?;
    let (hours, minutes) = zone.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let fits = (0..=14).contains(&hours) && (0..60).contains(&minutes);
    fits.then(|| (body, sign * (hours * 60 + minutes) * 60 * TICKS_PER_SECOND))
}

/// `, 12:40:24.178 PM` and the like; midnight where there is no time.
fn clock_time(text: &str) -> Option<NaiveTime> {
    let text = text.trim_matches(|c: char| c == ',' || c == 'T' || c == 'Z' || c.is_whitespace());
    if text.is_empty() {
        return Some(NaiveTime::MIN);
    }
    let lower = text.to_ascii_lowercase().replace('.', "\u{1}");
    let (body, half) = match () {
        () if lower.ends_with("am") => (text.get(..text.len() - 2)?, Some(0)),
        () if lower.ends_with("pm") => (text.get(..text.len() - 2)?, Some(12)),
        () if lower.ends_with("a\u{1}m\u{1}") || lower.ends_with("a\u{1} m\u{1}") => {
            (text.get(..text.len() - 4)?, Some(0))
        }
        () if lower.ends_with("p\u{1}m\u{1}") || lower.ends_with("p\u{1} m\u{1}") => {
            (text.get(..text.len() - 4)?, Some(12))
        }
        () => (text, None),
    };
    let mut parts = body.trim().splitn(3, ':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next()?.parse().ok()?;
    let (second, fraction) = parts.next().map_or(("0", ""), |s| s.split_once(['.', ',']).unwrap_or((s, "")));
    let second: u32 = second.parse().ok()?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let hour = match half {
        None => hour,
        Some(_) if hour == 0 || hour > 12 => return None,
        Some(half) => hour % 12 + half,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, digits.parse().ok()?)
}

/// `/Date(1684849119000)/`, also with escaped slashes or an offset: milliseconds since 1970, UTC.
fn epoch(text: &str) -> Option<i64> {
    let inner = text.trim_matches(['\\', '/']).strip_prefix("Date(")?.strip_suffix(')')?;
    let end = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |at| at + 1);
    let millis: i64 = inner.get(..end)?.parse().ok()?;
    time::from_unix(millis.div_euclid(1000), millis.rem_euclid(1000) * (TICKS_PER_SECOND / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let mut dates = Dates::default();
        for (text, iso) in [
            ("2023-05-23T13:38:39", "2023-05-23T13:38:39.0000000Z"),
            ("2026-01-24T06:54:24.0000000Z ", "2026-01-24T06:54:24.0000000Z"),
            ("5/23/2023 1:38:39 PM", "2023-05-23T13:38:39.0000000Z"),
            ("6/15/2026, 12:40:24.178 PM", "2026-06-15T12:40:24.1780000Z"),
            ("12/13/2024 12:34:03 AM", "2024-12-13T00:34:03.0000000Z"),
            ("16/07/2026 20:26:12.030", "2026-07-16T20:26:12.0300000Z"),
            ("02.03.2026 07:08", "2026-03-02T07:08:00.0000000Z"),
            ("\\/Date(1684849119000)\\/", "2023-05-23T13:38:39.0000000Z"),
            ("/Date(1684849119000+0200)/", "2023-05-23T13:38:39.0000000Z"),
            ("2023/05/23 13:38:39", "2023-05-23T13:38:39.0000000Z"),
            ("1/19/2026 10:41:00 AM +01:00", "2026-01-19T09:41:00.0000000Z"),
            ("19.01.2026 10:41 -05:30", "2026-01-19T16:11:00.0000000Z"),
        ] {
            assert_eq!(dates.read(text, false).map(time::iso).as_deref(), Some(iso), "{text}");
        }
        assert_eq!((dates.day_first, dates.month_first), (1, 4));
        for text in ["12:36 PM", "13/13/2023 10:00", "yesterday", "", "5/23/2023 13:00 PM"] {
            assert_eq!(dates.read(text, false), None, "{text}");
        }
    }
}
