//! Operators with a grammar of their own.

use super::{Parsed, Parser};
use crate::kql::ast::{
    Assignment, Expansion, Expr, ExprKind, NestedLevel, OperatorKind, ParseKind, ParsePiece, Pattern, Pipeline,
    Reorder, Scan, ScanStep, Settings,
};
use crate::kql::lex::Kind;
use crate::table::Type;

/// Settings of `mv-expand` and `mv-apply`.
const EXPANSION: [&str; 3] = ["kind", "bagexpansion", "with_itemindex"];

impl Parser<'_> {
    pub(super) fn summarize(&mut self) -> Parsed<OperatorKind> {
        self.hints()?;
        let by = |parser: &Self| parser.is_word("by") && !parser.is_at(1, "=");
        let mut aggregates = Vec::new();
        while !by(self) && !self.at_end_of_operator() {
            aggregates.push(self.assignment()?);
            if !self.accept(",") {
                break;
            }
            // A comma too many, also the one before `by`, is forgiven.
            while self.accept(",") {}
        }
        let by = if self.accept_word("by") { self.assignments()? } else { Vec::new() };
        Ok(OperatorKind::Summarize { aggregates, by })
    }

    pub(super) fn join(&mut self) -> Parsed<(Settings, Pipeline, Vec<Expr>)> {
        let mut settings = self.settings(&["kind"])?;
        let start = self.span();
        let right = if self.accept("(") {
            let right = self.pipeline()?;
            self.expect(")")?;
            right
        } else {
            let expr = self.table_expression()?;
            let span = self.since(start);
            Pipeline { operators: vec![crate::kql::ast::Operator { kind: OperatorKind::Source(expr), span }], span }
        };
        settings.0.extend(self.settings(&["kind"])?.0);
        let on = if self.accept_word("on") { self.list(Self::expression)? } else { Vec::new() };
        Ok((settings, right, on))
    }

    pub(super) fn evaluate(&mut self) -> Parsed<OperatorKind> {
        self.hints()?;
        let plugin = self.name("expected a plugin")?;
        let arguments = self.arguments()?;
        let schema = if self.accept(":") {
            self.expect("(")?;
            let keep = self.accept("*");
            let mut columns = Vec::new();
            while keep && self.accept(",") || !keep && columns.is_empty() && !self.is(")") {
                columns.extend(self.list(|parser| {
                    let name = parser.name("expected a column name")?;
                    parser.expect(":")?;
                    Ok((name, parser.type_name()?))
                })?);
            }
            self.expect(")")?;
            Some((keep, columns))
        } else {
            None
        };
        Ok(OperatorKind::Evaluate { plugin, arguments, schema })
    }

    pub(super) fn facet(&mut self) -> Parsed<OperatorKind> {
        self.expect_word("by")?;
        let by = self.list(Self::expression)?;
        let with = match self.accept_word("with") {
            true if self.is("(") => Some(self.subquery()?),
            // One operator may stand without parentheses.
            true => {
                let operator = self.subquery_head()?;
                Some(Pipeline { span: operator.span, operators: vec![operator] })
            }
            false => None,
        };
        Ok(OperatorKind::Facet { by, with })
    }

    pub(super) fn fork(&mut self) -> Parsed<OperatorKind> {
        let mut legs = Vec::new();
        while !self.at_end_of_operator() {
            let name = if self.is("(") {
                None
            } else {
                let name = self.name("expected the name of a subquery, or `(`")?;
                self.expect("=")?;
                Some(name)
            };
            legs.push((name, self.subquery()?));
        }
        Ok(OperatorKind::Fork(legs))
    }

    /// `( operator | operator )`: a pipeline whose source is the surrounding input.
    fn subquery(&mut self) -> Parsed<Pipeline> {
        self.expect("(")?;
        let start = self.span();
        let mut operators = vec![self.subquery_head()?];
        while self.accept("|") {
            operators.push(self.operator()?);
        }
        let span = self.since(start);
        self.expect(")")?;
        Ok(Pipeline { operators, span })
    }

    fn subquery_head(&mut self) -> Parsed<crate::kql::ast::Operator> {
        self.nested(|parser| parser.operator())
    }

    pub(super) fn partition(&mut self) -> Parsed<OperatorKind> {
        self.settings(&[])?;
        self.expect_word("by")?;
        // A plain column: `key (subquery)` would read as a call.
        let name = self.name("expected a column")?;
        let by = Expr { span: name.span, kind: ExprKind::Name(name.text) };
        if self.accept("{") {
            let with = self.pipeline()?;
            self.expect("}")?;
            return Ok(OperatorKind::Partition { by, with });
        }
        Ok(OperatorKind::Partition { by, with: self.subquery()? })
    }

    fn expansion(&mut self) -> Parsed<Expansion> {
        let Assignment { names, expr, .. } = self.assignment()?;
        let ty = if self.is_word("to") && self.is_word_at(1, "typeof") {
            self.at += 2;
            self.expect("(")?;
            let ty = self.type_name()?;
            self.expect(")")?;
            Some(ty)
        } else {
            None
        };
        Ok(Expansion { name: names.into_iter().next(), expr, ty })
    }

    pub(super) fn mv_expand(&mut self, legacy: bool) -> Parsed<OperatorKind> {
        let settings = self.settings(&EXPANSION)?;
        let array = settings.word("kind").or(settings.word("bagexpansion")) == Some("array");
        let index = self.index_of(&settings);
        let items = self.list(Self::expansion)?;
        let limit = if self.accept_word("limit") { Some(self.expression()?) } else { None };
        // The legacy spelling stops at 128 values a row.
        let limit = limit.or_else(|| {
            let literal = ExprKind::Literal(crate::kql::Value::Long(128), Type::Long);
            legacy.then(|| Expr { kind: literal, span: self.span() })
        });
        Ok(OperatorKind::MvExpand { items, array, index, limit })
    }

    fn index_of(&self, settings: &Settings) -> Option<crate::kql::ast::Name> {
        settings.0.iter().find(|(name, _)| name.text == "with_itemindex").and_then(|(_, expr)| match &expr.kind {
            ExprKind::Name(text) => Some(crate::kql::ast::Name { text: text.clone(), span: expr.span }),
            _ => None,
        })
    }

    pub(super) fn mv_apply(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings(&EXPANSION)?;
        let index = self.index_of(&settings);
        let items = self.list(Self::expansion)?;
        let limit = if self.accept_word("limit") { Some(self.expression()?) } else { None };
        self.expect_word("on")?;
        Ok(OperatorKind::MvApply { items, index, limit, on: self.subquery()? })
    }

    pub(super) fn parse_operator(&mut self, only: bool) -> Parsed<OperatorKind> {
        let settings = self.settings(&["kind", "flags"])?;
        let kind = match settings.word("kind") {
            Some("regex") => ParseKind::Regex,
            Some("relaxed") => ParseKind::Relaxed,
            _ => ParseKind::Simple,
        };
        let flags = settings.word("flags").unwrap_or("").to_owned();
        let expr = self.additive()?;
        self.expect_word("with")?;
        let mut pattern = Vec::new();
        while !self.at_end_of_operator() {
            match self.kind().clone() {
                Kind::Symbol("*") => {
                    self.advance();
                    pattern.push(ParsePiece::Skip);
                }
                Kind::Symbol(",") => self.advance(),
                Kind::Text(_) => {
                    let text = self.joined_text();
                    pattern.push(ParsePiece::Text(text));
                }
                Kind::Name(_) | Kind::Symbol("[") => {
                    let name = self.name("expected a column name")?;
                    let ty = if self.accept(":") { self.type_name()? } else { Type::String };
                    pattern.push(ParsePiece::Column(name, ty));
                }
                _ => return self.fail("expected text, `*` or a column name"),
            }
        }
        Ok(OperatorKind::Parse { kind, flags, expr, pattern, only })
    }

    pub(super) fn parse_kv(&mut self) -> Parsed<OperatorKind> {
        let expr = self.additive()?;
        self.expect_word("as")?;
        let keys = self.schema()?;
        let settings = if self.accept_word("with") {
            self.expect("(")?;
            let settings = self.named_settings()?;
            self.expect(")")?;
            settings
        } else {
            Settings::default()
        };
        Ok(OperatorKind::ParseKv { expr, keys, settings })
    }

    pub(super) fn reduce(&mut self) -> Parsed<OperatorKind> {
        let mut settings = self.settings(&["kind"])?;
        self.expect_word("by")?;
        let by = self.expression()?;
        if self.accept_word("with") {
            settings.0.extend(self.named_settings()?.0);
        }
        Ok(OperatorKind::Reduce { by, settings })
    }

    pub(super) fn reorder(&mut self) -> Parsed<(Pattern, Reorder)> {
        let pattern = self.pattern()?;
        let order = match self.dashed() {
            Some((word, taken)) if ["asc", "desc", "granny-asc", "granny-desc"].contains(&word.as_str()) => {
                self.at += taken;
                match word.as_str() {
                    "asc" => Reorder::Ascending,
                    "desc" => Reorder::Descending,
                    "granny-asc" => Reorder::GrannyAscending,
                    _ => Reorder::GrannyDescending,
                }
            }
            _ => Reorder::Keep,
        };
        Ok((pattern, order))
    }

    pub(super) fn make_series(&mut self) -> Parsed<OperatorKind> {
        // `kind=count()` is a series.
        let settings = self.settings(if self.is_at(3, "(") { &[] } else { &["kind"] })?;
        let aggregates = self.list(|parser| {
            let aggregate = parser.assignment()?;
            let default = if parser.accept_word("default") {
                parser.expect("=")?;
                Some(parser.additive()?)
            } else {
                None
            };
            Ok((aggregate, default))
        })?;
        self.expect_word("on")?;
        let axis = self.axis()?;
        let (mut from, mut to, mut inclusive) = (None, None, false);
        let step = if self.accept_word("in") {
            self.expect_word("range")?;
            self.expect("(")?;
            from = Some(self.expression()?);
            self.expect(",")?;
            to = Some(self.expression()?);
            self.expect(",")?;
            let step = self.expression()?;
            self.expect(")")?;
            inclusive = true;
            step
        } else {
            if self.accept_word("from") {
                from = Some(self.additive()?);
            }
            if self.accept_word("to") {
                to = Some(self.additive()?);
            }
            self.expect_word("step")?;
            self.additive()?
        };
        let by = if self.accept_word("by") { self.assignments()? } else { Vec::new() };
        Ok(OperatorKind::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings })
    }

    /// The axis column: an expression that does not swallow `in range(…)`.
    fn axis(&mut self) -> Parsed<Assignment> {
        let named = matches!(self.kind(), Kind::Name(_)) && self.is_at(1, "=");
        let names = if named {
            let name = self.name("expected a name")?;
            self.expect("=")?;
            vec![name]
        } else {
            Vec::new()
        };
        Ok(Assignment { names, tuple: false, expr: self.additive()? })
    }

    pub(super) fn scan(&mut self) -> Parsed<OperatorKind> {
        let settings = self.settings(&["with_match_id"])?;
        let match_id =
            settings.0.iter().find(|(name, _)| name.text == "with_match_id").and_then(|(_, expr)| match &expr.kind {
                ExprKind::Name(text) => Some(crate::kql::ast::Name { text: text.clone(), span: expr.span }),
                _ => None,
            });
        if self.accept_word("partition") {
            return self.fail("`partition by` in scan is not supported; expected `with`");
        }
        let declare = if self.accept_word("declare") { self.parameters()? } else { Vec::new() };
        self.expect_word("with")?;
        self.expect("(")?;
        let mut steps = Vec::new();
        while self.accept_word("step") {
            let name = self.name("expected the name of the step")?;
            let optional = self.accept_word("optional");
            let settings = self.settings(&["output"])?;
            let output = settings.word("output").unwrap_or("all").to_owned();
            self.expect(":")?;
            let condition = self.expression()?;
            let mut assignments = Vec::new();
            if self.accept("=>") {
                assignments = self.list(|parser| {
                    let name = parser.name("expected a column name")?;
                    parser.expect("=")?;
                    Ok((name, parser.expression()?))
                })?;
            }
            steps.push(ScanStep { name, optional, output, condition, assignments });
            while self.accept(";") {}
        }
        self.expect(")")?;
        Ok(OperatorKind::Scan(Box::new(Scan { match_id, declare, steps })))
    }

    pub(super) fn top_nested(&mut self) -> Parsed<OperatorKind> {
        let mut levels = vec![self.nested_level()?];
        while self.accept(",") {
            if let Some(("top-nested", taken)) = self.dashed().as_ref().map(|(word, taken)| (word.as_str(), *taken)) {
                self.at += taken;
            }
            levels.push(self.nested_level()?);
        }
        Ok(OperatorKind::TopNested(levels))
    }

    fn nested_level(&mut self) -> Parsed<NestedLevel> {
        let count = if self.is_word("of") { None } else { Some(self.additive()?) };
        self.expect_word("of")?;
        let of = self.assignment()?;
        let others = if self.accept_word("with") {
            self.expect_word("others")?;
            self.expect("=")?;
            Some(self.additive()?)
        } else {
            None
        };
        self.expect_word("by")?;
        let by = self.assignment()?;
        let ascending = self.ascending().unwrap_or(false);
        Ok(NestedLevel { count, of, others, by, ascending })
    }
}
