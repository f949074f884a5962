//! Percentiles by nearest rank: the least value that at least so many percent of the values do not exceed. Exact here.

use std::sync::Arc;

use polars::prelude::{DataType, Expr as Plan, lit, when};
use serde_json::Value as Json;

use super::{Aggregate, Produced, fold};
use crate::kql::compare::{self, convert};
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::kql::{Value, real};
use crate::table::Type;

/// What a product of percent and count may lie above the whole number that it stands for.
const ROUNDING: f64 = 1e-9;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["percentile"],
        usage: "percentile(expr, percentile)",
        summary: "The value at this percentile.",
        takes: (2, 2),
        body: plain,
        examples: &[("range x from 1 to 10 step 1 | summarize percentile(x, 50)", "5")],
    },
    Aggregate {
        names: &["percentiles"],
        usage: "percentiles(expr, percentile [, …])",
        summary: "The values at these percentiles, one column for each.",
        takes: (2, usize::MAX),
        body: plain,
        examples: &[("range x from 1 to 1000 step 1 | summarize percentiles(x, 5, 99.9)", "50\t999")],
    },
    Aggregate {
        names: &["percentilew"],
        usage: "percentilew(expr, weight, percentile)",
        summary: "The value at this percentile, each value counted as often as its weight says.",
        takes: (3, 3),
        body: weighted,
        examples: &[("datatable(x:long, w:long)[10, 8, 20, 6, 30, 3] | summarize percentilew(x, w, 50)", "20")],
    },
    Aggregate {
        names: &["percentilesw"],
        usage: "percentilesw(expr, weight, percentile [, …])",
        summary: "The values at these percentiles, each value counted as often as its weight says.",
        takes: (3, usize::MAX),
        body: weighted,
        examples: &[(
            "datatable(x:long, w:long)[10, 8, 20, 6, 30, 3] | summarize percentilesw(x, w, 40, 90)",
            "10\t30",
        )],
    },
    Aggregate {
        names: &["percentiles_array"],
        usage: "percentiles_array(expr, percentile [, …]) or (expr, array)",
        summary: "The values at these percentiles in one array.",
        takes: (2, usize::MAX),
        body: |call| gathered(call, 1),
        examples: &[("range x from 1 to 10 step 1 | summarize percentiles_array(x, 10, 50)", "[1,5]")],
    },
    Aggregate {
        names: &["percentilesw_array"],
        usage: "percentilesw_array(expr, weight, percentile [, …]) or (expr, weight, array)",
        summary: "The values at these percentiles in one array, each value counted as often as its weight says.",
        takes: (3, usize::MAX),
        body: |call| gathered(call, 2),
        examples: &[(
            "datatable(x:long, w:long)[10, 8, 20, 6] | summarize percentilesw_array(x, w, dynamic([50, 90]))",
            "[10,20]",
        )],
    },
];

/// The constant percentiles from an argument on; one array may hold them all.
fn wanted(call: &Call<'_, '_>, from: usize) -> Compiled<Vec<f64>> {
    let mut wanted = Vec::new();
    for position in from..call.arguments.len() {
        let given = call.constant(position, "percentile")?;
        let items = match given {
            Value::Dynamic(json) => serde_json::from_str::<Vec<Json>>(json).unwrap_or_default(),
            other => vec![other.to_json()],
        };
        for item in items {
            match item.as_f64().filter(|percent| (0.0..=100.0).contains(percent)) {
                Some(percent) => wanted.push(percent),
                None => {
                    return Err(call
                        .error(position, format!("`{item}` is no percentile"))
                        .help("use numbers from 0 to 100"));
                }
            }
        }
    }
    if wanted.is_empty() {
        return Err(call.error(from, "no percentile is given"));
    }
    Ok(wanted)
}

/// `percentile_x_99_9`.
fn name(call: &Call<'_, '_>, percent: f64) -> String {
    let value = call.argument(0).and_then(|value| value.name.as_deref()).unwrap_or("");
    format!("percentile_{value}_{}", real(percent).replace(['.', '-'], "_"))
}

/// The value with an order, and the type of its percentiles.
fn ordered(call: &Call<'_, '_>) -> Scalar {
    let value = call.arguments[0].clone();
    match value.ty {
        Type::Dynamic | Type::Decimal => convert(value, Type::Real),
        Type::Int => Scalar { ty: Type::Long, ..value },
        _ => value,
    }
}

fn plain(call: &Call<'_, '_>) -> Compiled<Vec<Produced>> {
    let value = ordered(call);
    let columns = wanted(call, 1)?.into_iter().map(|percent| {
        let plan = at(value.expr.clone().drop_nulls(), percent);
        let plan = if value.ty == Type::String { plan.fill_null(lit("")) } else { plan };
        Produced::new(name(call, percent), plan, value.ty)
    });
    Ok(columns.collect())
}

fn at(values: Plan, percent: f64) -> Plan {
    let rank = (values.clone().len().cast(DataType::Float64) * lit(percent / 100.0) - lit(ROUNDING)).ceil();
    let index = rank.cast(DataType::Int64) - lit(1_i64);
    let index = when(index.clone().lt(lit(0_i64))).then(lit(0_i64)).otherwise(index);
    values.sort(Default::default()).get(index, true)
}

fn weighted(call: &Call<'_, '_>) -> Compiled<Vec<Produced>> {
    let value = ordered(call);
    let columns = wanted(call, 2)?.into_iter().map(|percent| {
        let inputs = [value.clone(), call.arguments[1].clone()];
        let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
            rank(&sorted(lists), percent).map_or(Value::Null, |value| value.clone().into_owned())
        });
        let plan = fold(kernel, &inputs, &[Accepts::Any, Accepts::Long], value.ty);
        Produced::new(name(call, percent), plan, value.ty)
    });
    Ok(columns.collect())
}

fn gathered(call: &Call<'_, '_>, from: usize) -> Compiled<Vec<Produced>> {
    let wanted = wanted(call, from)?;
    let mut inputs = vec![ordered(call)];
    if from > 1 {
        inputs.push(call.arguments[1].clone());
    }
    let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let values = sorted(lists);
        if values.is_empty() {
            return Value::Null;
        }
        let found = wanted.iter().map(|percent| rank(&values, *percent).map_or(Json::Null, Value::to_json));
        Value::json(&Json::Array(found.collect()))
    });
    let plan = fold(kernel, &inputs, &[Accepts::Any, Accepts::Long], Type::Dynamic);
    let value = call.argument(0).and_then(|value| value.name.as_deref()).unwrap_or("");
    Ok(vec![Produced::new(format!("percentiles_{value}"), plan, Type::Dynamic)])
}

/// Values with their weights in order; without a second list each weighs 1.
fn sorted<'v, 'a>(lists: &'v [Vec<Value<'a>>]) -> Vec<(&'v Value<'a>, f64)> {
    let weights = lists.get(1);
    let weigh = |row: usize| weights.map_or(Some(1.0), |weights| weights.get(row).and_then(Value::as_f64));
    let values = lists.first().into_iter().flatten().enumerate();
    let mut values: Vec<_> = values
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(row, value)| Some((value, weigh(row).filter(|weight| *weight > 0.0)?)))
        .collect();
    values.sort_by(|(a, _), (b, _)| compare::order(a, b).unwrap_or(std::cmp::Ordering::Equal));
    values
}

/// The value at which the weights reach the percentile.
pub(in crate::kql) fn rank<T: Copy>(values: &[(T, f64)], percent: f64) -> Option<T> {
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let wanted = total * percent / 100.0 - ROUNDING;
    let mut reached = 0.0;
    let found = values.iter().find(|(_, weight)| {
        reached += weight;
        reached >= wanted
    });
    found.or(values.last()).map(|(value, _)| *value)
}
