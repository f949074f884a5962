//! Functions of regular expressions: extracting, replacing, trimming, counting.

use std::sync::Arc;

use regex::{Captures, Regex};
use serde_json::Value as Json;

use super::arguments::{array, long, long_or, plain, text, text_array};
use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
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
        names: &["extract_all"],
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
    Function {
        names: &["replace_regex"],
        usage: "replace_regex(source, regex, replacement)",
        summary: "The text with every match replaced; `\\1` stands for the first capture group, `\\0` for the match.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| replace(call, 0, 1, 2)),
        examples: &[("replace_regex('a1b2', @'([a-z])(\\d)', @'\\2\\1')", "1a2b")],
        ..Function::NEW
    },
    Function {
        names: &["replace"],
        usage: "replace(regex, replacement, source)",
        summary: "As replace_regex, with the arguments in the order of earlier days.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| replace(call, 2, 0, 1)),
        examples: &[("replace('[0-9]', '#', 'a1')", "a#")],
        ..Function::NEW
    },
    Function {
        names: &["trim"],
        usage: "trim(regex, source)",
        summary: "The text without what matches at its beginning and its end.",
        takes: &[Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| trim(call, true, true)),
        examples: &[("trim('-', '--a-b-')", "a-b"), ("trim('[^a-z]+', '  <ab> ')", "ab")],
        ..Function::NEW
    },
    Function {
        names: &["trim_start"],
        usage: "trim_start(regex, source)",
        summary: "The text without what matches at its beginning.",
        takes: &[Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| trim(call, true, false)),
        examples: &[("trim_start('0', '007')", "7")],
        ..Function::NEW
    },
    Function {
        names: &["trim_end"],
        usage: "trim_end(regex, source)",
        summary: "The text without what matches at its end.",
        takes: &[Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| trim(call, false, true)),
        examples: &[("trim_end('0+', '700')", "7")],
        ..Function::NEW
    },
    Function {
        names: &["countof"],
        usage: "countof(source, match [, 'normal' or 'regex'])",
        summary: "How often a text occurs, overlaps included, or how often a regular expression matches, without.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Text],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Prepared(countof),
        examples: &[("countof('aaaa', 'aa')", "3"), ("countof('aaaa', 'aa', 'regex')", "2")],
        ..Function::NEW
    },
    Function {
        names: &["indexof_regex"],
        usage: "indexof_regex(source, regex [, start [, length [, occurrence]]])",
        summary: "Place of the first character of a match, -1 when there is none; null when an argument is out of range.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long, Accepts::Long, Accepts::Long],
        optional: 3,
        gives: Gives::Type(Type::Long),
        body: Body::Prepared(indexof),
        examples: &[("indexof_regex('ab12', @'\\d')", "2"), ("isnull(indexof_regex('ab', 'a', -1))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["regex_quote"],
        usage: "regex_quote(text)",
        summary: "The text with the characters escaped that mean something in a regular expression.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(regex::escape(text(values, 0)))),
        examples: &[("regex_quote('a.b(c)')", "a\\.b\\(c\\)")],
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
    let groups: Vec<Option<usize>> = match listed {
        None => (1..regex.captures_len()).map(Some).collect(),
        Some(listed) => listed
            .iter()
            .map(|group| match group {
                Json::String(name) => named(name),
                other => other.as_u64().and_then(|number| usize::try_from(number).ok()),
            })
            .collect(),
    };
    let part = |captures: &Captures<'_>, group: &Option<usize>| {
        Json::from(group.and_then(|group| captures.get(group)).map_or("", |part| part.as_str()))
    };
    let matches: Vec<Json> = regex
        .captures_iter(hay)
        .map(|captures| match groups.as_slice() {
            [only] => part(&captures, only),
            several => Json::Array(several.iter().map(|group| part(&captures, group)).collect()),
        })
        .collect();
    if matches.is_empty() { Value::Null } else { text_array(matches) }
}

fn replace(call: &Call<'_, '_>, source: usize, regex: usize, rewrite: usize) -> Compiled<Kernel> {
    let pattern = Pattern::new(call, regex, str::to_owned)?;
    Ok(Arc::new(move |values| {
        let hay = text(values, source);
        let replaced = pattern.with(text(values, regex), |regex| {
            regex.replace_all(hay, |captures: &Captures<'_>| rewritten(text(values, rewrite), captures)).into_owned()
        });
        Value::text(replaced.unwrap_or_else(|| hay.to_owned()))
    }))
}

/// A replacement with its `\0` to `\9` filled in; `\\` is a backslash.
fn rewritten(rewrite: &str, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut characters = rewrite.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.peek() {
            Some(digit) if digit.is_ascii_digit() => {
                let group = digit.to_digit(10).unwrap_or(0) as usize;
                out.push_str(captures.get(group).map_or("", |part| part.as_str()));
                characters.next();
            }
            Some('\\') => {
                out.push('\\');
                characters.next();
            }
            _ => out.push('\\'),
        }
    }
    out
}

fn trim(call: &Call<'_, '_>, start: bool, end: bool) -> Compiled<Kernel> {
    let leading = Pattern::new(call, 0, |regex| format!(r"\A(?:{regex})+"))?;
    let trailing = Pattern::new(call, 0, |regex| format!(r"(?:{regex})+\z"))?;
    Ok(Arc::new(move |values| {
        let mut rest = text(values, 1);
        if start {
            let cut = leading.with(text(values, 0), |regex| regex.find(rest).map_or(0, |found| found.end()));
            rest = rest.get(cut.unwrap_or(0)..).unwrap_or("");
        }
        if end {
            let cut = trailing.with(text(values, 0), |regex| regex.find(rest).map(|found| found.start())).flatten();
            rest = rest.get(..cut.unwrap_or(rest.len())).unwrap_or("");
        }
        Value::text(rest)
    }))
}

fn countof(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let regex = match call.argument(2) {
        None => false,
        Some(_) => match plain(&call.constant(2, "kind")?.to_json()).as_str() {
            "normal" => false,
            "regex" => true,
            other => {
                let problem: Diagnostic = call.error(2, format!("`{other}` is no way of counting"));
                return Err(problem.help("'normal' or 'regex'"));
            }
        },
    };
    if regex {
        let pattern = Pattern::new(call, 1, str::to_owned)?;
        return Ok(Arc::new(move |values| {
            let count = pattern.with(text(values, 1), |regex| regex.find_iter(text(values, 0)).count());
            count.map_or(Value::Null, |count| Value::Long(count as i64))
        }));
    }
    Ok(Arc::new(|values| {
        let (hay, needle) = (text(values, 0), text(values, 1));
        let Some(step) = needle.chars().next().map(char::len_utf8) else { return Value::Long(0) };
        let (mut from, mut count) = (0, 0);
        while let Some(at) = hay.get(from..).and_then(|rest| rest.find(needle)) {
            count += 1;
            from += at + step;
        }
        Value::Long(count)
    }))
}

fn indexof(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let pattern = Pattern::new(call, 1, str::to_owned)?;
    Ok(Arc::new(move |values| {
        let hay = text(values, 0);
        let (Some(start), Some(length), Some(occurrence)) =
            (long_or(values, 2, 0), long_or(values, 3, -1), long_or(values, 4, 1))
        else {
            return Value::Null;
        };
        let (Ok(start), Ok(occurrence)) = (usize::try_from(start), usize::try_from(occurrence)) else {
            return Value::Null;
        };
        if length < -1 || occurrence == 0 {
            return Value::Null;
        }
        let byte = |character: usize| hay.char_indices().nth(character).map_or(hay.len(), |(at, _)| at);
        let first = byte(start);
        let last = usize::try_from(length).map_or(hay.len(), |length| byte(start.saturating_add(length)));
        let Some(window) = hay.get(first..last) else { return Value::Long(-1) };
        let found =
            pattern.with(text(values, 1), |regex| regex.find_iter(window).nth(occurrence - 1).map(|m| m.start()));
        match found {
            None => Value::Null,
            Some(None) => Value::Long(-1),
            Some(Some(at)) => Value::Long(hay.get(..first + at).map_or(0, |before| before.chars().count()) as i64),
        }
    }))
}
