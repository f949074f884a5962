//! `take`, `distinct`, `count`.

use polars::prelude::{DataType, UniqueKeepStrategy, by_name, len, lit};

use super::project;
use crate::error::Diagnostic;
use crate::kql::aggregates::aggregate;
use crate::kql::ast::{Assignment, Expr, ExprKind};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation, column};
use crate::table::Type;

/// `take n`: the first rows, so that the same evidence gives the same answer.
pub fn take(c: &Compiler<'_>, count: &Expr, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let rows = c.count(count, env)?;
    let frame = head(&input, rows)?;
    Ok(Relation { frame, ..input })
}

/// The first rows; of each group where there are groups.
pub fn head(input: &Relation, rows: u32) -> Compiled<polars::prelude::LazyFrame> {
    let frame = input.frame.clone();
    if input.groups.is_empty() {
        return Ok(frame.limit(rows));
    }
    let first = input.groups.first().map_or_else(|| lit(0), |name| column(name));
    let position = first.is_null().or(lit(true)).cast(DataType::Int64).cum_sum(false).over(input.group_keys());
    let position = position.map_err(|error| Diagnostic::plain(error.to_string()))?;
    let frame = frame.with_column(position.alias("#position")).filter(column("#position").lt_eq(lit(i64::from(rows))));
    Ok(frame.drop(by_name(["#position"], false, false)))
}

/// `distinct a, b` or `distinct *`.
pub fn distinct(c: &Compiler<'_>, columns: &[Assignment], input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let star = columns.iter().any(|column| matches!(column.expr.kind, ExprKind::Star));
    let relation = if star {
        let names: Vec<String> = input.columns.iter().filter(|col| !col.hidden).map(|col| col.name.clone()).collect();
        input.keep(&names)
    } else {
        let made = project::named(c, columns, &Scope::over(env, &input))?;
        let computed: Vec<_> = made
            .into_iter()
            .map(|(name, scalar)| (scalar.expr.clone(), project::carry(&input, name, &scalar)))
            .collect();
        input.with(computed)
    };
    Ok(unique(relation))
}

/// Rows without repetition, in order of appearance; lineage gathers the records of equal rows.
pub fn unique(relation: Relation) -> Relation {
    let keys: Vec<String> =
        relation.groups.iter().cloned().chain(relation.columns.iter().map(|col| col.name.clone())).collect();
    let frame = if relation.lineage.is_some() {
        let by = keys.iter().map(|name| column(name)).collect();
        aggregate(relation.frame.clone(), by, Vec::new(), relation.lineage.as_ref())
    } else {
        relation.frame.clone().unique_stable(Some(by_name(keys, true, false)), UniqueKeepStrategy::First)
    };
    Relation { frame, ..relation }
}

/// `count`: one row, one column.
pub fn count(c: &Compiler<'_>, name: &str, input: Relation) -> Compiled<Relation> {
    c.windowed();
    if input.columns.is_empty() && input.groups.is_empty() {
        return Err(Diagnostic::plain("there is nothing to count"));
    }
    let rows = vec![(name.to_owned(), len().cast(DataType::Int64).into())];
    let frame = aggregate(input.frame.clone(), input.group_keys(), rows, input.lineage.as_ref());
    Ok(Relation {
        frame,
        columns: vec![Col::new(name, Type::Long)],
        ordered: false,
        open: false,
        extensible: false,
        ..input
    })
}
