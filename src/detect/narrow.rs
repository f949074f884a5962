//! The rows and columns that the runs of a rule can be interested in: found once, so that each run looks at them
//! alone.

use rustc_hash::FxHashSet;

use super::Scene;
use crate::kql::{self, Answer, Context, Usage};
use crate::rules::Rule;
use crate::table::{MIN_TICKS, Schema, Table, TableBuilder, Tables};

/// A table is narrowed only where it loses at least half of its rows: less is not worth the copy.
const WORTH: usize = 2;

/// The tables with only the rows that can matter to a rule. What cannot be decided is left whole.
pub(super) fn narrow(rule: &Rule, usage: &Usage, scene: &Scene<'_>) -> Tables {
    let mut narrowed = scene.tables.clone();
    for (name, queries) in kql::sift(&rule.query, &usage.tables) {
        let Some(table) = scene.tables.get(&name) else { continue };
        let mut wanted = FxHashSet::default();
        let mut sure = true;
        for query in &queries {
            match kql::run(query, &scene.context(scene.now, None, true)) {
                Ok(answer) if answer.origins.len() == answer.rows() => {
                    wanted.extend(answer.origins.into_iter().flatten())
                }
                _ => sure = false,
            }
        }
        if sure && wanted.len() * WORTH <= table.rows() {
            let keep: Vec<bool> = (0..table.rows()).map(|row| wanted.contains(&table.record(row))).collect();
            narrowed.insert(table.retain(&keep));
        }
    }
    narrowed
}

/// The tables with only the columns that a rule reads: planning a run over a few columns takes a fraction of the time
/// that it takes over eighty. `nothing` is what the rule answers to an empty window; where that would not have the same
/// columns, the tables stay whole.
pub(super) fn slim(rule: &Rule, usage: &Usage, tables: Tables, nothing: &Answer, scene: &Scene<'_>) -> Tables {
    // A workspace adds columns to AzureDiagnostics as it meets them: an unknown name is null there, no error.
    if usage.tables.contains("AzureDiagnostics") || !kql::by_name(&rule.query, &usage.tables) {
        return tables;
    }
    let mut slim = tables.clone();
    for name in &usage.tables {
        let wanted = |column: &str| {
            matches!(column, "TimeGenerated" | "Type") || usage.columns.contains(&(name.clone(), column.to_owned()))
        };
        let empty = || Some(TableBuilder::new(Schema::known(name)?).finish());
        let selected: Option<Table> = match tables.get(name) {
            Some(table) => Some(table.select(wanted)),
            None => empty().map(|table| table.select(wanted)),
        };
        selected.into_iter().for_each(|table| slim.insert(table));
    }
    let context = Context { tables: &slim, ..scene.context(scene.now, Some((MIN_TICKS, MIN_TICKS)), false) };
    match kql::run(&rule.query, &context) {
        Ok(answer) if answer.columns == nothing.columns => slim,
        _ => tables,
    }
}
