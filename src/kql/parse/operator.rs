//! Operators by their keyword.

use super::{Parsed, Parser};
use crate::error::{Diagnostic, nearest};
use crate::kql::ast::{Operator, OperatorKind};
use crate::kql::catalog::{self, OPERATORS, Status};

impl Parser<'_> {
    /// One operator, the pipe before it already taken.
    pub(super) fn operator(&mut self) -> Parsed<Operator> {
        let start = self.span();
        let Some((mut word, mut taken)) = self.dashed() else { return self.fail("expected an operator") };
        // `take-1` is not an operator: fall back to the part that is one.
        while catalog::find(OPERATORS, &word).is_none() {
            let Some(cut) = word.rfind('-') else { break };
            word.truncate(cut);
            taken = taken.saturating_sub(2).max(1);
        }
        self.at += taken;
        let kind = self.nested(|parser| parser.operator_kind(&word, start))?;
        Ok(Operator { kind, span: self.since(start) })
    }

    fn operator_kind(&mut self, word: &str, start: crate::error::Span) -> Parsed<OperatorKind> {
        Ok(match word {
            "as" => {
                self.hints()?;
                OperatorKind::As(self.name("expected a name")?)
            }
            "assert-schema" => {
                self.schema()?;
                OperatorKind::Consume
            }
            "consume" | "execute-and-cache" => {
                self.settings(&["decodeblocks"])?;
                OperatorKind::Consume
            }
            "count" => {
                // `count as Name` names the column.
                let named = if self.accept_word("as") { Some(self.name("expected a name")?) } else { None };
                OperatorKind::Count(named)
            }
            "datatable" => self.datatable()?,
            "distinct" => {
                self.hints()?;
                OperatorKind::Distinct(self.list(Self::assignment)?)
            }
            "evaluate" => self.evaluate()?,
            "extend" => OperatorKind::Extend(self.assignments()?),
            "externaldata" => self.externaldata()?,
            "facet" => self.facet()?,
            "filter" | "where" => OperatorKind::Where(self.expression()?),
            "find" => self.find()?,
            "fork" => self.fork()?,
            "getschema" => {
                self.settings(&["kind"])?;
                OperatorKind::Getschema
            }
            "invoke" => {
                let function = self.name("expected a function")?;
                OperatorKind::Invoke { function, arguments: self.arguments()? }
            }
            "join" => {
                let (settings, right, on) = self.join()?;
                OperatorKind::Join { settings, right, on }
            }
            "lookup" => {
                let (settings, right, on) = self.join()?;
                OperatorKind::Lookup { settings, right, on }
            }
            "limit" | "take" => OperatorKind::Take(self.expression()?),
            "make-series" => self.make_series()?,
            "mv-apply" | "mvapply" => self.mv_apply()?,
            "mv-expand" | "mvexpand" => self.mv_expand(word == "mvexpand")?,
            "order" | "sort" => {
                self.hints()?;
                self.expect_word("by")?;
                OperatorKind::Sort(self.sort_keys()?)
            }
            "parse" => self.parse_operator(false)?,
            "parse-where" => self.parse_operator(true)?,
            "parse-kv" => self.parse_kv()?,
            "partition" => self.partition()?,
            "print" => OperatorKind::Print(self.assignments()?),
            "project" => OperatorKind::Project(self.assignments()?),
            "project-away" => OperatorKind::ProjectAway(self.list(Self::pattern)?),
            "project-by-names" => OperatorKind::ProjectByNames(self.list(Self::expression)?),
            "project-keep" => OperatorKind::ProjectKeep(self.list(Self::pattern)?),
            "project-rename" => OperatorKind::ProjectRename(self.list(|parser| {
                let new = parser.name("expected the new name")?;
                parser.expect("=")?;
                Ok((new, parser.name("expected the old name")?))
            })?),
            // Without columns the order stays (its page).
            "project-reorder" if self.at_end_of_operator() => OperatorKind::ProjectReorder(Vec::new()),
            "project-reorder" => OperatorKind::ProjectReorder(self.list(Self::reorder)?),
            "range" => self.range()?,
            "reduce" => self.reduce()?,
            "render" => {
                // Everything behind `render` says how to draw.
                while !self.at_end_of_operator() {
                    if self.is("(") {
                        self.recover_group();
                    } else {
                        self.advance();
                    }
                }
                OperatorKind::Render
            }
            "sample" => OperatorKind::Sample(self.expression()?),
            "sample-distinct" => {
                let count = self.expression()?;
                self.expect_word("of")?;
                OperatorKind::SampleDistinct { count, of: self.expression()? }
            }
            "scan" => self.scan()?,
            "search" => self.search()?,
            "serialize" => OperatorKind::Serialize(self.assignments()?),
            "summarize" => self.summarize()?,
            "top" => {
                self.hints()?;
                let count = self.expression()?;
                self.expect_word("by")?;
                OperatorKind::Top { count, by: self.sort_keys()? }
            }
            "top-hitters" => {
                let count = self.expression()?;
                self.expect_word("of")?;
                let of = self.expression()?;
                let by = if self.accept_word("by") { Some(self.expression()?) } else { None };
                OperatorKind::TopHitters { count, of, by }
            }
            "top-nested" => self.top_nested()?,
            "union" => self.union()?,
            _ => {
                if let Some(Status::Refused { reason, help }) = catalog::find(OPERATORS, word).map(|entry| entry.status)
                {
                    let problem = Diagnostic::error(format!("`{word}` is not supported"), self.since(start));
                    return self.refuse(problem.label(reason).help(help));
                }
                let problem = Diagnostic::error(format!("`{word}` is not an operator"), self.since(start));
                return self.refuse(match nearest(word, catalog::names(OPERATORS)) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("an operator such as where, extend, project or summarize follows a pipe"),
                });
            }
        })
    }

    /// Skips a parenthesised group.
    fn recover_group(&mut self) {
        self.advance();
        self.recover();
        while self.is("|") || self.is(";") {
            self.advance();
            self.recover();
        }
        self.accept(")");
    }
}
