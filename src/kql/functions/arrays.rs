//! Arrays: length, pieces, search, building.

use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::sets::key;
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

/// The most elements that `range` and `repeat` make (range-function page).
pub(super) const MAX_ELEMENTS: i64 = 1_048_576;

/// A function of an array that gives an array.
pub(super) const fn over_array(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    takes: &'static [Accepts],
    body: for<'a> fn(&[Value<'a>]) -> Value<'a>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes,
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
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
    },
    Function {
        rest: Some(Accepts::Dynamic),
        ..over_array(
            &["array_concat"],
            "array_concat(array [, array …])",
            "One array of the elements of all; what is no array is left out.",
            &[Accepts::Dynamic],
            |values| array(values.iter().filter_map(|value| elements(Some(value))).flatten().collect()),
            &[
                ("array_concat(dynamic([1]), dynamic([2, 3]))", "[1,2,3]"),
                ("array_concat(dynamic([1]), dynamic(null), dynamic({'a': 1}))", "[1]"),
            ],
        )
    },
    over_array(
        &["array_iff", "array_iif"],
        "array_iff(conditions, then, else)",
        "For each condition the element of the second or third argument at its place; null where there is none.",
        &[Accepts::Dynamic, Accepts::Any, Accepts::Any],
        choose,
        &[
            ("array_iff(dynamic([true, false, true]), dynamic([1, 2, 3]), dynamic([4, 5, 6]))", "[1,5,3]"),
            ("array_iff(dynamic([true, false]), 'y', 'n')", "[\"y\",\"n\"]"),
        ],
    ),
    Function {
        optional: 3,
        gives: Gives::Type(Type::Long),
        ..over_array(
            &["array_index_of"],
            "array_index_of(array, value [, start [, length [, occurrence]]])",
            "Position of the value, counted from 0; -1 where it is not.",
            &[Accepts::Dynamic, Accepts::Any, Accepts::Long, Accepts::Long, Accepts::Long],
            index_of,
            &[
                ("array_index_of(dynamic(['a', 'b', 'a']), 'a')", "0"),
                ("array_index_of(dynamic(['a', 'b', 'a']), 'a', 1)", "2"),
                ("array_index_of(dynamic(['a', 'b']), 'c')", "-1"),
            ],
        )
    },
    over_array(
        &["array_reverse"],
        "array_reverse(array)",
        "The elements in opposite order.",
        &[Accepts::Dynamic],
        |values| {
            with(values, |mut elements| {
                elements.reverse();
                elements
            })
        },
        &[("array_reverse(dynamic(['a', 'b', 'c']))", "[\"c\",\"b\",\"a\"]")],
    ),
    over_array(
        &["array_slice"],
        "array_slice(array, start, end)",
        "The elements from start to end, both included; negative positions count from the end.",
        &[Accepts::Dynamic, Accepts::Long, Accepts::Long],
        |values| {
            let (Some(Value::Long(start)), Some(Value::Long(end))) = (values.get(1), values.get(2)) else {
                return Value::Null;
            };
            with(values, |elements| {
                let count = elements.len() as i64;
                let from_start = |position: i64| if position < 0 { position.saturating_add(count) } else { position };
                let first = from_start(*start).max(0) as usize;
                let behind = from_start(*end).saturating_add(1).clamp(0, count) as usize;
                elements.get(first..behind.max(first)).map(<[Json]>::to_vec).unwrap_or_default()
            })
        },
        &[
            ("array_slice(dynamic([1, 2, 3]), 1, 2)", "[2,3]"),
            ("array_slice(dynamic([1, 2, 3, 4, 5]), -3, -2)", "[3,4]"),
        ],
    ),
    Function {
        gives: Gives::Type(Type::Real),
        ..over_array(
            &["array_sum"],
            "array_sum(array)",
            "Sum of the elements but nulls; null where one is no number, and where there is none.",
            &[Accepts::Dynamic],
            |values| {
                let given = elements(values.first()).unwrap_or_default();
                let mut numbers = given.iter().filter(|item| !item.is_null()).map(Json::as_f64).peekable();
                // The sum of no reals is -0 in Rust.
                let sum = numbers
                    .peek()
                    .is_some()
                    .then_some(())
                    .and_then(|()| numbers.try_fold(0.0, |sum, n| Some(sum + n?)));
                sum.map_or(Value::Null, Value::Real)
            },
            &[
                ("array_sum(dynamic([1, null, 3.5]))", "4.5"),
                ("array_sum(dynamic([1, 'a']))", "null"),
                ("array_sum(dynamic([]))", "null"),
            ],
        )
    },
    Function {
        rest: Some(Accepts::Dynamic),
        ..over_array(
            &["zip"],
            "zip(array, array [, …])",
            "An array of arrays, each of the elements at one place; shorter arrays are filled with nulls.",
            &[Accepts::Dynamic, Accepts::Dynamic],
            |values| {
                let arrays: Option<Vec<Vec<Json>>> = values.iter().map(|value| elements(Some(value))).collect();
                let Some(arrays) = arrays else { return Value::Null };
                let longest = arrays.iter().map(Vec::len).max().unwrap_or(0);
                let tuple =
                    |place: usize| arrays.iter().map(|items| items.get(place).cloned().unwrap_or(Json::Null)).collect();
                array((0..longest).map(|place| Json::Array(tuple(place))).collect())
            },
            &[("zip(dynamic([1, 3, 5]), dynamic([2, 4]))", "[[1,2],[3,4],[5,null]]")],
        )
    },
    Function {
        naming: Naming::Called("repeat"),
        ..over_array(
            &["repeat"],
            "repeat(value, count)",
            "An array that holds the value so many times; null for a negative count.",
            &[Accepts::Any, Accepts::Long],
            |values| match values {
                [value, Value::Long(count)] if *count >= 0 => {
                    array(vec![value.to_json(); (*count).min(MAX_ELEMENTS) as usize])
                }
                _ => Value::Null,
            },
            &[("repeat(1, 3)", "[1,1,1]")],
        )
    },
    Function {
        optional: 1,
        ..over_array(
            &["range"],
            "range(start, stop [, step])",
            "An array of values with equal steps, the stop included; the default step is 1, of times 1h.",
            &[Accepts::Any, Accepts::Any, Accepts::Any],
            |values| range(values).map_or(Value::Null, array),
            &[
                ("range(1, 8, 3)", "[1,4,7]"),
                ("range(1h, 3h)", "[\"01:00:00\",\"02:00:00\",\"03:00:00\"]"),
                ("range(0.0, 1.0, 0.5)", "[0.0,0.5,1.0]"),
            ],
        )
    },
    Function {
        naming: Naming::Called("tree"),
        ..over_array(
            &["treepath"],
            "treepath(value)",
            "Every path that leads into the value; the elements of an array share `[0]`.",
            &[Accepts::Dynamic],
            |values| {
                let Some(Value::Dynamic(json)) = values.first() else { return Value::Null };
                let Ok(json) = serde_json::from_str::<Json>(json) else { return Value::Null };
                let mut paths = Vec::new();
                walk(&json, "", &mut paths);
                array(paths.into_iter().map(Json::String).collect())
            },
            &[(
                "treepath(dynamic({'a': [1, {'b': 2}], 'c': 3}))",
                "[\"['a']\",\"['a'][0]\",\"['a'][0]['b']\",\"['c']\"]",
            )],
        )
    },
];

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

/// The first argument's elements changed; null for what is no array.
pub(super) fn with(values: &[Value<'_>], change: impl FnOnce(Vec<Json>) -> Vec<Json>) -> Value<'static> {
    elements(values.first()).map_or(Value::Null, |elements| array(change(elements)))
}

fn choose<'a>(values: &[Value<'a>]) -> Value<'a> {
    let [conditions, then, otherwise] = values else { return Value::Null };
    let Some(conditions) = elements(Some(conditions)) else { return Value::Null };
    let at = |value: &Value<'_>, place: usize| match elements(Some(value)) {
        Some(items) => items.get(place).cloned().unwrap_or(Json::Null),
        None => value.to_json(),
    };
    let chosen = conditions.iter().enumerate().map(|(place, condition)| {
        let holds = condition.as_bool().or_else(|| condition.as_f64().map(|number| number != 0.0));
        match holds {
            Some(true) => at(then, place),
            Some(false) => at(otherwise, place),
            None => Json::Null,
        }
    });
    array(chosen.collect())
}

fn index_of<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(items), Some(wanted)) = (elements(values.first()), values.get(1)) else { return Value::Null };
    let option = |position: usize, default: i64| match values.get(position) {
        None => Some(default),
        Some(Value::Long(given)) => Some(*given),
        Some(_) => None,
    };
    let (Some(start), Some(length), Some(occurrence)) = (option(2, 0), option(3, -1), option(4, 1)) else {
        return Value::Null;
    };
    if length < -1 || occurrence < 1 {
        return Value::Null;
    }
    let start = if start < 0 { (items.len() as i64).saturating_add(start).max(0) } else { start };
    let length = if length < 0 { usize::MAX } else { length as usize };
    let wanted = key(&wanted.to_json());
    let window = items.iter().enumerate().skip(start as usize).take(length);
    let mut found = window.filter(|(_, item)| key(item) == wanted).map(|(place, _)| place as i64);
    Value::Long(found.nth(occurrence as usize - 1).unwrap_or(-1))
}

fn range(values: &[Value<'_>]) -> Option<Vec<Json>> {
    let (start, stop) = (values.first()?, values.get(1)?);
    // A time is counted in ticks and written as the time it is.
    let times = matches!(start, Value::Datetime(_) | Value::Timespan(_));
    let whole = |value: &Value<'_>| match value {
        Value::Long(v) | Value::Datetime(v) | Value::Timespan(v) => Some(*v),
        _ => None,
    };
    let default = Value::Long(if times { 36_000_000_000 } else { 1 });
    let step = values.get(2).unwrap_or(&default);
    let numbers = [start, stop, step];
    if !times && numbers.iter().any(|value| matches!(value, Value::Real(_))) {
        let (start, stop, step) = (start.as_f64()?, stop.as_f64()?, step.as_f64()?);
        let count = ((stop - start) / step + 1e-9).floor();
        if step == 0.0 || !count.is_finite() || count < 0.0 {
            return Some(Vec::new());
        }
        let count = (count as i64).min(MAX_ELEMENTS - 1);
        return Some((0..=count).map(|i| Value::Real(start + step * i as f64).to_json()).collect());
    }
    let (first, last, step) = (whole(start)?, whole(stop)?, whole(step)?);
    let mut items = Vec::new();
    let mut current = first;
    while step != 0 && (items.len() as i64) < MAX_ELEMENTS && if step > 0 { current <= last } else { current >= last } {
        items.push(match start {
            Value::Datetime(_) => Value::Datetime(current).to_json(),
            Value::Timespan(_) => Value::Timespan(current).to_json(),
            _ => Json::from(current),
        });
        match current.checked_add(step) {
            Some(next) => current = next,
            None => break,
        }
    }
    Some(items)
}

fn walk(json: &Json, path: &str, paths: &mut Vec<String>) {
    let mut enter = |path: String, inner: &Json| {
        if !paths.contains(&path) {
            paths.push(path.clone());
        }
        walk(inner, &path, paths);
    };
    match json {
        Json::Object(members) => members.iter().for_each(|(name, inner)| enter(format!("{path}['{name}']"), inner)),
        Json::Array(items) => items.iter().for_each(|inner| enter(format!("{path}[0]"), inner)),
        _ => {}
    }
}
