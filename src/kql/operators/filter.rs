//! `where`.

use polars::prelude::{Expr as PlanExpr, Operator as PlanOperator};

use crate::kql::ast::Expr;
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::expression::condition;
use crate::kql::relation::{Relation, column};

/// Keeps the rows for which the predicate is true; null counts as false.
pub fn compile(c: &Compiler<'_>, predicate: &Expr, input: Relation, env: &Env) -> Compiled<Relation> {
    let scalar = c.scalar_or_null(predicate, &Scope::over(env, &input));
    let predicate = condition(scalar, predicate.span)?.expr;
    let frame = input.frame.clone();
    let frame = if folds(&predicate) {
        let name = c.hidden("where");
        frame.with_column(predicate.alias(name.as_str())).filter(column(&name)).drop(polars::prelude::cols([name]))
    } else {
        frame.filter(predicate)
    };
    Ok(Relation { frame, ..input })
}

/// Whether polars may fold a part of the predicate to false where it is null.
///
/// Inside a filter it takes `n > 0 and n < 0` for false, which keeps the same rows only as long as nothing negates
/// it: for a null `n` the conjunction is null, and `not(null)` keeps no row where `not(false)` keeps all. So a
/// conjunction under anything but `and` and `or` is computed as a column first, where polars does not fold.
fn folds(predicate: &PlanExpr) -> bool {
    let conjunction =
        |expr: &PlanExpr| matches!(expr, PlanExpr::BinaryExpr { op: PlanOperator::And | PlanOperator::LogicalAnd, .. });
    match predicate {
        PlanExpr::BinaryExpr {
            left,
            op: PlanOperator::And | PlanOperator::LogicalAnd | PlanOperator::Or | PlanOperator::LogicalOr,
            right,
        } => folds(left) || folds(right),
        PlanExpr::Alias(inner, _) => folds(inner),
        other => other.into_iter().any(conjunction),
    }
}
