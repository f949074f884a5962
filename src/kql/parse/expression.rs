//! Scalar expressions, by precedence.

use super::{Parsed, Parser};
use crate::error::Span;
use crate::kql::Value;
use crate::kql::ast::{
    Argument, BINARY_OPERATORS, BinaryOp, Expr, ExprKind, IN_OPERATORS, InOp, Name, Operator, OperatorKind, Pipeline,
    TEXT_OPERATORS, TextOp,
};
use crate::kql::lex::Kind;
use crate::table::Type;

impl Parser<'_> {
    /// `or`, the weakest.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::disjunction)
    }

    fn disjunction(&mut self) -> Parsed<Expr> {
        let mut left = self.conjunction()?;
        while self.accept_word("or") {
            let right = self.conjunction()?;
            left = binary(BinaryOp::Or, left, right);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let mut left = self.comparison()?;
        while self.accept_word("and") {
            let right = self.comparison()?;
            left = binary(BinaryOp::And, left, right);
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let mut left = self.additive()?;
        loop {
            if let Some(op) = self.symbol_op(&["==", "!=", "<>", "=~", "!~", "<", "<=", ">", ">="]) {
                // `in~` and friends are words; `=~` and `!~` may also take a list in published queries.
                let right = self.additive()?;
                left = binary(op, left, right);
                continue;
            }
            // `search Column:"term"`
            if self.is(":") && matches!(self.kind_at(1), Kind::Text(_)) {
                self.advance();
                let right = self.additive()?;
                left = binary(BinaryOp::Text(TextOp::Has, false), left, right);
                continue;
            }
            let Some((word, negated, taken)) = self.word_op() else { return Ok(left) };
            if word == "between" {
                self.at += taken;
                left = self.between(left, negated)?;
            } else if let Some(op) = in_op(&word, negated) {
                self.at += taken;
                left = self.membership(left, op)?;
            } else if let Some((_, op)) = TEXT_OPERATORS.iter().find(|(name, _)| *name == word) {
                self.at += taken;
                if *op == TextOp::Matches {
                    self.expect_word("regex")?;
                }
                let right = self.additive()?;
                left = binary(BinaryOp::Text(*op, negated), left, right);
            } else {
                return Ok(left);
            }
        }
    }

    /// A word that may be an operator here, whether `!` stands before it, and how many tokens both take.
    fn word_op(&self) -> Option<(String, bool, usize)> {
        let negated = self.is("!");
        let at = usize::from(negated);
        let Kind::Name(word) = self.kind_at(at) else { return None };
        // Spellings of the first years.
        let (word, negated) = match word.as_str() {
            "notcontains" => ("contains", true),
            "notcontainscs" => ("contains_cs", true),
            "containscs" => ("contains_cs", negated),
            word => (word, negated),
        };
        let mut word = word.to_owned();
        let mut taken = at + 1;
        let joined = self.span_at(at).end == self.span_at(at + 1).start;
        if (word == "in" || word == "has") && joined && matches!(self.kind_at(at + 1), Kind::Symbol("~")) {
            word.push('~');
            taken += 1;
        }
        Some((word, negated, taken))
    }

    fn symbol_op(&mut self, among: &[&str]) -> Option<BinaryOp> {
        let Kind::Symbol(symbol) = self.kind() else { return None };
        let symbol = *symbol;
        if !among.contains(&symbol) {
            return None;
        }
        let (_, op) = BINARY_OPERATORS.iter().find(|(name, _)| *name == symbol)?;
        self.advance();
        Some(*op)
    }

    fn between(&mut self, value: Expr, negated: bool) -> Parsed<Expr> {
        self.expect("(")?;
        let low = self.additive()?;
        self.expect("..")?;
        let high = self.additive()?;
        self.expect(")")?;
        let span = self.since(value.span);
        let kind = ExprKind::Between { negated, value: Box::new(value), low: Box::new(low), high: Box::new(high) };
        Ok(Expr { kind, span })
    }

    fn membership(&mut self, value: Expr, op: InOp) -> Parsed<Expr> {
        let items = if self.accept("(") {
            let items = if self.is(")") { Vec::new() } else { self.list(Self::tabular_or_scalar)? };
            self.expect(")")?;
            items
        } else {
            vec![self.additive()?]
        };
        let span = self.since(value.span);
        Ok(Expr { kind: ExprKind::In(op, Box::new(value), items), span })
    }

    pub(super) fn additive(&mut self) -> Parsed<Expr> {
        let mut left = self.multiplicative()?;
        while let Some(op) = self.symbol_op(&["+", "-"]) {
            let right = self.multiplicative()?;
            left = binary(op, left, right);
        }
        Ok(left)
    }

    fn multiplicative(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        while let Some(op) = self.symbol_op(&["*", "/", "%"]) {
            let right = self.unary()?;
            left = binary(op, left, right);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if self.accept("+") {
            return self.nested(Self::unary);
        }
        if self.accept("-") {
            let operand = self.nested(Self::unary)?;
            let span = start.to(operand.span);
            let kind = match operand.kind {
                ExprKind::Literal(Value::Long(v), ty) => ExprKind::Literal(Value::Long(v.wrapping_neg()), ty),
                ExprKind::Literal(Value::Real(v), ty) => ExprKind::Literal(Value::Real(-v), ty),
                ExprKind::Literal(Value::Timespan(v), ty) => ExprKind::Literal(Value::Timespan(v.wrapping_neg()), ty),
                _ => ExprKind::Minus(Box::new(operand)),
            };
            return Ok(Expr { kind, span });
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Parsed<Expr> {
        let mut base = self.primary()?;
        loop {
            if self.is(".") {
                self.advance();
                if self.is("[") {
                    continue;
                }
                let start = self.span();
                let member = match self.kind().clone() {
                    Kind::Name(text) => {
                        self.advance();
                        Name { text, span: start }
                    }
                    // `path.0` is not KQL, but `a.1b` lexes as a number.
                    _ => return self.fail("expected a member name after `.`"),
                };
                let span = base.span.to(member.span);
                base = if self.is("(") {
                    self.method(base, member)?
                } else {
                    Expr { kind: ExprKind::Member(Box::new(base), member), span }
                };
            } else if self.is("[") {
                self.advance();
                let index = self.expression()?;
                self.expect("]")?;
                let span = self.since(base.span);
                base = Expr { kind: ExprKind::Index(Box::new(base), Box::new(index)), span };
            } else {
                return Ok(base);
            }
        }
    }

    /// `workspace("x").table("T")`, and `a.tostring()`, which some tools write: the base is the first argument.
    fn method(&mut self, base: Expr, name: Name) -> Parsed<Expr> {
        let start = base.span;
        let mut arguments = self.arguments()?;
        let scope = matches!(&base.kind, ExprKind::Call(call, _) if ["workspace", "database", "cluster", "app"].contains(&call.text.as_str()));
        if !scope {
            arguments.insert(0, Argument { name: None, value: base });
        }
        Ok(Expr { kind: ExprKind::Call(name, arguments), span: self.since(start) })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let span = self.span();
        let literal = |value: Value<'static>, ty| Ok(Expr { kind: ExprKind::Literal(value, ty), span });
        match self.kind().clone() {
            Kind::Long(value) => {
                self.advance();
                literal(Value::Long(value), Type::Long)
            }
            Kind::Real(value) => {
                self.advance();
                literal(Value::Real(value), Type::Real)
            }
            Kind::Timespan(value) => {
                self.advance();
                literal(Value::Timespan(value), Type::Timespan)
            }
            Kind::Text(_) => {
                let text = self.joined_text();
                Ok(Expr { kind: ExprKind::Literal(Value::text(text), Type::String), span: self.since(span) })
            }
            Kind::Symbol("(") => {
                self.advance();
                let inner = self.tabular_or_scalar()?;
                self.expect(")")?;
                Ok(Expr { kind: inner.kind, span: self.since(span) })
            }
            Kind::Symbol("[") => {
                let name = self.name("expected an expression")?;
                self.named(name)
            }
            Kind::Symbol("*") => {
                self.advance();
                Ok(Expr { kind: ExprKind::Star, span })
            }
            Kind::Name(word) => {
                if let Some(typed) = self.typed_literal() {
                    return typed;
                }
                self.advance();
                let truth = match word.as_str() {
                    "true" | "True" | "TRUE" => Some(true),
                    "false" | "False" | "FALSE" => Some(false),
                    _ => None,
                };
                if let Some(truth) = truth.filter(|_| !self.is("(")) {
                    return literal(Value::Bool(truth), Type::Bool);
                }
                self.named(Name { text: word, span })
            }
            _ => self.fail("expected an expression"),
        }
    }

    fn named(&mut self, name: Name) -> Parsed<Expr> {
        let span = name.span;
        if !self.is("(") {
            return Ok(Expr { kind: ExprKind::Name(name.text), span });
        }
        if name.text == "typeof" {
            return self.typeof_literal(span);
        }
        let arguments = self.arguments()?;
        Ok(Expr { kind: ExprKind::Call(name, arguments), span: self.since(span) })
    }

    /// An expression, or a pipeline where the language lets a table stand for a value.
    pub(super) fn tabular_or_scalar(&mut self) -> Parsed<Expr> {
        if self.source_ahead() {
            let pipeline = self.pipeline()?;
            return Ok(wrap(pipeline));
        }
        let start = self.span();
        let first = self.expression()?;
        if !self.is("|") {
            return Ok(first);
        }
        let mut operators = vec![Operator { span: first.span, kind: OperatorKind::Source(first) }];
        while self.accept("|") {
            operators.push(self.operator()?);
        }
        Ok(wrap(Pipeline { operators, span: self.since(start) }))
    }
}

fn wrap(pipeline: Pipeline) -> Expr {
    let span: Span = pipeline.span;
    Expr { kind: ExprKind::Pipeline(Box::new(pipeline)), span }
}

fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span }
}

fn in_op(word: &str, negated: bool) -> Option<InOp> {
    let spelled = if negated { format!("!{word}") } else { word.to_owned() };
    IN_OPERATORS.iter().find(|(name, _)| *name == spelled).map(|(_, op)| *op)
}
