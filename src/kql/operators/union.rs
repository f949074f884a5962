//! `union`.

use polars::prelude::{Expr as Plan, UnionArgs, concat, lit};

use super::source;
use crate::error::{Diagnostic, Span};
use crate::kql::ast::{Expr, ExprKind, Name, Operator, OperatorKind, Pattern, Pipeline, Settings};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env};
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// `union [kind=…] [withsource=…] [isfuzzy=true] T1, T2, …`; an input is the first leg.
pub fn compile(
    c: &Compiler<'_>,
    settings: &Settings,
    tables: &[Pipeline],
    input: Option<Relation>,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let fuzzy = settings.flag("isfuzzy");
    let mut legs: Vec<(String, Relation)> = Vec::new();
    let mut left_out: Option<Diagnostic> = None;
    legs.extend(input.map(|relation| (relation.called.clone().unwrap_or_else(|| "union_arg0".to_owned()), relation)));
    for pipeline in expand(c, tables, env) {
        if fuzzy && let Some(name) = missing(c, &pipeline, env) {
            c.forgive(&name);
            c.note(Diagnostic::note(format!("`{name}` does not exist and is left out"), pipeline.span));
            continue;
        }
        let label = match pipeline.as_expr().map(|expr| &expr.kind) {
            // A name bound to rows stands for their expression; views and tables keep theirs.
            Some(ExprKind::Name(name)) if !matches!(env.find(name), Some(Binding::Table(_))) => name.clone(),
            _ => format!("union_arg{}", legs.len()),
        };
        let told = c.problems.borrow().len();
        match c.relation(&pipeline, env) {
            // What a leg cannot resolve costs a fuzzy union that leg, not the query.
            found if fuzzy && (found.is_err() || c.problems.borrow().len() > told) => {
                let mut problems = c.problems.borrow_mut().split_off(told);
                problems.extend(found.err());
                left_out = left_out.or_else(|| problems.first().cloned());
                for problem in problems {
                    let note = Diagnostic::note(format!("left out of the union: {}", problem.message), pipeline.span);
                    c.note(Diagnostic { span: problem.span, help: problem.help, ..note });
                }
            }
            found => {
                let found = found?;
                legs.push((found.called.clone().unwrap_or(label), found));
            }
        }
    }
    if let (true, Some(problem)) = (legs.is_empty(), left_out) {
        return Err(problem);
    }
    let source = match settings.get("withsource").map(|expr| &expr.kind) {
        Some(ExprKind::Name(name)) => Some(name.as_str()),
        _ => settings.word("withsource"),
    };
    merge(legs, source, settings.word("kind") == Some("inner"), span)
}

/// Wildcards as the tables they stand for; used by `search` and `find`, too.
pub fn expand(c: &Compiler<'_>, tables: &[Pipeline], env: &Env) -> Vec<Pipeline> {
    let mut expanded = Vec::new();
    for pipeline in tables {
        match pipeline.as_expr().map(|expr| &expr.kind) {
            Some(ExprKind::Wildcard(text)) => {
                let pattern = Pattern { text: text.clone(), span: pipeline.span };
                // Views bound with `let` come before the tables of the evidence.
                let mut names: Vec<String> = env
                    .names()
                    .into_iter()
                    .filter(|name| pattern.matches(name) && is_view(env, name))
                    .map(str::to_owned)
                    .collect();
                names.reverse();
                if names.is_empty() {
                    names = source::matching(c, &pattern);
                    names.retain(|name| env.sees(name));
                } else if pattern.text == "*" {
                    names.extend(source::loaded(c, &pattern).into_iter().filter(|name| env.sees(name)));
                }
                for name in names {
                    let expr = Expr { kind: ExprKind::Name(name), span: pipeline.span };
                    let operator = Operator { kind: OperatorKind::Source(expr), span: pipeline.span };
                    expanded.push(Pipeline { operators: vec![operator], span: pipeline.span });
                }
            }
            _ => expanded.push(pipeline.clone()),
        }
    }
    expanded
}

/// Whether a wildcard stands for this name, too: it is a function declared as a view.
fn is_view(env: &Env, name: &str) -> bool {
    matches!(env.find(name), Some(Binding::Function(lambda, _)) if lambda.view && lambda.parameters.is_empty())
}

/// The table that a leg begins with, when there is none of that name.
fn missing(c: &Compiler<'_>, pipeline: &Pipeline, env: &Env) -> Option<String> {
    let OperatorKind::Source(expr) = &pipeline.operators.first()?.kind else { return None };
    match &expr.kind {
        ExprKind::Name(name) => {
            let unknown = env.find(name).is_none() && !source::is_table(c, name);
            (unknown || c.has_failed(name)).then(|| name.clone())
        }
        ExprKind::Call(Name { text, .. }, arguments) => {
            let unknown = !matches!(env.find(text), Some(Binding::Function(..))) && !source::is_table_function(text);
            let table = arguments.first().filter(|_| text == "table").and_then(|argument| match &argument.value.kind {
                ExprKind::Literal(value, _) => Some(value.to_text().into_owned()),
                _ => None,
            });
            match table {
                Some(name) => (!source::is_table(c, &name)).then_some(name),
                None => unknown.then(|| text.clone()),
            }
        }
        ExprKind::Pipeline(inner) => missing(c, inner, env),
        _ => None,
    }
}

/// Rows of all legs. A name that holds several types becomes one column a type: `X_string`, `X_dynamic`.
pub fn merge(legs: Vec<(String, Relation)>, withsource: Option<&str>, inner: bool, span: Span) -> Compiled<Relation> {
    let Some((_, first)) = legs.first() else {
        return Err(Diagnostic::error("none of the tables of this union exists", span));
    };
    if legs.iter().any(|(_, leg)| leg.groups != first.groups) {
        return Err(Diagnostic::error("a union inside mv-apply or partition must stay within it", span));
    }
    // Columns by first appearance: name and type.
    let mut order: Vec<(String, Vec<Col>)> = Vec::new();
    for (_, leg) in &legs {
        for col in &leg.columns {
            match order.iter_mut().find(|(name, _)| *name == col.name) {
                Some((_, types)) => {
                    if !types.iter().any(|known| known.ty == col.ty) {
                        types.push(col.clone());
                    }
                }
                None => order.push((col.name.clone(), vec![col.clone()])),
            }
        }
    }
    if inner {
        order.retain(|(name, types)| types.len() == 1 && legs.iter().all(|(_, leg)| leg.find(name).is_some()));
    }
    let mut result: Vec<(String, Col)> = Vec::new();
    for (name, types) in &order {
        if let [only] = types.as_slice() {
            let shared = legs.iter().all(|(_, leg)| leg.find(name).is_none_or(|col| col.table == only.table));
            let table = only.table.clone().filter(|_| shared);
            result.push((name.clone(), Col { table, ..only.clone() }));
            continue;
        }
        for col in types {
            let split = format!("{name}_{}", col.ty);
            let taken =
                |n: &str| order.iter().any(|(known, _)| known == n) || result.iter().any(|(_, known)| known.name == n);
            result.push((name.clone(), Col { name: fresh(&split, taken), hidden: col.hidden, ..Col::new("", col.ty) }));
        }
    }
    let groups = first.groups.clone();
    let lineage = first.lineage.clone().filter(|_| legs.iter().all(|(_, leg)| leg.lineage.is_some()));
    let open = legs.iter().any(|(_, leg)| leg.open);
    let extensible = legs.iter().any(|(_, leg)| leg.extensible);
    let mut frames = Vec::new();
    let mut columns: Vec<Col> = Vec::new();
    for (label, leg) in legs {
        let mut computed: Vec<(Plan, Col)> = Vec::new();
        if let Some(name) = withsource {
            computed.push((lit(label), Col::new(name, Type::String)));
        }
        for (name, col) in &result {
            let own = leg.find(name).filter(|own| own.ty == col.ty);
            let plan = own.map_or_else(|| Scalar::null(col.ty).expr, |own| column(&own.name));
            computed.push((plan, col.clone()));
        }
        let leg = Relation { lineage: lineage.clone(), ..leg }.with(computed);
        columns = leg.columns;
        frames.push(leg.frame);
    }
    let frame = concat(frames, UnionArgs { rechunk: false, parallel: true, ..Default::default() });
    let frame =
        frame.map_err(|error| Diagnostic::error(format!("the tables cannot be put together: {error}"), span))?;
    Ok(Relation { frame, columns, ordered: false, groups, lineage, open, extensible, called: None })
}
