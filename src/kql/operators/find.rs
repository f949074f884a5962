//! `search` and `find`: rows of many tables that fit a predicate.

use std::sync::Arc;

use polars::prelude::{Expr as Plan, lit};

use super::search::over_columns;
use super::union;
use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::ast::{BinaryOp, Expr, ExprKind, FindColumn, Name, Operator, OperatorKind, Pipeline, TextOp};
use crate::kql::compare::{convert, logical};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::expression::condition;
use crate::kql::kernel::{Accepts, apply};
use crate::kql::relation::{Col, Relation, column};
use crate::kql::scalar::Scalar;
use crate::kql::text;
use crate::table::Type;

/// The tables asked for, each with its name: those named, the input, or all tables of the evidence.
fn legs(
    c: &Compiler<'_>,
    tables: &[Pipeline],
    input: Option<Relation>,
    env: &Env,
    span: Span,
) -> Compiled<Vec<(String, Relation)>> {
    if let (Some(input), true) = (input, tables.is_empty()) {
        let table = input.columns.iter().find_map(|col| col.table.as_deref());
        let name = input.called.as_deref().or(table).unwrap_or("search_arg0").to_owned();
        return Ok(vec![(name, input)]);
    }
    let everything = [Pipeline {
        operators: vec![Operator {
            kind: OperatorKind::Source(Expr { kind: ExprKind::Wildcard("*".into()), span }),
            span,
        }],
        span,
    }];
    let asked = if tables.is_empty() { &everything } else { tables };
    let mut legs = Vec::new();
    for pipeline in union::expand(c, asked, env) {
        let name = match pipeline.as_expr().map(|expr| &expr.kind) {
            Some(ExprKind::Name(name)) => name.clone(),
            _ => format!("arg{}", legs.len()),
        };
        let leg = c.relation(&pipeline, env)?;
        legs.push((leg.called.clone().unwrap_or(name), leg));
    }
    if legs.is_empty() {
        return Err(Diagnostic::error("there is no table to look into", span));
    }
    Ok(legs)
}

/// Only the rows that fit; a column that a table does not have is null there.
fn only(c: &Compiler<'_>, predicate: &Expr, cased: bool, leg: Relation, env: &Env) -> Compiled<Relation> {
    let open = leg.open;
    let leg = Relation { open: true, ..leg };
    let notes = c.notes.borrow().len();
    let fits = terms(c, predicate, cased, &Scope::over(env, &leg))?;
    c.notes.borrow_mut().truncate(notes);
    Ok(Relation { frame: leg.frame.clone().filter(fits.expr), open, ..leg })
}

/// A predicate in which a bare text is a term looked for in every column.
fn terms(c: &Compiler<'_>, expr: &Expr, cased: bool, scope: &Scope<'_>) -> Compiled<Scalar> {
    match &expr.kind {
        // `search *` keeps every row.
        ExprKind::Star => Ok(Scalar::literal(Value::Bool(true), Type::Bool)),
        ExprKind::Literal(Value::String(term), _) => {
            over_columns(expr.span, scope, |column| term_in(column, term, cased, expr.span))
        }
        ExprKind::Binary(BinaryOp::Text(TextOp::Has, negated), left, right) => match (&left.kind, &right.kind) {
            (ExprKind::Star, ExprKind::Literal(Value::String(term), _)) if !negated => {
                over_columns(expr.span, scope, |column| term_in(column, term, cased, expr.span))
            }
            (_, ExprKind::Literal(Value::String(term), _)) if !negated && term.contains('*') => {
                term_in(c.scalar(left, scope)?, term, cased, expr.span)
            }
            _ => c.scalar(&with_case(expr, cased), scope),
        },
        ExprKind::Binary(BinaryOp::Text(..), ..) => c.scalar(&with_case(expr, cased), scope),
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            let (a, b) = (terms(c, left, cased, scope)?, terms(c, right, cased, scope)?);
            logical(*op, a, b, left.span, right.span)
        }
        ExprKind::Call(name, arguments) if name.text == "not" && arguments.len() == 1 => {
            let inner = terms(c, &arguments[0].value, cased, scope)?;
            Ok(Scalar::computed(inner.expr.not(), Type::Bool))
        }
        _ => condition(c.scalar(expr, scope)?, expr.span),
    }
}

/// A comparison of text, with case where `kind=case_sensitive` asks for it.
fn with_case(expr: &Expr, cased: bool) -> Expr {
    let mut expr = expr.clone();
    if let (true, ExprKind::Binary(BinaryOp::Text(op, _), ..)) = (cased, &mut expr.kind) {
        *op = match *op {
            TextOp::Has => TextOp::HasCs,
            TextOp::HasPrefix => TextOp::HasPrefixCs,
            TextOp::HasSuffix => TextOp::HasSuffixCs,
            TextOp::Contains => TextOp::ContainsCs,
            TextOp::StartsWith => TextOp::StartsWithCs,
            TextOp::EndsWith => TextOp::EndsWithCs,
            other => other,
        };
    }
    expr
}

/// A term with `*` at its ends or inside: the beginning, the end or a part of a word.
fn term_in(column: Scalar, term: &str, cased: bool, span: Span) -> Compiled<Scalar> {
    let pick = |any: TextOp, exact: TextOp| if cased { exact } else { any };
    let inner = term.trim_start_matches('*').trim_end_matches('*');
    let (open, close) = (term.starts_with('*'), term.ends_with('*') && term.len() > 1);
    if inner.is_empty() && !term.is_empty() {
        return Ok(Scalar::literal(Value::Bool(true), Type::Bool));
    }
    if inner.contains('*') {
        let parts: Vec<String> = inner.split('*').map(regex::escape).collect();
        let flags = if cased { "(?s)" } else { "(?is)" };
        let start = if open { "" } else { r"\b" };
        let end = if close { "" } else { r"\b" };
        let pattern = format!("{flags}{start}{}{end}", parts.join(".*"));
        let pattern = Scalar::literal(Value::text(pattern), Type::String);
        return text::compile(TextOp::Matches, false, column, pattern, span);
    }
    let op = match (open, close) {
        (false, false) => pick(TextOp::Has, TextOp::HasCs),
        (false, true) => pick(TextOp::HasPrefix, TextOp::HasPrefixCs),
        (true, false) => pick(TextOp::HasSuffix, TextOp::HasSuffixCs),
        (true, true) => pick(TextOp::Contains, TextOp::ContainsCs),
    };
    text::compile(op, false, column, Scalar::literal(Value::text(inner), Type::String), span)
}

/// `search`: the rows of all legs under one schema, `$table` first.
pub fn search(
    c: &Compiler<'_>,
    tables: &[Pipeline],
    cased: bool,
    predicate: &Expr,
    input: Option<Relation>,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let mut found = Vec::new();
    for (name, leg) in legs(c, tables, input, env, span)? {
        found.push((name, only(c, predicate, cased, leg, env)?));
    }
    union::merge(found, Some("$table"), false, span)
}

/// The parts of `find`.
pub struct Find<'a> {
    /// `withsource=name`.
    pub withsource: Option<&'a Name>,
    /// Tables.
    pub tables: &'a [Pipeline],
    /// Predicate.
    pub predicate: Option<&'a Expr>,
    /// Columns asked for; without, those of the predicate and those that all tables have, the others packed.
    pub project: Option<&'a [FindColumn]>,
}

/// A column of the answer of `find`.
struct Wanted {
    /// Its name in the tables.
    name: String,
    /// Its name in the answer.
    shown: String,
    /// Its type, when that is one for all tables.
    ty: Option<Type>,
}

/// Names of the columns, each with the type asked for, and whether the others are packed.
#[allow(clippy::type_complexity)] // a pair, taken apart where it is given
fn wanted(parts: &Find<'_>, found: &[(String, Relation)]) -> Compiled<(Vec<(String, Option<Type>)>, bool)> {
    let mut wanted: Vec<(String, Option<Type>)> = Vec::new();
    let Some(columns) = parts.project else {
        let first = found.first().map(|(_, leg)| leg.columns.as_slice()).unwrap_or_default();
        let named = |name: &str| parts.predicate.is_some_and(|predicate| predicate.reads(name));
        let everywhere = |col: &Col| {
            found.len() > 1 && found.iter().all(|(_, leg)| leg.find(&col.name).is_some_and(|own| own.ty == col.ty))
        };
        let all = found.iter().flat_map(|(_, leg)| &leg.columns);
        for col in first.iter().chain(all).filter(|col| !col.hidden) {
            if (named(&col.name) || everywhere(col)) && !wanted.iter().any(|(known, _)| *known == col.name) {
                wanted.push((col.name.clone(), None));
            }
        }
        return Ok((wanted, true));
    };
    let mut packed = false;
    for FindColumn { column, ty } in columns {
        match &column.expr.kind {
            ExprKind::Name(name) if column.names.is_empty() => wanted.push((name.clone(), *ty)),
            ExprKind::Call(name, _) if matches!(name.text.as_str(), "pack" | "pack_all") => packed = true,
            _ => {
                return Err(Diagnostic::error("find projects columns by name", column.expr.span)
                    .help("compute with `| extend` behind it"));
            }
        }
    }
    Ok((wanted, packed))
}

/// `find`: the rows of all legs, `source_` first.
pub fn find(c: &Compiler<'_>, parts: &Find<'_>, input: Option<Relation>, env: &Env, span: Span) -> Compiled<Relation> {
    let mut found = Vec::new();
    for (name, leg) in legs(c, parts.tables, input, env, span)? {
        let leg = match parts.predicate {
            Some(predicate) => only(c, predicate, false, leg, env)?,
            None => leg,
        };
        found.push((name, leg));
    }
    let (names, packed) = wanted(parts, &found)?;
    // Without `project`, a bag is only added when something is left for it.
    let rest = |col: &Col| !col.hidden && !names.iter().any(|(name, _)| *name == col.name);
    let packed =
        packed && (parts.project.is_some() || found.iter().any(|(_, leg)| leg.open || leg.columns.iter().any(rest)));
    let mut columns: Vec<Wanted> = Vec::new();
    for (name, asked) in names {
        let mut types: Vec<Type> = Vec::new();
        for own in found.iter().filter_map(|(_, leg)| leg.find(&name)) {
            if !types.contains(&own.ty) {
                types.push(own.ty);
            }
        }
        if types.is_empty() && !found.iter().any(|(_, leg)| leg.open) {
            return Err(Diagnostic::error(format!("no table has a column `{name}`"), span));
        }
        let ty = match (asked, types.as_slice()) {
            (Some(_), _) => asked,
            // Where the predicate alone names it, it becomes a column for each type, as in a union.
            (None, [_, _, ..]) if parts.project.is_none() => None,
            (None, types) => Some(types.first().copied().unwrap_or(Type::Dynamic)),
        };
        let shown = match asked {
            Some(ty) if types.len() > 1 => format!("{name}_{ty}"),
            _ => name.clone(),
        };
        columns.push(Wanted { name, shown, ty });
    }
    let mut shaped = Vec::new();
    for (name, leg) in found {
        let mut computed: Vec<(Plan, Col)> = Vec::new();
        for wanted in &columns {
            let scalar = match (leg.find(&wanted.name), wanted.ty) {
                (Some(col), Some(ty)) => convert(Scalar::column(&wanted.name, col.ty), ty),
                (Some(col), None) => Scalar::column(&wanted.name, col.ty),
                (None, Some(ty)) => Scalar::null(ty),
                (None, None) => continue,
            };
            computed.push((scalar.expr, Col::new(wanted.shown.as_str(), scalar.ty)));
        }
        if packed {
            let named = |col: &Col| columns.iter().any(|wanted| wanted.name == col.name);
            let rest: Vec<Col> = leg.columns.iter().filter(|col| !col.hidden && !named(col)).cloned().collect();
            computed.push((pack(&rest), Col::new("pack_", Type::Dynamic)));
        }
        shaped.push((name, leg.with(computed)));
    }
    let source = parts.withsource.map_or("source_", |name| name.text.as_str());
    union::merge(shaped, Some(source), false, span)
}

/// A bag of the columns that have a value.
fn pack(columns: &[Col]) -> Plan {
    if columns.is_empty() {
        return lit("{}");
    }
    let names: Vec<String> = columns.iter().map(|col| col.name.clone()).collect();
    let scalars: Vec<Scalar> = columns.iter().map(|col| Scalar::computed(column(&col.name), col.ty)).collect();
    let kernel = Arc::new(move |values: &[Value<'_>]| {
        let filled = names.iter().zip(values).filter(|(_, value)| !value.to_text().is_empty());
        let bag = filled.map(|(name, value)| (name.clone(), value.to_json())).collect();
        Value::json(&serde_json::Value::Object(bag))
    });
    apply(kernel, &scalars, &[Accepts::Any], Type::Dynamic).expr
}
