//! Authentication steps from the portal's second file, joined to their sign-ins by Request ID.

use std::collections::{BTreeMap, BTreeSet};

use super::warnings::SHOWN;
use crate::evidence::Manifest;
use crate::formats::{STEPS_COLUMN, STEPS_TABLES, with_steps};
use crate::table::{Builder, Cell, RecordId, Table, Type};

/// Puts the steps into the sign-ins that lack them and settles the ledger: a step is loaded where a sign-in took it, a
/// duplicate where its sign-in holds its steps already, and rejected where there is no such sign-in.
pub fn join(steps: &Table, tables: Vec<Table>, manifest: &mut Manifest) -> Vec<Table> {
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..steps.rows() {
        if let Cell::Text(id) = steps.cell(row, "Id") {
            by_id.entry(id).or_default().push(row);
        }
    }
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut copies: BTreeMap<usize, RecordId> = BTreeMap::new();
    let mut joined: BTreeMap<(u32, String), u64> = BTreeMap::new();
    let join = |table: Table| {
        if !STEPS_TABLES.contains(&table.schema().table.as_str()) {
            return table;
        }
        let Some(position) = table.schema().position(STEPS_COLUMN) else { return table };
        let mut filled = Builder::new(Type::String);
        let mut given = vec![false; table.rows()];
        for (row, given) in given.iter_mut().enumerate() {
            let own = table.cell(row, STEPS_COLUMN);
            let Cell::Text(id) = table.cell(row, "Id") else {
                filled.push(own);
                continue;
            };
            let rows = by_id.get(id).map_or(&[][..], Vec::as_slice);
            if rows.is_empty() || !matches!(own, Cell::Null | Cell::Text("")) {
                copies.extend(rows.iter().map(|step| (*step, table.record(row))));
                filled.push(own);
                continue;
            }
            *given = true;
            filled.push(Cell::Text(&list(steps, rows)));
            for step in rows {
                let counted = joined.entry((steps.record(*step).evidence, table.schema().table.clone())).or_default();
                *counted += u64::from(taken.insert(*step));
            }
        }
        table.with_column(position, filled.finish()).reshape(&given, with_steps)
    };
    let tables = tables.into_iter().map(join).collect();
    settle(steps, &taken, &copies, manifest);
    for ((evidence, table), count) in joined {
        let Some(entry) = manifest.evidence.get_mut(evidence as usize) else { continue };
        entry.tables.entry(table.clone()).or_default();
        entry.warnings.push(format!("{count} steps were put into {STEPS_COLUMN} of their sign-ins in {table}"));
    }
    tables
}

/// Enters the steps that no sign-in took: as copies of what a sign-in held already, or as rejected.
fn settle(steps: &Table, taken: &BTreeSet<usize>, copies: &BTreeMap<usize, RecordId>, manifest: &mut Manifest) {
    let mut lost: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for row in (0..steps.rows()).filter(|row| !taken.contains(row)) {
        let record = steps.record(row);
        let Some(entry) = manifest.evidence.get_mut(record.evidence as usize) else { continue };
        entry.loaded = entry.loaded.saturating_sub(1);
        match copies.get(&row) {
            Some(kept) => {
                entry.duplicates += 1;
                manifest.copies.push(((record.evidence, record.number), (kept.evidence, kept.number)));
            }
            None => {
                entry.rejected += 1;
                lost.entry(record.evidence).or_default().push(record.number);
            }
        }
    }
    for (evidence, numbers) in lost {
        let Some(entry) = manifest.evidence.get_mut(evidence as usize) else { continue };
        let why = "no sign-in with its Request ID is among the evidence; export the sign-ins of the same days too";
        entry.warnings.extend(numbers.iter().take(SHOWN).map(|number| format!("record {number}: rejected: {why}")));
        if numbers.len() > SHOWN {
            entry.warnings.push(format!("{} more records rejected", numbers.len() - SHOWN));
        }
    }
}

/// The steps as a JSON list, in the order in which they were read; the same step exported twice stands once.
fn list(steps: &Table, rows: &[usize]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for row in rows {
        if let Cell::Text(text) = steps.cell(*row, "Step")
            && !texts.contains(&text)
        {
            texts.push(text);
        }
    }
    format!("[{}]", texts.join(","))
}
