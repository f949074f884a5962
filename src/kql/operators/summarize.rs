//! `summarize`.

use polars::prelude::Expr as Plan;

use super::assign::spread;
use super::pick::unique;
use super::project;
use crate::error::Diagnostic;
use crate::kql::aggregates;
use crate::kql::ast::Assignment;
use crate::kql::compiler::{Aggregates, Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// Groups by the keys and aggregates each group. The keys come first, in order of appearance of their values.
///
/// Without rows and without keys there is one row of defaults; with keys none.
pub fn compile(
    c: &Compiler<'_>,
    aggregates: &[Assignment],
    by: &[Assignment],
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    c.windowed();
    let keys = project::named(c, by, &Scope::over(env, &input))?;
    for (assignment, (name, key)) in by.iter().zip(&keys) {
        if key.ty == Type::Dynamic && key.constant.is_none() {
            let note = Diagnostic::note(format!("`{name}` is dynamic; its JSON text is the key"), assignment.expr.span);
            c.note(note.help("Kusto refuses this: use tostring(…)"));
        }
    }
    if aggregates.is_empty() {
        let computed: Vec<_> = keys
            .into_iter()
            .map(|(name, scalar)| (scalar.expr.clone(), project::carry(&input, name, &scalar)))
            .collect();
        return Ok(unique(input.with(computed)));
    }
    let collected = Aggregates::default();
    let scope = Scope { aggregates: Some(&collected), ..Scope::over(env, &input) };
    let mut results: Vec<(String, Scalar)> = Vec::new();
    let mut unnamed = keys.iter().filter(|(name, _)| name.starts_with("Column")).count();
    for assignment in aggregates {
        let scalar = c.scalar_or_null(&assignment.expr, &scope);
        let plain = scalar.name.as_ref().is_some_and(|name| !name.is_empty());
        let default = (!plain).then(|| {
            unnamed += 1;
            format!("Column{unnamed}")
        });
        for (position, (name, scalar)) in spread(&renamed(assignment), scalar, default).into_iter().enumerate() {
            let taken = |n: &str| keys.iter().any(|(key, _)| key == n) || results.iter().any(|(known, _)| known == n);
            // `arg_max(x, *) by y` repeats no key.
            let repeated_key = position >= assignment.names.len()
                && scalar.constant.is_none()
                && keys.iter().any(|(key, _)| *key == name);
            if repeated_key && aggregates_whole_row(assignment) {
                continue;
            }
            results.push((fresh(&name, taken), scalar));
        }
    }
    let carried: Vec<Plan> = input.group_keys();
    let hidden: Vec<String> = (0..keys.len()).map(|i| format!("#k{i}")).collect();
    let prepared = keys.iter().zip(&hidden).map(|((_, key), name)| key.expr.clone().alias(name.as_str()));
    let mut made = collected.into_inner();
    if made.is_empty() {
        // `summarize x = 1`: a constant for each group still needs the groups.
        made.push(("#len".to_owned(), polars::prelude::len().into()));
    }
    let frame = input.frame.clone().with_columns(prepared.collect::<Vec<_>>());
    let group_by: Vec<Plan> = carried.into_iter().chain(hidden.iter().map(|name| column(name))).collect();
    let frame = aggregates::aggregate(frame, group_by, made, input.lineage.as_ref());
    let mut computed: Vec<(Plan, Col)> = Vec::new();
    for ((name, key), hidden) in keys.iter().zip(&hidden) {
        computed.push((column(hidden), project::carry(&input, name.clone(), key)));
    }
    computed.extend(results.into_iter().map(|(name, scalar)| (scalar.expr, Col::new(name, scalar.ty))));
    let grouped = Relation { frame, ordered: false, open: false, extensible: false, columns: Vec::new(), ..input };
    Ok(grouped.with(computed))
}

/// `n = arg_max(x, *)` renames the first column and keeps the others, unlike `n = f(x)` of a scalar function.
fn renamed(assignment: &Assignment) -> Assignment {
    use crate::kql::ast::ExprKind;
    let aggregate = matches!(&assignment.expr.kind, ExprKind::Call(name, _) if aggregates::find(&name.text).is_some());
    Assignment { tuple: assignment.tuple || aggregate, ..assignment.clone() }
}

fn aggregates_whole_row(assignment: &Assignment) -> bool {
    use crate::kql::ast::ExprKind;
    matches!(&assignment.expr.kind, ExprKind::Call(_, arguments) if arguments.iter().any(|a| matches!(a.value.kind, ExprKind::Star)))
}
