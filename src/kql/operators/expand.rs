//! `mv-expand`: a row for each element of an array or entry of a bag.

use polars::chunked_array::builder::ListStringChunkedBuilder;
use polars::prelude::*;

use super::room;
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::ast::{self, Expansion, Name};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::convert;
use crate::kql::kernel::{Accepts, Reader, apply};
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::scalar::Scalar;
use crate::table::Type;
use std::sync::Arc;

/// Expands items side by side; the shorter ones are filled up with nulls. A null gives one row, an empty array none.
pub fn compile(
    c: &Compiler<'_>,
    items: &[Expansion],
    array: bool,
    index: Option<&Name>,
    limit: Option<&ast::Expr>,
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    let limit = limit.map(|limit| c.count(limit, env)).transpose()?.map_or(usize::MAX, |n| n as usize);
    let mut values: Vec<(String, Scalar, Option<Type>)> = Vec::new();
    for item in items {
        let scalar = c.scalar_or_null(&item.expr, &Scope::over(env, &input));
        if !matches!(scalar.ty, Type::Dynamic | Type::String) {
            let problem =
                Diagnostic::error(format!("mv-expand needs a dynamic value, found {}", scalar.ty), item.expr.span);
            return Err(problem.help("parse_json(…) or split(…) gives one"));
        }
        let own = scalar.name.clone().filter(|name| !name.is_empty());
        let name = match &item.name {
            Some(name) => name.text.clone(),
            None => own.unwrap_or_else(|| fresh("Column1", |n| input.find(n).is_some())),
        };
        values.push((name, scalar, item.ty));
    }
    let inputs: Vec<Scalar> = values.iter().map(|(_, scalar, _)| scalar.clone()).collect();
    let mut lists: Vec<Expr> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let rows = room::rows(c, values.len() + usize::from(index.is_some()));
    for position in 0..values.len() {
        let name = c.hidden("item");
        lists.push(list(&inputs, Some(position), &input, array, limit, rows).alias(name.as_str()));
        names.push(name);
    }
    if index.is_some() {
        let name = c.hidden("index");
        lists.push(list(&inputs, None, &input, array, limit, rows).alias(name.as_str()));
        names.push(name);
    }
    let options = ExplodeOptions { empty_as_null: false, keep_nulls: true };
    let frame = input.frame.clone().with_columns(lists).explode(by_name(names.clone(), true, false), options);
    let mut computed: Vec<(Expr, Col)> = input.columns.iter().map(|col| (column(&col.name), col.clone())).collect();
    for ((name, _, ty), hidden) in values.iter().zip(&names) {
        let element = Scalar::column(hidden, Type::Dynamic);
        let typed = match ty {
            Some(ty) if *ty != Type::Dynamic => typed(element, *ty),
            _ => element,
        };
        let col = Col::new(name, typed.ty);
        match computed.iter_mut().find(|(_, known)| known.name == *name) {
            Some(known) => *known = (typed.expr, col),
            None => computed.push((typed.expr, col)),
        }
    }
    if let (Some(index), Some(hidden)) = (index, names.last()) {
        let name = fresh(&index.text, |n| computed.iter().any(|(_, known)| known.name == n));
        computed.push((column(hidden).cast(DataType::Int64), Col::new(name, Type::Long)));
    }
    Ok(Relation { frame, ..input }.with(computed))
}

/// `to typeof(t)`: a cast that takes numbers of numbers only, and `true` or a whole number for a bool.
fn typed(element: Scalar, ty: Type) -> Scalar {
    let kernel = Arc::new(move |values: &[Value<'_>]| match values.first() {
        Some(Value::Dynamic(json)) if ty.is_number() && json.starts_with(['"', 't', 'f']) => Value::Null,
        Some(Value::Dynamic(json))
            if ty == Type::Bool && json.contains(['"', '.', 'e']) && json.parse::<bool>().is_err() =>
        {
            Value::Null
        }
        Some(value) => convert::cast(value, ty).into_owned(),
        None => Value::Null,
    });
    apply(kernel, &[element], &[Accepts::Any], ty)
}

/// The elements of one item as a list column, filled up to the longest item; without a position their numbers. Fails
/// where they are more than fit.
fn list(
    inputs: &[Scalar],
    position: Option<usize>,
    over: &Relation,
    array: bool,
    limit: usize,
    fit: room::Rows,
) -> Expr {
    let types: Vec<Type> = inputs.iter().map(|scalar| scalar.ty).collect();
    let evaluate = move |columns: &mut [Column]| -> PolarsResult<Column> {
        // What is the same for every row is expanded once.
        let rows = columns.iter().take(types.len()).map(Column::len).find(|len| *len != 1).unwrap_or(1);
        let all = columns.iter().map(Column::len).find(|len| *len != 1).unwrap_or(1);
        let times = if rows == all { 1 } else { all };
        let series: Vec<Series> = columns.iter().map(|c| c.as_materialized_series().rechunk()).collect();
        let readers = series.iter().zip(&types).map(|(s, ty)| Reader::new(s, *ty)).collect::<PolarsResult<Vec<_>>>()?;
        let mut builder = ListStringChunkedBuilder::new("".into(), rows, rows * 2);
        // Rows often repeat what they are expanded by: a window's hours, the policies of a tenant.
        let mut before: Option<Vec<Value<'_>>> = None;
        let mut found: Vec<Vec<Option<String>>> = Vec::new();
        let mut made: u64 = 0;
        for row in 0..rows {
            let given: Vec<Value<'_>> = readers.iter().map(|reader| reader.value(row)).collect();
            if before.as_ref() != Some(&given) {
                found = given.iter().map(|value| elements(value, array)).collect();
                before = Some(given);
            }
            let longest = found.iter().map(Vec::len).max().unwrap_or(0).min(limit);
            made += longest as u64;
            fit.check(made.saturating_mul(times as u64))?;
            match position {
                Some(position) => {
                    let own = found.get(position).into_iter().flatten().map(Option::as_deref);
                    let padded: Vec<Option<&str>> = own.chain(std::iter::repeat(None)).take(longest).collect();
                    builder.append_trusted_len_iter(padded.into_iter());
                }
                None => {
                    let numbers: Vec<String> = (0..longest).map(|number| number.to_string()).collect();
                    builder.append_values_iter(numbers.iter().map(String::as_str));
                }
            }
        }
        let lists: Column = builder.finish().into_series().into();
        Ok(if rows == all { lists } else { lists.new_from_index(0, all) })
    };
    let mut expressions: Vec<Expr> = inputs.iter().map(|scalar| scalar.expr.clone()).collect();
    // Tells how many rows there are where no item does.
    expressions.extend(over.columns.first().map(|col| column(&col.name)));
    map_multiple(evaluate, expressions, |_: &Schema, fields: &[Field]| {
        let name = fields.first().map(|f| f.name().clone()).unwrap_or_default();
        Ok(Field::new(name, DataType::List(Box::new(DataType::String))))
    })
}

/// The elements of a value as JSON text.
fn elements(value: &Value<'_>, array: bool) -> Vec<Option<String>> {
    let json = match Accepts::Dynamic.coerce(value.clone()) {
        Value::Dynamic(json) => json.into_owned(),
        _ => return vec![None],
    };
    let show = |json: &serde_json::Value| (!json.is_null()).then(|| json.to_string());
    match serde_json::from_str::<serde_json::Value>(&json) {
        Ok(serde_json::Value::Array(items)) => items.iter().map(show).collect(),
        Ok(serde_json::Value::Object(entries)) => entries
            .into_iter()
            .map(|(key, value)| {
                let entry: serde_json::Value = if array {
                    vec![serde_json::Value::String(key), value].into()
                } else {
                    serde_json::Map::from_iter([(key, value)]).into()
                };
                Some(entry.to_string())
            })
            .collect(),
        _ => vec![Some(json)],
    }
}
