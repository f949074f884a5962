//! Arrays: length, pieces, order, building.

use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    names: &["array_length", "arraylength"],
    usage: "array_length(array)",
    summary: "Number of elements; null for what is no array.",
    takes: &[Accepts::Dynamic],
    gives: Gives::Type(Type::Long),
    body: Body::Values(|values| match values {
        [Value::Dynamic(json)] if json.starts_with('[') => serde_json::from_str::<Vec<IgnoredAny>>(json)
            .map_or(Value::Null, |elements| Value::Long(elements.len() as i64)),
        _ => Value::Null,
    }),
    examples: &[("array_length(dynamic([1, 2, [3]]))", "3"), ("array_length(dynamic({}))", "null")],
    ..Function::NEW
}];

/// The elements of an array; none for anything else.
pub(super) fn elements(value: Option<&Value<'_>>) -> Option<Vec<Json>> {
    match value {
        Some(Value::Dynamic(json)) if json.starts_with('[') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// An array as a value.
pub(super) fn array(elements: Vec<Json>) -> Value<'static> {
    Value::json(&Json::Array(elements))
}
