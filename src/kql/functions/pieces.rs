//! Pieces of text: cutting, finding and replacing without patterns.

use serde_json::Value as Json;

use super::arguments::{array, long, long_or, text, text_array, texts};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::ast::TextOp;
use crate::kql::text::Needle;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["substring"],
        usage: "substring(source, start [, length])",
        summary: "Characters from a start, which counts from the end when negative.",
        takes: &[Accepts::Text, Accepts::Long, Accepts::Long],
        optional: 1,
        body: Body::Values(substring),
        examples: &[("substring('timeline', 4)", "line"), ("substring('timeline', -4, 2)", "li")],
        ..Function::NEW
    },
    Function {
        names: &["split"],
        usage: "split(source, delimiter [, index])",
        summary: "The pieces between delimiters as an array; with an index, an array of that piece alone.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::First,
        body: Body::Values(split),
        examples: &[("split('a..b', '.')", "[\"a\",\"\",\"b\"]"), ("split('a.b', '.', 1)", "[\"b\"]")],
        ..Function::NEW
    },
    Function {
        names: &["indexof"],
        usage: "indexof(source, match [, start [, length [, occurrence]]])",
        summary: "Place of the first character of a match, -1 when there is none; a negative start counts from the end.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long, Accepts::Long, Accepts::Long],
        optional: 3,
        gives: Gives::Type(Type::Long),
        body: Body::Values(indexof),
        examples: &[
            ("indexof('banana', 'an')", "1"),
            ("indexof('banana', 'an', 0, -1, 2)", "3"),
            ("indexof('banana', 'na', -2)", "4"),
            ("indexof('banana', 'x')", "-1"),
            ("isnull(indexof('banana', 'a', 0, -2))", "true"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["replace_string"],
        usage: "replace_string(text, match, replacement)",
        summary: "The text with every match replaced.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Text],
        body: Body::Values(|values| {
            let (source, lookup) = (text(values, 0), text(values, 1));
            Value::text(if lookup.is_empty() { source.to_owned() } else { source.replace(lookup, text(values, 2)) })
        }),
        examples: &[("replace_string('a.b.c', '.', '-')", "a-b-c")],
        ..Function::NEW
    },
    Function {
        names: &["replace_strings"],
        usage: "replace_strings(text, matches, replacements)",
        summary: "The text with each of several matches replaced, in one pass; a pair that is no text is left alone.",
        takes: &[Accepts::Text, Accepts::Dynamic, Accepts::Dynamic],
        body: Body::Values(replace_strings),
        examples: &[("replace_strings('a b', dynamic(['a', 'b']), dynamic(['b', 'c']))", "b c")],
        ..Function::NEW
    },
    Function {
        names: &["translate"],
        usage: "translate(characters, replacements, text)",
        summary: "The text with each character of a list replaced by its counterpart; the last counterpart repeats.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Text],
        body: Body::Values(translate),
        examples: &[("translate('abc', 'xy', 'cab')", "yxy"), ("translate('-', '', '1-2')", "12")],
        ..Function::NEW
    },
    Function {
        names: &["has_any_index"],
        usage: "has_any_index(source, terms)",
        summary: "Place in the array of the first term that the text has, -1 when it has none.",
        takes: &[Accepts::Text, Accepts::Dynamic],
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| {
            let terms = values.get(1).map(|terms| texts(std::slice::from_ref(terms))).unwrap_or_default();
            let found = terms.iter().position(|term| Needle::new(TextOp::Has, term).found(text(values, 0)));
            Value::Long(found.map_or(-1, |position| position as i64))
        }),
        examples: &[("has_any_index('north by west', dynamic(['we', 'west']))", "1")],
        ..Function::NEW
    },
];

fn substring<'a>(values: &[Value<'a>]) -> Value<'a> {
    let source = text(values, 0);
    let Some(start) = long(values, 1) else { return Value::text("") };
    let skip = if start < 0 {
        let back = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
        // What begins before the text is nothing of it.
        let Some(skip) = source.chars().count().checked_sub(back) else { return Value::text("") };
        skip
    } else {
        usize::try_from(start).unwrap_or(usize::MAX)
    };
    let length = match values.get(2) {
        Some(Value::Long(length)) => usize::try_from(*length).unwrap_or(0),
        Some(_) => 0,
        None => usize::MAX,
    };
    Value::text(source.chars().skip(skip).take(length).collect::<String>())
}

fn split<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (source, delimiter) = (text(values, 0), text(values, 1));
    let pieces: Vec<&str> = if delimiter.is_empty() { vec![source] } else { source.split(delimiter).collect() };
    match values.get(2) {
        Some(Value::Long(index)) => {
            let piece = usize::try_from(*index).ok().and_then(|i| pieces.get(i)).copied();
            piece.map_or(Value::Null, |piece| text_array([piece]))
        }
        _ => text_array(pieces),
    }
}

/// Each search covers `length` characters from where it begins; the next begins one character behind the last match.
fn indexof<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (source, lookup) = (text(values, 0), text(values, 1));
    let (Some(start), Some(length), Some(occurrence)) =
        (long_or(values, 2, 0), long_or(values, 3, -1), long_or(values, 4, 1))
    else {
        return Value::Null;
    };
    if length < -1 || occurrence < 1 || lookup.is_empty() {
        return Value::Null;
    }
    // Byte places of the characters, with the end of the text behind them.
    let places: Vec<usize> = source.char_indices().map(|(at, _)| at).chain([source.len()]).collect();
    let characters = places.len() - 1;
    let mut from = if start < 0 {
        characters.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(start).unwrap_or(usize::MAX)
    };
    let mut left = occurrence;
    while from <= characters {
        let reach = usize::try_from(length).map_or(characters, |length| from.saturating_add(length).min(characters));
        let (Some(first), Some(last)) = (places.get(from), places.get(reach)) else { break };
        let Some(at) = source.get(*first..*last).and_then(|window| window.find(lookup)) else { break };
        let found = places.partition_point(|place| *place < first + at);
        left -= 1;
        if left == 0 {
            return Value::Long(found as i64);
        }
        from = found + 1;
    }
    Value::Long(-1)
}

fn replace_strings<'a>(values: &[Value<'a>]) -> Value<'a> {
    let source = text(values, 0);
    let (Some(lookups), Some(rewrites)) = (values.get(1).and_then(array), values.get(2).and_then(array)) else {
        return Value::text(source);
    };
    let pairs: Vec<(&str, Option<&str>)> = lookups
        .iter()
        .zip(rewrites.iter().map(Some).chain(std::iter::repeat(None)))
        .filter_map(|(lookup, rewrite)| Some((lookup.as_str()?, rewrite.and_then(Json::as_str))))
        .filter(|(lookup, _)| !lookup.is_empty())
        .collect();
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        if let Some((lookup, rewrite)) = pairs.iter().find(|(lookup, _)| rest.starts_with(lookup)) {
            out.push_str(rewrite.unwrap_or(lookup));
            rest = &rest[lookup.len()..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    Value::text(out)
}

fn translate<'a>(values: &[Value<'a>]) -> Value<'a> {
    let replacements: Vec<char> = text(values, 1).chars().collect();
    let translated = text(values, 2).chars().filter_map(|c| match text(values, 0).chars().position(|s| s == c) {
        Some(position) => replacements.get(position).or(replacements.last()).copied(),
        None => Some(c),
    });
    Value::text(translated.collect::<String>())
}
