//! When the rows of each table happened, in order, so that a window's rows are two binary searches away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::table::{Column, Table, Tables};

/// Sorted TimeGenerated of each table, made when first asked for.
pub(super) struct Times<'a> {
    tables: BTreeMap<&'a str, (&'a Table, OnceLock<Vec<i64>>)>,
}

impl<'a> Times<'a> {
    pub(super) fn of(tables: &'a Tables) -> Times<'a> {
        Times { tables: tables.iter().map(|(name, table)| (name, (table.as_ref(), OnceLock::new()))).collect() }
    }

    /// The times of one table; none for a table without rows or without times.
    pub(super) fn table(&self, name: &str) -> &[i64] {
        let Some((table, sorted)) = self.tables.get(name) else { return &[] };
        sorted.get_or_init(|| {
            let mut times: Vec<i64> =
                column(table).map(|column| column.into_iter().flatten().collect()).unwrap_or_default();
            times.sort_unstable();
            times
        })
    }

    /// First and last time over these tables.
    pub(super) fn span(&self, names: &BTreeSet<String>) -> Option<(i64, i64)> {
        let spans = names.iter().filter_map(|name| {
            let times = self.table(name);
            Some((*times.first()?, *times.last()?))
        });
        spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// How many rows of each table lie at or before `end` and at or before `start`: equal answers mean equal
    /// windows, and equal numbers in one answer an empty one.
    pub(super) fn window(&self, names: &BTreeSet<String>, start: i64, end: i64) -> Vec<(usize, usize)> {
        names
            .iter()
            .map(|name| {
                let times = self.table(name);
                (times.partition_point(|time| *time <= start), times.partition_point(|time| *time <= end))
            })
            .collect()
    }
}

/// TimeGenerated of every row, in row order.
pub(super) fn column(table: &Table) -> Option<Vec<Option<i64>>> {
    let position = table.schema().position("TimeGenerated")?;
    let Column::Plain(series) = table.column(position) else { return None };
    Some(series.i64().ok()?.iter().collect())
}
