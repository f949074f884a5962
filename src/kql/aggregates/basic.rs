//! Counting, adding and collecting.

use std::collections::HashSet;
use std::sync::Arc;

use polars::prelude::{DataType, len, lit};

use super::{Aggregate, Aggregation, Produced, fold, prefixed};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::expression::condition;
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::table::{Decimal, Type};

/// The limit of `make_list` and `make_set`.
const MAX_ELEMENTS: usize = 1_048_576;
/// The limit of the same under their former names, `makelist` and `makeset`.
const MAX_ELEMENTS_ONCE: usize = 128;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["count"],
        usage: "count()",
        summary: "Number of rows of the group.",
        takes: (0, 1),
        body: |call| {
            let name = call.argument(0).map_or("count_".to_owned(), |a| prefixed("count", Some(a)));
            Ok(vec![Produced::new(name, len().cast(DataType::Int64), Type::Long)])
        },
        examples: &[("datatable(a:long)[1, 2] | summarize count()", "2")],
    },
    Aggregate {
        names: &["countif"],
        usage: "countif(predicate)",
        summary: "Number of rows for which the predicate is true.",
        takes: (1, 1),
        body: |call| {
            let condition = predicate(call, 0)?;
            let plan = condition.expr.fill_null(lit(false)).sum().cast(DataType::Int64);
            Ok(vec![Produced::new(prefixed("countif", call.argument(0)), plan, Type::Long)])
        },
        examples: &[("datatable(a:long)[1, 2, 3] | summarize countif(a > 1)", "2")],
    },
    Aggregate {
        names: &["dcount"],
        usage: "dcount(expr [, accuracy])",
        summary: "Number of distinct values; exact here.",
        takes: (1, 2),
        body: |call| distinct(call, "dcount", None),
        examples: &[("datatable(a:long)[1, 2, 1] | summarize dcount(a)", "2")],
    },
    Aggregate {
        names: &["count_distinct"],
        usage: "count_distinct(expr)",
        summary: "Number of distinct values.",
        takes: (1, 1),
        body: |call| distinct(call, "count_distinct", None),
        examples: &[("datatable(a:long)[1, 2, 1] | summarize count_distinct(a)", "2")],
    },
    Aggregate {
        names: &["dcountif"],
        usage: "dcountif(expr, predicate [, accuracy])",
        summary: "Number of distinct values of the rows for which the predicate is true; exact here.",
        takes: (2, 3),
        body: |call| distinct(call, "dcountif", Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 3] | summarize dcountif(a, a > 1)", "2")],
    },
    Aggregate {
        names: &["count_distinctif"],
        usage: "count_distinctif(expr, predicate)",
        summary: "Number of distinct values of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| distinct(call, "count_distinctif", Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 3] | summarize count_distinctif(a, a > 1)", "2")],
    },
    Aggregate {
        names: &["sum"],
        usage: "sum(expr)",
        summary: "Sum of the values.",
        takes: (1, 1),
        body: |call| sum(call, "sum", None),
        examples: &[("datatable(a:long)[1, 2] | summarize sum(a)", "3")],
    },
    Aggregate {
        names: &["sumif"],
        usage: "sumif(expr, predicate)",
        summary: "Sum of the values of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| sum(call, "sumif", Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 3] | summarize sumif(a, a > 1)", "5")],
    },
    Aggregate {
        names: &["avg"],
        usage: "avg(expr)",
        summary: "Mean of the values.",
        takes: (1, 1),
        body: |call| mean(call, "avg", None),
        examples: &[("datatable(a:long)[1, 2] | summarize avg(a)", "1.5")],
    },
    Aggregate {
        names: &["avgif"],
        usage: "avgif(expr, predicate)",
        summary: "Mean of the values of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| mean(call, "avgif", Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 4] | summarize avgif(a, a > 1)", "3")],
    },
    Aggregate {
        names: &["make_list", "makelist"],
        usage: "make_list(expr [, maxSize])",
        summary: "Array of the values, nulls left out; of dynamic values an array gives its elements, and nulls stay.",
        takes: (1, 2),
        body: |call| collect(call, "list", false, None),
        examples: &[
            ("datatable(a:long)[1, long(null), 1] | summarize make_list(a)", "[1,1]"),
            (
                "datatable(a:dynamic)[dynamic([1, 2]), dynamic(null), dynamic(3)] | summarize make_list(a)",
                "[1,2,null,3]",
            ),
        ],
    },
    Aggregate {
        names: &["make_list_with_nulls"],
        usage: "make_list_with_nulls(expr)",
        summary: "Array of the values, nulls kept.",
        takes: (1, 1),
        body: |call| {
            let argument = call.arguments[..1].to_vec();
            let gather = Arc::new(|lists: &[Vec<Value<'_>>]| {
                let items = lists.first().into_iter().flatten().flat_map(|value| match (value, value.to_json()) {
                    (Value::Dynamic(_), serde_json::Value::Array(elements)) => elements,
                    (_, other) => vec![other],
                });
                Value::json(&serde_json::Value::Array(items.collect()))
            });
            let plan = fold(gather, &argument, &[Accepts::Any], Type::Dynamic);
            Ok(vec![Produced::new(prefixed("list", call.argument(0)), plan, Type::Dynamic)])
        },
        examples: &[("datatable(a:long)[1, long(null)] | summarize make_list_with_nulls(a)", "[1,null]")],
    },
    Aggregate {
        names: &["make_list_if"],
        usage: "make_list_if(expr, predicate [, maxSize])",
        summary: "Array of the values of the rows for which the predicate is true.",
        takes: (2, 3),
        body: |call| collect(call, "list", false, Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 3] | summarize make_list_if(a, a > 1)", "[2,3]")],
    },
    Aggregate {
        names: &["make_set", "makeset"],
        usage: "make_set(expr [, maxSize])",
        summary: "Array of the distinct values in order of appearance.",
        takes: (1, 2),
        body: |call| collect(call, "set", true, None),
        examples: &[("datatable(a:long)[1, 2, 1] | summarize make_set(a)", "[1,2]")],
    },
    Aggregate {
        names: &["make_set_if"],
        usage: "make_set_if(expr, predicate [, maxSize])",
        summary: "Array of the distinct values of the rows for which the predicate is true.",
        takes: (2, 3),
        body: |call| collect(call, "set", true, Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 2] | summarize make_set_if(a, a > 1)", "[2]")],
    },
];

/// The predicate of an `…if` aggregate.
pub(super) fn predicate(call: &Call<'_, '_>, position: usize) -> Compiled<Scalar> {
    condition(call.arguments[position].clone(), call.span_of(position))
}

/// The values for which the predicate holds.
pub(super) fn only(value: &Scalar, predicate: &Option<Scalar>) -> polars::prelude::Expr {
    match predicate {
        Some(predicate) => value.expr.clone().filter(predicate.expr.clone().fill_null(lit(false))),
        None => value.expr.clone(),
    }
}

/// A number to add up: dynamic numbers are converted, times keep their type.
pub(super) fn addend(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let value = call.arguments[0].clone();
    match value.ty {
        Type::Dynamic => Ok(convert(value, Type::Real)),
        Type::Bool => Ok(convert(value, Type::Long)),
        ty if ty.is_number() || matches!(ty, Type::Timespan | Type::Datetime) => Ok(value),
        ty => Err(call
            .error(0, format!("`{}` needs numbers, found {ty}", call.name.text))
            .help("convert with tolong() or todouble()")),
    }
}

fn distinct(call: &Call<'_, '_>, prefix: &str, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let value = &call.arguments[0];
    let plan = only(value, &predicate).drop_nulls().n_unique().cast(DataType::Int64);
    Ok(vec![Produced::new(prefixed(prefix, Some(value)), plan, Type::Long)])
}

fn sum(call: &Call<'_, '_>, prefix: &str, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let value = addend(call)?;
    let name = prefixed(prefix, Some(&call.arguments[0]));
    if value.ty == Type::Decimal {
        let plan = decimals(&value, &predicate, |sum, _| Some(sum));
        return Ok(vec![Produced::new(name, plan, Type::Decimal)]);
    }
    let plan = only(&value, &predicate).sum();
    let ty = if value.ty == Type::Int { Type::Long } else { value.ty };
    Ok(vec![Produced::new(name, plan, ty)])
}

/// What becomes of the sum and the number of decimals; null where the sum is beyond their range.
fn decimals(value: &Scalar, predicate: &Option<Scalar>, finish: fn(Decimal, i64) -> Option<Decimal>) -> Aggregation {
    let gather = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let numbers: Vec<Decimal> = lists.first().into_iter().flatten().filter_map(Value::as_decimal).collect();
        let sum = numbers.iter().try_fold(Decimal::ZERO, |sum, number| sum.plus(*number));
        sum.and_then(|sum| finish(sum, numbers.len() as i64)).map_or(Value::Null, Value::Decimal)
    });
    let input = Scalar::computed(only(value, predicate), Type::Decimal);
    fold(gather, &[input], &[Accepts::Any], Type::Decimal)
}

fn mean(call: &Call<'_, '_>, prefix: &str, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let value = addend(call)?;
    let picked = only(&value, &predicate);
    let name = prefixed(prefix, Some(&call.arguments[0]));
    if value.ty == Type::Decimal {
        let plan = decimals(&value, &predicate, |sum, count| sum.over(count.into()));
        return Ok(vec![Produced::new(name, plan, Type::Decimal)]);
    }
    let (plan, ty) = match value.ty {
        // Ticks need more digits than a real has: the mean is that of the distances from the least.
        Type::Timespan | Type::Datetime => {
            let distances = (picked.clone() - picked.clone().min()).cast(DataType::Float64);
            (distances.mean().round(0, Default::default()).cast(DataType::Int64) + picked.min(), value.ty)
        }
        // The mean of nothing is NaN (summarize page, example).
        _ => (picked.cast(DataType::Float64).mean().fill_null(lit(f64::NAN)), Type::Real),
    };
    Ok(vec![Produced::new(name, plan, ty)])
}

fn collect(call: &Call<'_, '_>, prefix: &str, distinct: bool, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let limit_at = if predicate.is_some() { 2 } else { 1 };
    let limit = match call.argument(limit_at) {
        Some(_) => call
            .constant(limit_at, "size")?
            .as_i64()
            .map_or(MAX_ELEMENTS, |n| usize::try_from(n).unwrap_or(MAX_ELEMENTS)),
        None if matches!(call.name.text.as_str(), "makelist" | "makeset") => {
            let told = format!("`{}` keeps the first {MAX_ELEMENTS_ONCE} values", call.name.text);
            call.compiler.note(Diagnostic::note(told, call.name.span).help("make_list and make_set keep all"));
            MAX_ELEMENTS_ONCE
        }
        None => MAX_ELEMENTS,
    };
    let value = call.arguments[0].clone();
    // Of dynamic values an array gives its elements, and a list keeps what is null: so the service answers.
    let flatten = value.ty == Type::Dynamic;
    let nulls = flatten && !distinct;
    let gather = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let mut items = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        let mut texts: HashSet<&str> = HashSet::new();
        for value in lists.first().into_iter().flatten().filter(|value| nulls || !value.is_null()) {
            if items.len() >= limit {
                break;
            }
            // Repeated text, the usual case, costs no tree.
            if let (true, Value::String(text) | Value::Guid(text)) = (distinct, value)
                && !texts.insert(text)
            {
                continue;
            }
            let elements = match value.to_json() {
                serde_json::Value::Array(elements) if flatten => elements,
                other => vec![other],
            };
            for element in elements {
                if items.len() < limit && (!distinct || seen.insert(element.to_string())) {
                    items.push(element);
                }
            }
        }
        Value::json(&serde_json::Value::Array(items))
    });
    let mut input = Scalar::computed(only(&value, &predicate), value.ty);
    input.name = None;
    let plan = fold(gather, &[input], &[Accepts::Any], Type::Dynamic);
    Ok(vec![Produced::new(prefixed(prefix, Some(&value)), plan, Type::Dynamic)])
}
