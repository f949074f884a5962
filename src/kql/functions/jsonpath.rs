//! `extract_json`, and the paths it takes.

use std::sync::Arc;

use super::arguments::text;
use super::extract::type_argument;
use super::{Accepts, Body, Function};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::convert::cast;
use crate::kql::kernel::{Kernel, apply};
use crate::kql::path::{Step, follow};
use crate::kql::scalar::Scalar;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    names: &["extract_json", "extractjson"],
    usage: "extract_json(path, text [, typeof(type)])",
    summary: "What stands at a JSON path of a text: a string unless a type is given, null where there is nothing.",
    takes: &[Accepts::Text, Accepts::Text, Accepts::Any],
    optional: 1,
    body: Body::Scalar(extract_json),
    examples: &[
        ("extract_json('$.a[1].b', '{\"a\":[0,{\"b\":\"x\"}]}')", "x"),
        ("extract_json(\"$['a b']\", '{\"a b\":7}', typeof(long)) + 1", "8"),
        ("isnull(extract_json('$.c', '{}', typeof(long)))", "true"),
    ],
    ..Function::NEW
}];

fn extract_json(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let ty = type_argument(call, 2, Type::String)?;
    let fixed = match call.argument(0).and_then(|path| path.constant.as_ref()) {
        None => None,
        Some(path) => Some(steps(&path.to_text()).ok_or_else(|| {
            let problem = Diagnostic::error("expected a JSON path of members and positions", call.span_of(0));
            problem.help("such as $.a.b[0]['c d']; wildcards and filters are not supported")
        })?),
    };
    let kernel: Kernel = Arc::new(move |values| {
        let varying;
        let path = match &fixed {
            Some(path) => path,
            None => {
                let Some(path) = steps(text(values, 0)) else { return Value::Null };
                varying = path;
                &varying
            }
        };
        match follow(text(values, 1), path) {
            Value::Null => Value::Null,
            found if ty == Type::Dynamic => found.into_owned(),
            found => cast(&found, ty).into_owned(),
        }
    });
    Ok(apply(kernel, call.arguments.get(..2).unwrap_or_default(), &[Accepts::Text, Accepts::Text], ty))
}

/// The steps of `$.a.b[0]['c']`; nothing for a path of another form.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(member) = rest.strip_prefix('.') {
            let end = member.find(['.', '[']).unwrap_or(member.len());
            let (name, tail) = member.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            steps.push(Step::Key(name.to_owned()));
            rest = tail;
            continue;
        }
        let inner = rest.strip_prefix('[')?;
        rest = match inner.chars().next()? {
            quote @ ('\'' | '"') => {
                let (name, tail) = inner.get(1..)?.split_once(quote)?;
                steps.push(Step::Key(name.to_owned()));
                tail.trim_start().strip_prefix(']')?
            }
            _ => {
                let (index, tail) = inner.split_once(']')?;
                steps.push(Step::Index(index.trim().parse().ok()?));
                tail
            }
        };
    }
    Some(steps)
}
