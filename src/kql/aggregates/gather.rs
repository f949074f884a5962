//! Bags of many rows, the schema of dynamic values, and bits of all values.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::basic::{only, predicate};
use super::{Aggregate, Produced, fold, prefixed};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// The limit of `make_bag`.
const MAX_MEMBERS: usize = 1_048_576;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["make_bag"],
        usage: "make_bag(expr [, maxSize])",
        summary: "One bag of the members of all bags; of a repeated key the first value. What is no bag is left out.",
        takes: (1, 2),
        body: |call| merged(call, "bag", None, 1),
        examples: &[(
            "datatable(b:dynamic)[dynamic({'a': 1}), dynamic({'b': 2}), dynamic([1])] | summarize make_bag(b)",
            "{\"a\":1,\"b\":2}",
        )],
    },
    Aggregate {
        names: &["make_dictionary"],
        usage: "make_dictionary(expr [, maxSize])",
        summary: "The former name of make_bag.",
        takes: (1, 2),
        body: |call| merged(call, "dictionary", None, 1),
        examples: &[("datatable(b:dynamic)[dynamic({'a': 1})] | summarize make_dictionary(b)", "{\"a\":1}")],
    },
    Aggregate {
        names: &["make_bag_if"],
        usage: "make_bag_if(expr, predicate [, maxSize])",
        summary: "One bag of the members of all bags of the rows for which the predicate is true.",
        takes: (2, 3),
        body: |call| merged(call, "bag", Some(predicate(call, 1)?), 2),
        examples: &[(
            "datatable(b:dynamic, n:long)[dynamic({'a': 1}), 1, dynamic({'b': 2}), 2] | summarize make_bag_if(b, n > 1)",
            "{\"b\":2}",
        )],
    },
    Aggregate {
        names: &["buildschema"],
        usage: "buildschema(expr)",
        summary: "The schema that holds all values: type names, several in an array; an array's elements under `indexer`.",
        takes: (1, 1),
        body: |call| {
            let kernel = Arc::new(|lists: &[Vec<Value<'_>>]| {
                let mut shape = Shape::default();
                lists.first().into_iter().flatten().for_each(|value| shape.see(&value.to_json()));
                Value::json(&shape.describe())
            });
            let plan = fold(kernel, &call.arguments[..1], &[Accepts::Dynamic], Type::Dynamic);
            Ok(vec![Produced::new(prefixed("schema", call.argument(0)), plan, Type::Dynamic)])
        },
        examples: &[(
            "datatable(v:dynamic)[dynamic({'x': 1, 'z': [1, 'a']}), dynamic({'x': 'y'})] | summarize buildschema(v)",
            "{\"x\":[\"long\",\"string\"],\"z\":{\"`indexer`\":[\"long\",\"string\"]}}",
        )],
    },
    Aggregate {
        names: &["binary_all_and"],
        usage: "binary_all_and(expr)",
        summary: "The bits that all values have.",
        takes: (1, 1),
        body: |call| bits(call, |a, b| a & b),
        examples: &[("datatable(n:long)[12, 10] | summarize binary_all_and(n)", "8")],
    },
    Aggregate {
        names: &["binary_all_or"],
        usage: "binary_all_or(expr)",
        summary: "The bits that one value has.",
        takes: (1, 1),
        body: |call| bits(call, |a, b| a | b),
        examples: &[("datatable(n:long)[12, 10] | summarize binary_all_or(n)", "14")],
    },
    Aggregate {
        names: &["binary_all_xor"],
        usage: "binary_all_xor(expr)",
        summary: "The bits that an odd number of values has.",
        takes: (1, 1),
        body: |call| bits(call, |a, b| a ^ b),
        examples: &[("datatable(n:long)[12, 10] | summarize binary_all_xor(n)", "6")],
    },
];

fn merged(call: &Call<'_, '_>, prefix: &str, predicate: Option<Scalar>, limit_at: usize) -> Compiled<Vec<Produced>> {
    let limit = match call.argument(limit_at) {
        Some(_) => {
            call.constant(limit_at, "size")?.as_i64().and_then(|n| usize::try_from(n).ok()).unwrap_or(MAX_MEMBERS)
        }
        None => MAX_MEMBERS,
    };
    let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let mut bag: Map<String, Json> = Map::new();
        for value in lists.first().into_iter().flatten() {
            let Value::Dynamic(json) = value else { continue };
            let Ok(members) = serde_json::from_str::<Map<String, Json>>(json) else { continue };
            for (key, value) in members {
                if bag.len() < limit || bag.contains_key(&key) {
                    bag.entry(key).or_insert(value);
                }
            }
        }
        Value::json(&Json::Object(bag))
    });
    let value = &call.arguments[0];
    let input = Scalar::computed(only(value, &predicate), value.ty);
    let plan = fold(kernel, &[input], &[Accepts::Dynamic], Type::Dynamic);
    Ok(vec![Produced::new(prefixed(prefix, Some(value)), plan, Type::Dynamic)])
}

/// The bits of all values; the column keeps its argument's name.
fn bits(call: &Call<'_, '_>, combine: fn(i64, i64) -> i64) -> Compiled<Vec<Produced>> {
    let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let numbers = lists.first().into_iter().flatten().filter_map(|value| match value {
            Value::Long(number) => Some(*number),
            _ => None,
        });
        numbers.reduce(combine).map_or(Value::Null, Value::Long)
    });
    let value = &call.arguments[0];
    let plan = fold(kernel, std::slice::from_ref(value), &[Accepts::Long], Type::Long);
    let name = value.name.clone().unwrap_or_default();
    Ok(vec![Produced::new(name, plan, Type::Long)])
}

/// What values stood at one place.
#[derive(Default)]
struct Shape {
    /// Names of scalar types in order of appearance.
    scalars: Vec<&'static str>,
    members: Option<Vec<(String, Shape)>>,
    elements: Option<Box<Shape>>,
}

impl Shape {
    fn see(&mut self, value: &Json) {
        let scalar = match value {
            Json::Null => return,
            Json::Bool(_) => "bool",
            Json::Number(number) if number.is_f64() => "double",
            Json::Number(_) => "long",
            Json::String(_) => "string",
            Json::Array(items) => {
                let elements = self.elements.get_or_insert_default();
                items.iter().for_each(|item| elements.see(item));
                return;
            }
            Json::Object(bag) => {
                let members = self.members.get_or_insert_default();
                for (name, value) in bag {
                    match members.iter_mut().find(|(known, _)| known == name) {
                        Some((_, shape)) => shape.see(value),
                        None => {
                            let mut shape = Shape::default();
                            shape.see(value);
                            members.push((name.clone(), shape));
                        }
                    }
                }
                return;
            }
        };
        if !self.scalars.contains(&scalar) {
            self.scalars.push(scalar);
        }
    }

    fn describe(&self) -> Json {
        let mut kinds: Vec<Json> = self.scalars.iter().map(|name| Json::from(*name)).collect();
        if let Some(members) = &self.members {
            kinds.push(Json::Object(members.iter().map(|(name, shape)| (name.clone(), shape.describe())).collect()));
        }
        if let Some(elements) = &self.elements {
            kinds.push(Json::Object(Map::from_iter([("`indexer`".to_owned(), elements.describe())])));
        }
        match kinds.len() {
            0 => Json::Null,
            1 => kinds.remove(0),
            _ => Json::Array(kinds),
        }
    }
}
