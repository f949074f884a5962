//! `rolling_percentile`: a percentile over the last bins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plugin;
use super::activity::{at, axis, grouped};
use crate::kql::compare::order;
use crate::kql::compiler::Compiled;
use crate::kql::kernel::Accepts;
use crate::kql::relation::{Col, Relation};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};
use crate::kql::{Value, real};

/// `rolling_percentile(value, percentile, index, bin, bins [, dimension …])`, by nearest rank.
pub fn compile(p: &Plugin<'_, '_>) -> Compiled<Relation> {
    let value = p.column(0, "ValueColumn")?;
    let percentile = p.constant(1, "Percentile")?.and_then(|v| v.as_f64()).filter(|v| (0.0..=100.0).contains(v));
    let percentile = percentile.ok_or_else(|| p.error(1, "expected a percentile from 0 to 100"))?;
    let index = p.column(2, "IndexColumn")?;
    let step = axis(p, 3, "BinSize")?;
    let bins = p.constant(4, "BinsPerWindow")?.and_then(|v| v.as_i64()).filter(|bins| *bins > 0);
    let bins = bins.ok_or_else(|| p.error(4, "expected a number of bins"))?;
    if step <= 0 {
        return Err(p.error(3, "a bin is greater than 0"));
    }
    let dimensions = p.columns_from(5)?;
    let mut arguments = vec![
        (Scalar::column(&value.name, value.ty), Accepts::Any),
        (Scalar::column(&index.name, index.ty), Accepts::Any),
    ];
    arguments.extend(dimensions.iter().map(|col| (Scalar::column(&col.name, col.ty), Accepts::Any)));
    let ty = index.ty;
    let kernel: Remake = Arc::new(move |lists, rows| {
        let mut made = Vec::new();
        for (key, group) in grouped(lists, 2, rows) {
            let mut by_bin: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
            for row in group {
                if let Some(time) = at(&lists[1][row]) {
                    by_bin.entry(time.div_euclid(step)).or_default().push(row);
                }
            }
            for bin in by_bin.keys() {
                let window = by_bin.range(bin.saturating_sub(bins - 1)..=*bin);
                let from: Vec<usize> = window.flat_map(|(_, rows)| rows.iter().copied()).collect();
                let mut values: Vec<&Value<'_>> =
                    from.iter().map(|row| &lists[0][*row]).filter(|value| !value.is_null()).collect();
                values.sort_by(|a, b| order(a, b).unwrap_or(std::cmp::Ordering::Equal));
                let rank = ((percentile / 100.0 * values.len() as f64).ceil() as usize).max(1) - 1;
                let found = values.get(rank).map_or(Value::Null, |value| (*value).clone().into_owned());
                let mut cells = vec![super::activity::axis_value(bin.saturating_mul(step), ty)];
                cells.extend(key.iter().cloned());
                cells.push(found);
                made.push(Made { source: None, from, cells });
            }
        }
        Ok(made)
    });
    let mut added = vec![Col::new(index.name.as_str(), index.ty)];
    added.extend(dimensions.iter().map(|col| Col::new(col.name.as_str(), col.ty)));
    let shown = real(percentile);
    added.push(Col::new(format!("rolling_{bins}_percentile_{}_{shown}", value.name), value.ty));
    Ok(remake(p.input.clone(), &arguments, &[], added, kernel))
}
