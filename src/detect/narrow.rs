//! The rows that the runs of a rule can be interested in: found once, so that each run looks at them alone.

use rustc_hash::FxHashSet;

use super::Scene;
use crate::kql::{self, Usage};
use crate::rules::Rule;
use crate::table::Tables;

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
