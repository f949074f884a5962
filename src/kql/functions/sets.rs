//! Arrays as sets: union, intersection, difference, membership.
//!
//! Results keep the order of first appearance, though KQL promises none.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::arrays::{array, elements};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["set_union"],
        usage: "set_union(array, array [, …])",
        summary: "The distinct elements of all arrays.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| with_sets(values, |sets| sets.into_iter().flatten().collect())),
        examples: &[("set_union(dynamic([1, 2, 2]), dynamic([3, 1]))", "[1,2,3]")],
        ..Function::NEW
    },
    Function {
        names: &["set_intersect"],
        usage: "set_intersect(array, array [, …])",
        summary: "The distinct elements that every array has.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            with_sets(values, |sets| selected(sets, |others, key| others.iter().all(|o| o.contains(key))))
        }),
        examples: &[("set_intersect(dynamic([1, 2, 3]), dynamic([3, 2, 2]))", "[2,3]")],
        ..Function::NEW
    },
    Function {
        names: &["set_difference"],
        usage: "set_difference(array, array [, …])",
        summary: "The distinct elements of the first array that no other has.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            with_sets(values, |sets| selected(sets, |others, key| !others.iter().any(|o| o.contains(key))))
        }),
        examples: &[("set_difference(dynamic([1, 2, 3, 1]), dynamic([3]))", "[1,2]")],
        ..Function::NEW
    },
    Function {
        names: &["set_has_element"],
        usage: "set_has_element(array, value)",
        summary: "Whether the array has an element equal to the value.",
        takes: &[Accepts::Dynamic, Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match elements(values.first()) {
            Some(set) => {
                let wanted = values.get(1).map_or(Json::Null, Value::to_json);
                Value::Bool(set.iter().any(|element| key(element) == key(&wanted)))
            }
            None => Value::Null,
        }),
        examples: &[
            ("set_has_element(dynamic(['a', 'b']), 'b')", "true"),
            ("set_has_element(dynamic([4.2]), 4)", "false"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["set_equals"],
        usage: "set_equals(array, array)",
        summary: "Whether both arrays have the same elements, whatever their order and repetitions.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match (elements(values.first()), elements(values.get(1))) {
            (Some(a), Some(b)) => Value::Bool(keys(&a) == keys(&b)),
            _ => Value::Null,
        }),
        examples: &[("set_equals(dynamic([1, 2, 2]), dynamic([2, 1]))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["jaccard_index"],
        usage: "jaccard_index(array, array)",
        summary: "Size of the intersection over size of the union.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| {
            let (Some(a), Some(b)) = (elements(values.first()), elements(values.get(1))) else { return Value::Null };
            let (a, b) = (keys(&a), keys(&b));
            let union = a.union(&b).count();
            if union == 0 {
                Value::Real(f64::NAN)
            } else {
                Value::Real(a.intersection(&b).count() as f64 / union as f64)
            }
        }),
        examples: &[("jaccard_index(dynamic([1, 2, 3]), dynamic([2, 3, 4]))", "0.5")],
        ..Function::NEW
    },
];

/// What equal elements share: 1 and 1.0 are equal, 1 and "1" are not.
pub(super) fn key(element: &Json) -> String {
    match element {
        Json::Number(number) if number.is_f64() => match number.as_f64() {
            Some(real) if real.fract() == 0.0 && real.abs() < 9e15 => (real as i64).to_string(),
            _ => number.to_string(),
        },
        // Bags have no order.
        Json::Object(bag) => {
            let mut members: Vec<String> = bag.iter().map(|(name, value)| format!("{name:?}:{}", key(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Json::Array(elements) => format!("[{}]", elements.iter().map(key).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn keys(elements: &[Json]) -> HashSet<String> {
    elements.iter().map(key).collect()
}

/// Combines arrays to a set; null where an argument is no array.
fn with_sets(values: &[Value<'_>], combine: impl Fn(Vec<Vec<Json>>) -> Vec<Json>) -> Value<'static> {
    let Some(sets) = values.iter().map(|value| elements(Some(value))).collect::<Option<Vec<_>>>() else {
        return Value::Null;
    };
    let mut seen = HashSet::new();
    array(combine(sets).into_iter().filter(|element| seen.insert(key(element))).collect())
}

/// The elements of the first array that stand the test against the others.
fn selected(sets: Vec<Vec<Json>>, wanted: impl Fn(&[HashSet<String>], &str) -> bool) -> Vec<Json> {
    let mut sets = sets.into_iter();
    let first = sets.next().unwrap_or_default();
    let others: Vec<HashSet<String>> = sets.map(|set| keys(&set)).collect();
    first.into_iter().filter(|element| wanted(&others, &key(element))).collect()
}
