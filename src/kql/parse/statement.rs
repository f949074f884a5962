//! Statements: `let`, `set`, `declare` and the body.

use super::{Failed, Parsed, Parser};
use crate::error::Diagnostic;
use crate::kql::ast::{
    DeclaredPattern, ExprKind, Lambda, LetValue, Parameter, Pattern, PatternRule, Pipeline, Query, Statement,
};
use crate::kql::lex::Kind;
use crate::table::Type;
use std::sync::Arc;

impl Parser<'_> {
    /// A whole text: one query, or one for each table that it asks for.
    pub(super) fn queries(&mut self, several: bool) -> Vec<Query> {
        let mut queries: Vec<Query> = Vec::new();
        let mut query = Query::default();
        loop {
            while self.accept(";") {}
            if matches!(self.kind(), Kind::End) {
                break;
            }
            if self.statement(&mut query).is_err() {
                // Behind an error the rest of the pipeline is still read for more errors.
                self.resume();
                continue;
            }
            if !matches!(self.kind(), Kind::End) && !self.accept(";") {
                let _ = self.fail::<()>("expected `;` or `|`");
                self.resume();
            }
            if several && let Some(body) = query.body.take() {
                queries.push(Query { body: Some(body), ..query.clone() });
            }
        }
        match queries.as_mut_slice() {
            [] => queries.push(query),
            // Statements behind the only table belong to it, as they do where no second may follow.
            [only] => only.statements = query.statements,
            _ => {}
        }
        queries
    }

    /// To the end of a broken statement; brackets that the error left open close without a word.
    fn resume(&mut self) {
        loop {
            self.recover();
            match self.kind() {
                Kind::End => return,
                Kind::Symbol(";") => {
                    self.advance();
                    return;
                }
                Kind::Symbol("|") => {
                    self.advance();
                    if self.operator().is_err() {
                        continue;
                    }
                }
                _ => self.advance(),
            }
        }
    }

    /// Statements up to a closing brace, for the body of a lambda.
    fn block(&mut self) -> Parsed<Query> {
        let mut query = Query::default();
        loop {
            while self.accept(";") {}
            if self.is("}") || matches!(self.kind(), Kind::End) {
                break;
            }
            self.statement(&mut query)?;
            if !self.is("}") && !self.is(";") {
                return self.fail("expected `;`, `|` or `}`");
            }
        }
        Ok(query)
    }

    fn statement(&mut self, query: &mut Query) -> Parsed<()> {
        let is_assignment = matches!(self.kind_at(1), Kind::Name(_)) || self.is_at(1, "[");
        if self.is_word("let") && is_assignment {
            self.advance();
            let name = self.name("expected a name after `let`")?;
            self.expect("=")?;
            let value = self.let_value()?;
            query.statements.push(Statement::Let { name, value });
            return Ok(());
        }
        if self.is_word("declare") && self.is_word_at(1, "query_parameters") {
            self.advance();
            self.advance();
            let parameters = self.parameters()?;
            query.statements.push(Statement::Parameters(parameters));
            return Ok(());
        }
        if self.is_word("declare") && self.is_word_at(1, "pattern") {
            self.advance();
            self.advance();
            let pattern = self.declared_pattern()?;
            query.statements.push(Statement::Pattern(Arc::new(pattern)));
            return Ok(());
        }
        // The size and origin of bin_auto are names like any other, and so is what now() answers.
        let named =
            matches!(self.kind_at(1), Kind::Name(name) if name.starts_with("query_bin_auto_") || name == "query_now");
        if self.is_word("set") && named && self.is_at(2, "=") {
            self.advance();
            let name = self.name("expected an option after `set`")?;
            self.expect("=")?;
            let value = self.let_value()?;
            query.statements.push(Statement::Let { name, value });
            return Ok(());
        }
        let ignored = ["set", "alias"].iter().any(|word| self.is_word(word));
        if ignored && matches!(self.kind_at(1), Kind::Name(_)) {
            let word = self.name("expected a statement")?;
            while !self.is(";") && !matches!(self.kind(), Kind::End) {
                self.advance();
            }
            query.statements.push(Statement::Ignored { word });
            return Ok(());
        }
        if self.is_word("restrict") && self.is_word_at(1, "access") {
            query.statements.push(self.restrict()?);
            return Ok(());
        }
        let start = self.span();
        let body = self.pipeline()?;
        if query.body.is_some() {
            let problem = Diagnostic::error("a query has one answer, this is a second", start.to(body.span));
            return self
                .refuse(problem.help(
                    "remove one of the expressions, or bind the first with `let`; `entrail query` answers both",
                ));
        }
        query.body = Some(body);
        Ok(())
    }

    /// `restrict access to (Table, View*)`; a table may be written with its database.
    fn restrict(&mut self) -> Parsed<Statement> {
        self.advance();
        self.advance();
        self.expect_word("to")?;
        self.expect("(")?;
        let mut allowed = Vec::new();
        for table in self.tables()? {
            let text = match table.as_expr().map(|expr| &expr.kind) {
                Some(ExprKind::Name(name) | ExprKind::Wildcard(name)) => name.clone(),
                Some(ExprKind::Member(_, name)) => name.text.clone(),
                _ => {
                    let problem = Diagnostic::error("expected the name of a table or of a view", table.span);
                    return self.refuse(problem.help("for example: restrict access to (SigninLogs, MyView)"));
                }
            };
            allowed.push(Pattern { text, span: table.span });
        }
        self.expect(")")?;
        Ok(Statement::Restrict(allowed))
    }

    fn let_value(&mut self) -> Parsed<LetValue> {
        let view = self.is_word("view") && self.is_at(1, "(") && self.lambda_ahead(1);
        if view {
            self.advance();
        }
        if self.is("(") && self.lambda_ahead(0) {
            return Ok(LetValue::Function(Arc::new(Lambda { view, ..self.lambda()? })));
        }
        Ok(LetValue::Expression(self.pipeline()?))
    }

    /// Whether the parenthesis `ahead` closes before an opening brace.
    fn lambda_ahead(&self, ahead: usize) -> bool {
        let mut open = 0usize;
        let mut at = ahead;
        loop {
            match self.kind_at(at) {
                Kind::End => return false,
                Kind::Symbol("(") => open += 1,
                Kind::Symbol(")") if open <= 1 => return self.is_at(at + 1, "{"),
                Kind::Symbol(")") => open -= 1,
                _ => {}
            }
            at += 1;
        }
    }

    fn lambda(&mut self) -> Parsed<Lambda> {
        let start = self.span();
        let parameters = self.parameters()?;
        self.expect("{")?;
        let body = self.nested(Self::block)?;
        self.expect("}")?;
        Ok(Lambda { parameters, body, view: false, span: self.since(start) })
    }

    /// What follows `declare pattern`.
    fn declared_pattern(&mut self) -> Parsed<DeclaredPattern> {
        let name = self.name("expected the name of the pattern")?;
        let mut pattern = DeclaredPattern { name, parameters: Vec::new(), path: None, rules: Vec::new() };
        if !self.accept("=") {
            return Ok(pattern);
        }
        pattern.parameters = self.parameters()?;
        if self.accept("[") {
            pattern.path = Some(self.parameter()?);
            self.expect("]")?;
        }
        self.expect("{")?;
        while !self.accept("}") {
            pattern.rules.push(self.nested(Self::pattern_rule)?);
            while self.accept(";") {}
        }
        Ok(pattern)
    }

    /// `("value", …).["path"] = { query }`.
    fn pattern_rule(&mut self) -> Parsed<PatternRule> {
        self.expect("(")?;
        let values = if self.is(")") { Vec::new() } else { self.list(Self::expression)? };
        self.expect(")")?;
        let mut path = None;
        if self.accept(".") || self.is("[") {
            self.expect("[")?;
            path = Some(self.expression()?);
            self.expect("]")?;
        }
        self.expect("=")?;
        let start = self.span();
        self.expect("{")?;
        let body = self.nested(Self::block)?;
        self.expect("}")?;
        Ok(PatternRule {
            values,
            path,
            body: Lambda { parameters: Vec::new(), body, view: false, span: self.since(start) },
        })
    }

    pub(super) fn parameters(&mut self) -> Parsed<Vec<Parameter>> {
        self.expect("(")?;
        if self.accept(")") {
            return Ok(Vec::new());
        }
        let parameters = self.list(Self::parameter)?;
        self.expect(")")?;
        Ok(parameters)
    }

    fn parameter(&mut self) -> Parsed<Parameter> {
        let name = self.name("expected the name of a parameter")?;
        // Older queries leave the type out; the argument then brings its own.
        if !self.accept(":") {
            return Ok(Parameter { name, ty: Some(Type::Dynamic), default: None });
        }
        let ty = if self.accept("(") {
            while !self.accept(")") {
                if matches!(self.kind(), Kind::End) {
                    return self.fail("expected `)`");
                }
                self.advance();
            }
            None
        } else {
            Some(self.type_name()?)
        };
        let default = if self.accept("=") { Some(self.expression()?) } else { None };
        Ok(Parameter { name, ty, default })
    }

    /// Operators joined by pipes.
    pub(super) fn pipeline(&mut self) -> Parsed<Pipeline> {
        self.nested(|parser| {
            let start = parser.span();
            parser.accept("|");
            let mut operators = vec![parser.source()?];
            let mut failed = false;
            while parser.accept("|") {
                if matches!(parser.kind(), Kind::End | Kind::Symbol(";" | ")" | "}" | "|")) {
                    continue;
                }
                match parser.operator() {
                    Ok(operator) => operators.push(operator),
                    Err(Failed) => {
                        failed = true;
                        parser.recover();
                    }
                }
            }
            if failed { Err(Failed) } else { Ok(Pipeline { operators, span: parser.since(start) }) }
        })
    }

    pub(super) fn type_name(&mut self) -> Parsed<Type> {
        let name = self.name("expected a type")?;
        match Type::parse(&name.text) {
            Some(ty) => Ok(ty),
            None => {
                let names: Vec<&str> = Type::ALL.iter().map(|ty| ty.name()).collect();
                let problem = Diagnostic::error(format!("`{}` is not a type", name.text), name.span);
                self.refuse(problem.help(format!("the types are {}", names.join(", "))))
            }
        }
    }
}
