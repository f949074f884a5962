//! When the rows of the tables happened: how far they reach, and which of them a window holds.

use std::collections::BTreeSet;

use crate::table::{Column, Table, Tables};

fn times<'a>(tables: &'a Tables, name: &str) -> &'a [i64] {
    tables.get(name).map_or(&[], |table| table.times())
}

/// First and last time over these tables.
pub(super) fn span(tables: &Tables, names: &BTreeSet<String>) -> Option<(i64, i64)> {
    let spans = names.iter().filter_map(|name| {
        let times = times(tables, name);
        Some((*times.first()?, *times.last()?))
    });
    spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// How many rows of each table lie at or before `start` and at or before `end`: equal answers mean equal windows,
/// and equal numbers in one answer an empty one.
pub(super) fn window(tables: &Tables, names: &BTreeSet<String>, start: i64, end: i64) -> Vec<(usize, usize)> {
    names
        .iter()
        .map(|name| {
            let times = times(tables, name);
            (times.partition_point(|time| *time <= start), times.partition_point(|time| *time <= end))
        })
        .collect()
}

/// How many rows of each table lie before `time`, and how many at or before it.
pub(super) fn edge(tables: &Tables, names: &BTreeSet<String>, time: i64) -> Vec<(usize, usize)> {
    names
        .iter()
        .map(|name| {
            let times = times(tables, name);
            (times.partition_point(|at| *at < time), times.partition_point(|at| *at <= time))
        })
        .collect()
}

/// TimeGenerated of every row, in row order.
pub(super) fn column(table: &Table) -> Option<Vec<Option<i64>>> {
    let position = table.schema().position("TimeGenerated")?;
    let Column::Plain(series) = table.column(position) else { return None };
    Some(series.i64().ok()?.iter().collect())
}
