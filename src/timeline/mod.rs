//! The timeline: one line per fact, in time order, with the findings that touch it.
//!
//! It is built from the records that findings name as their sources, so every line leads back to a file and a
//! record, and no line is there that no finding asked for.

mod aadsts;
mod fact;
mod merge;
mod read;
mod share;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::finding::{Finding, Severity};
use crate::table::{RecordId, Tables};

pub use aadsts::{Group, group, meaning};
pub use fact::{Fact, Facts};
pub use read::Reader;
pub use share::MOST;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it happened, in ticks; none where the record has no time.
    pub time: Option<i64>,
    /// The column that the time was read from, for example `CreatedDateTime`.
    pub time_column: &'static str,
    /// Table of the row, empty where a finding names no record and its own row stands in.
    pub table: String,
    /// Who, what, from where.
    pub facts: Facts,
    /// One sentence made from the facts.
    pub message: String,
    /// The highest severity among the findings.
    pub severity: Severity,
    /// Positions in the list of findings that the timeline was built from, ascending.
    pub findings: Vec<usize>,
    /// ATT&CK techniques of the findings, ascending.
    pub techniques: Vec<String>,
    /// The records that tell of it, ascending; several where one event was logged in several rows.
    pub records: Vec<RecordId>,
    /// Rows of the tables that it was read from: table name and row.
    pub rows: Vec<(String, usize)>,
}

/// Events in order of time; those without a time come last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// The events.
    pub events: Vec<Event>,
    /// Findings with more records than may have a line each, by position, and how many have none.
    pub left_out: BTreeMap<usize, u64>,
}

impl Timeline {
    /// The events that these findings were made from.
    ///
    /// Rows that are the same event (one record in two tables; equal `Id`, operation and result in one table)
    /// become one line. A finding whose records are not in the tables is told by its own row instead. Where the findings
    /// have more than `most` records ([`MOST`]), those with the most of them show their first and last ones.
    pub fn build(tables: &Tables, findings: &[&Finding], most: usize) -> Timeline {
        let mut touched: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        let mut left_out = BTreeMap::new();
        let each = share::each(findings, most);
        for (position, finding) in findings.iter().enumerate() {
            let (sources, more) = share::sources(finding, each);
            for source in sources {
                let record = RecordId { evidence: source.evidence, number: source.record };
                touched.entry(record.pack()).or_default().push(position);
            }
            if more > 0 {
                left_out.insert(position, more);
            }
        }
        let mut events = Vec::new();
        let mut told = vec![false; findings.len()];
        for (name, table) in tables.iter() {
            let reader = Reader::new(table);
            for row in 0..table.rows() {
                let record = table.record(row);
                let Some(positions) = touched.get(&record.pack()) else { continue };
                for &position in positions {
                    if let Some(told) = told.get_mut(position) {
                        *told = true;
                    }
                }
                let (time, time_column) = reader.time(row);
                events.push(Event {
                    time,
                    time_column,
                    table: name.to_owned(),
                    facts: reader.facts(row),
                    message: String::new(),
                    severity: Severity::Informational,
                    findings: positions.clone(),
                    techniques: Vec::new(),
                    records: vec![record],
                    rows: vec![(name.to_owned(), row)],
                });
            }
        }
        let orphans = findings.iter().enumerate().filter(|(position, _)| !told.get(*position).copied().unwrap_or(true));
        events.extend(orphans.map(|(position, finding)| stand_in(position, finding)));
        let mut events = merge::same_events(events);
        for event in &mut events {
            event.findings.sort_unstable();
            event.findings.dedup();
            let touching = || event.findings.iter().filter_map(|&position| findings.get(position));
            event.severity = touching().map(|finding| finding.severity).max().unwrap_or_default();
            let mut techniques: Vec<String> = touching().flat_map(|f| f.techniques.iter().cloned()).collect();
            techniques.sort_unstable();
            techniques.dedup();
            event.techniques = techniques;
            if event.message.is_empty() {
                event.message = event.facts.sentence(&event.table);
            }
        }
        events.sort_by(|a, b| {
            let key = |e: &Event| (e.time.is_none(), e.time, e.records.first().copied());
            key(a).cmp(&key(b)).then_with(|| (&a.table, &a.rows, &a.findings).cmp(&(&b.table, &b.rows, &b.findings)))
        });
        Timeline { events, left_out }
    }

    /// What a reader must know of the records behind findings that have no line; none where all have one.
    pub fn gap(&self) -> Option<String> {
        let records: u64 = self.left_out.values().sum();
        let findings = self.left_out.len();
        (records > 0).then(|| {
            format!(
                "the timeline shows the first and the last records of {findings} {} on very many, and leaves out {records} \
                 between them; accounts, indicators and entities are told from the records shown, and findings.json names all",
                if findings == 1 { "finding that rests" } else { "findings that rest" }
            )
        })
    }

    /// Positions of the events of each finding, in time order.
    pub fn by_finding(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, event) in self.events.iter().enumerate() {
            for &finding in &event.findings {
                found.entry(finding).or_default().push(number);
            }
        }
        found
    }

    /// Time of the first and the last event, in ticks.
    pub fn span(&self) -> Option<(i64, i64)> {
        let mut times = self.events.iter().filter_map(|event| event.time);
        let first = times.next()?;
        Some((first, times.next_back().unwrap_or(first)))
    }
}

/// A line for a finding whose records are not at hand.
fn stand_in(position: usize, finding: &Finding) -> Event {
    Event {
        time: finding.first,
        time_column: "finding",
        table: String::new(),
        facts: Facts::from_columns(&finding.row),
        message: if finding.sentence.is_empty() { finding.title.clone() } else { finding.sentence.clone() },
        severity: finding.severity,
        findings: vec![position],
        techniques: Vec::new(),
        records: Vec::new(),
        rows: Vec::new(),
    }
}
