//! `bag_unpack`: each property of a bag as a column.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Plugin;
use crate::error::Diagnostic;
use crate::kql::compiler::Compiled;
use crate::kql::context::Answer;
use crate::kql::kernel::{Accepts, apply};
use crate::kql::path::{Step, follow};
use crate::kql::relation::{Col, Relation, column};
use crate::kql::scalar::Scalar;
use crate::kql::{Value, convert};
use crate::table::Type;

/// More properties than this are no columns but a mistake.
const MAX_COLUMNS: usize = 4096;

/// The input's columns but the bag, then the properties in alphabetical order, or those that the query declares.
pub fn compile(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let bag = p.column(0, "column")?;
    if !matches!(bag.ty, Type::Dynamic | Type::String) {
        return Err(p.error(0, format!("bag_unpack needs a dynamic column, found {}", bag.ty)));
    }
    let prefix = p.constant(1, "OutputColumnPrefix")?.map(|prefix| prefix.to_text().into_owned()).unwrap_or_default();
    let conflict = p.constant(2, "columnsConflict")?.map(|word| word.to_text().into_owned());
    let conflict = conflict.unwrap_or_else(|| "error".to_owned());
    if !["error", "replace_source", "keep_source"].contains(&conflict.as_str()) {
        return Err(p
            .error(2, format!("`{conflict}` is not a way to settle conflicts"))
            .help("it is error, replace_source or keep_source"));
    }
    let ignored: Vec<String> = match p.constant(3, "ignoredProperties")? {
        Some(list) => match list.to_json() {
            Json::Array(names) => names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        },
        None => Vec::new(),
    };
    let (input, found) = match p.schema {
        Some((_, columns)) => {
            let own = |name: &str| p.input.find(name).is_some_and(|col| col.name != bag.name);
            let wanted = columns.iter().filter(|(name, _)| prefix.is_empty() || name.text.starts_with(&prefix));
            let wanted = wanted.filter(|(name, _)| !own(&name.text) || conflict == "replace_source");
            let found = wanted.map(|(name, ty)| (name.text[prefix.len()..].to_owned(), *ty)).collect();
            (p.input.clone(), found)
        }
        None => {
            // The columns are in the data.
            let input = p.c.settled(p.input.clone(), p.span)?;
            let found = properties(p, &input, &bag)?;
            (input, found)
        }
    };
    let found: Vec<(String, Type)> = found.into_iter().filter(|(key, _)| !ignored.contains(key)).collect();
    if found.len() > MAX_COLUMNS {
        return Err(Diagnostic::error(format!("the bags have {} different properties", found.len()), p.span)
            .help("declare the columns: evaluate bag_unpack(d) : (*, Name:string)"));
    }
    let mut computed: Vec<(polars::prelude::Expr, Col)> = Vec::new();
    for col in input.columns.iter().filter(|col| col.name != bag.name) {
        computed.push((column(&col.name), col.clone()));
    }
    for (key, ty) in found {
        let name = format!("{prefix}{key}");
        let value = property(&bag, &key, ty);
        let col = Col::new(name.as_str(), ty);
        match computed.iter_mut().find(|(_, known)| known.name == name) {
            None => computed.push((value.expr, col)),
            Some(known) if conflict == "replace_source" => *known = (value.expr, col),
            Some(_) if conflict == "keep_source" => {}
            Some(_) => {
                return Err(Diagnostic::error(
                    format!("the bag has a property `{key}`, the input a column `{name}`"),
                    p.span,
                )
                .help("give a prefix, or columnsConflict='replace_source' or 'keep_source'"));
            }
        }
    }
    if let Some((keep, columns)) = p.schema {
        let place = |name: &str| columns.iter().position(|(known, _)| known.text == name);
        computed.retain(|(_, col)| *keep || place(&col.name).is_some());
        for (name, ty) in columns {
            if !computed.iter().any(|(_, col)| col.name == name.text) {
                computed.push((Scalar::null(*ty).expr, Col::new(&name.text, *ty)));
            }
        }
        computed.sort_by_key(|(_, col)| place(&col.name).map_or(0, |at| at + 1));
    }
    // A property that no row has is null, so that a query over few rows means the same as over many.
    let open = p.schema.is_none();
    Ok(Relation { open, ..input.with(computed) })
}

fn property(bag: &Col, key: &str, ty: Type) -> Scalar {
    let steps = vec![Step::Key(key.to_owned())];
    let kernel = Arc::new(move |values: &[Value<'_>]| match values.first() {
        Some(Value::Dynamic(json)) => convert::cast(&follow(json, &steps), ty).into_owned(),
        _ => Value::Null,
    });
    apply(kernel, &[Scalar::column(&bag.name, bag.ty)], &[Accepts::Dynamic], ty)
}

/// Names in alphabetical order, with the type that holds all values.
fn properties(p: &Plugin<'_, '_>, input: &Relation, bag: &Col) -> Compiled<Vec<(String, Type)>> {
    let frame = p.c.collect(&input.clone().keep(std::slice::from_ref(&bag.name)), p.span)?;
    let answer = Answer { columns: vec![(bag.name.clone(), bag.ty)], frame, origins: Vec::new(), notes: Vec::new() };
    let mut types: BTreeMap<String, Option<Type>> = BTreeMap::new();
    for row in 0..answer.rows() {
        let Value::Dynamic(json) = Accepts::Dynamic.coerce(answer.cell(row, 0)) else { continue };
        let Ok(Json::Object(entries)) = serde_json::from_str::<Json>(&json) else { continue };
        for (key, value) in entries {
            let ty = match &value {
                Json::Null => None,
                Json::Bool(_) => Some(Type::Bool),
                Json::Number(number) if number.is_f64() => Some(Type::Real),
                Json::Number(_) => Some(Type::Long),
                Json::String(_) => Some(Type::String),
                _ => Some(Type::Dynamic),
            };
            let known = types.entry(key).or_insert(None);
            *known = match (*known, ty) {
                (None, ty) => ty,
                (known, None) => known,
                (Some(a), Some(b)) if a == b => Some(a),
                (Some(Type::Long | Type::Real), Some(Type::Long | Type::Real)) => Some(Type::Real),
                _ => Some(Type::Dynamic),
            };
        }
    }
    Ok(types.into_iter().map(|(key, ty)| (key, ty.unwrap_or(Type::Dynamic))).collect())
}
