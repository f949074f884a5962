//! Small plugins that look at the rows as they stand: `narrow`, `schema_merge`, `rows_near`, `preview`, ….

use std::collections::HashSet;
use std::sync::Arc;

use super::Plugin;
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::Compiled;
use crate::kql::expression::condition;
use crate::kql::kernel::Accepts;
use crate::kql::relation::{Col, Relation};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};
use crate::table::Type;

/// `narrow()`: a row for each cell.
pub fn narrow(p: &Plugin<'_, '_>) -> Relation {
    let shown: Vec<Col> = p.input.columns.iter().filter(|col| !col.hidden).cloned().collect();
    let arguments: Vec<(Scalar, Accepts)> =
        shown.iter().map(|col| (Scalar::column(&col.name, col.ty), Accepts::Text)).collect();
    let names: Vec<String> = shown.into_iter().map(|col| col.name).collect();
    let kernel: Remake = Arc::new(move |lists, rows| {
        let mut made = Vec::new();
        for row in 0..rows {
            for (name, list) in names.iter().zip(lists) {
                let cells = vec![Value::Long(row as i64), Value::text(name.as_str()), list[row].clone().into_owned()];
                made.push(Made { source: None, from: vec![row], cells });
            }
        }
        Ok(made)
    });
    let added = vec![Col::new("Row", Type::Long), Col::new("Column", Type::String), Col::new("Value", Type::String)];
    remake(p.input.clone(), &arguments, &[], added, kernel)
}

/// `schema_merge([PreserveOrder])`: one schema out of the rows of several `getschema`.
pub fn schema_merge(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let keep_order = !matches!(p.constant(0, "PreserveOrder")?, Some(Value::Bool(false)));
    let mut arguments = Vec::new();
    for name in ["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"] {
        let Some(col) = p.input.find(name) else {
            return Err(Diagnostic::error(format!("schema_merge needs the column `{name}`"), p.span)
                .help("its input is a union of `getschema` results"));
        };
        arguments.push((Scalar::column(name, col.ty), Accepts::Any));
    }
    let kernel: Remake = Arc::new(move |lists, rows| {
        struct Known {
            name: String,
            ordinals: Vec<i64>,
            types: Vec<(String, String)>,
            rows: Vec<usize>,
        }
        let mut known: Vec<Known> = Vec::new();
        for (row, name) in lists[0].iter().enumerate().take(rows) {
            let name = name.to_text().into_owned();
            let at = known.iter().position(|column| column.name == name).unwrap_or_else(|| {
                known.push(Known { name, ordinals: Vec::new(), types: Vec::new(), rows: Vec::new() });
                known.len() - 1
            });
            let ordinal = lists[1][row].as_i64().unwrap_or(0);
            if !known[at].ordinals.contains(&ordinal) {
                known[at].ordinals.push(ordinal);
            }
            let types = (lists[2][row].to_text().into_owned(), lists[3][row].to_text().into_owned());
            if !known[at].types.contains(&types) {
                known[at].types.push(types);
            }
            known[at].rows.push(row);
        }
        known.sort_by_key(|column| column.ordinals.iter().max().copied());
        if keep_order {
            known.sort_by_key(|column| column.ordinals.len() > 1);
        }
        let made = known.into_iter().enumerate().map(|(number, column)| {
            let problem = if column.types.len() > 1 {
                Some("ERROR(column types do not match)")
            } else if keep_order && column.ordinals.len() > 1 {
                Some("ERROR(columns are out of order)")
            } else {
                None
            };
            let (data, ty) = column.types.into_iter().next().unwrap_or_default();
            let (ordinal, data, ty) = match problem {
                Some(why) => (-1, format!("ERROR(unknown CSL type:{why})"), why.to_owned()),
                None if keep_order => (column.ordinals.first().copied().unwrap_or(0), data, ty),
                None => (number as i64, data, ty),
            };
            let cells = vec![Value::text(column.name), Value::Long(ordinal), Value::text(data), Value::text(ty)];
            Made { source: None, from: column.rows, cells }
        });
        Ok(made.collect())
    });
    let added = vec![
        Col::new("ColumnName", Type::String),
        Col::new("ColumnOrdinal", Type::Int),
        Col::new("DataType", Type::String),
        Col::new("ColumnType", Type::String),
    ];
    Ok(remake(p.input.clone(), &arguments, &[], added, kernel))
}

/// `estimate_rows_count()`: exact here.
pub fn rows_count(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let counted = crate::kql::operators::pick::count(p.c, "Count", p.input.clone())?;
    let computed = vec![(crate::kql::relation::column("Count"), Col::new("EstimatedRowsCount", Type::Long))];
    Ok(counted.with(computed))
}

/// `preview(n)`: Kusto answers with the first rows and with their number; the rows are given.
pub fn preview(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let argument = p.arguments.first().ok_or_else(|| p.missing("NumberOfRows"))?;
    p.c.note(Diagnostic::note("preview gives two tables; only that of the rows is shown", p.span));
    crate::kql::operators::pick::take(p.c, &argument.value, p.input.clone(), p.env)
}

/// `rows_near(condition, before [, after])`: the rows around those that fit.
pub fn rows_near(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    if !p.input.ordered {
        return Err(Diagnostic::error("`rows_near` needs rows in an order", p.span)
            .help("put `| sort by …` before it, or `| serialize` to take the rows as they come"));
    }
    let fits = condition(p.scalar(0, "Condition")?, p.span)?;
    let count = |value: Option<Value<'static>>| value.and_then(|v| v.as_i64()).and_then(|n| usize::try_from(n).ok());
    let before = count(p.constant(1, "NumRows")?).ok_or_else(|| p.error(1, "expected a number of rows"))?;
    let after = count(p.constant(2, "NumRowsAfter")?).unwrap_or(before);
    let kept: Vec<String> = p.input.columns.iter().map(|col| col.name.clone()).collect();
    let kernel: Remake = Arc::new(move |lists, rows| {
        let hits: Vec<usize> = (0..rows).filter(|row| matches!(lists[0][*row], Value::Bool(true))).collect();
        let mut next = 0;
        let mut made = Vec::new();
        for hit in hits {
            let (from, to) = (hit.saturating_sub(before).max(next), hit.saturating_add(after).min(rows - 1));
            made.extend((from..=to).map(|row| Made { source: Some(row), ..Made::default() }));
            next = next.max(to + 1);
        }
        Ok(made)
    });
    let near = remake(p.input.clone(), &[(fits, Accepts::Bool)], &kept, Vec::new(), kernel);
    Ok(Relation { ordered: true, ..near })
}

/// `dcount_intersect(set, set, …)`: how many values the first, the first two, … have in common.
pub fn dcount_intersect(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let mut sets = Vec::new();
    for position in 0..p.arguments.len() {
        sets.push(p.scalar(position, "hll")?);
    }
    let mut computed = Vec::new();
    for length in 1..=sets.len() {
        let kernel = Arc::new(|values: &[Value<'_>]| {
            let mut common: Option<HashSet<String>> = None;
            for value in values {
                let serde_json::Value::Array(items) = elements(value) else { return Value::Null };
                let items: HashSet<String> = items.iter().map(ToString::to_string).collect();
                common = Some(match common {
                    Some(common) => common.intersection(&items).cloned().collect(),
                    None => items,
                });
            }
            Value::Long(common.map_or(0, |common| common.len() as i64))
        });
        let scalar = crate::kql::kernel::apply(kernel, &sets[..length], &[Accepts::Dynamic], Type::Long);
        computed.push((scalar.expr, Col::new(format!("s{}", length - 1), Type::Long)));
    }
    Ok(p.input.clone().extend(computed))
}

/// The distinct values that an `hll` value holds.
fn elements(value: &Value<'_>) -> serde_json::Value {
    match value.to_json() {
        serde_json::Value::Object(mut sketch) => {
            let values = sketch.iter_mut().find_map(|(_, v)| v.is_array().then(|| v.take()));
            values.unwrap_or(serde_json::Value::Null)
        }
        other => other,
    }
}
