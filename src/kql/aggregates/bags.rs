//! Gathering bags.

use std::sync::Arc;

use super::basic::{only, predicate};
use super::{Aggregate, Produced, fold, prefixed};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::table::Type;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["make_bag"],
        usage: "make_bag(expr [, maxSize])",
        summary: "Bag of all keys of the bags; of a repeated key the first value stays. Other values are skipped.",
        takes: (1, 2),
        body: |call| gather(call, None, 1),
        examples: &[("print b = dynamic([{\"a\": 1}, {\"b\": 2}]) | mv-expand b | summarize make_bag(b)", "{\"a\":1,\"b\":2}")],
    },
    Aggregate {
        names: &["make_bag_if"],
        usage: "make_bag_if(expr, predicate [, maxSize])",
        summary: "Bag of all keys of the bags of the rows for which the predicate is true.",
        takes: (2, 3),
        body: |call| gather(call, Some(predicate(call, 1)?), 2),
        examples: &[(
            "print b = dynamic([{\"a\": 1}, {\"b\": 2}]) | mv-expand b | summarize make_bag_if(b, isnotnull(b.b))",
            "{\"b\":2}",
        )],
    },
];

fn gather(call: &Call<'_, '_>, predicate: Option<Scalar>, limit_at: usize) -> Compiled<Vec<Produced>> {
    let limit = match call.argument(limit_at) {
        Some(_) => call.constant(limit_at, "size")?.as_i64().and_then(|n| usize::try_from(n).ok()),
        None => None,
    };
    let value = call.arguments[0].clone();
    let merge = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let mut bag = serde_json::Map::new();
        for value in lists.first().into_iter().flatten() {
            let serde_json::Value::Object(entries) = value.to_json() else { continue };
            for (key, value) in entries {
                if limit.is_none_or(|limit| bag.len() < limit) {
                    bag.entry(key).or_insert(value);
                }
            }
        }
        Value::json(&serde_json::Value::Object(bag))
    });
    let mut input = Scalar::computed(only(&value, &predicate), value.ty);
    input.name = None;
    let plan = fold(merge, &[input], &[Accepts::Any], Type::Dynamic);
    Ok(vec![Produced::new(prefixed("bag", Some(&value)), plan, Type::Dynamic)])
}
