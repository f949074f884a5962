//! `parse` and `parse-where`: columns out of text.

use std::sync::Arc;

use polars::prelude::Expr as Plan;
use regex::{Regex, RegexBuilder};

use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::ast::{Expr, ParseKind, ParsePiece};
use crate::kql::compare::convert;
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::convert as values;
use crate::kql::kernel::{Accepts, apply};
use crate::kql::relation::{Col, Relation, column};
use crate::kql::scalar::Scalar;
use crate::kql::text::literal_brackets;
use crate::table::Type;

/// What `parse` is told.
pub struct Parse<'p> {
    /// Mode.
    pub kind: ParseKind,
    /// Flags of the regex mode.
    pub flags: &'p str,
    /// What is parsed.
    pub expr: &'p Expr,
    /// Pattern.
    pub pattern: &'p [ParsePiece],
    /// Whether rows that do not fit are dropped.
    pub only: bool,
}

/// Adds a column for each name in the pattern. A row that does not fit has none of them; in simple and regex mode
/// neither has one where a conversion fails, in relaxed mode only that column is null.
pub fn compile(c: &Compiler<'_>, parse: &Parse<'_>, input: Relation, env: &Env, span: Span) -> Compiled<Relation> {
    let regex = translate(parse, span)?;
    let wanted: Vec<(String, Type)> = parse
        .pattern
        .iter()
        .filter_map(|piece| match piece {
            ParsePiece::Column(name, ty) => Some((name.text.clone(), *ty)),
            _ => None,
        })
        .collect();
    let text = convert(c.scalar(parse.expr, &Scope::over(env, &input))?, Type::String);
    let types: Vec<Type> = wanted.iter().map(|(_, ty)| *ty).collect();
    let strict = parse.kind != ParseKind::Relaxed;
    // One pass finds all pieces; they travel as a JSON array of text.
    let find = Arc::new(move |cells: &[Value<'_>]| {
        let text = cells.first().map(Value::to_text).unwrap_or_default();
        let Some(found) = regex.captures(&text) else { return Value::Null };
        let pieces: Vec<&str> = (1..found.len()).map(|i| found.get(i).map_or("", |m| m.as_str())).collect();
        let fits = pieces
            .iter()
            .zip(&types)
            .all(|(piece, ty)| *ty == Type::String || !values::from_text(piece, *ty).is_null());
        if strict && !fits {
            return Value::Null;
        }
        Value::json(&serde_json::Value::from(pieces))
    });
    let pieces = apply(find, &[text], &[Accepts::Text], Type::Dynamic);
    let hidden = c.hidden("parse");
    let mut frame = input.frame.clone().with_column(pieces.expr.alias(hidden.as_str()));
    if parse.only {
        frame = frame.filter(column(&hidden).is_not_null());
    }
    let mut computed: Vec<(Plan, Col)> = Vec::new();
    for (position, (name, ty)) in wanted.into_iter().enumerate() {
        let pick = Arc::new(move |cells: &[Value<'_>]| match cells.first() {
            Some(Value::Dynamic(json)) => {
                let pieces: Vec<String> = serde_json::from_str(json).unwrap_or_default();
                pieces.get(position).map_or(Value::Null, |piece| values::from_text(piece, ty))
            }
            _ => Value::Null,
        });
        let value = apply(pick, &[Scalar::column(&hidden, Type::Dynamic)], &[Accepts::Any], ty);
        computed.push((value.expr, Col::new(name, ty)));
    }
    let names: Vec<String> = input.columns.iter().map(|col| col.name.clone()).collect();
    let extended = Relation { frame, ..input }.extend(computed);
    let names: Vec<String> = extended
        .columns
        .iter()
        .map(|col| col.name.clone())
        .filter(|n| !n.starts_with('#') || names.contains(n))
        .collect();
    Ok(extended.keep(&names))
}

/// The pattern as one regular expression with a group for each column.
fn translate(parse: &Parse<'_>, span: Span) -> Compiled<Regex> {
    let regex = parse.kind == ParseKind::Regex;
    // A regular expression may begin and end anywhere in the text.
    let mut source = String::from(if regex { "" } else { "^" });
    for (position, piece) in parse.pattern.iter().enumerate() {
        let next = parse.pattern.get(position + 1);
        match piece {
            ParsePiece::Skip => source.push_str(".*?"),
            ParsePiece::Text(text) if parse.kind == ParseKind::Regex => {
                // Groups inside the pattern must not be counted among the columns.
                source.push_str(&uncaptured(text));
            }
            ParsePiece::Text(text) => source.push_str(&regex::escape(text)),
            // A number that nothing delimits ends where its digits end.
            ParsePiece::Column(_, ty)
                if matches!(next, Some(ParsePiece::Skip | ParsePiece::Column(..)))
                    || parse.kind == ParseKind::Regex =>
            {
                let shaped = !matches!(ty, Type::String | Type::Dynamic | Type::Datetime | Type::Timespan);
                let optional = shaped && parse.kind != ParseKind::Regex && position + 2 == parse.pattern.len();
                source.push_str(match ty {
                    Type::Int | Type::Long => r"([+-]?\d+)",
                    Type::Real | Type::Decimal => r"([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)",
                    Type::Bool if parse.kind == ParseKind::Regex => "(?i:(true|false))",
                    Type::Bool => r"(?i:(true|false|\d+))",
                    Type::Guid => r"([0-9a-fA-F-]{32,36})",
                    // In regex mode text is greedy, and lazy with the flag U (parse page, examples).
                    _ if parse.kind == ParseKind::Regex => "(.*)",
                    _ => "(.*?)",
                });
                // Nothing is needed where nothing follows but `*`.
                if optional && matches!(next, Some(ParsePiece::Skip)) {
                    source.push('?');
                }
            }
            ParsePiece::Column(..) => source.push_str("(.*?)"),
        }
    }
    source.push_str(if regex { "" } else { "$" });
    let flag = |letter| regex && parse.flags.contains(letter);
    let build = |source: &str| {
        RegexBuilder::new(source)
            .dot_matches_new_line(!regex || flag('s') || parse.flags.is_empty())
            .case_insensitive(flag('i'))
            .swap_greed(flag('U'))
            .multi_line(flag('m'))
            .build()
    };
    build(&source).or_else(|error| build(&literal_brackets(&source)).map_err(|_| error)).map_err(|error| {
        let message = error.to_string();
        let reason = message.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
        Diagnostic::error(format!("the pattern is not a regular expression: {reason}"), span)
    })
}

/// `(` of a capturing group as `(?:`.
fn uncaptured(pattern: &str) -> String {
    let mut out = String::new();
    let mut characters = pattern.chars().peekable();
    let mut class = false;
    let mut open = 0_usize;
    while let Some(c) = characters.next() {
        match c {
            // A closing parenthesis of no group is an ordinary character.
            ')' if !class && open == 0 => out.push('\\'),
            ')' if !class => open -= 1,
            '(' if !class => open += 1,
            _ => {}
        }
        out.push(c);
        match c {
            '\\' => out.extend(characters.next()),
            '[' => class = true,
            ']' => class = false,
            '(' if !class && characters.peek() != Some(&'?') => out.push_str("?:"),
            _ => {}
        }
    }
    out
}
