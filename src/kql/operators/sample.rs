//! `sample`, `sample-distinct`, `top-hitters`: a few rows or values out of many.
//!
//! Kusto picks at random or approximates; here the same evidence gives the same answer.

use std::sync::Arc;

use super::{pick, sort, summarize};
use crate::kql::ast::{Argument, Assignment, Expr, ExprKind, Name, SortKey};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::Relation;
use crate::kql::sequence::{Made, Remake, remake};

/// `sample n`: rows spread evenly over the input, in its order.
pub fn sample(c: &Compiler<'_>, count: &Expr, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let wanted = c.count(count, env)? as usize;
    let kept: Vec<String> = input.columns.iter().map(|col| col.name.clone()).collect();
    let ordered = input.ordered;
    let kernel: Remake = Arc::new(move |_, rows| {
        let taken = wanted.min(rows);
        let at = |i: usize| (i as u128 * rows as u128 / taken.max(1) as u128) as usize;
        Ok((0..taken).map(|i| Made { source: Some(at(i)), ..Made::default() }).collect())
    });
    Ok(Relation { ordered, ..remake(input, &[], &kept, Vec::new(), kernel) })
}

/// `sample-distinct n of column`: the first distinct values.
pub fn distinct(c: &Compiler<'_>, count: &Expr, of: &Expr, input: Relation, env: &Env) -> Compiled<Relation> {
    let values = pick::distinct(c, &[of.clone().into()], input, env)?;
    pick::take(c, count, values, env)
}

/// `top-hitters n of x by y`: the most frequent values, or those with the greatest sum; exact here.
pub fn top_hitters(
    c: &Compiler<'_>,
    count: &Expr,
    of: &Expr,
    by: Option<&Expr>,
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    let span = of.span;
    let named = |expr: &Expr| -> Compiled<String> {
        Ok(c.scalar(expr, &Scope::over(env, &input))?.name.filter(|name| !name.is_empty()).unwrap_or_default())
    };
    let (function, arguments, name) = match by {
        Some(by) => {
            let arguments = vec![Argument { name: None, value: by.clone() }];
            ("sum", arguments, format!("approximate_sum_{}", named(by)?))
        }
        None => ("count", Vec::new(), format!("approximate_count_{}", named(of)?)),
    };
    let call = ExprKind::Call(Name { text: function.to_owned(), span }, arguments);
    let weight = Name { text: name.clone(), span };
    let aggregate = Assignment { names: vec![weight], tuple: false, expr: Expr { kind: call, span } };
    let key = Assignment { names: Vec::new(), tuple: false, expr: of.clone() };
    let grouped = summarize::compile(c, &[aggregate], &[key], input, env)?;
    let expr = Expr { kind: ExprKind::Name(name), span };
    sort::top(c, count, &[SortKey { expr, ascending: false, nulls_first: false }], grouped, env)
}
