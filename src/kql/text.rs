//! String operators: `has`, `contains`, `startswith`, `matches regex` and their relatives
//! (<https://learn.microsoft.com/kusto/query/datatypes-string-operators>).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;

use super::Value;
use super::ast::TextOp;
use super::compiler::{Call, Compiled};
use super::kernel::{Accepts, Kernel, apply};
use super::scalar::Scalar;
use crate::error::{Diagnostic, Span};
use crate::table::Type;

/// `left op right`, negated or not.
pub fn compile(op: TextOp, negated: bool, left: Scalar, right: Scalar, span: Span) -> Compiled<Scalar> {
    let kernel: Kernel = match (&right.constant, op) {
        (Some(pattern), TextOp::Matches) => {
            let regex = regex(&pattern.to_text(), span)?;
            Arc::new(move |values| Value::Bool(values.first().is_some_and(|v| regex.is_match(&v.to_text())) != negated))
        }
        (None, TextOp::Matches) => {
            let pattern = Pattern::varying(str::to_owned);
            Arc::new(move |values| match values {
                [left, right] => pattern
                    .with(&right.to_text(), |regex| regex.is_match(&left.to_text()))
                    .map_or(Value::Null, |found| Value::Bool(found != negated)),
                _ => Value::Null,
            })
        }
        (Some(needle), _) => {
            let needle = Needle::new(op, &needle.to_text());
            Arc::new(move |values| Value::Bool(values.first().is_some_and(|v| needle.found(&v.to_text())) != negated))
        }
        (None, _) => Arc::new(move |values| match values {
            [left, right] => Value::Bool(Needle::new(op, &right.to_text()).found(&left.to_text()) != negated),
            _ => Value::Null,
        }),
    };
    Ok(apply(kernel, &[left, right], &[Accepts::Text, Accepts::Text], Type::Bool))
}

/// A regular expression of Kusto's dialect, which is that of the `regex` crate.
pub fn regex(pattern: &str, span: Span) -> Compiled<Regex> {
    build(pattern).map_err(|error| {
        let last = error.to_string();
        let reason = last.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
        Diagnostic::error(format!("`{pattern}` is not a regular expression: {reason}"), span)
            .help("the dialect has no look-around and no back-references; in a plain literal a backslash is doubled")
    })
}

/// Builds a pattern, also one that only RE2 reads, which the service used for years: there `[` inside a class and `{`
/// that counts nothing are ordinary characters.
pub fn build(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(pattern).or_else(|error| Regex::new(&literal_brackets(pattern)).map_err(|_| error))
}

/// The pattern with a backslash before each `[` inside a class and before each `{` that does not begin a repetition.
pub fn literal_brackets(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut chars = pattern.chars();
    // Inside a class: whether its first character, where `]` is an ordinary one, is still to come.
    let mut class: Option<bool> = None;
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        class = match (c, class) {
            ('\\', _) => {
                out.push(c);
                out.extend(chars.next());
                class = class.map(|_| false);
                continue;
            }
            ('[', None) => Some(true),
            // `[:alpha:]` stays.
            ('[', Some(_)) if rest.starts_with(':') && rest.contains(":]") => {
                out.push(c);
                while !out.ends_with(":]") {
                    out.extend(chars.next());
                }
                class = Some(false);
                continue;
            }
            ('[', Some(_)) => {
                out.push('\\');
                Some(false)
            }
            ('^', Some(true)) => Some(true),
            (']', Some(false)) => None,
            ('{', None) if !repetition(rest) => {
                out.push('\\');
                None
            }
            (_, class) => class.map(|_| false),
        };
        out.push(c);
    }
    out
}

/// Whether what follows `{` is a count: `2}`, `2,}`, `2,3}`.
fn repetition(rest: &str) -> bool {
    let Some((inner, _)) = rest.split_once('}') else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !low.is_empty() && number(low) && number(high)
}

/// Patterns kept of those that come from rows.
const KEPT_PATTERNS: usize = 256;

/// A regular expression that is constant, or comes from the row.
pub enum Pattern {
    /// Compiled once.
    Fixed(Regex),
    /// Compiled when first met; what is no regular expression matches nothing.
    Varying {
        /// What is put around the pattern's text.
        wrap: fn(&str) -> String,
        /// Those compiled so far.
        known: Mutex<HashMap<String, Option<Arc<Regex>>>>,
    },
}

impl Pattern {
    /// The pattern that an argument of a call is.
    ///
    /// # Errors
    /// When it is constant and no regular expression.
    pub fn new(call: &Call<'_, '_>, position: usize, wrap: fn(&str) -> String) -> Compiled<Pattern> {
        match call.argument(position).and_then(|argument| argument.constant.as_ref()) {
            Some(constant) => {
                let plain = constant.to_text();
                regex(&plain, call.span_of(position))?;
                Ok(Pattern::Fixed(regex(&wrap(&plain), call.span_of(position))?))
            }
            None => Ok(Pattern::varying(wrap)),
        }
    }

    /// A pattern that comes from the row.
    pub fn varying(wrap: fn(&str) -> String) -> Pattern {
        Pattern::Varying { wrap, known: Mutex::default() }
    }

    /// Applies the pattern; `text` is its text where it comes from the row. Nothing when that is no regular expression.
    pub fn with<R>(&self, text: &str, apply: impl FnOnce(&Regex) -> R) -> Option<R> {
        let (wrap, known) = match self {
            Pattern::Fixed(regex) => return Some(apply(regex)),
            Pattern::Varying { wrap, known } => (wrap, known),
        };
        let regex = {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > KEPT_PATTERNS {
                known.clear();
            }
            match known.get(text) {
                Some(regex) => regex.clone(),
                None => {
                    let regex = build(&wrap(text)).ok().map(Arc::new);
                    known.insert(text.to_owned(), regex.clone());
                    regex
                }
            }
        };
        regex.map(|regex| apply(&regex))
    }
}

/// What is looked for, prepared once.
#[derive(Debug, Clone)]
pub struct Needle {
    op: TextOp,
    text: String,
    fold: bool,
}

impl Needle {
    /// Prepares a search.
    pub fn new(op: TextOp, text: &str) -> Needle {
        let exact = matches!(
            op,
            TextOp::HasCs
                | TextOp::HasPrefixCs
                | TextOp::HasSuffixCs
                | TextOp::ContainsCs
                | TextOp::StartsWithCs
                | TextOp::EndsWithCs
        );
        let text = if exact { text.to_owned() } else { text.to_lowercase() };
        Needle { op, text, fold: !exact }
    }

    /// Whether `hay` fits.
    pub fn found(&self, hay: &str) -> bool {
        if !self.fold {
            return self.fits(hay);
        }
        if hay.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
            self.fits(&hay.to_lowercase())
        } else {
            self.fits(hay)
        }
    }

    fn fits(&self, hay: &str) -> bool {
        let needle = self.text.as_str();
        match self.op {
            TextOp::Contains | TextOp::ContainsCs => hay.contains(needle),
            TextOp::StartsWith | TextOp::StartsWithCs => hay.starts_with(needle),
            TextOp::EndsWith | TextOp::EndsWithCs => hay.ends_with(needle),
            TextOp::Has | TextOp::HasCs => term(hay, needle, true, true),
            TextOp::HasPrefix | TextOp::HasPrefixCs => term(hay, needle, true, false),
            TextOp::HasSuffix | TextOp::HasSuffixCs => term(hay, needle, false, true),
            TextOp::Matches => false,
        }
    }
}

/// Whether `needle` stands in `hay` at the boundaries of terms: maximal runs of letters and digits.
fn term(hay: &str, needle: &str, at_start: bool, at_end: bool) -> bool {
    if needle.is_empty() {
        return true;
    }
    let opens = needle.chars().next().is_some_and(char::is_alphanumeric);
    let closes = needle.chars().next_back().is_some_and(char::is_alphanumeric);
    aligned(hay, needle, at_start && opens, at_end && closes)
}

/// Looks at every place of the needle, overlapping ones too: `a-a` in `ba-a-a` fits only at its second place.
fn aligned(hay: &str, needle: &str, at_start: bool, at_end: bool) -> bool {
    let Some(step) = needle.chars().next().map(char::len_utf8) else { return false };
    let mut from = 0;
    while let Some(at) = hay.get(from..).and_then(|rest| rest.find(needle)).map(|at| at + from) {
        let before = hay[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        let after = hay[at + needle.len()..].chars().next().is_some_and(char::is_alphanumeric);
        if (!at_start || !before) && (!at_end || !after) {
            return true;
        }
        from = at + step;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{build, literal_brackets};

    #[test]
    fn patterns_of_the_former_dialect_are_read() {
        for (written, read) in [
            (r"[[]", r"[\[]"),
            (r"^[^[\]]+x{2,3}$", r"^[^\[\]]+x{2,3}$"),
            (r#"{"id":"[]["#, r#"\{"id":"[]\["#),
            (r"[[:alpha:]_[]", r"[[:alpha:]_\[]"),
            (r"a{,3}\{", r"a\{,3}\{"),
        ] {
            assert_eq!(literal_brackets(written), read);
        }
        assert!(build("[[]").is_ok_and(|regex| regex.is_match("a[")));
        assert!(build("(").is_err());
        // A class inside a class is the present dialect's, and stays.
        assert!(build("[a-z&&[^b]]").is_ok_and(|regex| !regex.is_match("b")));
    }
}
