//! `partition`, `facet`, `fork`: subqueries over parts of the input.

use super::pick;
use crate::error::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, Operator, OperatorKind, Pipeline};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env, Scope};
use crate::kql::context::Answer;
use crate::kql::relation::Relation;
use crate::kql::scalar::Scalar;

/// The legacy form, whose subquery names its own source, takes at most so many keys.
const MAX_KEYS: usize = 64;

/// `partition by key (subquery)`: the subquery runs once for each value of the key.
pub fn partition(c: &Compiler<'_>, by: &Expr, with: &Pipeline, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let key = c.scalar(by, &Scope::over(env, &input))?;
    if with.operators.first().is_some_and(|operator| begins_anew(&operator.kind)) {
        return by_value(c, by, with, input, env);
    }
    let names_part = |operator: &Operator| matches!(operator.kind, OperatorKind::As(_));
    if input.groups.is_empty() && with.operators.iter().any(names_part) {
        return by_part(c, by, key, with, input, env);
    }
    let hidden = c.hidden("partition");
    let outer = input.groups.clone();
    let mut groups = outer.clone();
    groups.push(hidden.clone());
    let frame = input.frame.clone().with_column(key.expr.alias(hidden.as_str()));
    let split = Relation { frame, groups, ..input };
    let result = c.fold(Some(split), &with.operators, env)?;
    let names: Vec<String> = result.columns.iter().map(|col| col.name.clone()).collect();
    Ok(Relation { groups: outer, ordered: false, ..result }.keep(&names))
}

/// `partition by key (as Part | …)`: the subquery may read its part again, as in `toscalar(Part | …)`, and so is
/// compiled for each part.
fn by_part(
    c: &Compiler<'_>,
    by: &Expr,
    key: Scalar,
    with: &Pipeline,
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    let mut legs = Vec::new();
    for value in keys(c, by, input.clone(), env)? {
        let same = key.expr.clone().eq_missing(value.expr);
        let part = Relation { frame: input.frame.clone().filter(same), ..input.clone() };
        legs.push((String::new(), c.fold(Some(part), &with.operators, env)?));
    }
    if legs.is_empty() {
        return c.fold(Some(input), &with.operators, env);
    }
    super::union::merge(legs, None, false, with.span)
}

/// `partition by key { Source | … }`: the subquery sees the key's value under the column's name.
fn by_value(c: &Compiler<'_>, by: &Expr, with: &Pipeline, input: Relation, env: &Env) -> Compiled<Relation> {
    let ExprKind::Name(name) = &by.kind else {
        return Err(Diagnostic::error("the key of this form is a column", by.span));
    };
    let mut legs = Vec::new();
    for value in keys(c, by, input, env)? {
        let env = env.bind(name.as_str(), Binding::Scalar(Box::new(value)));
        legs.push((String::new(), c.relation(with, &env)?));
    }
    super::union::merge(legs, None, false, with.span)
}

/// The values of the key, at once.
fn keys(c: &Compiler<'_>, by: &Expr, input: Relation, env: &Env) -> Compiled<Vec<Scalar>> {
    let values = pick::distinct(c, &[by.clone().into()], input, env)?;
    let ty = values.columns.first().map_or(crate::table::Type::Dynamic, |col| col.ty);
    let frame = c.collect(&values, by.span)?;
    let keys = Answer { columns: vec![(String::new(), ty)], frame, origins: Vec::new(), notes: Vec::new() };
    if keys.rows() > MAX_KEYS {
        let problem = Diagnostic::error(format!("{} keys, but at most {MAX_KEYS} here", keys.rows()), by.span);
        return Err(problem.help("use the form `partition by key ( … )` without `as` and a source of its own"));
    }
    Ok((0..keys.rows()).map(|row| Scalar::literal(keys.cell(row, 0).into_owned(), ty)).collect())
}

/// `facet by a, b` and `fork (…) (…)` where one table is wanted: that of the first leg. At the end of a query each
/// leg is a query of its own ([`crate::kql::parts`]).
pub fn first(
    c: &Compiler<'_>,
    word: &str,
    legs: &[(Option<Name>, Pipeline)],
    input: Relation,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let Some(((_, first), others)) = legs.split_first() else {
        return Err(Diagnostic::error(format!("{word} needs something to do"), span));
    };
    if !others.is_empty() {
        let note = Diagnostic::note(format!("{word} gives several tables; here only the first counts"), span);
        c.note(note.help("write the others as queries of their own, or end a query of `entrail query` with it"));
        // Their mistakes are told all the same.
        for (_, leg) in others {
            if let Err(problem) = c.fold(Some(input.clone()), &leg.operators, env) {
                c.report(problem);
            }
        }
    }
    c.fold(Some(input), &first.operators, env)
}

/// Whether an operator names rows of its own.
fn begins_anew(kind: &OperatorKind) -> bool {
    use OperatorKind::{Datatable, Externaldata, Find, Print, Range, Source};
    matches!(kind, Source(_) | Datatable { .. } | Externaldata { .. } | Find { .. } | Print(_) | Range { .. })
}
