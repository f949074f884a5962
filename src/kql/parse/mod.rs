//! Tokens to tree: recursive descent, several errors in one run.
//!
//! An error inside an operator is reported and the parser goes on behind the next pipe or semicolon, so that one
//! run tells of every broken operator.

mod arguments;
mod expression;
mod literal;
mod operator;
mod source;
mod statement;
mod transform;

use super::ast::{Name, Query};
use super::lex::{Kind, Token, lex};
use crate::error::{Diagnostic, Diagnostics, Span};

/// Depth of nesting at which a text is refused instead of overflowing the stack.
const MAX_DEPTH: usize = 200;

/// Parses a query text.
///
/// # Errors
/// Every syntax error found, with spans into `source`.
pub fn parse(source: &str) -> Result<Query, Diagnostics> {
    parser(source, false).map(|queries| queries.into_iter().next().unwrap_or_default())
}

/// Parses a query text that may ask for several tables, parted by `;`: a query for each, with the statements before it.
///
/// # Errors
/// Every syntax error found, with spans into `source`.
pub fn statements(source: &str) -> Result<Vec<Query>, Diagnostics> {
    parser(source, true)
}

fn parser(source: &str, several: bool) -> Result<Vec<Query>, Diagnostics> {
    let text = blank_placeholders(source);
    let (tokens, problems) = lex(&text);
    let mut parser = Parser { source: &text, tokens, at: 0, problems, depth: 0 };
    let queries = parser.queries(several);
    if parser.problems.is_empty() { Ok(queries) } else { Err(parser.problems) }
}

/// `{{StartTimeISO}}` of hunting queries, as text that lexes: the portal fills these in before Kusto sees the query.
/// Each is overlaid, byte for byte, by a name the compiler knows, so that spans stay true.
fn blank_placeholders(source: &str) -> std::borrow::Cow<'_, str> {
    if !source.contains("{{") {
        return source.into();
    }
    let mut text = source.to_owned();
    while let Some(start) = text.find("{{") {
        let Some(length) = text[start..].find("}}") else { break };
        let inner = text[start + 2..start + length].trim().to_ascii_lowercase();
        let word = if inner.starts_with("start") { "_start" } else { "_end" };
        let mut filler = word.to_owned();
        filler.push_str(&" ".repeat((length + 2).saturating_sub(word.len())));
        text.replace_range(start..start + length + 2, &filler);
    }
    text.into()
}

/// What a failed rule of the grammar gives: the message is already recorded.
#[derive(Debug)]
pub(super) struct Failed;
pub(super) type Parsed<T> = Result<T, Failed>;

pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    problems: Diagnostics,
    depth: usize,
}

impl Parser<'_> {
    fn kind(&self) -> &Kind {
        &self.tokens[self.at.min(self.tokens.len() - 1)].kind
    }

    fn kind_at(&self, ahead: usize) -> &Kind {
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.at.min(self.tokens.len() - 1)].span
    }

    fn span_at(&self, ahead: usize) -> Span {
        self.tokens[(self.at + ahead).min(self.tokens.len() - 1)].span
    }

    /// Bytes from `start` to the end of the last token taken.
    fn since(&self, start: Span) -> Span {
        let last = self.tokens[self.at.saturating_sub(1).min(self.tokens.len() - 1)].span;
        Span::new(start.start, last.end.max(start.start))
    }

    fn advance(&mut self) {
        if self.at < self.tokens.len() - 1 {
            self.at += 1;
        }
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.kind(), Kind::Symbol(s) if *s == symbol)
    }

    fn is_at(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.kind_at(ahead), Kind::Symbol(s) if *s == symbol)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Name(name) if name == word)
    }

    fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.kind_at(ahead), Kind::Name(name) if name == word)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept(symbol) { Ok(()) } else { self.fail(&format!("expected `{symbol}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.accept_word(word) { Ok(()) } else { self.fail(&format!("expected `{word}`")) }
    }

    /// Records what was expected here and what stands here instead.
    fn fail<T>(&mut self, expected: &str) -> Parsed<T> {
        let found = match self.kind() {
            Kind::End => "the end of the query".to_owned(),
            _ => format!("`{}`", &self.source[self.span().start..self.span().end]),
        };
        let problem = Diagnostic::error(format!("{expected}, found {found}"), self.span());
        self.problems.push(problem.label("here"));
        Err(Failed)
    }

    fn refuse<T>(&mut self, problem: Diagnostic) -> Parsed<T> {
        self.problems.push(problem);
        Err(Failed)
    }

    /// A name, plain or in `['…']`.
    fn name(&mut self, what: &str) -> Parsed<Name> {
        let start = self.span();
        match self.kind().clone() {
            Kind::Name(text) => {
                self.advance();
                Ok(Name { text, span: start })
            }
            Kind::Symbol("[") if self.bracketed().is_some() => {
                self.advance();
                // Adjacent literals are one: `['O''peration']` is a way to write Operation.
                let text = self.joined_text();
                self.advance();
                Ok(Name { text, span: self.since(start) })
            }
            _ => self.fail(what),
        }
    }

    /// How many tokens a name in `['…']` takes, when one stands here.
    fn bracketed(&self) -> Option<usize> {
        let mut at = 1;
        while matches!(self.kind_at(at), Kind::Text(_)) {
            at += 1;
        }
        (self.is("[") && at > 1 && self.is_at(at, "]")).then_some(at + 1)
    }

    /// A keyword with inner dashes, such as `mv-expand`: dashes are tokens, but only without space around them.
    fn dashed(&self) -> Option<(String, usize)> {
        let Kind::Name(first) = self.kind() else { return None };
        let mut word = first.clone();
        let mut taken = 1;
        while self.is_at(taken, "-")
            && self.span_at(taken - 1).end == self.span_at(taken).start
            && self.span_at(taken).end == self.span_at(taken + 1).start
            && let Kind::Name(next) = self.kind_at(taken + 1)
        {
            word.push('-');
            word.push_str(next);
            taken += 2;
        }
        Some((word, taken))
    }

    /// Skips to the next pipe, semicolon or closing bracket outside of brackets.
    fn recover(&mut self) {
        let mut open = 0usize;
        loop {
            match self.kind() {
                Kind::End => return,
                Kind::Symbol("(" | "[" | "{") => open += 1,
                Kind::Symbol(")" | "]" | "}") if open == 0 => return,
                Kind::Symbol(")" | "]" | "}") => open -= 1,
                Kind::Symbol("|" | ";") if open == 0 => return,
                _ => {}
            }
            self.advance();
        }
    }

    /// Runs a rule one level deeper; refuses a text nested beyond reason.
    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.fail(&format!("expressions nested at most {MAX_DEPTH} deep"));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    /// `rule` repeated, split by commas; a comma too many is forgiven, as the service does.
    fn list<T>(&mut self, mut rule: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![rule(self)?];
        while self.accept(",") {
            while self.accept(",") {}
            if matches!(self.kind(), Kind::End | Kind::Symbol("|" | ";" | ")" | "]")) {
                break;
            }
            items.push(rule(self)?);
        }
        Ok(items)
    }
}
