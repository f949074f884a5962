//! Frequent combinations of values: `basket`, `diffpatterns`, `autocluster`.
//!
//! Combinations are grown one column at a time and kept while enough rows have them, so that every combination
//! above the threshold is found.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plugin;
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::Compiled;
use crate::kql::kernel::Accepts;
use crate::kql::relation::{Col, Relation};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};
use crate::table::Type;

/// Share of the rows that makes a combination frequent, unless said.
const THRESHOLD: f64 = 0.05;
/// Columns of a combination, unless said.
const DIMENSIONS: i64 = 5;
/// More combinations than this are refused.
const MAX_PATTERNS: usize = 100_000;

/// A combination: columns and their values, and the rows that have it.
#[derive(Clone)]
struct Pattern {
    items: Vec<(usize, String)>,
    rows: Vec<usize>,
    weight: f64,
}

/// Columns whose values make combinations: text and whole things, no reals and no times.
fn columns(p: &Plugin<'_, '_>, without: &[String]) -> Vec<Col> {
    let fits = |col: &&Col| {
        !col.hidden
            && !without.contains(&col.name)
            && matches!(col.ty, Type::String | Type::Bool | Type::Int | Type::Long | Type::Guid | Type::Dynamic)
    };
    p.input.columns.iter().filter(fits).cloned().collect()
}

fn weight(p: &Plugin<'_, '_>, position: usize) -> Compiled<Option<Scalar>> {
    let default = p.arguments.get(position).is_none_or(|argument| {
        matches!(&argument.value.kind, crate::kql::ast::ExprKind::Literal(Value::String(text), _) if text == "~")
    });
    if default { Ok(None) } else { p.scalar(position, "WeightColumn").map(Some) }
}

fn share(p: &Plugin<'_, '_>, position: usize, name: &str, default: f64) -> Compiled<f64> {
    match p.constant(position, name)? {
        None => Ok(default),
        Some(value) => {
            let share = value.as_f64().filter(|share| *share > 0.0 && *share <= 1.0);
            share.ok_or_else(|| p.error(position, format!("{name} lies between 0 and 1")))
        }
    }
}

/// All combinations that weigh at least `least`.
fn mine(
    lists: &[Vec<Value<'_>>],
    rows: usize,
    weights: &[f64],
    least: f64,
    most: usize,
) -> Result<Vec<Pattern>, String> {
    let weigh = |rows: &[usize]| rows.iter().filter_map(|row| weights.get(*row)).sum::<f64>();
    let mut all: Vec<Pattern> = Vec::new();
    let mut level = vec![Pattern { items: Vec::new(), rows: (0..rows).collect(), weight: weights.iter().sum() }];
    for _ in 0..most {
        let mut next = Vec::new();
        for pattern in &level {
            let from = pattern.items.last().map_or(0, |(column, _)| column + 1);
            for (column, list) in lists.iter().enumerate().skip(from) {
                let mut by_value: BTreeMap<String, Vec<usize>> = BTreeMap::new();
                for row in &pattern.rows {
                    let text = list[*row].to_text();
                    if !text.is_empty() {
                        by_value.entry(text.into_owned()).or_default().push(*row);
                    }
                }
                for (value, rows) in by_value {
                    let weight = weigh(&rows);
                    if weight >= least {
                        let mut items = pattern.items.clone();
                        items.push((column, value));
                        next.push(Pattern { items, rows, weight });
                    }
                }
            }
            if all.len() + next.len() > MAX_PATTERNS {
                return Err(format!("more than {MAX_PATTERNS} combinations: raise the threshold or drop columns"));
            }
        }
        if next.is_empty() {
            break;
        }
        all.extend(next.iter().cloned());
        level = next;
    }
    Ok(all)
}

fn cells(pattern: &Pattern, columns: &[Col], wildcard: &Option<String>) -> Vec<Value<'static>> {
    let cell = |(number, col): (usize, &Col)| {
        let found = pattern.items.iter().find(|(column, _)| *column == number).map(|(_, value)| value);
        match (found, wildcard) {
            (Some(value), _) => crate::kql::convert::from_text(value, col.ty),
            (None, Some(wildcard)) if col.ty == Type::String => Value::text(wildcard.as_str()),
            _ => Value::Null,
        }
    };
    columns.iter().enumerate().map(cell).collect()
}

fn percent(part: f64, whole: f64) -> Value<'static> {
    Value::Real(if whole > 0.0 { part * 100.0 / whole } else { 0.0 })
}

fn whole(weight: f64) -> Value<'static> {
    Value::Long(weight.round() as i64)
}

fn weights_of(list: Option<&Vec<Value<'_>>>, rows: usize) -> Vec<f64> {
    match list {
        Some(list) => list.iter().map(|value| value.as_f64().unwrap_or(0.0).max(0.0)).collect(),
        None => vec![1.0; rows],
    }
}

struct Shape {
    columns: Vec<Col>,
    arguments: Vec<(Scalar, Accepts)>,
    wildcard: Option<String>,
}

fn shape(p: &Plugin<'_, '_>, without: &[String], wildcard_at: usize) -> Compiled<Shape> {
    let columns = columns(p, without);
    if columns.is_empty() {
        return Err(Diagnostic::error("there is no column whose values could make patterns", p.span)
            .help("text, bool and integer columns do; project or bin the others"));
    }
    let arguments = columns.iter().map(|col| (Scalar::column(&col.name, col.ty), Accepts::Text)).collect();
    let wildcard = p.constant(wildcard_at, "CustomWildcard")?.map(|text| text.to_text().into_owned());
    Ok(Shape { columns, arguments, wildcard })
}

/// `basket([threshold, weight, dimensions, wildcard])`: every combination above the threshold.
pub fn basket(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let threshold = share(p, 0, "Threshold", THRESHOLD)?;
    let weight = weight(p, 1)?;
    let most = p.constant(2, "MaxDimensions")?.and_then(|v| v.as_i64()).unwrap_or(DIMENSIONS).max(1) as usize;
    let skipped: Vec<String> = weight.iter().filter_map(|scalar| scalar.name.clone()).collect();
    let Shape { columns, mut arguments, wildcard } = shape(p, &skipped, 3)?;
    let width = columns.len();
    arguments.extend(weight.map(|scalar| (scalar, Accepts::Number)));
    let shown = columns.clone();
    let kernel: Remake = Arc::new(move |lists, rows| {
        let weights = weights_of(lists.get(width), rows);
        let total: f64 = weights.iter().sum();
        let mut patterns = mine(&lists[..width], rows, &weights, threshold * total, most)?;
        patterns.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.items.len().cmp(&b.items.len())));
        let made = patterns.into_iter().enumerate().map(|(number, pattern)| {
            let mut out = vec![Value::Long(number as i64), whole(pattern.weight), percent(pattern.weight, total)];
            out.extend(cells(&pattern, &shown, &wildcard));
            Made { source: None, from: pattern.rows, cells: out }
        });
        Ok(made.collect())
    });
    Ok(remake(p.input.clone(), &arguments, &[], headed(&["Count"], &["Percent"], columns), kernel))
}

fn headed(counts: &[&str], percents: &[&str], columns: Vec<Col>) -> Vec<Col> {
    let mut added = vec![Col::new("SegmentId", Type::Long)];
    added.extend(counts.iter().map(|name| Col::new(*name, Type::Long)));
    added.extend(percents.iter().map(|name| Col::new(*name, Type::Real)));
    added.extend(columns.into_iter().map(|col| Col::new(col.name, col.ty)));
    added
}

/// `diffpatterns(column, a, b [, weight, threshold, dimensions, wildcard])`: combinations whose shares differ.
pub fn diffpatterns(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let split = p.column(0, "SplitColumn")?;
    let side = |position: usize, name: &str| -> Compiled<String> {
        let value = p.constant(position, name)?.ok_or_else(|| p.missing(name))?;
        Ok(value.to_text().into_owned())
    };
    let (a, b) = (side(1, "SplitValueA")?, side(2, "SplitValueB")?);
    let weight = weight(p, 3)?;
    let threshold = share(p, 4, "Threshold", THRESHOLD)?;
    let most = p.constant(5, "MaxDimensions")?.and_then(|v| v.as_i64()).unwrap_or(DIMENSIONS).max(1) as usize;
    let mut skipped: Vec<String> = weight.iter().filter_map(|scalar| scalar.name.clone()).collect();
    skipped.push(split.name.clone());
    let Shape { columns, mut arguments, wildcard } = shape(p, &skipped, 6)?;
    let width = columns.len();
    arguments.push((Scalar::column(&split.name, split.ty), Accepts::Text));
    arguments.extend(weight.map(|scalar| (scalar, Accepts::Number)));
    let shown = columns.clone();
    let kernel: Remake = Arc::new(move |lists, rows| {
        let weights = weights_of(lists.get(width + 1), rows);
        let of = |value: &str| -> Vec<f64> {
            let sides = lists[width].iter().zip(&weights);
            sides.map(|(side, weight)| if side.to_text() == value { *weight } else { 0.0 }).collect()
        };
        let (in_a, in_b) = (of(&a), of(&b));
        let (total_a, total_b): (f64, f64) = (in_a.iter().sum(), in_b.iter().sum());
        let mut found: BTreeMap<Vec<(usize, String)>, Pattern> = BTreeMap::new();
        for (side, total) in [(&in_a, total_a), (&in_b, total_b)] {
            if total > 0.0 {
                for pattern in mine(&lists[..width], rows, side, threshold * total, most)? {
                    found.insert(pattern.items.clone(), pattern);
                }
            }
        }
        let sum = |pattern: &Pattern, side: &[f64]| pattern.rows.iter().filter_map(|row| side.get(*row)).sum::<f64>();
        let share = |part: f64, total: f64| if total > 0.0 { part * 100.0 / total } else { 0.0 };
        let mut differing: Vec<(f64, f64, f64, Pattern)> = found
            .into_values()
            .map(|pattern| {
                let (x, y) = (sum(&pattern, &in_a), sum(&pattern, &in_b));
                ((share(x, total_a) - share(y, total_b)).abs(), x, y, pattern)
            })
            .filter(|(difference, ..)| *difference >= threshold * 100.0)
            .collect();
        differing.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.3.items.len().cmp(&x.3.items.len())));
        // Of combinations that the same rows have, the longest says most.
        let mut made: Vec<Made> = Vec::new();
        let mut taken: Vec<Vec<usize>> = Vec::new();
        for (difference, x, y, pattern) in differing {
            if taken.contains(&pattern.rows) {
                continue;
            }
            taken.push(pattern.rows.clone());
            let mut out = vec![Value::Long(made.len() as i64), whole(x), whole(y)];
            out.extend([percent(x, total_a), percent(y, total_b), Value::Real(difference)]);
            out.extend(cells(&pattern, &shown, &wildcard));
            made.push(Made { source: None, from: pattern.rows, cells: out });
        }
        Ok(made)
    });
    let added = headed(&["CountA", "CountB"], &["PercentA", "PercentB", "PercentDiffAB"], columns);
    Ok(remake(p.input.clone(), &arguments, &[], added, kernel))
}

/// `autocluster([sizeWeight, weight, seeds, wildcard])`: few combinations that together describe the rows.
///
/// Each takes the combination that scores best, between covering many rows and naming many columns, then goes on
/// with the rows that none describes yet.
pub fn autocluster(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let size = share(p, 0, "SizeWeight", 0.5)?;
    let weight = weight(p, 1)?;
    let skipped: Vec<String> = weight.iter().filter_map(|scalar| scalar.name.clone()).collect();
    let Shape { columns, mut arguments, wildcard } = shape(p, &skipped, 3)?;
    p.c.note(Diagnostic::note("autocluster is a heuristic: the service may choose other patterns", p.span));
    let width = columns.len();
    arguments.extend(weight.map(|scalar| (scalar, Accepts::Number)));
    let shown = columns.clone();
    let kernel: Remake = Arc::new(move |lists, rows| {
        let weights = weights_of(lists.get(width), rows);
        let total: f64 = weights.iter().sum();
        let patterns = mine(&lists[..width], rows, &weights, THRESHOLD * total, DIMENSIONS as usize)?;
        let mut left = weights.clone();
        let mut made: Vec<Made> = Vec::new();
        loop {
            let uncovered: f64 = left.iter().sum();
            if uncovered < THRESHOLD * total || uncovered <= 0.0 {
                break;
            }
            let score = |pattern: &Pattern| {
                let covers: f64 = pattern.rows.iter().filter_map(|row| left.get(*row)).sum();
                if covers < THRESHOLD * total {
                    return 0.0;
                }
                (covers / total).powf(size) * (pattern.items.len() as f64 / width as f64).powf(1.0 - size)
            };
            let best = patterns.iter().map(|pattern| (score(pattern), pattern)).max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((score, pattern)) = best else { break };
            if score <= 0.0 {
                break;
            }
            let mut out = vec![Value::Long(made.len() as i64), whole(pattern.weight), percent(pattern.weight, total)];
            out.extend(cells(pattern, &shown, &wildcard));
            made.push(Made { source: None, from: pattern.rows.clone(), cells: out });
            pattern.rows.iter().for_each(|row| {
                if let Some(weight) = left.get_mut(*row) {
                    *weight = 0.0;
                }
            });
        }
        Ok(made)
    });
    Ok(remake(p.input.clone(), &arguments, &[], headed(&["Count"], &["Percent"], columns), kernel))
}
