//! Functions of regular expressions: replacing, trimming, counting, finding.

use std::sync::Arc;

use regex::Captures;

use super::arguments::{long_or, plain, text};
use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::kql::text::Pattern;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
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
        examples: &[("trim('-', '--a-b-')", "-a-b"), ("trim('[^a-z]+', '  <ab> ')", "ab")],
        ..Function::NEW
    },
    Function {
        names: &["trim_start"],
        usage: "trim_start(regex, source)",
        summary: "The text without what matches at its beginning.",
        takes: &[Accepts::Text, Accepts::Text],
        body: Body::Prepared(|call| trim(call, true, false)),
        examples: &[("trim_start('0', '007')", "07"), ("trim_start('0+', '007')", "7")],
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
    let leading = Pattern::new(call, 0, |regex| format!(r"\A(?:{regex})"))?;
    let trailing = Pattern::new(call, 0, |regex| format!(r"(?:{regex})\z"))?;
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
