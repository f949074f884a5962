//! `findings.json`: every finding with its rule, row and sources, and how every rule ended.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{Found, Report};
use crate::finding::{Outcome, Source, Verdict};
use crate::hunt::Known;
use crate::incident::Incident;
use crate::table::{RecordId, time};

/// Name and version of the form of this file. The version changes when a reader of the old form would misread the new.
pub const SCHEMA: &str = "entrail.findings/1";

/// The file, in the order of its keys.
#[derive(Serialize)]
struct File<'r> {
    schema: &'static str,
    program: &'r str,
    case: &'r str,
    assumptions: Vec<String>,
    incidents: Vec<Value>,
    iocs: Vec<Value>,
    findings: Findings<'r>,
    rules: Vec<Value>,
}

/// All findings, made one after another: together they may name millions of records.
struct Findings<'r>(&'r Report<'r>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.findings.iter().map(|found| one(self.0, found)))
    }
}

/// Writes the findings.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let file = File {
        schema: SCHEMA,
        program: &report.input.manifest.program,
        case: &report.input.case.name,
        assumptions: report.assumptions(),
        incidents: report.incidents.iter().map(|incident| chain(report, incident)).collect(),
        iocs: report.input.known.iter().map(known).collect(),
        findings: Findings(report),
        rules: report.input.verdicts.iter().map(|verdict| outcome(report, verdict)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &file)?;
    out.write_all(b"\n")
}

fn one(report: &Report<'_>, found: &Found<'_>) -> Value {
    let finding = found.finding;
    let row: Map<String, Value> = finding.row.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let techniques = finding.techniques.iter().map(|id| json!({ "id": id, "name": report.input.techniques.get(id) }));
    json!({
        "number": found.label(),
        "id": finding.id,
        "title": finding.title,
        "severity": finding.severity,
        "sentence": finding.sentence,
        "first": finding.first.map(time::iso),
        "last": finding.last.map(time::iso),
        "alerts": finding.alerts,
        "rule": {
            "id": finding.rule,
            "name": found.rule.map(|rule| &rule.name),
            "version": found.rule.map(|rule| &rule.version),
            "path": found.rule.map(|rule| &rule.path),
        },
        "tactics": finding.tactics,
        "techniques": techniques.collect::<Vec<_>>(),
        "entities": finding.entities,
        "limits": finding.limits,
        "iocs": finding.iocs,
        "row": row,
        "sources": finding.sources.iter().map(|source| origin(report, source)).collect::<Vec<_>>(),
        "events": found.events.iter().map(|event| event + 1).collect::<Vec<_>>(),
    })
}

fn chain(report: &Report<'_>, incident: &Incident) -> Value {
    let step = |position: &usize| {
        report.findings.get(*position).map(|found| {
            json!({
                "finding": found.label(),
                "id": found.finding.id,
                "joined": !incident.attached.contains(position),
            })
        })
    };
    json!({
        "id": incident.id,
        "title": incident.title,
        "score": incident.score,
        "severity": incident.severity,
        "first": incident.first.map(time::iso),
        "last": incident.last.map(time::iso),
        "accounts": incident.accounts,
        "addresses": incident.addresses,
        "applications": incident.apps,
        "tactics": incident.phases.iter().map(|tactic| tactic.compact()).collect::<Vec<_>>(),
        "findings": incident.findings.iter().filter_map(step).collect::<Vec<_>>(),
    })
}

fn known(known: &Known) -> Value {
    let seen = known.seen.iter().map(|seen| {
        let (first, last) = seen.span.unzip();
        json!({
            "table": seen.table,
            "rows": seen.rows,
            "first": first.map(time::iso),
            "last": last.map(time::iso),
        })
    });
    json!({ "value": known.value, "seen": seen.collect::<Vec<_>>() })
}

fn origin(report: &Report<'_>, source: &Source) -> Value {
    let entry = report.evidence(RecordId { evidence: source.evidence, number: source.record });
    json!({
        "file": entry.map(|entry| &entry.path),
        "sha256": entry.map(|entry| &entry.sha256),
        "record": source.record,
    })
}

fn outcome(report: &Report<'_>, verdict: &Verdict) -> Value {
    let rule = report.input.rules.iter().find(|rule| rule.id == verdict.rule);
    let mut value = json!({
        "id": verdict.rule,
        "name": rule.map(|rule| &rule.name),
        "version": rule.map(|rule| &rule.version),
        "outcome": word(&verdict.outcome),
        "rows": verdict.considered,
        "rows_not_judged": verdict.unjudged,
        "tables": verdict.tables,
        "limits": verdict.limits,
    });
    match &verdict.outcome {
        Outcome::Hits(findings) => value["findings"] = json!(findings.len()),
        Outcome::NotEvaluable { missing, remedy } => {
            value["missing"] = json!(missing);
            value["remedy"] = json!(remedy);
        }
        Outcome::Failed(problems) => {
            value["problems"] = json!(problems.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
        Outcome::Clean => {}
    }
    value
}

/// How a rule ended, in one word for machines.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Hits(_) => "hits",
        Outcome::Clean => "clean",
        Outcome::NotEvaluable { .. } => "not_evaluable",
        Outcome::Failed(_) => "failed",
    }
}
