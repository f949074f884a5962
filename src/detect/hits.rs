//! From a hit row to a finding: entities, times, severity, sentence, name.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

use super::{Scene, times};
use crate::finding::{Entity, Finding, Severity, Source};
use crate::kql::{Answer, Usage, Value};
use crate::rules::Rule;
use crate::table::{RecordId, TICKS_PER_SECOND, time};

/// A hit row with what its runs say about it.
#[derive(Debug, Clone, Default)]
pub(super) struct Hit {
    /// The row: name and value of each column.
    pub cells: Vec<(String, Value<'static>)>,
    /// The window of the first run that gave it.
    pub window: Option<(i64, i64)>,
    /// Alerts it was part of.
    pub alerts: u64,
    /// How much of the period the best of its runs could see, and the period; none: all of it.
    pub baseline: Option<(i64, i64)>,
    /// Records it was made from.
    pub origins: BTreeSet<RecordId>,
    /// What else limits it.
    pub limits: BTreeSet<String>,
}

/// A row by its values, types included: a hash that nobody can make collide.
pub(super) type Key = [u8; 32];

/// The key of a row; of one that does not exist, the same for all.
pub(super) fn key(answer: &Answer, row: usize) -> Key {
    let mut hasher = Sha256::new();
    if row < answer.rows() {
        for column in 0..answer.columns.len() {
            let cell = answer.cell(row, column);
            let (tag, text) = match &cell {
                Value::String(text) | Value::Guid(text) | Value::Dynamic(text) => (1_u8, Cow::Borrowed(text.as_ref())),
                other => (0, Cow::Owned(other.to_json().to_string())),
            };
            hasher.update([tag]);
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().into()
}

/// The values of a row that exists; none of one that does not.
pub(super) fn cells(answer: &Answer, row: usize) -> Vec<(String, Value<'static>)> {
    if row >= answer.rows() {
        return Vec::new();
    }
    let names = answer.columns.iter().enumerate();
    names.map(|(column, (name, _))| (name.clone(), answer.cell(row, column).into_owned())).collect()
}

/// Columns that make an entity in a rule that maps none: what queries commonly call them, and the names that
/// rules used before `entityMappings` existed.
const USUAL: [(&str, &str, &str); 11] = [
    ("UserPrincipalName", "Account", "FullName"),
    ("AccountCustomEntity", "Account", "FullName"),
    ("AccountUpn", "Account", "FullName"),
    ("InitiatingUserPrincipalName", "Account", "FullName"),
    ("UserId", "Account", "FullName"),
    ("IPAddress", "IP", "Address"),
    ("IPCustomEntity", "IP", "Address"),
    ("ClientIP", "IP", "Address"),
    ("CallerIpAddress", "IP", "Address"),
    ("AppDisplayName", "CloudApplication", "Name"),
    ("ServicePrincipalName", "CloudApplication", "Name"),
];

/// The findings of a rule's hits, in their order.
pub(super) fn findings(rule: &Rule, hits: &[Hit], usage: &Usage, scene: &Scene<'_>) -> Vec<Finding> {
    let timeless = hits.iter().filter(|hit| told_times(hit) == (None, None));
    let wanted: FxHashSet<RecordId> = timeless.flat_map(|hit| &hit.origins).copied().collect();
    let recorded = recorded(&wanted, usage, scene);
    hits.iter().map(|hit| finding(rule, hit, &recorded)).collect()
}

/// First and last time of records.
type Recorded = FxHashMap<RecordId, (i64, i64)>;

fn finding(rule: &Rule, hit: &Hit, recorded: &Recorded) -> Finding {
    let row: Vec<(String, String)> = hit
        .cells
        .iter()
        .map(|(name, value)| (name.clone(), value.shown().into_owned()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let entities = entities(rule, hit);
    let (first, last) = span(hit, recorded);
    let title = rule.overrides.title.as_deref().map_or_else(|| rule.name.clone(), |text| fill(text, hit));
    let sentence = match &rule.overrides.sentence {
        Some(text) => fill(text, hit),
        None => told(&title, &entities, hit),
    };
    let mut limits: Vec<String> = hit.limits.iter().cloned().collect();
    limits.extend(hit.baseline.map(|(seen, period)| baseline(seen, period)));
    let own = rule.overrides.tactics.as_deref().and_then(|column| text(hit, column));
    Finding {
        id: format!("{}-{}", rule.id, &digest(hit)[..12]),
        rule: rule.id.clone(),
        title,
        severity: severity(rule, hit),
        sentence,
        first,
        last,
        entities,
        tactics: own.map_or_else(|| rule.tactics.clone(), |written| list(&written)),
        techniques: rule.techniques.clone(),
        row,
        sources: hit.origins.iter().map(|r| Source { evidence: r.evidence, record: r.number }).collect(),
        alerts: hit.alerts,
        limits,
        iocs: Vec::new(),
    }
}

/// The text of a named cell; none where the column is not there or empty.
fn text(hit: &Hit, column: &str) -> Option<String> {
    let (_, value) = hit.cells.iter().find(|(name, _)| name == column)?;
    Some(value.shown().into_owned()).filter(|text| !text.is_empty())
}

/// SHA-256 of the row, hexadecimal.
fn digest(hit: &Hit) -> String {
    let mut hasher = Sha256::new();
    for (name, value) in &hit.cells {
        hasher.update(name.as_bytes());
        hasher.update([0]);
        hasher.update(value.shown().as_bytes());
        hasher.update([1]);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `alertSeverityColumnName` first, then a column that is plainly a severity, then the rule's own.
fn severity(rule: &Rule, hit: &Hit) -> Severity {
    let named = rule.overrides.severity.iter().map(String::as_str);
    named
        .chain(["Severity", "AlertSeverity"])
        .find_map(|column| Severity::parse(&text(hit, column)?))
        .unwrap_or(rule.severity)
}

/// `{{Column}}` replaced by the cell. A column that is not there stays as it is written: the rule's fault shows.
fn fill(template: &str, hit: &Hit) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        filled.push_str(before);
        match hit.cells.iter().find(|(column, _)| column == name.trim()) {
            Some((_, value)) if !value.shown().is_empty() => filled.push_str(&value.shown()),
            Some(_) => filled.push_str("(empty)"),
            None => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled.trim().to_string()
}

/// A sentence from the entities: "Password spray: IP 203.0.113.7; Account alice@example.com".
fn told(title: &str, entities: &[Entity], hit: &Hit) -> String {
    if hit.cells.is_empty() {
        return format!("{title}: the number of rows alone raised this");
    }
    let mut by_kind: BTreeMap<usize, (&str, Vec<&str>)> = BTreeMap::new();
    for entity in entities {
        let at = entities.iter().position(|other| other.kind == entity.kind).unwrap_or_default();
        by_kind.entry(at).or_insert((&entity.kind, Vec::new())).1.push(entity.label());
    }
    let parts: Vec<String> = by_kind.values().map(|(kind, labels)| format!("{kind} {}", labels.join(", "))).collect();
    if parts.is_empty() { title.to_string() } else { format!("{title}: {}", parts.join("; ")) }
}

fn entities(rule: &Rule, hit: &Hit) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    let mut add = |kind: &str, identifiers: BTreeMap<String, String>| {
        if !identifiers.is_empty() {
            let entity = Entity { kind: kind.to_string(), identifiers: whole_name(kind, identifiers) };
            if !found.contains(&entity) {
                found.push(entity);
            }
        }
    };
    if rule.entities.is_empty() {
        for (column, kind, identifier) in USUAL {
            for value in text(hit, column).iter().flat_map(|text| list(text)) {
                add(kind, BTreeMap::from([(identifier.to_string(), value)]));
            }
        }
        return found;
    }
    for mapping in &rule.entities {
        match mapping.fields.as_slice() {
            // A set of values in one column is as many entities.
            [(identifier, column)] => {
                for value in text(hit, column).iter().flat_map(|text| list(text)) {
                    add(&mapping.kind, BTreeMap::from([(identifier.clone(), value)]));
                }
            }
            fields => {
                let identifiers = fields.iter().filter_map(|(id, column)| Some((id.clone(), text(hit, column)?)));
                add(&mapping.kind, identifiers.collect());
            }
        }
    }
    found
}

/// The elements of a JSON array, or the text itself.
fn list(text: &str) -> Vec<String> {
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    match text.starts_with('[').then(|| serde_json::from_str::<Vec<serde_json::Value>>(text)) {
        Some(Ok(values)) => values.into_iter().map(plain).filter(|value| !value.is_empty()).collect(),
        _ => vec![text.to_string()],
    }
}

/// An account split into name and suffix gets its full name too, so that findings of all rules agree on accounts.
fn whole_name(kind: &str, mut identifiers: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if kind == "Account" && !identifiers.contains_key("FullName") {
        let joined = match (identifiers.get("Name"), identifiers.get("UPNSuffix")) {
            (Some(name), Some(suffix)) => Some(format!("{name}@{suffix}")),
            (Some(name), None) if name.contains('@') => Some(name.clone()),
            _ => None,
        };
        identifiers.extend(joined.map(|name| ("FullName".to_string(), name)));
    }
    identifiers
}

/// How a datetime column's name says that it is the beginning, the end, or the time of an event.
fn role(name: &str) -> Option<(bool, bool)> {
    let name = name.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if any(&["starttime", "firstseen", "first", "min_", "start", "earliest", "begin"]) {
        return Some((true, false));
    }
    if any(&["endtime", "lastseen", "last", "max_", "end", "latest"]) {
        return Some((false, true));
    }
    any(&["timegenerated", "timestamp", "eventtime", "createddatetime", "activitydatetime", "time"])
        .then_some((true, true))
}

/// First and last event as the columns of a hit tell them.
fn told_times(hit: &Hit) -> (Option<i64>, Option<i64>) {
    let (mut first, mut last) = (None::<i64>, None::<i64>);
    for (name, value) in &hit.cells {
        let (Value::Datetime(at), Some((begins, ends))) = (value, role(name)) else { continue };
        if begins {
            first = Some(first.map_or(*at, |known| known.min(*at)));
        }
        if ends {
            last = Some(last.map_or(*at, |known| known.max(*at)));
        }
    }
    (first, last)
}

/// First and last event of a hit: its columns of time, else the records behind it, else its window.
fn span(hit: &Hit, recorded: &Recorded) -> (Option<i64>, Option<i64>) {
    let (mut first, mut last) = told_times(hit);
    if first.is_none() && last.is_none() {
        let spans = hit.origins.iter().filter_map(|record| recorded.get(record).copied());
        let behind = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        (first, last) = behind.or(hit.window).map_or((None, None), |(a, b)| (Some(a), Some(b)));
    }
    let (first, last) = (first.or(last), last.or(first));
    match (first, last) {
        (Some(a), Some(b)) if a > b => (Some(b), Some(a)),
        both => both,
    }
}

/// The times of the wanted records, in one pass over the tables that a rule reads.
fn recorded(wanted: &FxHashSet<RecordId>, usage: &Usage, scene: &Scene<'_>) -> Recorded {
    let mut found = Recorded::default();
    if wanted.is_empty() {
        return found;
    }
    for table in usage.tables.iter().filter_map(|name| scene.tables.get(name)) {
        for (row, at) in times::column(table).unwrap_or_default().into_iter().enumerate() {
            let record = table.record(row);
            if let Some(at) = at.filter(|_| wanted.contains(&record)) {
                let span = found.entry(record).or_insert((at, at));
                *span = (span.0.min(at), span.1.max(at));
            }
        }
    }
    found
}

/// "baseline 3 of 14 days": how much of the period there was to compare with.
fn baseline(seen: i64, period: i64) -> String {
    let units = [("days", time::TICKS_PER_DAY), ("hours", 3600 * TICKS_PER_SECOND), ("minutes", 60 * TICKS_PER_SECOND)];
    let (word, unit) = units.into_iter().find(|(_, unit)| period >= 2 * unit).unwrap_or(("seconds", TICKS_PER_SECOND));
    format!("baseline {} of {} {word}", seen / unit, period / unit)
}
