//! `top-nested`: the top values of one column, within each the top values of the next, and so on.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;

use super::assign::spread;
use crate::error::Diagnostic;
use crate::kql::aggregates::{Aggregation, aggregate};
use crate::kql::ast::NestedLevel;
use crate::kql::compare::order;
use crate::kql::compiler::{Aggregates, Compiled, Compiler, Env, Scope};
use crate::kql::kernel::{Collector, Reader};
use crate::kql::lineage::Lineage;
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::{Value, convert};
use crate::table::{RECORD, Type};

/// One level, compiled.
struct Level {
    count: Option<usize>,
    others: Option<Value<'static>>,
    ascending: bool,
    plans: Vec<(String, Aggregation)>,
    by: Expr,
    value: Col,
    weight: Col,
}

/// A value at some level and what stands above it.
struct Node {
    above: Option<usize>,
    value: Value<'static>,
    weight: Value<'static>,
    /// The level from which on it stands for what was not among the top.
    rest: Option<usize>,
}

/// Compiles the operator.
pub fn compile(c: &Compiler<'_>, levels: &[NestedLevel], input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let mut prepared: Vec<Expr> = Vec::new();
    let mut compiled: Vec<Level> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (number, level) in levels.iter().enumerate() {
        let scope = Scope::over(env, &input);
        let scalar = c.scalar(&level.of.expr, &scope)?;
        let own =
            scalar.name.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| format!("Column{}", number + 1));
        let (name, scalar) = spread(&level.of, scalar, Some(own)).swap_remove(0);
        let others = match &level.others {
            Some(others) => Some(convert::cast(&c.constant(others, env)?.0, scalar.ty).into_owned()),
            None => None,
        };
        let count = level.count.as_ref().map(|count| c.count(count, env)).transpose()?;
        let collected = Aggregates::default();
        let scope = Scope { aggregates: Some(&collected), ..Scope::over(env, &input) };
        let weight = c.scalar(&level.by.expr, &scope)?;
        let weight_name = level.by.names.first().map_or_else(|| format!("aggregated_{name}"), |name| name.text.clone());
        let name = fresh(&name, |n| names.iter().any(|known| known == n));
        names.push(name.clone());
        let weight_name = fresh(&weight_name, |n| names.iter().any(|known| known == n));
        names.push(weight_name.clone());
        let plans = collected.into_inner();
        if plans.is_empty() {
            return Err(Diagnostic::error("expected an aggregate behind `by`", level.by.expr.span)
                .help("for example `top-nested 3 of UserPrincipalName by count()`"));
        }
        prepared.push(scalar.expr.alias(format!("#n{number}")));
        compiled.push(Level {
            count: count.map(|count| count as usize),
            others,
            ascending: level.ascending,
            plans,
            by: weight.expr,
            value: Col::new(name, scalar.ty),
            weight: Col::new(weight_name, weight.ty),
        });
    }
    let columns: Vec<Col> = compiled.iter().flat_map(|level| [level.value.clone(), level.weight.clone()]).collect();
    let groups = input.groups.clone();
    let lineage = input.lineage.clone();
    let traced = lineage.is_some();
    let fields = columns.clone();
    let (keys, schema_keys) = (groups.clone(), groups.clone());
    let schema = move |given: &Schema| -> PolarsResult<SchemaRef> {
        let mut out: Vec<Field> = fields.iter().map(|c| Field::new(c.name.as_str().into(), c.ty.dtype())).collect();
        for key in &schema_keys {
            out.push(Field::new(key.as_str().into(), given.get(key).cloned().unwrap_or(DataType::Null)));
        }
        if traced {
            out.push(Field::new(RECORD.into(), DataType::UInt64));
        }
        Ok(Arc::new(Schema::from_iter(out)))
    };
    let evaluate = move |frame: DataFrame| nest(&frame, &compiled, &keys, lineage.as_ref());
    let frame = input.frame.clone().with_columns(prepared);
    let frame = frame.map(evaluate, AllowedOptimizations::empty(), Some(Arc::new(schema)), Some("top-nested"));
    Ok(Relation { frame, columns, ordered: false, open: false, extensible: false, ..input })
}

fn nest(frame: &DataFrame, levels: &[Level], keys: &[String], lineage: Option<&Lineage>) -> PolarsResult<DataFrame> {
    let rows = frame.height();
    let mut nodes: Vec<Node> = Vec::new();
    // Above the first level: one node, or one for each group.
    let key_series = keys.iter().map(|key| Ok(frame.column(key)?.as_materialized_series().clone()));
    let key_series = key_series.collect::<PolarsResult<Vec<Series>>>()?;
    let mut place: Vec<usize> = Vec::with_capacity(rows);
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    let mut heads: Vec<u32> = Vec::new();
    for row in 0..rows {
        let key = key_series.iter().map(|s| Ok(s.get(row)?.to_string())).collect::<PolarsResult<Vec<String>>>()?;
        place.push(*known.entry(key).or_insert_with(|| {
            nodes.push(Node { above: None, value: Value::Null, weight: Value::Null, rest: None });
            heads.push(row as u32);
            nodes.len() - 1
        }));
    }
    let roots = nodes.len();
    for (number, level) in levels.iter().enumerate() {
        let series = frame.column(&format!("#n{number}"))?.as_materialized_series().rechunk();
        let reader = Reader::new(&series, level.value.ty)?;
        // Candidates: a node above and a value; what is left over stays together.
        let mut candidates: Vec<(usize, Value<'static>)> = Vec::new();
        let mut known: HashMap<(usize, Option<(bool, String)>), usize> = HashMap::new();
        let mut chosen: Vec<usize> = Vec::with_capacity(rows);
        for (row, above) in place.iter().enumerate() {
            let value = reader.value(row);
            let leftover = nodes[*above].rest.is_some();
            let key = (*above, (!leftover).then(|| (value.is_null(), value.to_text().into_owned())));
            chosen.push(*known.entry(key).or_insert_with(|| {
                let value = if leftover { Value::Null } else { value.into_owned() };
                candidates.push((*above, value));
                candidates.len() - 1
            }));
        }
        let weights = weigh(frame, &chosen, candidates.len(), level)?;
        let mut siblings: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, (above, _)) in candidates.iter().enumerate() {
            siblings.entry(*above).or_default().push(at);
        }
        let mut node_of: Vec<Option<usize>> = vec![None; candidates.len()];
        let mut leftovers: HashMap<usize, usize> = HashMap::new();
        let base = nodes.len();
        let mut ordered: Vec<usize> = Vec::new();
        let mut seen: Vec<usize> = candidates.iter().map(|(above, _)| *above).collect();
        seen.sort_unstable();
        seen.dedup();
        for above in seen {
            let mut group = siblings.remove(&above).unwrap_or_default();
            group.sort_by(|a, b| {
                let (a, b) = (&weights[*a], &weights[*b]);
                match (a.is_null(), b.is_null()) {
                    (true, true) => std::cmp::Ordering::Equal,
                    (true, false) => std::cmp::Ordering::Greater,
                    (false, true) => std::cmp::Ordering::Less,
                    _ => {
                        let order = order(a, b).unwrap_or(std::cmp::Ordering::Equal);
                        if level.ascending { order } else { order.reverse() }
                    }
                }
            });
            for (rank, at) in group.into_iter().enumerate() {
                let rest = nodes[above].rest;
                if rest.is_some() || level.count.is_none_or(|count| rank < count) {
                    let mut value = candidates[at].1.clone();
                    if rest.is_some() {
                        value = level.others.clone().unwrap_or(Value::Null);
                    }
                    nodes.push(Node { above: Some(above), value, weight: Value::Null, rest });
                    ordered.push(nodes.len() - 1);
                    node_of[at] = Some(nodes.len() - 1);
                } else {
                    let node = *leftovers.entry(above).or_insert_with(|| {
                        let value = level.others.clone().unwrap_or(Value::Null);
                        nodes.push(Node { above: Some(above), value, weight: Value::Null, rest: Some(number) });
                        ordered.push(nodes.len() - 1);
                        nodes.len() - 1
                    });
                    node_of[at] = Some(node);
                }
            }
        }
        for (row, candidate) in chosen.iter().enumerate() {
            place[row] = node_of[*candidate].unwrap_or(base);
        }
        // The weight of what is left over is that of all its rows.
        let local: Vec<usize> = place.iter().map(|node| node - base).collect();
        let weights = weigh(frame, &local, nodes.len() - base, level)?;
        for (node, weight) in nodes.iter_mut().skip(base).zip(weights) {
            node.weight = if node.rest.is_some() && level.others.is_none() { Value::Null } else { weight };
        }
    }
    lay_out(frame, levels, keys, lineage, &nodes, &place, roots, &heads)
}

/// The aggregate of each group of rows; groups are numbers below `count`, each with a row.
fn weigh(frame: &DataFrame, group: &[usize], count: usize, level: &Level) -> PolarsResult<Vec<Value<'static>>> {
    let mut weights = vec![Value::Null; count];
    if count == 0 {
        return Ok(weights);
    }
    let numbers: Vec<i64> = group.iter().map(|group| *group as i64).collect();
    let numbers = Series::new("#group".into(), numbers);
    let frame = frame.clone().lazy().with_column(lit(numbers).alias("#group"));
    let grouped = aggregate(frame, vec![column("#group")], level.plans.clone(), None);
    let answer = grouped.select([column("#group"), level.by.clone().cast(level.weight.ty.dtype()).alias("#weight")]);
    let answer = answer.collect()?;
    let series = answer.column("#weight")?.as_materialized_series().rechunk();
    let reader = Reader::new(&series, level.weight.ty)?;
    for (row, group) in answer.column("#group")?.i64()?.iter().enumerate() {
        if let Some(weight) = group.and_then(|group| weights.get_mut(group as usize)) {
            *weight = reader.value(row).into_owned();
        }
    }
    Ok(weights)
}

#[allow(clippy::too_many_arguments)] // one step of a long function, kept apart for reading
fn lay_out(
    frame: &DataFrame,
    levels: &[Level],
    keys: &[String],
    lineage: Option<&Lineage>,
    nodes: &[Node],
    place: &[usize],
    roots: usize,
    heads: &[u32],
) -> PolarsResult<DataFrame> {
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    place.iter().enumerate().for_each(|(row, node)| rows_of[*node].push(row));
    let mut collectors: Vec<Collector> =
        levels.iter().flat_map(|l| [Collector::new(l.value.ty, 0), Collector::new(l.weight.ty, 0)]).collect();
    let mut leaves: Vec<usize> = Vec::new();
    let mut root_of: Vec<u32> = Vec::new();
    for (leaf, rows) in rows_of.iter().enumerate().skip(roots) {
        // What is left over shows where some level behind gives it a name.
        let named = |from: usize| levels.iter().skip(from).any(|level| level.others.is_some());
        if rows.is_empty() || nodes[leaf].rest.is_some_and(|from| !named(from)) {
            continue;
        }
        let mut path: Vec<usize> = Vec::new();
        let mut at = leaf;
        while let Some(above) = nodes[at].above {
            path.push(at);
            at = above;
        }
        for (level, node) in path.iter().rev().enumerate() {
            let node = &nodes[*node];
            let fill = |value: &Value<'static>, ty: Type| match value {
                Value::Null if ty == Type::String => Value::text(""),
                value => value.clone(),
            };
            collectors[level * 2].push(fill(&node.value, levels[level].value.ty));
            collectors[level * 2 + 1].push(fill(&node.weight, levels[level].weight.ty));
        }
        leaves.push(leaf);
        root_of.push(heads[at]);
    }
    let cols = levels.iter().flat_map(|level| [&level.value, &level.weight]);
    let mut columns: Vec<Column> = collectors
        .into_iter()
        .zip(cols)
        .map(|(c, col)| c.finish().with_name(col.name.as_str().into()).into())
        .collect();
    let index = IdxCa::from_vec("".into(), root_of);
    for key in keys {
        columns.push(frame.column(key)?.take(&index)?);
    }
    if let Some(lineage) = lineage {
        let records = frame.column(RECORD)?.as_materialized_series().rechunk();
        let records = records.u64()?;
        let merged = leaves.iter().map(|leaf| lineage.merge(rows_of[*leaf].iter().filter_map(|row| records.get(*row))));
        columns.push(Lineage::series(merged.collect()).into());
    }
    DataFrame::new(leaves.len(), columns)
}
