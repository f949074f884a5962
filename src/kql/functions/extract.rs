//! What a regular expression captures: `extract` and `extract_all`.

use std::sync::Arc;

use regex::{Captures, Regex};
use serde_json::Value as Json;

use super::arguments::{array, long, text, text_array};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::convert::from_text;
use crate::kql::kernel::{Kernel, apply};
use crate::kql::scalar::Scalar;
use crate::kql::text::Pattern;
use crate::table::Type;

/// Capture groups that `extract_all` takes at most (its reference page).
const MAX_GROUPS: usize = 16;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["extract"],
        usage: "extract(regex, group, source [, typeof(type)])",
        summary: "A capture group of the first match; 0 is the whole match. Without a match null, or the empty string.",
        takes: &[Accepts::Text, Accepts::Long, Accepts::Text, Accepts::Any],
        optional: 1,
        body: Body::Scalar(extract),
        examples: &[
            ("extract(@'x=(\\d+)', 1, 'x=17')", "17"),
            ("extract(@'x=(\\d+)', 1, 'x=17', typeof(long)) + 1", "18"),
            ("isnull(extract('(b)', 1, 'a', typeof(int)))", "true"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["extract_all", "extractall"],
        usage: "extract_all(regex, [groups,] source)",
        summary: "The capture groups of every match: a flat array for one group, an array of arrays for several.",
        takes: &[Accepts::Text, Accepts::Any, Accepts::Text],
        optional: 1,
        gives: Gives::Type(Type::Dynamic),
        body: Body::Prepared(extract_all),
        examples: &[
            ("extract_all(@'(\\d+)', 'a1b22')", "[\"1\",\"22\"]"),
            ("extract_all(@'(?P<k>\\w)=(\\w)', dynamic([2,'k']), 'a=b')", "[[\"b\",\"a\"]]"),
        ],
        ..Function::NEW
    },
];

/// The type that a `typeof(…)` argument names; the call's own default when there is none.
pub(super) fn type_argument(call: &Call<'_, '_>, at: usize, default: Type) -> Compiled<Type> {
    let Some(argument) = call.written.get(at) else { return Ok(default) };
    match &argument.value.kind {
        ExprKind::Typeof(columns) => match columns.as_slice() {
            [(_, ty)] => Ok(*ty),
            _ => Err(call.error(at, "expected one type")),
        },
        _ => Err(call.error(at, "expected a type").help("write it as typeof(long)")),
    }
}

fn extract(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let ty = type_argument(call, 3, Type::String)?;
    let pattern = Pattern::new(call, 0, str::to_owned)?;
    let kernel: Kernel = Arc::new(move |values| {
        let found = usize::try_from(long(values, 1).unwrap_or(-1)).ok().and_then(|group| {
            pattern.with(text(values, 0), |regex| {
                let captures = regex.captures(text(values, 2))?;
                Some(captures.get(group).map_or(String::new(), |part| part.as_str().to_owned()))
            })?
        });
        match (found, ty) {
            (None, _) => Value::Null,
            // A number with a fraction is no integer here, unlike in tolong().
            (Some(found), Type::Int | Type::Long) if found.contains('.') => Value::Null,
            (Some(found), ty) => from_text(&found, ty),
        }
    });
    let accepts = [Accepts::Text, Accepts::Long, Accepts::Text];
    Ok(apply(kernel, call.arguments.get(..3).unwrap_or_default(), &accepts, ty))
}

fn extract_all(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let pattern = Pattern::new(call, 0, str::to_owned)?;
    if let Pattern::Fixed(regex) = &pattern
        && !(1..=MAX_GROUPS).contains(&(regex.captures_len() - 1))
    {
        let problem = call.error(0, format!("the pattern has {} capture groups", regex.captures_len() - 1));
        return Err(problem
            .help(format!("`extract_all` needs between 1 and {MAX_GROUPS}: put parentheses around what is wanted")));
    }
    let source = call.arguments.len() - 1;
    Ok(Arc::new(move |values| {
        let listed = if source == 2 { values.get(1).and_then(array) } else { None };
        // The argument of texts is `Any` where the group list may stand.
        let hay = values.get(source).map(Value::to_text).unwrap_or_default();
        pattern.with(text(values, 0), |regex| all(regex, listed.as_deref(), &hay)).unwrap_or(Value::Null)
    }))
}

fn all(regex: &Regex, listed: Option<&[Json]>, hay: &str) -> Value<'static> {
    let named = |name: &str| regex.capture_names().position(|known| known == Some(name));
    let known = |group: &Json| match group {
        Json::String(name) => named(name),
        other => other.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    // Groups that there are not are left out; where none is left, all are meant.
    let mut groups: Vec<usize> = listed.unwrap_or_default().iter().filter_map(known).collect();
    groups.retain(|group| *group < regex.captures_len());
    if groups.is_empty() {
        groups.extend(1..regex.captures_len());
    }
    let part =
        |captures: &Captures<'_>, group: &usize| Json::from(captures.get(*group).map_or("", |part| part.as_str()));
    let matches: Vec<Json> = regex
        .captures_iter(hay)
        .map(|captures| match groups.as_slice() {
            [only] => part(&captures, only),
            several => Json::Array(several.iter().map(|group| part(&captures, group)).collect()),
        })
        .collect();
    if matches.is_empty() { Value::Null } else { text_array(matches) }
}
