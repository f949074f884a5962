//! Property bags: packing columns and values, keys, merging.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::arrays::{array, elements};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compiler::Call;
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["bag_pack", "pack", "pack_dictionary"],
        usage: "bag_pack(key, value [, key, value …])",
        summary: "A bag of these keys and values; nulls are kept.",
        takes: &[Accepts::Text, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(|call| {
            if !call.arguments.len().is_multiple_of(2) {
                return Err(call.error(call.arguments.len() - 1, "a key without a value"));
            }
            let (keys, values): (Vec<_>, Vec<_>) =
                call.arguments.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).unzip();
            if let Some(names) = keys.iter().map(|key| key.constant.as_ref()).collect::<Option<Vec<_>>>() {
                let names: Vec<String> = names.into_iter().map(|name| name.to_text().into_owned()).collect();
                return Ok(packed(names, values.into_iter().cloned().collect(), false));
            }
            let kernel = Arc::new(|values: &[Value<'_>]| {
                let members = values.chunks_exact(2).map(|pair| (pair[0].to_text().into_owned(), pair[1].to_json()));
                Value::json(&Json::Object(members.collect()))
            });
            Ok(apply(kernel, &call.arguments, &[Accepts::Any], Type::Dynamic))
        }),
        examples: &[(
            "bag_pack('Level', 'High', 'n', 1, 'none', dynamic(null))",
            "{\"Level\":\"High\",\"n\":1,\"none\":null}",
        )],
        ..Function::NEW
    },
    Function {
        names: &["bag_pack_columns"],
        usage: "bag_pack_columns(column [, column …])",
        summary: "A bag of these columns under their names.",
        takes: &[Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(|call| {
            let mut names = Vec::new();
            for (position, argument) in call.arguments.iter().enumerate() {
                match &argument.name {
                    Some(name) => names.push(name.clone()),
                    None => {
                        return Err(call
                            .error(position, "`bag_pack_columns` takes columns")
                            .help("use bag_pack('name', value)"));
                    }
                }
            }
            Ok(packed(names, call.arguments.clone(), false))
        }),
        examples: &[("datatable(a:long, b:string)[1, 'x'] | project bag_pack_columns(a, b)", "{\"a\":1,\"b\":\"x\"}")],
        ..Function::NEW
    },
    Function {
        names: &["pack_all"],
        usage: "pack_all([ignore_null_empty])",
        summary: "A bag of all columns; with `true` without nulls and empty strings.",
        takes: &[Accepts::Bool],
        optional: 1,
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(|call| {
            let skip = call.argument(0).is_some_and(|skip| matches!(skip.constant, Some(Value::Bool(true))));
            let (names, values) = columns(call).into_iter().unzip();
            Ok(packed(names, values, skip))
        }),
        examples: &[
            ("datatable(a:long, b:string)[1, ''] | project pack_all()", "{\"a\":1,\"b\":\"\"}"),
            ("datatable(a:long, b:string)[1, ''] | project pack_all(true)", "{\"a\":1}"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["pack_array"],
        usage: "pack_array(value [, value …]) or pack_array(*)",
        summary: "An array of these values, or of all columns.",
        takes: &[Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(|call| {
            let mut values = Vec::new();
            for (argument, written) in call.arguments.iter().zip(call.written) {
                match written.value.kind {
                    ExprKind::Star => values.extend(columns(call).into_iter().map(|(_, column)| column)),
                    _ => values.push(argument.clone()),
                }
            }
            let kernel = Arc::new(|values: &[Value<'_>]| array(values.iter().map(Value::to_json).collect()));
            Ok(apply(kernel, &values, &[Accepts::Any], Type::Dynamic))
        }),
        examples: &[("pack_array(1, 'a', long(null))", "[1,\"a\",null]")],
        ..Function::NEW
    },
    Function {
        names: &["bag_keys"],
        usage: "bag_keys(bag)",
        summary: "The keys of the bag; null for what is no bag.",
        takes: &[Accepts::Dynamic],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| match bag(values.first()) {
            Some(bag) => array(bag.into_iter().map(|(key, _)| Json::String(key)).collect()),
            None => Value::Null,
        }),
        examples: &[("bag_keys(dynamic({'a': 1, 'b': {'c': 2}}))", "[\"a\",\"b\"]")],
        ..Function::NEW
    },
    Function {
        names: &["bag_has_key"],
        usage: "bag_has_key(bag, key)",
        summary: "Whether the bag has the key; a key `$.a.b` is a path.",
        takes: &[Accepts::Dynamic, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match (bag(values.first()), values.get(1)) {
            (Some(bag), Some(key)) => {
                let path = steps(&key.to_text());
                let mut current = Some(&bag);
                let mut found = !path.is_empty();
                for step in &path {
                    let member = current.and_then(|bag| bag.get(step));
                    found &= member.is_some();
                    current = member.and_then(Json::as_object);
                }
                Value::Bool(found)
            }
            _ => Value::Null,
        }),
        examples: &[
            ("bag_has_key(dynamic({'a': {'b': null}}), '$.a.b')", "true"),
            ("bag_has_key(dynamic({'a': 1}), 'b')", "false"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["bag_merge"],
        usage: "bag_merge(bag, bag [, …])",
        summary: "One bag of all members; of a repeated key the leftmost value.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let mut bags = values.iter().filter_map(|value| bag(Some(value)));
            let Some(mut merged) = bags.next() else { return Value::Null };
            for bag in bags {
                for (key, value) in bag {
                    merged.entry(key).or_insert(value);
                }
            }
            Value::json(&Json::Object(merged))
        }),
        examples: &[("bag_merge(dynamic({'a': 1}), dynamic({'a': 2, 'b': 3}))", "{\"a\":1,\"b\":3}")],
        ..Function::NEW
    },
    Function {
        names: &["bag_remove_keys"],
        usage: "bag_remove_keys(bag, keys)",
        summary: "The bag without these keys; a key `$.a.b` is a path.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let (Some(bag), Some(keys)) = (bag(values.first()), elements(values.get(1))) else { return Value::Null };
            let mut bag = Json::Object(bag);
            for key in keys.iter().filter_map(Json::as_str) {
                let path = steps(key);
                let Some((last, parents)) = path.split_last() else { continue };
                let parent = parents.iter().try_fold(&mut bag, |at, step| at.get_mut(step.as_str()));
                if let Some(parent) = parent.and_then(Json::as_object_mut) {
                    parent.shift_remove(last);
                }
            }
            Value::json(&bag)
        }),
        examples: &[(
            "bag_remove_keys(dynamic({'a': 1, 'b': {'c': 2, 'd': 3}}), dynamic(['a', '$.b.c']))",
            "{\"b\":{\"d\":3}}",
        )],
        ..Function::NEW
    },
    Function {
        names: &["bag_set_key"],
        usage: "bag_set_key(bag, key, value)",
        summary: "The bag with the key set to the value; a key `$.a.b` is a path.",
        takes: &[Accepts::Dynamic, Accepts::Text, Accepts::Any],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let [first, key, value] = values else { return Value::Null };
            let Some(bag) = bag(Some(first)) else { return Value::Null };
            let path = steps(&key.to_text());
            let Some((last, parents)) = path.split_last() else { return Value::Null };
            let mut bag = Json::Object(bag);
            let mut at = &mut bag;
            for step in parents {
                let Some(members) = at.as_object_mut() else { return Value::Null };
                at = members.entry(step.clone()).or_insert_with(|| Json::Object(Map::new()));
            }
            let Some(members) = at.as_object_mut() else { return Value::Null };
            members.insert(last.clone(), value.to_json());
            Value::json(&bag)
        }),
        examples: &[
            ("bag_set_key(dynamic({'a': 1}), 'b', 2)", "{\"a\":1,\"b\":2}"),
            ("bag_set_key(dynamic({'a': {'b': 1}}), '$.a.b', 'x')", "{\"a\":{\"b\":\"x\"}}"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["bag_zip"],
        usage: "bag_zip(keys, values)",
        summary: "A bag of an array of keys and an array of values; a key without value has null.",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let (Some(keys), Some(values)) = (elements(values.first()), elements(values.get(1))) else {
                return Value::Null;
            };
            let mut values = values.into_iter();
            let members = keys.into_iter().map(|key| (key, values.next().unwrap_or(Json::Null)));
            let named = members.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value)));
            Value::json(&Json::Object(named.collect()))
        }),
        examples: &[("bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, 2]))", "{\"a\":1,\"b\":2,\"c\":null}")],
        ..Function::NEW
    },
];

/// The members of a bag; none for anything else.
pub(super) fn bag(value: Option<&Value<'_>>) -> Option<Map<String, Json>> {
    match value {
        Some(Value::Dynamic(json)) if json.starts_with('{') => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// `$.a.b` or `$['a']['b']` as steps; any other text is one step.
fn steps(key: &str) -> Vec<String> {
    let Some(mut rest) = key.strip_prefix('$').filter(|rest| rest.starts_with(['.', '['])) else {
        return vec![key.to_owned()];
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('[') {
            let end = quoted.find(']').unwrap_or(quoted.len());
            steps.push(quoted[..end].trim_matches(['\'', '"']).to_owned());
            rest = quoted.get(end + 1..).unwrap_or("");
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(name[..end].to_owned());
            rest = &name[end..];
        }
    }
    steps
}

/// Every column of the input under its name.
fn columns(call: &Call<'_, '_>) -> Vec<(String, Scalar)> {
    let columns = call.scope.input.into_iter().flat_map(|input| &input.columns).filter(|col| !col.hidden);
    columns
        .map(|col| {
            if let Some(table) = &col.table {
                call.compiler.usage.borrow_mut().columns.insert((table.to_string(), col.name.clone()));
            }
            (col.name.clone(), Scalar::column(&col.name, col.ty))
        })
        .collect()
}

/// A bag of values under constant names.
fn packed(names: Vec<String>, values: Vec<Scalar>, skip: bool) -> Scalar {
    let kernel = Arc::new(move |values: &[Value<'_>]| {
        let members = names.iter().zip(values);
        let kept = members
            .filter(|(_, value)| !skip || !(value.is_null() || matches!(value, Value::String(t) if t.is_empty())));
        Value::json(&Json::Object(kept.map(|(name, value)| (name.clone(), value.to_json())).collect()))
    });
    apply(kernel, &values, &[Accepts::Any], Type::Dynamic)
}
