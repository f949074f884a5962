//! `invoke`: the input as the first argument of a function.

use crate::error::{Diagnostic, Span};
use crate::kql::ast::{Argument, Expr, ExprKind, Name};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env, Scope};
use crate::kql::relation::Relation;

/// Calls a `let`-bound function with the input as its first, tabular argument.
pub fn compile(
    c: &Compiler<'_>,
    function: &Name,
    arguments: &[Argument],
    input: Relation,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let Some(Binding::Function(lambda, captured)) = env.find(&function.text) else {
        let problem = Diagnostic::error(format!("unknown function `{}`", function.text), function.span);
        return Err(problem.help("invoke calls a function bound with `let`"));
    };
    let bound = env.bind("#input", Binding::Table(Box::new(input)));
    let first = Argument { name: None, value: Expr { kind: ExprKind::Name("#input".into()), span } };
    let all: Vec<Argument> = std::iter::once(first).chain(arguments.iter().cloned()).collect();
    let inner = c.enter(lambda, captured, &all, &Scope::constant(&bound), span)?;
    let body = lambda.body.body.as_ref().ok_or_else(|| Diagnostic::error("the function has no result", lambda.span))?;
    c.relation(body, &inner)
}
