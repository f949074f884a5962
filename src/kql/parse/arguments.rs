//! What stands in parentheses and behind operators: arguments, assignments, settings, schemas.

use super::{Parsed, Parser};
use crate::error::Span;
use crate::kql::ast::{Argument, Assignment, Expr, ExprKind, Name, Pattern, Settings, SortKey};
use crate::kql::lex::Kind;
use crate::table::Type;

impl Parser<'_> {
    /// `(a, b, name=c)`.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.expect("(")?;
        while self.accept(",") {}
        if self.accept(")") {
            return Ok(Vec::new());
        }
        let arguments = self.nested(|parser| parser.list(Self::argument))?;
        self.expect(")")?;
        Ok(arguments)
    }

    fn argument(&mut self) -> Parsed<Argument> {
        let named = matches!(self.kind(), Kind::Name(_)) && self.is_at(1, "=");
        let name = if named {
            let name = self.name("expected a name")?;
            self.advance();
            Some(name)
        } else {
            None
        };
        let value = self.tabular_or_scalar()?;
        Ok(Argument { name, value })
    }

    /// `typeof(long)` or `typeof(a:string, b:long)`; the opening parenthesis is next.
    pub(super) fn typeof_literal(&mut self, start: Span) -> Parsed<Expr> {
        self.expect("(")?;
        let columns = self.list(|parser| {
            if parser.accept("*") {
                return Ok((Some("*".to_owned()), Type::Dynamic));
            }
            let named = parser.is_at(1, ":") || parser.is("[");
            let name = if named {
                let name = parser.name("expected a column name")?;
                parser.expect(":")?;
                Some(name.text)
            } else {
                None
            };
            Ok((name, parser.type_name()?))
        })?;
        self.expect(")")?;
        Ok(Expr { kind: ExprKind::Typeof(columns), span: self.since(start) })
    }

    /// `name = expr`, `(a, b) = expr`, `expr`.
    pub(super) fn assignment(&mut self) -> Parsed<Assignment> {
        if self.is("(") && self.tuple_ahead() {
            self.advance();
            let names = self.list(|parser| parser.name("expected a name"))?;
            self.expect(")")?;
            self.expect("=")?;
            return Ok(Assignment { names, tuple: true, expr: self.expression()? });
        }
        let bracketed = self.bracketed().is_some_and(|taken| self.is_at(taken, "="));
        let plain = matches!(self.kind(), Kind::Name(_)) && self.is_at(1, "=");
        if bracketed || plain {
            let name = self.name("expected a name")?;
            self.expect("=")?;
            return Ok(Assignment { names: vec![name], tuple: false, expr: self.expression()? });
        }
        Ok(Assignment { names: Vec::new(), tuple: false, expr: self.expression()? })
    }

    fn tuple_ahead(&self) -> bool {
        let mut at = 1;
        loop {
            match self.kind_at(at) {
                Kind::Name(_) => at += 1,
                Kind::Symbol("[") if matches!(self.kind_at(at + 1), Kind::Text(_)) && self.is_at(at + 2, "]") => {
                    at += 3
                }
                _ => return false,
            }
            if self.is_at(at, ")") {
                return self.is_at(at + 1, "=");
            }
            if !self.is_at(at, ",") {
                return false;
            }
            at += 1;
        }
    }

    /// Assignments split by commas; none where the operator ends at once.
    pub(super) fn assignments(&mut self) -> Parsed<Vec<Assignment>> {
        if self.at_end_of_operator() {
            return Ok(Vec::new());
        }
        self.list(Self::assignment)
    }

    pub(super) fn at_end_of_operator(&self) -> bool {
        matches!(self.kind(), Kind::End | Kind::Symbol("|" | ";" | ")" | "}"))
    }

    /// `hint.strategy=shuffle`, where another `name=` begins a column.
    pub(super) fn hints(&mut self) -> Parsed<()> {
        while self.is_word("hint") && self.is_at(1, ".") {
            self.at += 2;
            self.name("expected the name of a hint")?;
            self.expect("=")?;
            self.setting()?;
        }
        Ok(())
    }

    /// `kind=inner hint.strategy=shuffle` between an operator and its arguments: hints and the operator's own settings;
    /// another `name=` is an argument.
    pub(super) fn settings(&mut self, own: &[&str]) -> Parsed<Settings> {
        let mut settings = Settings::default();
        while self.is_word("hint") || own.iter().any(|name| self.is_word(name)) {
            match self.one_setting()? {
                Some(setting) => settings.0.push(setting),
                None => break,
            }
        }
        for (name, _) in settings.0.iter_mut().filter(|(name, _)| name.text == "with_source") {
            name.text = "withsource".to_owned();
        }
        Ok(settings)
    }

    /// Settings of any name.
    pub(super) fn named_settings(&mut self) -> Parsed<Settings> {
        let mut settings = Settings::default();
        while let Some(setting) = self.one_setting()? {
            settings.0.push(setting);
        }
        Ok(settings)
    }

    /// Names joined by dots, `=`, and a word or a literal.
    fn one_setting(&mut self) -> Parsed<Option<(Name, Expr)>> {
        let Kind::Name(first) = self.kind().clone() else { return Ok(None) };
        let start = self.span();
        let mut ahead = 1;
        let mut text = first;
        while self.is_at(ahead, ".") {
            let Kind::Name(part) = self.kind_at(ahead + 1) else { break };
            text = format!("{text}.{part}");
            ahead += 2;
        }
        if !self.is_at(ahead, "=") {
            return Ok(None);
        }
        self.at += ahead + 1;
        let name = Name { text, span: self.since(start) };
        let value = self.setting()?;
        self.accept(",");
        Ok(Some((name, value)))
    }

    /// The value of a setting: one token, so that the next setting is not read as part of it.
    fn setting(&mut self) -> Parsed<Expr> {
        let span = self.span();
        match self.kind().clone() {
            Kind::Name(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                self.advance();
                let value = crate::kql::Value::Bool(word.eq_ignore_ascii_case("true"));
                Ok(Expr { kind: ExprKind::Literal(value, Type::Bool), span })
            }
            Kind::Name(word) => {
                self.advance();
                Ok(Expr { kind: ExprKind::Name(word), span })
            }
            _ => self.additive(),
        }
    }

    pub(super) fn sort_keys(&mut self) -> Parsed<Vec<SortKey>> {
        self.list(|parser| {
            let expr = parser.expression()?;
            let ascending = parser.ascending().unwrap_or(false);
            let nulls_first = if parser.accept_word("nulls") {
                let first = parser.accept_word("first");
                if !first {
                    parser.expect_word("last")?;
                }
                first
            } else {
                ascending
            };
            Ok(SortKey { expr, ascending, nulls_first })
        })
    }

    pub(super) fn ascending(&mut self) -> Option<bool> {
        if self.accept_word("asc") {
            Some(true)
        } else if self.accept_word("desc") {
            Some(false)
        } else {
            None
        }
    }

    /// A column name with `*` anywhere: its parts touch each other.
    pub(super) fn pattern(&mut self) -> Parsed<Pattern> {
        let start = self.span();
        if self.is("[") {
            let name = self.name("expected a column name")?;
            return Ok(Pattern { text: name.text, span: name.span });
        }
        let mut text = String::new();
        loop {
            match self.kind().clone() {
                Kind::Name(part) => text.push_str(&part),
                Kind::Symbol("*") => text.push('*'),
                Kind::Long(number) if !text.is_empty() => text.push_str(&number.to_string()),
                _ => break,
            }
            let end = self.span().end;
            self.advance();
            if self.span().start != end {
                break;
            }
        }
        if text.is_empty() {
            return self.fail("expected a column name, possibly with `*`");
        }
        Ok(Pattern { text, span: self.since(start) })
    }

    /// `(a:string, b:long)`.
    pub(super) fn schema(&mut self) -> Parsed<Vec<(Name, Type)>> {
        self.expect("(")?;
        if self.accept(")") {
            return Ok(Vec::new());
        }
        let columns = self.list(|parser| {
            let name = parser.name("expected a column name")?;
            parser.expect(":")?;
            Ok((name, parser.type_name()?))
        })?;
        self.expect(")")?;
        Ok(columns)
    }
}
