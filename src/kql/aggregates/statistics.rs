//! Spread: standard deviation, variance, covariance. Of fewer than two values they are 0.

use std::sync::Arc;

use polars::prelude::{DataType, lit};

use super::basic::{addend, only, predicate};
use super::{Aggregate, Produced, fold, prefixed};
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// What is divided by: one less than the count for a sample, the count for a population.
const SAMPLE: u8 = 1;
const POPULATION: u8 = 0;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["stdev"],
        usage: "stdev(expr)",
        summary: "Standard deviation of a sample.",
        takes: (1, 1),
        body: |call| spread(call, "stdev", SAMPLE, true, false),
        examples: &[("range x from 1 to 5 step 1 | summarize round(stdev(x), 6)", "1.581139")],
    },
    Aggregate {
        names: &["stdevif"],
        usage: "stdevif(expr, predicate)",
        summary: "Standard deviation of a sample, of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| spread(call, "stdevif", SAMPLE, true, true),
        examples: &[("range x from 1 to 5 step 1 | summarize stdevif(x, x % 2 == 1)", "2")],
    },
    Aggregate {
        names: &["stdevp"],
        usage: "stdevp(expr)",
        summary: "Standard deviation of a population.",
        takes: (1, 1),
        body: |call| spread(call, "stdevp", POPULATION, true, false),
        examples: &[("datatable(x:long)[2, 4, 4, 4, 5, 5, 7, 9] | summarize stdevp(x)", "2")],
    },
    Aggregate {
        names: &["stdevpif"],
        usage: "stdevpif(expr, predicate)",
        summary: "Standard deviation of a population, of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| spread(call, "stdevpif", POPULATION, true, true),
        examples: &[("datatable(x:long)[1, 3, 50] | summarize stdevpif(x, x < 10)", "1")],
    },
    Aggregate {
        names: &["variance"],
        usage: "variance(expr)",
        summary: "Variance of a sample.",
        takes: (1, 1),
        body: |call| spread(call, "variance", SAMPLE, false, false),
        examples: &[("range x from 1 to 5 step 1 | summarize variance(x)", "2.5")],
    },
    Aggregate {
        names: &["varianceif"],
        usage: "varianceif(expr, predicate)",
        summary: "Variance of a sample, of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| spread(call, "varianceif", SAMPLE, false, true),
        examples: &[("range x from 1 to 5 step 1 | summarize varianceif(x, x % 2 == 1)", "4")],
    },
    Aggregate {
        names: &["variancep"],
        usage: "variancep(expr)",
        summary: "Variance of a population.",
        takes: (1, 1),
        body: |call| spread(call, "variancep", POPULATION, false, false),
        examples: &[("range x from 1 to 5 step 1 | summarize variancep(x)", "2")],
    },
    Aggregate {
        names: &["variancepif"],
        usage: "variancepif(expr, predicate)",
        summary: "Variance of a population, of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| spread(call, "variancepif", POPULATION, false, true),
        examples: &[("datatable(x:long)[1, 3, 50] | summarize variancepif(x, x < 10)", "1")],
    },
    Aggregate {
        names: &["covariance"],
        usage: "covariance(x, y)",
        summary: "Covariance of a sample.",
        takes: (2, 2),
        body: |call| covariance(call, "covariance", SAMPLE, false),
        examples: &[("datatable(x:long, y:long)[1, 2, 2, 4, 3, 6] | summarize covariance(x, y)", "2")],
    },
    Aggregate {
        names: &["covarianceif"],
        usage: "covarianceif(x, y, predicate)",
        summary: "Covariance of a sample, of the rows for which the predicate is true.",
        takes: (3, 3),
        body: |call| covariance(call, "covarianceif", SAMPLE, true),
        examples: &[("datatable(x:long, y:long)[1, 2, 2, 4, 3, 6, 9, 0] | summarize covarianceif(x, y, x < 9)", "2")],
    },
    Aggregate {
        names: &["covariancep"],
        usage: "covariancep(x, y)",
        summary: "Covariance of a population.",
        takes: (2, 2),
        body: |call| covariance(call, "covariancep", POPULATION, false),
        examples: &[("datatable(x:long, y:long)[1, 2, 3, 6] | summarize covariancep(x, y)", "2")],
    },
    Aggregate {
        names: &["covariancepif"],
        usage: "covariancepif(x, y, predicate)",
        summary: "Covariance of a population, of the rows for which the predicate is true.",
        takes: (3, 3),
        body: |call| covariance(call, "covariancepif", POPULATION, true),
        examples: &[("datatable(x:long, y:long)[1, 2, 3, 6, 9, 0] | summarize covariancepif(x, y, x < 9)", "2")],
    },
];

fn spread(call: &Call<'_, '_>, prefix: &str, ddof: u8, root: bool, conditional: bool) -> Compiled<Vec<Produced>> {
    let value = match addend(call)? {
        decimal if decimal.ty == Type::Decimal => convert(decimal, Type::Real),
        value => value,
    };
    let predicate = if conditional { Some(predicate(call, 1)?) } else { None };
    let numbers = only(&value, &predicate).cast(DataType::Float64);
    let plan = if root { numbers.std(ddof) } else { numbers.var(ddof) };
    let name = prefixed(prefix, call.argument(0));
    // Of nothing, the spread of a sample is documented as 0; that of a population is null like most aggregates.
    let plan = if ddof == POPULATION { plan } else { plan.fill_null(lit(0.0)) };
    Ok(vec![Produced::new(name, plan, Type::Real)])
}

fn covariance(call: &Call<'_, '_>, prefix: &str, ddof: u8, conditional: bool) -> Compiled<Vec<Produced>> {
    let predicate = if conditional { Some(predicate(call, 2)?) } else { None };
    let of = |position: usize| {
        let value = &call.arguments[position];
        Scalar::computed(only(value, &predicate), value.ty)
    };
    let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let [xs, ys] = lists else { return Value::Null };
        let pairs: Vec<(f64, f64)> = xs.iter().zip(ys).filter_map(|(x, y)| Some((x.as_f64()?, y.as_f64()?))).collect();
        let count = pairs.len() as f64;
        if pairs.is_empty() {
            return Value::Null;
        }
        if pairs.len() <= usize::from(ddof) {
            return Value::Real(0.0);
        }
        let mean_x = pairs.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = pairs.iter().map(|(_, y)| y).sum::<f64>() / count;
        let product: f64 = pairs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        Value::Real(product / (count - f64::from(ddof)))
    });
    let plan = fold(kernel, &[of(0), of(1)], &[Accepts::Real], Type::Real);
    let second = call.argument(1).and_then(|second| second.name.as_deref()).unwrap_or("");
    Ok(vec![Produced::new(format!("{}_{second}", prefixed(prefix, call.argument(0))), plan, Type::Real)])
}
