//! Durations as rule files write them: `1d`, `5m`, `PT1H`, `P14D`, `1.00:00:00`.

use crate::table::TICKS_PER_SECOND;

/// A duration in ticks; `None` if it is not written in a known way or is not positive.
///
/// ```
/// use entrail::rules::duration;
/// assert_eq!(duration("PT1H"), duration("60m"));
/// assert_eq!(duration("P14D"), duration("14d"));
/// assert_eq!(duration("soon"), None);
/// ```
pub fn duration(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let ticks = match text.strip_prefix('P') {
        Some(rest) => iso(rest)?,
        None if text.contains(':') => clock(&text)?,
        None => short(&text)?,
    };
    (ticks > 0).then_some(ticks)
}

/// What follows the `P` of ISO 8601: weeks, days, then `T` and hours, minutes, seconds. Months and years have no
/// fixed length and are refused.
fn iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let seconds = fields(date, &[('W', 604_800), ('D', 86_400)])?
        .checked_add(fields(time, &[('H', 3600), ('M', 60), ('S', 1)])?)?;
    seconds.checked_mul(TICKS_PER_SECOND)
}

/// Numbers, each followed by one of the units; the sum in seconds.
fn fields(text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut total = 0_i64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
        } else {
            let (_, seconds) = units.iter().find(|(unit, _)| *unit == c)?;
            total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
            number.clear();
        }
    }
    number.is_empty().then_some(total)
}

/// A number and one unit, as in KQL.
fn short(text: &str) -> Option<i64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "D" | "DAY" | "DAYS" => 86_400,
        "H" | "HOUR" | "HOURS" => 3600,
        "M" | "MIN" | "MINUTE" | "MINUTES" => 60,
        "S" | "SECOND" | "SECONDS" => 1,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)?.checked_mul(TICKS_PER_SECOND)
}

/// `[d.]hh:mm[:ss]`
fn clock(text: &str) -> Option<i64> {
    let (days, rest) = text.split_once('.').unwrap_or(("0", text));
    let mut seconds = days.parse::<i64>().ok()?.checked_mul(86_400)?;
    for (part, unit) in rest.split(':').zip([3600, 60, 1]) {
        seconds = seconds.checked_add(part.parse::<i64>().ok()?.checked_mul(unit)?)?;
    }
    seconds.checked_mul(TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn every_published_spelling() {
        let hour = 3600 * 10_000_000_i64;
        for (text, hours) in [("1h", 1), ("PT60M", 1), ("1d", 24), ("P1D", 24), ("P1DT2H", 26), ("P2W", 336)] {
            assert_eq!(duration(text), Some(hours * hour), "{text}");
        }
        assert_eq!(duration("1.02:30:00"), Some(26 * hour + hour / 2));
        assert_eq!(duration("0d"), None);
        assert_eq!(duration("P1M"), None);
        assert_eq!(duration("99999999999999999999d"), None);
        assert_eq!(duration("PT"), None);
    }
}
