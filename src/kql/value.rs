//! One KQL value, outside of columns.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::table::{Decimal, Type, time};

/// A scalar value. Text is borrowed where it comes from a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Null of any type but string.
    Null,
    /// bool.
    Bool(bool),
    /// int or long.
    Long(i64),
    /// real.
    Real(f64),
    /// decimal.
    Decimal(Decimal),
    /// string.
    String(Cow<'a, str>),
    /// datetime in ticks.
    Datetime(i64),
    /// timespan in ticks.
    Timespan(i64),
    /// guid, in lower case.
    Guid(Cow<'a, str>),
    /// dynamic as JSON text.
    Dynamic(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// A string value that owns its text.
    pub fn text(text: impl Into<String>) -> Value<'static> {
        Value::String(Cow::Owned(text.into()))
    }

    /// A dynamic value from a tree; JSON null is null.
    pub fn json(json: &Json) -> Value<'static> {
        match json {
            Json::Null => Value::Null,
            other => Value::Dynamic(Cow::Owned(other.to_string())),
        }
    }

    /// Whether it is null. The empty string is not.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The same value with text of its own.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(v) => Value::Bool(v),
            Value::Long(v) => Value::Long(v),
            Value::Real(v) => Value::Real(v),
            Value::Decimal(v) => Value::Decimal(v),
            Value::Datetime(v) => Value::Datetime(v),
            Value::Timespan(v) => Value::Timespan(v),
            Value::String(v) => Value::String(Cow::Owned(v.into_owned())),
            Value::Guid(v) => Value::Guid(Cow::Owned(v.into_owned())),
            Value::Dynamic(v) => Value::Dynamic(Cow::Owned(v.into_owned())),
        }
    }

    /// What `tostring()` gives: null is the empty string, `True`, a real keeps its point, a dynamic string loses its
    /// quotes.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Value::Null => Cow::Borrowed(""),
            Value::Bool(true) => Cow::Borrowed("True"),
            Value::Bool(false) => Cow::Borrowed("False"),
            Value::Long(v) => Cow::Owned(v.to_string()),
            Value::Real(v) if v.is_infinite() => Cow::Borrowed(if *v > 0.0 { "inf" } else { "-inf" }),
            Value::Real(v) => {
                let text = real(*v);
                let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                Cow::Owned(if whole { text + ".0" } else { text })
            }
            Value::Decimal(v) => Cow::Owned(v.to_string()),
            Value::String(v) | Value::Guid(v) => Cow::Borrowed(v),
            Value::Datetime(v) => Cow::Owned(time::iso(*v)),
            Value::Timespan(v) => Cow::Owned(time::span(*v)),
            Value::Dynamic(v) => undress(v),
        }
    }

    /// The value as tables show it: as `tostring()` writes it, but `true`, and a whole real without a point.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Real(v) => Cow::Owned(real(*v)),
            other => other.to_text(),
        }
    }

    /// The value as a JSON tree: what a bag or array holds, and what JSON output shows.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(v) => Json::Bool(*v),
            Value::Long(v) => Json::from(*v),
            Value::Real(v) => serde_json::Number::from_f64(*v).map_or_else(|| Json::String(real(*v)), Json::Number),
            // A JSON number where a real is the same number, text where it would be cut.
            Value::Decimal(v) => match (self.as_i64(), Value::Real(v.to_f64())) {
                (Some(whole), _) => Json::from(whole),
                (None, real) if real.as_decimal() == Some(*v) => real.to_json(),
                _ => Json::String(v.to_string()),
            },
            Value::String(v) | Value::Guid(v) => Json::String(v.to_string()),
            Value::Datetime(v) => Json::String(time::iso(*v)),
            Value::Timespan(v) => Json::String(time::span(*v)),
            Value::Dynamic(v) => serde_json::from_str(v).unwrap_or_else(|_| Json::String(v.to_string())),
        }
    }

    /// The number of an int, long, real or decimal.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Long(v) => Some(*v as f64),
            Value::Real(v) => Some(*v),
            Value::Decimal(v) => Some(v.to_f64()),
            _ => None,
        }
    }

    /// The integer of an int or long, or of a real or decimal without fraction.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Long(v) => Some(*v),
            Value::Real(v) if v.fract() == 0.0 && v.abs() < 9e18 => Some(*v as i64),
            Value::Decimal(v) if v.ceiling() == Some(*v) => v.to_i64(),
            _ => None,
        }
    }

    /// The decimal of an int, long, real or decimal; none for what a decimal cannot hold.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Long(v) => Some(Decimal::from(*v)),
            Value::Real(v) => Decimal::from_f64(*v),
            Value::Decimal(v) => Some(*v),
            _ => None,
        }
    }

    /// The type that a literal of this value has; null is dynamic.
    pub fn ty(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Long(_) => Type::Long,
            Value::Real(_) => Type::Real,
            Value::Decimal(_) => Type::Decimal,
            Value::String(_) => Type::String,
            Value::Datetime(_) => Type::Datetime,
            Value::Timespan(_) => Type::Timespan,
            Value::Guid(_) => Type::Guid,
            Value::Null | Value::Dynamic(_) => Type::Dynamic,
        }
    }
}

/// A real as text: `NaN`, `Infinity`, and no exponent where .NET writes none.
pub fn real(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if value != 0.0 && (value.abs() >= 1e15 || value.abs() < 1e-5) {
        // .NET writes the exponent with its sign and at least two digits: `1E+20`.
        let text = format!("{value:E}");
        match text.split_once('E') {
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(below) => format!("{digits}E-{below:0>2}"),
                None => format!("{digits}E+{exponent:0>2}"),
            },
            None => text,
        }
    } else {
        format!("{value}")
    }
}

/// The text of a dynamic: a JSON string without quotes and escapes, anything else as it stands.
pub fn undress(json: &str) -> Cow<'_, str> {
    let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(json);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned)
}
