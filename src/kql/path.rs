//! Paths into dynamic values: `a.b`, `a["b"]`, `a[0]`, `a[-1]`, `a[name]`.
//!
//! A path reads the JSON text directly and copies nothing but what it finds; [`apply`] sees to it that a repeated
//! text is read once.

use std::borrow::Cow;
use std::sync::Arc;

use sonic_rs::PointerNode;

use super::Value;
use super::ast::{Expr, ExprKind};
use super::compiler::{Compiled, Compiler, Scope};
use super::kernel::{Accepts, apply};
use super::scalar::Scalar;
use crate::error::Diagnostic;
use crate::table::Type;

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Member of a bag.
    Key(String),
    /// Element of an array; negative counts from the end.
    Index(i64),
}

/// Compiles a chain of members and indexes.
pub fn compile(compiler: &Compiler<'_>, expr: &Expr, scope: &Scope<'_>) -> Compiled<Scalar> {
    let (base, selector) = match &expr.kind {
        ExprKind::Member(base, name) => (base, Err(name.text.clone())),
        ExprKind::Index(base, index) => (base, Ok(index.as_ref())),
        _ => return compiler.scalar(expr, scope),
    };
    // One step a reading; the memory of distinct values makes the steps before it cheap.
    let index = selector.as_ref().ok().map(|index| compiler.scalar(index, scope)).transpose()?;
    let step = match (&selector, index.as_ref().and_then(|index| index.constant.as_ref())) {
        (Err(member), _) => Some(Step::Key(member.clone())),
        (Ok(_), Some(Value::Long(position))) => Some(Step::Index(*position)),
        (Ok(_), Some(key @ (Value::String(_) | Value::Dynamic(_)))) => Some(Step::Key(key.to_text().into_owned())),
        _ => None,
    };
    let root = compiler.scalar(base, scope)?;
    // A call that gives several columns is indexed by their position: `array_sort_asc(a, b)[1]`.
    if let Some(Step::Index(position)) = &step
        && let Some((name, part)) = usize::try_from(*position).ok().and_then(|position| root.parts.get(position))
    {
        return Ok(part.clone().named(Some(name.clone())));
    }
    check(compiler, &root, base)?;
    let Some(step) = step else {
        let Some(index) = index else { return Ok(root) };
        let kernel = Arc::new(|values: &[Value<'_>]| match values {
            [Value::Dynamic(json), Value::Long(position)] => follow(json, &[Step::Index(*position)]).into_owned(),
            [Value::Dynamic(json), Value::Bool(second)] => {
                follow(json, &[Step::Index(i64::from(*second))]).into_owned()
            }
            [Value::Dynamic(json), key] => follow(json, &[Step::Key(key.to_text().into_owned())]).into_owned(),
            _ => Value::Null,
        });
        return Ok(apply(kernel, &[root, index], &[Accepts::Dynamic, Accepts::Any], Type::Dynamic));
    };
    let suffix = match &step {
        Step::Key(key) => key.clone(),
        Step::Index(position) => position.to_string(),
    };
    let name = match &root.name {
        Some(root) => format!("{root}_{suffix}"),
        None => suffix,
    };
    let kernel = Arc::new(move |values: &[Value<'_>]| match values {
        [Value::Dynamic(json)] => follow(json, std::slice::from_ref(&step)).into_owned(),
        _ => Value::Null,
    });
    Ok(apply(kernel, &[root], &[Accepts::Dynamic], Type::Dynamic).named(Some(name)))
}

fn check(compiler: &Compiler<'_>, root: &Scalar, base: &Expr) -> Compiled<()> {
    match root.ty {
        Type::Dynamic => Ok(()),
        // Log Analytics holds JSON text in string columns of some sign-in tables and in dynamic ones of others.
        Type::String => {
            let note = Diagnostic::note("the value is text; it is read as JSON", base.span);
            compiler.note(note.help("parse_json(…) says so"));
            Ok(())
        }
        ty => Err(Diagnostic::error(format!("a {ty} has no members"), base.span).help("only dynamic values have")),
    }
}

/// What stands at the end of a path; null where there is nothing.
pub fn follow<'a>(json: &'a str, steps: &[Step]) -> Value<'a> {
    let mut pointer: Vec<PointerNode> = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        match step {
            Step::Key(key) => pointer.push(PointerNode::Key(key.clone().into())),
            Step::Index(index) if *index >= 0 => pointer.push(PointerNode::Index(*index as usize)),
            Step::Index(index) => {
                let Some(array) = raw(json, &pointer) else { return Value::Null };
                let Ok(elements) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(&array) else {
                    return Value::Null;
                };
                let Some(at) = elements.len().checked_sub(index.unsigned_abs() as usize) else { return Value::Null };
                let rest = &steps[position + 1..];
                return follow(elements[at].get(), rest).into_owned();
            }
        }
    }
    match raw(json, &pointer) {
        Some(found) if found != "null" => Value::Dynamic(found),
        _ => Value::Null,
    }
}

fn raw<'a>(json: &'a str, pointer: &[PointerNode]) -> Option<Cow<'a, str>> {
    if pointer.is_empty() {
        return Some(Cow::Borrowed(json.trim()));
    }
    let found = sonic_rs::get(json, pointer).ok()?;
    Some(Cow::Owned(found.as_raw_str().to_owned()))
}
