//! Reading a kernel's arguments: text, numbers, and lists that stand as several arguments or as one array.

use serde_json::Value as Json;

use crate::kql::Value;
use crate::kql::compiler::Call;

/// The text at a position; empty where there is none.
pub(super) fn text<'v>(values: &'v [Value<'_>], at: usize) -> &'v str {
    match values.get(at) {
        Some(Value::String(text) | Value::Guid(text) | Value::Dynamic(text)) => text,
        _ => "",
    }
}

/// The integer at a position.
pub(super) fn long(values: &[Value<'_>], at: usize) -> Option<i64> {
    match values.get(at) {
        Some(Value::Long(number)) => Some(*number),
        _ => None,
    }
}

/// An integer that may be left out: `default` when it is, nothing when it is null.
pub(super) fn long_or(values: &[Value<'_>], at: usize, default: i64) -> Option<i64> {
    if at < values.len() { long(values, at) } else { Some(default) }
}

/// The real at a position, when it is finite.
pub(super) fn real(values: &[Value<'_>], at: usize) -> Option<f64> {
    values.get(at).and_then(Value::as_f64).filter(|number| number.is_finite())
}

/// The elements of a dynamic array.
pub(super) fn array(value: &Value<'_>) -> Option<Vec<Json>> {
    match value {
        Value::Dynamic(json) if json.starts_with('[') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// Every value, with arrays replaced by their elements.
pub(super) fn flatten(values: &[Value<'_>]) -> Vec<Json> {
    values.iter().flat_map(|value| array(value).unwrap_or_else(|| vec![value.to_json()])).collect()
}

/// The text of a JSON value as `tostring` writes it; null is empty.
pub(super) fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Every value as text, with arrays replaced by their elements.
pub(super) fn texts(values: &[Value<'_>]) -> Vec<String> {
    flatten(values).iter().map(plain).collect()
}

/// The list that begins at an argument, when all of it is constant.
pub(super) fn constant_texts(call: &Call<'_, '_>, from: usize) -> Option<Vec<String>> {
    let constants: Option<Vec<Value<'static>>> =
        call.arguments.iter().skip(from).map(|argument| argument.constant.clone()).collect();
    constants.map(|values| texts(&values))
}

/// An array of texts.
pub(super) fn text_array<T: Into<Json>>(items: impl IntoIterator<Item = T>) -> Value<'static> {
    Value::json(&Json::Array(items.into_iter().map(Into::into).collect()))
}
