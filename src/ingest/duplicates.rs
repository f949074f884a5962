//! Copies of one event: exported twice in one shape, or through several shapes.
//!
//! Within a shape only rows equal in every field are copies, for one sign-in is often several rows that differ. Across
//! shapes, of the rows with one key, all rows of the richest shape are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::evidence::Manifest;
use crate::formats::{Rank, rank};
use crate::table::{Cell, Column, RecordId, TICKS_PER_SECOND, Table, Type};

/// Removes copies from all tables and enters them into the ledger.
pub fn remove(tables: Vec<Table>, manifest: &mut Manifest) -> Vec<Table> {
    let mut copies: BTreeMap<RecordId, RecordId> = BTreeMap::new();
    let mut kept_tables = Vec::new();
    for table in tables {
        let pairs = find(&table);
        if pairs.is_empty() {
            kept_tables.push(table);
            continue;
        }
        let mut keep = vec![true; table.rows()];
        for (copy, original) in pairs {
            if let Some(slot) = keep.get_mut(copy) {
                *slot = false;
            }
            copies.entry(table.record(copy)).or_insert(table.record(original));
        }
        kept_tables.push(table.retain(&keep));
    }
    if copies.is_empty() {
        return kept_tables;
    }
    // A record that feeds two tables is a copy only where none of its rows was kept.
    let mut still: BTreeSet<RecordId> = BTreeSet::new();
    for table in &kept_tables {
        still.extend((0..table.rows()).map(|row| table.record(row)).filter(|record| copies.contains_key(record)));
    }
    for (copy, original) in copies {
        if still.contains(&copy) {
            continue;
        }
        if let Some(entry) = manifest.evidence.get_mut(copy.evidence as usize) {
            entry.duplicates += 1;
            entry.loaded = entry.loaded.saturating_sub(1);
        }
        manifest.copies.push(((copy.evidence, copy.number), (original.evidence, original.number)));
    }
    kept_tables
}

/// Rows that are copies, with the row that is kept for them.
fn find(table: &Table) -> Vec<(usize, usize)> {
    let keys: Vec<(u64, u32)> = {
        let mut keys: Vec<(u64, u32)> = (0..table.rows()).map(|row| (hash_of(table, row), row as u32)).collect();
        keys.sort_unstable();
        keys
    };
    let mut pairs = Vec::new();
    for group in keys.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        // Two keys may share a hash: sort them apart.
        let mut by_key: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
        for &(_, row) in group {
            by_key.entry(key(table, row as usize)).or_default().push(row as usize);
        }
        by_key.into_values().for_each(|rows| same_event(table, &rows, &mut pairs));
    }
    if table.schema().table == "AuditLogs" {
        without_id(table, &mut pairs);
    }
    pairs.sort_unstable();
    pairs.dedup_by_key(|pair| pair.0);
    pairs
}

/// Rows of one event, in order.
fn same_event(table: &Table, rows: &[usize], pairs: &mut Vec<(usize, usize)>) {
    let rank_of = |row: usize| table.shape(row).map_or(Rank::Csv, |shape| rank(&shape.name));
    let Some(best) = rows.iter().map(|row| rank_of(*row)).min() else { return };
    let Some(first) = rows.iter().copied().find(|row| rank_of(*row) == best) else { return };
    let keyed = key(table, first).is_some();
    let mut kept: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for &row in rows {
        if rank_of(row) != best && keyed {
            pairs.push((row, first));
            continue;
        }
        let alike = kept.entry(hash_all(table, row)).or_default();
        match alike.iter().find(|other| equal(table, row, **other)) {
            Some(other) => pairs.push((row, *other)),
            None => alike.push(row),
        }
    }
}

/// Portal audit rows have no id: they are copies of a richer row with the same time, activity, correlation and target.
fn without_id(table: &Table, pairs: &mut Vec<(usize, usize)>) {
    let (mut with, mut without) = (BTreeMap::new(), Vec::new());
    let has_id = |row: usize| matches!(table.cell(row, "Id"), Cell::Text(id) if !id.is_empty());
    if (0..table.rows()).all(has_id) {
        return;
    }
    for row in 0..table.rows() {
        if has_id(row) {
            with.entry(audit_key(table, row)).or_insert(row);
        } else {
            without.push(row);
        }
    }
    pairs.extend(without.into_iter().filter_map(|row| Some((row, *with.get(&audit_key(table, row))?))));
}

fn audit_key(table: &Table, row: usize) -> String {
    let text = |column: &str| if let Cell::Text(text) = table.cell(row, column) { text } else { "" };
    let second =
        if let Cell::Integer(ticks) = table.cell(row, "ActivityDateTime") { ticks / TICKS_PER_SECOND } else { 0 };
    let target = sonic_rs::get(text("TargetResources"), sonic_rs::pointer![0, "id"]);
    let target = target.map(|id| id.as_raw_str().to_owned()).unwrap_or_default();
    format!("{second}|{}|{}|{target}", text("OperationName").trim(), text("CorrelationId"))
}

/// What makes two rows the same event; none where only equality of all fields does.
fn key(table: &Table, row: usize) -> Option<String> {
    let text = |column: &str| match table.cell(row, column) {
        Cell::Text(text) if !placeholder(text) => Some(text.to_owned()),
        _ => None,
    };
    match table.schema().table.as_str() {
        "OfficeActivity" => text("OfficeId").or_else(|| text("SourceRecordId")),
        "CloudAppEvents" => raw_id(table.cell(row, "RawEventData")).or_else(|| text("ReportId")),
        "AzureActivity" => text("EventDataId"),
        "MicrosoftGraphActivityLogs" => text("RequestId"),
        "AADRiskyUsers" | "AADRiskyServicePrincipals" => {
            let Cell::Integer(ticks) = table.cell(row, "RiskLastUpdatedDateTime") else { return None };
            Some(format!("{}|{ticks}", text("Id")?))
        }
        "IdentityInfo" | "AzureDiagnostics" | "AZKVAuditLogs" => None,
        name if name.starts_with("AAD") || name == "SigninLogs" || name == "AuditLogs" || name == "ADFSSignInLogs" => {
            text("Id")
        }
        _ => None,
    }
}

fn raw_id(cell: Cell<'_>) -> Option<String> {
    let Cell::Text(raw) = cell else { return None };
    let id = sonic_rs::get(raw, ["Id"]).ok()?;
    Some(id.as_raw_str().trim_matches('"').to_owned()).filter(|id| !placeholder(id))
}

/// Nothing, or one digit over and over, as 00000000-0000-0000-0000-000000000000: what stands where an id was not
/// known or was taken out names no event.
fn placeholder(id: &str) -> bool {
    let mut letters = id.bytes().filter(|byte| *byte != b'-');
    let Some(first) = letters.next() else { return true };
    id.len() > 8 && letters.all(|byte| byte == first)
}

fn hash_of(table: &Table, row: usize) -> u64 {
    match key(table, row) {
        Some(key) => {
            let mut hasher = FxHasher::default();
            key.hash(&mut hasher);
            hasher.finish()
        }
        None => hash_all(table, row),
    }
}

fn hash_all(table: &Table, row: usize) -> u64 {
    let mut hasher = FxHasher::default();
    for column in columns(table) {
        match column.cell(row) {
            Cell::Null => 0_u8.hash(&mut hasher),
            Cell::Text(text) => text.hash(&mut hasher),
            Cell::Integer(value) => value.hash(&mut hasher),
            Cell::Real(value) => value.to_bits().hash(&mut hasher),
            Cell::Bool(value) => value.hash(&mut hasher),
        }
    }
    hasher.finish()
}

fn equal(table: &Table, a: usize, b: usize) -> bool {
    columns(table).all(|column| column.cell(a) == column.cell(b))
}

fn columns(table: &Table) -> impl Iterator<Item = &Column> {
    let filled = (0..table.schema().fields.len()).map(|position| table.column(position));
    filled.filter(|column| !matches!(column, Column::Missing { ty: Type::String | Type::Dynamic | Type::Datetime, .. }))
}
