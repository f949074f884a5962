//! Filters behind `join kind=innerunique` that look at the left side alone hold before that side is made unique.
//!
//! The join keeps any one of the left rows of a key. A filter that follows decides which one: it is moved to the left
//! side, so that `| where Result == 0` finds the row of the key that fits instead of asking the one that was kept.

use super::{filter, join};
use crate::kql::ast::{BinaryOp, Expr, ExprKind, Operator, OperatorKind};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env};
use crate::kql::functions;
use crate::kql::relation::Relation;

/// Functions whose answer depends on the rows around, or on chance.
const NOT_ROW_WISE: [&str; 10] = [
    "prev",
    "next",
    "row_number",
    "row_cumsum",
    "row_rank",
    "row_rank_min",
    "row_rank_dense",
    "row_window_session",
    "rand",
    "new_guid",
];

/// The input of a join, filtered by what the filters right behind it ask of it.
pub fn narrow(c: &Compiler<'_>, operators: &[Operator], input: Relation, env: &Env) -> Compiled<Relation> {
    let Some((OperatorKind::Join { settings, .. }, rest)) = operators.split_first().map(|(first, r)| (&first.kind, r))
    else {
        return Ok(input);
    };
    if !join::is_unique(settings) {
        return Ok(input);
    }
    let mut narrowed = input;
    for operator in rest {
        let OperatorKind::Where(predicate) = &operator.kind else { break };
        let mut pending = vec![predicate];
        while let Some(expr) = pending.pop() {
            if let ExprKind::Binary(BinaryOp::And, a, b) = &expr.kind {
                pending.extend([a.as_ref(), b.as_ref()]);
            } else if is_of(expr, &narrowed, env) {
                narrowed = filter::compile(c, expr, narrowed, env)?;
            }
        }
    }
    Ok(narrowed)
}

/// Whether an expression reads nothing but columns of this relation and constants.
fn is_of(expr: &Expr, input: &Relation, env: &Env) -> bool {
    let of = |expr: &Expr| is_of(expr, input, env);
    match &expr.kind {
        ExprKind::Literal(..) | ExprKind::Typeof(_) => true,
        ExprKind::Name(name) => {
            input.find(name).is_some()
                || matches!(env.find(name), Some(Binding::Scalar(value)) if value.constant.is_some())
        }
        ExprKind::Member(base, _) | ExprKind::Minus(base) => of(base),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => of(a) && of(b),
        ExprKind::In(_, value, items) => of(value) && items.iter().all(of),
        ExprKind::Between { value, low, high, .. } => of(value) && of(low) && of(high),
        ExprKind::Call(name, arguments) => {
            functions::find(&name.text).is_some()
                && env.find(&name.text).is_none()
                && !NOT_ROW_WISE.contains(&name.text.as_str())
                && arguments.iter().all(|argument| of(&argument.value))
        }
        ExprKind::Star | ExprKind::Wildcard(_) | ExprKind::Pipeline(_) => false,
    }
}
