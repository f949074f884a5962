//! `parse-kv`: keys and values out of text.

use std::sync::Arc;

use regex::Regex;

use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{Expr, Name, Settings};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::convert;
use crate::kql::kernel::{Accepts, apply};
use crate::kql::relation::{Col, Relation};
use crate::kql::text::regex;
use crate::table::Type;

/// How pairs are told apart.
enum Mode {
    /// Two groups of a regular expression: key and value.
    Regex(Regex),
    /// Between delimiters.
    Delimited { pair: String, kv: String, greedy: bool },
    /// A key is a word, its value the next word or quoted text.
    Words,
}

struct Reader {
    mode: Mode,
    quotes: Option<(char, char)>,
    escape: Option<char>,
}

/// One column a key; the first occurrence of a key counts.
pub fn compile(
    c: &Compiler<'_>,
    expr: &Expr,
    keys: &[(Name, Type)],
    settings: &Settings,
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    let source = c.scalar(expr, &Scope::over(env, &input))?;
    let text = |name: &str| -> Compiled<Option<String>> {
        match settings.get(name) {
            Some(expr) => Ok(Some(c.constant(expr, env)?.0.to_text().into_owned()).filter(|text| !text.is_empty())),
            None => Ok(None),
        }
    };
    let mode = match (text("regex")?, text("pair_delimiter")?, text("kv_delimiter")?) {
        (Some(pattern), ..) => {
            let at = settings.get("regex").map_or(expr.span, |expr| expr.span);
            let regex = regex(&pattern, at)?;
            if regex.captures_len() < 3 {
                return Err(Diagnostic::error("the pattern needs two groups: key and value", at));
            }
            Mode::Regex(regex)
        }
        (None, Some(pair), Some(kv)) => Mode::Delimited { pair, kv, greedy: settings.flag("greedy") },
        (None, None, None) => Mode::Words,
        _ => {
            return Err(Diagnostic::error("one delimiter alone does not tell pairs apart", expr.span)
                .help("give both pair_delimiter and kv_delimiter, or neither"));
        }
    };
    let quotes = text("quote")?.and_then(|quotes| {
        let mut chars = quotes.chars();
        let open = chars.next()?;
        Some((open, chars.next().unwrap_or(open)))
    });
    let escape = text("escape")?.and_then(|escape| escape.chars().next());
    let reader = Arc::new(Reader { mode, quotes, escape });
    let mut computed = Vec::new();
    for (name, ty) in keys {
        let (reader, key, ty) = (reader.clone(), name.text.clone(), *ty);
        let kernel = Arc::new(move |values: &[Value<'_>]| {
            let text = values.first().map(Value::to_text).unwrap_or_default();
            match reader.find(&text, &key) {
                Some(found) => convert::from_text(&found, ty),
                None => Value::Null,
            }
        });
        let scalar = apply(kernel, std::slice::from_ref(&source), &[Accepts::Text], ty);
        computed.push((scalar.expr, Col::new(&name.text, ty)));
    }
    Ok(input.extend(computed))
}

impl Reader {
    fn find(&self, text: &str, key: &str) -> Option<String> {
        match &self.mode {
            Mode::Regex(regex) => {
                let pair =
                    regex.captures_iter(text).find(|pair| pair.get(1).is_some_and(|k| k.as_str().trim() == key))?;
                Some(pair.get(2).map_or(String::new(), |value| value.as_str().trim().to_owned()))
            }
            Mode::Delimited { pair, kv, greedy } => self.delimited(text, key, pair, kv, *greedy),
            Mode::Words => {
                let words = self.words(text);
                words.iter().zip(words.iter().skip(1)).find(|(word, _)| *word == key).map(|(_, value)| value.clone())
            }
        }
    }

    fn delimited(&self, text: &str, key: &str, pair: &str, kv: &str, greedy: bool) -> Option<String> {
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            while let Some(behind) = rest.strip_prefix(pair) {
                rest = behind.trim_start();
            }
            if rest.is_empty() {
                return None;
            }
            let (found, behind) = match self.quoted(rest) {
                Some((found, behind)) => match behind.trim_start().strip_prefix(kv) {
                    Some(behind) => (found, behind),
                    None => {
                        rest = behind;
                        continue;
                    }
                },
                None => {
                    let at = rest.find(kv)?;
                    // A piece without a value is passed over.
                    let start = if greedy { None } else { rest[..at].rfind(pair) };
                    let from = start.map_or(0, |start| start + pair.len());
                    (rest[from..at].trim().to_owned(), &rest[at + kv.len()..])
                }
            };
            let behind = if kv.trim().is_empty() { behind } else { behind.trim_start() };
            let (value, next) = match self.quoted(behind) {
                Some(quoted) => quoted,
                None => {
                    let end = if greedy {
                        let limit = behind.find(kv);
                        limit.map_or(behind.len(), |limit| behind[..limit].rfind(pair).unwrap_or(limit))
                    } else {
                        behind.find(pair).unwrap_or(behind.len())
                    };
                    (behind[..end].trim().to_owned(), &behind[end..])
                }
            };
            if found == key {
                return Some(value);
            }
            rest = next;
        }
    }

    /// Quoted text at the start, and what stands behind it.
    fn quoted<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        let (open, close) = self.quotes?;
        let inner = text.strip_prefix(open)?;
        let mut value = String::new();
        let mut chars = inner.char_indices();
        while let Some((at, char)) = chars.next() {
            if Some(char) == self.escape {
                let (_, escaped) = chars.next()?;
                value.push(escaped);
            } else if char == close {
                return Some((value, &inner[at + close.len_utf8()..]));
            } else {
                value.push(char);
            }
        }
        None
    }

    fn words(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((quoted, behind)) = self.quoted(rest) {
                words.push(quoted);
                rest = behind;
                continue;
            }
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if length == 0 {
                rest = &rest[first.len_utf8()..];
            } else {
                words.push(rest[..length].to_owned());
                rest = &rest[length..];
            }
        }
        words
    }
}
