//! `sort` and `top`.

use polars::prelude::{Expr as Plan, SortMultipleOptions, lit, when};

use super::pick::head;
use crate::error::Diagnostic;
use crate::kql::ast::{Expr, SortKey};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::Relation;
use crate::table::Type;

/// `sort by`: descending unless said; null and NaN first when ascending, last when descending, unless said.
pub fn compile(c: &Compiler<'_>, keys: &[SortKey], input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let mut plans: Vec<Plan> = Vec::new();
    let mut descending: Vec<bool> = Vec::new();
    let mut nulls_last: Vec<bool> = Vec::new();
    for group in input.group_keys() {
        plans.push(group);
        descending.push(false);
        nulls_last.push(false);
    }
    for key in keys {
        let scalar = c.scalar_or_null(&key.expr, &Scope::over(env, &input));
        // A constant orders nothing, and has no row of its own to be compared in.
        if scalar.constant.is_some() {
            continue;
        }
        if scalar.ty == Type::Dynamic {
            let note = Diagnostic::note("a dynamic value is sorted as text", key.expr.span);
            c.note(note.help("convert it with tostring(), tolong() or todatetime()"));
        }
        if scalar.ty == Type::Real {
            // NaN stands between null and the numbers, on the side of the nulls (sort page).
            let rank = when(scalar.expr.clone().is_null())
                .then(lit(0))
                .when(scalar.expr.clone().is_nan())
                .then(lit(1))
                .otherwise(lit(2));
            plans.push(rank);
            descending.push(!key.nulls_first);
            nulls_last.push(false);
        }
        plans.push(scalar.expr);
        descending.push(!key.ascending);
        nulls_last.push(!key.nulls_first);
    }
    if plans.is_empty() {
        return Ok(Relation { ordered: true, ..input });
    }
    let options = SortMultipleOptions::default()
        .with_order_descending_multi(descending)
        .with_nulls_last_multi(nulls_last)
        .with_maintain_order(true);
    let frame = input.frame.clone().sort_by_exprs(plans, options);
    Ok(Relation { frame, ordered: true, ..input })
}

/// `top n by …`: sort, then take.
pub fn top(c: &Compiler<'_>, count: &Expr, keys: &[SortKey], input: Relation, env: &Env) -> Compiled<Relation> {
    let rows = c.count(count, env)?;
    let sorted = compile(c, keys, input, env)?;
    let frame = head(&sorted, rows)?;
    Ok(Relation { frame, ..sorted })
}
