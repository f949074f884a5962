//! Literals: `datetime(…)`, `timespan(…)`, `dynamic(…)`, typed nulls and plain ones.

use super::{Parsed, Parser};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{Expr, ExprKind};
use crate::kql::convert;
use crate::kql::lex::Kind;
use crate::table::Type;

impl Parser<'_> {
    /// `type(…)` with raw content, when that is what stands here: `datetime(2026-05-04)`, `int(null)`, `guid(…)`.
    pub(super) fn typed_literal(&mut self) -> Option<Parsed<Expr>> {
        let Kind::Name(word) = self.kind() else { return None };
        let ty = Type::parse(word)?;
        if !self.is_at(1, "(") {
            return None;
        }
        let start = self.span();
        if ty == Type::Dynamic {
            self.advance();
            self.advance();
            return Some(self.nested(|parser| {
                let json = parser.json()?;
                parser.expect(")")?;
                let value = Value::json(&json);
                Ok(Expr { kind: ExprKind::Literal(value, Type::Dynamic), span: parser.since(start) })
            }));
        }
        // A string inside is an expression for `datetime("…")`; everything else is raw text up to the parenthesis.
        let open = self.span_at(1).end;
        let mut at = 2;
        let mut depth = 1usize;
        loop {
            match self.kind_at(at) {
                Kind::End => break,
                Kind::Symbol("(") => depth += 1,
                Kind::Symbol(")") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            at += 1;
        }
        let close = self.span_at(at).start;
        let raw = match self.kind_at(2) {
            Kind::Text(text) if at == 3 => text.clone(),
            _ => self.source.get(open..close).unwrap_or("").trim().to_owned(),
        };
        // `datetime(now())`, `time(x)`: a conversion written with the type's name.
        let call = matches!(self.kind_at(2), Kind::Name(name) if name != "null" && name != "true" && name != "false"
                && name != "min" && name != "max" && name != "nan" && name != "inf" && !name.starts_with(|c: char| c.is_ascii_digit()))
            && ty != Type::Guid;
        if call && convert::literal(&raw, ty).is_none() {
            return None;
        }
        self.at += at;
        if self.expect(")").is_err() {
            return Some(Err(super::Failed));
        }
        let span = self.since(start);
        Some(match convert::literal(&raw, ty) {
            Some(value) => Ok(Expr { kind: ExprKind::Literal(value, ty), span }),
            None => {
                let problem = Diagnostic::error(format!("`{raw}` is not a {ty}"), span);
                self.refuse(problem.help(format!("write {ty}(null) for a missing value")))
            }
        })
    }

    /// JSON as `dynamic()` literals hold it: Kusto's strings and typed literals included.
    fn json(&mut self) -> Parsed<serde_json::Value> {
        self.nested(|parser| {
            let negative = parser.accept("-");
            let kind = parser.kind().clone();
            match kind {
                Kind::Symbol("[") => {
                    parser.advance();
                    let mut items = Vec::new();
                    while !parser.accept("]") {
                        items.push(parser.json()?);
                        if !parser.accept(",") && !parser.is("]") {
                            return parser.fail("expected `,` or `]`");
                        }
                    }
                    Ok(items.into())
                }
                Kind::Symbol("{") => {
                    parser.advance();
                    let mut map = serde_json::Map::new();
                    while !parser.accept("}") {
                        let key = match parser.kind().clone() {
                            Kind::Text(key) | Kind::Name(key) => key,
                            _ => return parser.fail("expected a key in quotes"),
                        };
                        parser.advance();
                        parser.expect(":")?;
                        map.insert(key, parser.json()?);
                        if !parser.accept(",") && !parser.is("}") {
                            return parser.fail("expected `,` or `}`");
                        }
                    }
                    Ok(map.into())
                }
                Kind::Text(_) => Ok(parser.joined_text().into()),
                Kind::Long(value) => {
                    parser.advance();
                    Ok(if negative { -value } else { value }.into())
                }
                Kind::Real(value) => {
                    parser.advance();
                    Ok(if negative { -value } else { value }.into())
                }
                Kind::Timespan(ticks) => {
                    parser.advance();
                    // A literal holds ticks; a timespan that is packed is text.
                    Ok(if negative { -ticks } else { ticks }.into())
                }
                Kind::Name(word) if word == "null" => {
                    parser.advance();
                    Ok(serde_json::Value::Null)
                }
                Kind::Name(word) if word == "true" || word == "false" => {
                    parser.advance();
                    Ok((word == "true").into())
                }
                Kind::Name(_) => match parser.typed_literal() {
                    Some(literal) => match literal?.kind {
                        ExprKind::Literal(Value::Timespan(ticks), _) => Ok(ticks.into()),
                        ExprKind::Literal(value, _) => Ok(value.to_json()),
                        _ => parser.fail("expected a literal"),
                    },
                    None => parser.fail("expected a JSON value"),
                },
                _ => parser.fail("expected a JSON value"),
            }
        })
    }

    /// Adjacent string literals are one.
    pub(super) fn joined_text(&mut self) -> String {
        let mut text = String::new();
        while let Kind::Text(part) = self.kind() {
            text.push_str(&part.clone());
            self.advance();
        }
        text
    }
}
