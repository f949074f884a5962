//! `where`.

use crate::kql::ast::Expr;
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::expression::condition;
use crate::kql::relation::Relation;

/// Keeps the rows for which the predicate is true; null counts as false.
pub fn compile(c: &Compiler<'_>, predicate: &Expr, input: Relation, env: &Env) -> Compiled<Relation> {
    let scalar = c.scalar_or_null(predicate, &Scope::over(env, &input));
    let predicate = condition(scalar, predicate.span)?;
    Ok(Relation { frame: input.frame.clone().filter(predicate.expr), ..input })
}
