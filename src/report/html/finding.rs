//! Findings as the page tells them.

use std::collections::BTreeSet;

use super::data::{fields, hashes, origins};
use super::prose::{Block, blocks};
use super::{at, count};
use crate::finding::Severity;
use crate::report::summary::many;
use crate::report::{Found, Report, clipped};

/// Findings that the page tells in full, most severe first. All of them stand in `findings.json`.
pub const SHOWN: usize = 400;
/// Source records that a finding shows field by field.
const RECORDS: usize = 10;
/// Characters of one value.
const VALUE: usize = 2_000;
/// Characters of a title or a sentence.
const LINE: usize = 600;

/// Findings of one severity.
pub struct Group {
    pub severity: Severity,
    pub findings: Vec<View>,
}

/// One finding.
pub struct View {
    pub label: String,
    pub severity: Severity,
    pub title: String,
    pub sentence: String,
    pub when: String,
    pub entities: Vec<(String, Vec<String>)>,
    pub tactics: Vec<String>,
    pub techniques: Vec<(String, String)>,
    pub alerts: u64,
    pub limits: Vec<String>,
    pub iocs: Vec<String>,
    pub rule: String,
    pub rule_id: String,
    pub rule_path: String,
    pub rule_version: String,
    /// The rule's description and query; empty where an earlier finding of the same rule has them.
    pub guidance: Vec<Block>,
    pub query: String,
    /// The finding that has them.
    pub guided_by: String,
    /// Whether an earlier finding of the same rule is told in full, so that this one may be short.
    pub compact: bool,
    pub row: Vec<(String, String)>,
    pub events: String,
    pub records: Vec<RecordView>,
    pub more: String,
}

/// A source record with its fields.
pub struct RecordView {
    pub time: String,
    pub message: String,
    pub origin: String,
    pub sha256: String,
    pub rows: Vec<(String, Vec<(String, String)>)>,
}

/// Findings by severity, and how many the page leaves to the other files.
pub fn groups(report: &Report<'_>) -> (Vec<Group>, usize) {
    let mut guided = BTreeSet::new();
    let mut groups: Vec<Group> = Vec::new();
    for found in report.findings.iter().take(SHOWN) {
        let view = view(report, found, &mut guided);
        match groups.last_mut() {
            Some(group) if group.severity == view.severity => group.findings.push(view),
            _ => groups.push(Group { severity: view.severity, findings: vec![view] }),
        }
    }
    (groups, report.findings.len().saturating_sub(SHOWN))
}

fn cut(text: &str, limit: usize) -> String {
    clipped(text, limit).into_owned()
}

fn view(report: &Report<'_>, found: &Found<'_>, guided: &mut BTreeSet<(String, String)>) -> View {
    let finding = found.finding;
    let rule = found.rule;
    let earlier = guided.iter().find(|(id, _)| *id == finding.rule).map(|(_, label)| label.clone());
    if earlier.is_none() {
        guided.insert((finding.rule.clone(), found.label()));
    }
    let told = rule.filter(|_| earlier.is_none());
    let names = |id: &String| (id.clone(), report.input.techniques.get(id).cloned().unwrap_or_default());
    let tactic = |name: &String| {
        crate::rules::attack::tactic(name).map_or_else(|| name.clone(), |tactic| tactic.name.to_owned())
    };
    // The records of the hit itself come before those that it was compared with.
    let of_hit = |event: &usize| {
        let time = report.timeline.events.get(*event).and_then(|event| event.time);
        let (Some(at), Some(first), Some(last)) = (time, finding.first, finding.last) else { return false };
        first <= at && at <= last
    };
    let (own, compared): (Vec<usize>, Vec<usize>) = found.events.iter().copied().partition(of_hit);
    let records: Vec<RecordView> =
        own.into_iter().chain(compared).take(RECORDS).filter_map(|event| record(report, event)).collect();
    let rest = found.events.len().saturating_sub(records.len());
    View {
        label: found.label(),
        severity: finding.severity,
        title: cut(&finding.title, LINE),
        sentence: cut(&finding.sentence, LINE),
        when: when(finding.first, finding.last),
        entities: entities(found),
        tactics: finding.tactics.iter().map(tactic).collect(),
        techniques: finding.techniques.iter().map(names).collect(),
        alerts: finding.alerts,
        limits: finding.limits.iter().map(|limit| cut(limit, LINE)).collect(),
        iocs: finding.iocs.iter().map(|value| cut(&crate::report::defang(value), LINE)).collect(),
        rule: rule.map_or_else(|| finding.rule.clone(), |rule| rule.name.clone()),
        rule_id: finding.rule.clone(),
        rule_path: rule.map(|rule| rule.path.clone()).unwrap_or_default(),
        rule_version: rule.map(|rule| rule.version.clone()).unwrap_or_default(),
        guidance: told.map(|rule| blocks(&rule.description)).unwrap_or_default(),
        query: told.map(|rule| rule.query.trim().to_owned()).unwrap_or_default(),
        compact: earlier.is_some(),
        guided_by: earlier.unwrap_or_default(),
        row: finding.row.iter().map(|(name, value)| (cut(name, LINE), cut(value, VALUE))).collect(),
        events: many(found.events.len() as u64, "event", "events"),
        more: if rest > 0 { format!("{} more on the timeline", count(rest as u64)) } else { String::new() },
        records,
    }
}

fn when(first: Option<i64>, last: Option<i64>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if last > first => format!("{} – {} UTC", at(Some(first)), at(Some(last))),
        (Some(time), _) | (None, Some(time)) => format!("{} UTC", at(Some(time))),
        (None, None) => "no time in the rows".to_owned(),
    }
}

/// Values of the entities, by kind in words.
fn entities(found: &Found<'_>) -> Vec<(String, Vec<String>)> {
    let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
    for entity in &found.finding.entities {
        let kind = match entity.kind.as_str() {
            "Account" => "Account",
            "IP" => "Address",
            "CloudApplication" => "Application",
            "AzureResource" => "Resource",
            "MailMessage" => "Message",
            other => other,
        };
        let value = cut(entity.label(), LINE);
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => kinds.push((kind.to_owned(), vec![value])),
        }
    }
    kinds
}

fn record(report: &Report<'_>, event: usize) -> Option<RecordView> {
    let event = report.timeline.events.get(event)?;
    if event.rows.is_empty() {
        return None;
    }
    let rows = event.rows.iter().map(|(table, row)| {
        let cells = fields(report.input.tables, table, *row);
        (table.clone(), cells.into_iter().map(|(name, value)| (name, cut(&value, VALUE))).collect())
    });
    Some(RecordView {
        time: at(event.time),
        message: cut(&event.message, LINE),
        origin: origins(report, event),
        sha256: hashes(report, event),
        rows: rows.collect(),
    })
}
