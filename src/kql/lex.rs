//! Text to tokens. Comments and white space are skipped; every token knows its bytes.

use crate::error::{Diagnostic, Diagnostics, Span};

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Name or keyword: which, the parser decides by place. May hold inner dashes only where the parser joins them.
    Name(String),
    /// String literal, unescaped.
    Text(String),
    /// Integer literal.
    Long(i64),
    /// Literal with a point or exponent.
    Real(f64),
    /// Timespan literal such as `1d`, in ticks.
    Timespan(i64),
    /// Operator or punctuation.
    Symbol(&'static str),
    /// End of text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub span: Span,
}

/// Longest first, so that `==` is not read as two `=`.
const SYMBOLS: [&str; 37] = [
    "<|", "==", "=~", "!=", "!~", "<>", "<=", ">=", "=>", "..", "-->", "<--", "--", "|", ";", ",", ":", ".", "(", ")",
    "[", "]", "{", "}", "=", "<", ">", "+", "-", "*", "/", "%", "!", "~", "?", "@", "#",
];

/// Splits `source` into tokens, the last of which is [`Kind::End`].
pub fn lex(source: &str) -> (Vec<Token>, Diagnostics) {
    let mut lexer = Lexer { source, bytes: source.as_bytes(), at: 0, tokens: Vec::new(), problems: Vec::new() };
    lexer.run();
    let end = source.len();
    lexer.tokens.push(Token { kind: Kind::End, span: Span::new(end, end) });
    (lexer.tokens, lexer.problems)
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    problems: Diagnostics,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.tokens.push(Token { kind, span: Span::new(start, self.at) });
    }

    fn run(&mut self) {
        while self.at < self.bytes.len() {
            let start = self.at;
            match self.peek(0) {
                b if b.is_ascii_whitespace() => self.at += 1,
                b'/' if self.peek(1) == b'/' => self.comment(),
                b'"' | b'\'' => self.quoted(start, self.at, false),
                b'`' | b'~' if self.fenced_ahead() => self.fenced(start),
                b'@' if matches!(self.peek(1), b'"' | b'\'') => self.quoted(start, self.at + 1, true),
                b'h' | b'H' if matches!(self.peek(1), b'"' | b'\'') => self.quoted(start, self.at + 1, false),
                b'h' | b'H' if self.peek(1) == b'@' && matches!(self.peek(2), b'"' | b'\'') => {
                    self.quoted(start, self.at + 2, true);
                }
                b if b.is_ascii_digit() => self.number(start),
                b if b.is_ascii_alphabetic() || matches!(b, b'_' | b'$') => self.name(start),
                _ => self.symbol(start),
            }
        }
    }

    fn comment(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    /// A quoted literal whose opening quote is at `quote`.
    fn quoted(&mut self, start: usize, quote: usize, verbatim: bool) {
        let mark = self.bytes[quote];
        self.at = quote + 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.source[self.at..].chars().next().filter(|c| verbatim || *c != '\n') else {
                let problem = Diagnostic::error("string literal is not closed", Span::new(start, self.at));
                self.problems.push(problem.help(format!("add {} at its end", mark as char)));
                break;
            };
            self.at += c.len_utf8();
            if c == mark as char {
                if verbatim && self.peek(0) == mark {
                    self.at += 1;
                    text.push(c);
                    continue;
                }
                break;
            }
            if c == '\\' && !verbatim {
                self.escape(&mut text);
            } else {
                text.push(c);
            }
        }
        self.push(Kind::Text(text), start);
    }

    fn escape(&mut self, text: &mut String) {
        let start = self.at - 1;
        let Some(c) = self.source[self.at..].chars().next() else { return };
        self.at += c.len_utf8();
        let digits = |lexer: &Self, count: usize| {
            let hex = lexer.source.get(lexer.at..lexer.at + count)?;
            char::from_u32(u32::from_str_radix(hex, 16).ok()?)
        };
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '0' => text.push('\0'),
            '\\' | '"' | '\'' => text.push(c),
            'u' | 'x' | 'U' => {
                let count = match c {
                    'u' => 4,
                    'x' => 2,
                    _ => 8,
                };
                match digits(self, count) {
                    Some(decoded) => {
                        self.at += count;
                        text.push(decoded);
                    }
                    None => self.problems.push(
                        Diagnostic::error(format!("\\{c} needs {count} hexadecimal digits"), Span::new(start, self.at))
                            .help("double the backslash, or use a verbatim literal: @\"…\""),
                    ),
                }
            }
            _ => self.problems.push(
                Diagnostic::error(format!("\\{c} is not an escape sequence"), Span::new(start, self.at))
                    .help("double the backslash, or use a verbatim literal: @\"…\""),
            ),
        }
    }

    fn fenced_ahead(&self) -> bool {
        let mark = self.peek(0);
        self.peek(1) == mark && self.peek(2) == mark
    }

    /// A multi-line literal between three backticks or tildes.
    fn fenced(&mut self, start: usize) {
        let fence = &self.source[start..start + 3];
        self.at += 3;
        match self.source[self.at..].find(fence) {
            Some(length) => {
                let text = self.source[self.at..self.at + length].to_owned();
                self.at += length + 3;
                self.push(Kind::Text(text), start);
            }
            None => {
                self.at = self.bytes.len();
                let problem = Diagnostic::error("multi-line string literal is not closed", Span::new(start, start + 3));
                self.problems.push(problem.help(format!("add {fence} at its end")));
            }
        }
    }

    fn number(&mut self, start: usize) {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.at += 2;
            while self.peek(0).is_ascii_hexdigit() {
                self.at += 1;
            }
            let value = u64::from_str_radix(&self.source[start + 2..self.at], 16).unwrap_or_default();
            return self.push(Kind::Long(value as i64), start);
        }
        let digits = |lexer: &mut Self| {
            while lexer.peek(0).is_ascii_digit() {
                lexer.at += 1;
            }
        };
        digits(self);
        let mut real = false;
        // `1..5` is a range, `1.5` a number; a name after the point is a path.
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            real = true;
            self.at += 1;
            digits(self);
        } else if self.peek(0) == b'.' && self.peek(1) != b'.' && !self.peek(1).is_ascii_alphabetic() {
            real = true;
            self.at += 1;
        }
        let exponent = matches!(self.peek(0), b'e' | b'E')
            && (self.peek(1).is_ascii_digit()
                || (matches!(self.peek(1), b'+' | b'-') && self.peek(2).is_ascii_digit()));
        if exponent {
            real = true;
            self.at += 2;
            digits(self);
        }
        let number = &self.source[start..self.at];
        let unit_start = self.at;
        while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
            self.at += 1;
        }
        let unit = &self.source[unit_start..self.at];
        if unit.is_empty() {
            let kind = match number.parse::<i64>() {
                Ok(value) if !real => Kind::Long(value),
                _ => Kind::Real(number.parse().unwrap_or(f64::NAN)),
            };
            return self.push(kind, start);
        }
        match ticks(number, unit) {
            Some(value) => self.push(Kind::Timespan(value), start),
            // An unquoted name may begin with digits (`3DES`), and a guid with what looks like an exponent (`12e8b78d-…`);
            // the parser decides whether a name fits here.
            // So does the end of `datetime(2026-05-04T01:02:03.5Z)`.
            None if !number.contains('.') || unit.eq_ignore_ascii_case("z") => {
                let name = self.source[start..self.at].to_owned();
                self.push(Kind::Name(name), start);
            }
            None => {
                let problem =
                    Diagnostic::error(format!("{unit} is not a unit of time"), Span::new(unit_start, self.at));
                self.problems.push(problem.help("use d, h, m, s, ms, microsecond or tick"));
            }
        }
    }

    fn name(&mut self, start: usize) {
        while self.peek(0).is_ascii_alphanumeric() || matches!(self.peek(0), b'_' | b'$') {
            self.at += 1;
        }
        let name = self.source[start..self.at].to_owned();
        self.push(Kind::Name(name), start);
    }

    fn symbol(&mut self, start: usize) {
        let rest = &self.source[start..];
        if let Some(symbol) = SYMBOLS.iter().filter(|s| rest.starts_with(**s)).max_by_key(|s| s.len()) {
            self.at += symbol.len();
            return self.push(Kind::Symbol(symbol), start);
        }
        let c = rest.chars().next().unwrap_or(' ');
        self.at += c.len_utf8();
        // Text pasted from a web page: non-breaking spaces and byte order marks are spaces.
        if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
            return;
        }
        let problem = Diagnostic::error(format!("unexpected character {c:?}"), Span::new(start, self.at));
        self.problems.push(match c {
            '“' | '”' | '‘' | '’' => problem.help("replace typographic quotes by \" or '"),
            _ => problem,
        });
    }
}

/// Ticks in so many of a unit of a timespan literal, which ends at the greatest timespan; a part of a tick is cut off
/// (<https://learn.microsoft.com/kusto/query/scalar-data-types/timespan>).
pub fn ticks(number: &str, unit: &str) -> Option<i64> {
    let nanoseconds = match unit {
        "d" | "day" | "days" => 86_400_000_000_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000_000,
        "s" | "sec" | "second" | "seconds" => 1_000_000_000,
        "ms" | "milli" | "millis" | "millisec" | "millisecond" | "milliseconds" => 1_000_000,
        "micro" | "micros" | "microsec" | "microsecond" | "microseconds" => 1_000,
        "tick" | "ticks" => 100,
        "nano" | "nanos" | "nanosec" | "nanosecond" | "nanoseconds" => 1,
        _ => return None,
    };
    Some(match number.parse::<i64>() {
        Ok(whole) => i64::try_from(i128::from(whole) * nanoseconds / 100).unwrap_or(i64::MAX),
        Err(_) => (number.parse::<f64>().ok()? * (nanoseconds as f64 / 100.0)).round() as i64,
    })
}
