//! Conversions between values: literals, casts, `to typeof()`.

use std::borrow::Cow;

use super::Value;
use super::lex::ticks;
use crate::table::{Decimal, MAX_TICKS, MIN_TICKS, Type, time};

/// The raw content of `type(…)`: `None` when it is no such literal.
pub fn literal(raw: &str, ty: Type) -> Option<Value<'static>> {
    let raw = raw.trim();
    if raw == "null" || raw.is_empty() {
        return Some(if ty == Type::String { Value::text("") } else { Value::Null });
    }
    match ty {
        Type::Datetime if raw == "min" => Some(Value::Datetime(MIN_TICKS)),
        Type::Datetime if raw == "max" => Some(Value::Datetime(MAX_TICKS)),
        Type::Timespan if raw == "min" => Some(Value::Timespan(i64::MIN)),
        Type::Timespan if raw == "max" => Some(Value::Timespan(i64::MAX)),
        Type::Real => real(raw).map(Value::Real),
        Type::Datetime => datetime(raw).or_else(|| loose(raw)).map(Value::Datetime),
        _ => match from_text(raw, ty) {
            Value::Null => None,
            value => Some(value),
        },
    }
}

/// The numbers of a datetime literal with any separators: `2025, 6, 14` and `1970-5-12`.
fn loose(raw: &str) -> Option<i64> {
    let plain = raw.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.' | ',' | ':' | ' ' | 'T' | 'Z'));
    let parts: Option<Vec<u32>> =
        raw.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).map(|p| p.parse().ok()).collect();
    let parts = parts.filter(|parts| plain && (3..=6).contains(&parts.len()))?;
    let at = |i: usize| parts.get(i).copied().unwrap_or(0);
    let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(at(0)).ok()?, at(1), at(2))?;
    time::ticks(date.and_hms_opt(at(3), at(4), at(5))?)
}

fn real(text: &str) -> Option<f64> {
    match text.trim().to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        other if other.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => other.parse().ok(),
        _ => None,
    }
}

/// Text to a typed value; null where it does not fit (`toint`, `todatetime`, … never fail).
pub fn from_text(text: &str, ty: Type) -> Value<'static> {
    let trimmed = text.trim();
    let value = match ty {
        Type::String => Some(Value::text(text)),
        Type::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            number => integer(number).map(|n| Value::Bool(n != 0)),
        },
        Type::Int => integer(trimmed).and_then(|v| i32::try_from(v).ok()).map(|v| Value::Long(v.into())),
        Type::Long => integer(trimmed).map(Value::Long),
        Type::Real => real(trimmed).map(Value::Real),
        Type::Decimal => Decimal::parse(trimmed).map(Value::Decimal),
        Type::Datetime => datetime(trimmed).map(Value::Datetime),
        Type::Timespan => timespan(trimmed).map(Value::Timespan),
        Type::Guid => guid(trimmed).map(|v| Value::Guid(v.into())),
        Type::Dynamic => Some(parse_json(text)),
    };
    value.unwrap_or(Value::Null)
}

/// An integer in decimal or `0x` form. Text with a fraction or an exponent is none: only a real is cut.
fn integer(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(|v| v as i64);
    }
    text.parse().ok()
}

/// A guid in lower case: 32 digits, in braces or not; the service does not mind where the dashes are.
pub fn guid(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.or_else(|| text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))).unwrap_or(text);
    let hex: String = inner.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// The dynamic that `parse_json` makes of text: invalid JSON is the text itself, as a dynamic string.
pub fn parse_json(text: &str) -> Value<'static> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Value::Null;
    }
    match serde_json::from_str::<serde_json::Value>(trimmed) {
        Ok(json) => Value::json(&json),
        Err(_) => Value::Dynamic(Cow::Owned(serde_json::Value::String(text.to_owned()).to_string())),
    }
}

/// A datetime in any spelling that `todatetime` reads
/// (<https://learn.microsoft.com/kusto/query/scalar-data-types/datetime>): ISO 8601, RFC 822 and RFC 850, US order.
pub fn datetime(text: &str) -> Option<i64> {
    let text = text.trim().trim_matches(|c| c == '"' || c == '\'');
    if let Some(ticks) = time::parse_iso(text) {
        return Some(ticks);
    }
    let text =
        text.strip_suffix("GMT").or_else(|| text.strip_suffix("UTC")).unwrap_or(text).trim().trim_end_matches('Z');
    if let Some(ticks) = time::parse_iso(text) {
        return Some(ticks);
    }
    let bytes = text.as_bytes();
    // A bare year or year and month.
    if bytes.len() == 4 && bytes.iter().all(u8::is_ascii_digit) {
        return time::parse_iso(&format!("{text}-01-01"));
    }
    if bytes.len() == 7 && bytes[4] == b'-' {
        return time::parse_iso(&format!("{text}-01"));
    }
    if let Ok(at) = chrono::DateTime::parse_from_rfc2822(&format!("{text} +0000")) {
        return time::ticks(at.naive_utc());
    }
    // A year of two digits stands in no form with a long year: nothing is guessed.
    let long_year = text.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
    let fits = |form: &&&str| long_year || !form.contains("%Y");
    const FORMS: &[&str] = &[
        "%m/%d/%Y %I:%M:%S%.f %p",
        "%m/%d/%Y, %I:%M:%S%.f %p",
        "%m/%d/%Y %I:%M %p",
        "%m/%d/%Y %H:%M:%S%.f",
        "%m/%d/%Y %H:%M",
        "%m-%d-%Y %H:%M:%S%.f",
        "%m.%d.%Y %H:%M:%S%.f",
        "%Y/%m/%d %H:%M:%S%.f",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
        "%d-%b-%y %H:%M:%S",
        "%d-%b-%y %H:%M",
        "%Y%m%d %H:%M:%S",
        "%Y%m%dT%H%M%S",
        "%d %b %y %H:%M:%S",
        "%d %b %Y %H:%M:%S",
        "%d %b %Y %H:%M",
        "%d %b %y %H:%M",
        "%A, %d-%b-%y %H:%M:%S",
        "%A, %d-%b-%y %H:%M",
        "%d-%b-%y %H:%M:%S",
        "%d-%b-%y %H:%M",
        "%a, %d %b %y %H:%M:%S",
        "%a, %d %b %y %H:%M",
        "%a, %d %b %Y %H:%M",
        "%b %d %Y %H:%M:%S",
        // Digits missing from the ISO form: `2026-5-4 8:15`.
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ];
    for form in FORMS.iter().filter(fits) {
        if let Ok(at) = chrono::NaiveDateTime::parse_from_str(text, form) {
            return time::ticks(at);
        }
    }
    const DATES: [&str; 11] = [
        "%Y-%m-%d",
        "%Y, %m, %d",
        "%d-%b-%y",
        "%m/%d/%Y",
        "%m-%d-%Y",
        "%m.%d.%Y",
        "%Y/%m/%d",
        "%Y%m%d",
        "%d %b %Y",
        "%b %d, %Y",
        "%B %d, %Y",
    ];
    DATES.iter().filter(fits).find_map(|form| {
        let date = chrono::NaiveDate::parse_from_str(text, form).ok()?;
        time::ticks(date.and_time(chrono::NaiveTime::MIN))
    })
}

/// A timespan: `1d`, `15 seconds`, a number of days, or `[-][d.]hh:mm[:ss[.fffffff]]`.
pub fn timespan(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, body) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest.trim()));
    let sign = if negative { -1 } else { 1 };
    if !body.contains(':') {
        let digits = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
        let (number, unit) = body.split_at(digits);
        return ticks(number, if unit.trim().is_empty() { "d" } else { unit.trim() })
            .filter(|ticks| *ticks < i64::MAX)
            .map(|ticks| ticks * sign);
    }
    let mut parts: Vec<&str> = body.split(':').collect();
    let (days, hours) = match parts.first()?.split_once('.') {
        Some((days, hours)) => (days.parse::<i64>().ok()?, hours),
        None if parts.len() == 4 => {
            let days = parts.remove(0).parse::<i64>().ok()?;
            (days, *parts.first()?)
        }
        None => (0, *parts.first()?),
    };
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = parts.get(1)?.parse().ok()?;
    let (seconds, fraction) = match parts.get(2) {
        None => (0, 0),
        Some(part) => {
            let (whole, rest) = part.split_once('.').unwrap_or((part, ""));
            let digits: String = rest.chars().chain(std::iter::repeat('0')).take(7).collect();
            (whole.parse::<i64>().ok()?, digits.parse::<i64>().ok()?)
        }
    };
    if parts.len() > 3 || minutes > 59 || seconds > 59 || hours > 23 {
        return None;
    }
    let total = ((days.checked_mul(24)? + hours) * 60 + minutes) * 60 + seconds;
    Some(sign * (total.checked_mul(10_000_000)? + fraction))
}

/// A value as another type, as the `to…()` functions convert: null where it does not fit.
pub fn cast<'a>(value: &Value<'a>, ty: Type) -> Value<'a> {
    if ty == Type::String {
        return match value {
            Value::String(text) => Value::String(text.clone()),
            other => Value::text(other.to_text()),
        };
    }
    match (value, ty) {
        (Value::Null, _) => Value::Null,
        (Value::Dynamic(_), Type::Dynamic) => value.clone(),
        (Value::Dynamic(json), _) => match serde_json::from_str::<serde_json::Value>(json) {
            Ok(serde_json::Value::String(text)) => from_text(&text, ty),
            Ok(serde_json::Value::Number(number)) => match number.as_i64() {
                Some(integer) => cast(&Value::Long(integer), ty),
                None if ty == Type::Decimal => from_text(&number.to_string(), ty),
                None => number.as_f64().map_or(Value::Null, |real| cast(&Value::Real(real), ty)),
            },
            Ok(serde_json::Value::Bool(b)) => cast(&Value::Bool(b), ty),
            _ => Value::Null,
        },
        (Value::String(text), _) => from_text(text, ty),
        (value, Type::Dynamic) => Value::json(&value.to_json()),
        (Value::Bool(b), Type::Int | Type::Long) => Value::Long(i64::from(*b)),
        (Value::Bool(b), Type::Real) => Value::Real(f64::from(u8::from(*b))),
        (Value::Bool(b), Type::Decimal) => Value::Decimal(i64::from(*b).into()),
        (Value::Bool(_), Type::Bool) => value.clone(),
        (Value::Long(v), Type::Bool) => Value::Bool(*v != 0),
        // The service keeps the lower 32 bits.
        (Value::Long(v), Type::Int) => Value::Long(i64::from(*v as i32)),
        (Value::Long(_), Type::Long) => value.clone(),
        (Value::Long(v), Type::Real) => Value::Real(*v as f64),
        (Value::Long(_) | Value::Real(_) | Value::Decimal(_), Type::Decimal) => {
            value.as_decimal().map_or(Value::Null, Value::Decimal)
        }
        (Value::Decimal(v), Type::Bool) => Value::Bool(!v.is_zero()),
        (Value::Decimal(v), Type::Long) => v.to_i64().map_or(Value::Null, Value::Long),
        (Value::Decimal(v), Type::Int) => cast(&v.to_i64().map_or(Value::Null, Value::Long), Type::Int),
        (Value::Decimal(v), Type::Real) => Value::Real(v.to_f64()),
        (Value::Long(v), Type::Datetime) if (MIN_TICKS..=MAX_TICKS).contains(v) => Value::Datetime(*v),
        (Value::Long(v), Type::Timespan) => Value::Timespan(*v),
        (Value::Real(v), Type::Bool) => Value::Bool(*v != 0.0),
        (Value::Real(v), Type::Int) if v.is_finite() => Value::Long(i64::from(*v as i32)),
        (Value::Real(v), Type::Long) if v.is_finite() => Value::Long(*v as i64),
        (Value::Real(_), Type::Real) => value.clone(),
        (Value::Datetime(v), Type::Long) => Value::Long(*v),
        (Value::Datetime(v) | Value::Timespan(v), Type::Int) => cast(&Value::Long(*v), Type::Int),
        (Value::Datetime(_), Type::Datetime) => value.clone(),
        (Value::Timespan(v), Type::Long) => Value::Long(*v),
        (Value::Datetime(v) | Value::Timespan(v), Type::Real) => Value::Real(*v as f64),
        (Value::Datetime(v) | Value::Timespan(v), Type::Decimal) => Value::Decimal((*v).into()),
        (Value::Timespan(_), Type::Timespan) => value.clone(),
        (Value::Guid(_), Type::Guid) => value.clone(),
        _ => Value::Null,
    }
}
