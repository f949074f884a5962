//! `declare pattern`: queries that are named by the values of arguments, `name("value").path`.

use std::sync::Arc;

use crate::error::{Diagnostic, Span, nearest};
use crate::kql::Value;
use crate::kql::ast::{Argument, DeclaredPattern, Expr, ExprKind, Name};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env, Scope};
use crate::kql::relation::Relation;
use crate::table::Type;

/// A use of a pattern, taken apart.
pub struct Invoked<'e> {
    pattern: Arc<DeclaredPattern>,
    captured: Env,
    arguments: &'e [Argument],
    path: Option<Expr>,
}

/// Takes `name(…)`, `name(…).path` and `name(…)["path"]` apart where the name is a pattern's.
pub fn invoked<'e>(expr: &'e Expr, env: &Env) -> Option<Invoked<'e>> {
    let (base, path) = match &expr.kind {
        ExprKind::Member(base, Name { text, span }) => {
            let kind = ExprKind::Literal(Value::text(text.clone()), Type::String);
            (base.as_ref(), Some(Expr { kind, span: *span }))
        }
        ExprKind::Index(base, path) => (base.as_ref(), Some(path.as_ref().clone())),
        _ => (expr, None),
    };
    let ExprKind::Call(name, arguments) = &base.kind else { return None };
    match env.find(&name.text) {
        Some(Binding::Pattern(pattern, captured)) => {
            Some(Invoked { pattern: pattern.clone(), captured: captured.clone(), arguments, path })
        }
        _ => None,
    }
}

/// The rows of the query that the arguments choose.
pub fn compile(c: &Compiler<'_>, invoked: &Invoked<'_>, span: Span, env: &Env) -> Compiled<Relation> {
    let pattern = &invoked.pattern;
    let name = &pattern.name.text;
    if pattern.rules.is_empty() {
        return Err(Diagnostic::error(format!("the pattern `{name}` has no queries"), span)
            .help("a pattern that is only announced is filled in by a service: declare its queries here"));
    }
    let text = |expr: &Expr, env: &Env| Ok(c.constant(expr, env)?.0.to_text().into_owned());
    let given = invoked.arguments.iter().map(|argument| text(&argument.value, env)).collect::<Compiled<Vec<_>>>()?;
    let path = invoked.path.as_ref().map(|path| text(path, env)).transpose()?;
    if given.len() != pattern.parameters.len() {
        let problem = Diagnostic::error(format!("`{name}` does not take {} arguments", given.len()), span);
        return Err(problem.help(format!("the pattern declares {}", pattern.parameters.len())));
    }
    if path.is_some() != pattern.path.is_some() {
        let problem = Diagnostic::error(format!("`{name}` is written {}", written(pattern)), span);
        return Err(problem);
    }
    let mut known = Vec::new();
    for rule in &pattern.rules {
        let values = rule.values.iter().map(|value| text(value, &invoked.captured)).collect::<Compiled<Vec<_>>>()?;
        let place = rule.path.as_ref().map(|path| text(path, &invoked.captured)).transpose()?;
        if values == given && place == path {
            let inner = c.enter(&rule.body, &invoked.captured, &[], &Scope::constant(env), span)?;
            let Some(body) = &rule.body.body.body else {
                return Err(Diagnostic::error("this pattern has no result", rule.body.span));
            };
            return c.relation(body, &inner);
        }
        known.push(shown(name, &values, place.as_deref()));
    }
    let wanted = shown(name, &given, path.as_deref());
    let problem = Diagnostic::error(format!("no pattern fits `{wanted}`"), span);
    Err(match nearest(&wanted, known.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("declared are {}", known.join(", "))),
    })
}

fn shown(name: &str, values: &[String], path: Option<&str>) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("{name}({}){}", values.join(", "), path.map(|path| format!(".{path}")).unwrap_or_default())
}

fn written(pattern: &DeclaredPattern) -> String {
    let names: Vec<&str> = pattern.parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
    let path = pattern.path.as_ref().map(|path| format!(".{}", path.name.text)).unwrap_or_default();
    format!("{}({}){path}", pattern.name.text, names.join(", "))
}
