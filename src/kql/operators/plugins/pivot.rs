//! `pivot`: the values of a column as columns.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;

use super::Plugin;
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{Argument, Assignment, Expr, ExprKind, Name};
use crate::kql::compiler::Compiled;
use crate::kql::context::Answer;
use crate::kql::kernel::Accepts;
use crate::kql::operators::summarize;
use crate::kql::relation::{Col, Relation, fresh};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};

/// More values than this are no columns but a mistake.
const MAX_COLUMNS: usize = 4096;

/// Aggregates whose missing cell is 0 rather than null.
const COUNTING: [&str; 7] = ["count", "countif", "sum", "sumif", "dcount", "dcountif", "count_distinct"];

/// `pivot(column [, aggregate] [, key …])`: the keys first, all other columns by default, then the values by name.
pub fn compile(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let pivot = p.column(0, "pivotColumn")?;
    let span = p.span;
    let written = p.arguments.get(1).map(|argument| argument.value.clone());
    let aggregate = written.filter(|expr| matches!(expr.kind, ExprKind::Call(..)));
    let first_key = if aggregate.is_some() { 2 } else { 1 };
    let mut keys: Vec<String> = p.columns_from(first_key)?.into_iter().map(|col| col.name).collect();
    let aggregate = aggregate.unwrap_or_else(|| {
        let name = Name { text: "count".into(), span };
        Expr { kind: ExprKind::Call(name, Vec::<Argument>::new()), span }
    });
    let counting = matches!(&aggregate.kind, ExprKind::Call(name, _) if COUNTING.contains(&name.text.as_str()));
    if keys.is_empty() {
        let others = p.input.columns.iter().filter(|col| !col.hidden && col.name != pivot.name);
        keys = others.map(|col| col.name.clone()).filter(|name| !aggregate.reads(name)).collect();
    }
    let by = |name: &str| Assignment {
        names: Vec::new(),
        tuple: false,
        expr: Expr { kind: ExprKind::Name(name.to_owned()), span },
    };
    let keyed: Vec<Assignment> = keys.iter().map(|name| by(name)).chain([by(&pivot.name)]).collect();
    let cell = Name { text: "#cell".into(), span };
    let value = Assignment { names: vec![cell], tuple: false, expr: aggregate };
    let grouped = summarize::compile(p.c, &[value], &keyed, p.input.clone(), p.env)?;
    let grouped = p.c.settled(grouped, span)?;
    let frame = p.c.collect(&grouped.clone().keep(std::slice::from_ref(&pivot.name)), span)?;
    let seen = Answer { columns: vec![(pivot.name.clone(), pivot.ty)], frame, origins: Vec::new(), notes: Vec::new() };
    let values: BTreeSet<String> = (0..seen.rows()).map(|row| seen.cell(row, 0).to_text().into_owned()).collect();
    if values.len() > MAX_COLUMNS {
        return Err(Diagnostic::error(format!("`{}` has {} values", pivot.name, values.len()), span)
            .help("filter them, or summarize instead"));
    }
    let ty = grouped.find("#cell").map_or(crate::table::Type::Dynamic, |col| col.ty);
    let mut added: Vec<Col> = Vec::new();
    for value in &values {
        let name = if value.is_empty() { "Column1" } else { value.as_str() };
        let taken = |n: &str| keys.iter().any(|key| key == n) || added.iter().any(|col| col.name == n);
        added.push(Col::new(fresh(name, taken), ty));
    }
    let place: HashMap<String, usize> = values.into_iter().enumerate().map(|(i, value)| (value, i)).collect();
    let width = place.len();
    let empty = if counting && ty.is_number() { crate::kql::convert::cast(&Value::Long(0), ty) } else { Value::Null };
    let mut arguments =
        vec![(Scalar::column(&pivot.name, pivot.ty), Accepts::Text), (Scalar::column("#cell", ty), Accepts::Any)];
    for key in &keys {
        if let Some(col) = grouped.find(key) {
            arguments.push((Scalar::column(key, col.ty), Accepts::Text));
        }
    }
    let kernel: Remake = Arc::new(move |lists, rows| {
        let mut made: Vec<Made> = Vec::new();
        let mut known: HashMap<Vec<String>, usize> = HashMap::new();
        for row in 0..rows {
            let key: Vec<String> = lists[2..].iter().map(|list| list[row].to_text().into_owned()).collect();
            let at = *known.entry(key).or_insert_with(|| {
                made.push(Made { source: Some(row), from: Vec::new(), cells: vec![empty.clone(); width] });
                made.len() - 1
            });
            let column = place.get(lists[0][row].to_text().as_ref());
            if let Some(cell) = column.and_then(|column| made[at].cells.get_mut(*column)) {
                *cell = lists[1][row].clone().into_owned();
            }
            made[at].from.push(row);
        }
        Ok(made)
    });
    let open = p.schema.is_none();
    Ok(Relation { open, ..remake(grouped, &arguments, &keys, added, kernel) })
}
