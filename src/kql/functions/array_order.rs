//! The order of an array's elements: turned, shifted, cut, sorted.

use std::sync::Arc;

use serde_json::Value as Json;

use super::arrays::{array, elements, over_array, with};
use super::sets::key;
use super::{Accepts, Body, Function, Gives};
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::kql::{Value, convert};
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    over_array(
        &["array_rotate_left"],
        "array_rotate_left(array, count)",
        "The array turned to the left; to the right for a negative count.",
        &[Accepts::Dynamic, Accepts::Long],
        |values| rotate(values, 1),
        &[("array_rotate_left(dynamic([1, 2, 3, 4, 5]), 2)", "[3,4,5,1,2]")],
    ),
    over_array(
        &["array_rotate_right"],
        "array_rotate_right(array, count)",
        "The array turned to the right; to the left for a negative count.",
        &[Accepts::Dynamic, Accepts::Long],
        |values| rotate(values, -1),
        &[("array_rotate_right(dynamic([1, 2, 3, 4, 5]), 2)", "[4,5,1,2,3]")],
    ),
    Function {
        optional: 1,
        ..over_array(
            &["array_shift_left"],
            "array_shift_left(array, count [, default])",
            "The elements moved to the left, the gap filled with the default; to the right for a negative count.",
            &[Accepts::Dynamic, Accepts::Long, Accepts::Any],
            |values| shift(values, 1),
            &[("array_shift_left(dynamic([1, 2, 3, 4, 5]), 2, -1)", "[3,4,5,-1,-1]")],
        )
    },
    Function {
        optional: 1,
        ..over_array(
            &["array_shift_right"],
            "array_shift_right(array, count [, default])",
            "The elements moved to the right, the gap filled with the default; to the left for a negative count.",
            &[Accepts::Dynamic, Accepts::Long, Accepts::Any],
            |values| shift(values, -1),
            &[("array_shift_right(dynamic([1, 2, 3, 4, 5]), 2)", "[null,null,1,2,3]")],
        )
    },
    over_array(
        &["array_split"],
        "array_split(array, index or indexes)",
        "The array cut before each of these positions; negative ones count from the end.",
        &[Accepts::Dynamic, Accepts::Dynamic],
        split,
        &[
            ("array_split(dynamic([1, 2, 3, 4, 5]), 2)", "[[1,2],[3,4,5]]"),
            ("array_split(dynamic([1, 2, 3, 4, 5]), dynamic([1, 3]))", "[[1],[2,3],[4,5]]"),
        ],
    ),
    sorting(
        &["array_sort_asc"],
        "array_sort_asc(array [, array …] [, nulls_last])",
        "The first array sorted upwards, and the others in the same order; one column for each.",
        |call| sort(call, false),
        &[
            ("array_sort_asc(dynamic([3, 1, 2]))", "[1,2,3]"),
            ("array_sort_asc(dynamic([null, 'b', 'a']), false)", "[null,\"a\",\"b\"]"),
            ("array_sort_asc(dynamic([2, 1, 3]), dynamic(['b', 'a', 'c']))[1]", "[\"a\",\"b\",\"c\"]"),
        ],
    ),
    sorting(
        &["array_sort_desc"],
        "array_sort_desc(array [, array …] [, nulls_last])",
        "The first array sorted downwards, and the others in the same order; one column for each.",
        |call| sort(call, true),
        &[("array_sort_desc(dynamic([1, 3, 2]))", "[3,2,1]")],
    ),
];

const fn sorting(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: fn(&Call<'_, '_>) -> Compiled<Scalar>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Dynamic],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(body),
        examples,
        ..Function::NEW
    }
}

fn rotate<'a>(values: &[Value<'a>], direction: i64) -> Value<'a> {
    let Some(Value::Long(count)) = values.get(1) else { return Value::Null };
    with(values, |mut elements| {
        if !elements.is_empty() {
            let steps = count.wrapping_mul(direction).rem_euclid(elements.len() as i64);
            elements.rotate_left(steps as usize);
        }
        elements
    })
}

fn shift<'a>(values: &[Value<'a>], direction: i64) -> Value<'a> {
    let Some(Value::Long(count)) = values.get(1) else { return Value::Null };
    let fill = values.get(2).map_or(Json::Null, Value::to_json);
    with(values, |elements| {
        let steps = count.saturating_mul(direction);
        let from = |place: usize| usize::try_from((place as i64).saturating_add(steps)).ok();
        let moved =
            (0..elements.len()).map(|place| from(place).and_then(|from| elements.get(from)).unwrap_or(&fill).clone());
        moved.collect()
    })
}

fn split<'a>(values: &[Value<'a>]) -> Value<'a> {
    let [list, cuts] = values else { return Value::Null };
    let Some(items) = elements(Some(list)) else { return Value::Null };
    let cuts: Option<Vec<i64>> = match (elements(Some(cuts)), convert::cast(cuts, Type::Long)) {
        (Some(cuts), _) => cuts.iter().map(Json::as_i64).collect(),
        (None, Value::Long(cut)) => Some(vec![cut]),
        _ => None,
    };
    let Some(cuts) = cuts else { return Value::Null };
    let count = items.len() as i64;
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts {
        let cut = if cut < 0 { cut.saturating_add(count) } else { cut };
        let to = (cut.clamp(0, count) as usize).max(from);
        pieces.push(Json::Array(items[from..to].to_vec()));
        from = to;
    }
    pieces.push(Json::Array(items[from..].to_vec()));
    array(pieces)
}

fn sort(call: &Call<'_, '_>, descending: bool) -> Compiled<Scalar> {
    let mut arrays = call.arguments.clone();
    let nulls_last = match arrays.last() {
        Some(last) if last.ty == Type::Bool && arrays.len() > 1 => {
            let given = call.constant(arrays.len() - 1, "nulls_last")?;
            let nulls_last = !matches!(given, Value::Bool(false));
            arrays.pop();
            nulls_last
        }
        _ => true,
    };
    let mut parts = Vec::new();
    for (position, argument) in arrays.iter().enumerate() {
        let kernel = Arc::new(move |values: &[Value<'_>]| {
            let (Some(keys), Some(items)) = (elements(values.first()), elements(values.last())) else {
                return Value::Null;
            };
            if keys.len() != items.len() {
                return Value::Null;
            }
            let order = order(&keys, descending, nulls_last);
            array(order.into_iter().filter_map(|place| items.get(place).cloned()).collect())
        });
        let inputs = if position == 0 { vec![argument.clone()] } else { vec![arrays[0].clone(), argument.clone()] };
        let sorted = apply(kernel, &inputs, &[Accepts::Dynamic], Type::Dynamic);
        let name = argument.name.clone().unwrap_or_else(|| format!("array{}", position + 1));
        parts.push((format!("{name}_sorted"), sorted));
    }
    let first = parts.first().map_or_else(|| Scalar::null(Type::Dynamic), |(_, first)| first.clone());
    Ok(Scalar { parts, ..first })
}

/// Places of the elements in sorted order: numbers, then text, then the rest, in either direction; nulls at one end.
fn order(items: &[Json], descending: bool, nulls_last: bool) -> Vec<usize> {
    let class = |item: &Json| match item {
        Json::Number(_) => 0,
        Json::String(_) => 1,
        _ => 2,
    };
    let (nulls, mut places): (Vec<usize>, Vec<usize>) = (0..items.len()).partition(|&place| items[place].is_null());
    places.sort_by(|&a, &b| {
        let (a, b) = (&items[a], &items[b]);
        let order = match (a, b) {
            (Json::Number(a), Json::Number(b)) => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.as_f64().unwrap_or(f64::NAN).total_cmp(&b.as_f64().unwrap_or(f64::NAN)),
            },
            (Json::String(a), Json::String(b)) => a.cmp(b),
            _ => key(a).cmp(&key(b)),
        };
        class(a).cmp(&class(b)).then(if descending { order.reverse() } else { order })
    });
    if nulls_last { [places, nulls].concat() } else { [nulls, places].concat() }
}
