//! What may stand first in a pipeline.

use super::{Parsed, Parser};
use crate::kql::ast::{Expr, ExprKind, FindColumn, Operator, OperatorKind, Pattern, Pipeline};
use crate::kql::lex::Kind;

/// Settings of `union`.
const UNION: [&str; 5] = ["kind", "withsource", "with_source", "isfuzzy", "datascope"];

impl Parser<'_> {
    /// Whether an operator that needs no input begins here, rather than an expression.
    pub(super) fn source_ahead(&self) -> bool {
        let Kind::Name(word) = self.kind() else { return false };
        let next_is_name = matches!(self.kind_at(1), Kind::Name(_));
        match word.as_str() {
            "datatable" | "externaldata" => self.is_at(1, "("),
            "range" => next_is_name || self.is_at(1, "["),
            "union" | "print" => {
                !matches!(self.kind_at(1), Kind::Symbol("=" | "," | "." | "==" | ")" | "}" | "|" | ";") | Kind::End)
            }
            "search" => !matches!(
                self.kind_at(1),
                Kind::Symbol("=" | "," | "." | "==" | "=~" | ")" | "}" | "|" | ";" | "!=") | Kind::End
            ),
            "find" => next_is_name || self.is_at(1, "(") || matches!(self.kind_at(1), Kind::Text(_)),
            "evaluate" => next_is_name,
            // Refused, but by its name.
            "macro-expand" => next_is_name,
            "macro" => matches!(self.kind_at(2), Kind::Name(word) if word == "expand") && self.is_at(1, "-"),
            _ => false,
        }
    }

    pub(super) fn source(&mut self) -> Parsed<Operator> {
        let start = self.span();
        if self.source_ahead() {
            return self.operator();
        }
        let expr = self.expression()?;
        // `(T | where …)`: the parenthesis is the pipeline.
        Ok(Operator { kind: OperatorKind::Source(expr), span: self.since(start) })
    }

    /// `(columns) [ values ]`.
    pub(super) fn datatable(&mut self) -> Parsed<OperatorKind> {
        let columns = self.schema()?;
        self.expect("[")?;
        let mut values = Vec::new();
        while !self.accept("]") {
            while self.accept(",") {}
            if self.accept("]") {
                break;
            }
            values.push(self.expression()?);
            if !self.accept(",") && !self.is("]") {
                return self.fail("expected `,` or `]`");
            }
        }
        Ok(OperatorKind::Datatable { columns, values })
    }

    /// `(columns) [ uris ] with (settings)`.
    pub(super) fn externaldata(&mut self) -> Parsed<OperatorKind> {
        let columns = self.schema()?;
        self.expect("[")?;
        let uris = self.list(Self::expression)?;
        self.expect("]")?;
        let settings = if self.accept_word("with") {
            self.expect("(")?;
            let settings = self.named_settings()?;
            self.expect(")")?;
            settings
        } else {
            crate::kql::ast::Settings::default()
        };
        Ok(OperatorKind::Externaldata { columns, uris, settings })
    }

    pub(super) fn range(&mut self) -> Parsed<OperatorKind> {
        let name = self.name("expected a column name")?;
        self.expect_word("from")?;
        let from = self.additive()?;
        self.expect_word("to")?;
        let to = self.additive()?;
        let step = if self.accept_word("step") { Some(self.additive()?) } else { None };
        Ok(OperatorKind::Range { name, from, to, step })
    }

    /// Tables of `union`, `find in (…)` and `search in (…)`: names, wildcards or pipelines in parentheses.
    pub(super) fn tables(&mut self) -> Parsed<Vec<Pipeline>> {
        self.list(|parser| {
            let start = parser.span();
            let wild = parser.is("*")
                || (matches!(parser.kind(), Kind::Name(_))
                    && parser.is_at(1, "*")
                    && parser.span().end == parser.span_at(1).start);
            let kind = if wild {
                let Pattern { text, .. } = parser.pattern()?;
                OperatorKind::Source(Expr { kind: ExprKind::Wildcard(text), span: parser.since(start) })
            } else if parser.source_ahead() {
                return parser.pipeline();
            } else {
                OperatorKind::Source(parser.table_expression()?)
            };
            let span = parser.since(start);
            Ok(Pipeline { operators: vec![Operator { kind, span }], span })
        })
    }

    /// A table where no binary operator may follow.
    pub(super) fn table_expression(&mut self) -> Parsed<Expr> {
        self.additive()
    }

    pub(super) fn union(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings(&UNION)?;
        let tables = self.tables()?;
        // `union T1, T2 withsource=x` is seen, too.
        let mut settings = settings;
        settings.0.extend(self.settings(&UNION)?.0);
        Ok(OperatorKind::Union { settings, tables })
    }

    pub(super) fn search(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings(&["kind", "datascope"])?;
        let tables = if self.is_word("in") && self.is_at(1, "(") {
            self.advance();
            self.advance();
            let tables = self.tables()?;
            self.expect(")")?;
            tables
        } else {
            Vec::new()
        };
        let case_sensitive = settings.word("kind") == Some("case_sensitive");
        Ok(OperatorKind::Search { tables, case_sensitive, predicate: self.expression()? })
    }

    pub(super) fn find(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings(&["withsource", "with_source", "datascope"])?;
        let withsource =
            settings.0.iter().find(|(name, _)| name.text == "withsource").and_then(|(_, expr)| match &expr.kind {
                ExprKind::Name(text) => Some(crate::kql::ast::Name { text: text.clone(), span: expr.span }),
                _ => None,
            });
        let mut tables = Vec::new();
        if self.is_word("in") && self.is_at(1, "(") {
            self.advance();
            self.advance();
            tables = self.tables()?;
            self.expect(")")?;
        }
        self.accept_word("where");
        let predicate =
            if self.at_end_of_operator() || self.is_word("project") { None } else { Some(self.expression()?) };
        let mut project = None;
        if let Some((word, taken)) = self.dashed()
            && (word == "project" || word == "project-smart" || word == "project-away")
        {
            if word == "project-away" {
                return self.fail("find with project-away is not supported: name the columns with project");
            }
            self.at += taken;
            let columns = if self.at_end_of_operator() { Vec::new() } else { self.list(Self::find_column)? };
            project = (word == "project").then_some(columns);
        }
        Ok(OperatorKind::Find { withsource, tables, predicate, project })
    }

    /// `column` or `column:type`.
    fn find_column(&mut self) -> Parsed<FindColumn> {
        let column = self.assignment()?;
        let ty = if self.accept(":") { Some(self.type_name()?) } else { None };
        Ok(FindColumn { column, ty })
    }
}
