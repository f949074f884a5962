//! One event is often several rows: told apart for queries, told once in the timeline.

use rustc_hash::FxHashMap;

use super::{Event, Fact};
use crate::table::RecordId;

/// What makes two rows the same event.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    /// One record that feeds two tables.
    Record(RecordId),
    /// The log's own id. Operation and code belong to it: where they differ, more than one thing happened.
    Item(String, String, String, String),
}

/// Puts rows of the same event together. Where they differ, the row that says more wins: a value before none, and
/// a typed table before the catch-all of the unified audit log.
pub(super) fn same_events(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(|event| (event.table == "CloudAppEvents", event.time, event.records.first().copied()));
    let mut known: FxHashMap<Key, usize> = FxHashMap::default();
    let mut merged: Vec<Event> = Vec::with_capacity(events.len());
    for event in events {
        let keys = keys(&event);
        let Some(&position) = keys.iter().find_map(|key| known.get(key)) else {
            known.extend(keys.into_iter().map(|key| (key, merged.len())));
            merged.push(event);
            continue;
        };
        known.extend(keys.into_iter().map(|key| (key, position)));
        if let Some(kept) = merged.get_mut(position) {
            kept.time = [kept.time, event.time].into_iter().flatten().min();
            kept.facts.complete(&event.facts);
            kept.findings.extend(event.findings);
            kept.rows.extend(event.rows);
            kept.records.extend(event.records);
            kept.records.sort_unstable();
            kept.records.dedup();
        }
    }
    merged
}

fn keys(event: &Event) -> Vec<Key> {
    let mut keys: Vec<Key> = event.records.iter().map(|record| Key::Record(*record)).collect();
    let facts = &event.facts;
    if !facts.get(Fact::Item).is_empty() {
        let text = |fact| facts.get(fact).to_owned();
        keys.push(Key::Item(event.table.clone(), text(Fact::Item), text(Fact::Operation), text(Fact::Code)));
    }
    keys
}
