//! `in`, `has_any`, `has_all` and their relatives.

use std::collections::HashSet;
use std::sync::Arc;

use super::Value;
use super::ast::{BinaryOp, InOp, TextOp};
use super::compare;
use super::compiler::Compiled;
use super::kernel::{Accepts, Kernel, apply};
use super::scalar::Scalar;
use super::text::Needle;
use crate::error::Span;
use crate::table::Type;

/// `value op (list)`. An array in the list stands for its elements.
pub fn compile(op: InOp, value: Scalar, list: Vec<Scalar>, _span: Span) -> Compiled<Scalar> {
    let constants: Option<Vec<Value<'static>>> = list.iter().map(|item| item.constant.clone()).collect();
    let kernel: Kernel = match (constants, op) {
        (Some(items), InOp::HasAny | InOp::NotHasAny | InOp::HasAll | InOp::NotHasAll) => {
            let needles: Vec<Needle> =
                flatten(&items).iter().map(|item| Needle::new(TextOp::Has, &item.to_text())).collect();
            Arc::new(move |values| {
                let text = values.first().map(|v| v.to_text()).unwrap_or_default();
                Value::Bool(match op {
                    InOp::HasAny => needles.iter().any(|needle| needle.found(&text)),
                    InOp::NotHasAny => !needles.iter().any(|needle| needle.found(&text)),
                    InOp::HasAll => needles.iter().all(|needle| needle.found(&text)),
                    _ => !needles.iter().all(|needle| needle.found(&text)),
                })
            })
        }
        (Some(items), _) => set_kernel(op, value.ty, &flatten(&items)),
        (None, _) => Arc::new(move |values| match values.split_first() {
            Some((value, items)) => by_comparison(op, value, &flatten(items)),
            None => Value::Null,
        }),
    };
    let mut arguments = vec![value];
    arguments.extend(list);
    Ok(apply(kernel, &arguments, &[Accepts::Any], Type::Bool))
}

/// The elements of arrays in place of the arrays.
fn flatten(items: &[Value<'_>]) -> Vec<Value<'static>> {
    let mut flat = Vec::new();
    for item in items {
        match item {
            Value::Dynamic(json) => match serde_json::from_str(json) {
                Ok(serde_json::Value::Array(elements)) => flat.extend(elements.iter().map(Value::json)),
                _ => flat.push(item.clone().into_owned()),
            },
            other => flat.push(other.clone().into_owned()),
        }
    }
    flat
}

/// Looks a constant list up in a set. Each item is written as the value's type writes itself.
fn set_kernel(op: InOp, ty: Type, items: &[Value<'static>]) -> Kernel {
    let fold = matches!(op, InOp::InTilde | InOp::NotInTilde);
    let negated = matches!(op, InOp::NotIn | InOp::NotInTilde);
    let key = move |value: &Value<'_>| {
        let text = match value {
            Value::Real(v) if v.fract() == 0.0 && v.abs() < 9e15 => (*v as i64).to_string(),
            other => other.shown().into_owned(),
        };
        if fold { text.to_lowercase() } else { text }
    };
    let set: HashSet<String> = items
        .iter()
        .filter(|item| !item.is_null())
        .map(|item| match (ty, item) {
            (Type::Datetime | Type::Timespan | Type::Guid, _) => key(&super::convert::cast(item, ty)),
            (Type::Bool, _) => key(&super::convert::cast(item, Type::Bool)),
            _ => key(item),
        })
        .collect();
    Arc::new(move |values| match values.first() {
        // A dynamic null is the empty text where it meets text.
        Some(Value::Null) if ty == Type::Dynamic => Value::Bool(set.contains("") != negated),
        Some(Value::Null) | None => Value::Bool(negated),
        Some(value) => Value::Bool(set.contains(&key(value)) != negated),
    })
}

fn by_comparison(op: InOp, value: &Value<'_>, items: &[Value<'static>]) -> Value<'static> {
    let text = value.to_text();
    let equal = |item: &Value<'_>, op| matches!(compare::evaluate(op, value, item), Value::Bool(true));
    let has = |item: &Value<'_>| Needle::new(TextOp::Has, &item.to_text()).found(&text);
    Value::Bool(match op {
        InOp::In => items.iter().any(|item| equal(item, BinaryOp::Equal)),
        InOp::NotIn => !items.iter().any(|item| equal(item, BinaryOp::Equal)),
        InOp::InTilde => items.iter().any(|item| equal(item, BinaryOp::EqualTilde)),
        InOp::NotInTilde => !items.iter().any(|item| equal(item, BinaryOp::EqualTilde)),
        InOp::HasAny => items.iter().any(has),
        InOp::NotHasAny => !items.iter().any(has),
        InOp::HasAll => items.iter().all(has),
        InOp::NotHasAll => !items.iter().all(has),
    })
}
