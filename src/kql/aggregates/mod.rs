//! The aggregates of `summarize`, `make-series` and friends, each declared once like the scalar functions.

use std::collections::HashMap;
use std::sync::LazyLock;

use polars::prelude::when;

use super::ast::{Argument, ExprKind, Name};
use super::compiler::{Call, Compiled, Compiler, Scope};
use super::relation::column;
use super::scalar::Scalar;
use crate::error::{Diagnostic, Span};
use crate::table::Type;

mod basic;
mod extremes;
mod fold;
mod gather;
mod percentiles;
mod sketches;
mod statistics;

pub use fold::{Aggregation, aggregate, fold, within};
pub(in crate::kql) use percentiles::rank;

/// Every family of aggregates. A new family is one file and one line here.
const FAMILIES: &[&[Aggregate]] = &[
    basic::AGGREGATES,
    extremes::AGGREGATES,
    statistics::AGGREGATES,
    percentiles::AGGREGATES,
    gather::AGGREGATES,
    sketches::AGGREGATES,
];

/// An aggregate function.
pub struct Aggregate {
    /// Name; aliases after it.
    pub names: &'static [&'static str],
    /// How it is called.
    pub usage: &'static str,
    /// What it gives, in one sentence.
    pub summary: &'static str,
    /// Fewest and most arguments.
    pub takes: (usize, usize),
    /// What it does.
    pub body: fn(&Call<'_, '_>) -> Compiled<Vec<Produced>>,
    /// Queries and the first row of their answer; they run as tests.
    pub examples: &'static [(&'static str, &'static str)],
}

/// One column that an aggregate gives.
pub struct Produced {
    /// Name of the column when it got none.
    pub name: String,
    /// Aggregation over the rows of a group.
    pub plan: Aggregation,
    /// Kusto type.
    pub ty: Type,
}

impl Produced {
    /// A column.
    pub fn new(name: impl Into<String>, plan: impl Into<Aggregation>, ty: Type) -> Produced {
        Produced { name: name.into(), plan: plan.into(), ty }
    }
}

/// `prefix_argument`, as unnamed aggregates are named; an argument without a name leaves the prefix.
pub fn prefixed(prefix: &str, argument: Option<&Scalar>) -> String {
    format!("{prefix}_{}", argument.and_then(|a| a.name.as_deref()).unwrap_or(""))
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Aggregate>> =
    LazyLock::new(|| all().flat_map(|aggregate| aggregate.names.iter().map(move |name| (*name, aggregate))).collect());

/// Every aggregate, family by family.
pub fn all() -> impl Iterator<Item = &'static Aggregate> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// An aggregate by name or alias.
pub fn find(name: &str) -> Option<&'static Aggregate> {
    BY_NAME.get(name).copied()
}

/// Compiles a call where aggregates are allowed: its plan is put aside and a reference to its column returned.
pub fn compile(
    compiler: &Compiler<'_>,
    aggregate: &Aggregate,
    name: &Name,
    arguments: &[Argument],
    span: Span,
    scope: &Scope<'_>,
) -> Compiled<Scalar> {
    let (least, most) = aggregate.takes;
    if arguments.len() < least || arguments.len() > most {
        let problem = Diagnostic::error(format!("`{}` does not take {} arguments", name.text, arguments.len()), span);
        return Err(problem.help(format!("usage: {}", aggregate.usage)));
    }
    let inner = Scope { aggregates: None, ..scope.clone() };
    let values = arguments.iter().map(|argument| match argument.value.kind {
        ExprKind::Star => Ok(Scalar::null(Type::Dynamic)),
        _ => compiler.scalar(&argument.value, &inner),
    });
    let mut values = values.collect::<Compiled<Vec<Scalar>>>()?;
    // A constant is there once for every row: `sum(1)` counts, `countif(true)` too.
    if let Some(col) = scope.input.and_then(|input| input.columns.first()) {
        for value in values.iter_mut().filter(|value| value.constant.is_some()) {
            let every = when(column(&col.name).is_null()).then(value.expr.clone()).otherwise(value.expr.clone());
            value.expr = every;
        }
        if let Some(first) = values.first_mut() {
            first.constant = None;
        }
    }
    let call = Call { compiler, scope: &inner, name, arguments: values, written: arguments, span };
    let produced = (aggregate.body)(&call)?;
    let Some(collected) = scope.aggregates else {
        return Err(Diagnostic::error(format!("`{}` is an aggregate", name.text), span).help("use it in summarize"));
    };
    let mut parts = Vec::new();
    for produced in produced {
        let hidden = compiler.hidden("agg");
        collected.borrow_mut().push((hidden.clone(), produced.plan));
        parts.push((produced.name.clone(), Scalar::column(&hidden, produced.ty).named(Some(produced.name))));
    }
    let Some((_, first)) = parts.first().cloned() else {
        return Err(Diagnostic::error(format!("`{}` gives no column here", name.text), span));
    };
    if parts.len() == 1 {
        return Ok(first);
    }
    Ok(Scalar { parts, ..first })
}

/// Every column of the input, for `arg_max(x, *)`.
pub fn columns_of(scope: &Scope<'_>) -> Vec<(String, Type)> {
    let input = scope.input.into_iter().flat_map(|input| &input.columns);
    input.filter(|col| !col.hidden).map(|col| (col.name.clone(), col.ty)).collect()
}
