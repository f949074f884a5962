//! Looks for values in every text column of every table.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::finding::Finding;
use crate::ioc::Iocs;
use crate::table::{Column, RecordId, Table, Tables};
use crate::timeline::Reader;

/// A row that holds a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Table of the row.
    pub table: String,
    /// Row in the table.
    pub row: usize,
    /// When it happened, ticks.
    pub time: Option<i64>,
    /// The record it was made from.
    pub record: RecordId,
    /// Which values, by position in the list, and where: a column, and a path into it where it holds JSON.
    pub matches: Vec<(usize, String)>,
}

/// What one table knows of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The table.
    pub table: String,
    /// Its rows that hold the value.
    pub rows: u64,
    /// First and last of them, ticks; none where no row has a time.
    pub span: Option<(i64, i64)>,
}

/// What all tables know of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The value.
    pub value: String,
    /// Tables that hold it, by name; none where no row does.
    pub seen: Vec<Seen>,
}

/// All rows that hold one of the values, in order of time; those without a time come last.
pub fn search(tables: &Tables, iocs: &Iocs) -> Vec<Sighting> {
    let mut found: Vec<Sighting> = tables.iter().flat_map(|(name, table)| within(name, table, iocs)).collect();
    found.sort_by(|a, b| (a.time.is_none(), a.time, &a.table, a.row).cmp(&(b.time.is_none(), b.time, &b.table, b.row)));
    found
}

fn within(name: &str, table: &Table, iocs: &Iocs) -> Vec<Sighting> {
    let columns: Vec<BTreeMap<usize, Vec<(usize, String)>>> =
        (0..table.schema().fields.len()).into_par_iter().map(|position| column(table, position, iocs)).collect();
    let mut rows: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
    for (row, matches) in columns.into_iter().flatten() {
        rows.entry(row).or_default().extend(matches);
    }
    let reader = Reader::new(table);
    let sighting = |(row, matches)| Sighting {
        table: name.to_owned(),
        row,
        time: reader.time(row).0,
        record: table.record(row),
        matches,
    };
    rows.into_iter().map(sighting).collect()
}

/// Rows of a column that hold a value. Each distinct text is looked at once.
fn column(table: &Table, position: usize, iocs: &Iocs) -> BTreeMap<usize, Vec<(usize, String)>> {
    let mut rows = BTreeMap::new();
    let (Column::Text { values, keys, .. }, Some(field)) =
        (table.column(position), table.schema().fields.get(position))
    else {
        return rows;
    };
    let placed = |text: &str| -> Vec<(usize, String)> {
        iocs.places(text).into_iter().map(|(value, path)| (value, format!("{}{path}", field.name))).collect()
    };
    let found: Vec<Vec<(usize, String)>> =
        (0..values.len()).into_par_iter().map(|key| values.get(key).map(placed).unwrap_or_default()).collect();
    if found.iter().all(Vec::is_empty) {
        return rows;
    }
    for (row, key) in keys.iter().enumerate() {
        match found.get(*key as usize) {
            Some(matches) if !matches.is_empty() => {
                rows.insert(row, matches.clone());
            }
            _ => {}
        }
    }
    rows
}

/// What the tables know of each value, in the order of the list; values that no row holds included.
pub fn known(iocs: &Iocs, sightings: &[Sighting]) -> Vec<Known> {
    let mut seen: BTreeMap<(usize, &str), Seen> = BTreeMap::new();
    for sighting in sightings {
        let values: BTreeSet<usize> = sighting.matches.iter().map(|(value, _)| *value).collect();
        for value in values {
            let entry = seen.entry((value, &sighting.table)).or_insert_with(|| Seen {
                table: sighting.table.clone(),
                rows: 0,
                span: None,
            });
            entry.rows += 1;
            if let Some(time) = sighting.time {
                let (first, last) = entry.span.unwrap_or((time, time));
                entry.span = Some((first.min(time), last.max(time)));
            }
        }
    }
    let of = |value: usize| seen.range((value, "")..(value + 1, "")).map(|(_, seen)| seen.clone()).collect();
    iocs.values().iter().enumerate().map(|(i, text)| Known { value: text.clone(), seen: of(i) }).collect()
}

/// Notes on each finding which values its records, its row or its entities hold.
pub fn mark<'a>(findings: impl Iterator<Item = &'a mut Finding>, iocs: &Iocs, sightings: &[Sighting]) {
    let mut records: BTreeMap<RecordId, BTreeSet<usize>> = BTreeMap::new();
    for sighting in sightings {
        records.entry(sighting.record).or_default().extend(sighting.matches.iter().map(|(value, _)| *value));
    }
    for finding in findings {
        let mut touched: BTreeSet<usize> = BTreeSet::new();
        for source in &finding.sources {
            let record = RecordId { evidence: source.evidence, number: source.record };
            touched.extend(records.get(&record).into_iter().flatten());
        }
        let cells = finding.row.iter().map(|(_, value)| value);
        let named = finding.entities.iter().flat_map(|entity| entity.identifiers.values());
        for text in cells.chain(named) {
            touched.extend(iocs.places(text).into_iter().map(|(value, _)| value));
        }
        finding.iocs = touched.iter().filter_map(|value| iocs.values().get(*value).cloned()).collect();
    }
}
