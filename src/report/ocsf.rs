//! `findings.ocsf.jsonl`: findings as OCSF Detection Finding, one a line (<https://schema.ocsf.io>, class 2004).

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::account::is_account;
use super::{Found, Report};
use crate::finding::{Entity, Severity};
use crate::rules::attack::{ATTACK_VERSION, tactic};
use crate::table::{RecordId, TICKS_PER_SECOND, UNIX_EPOCH_TICKS};

/// Version of the schema that the lines follow.
const OCSF: &str = "1.5.0";

/// Writes the findings.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    // A finding without a time of its own is placed at the end of the evidence: the clock is no part of the report.
    let end = report.timeline.span().map_or(UNIX_EPOCH_TICKS, |(_, last)| last);
    for found in &report.findings {
        serde_json::to_writer(&mut *out, &Value::Object(line(report, found, end)))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Milliseconds since 1970.
fn millis(ticks: i64) -> i64 {
    (ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND / 1000)
}

fn line(report: &Report<'_>, found: &Found<'_>, end: i64) -> Map<String, Value> {
    let finding = found.finding;
    let (severity_id, severity) = severity(finding.severity);
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            line.insert(key.to_owned(), value);
        }
    };
    put("activity_id", json!(1));
    put("activity_name", json!("Create"));
    put("category_uid", json!(2));
    put("category_name", json!("Findings"));
    put("class_uid", json!(2004));
    put("class_name", json!("Detection Finding"));
    put("type_uid", json!(200_401));
    put("type_name", json!("Detection Finding: Create"));
    put("severity_id", json!(severity_id));
    put("severity", json!(severity));
    put("status_id", json!(1));
    put("status", json!("New"));
    put("is_alert", json!(finding.severity > Severity::Informational));
    put("time", json!(millis(finding.last.or(finding.first).unwrap_or(end))));
    put("start_time", json!(finding.first.map(millis)));
    put("end_time", json!(finding.last.map(millis)));
    put("message", json!(if finding.sentence.is_empty() { &finding.title } else { &finding.sentence }));
    put("metadata", metadata(report, found));
    put("finding_info", info(report, found));
    put("evidences", json!([{ "name": "row and records", "data": evidence(report, found) }]));
    put("observables", observables(&finding.entities));
    put("resources", resources(&finding.entities));
    put(
        "unmapped",
        json!({ "number": found.label(), "alerts": finding.alerts, "limits": finding.limits, "iocs": finding.iocs }),
    );
    line
}

fn severity(severity: Severity) -> (u8, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn metadata(report: &Report<'_>, found: &Found<'_>) -> Value {
    let version = report.input.manifest.program.rsplit(' ').next().unwrap_or_default();
    json!({
        "version": OCSF,
        "uid": found.finding.id,
        "product": { "name": "entrail", "vendor_name": "entrail", "version": version },
    })
}

fn info(report: &Report<'_>, found: &Found<'_>) -> Value {
    let finding = found.finding;
    let mut info = json!({
        "uid": finding.id,
        "title": finding.title,
        "desc": finding.sentence,
        "analytic": {
            "type_id": 1,
            "type": "Rule",
            "uid": finding.rule,
            "name": found.rule.map_or(finding.rule.as_str(), |rule| rule.name.as_str()),
        },
        "related_events_count": found.events.len(),
        "attacks": attacks(report, found),
        "types": found.rule.map(|rule| rule.tactics.clone()).unwrap_or_default(),
    });
    if let Some(first) = finding.first {
        info["first_seen_time"] = json!(millis(first));
    }
    if let Some(last) = finding.last {
        info["last_seen_time"] = json!(millis(last));
    }
    if let Some(version) = found.rule.map(|rule| &rule.version).filter(|version| !version.is_empty()) {
        info["analytic"]["version"] = json!(version);
    }
    info
}

/// One entry a tactic and one a technique: a finding does not say which belongs to which.
fn attacks(report: &Report<'_>, found: &Found<'_>) -> Vec<Value> {
    let tactics = found.finding.tactics.iter().filter_map(|name| tactic(name));
    let tactics =
        tactics.map(|tactic| json!({ "version": ATTACK_VERSION, "tactic": { "uid": tactic.id, "name": tactic.name } }));
    let techniques = found.finding.techniques.iter().map(|id| {
        let named = |id: &str| match report.input.techniques.get(id) {
            Some(name) => json!({ "uid": id, "name": name }),
            None => json!({ "uid": id }),
        };
        match id.split_once('.') {
            Some((parent, _)) => {
                json!({ "version": ATTACK_VERSION, "technique": named(parent), "sub_technique": named(id) })
            }
            None => json!({ "version": ATTACK_VERSION, "technique": named(id) }),
        }
    });
    tactics.chain(techniques).collect()
}

fn evidence(report: &Report<'_>, found: &Found<'_>) -> Value {
    let row: Map<String, Value> = found.finding.row.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let records: Vec<Value> = found
        .finding
        .sources
        .iter()
        .map(|source| {
            let entry = report.evidence(RecordId { evidence: source.evidence, number: source.record });
            json!({ "file": entry.map(|e| &e.path), "sha256": entry.map(|e| &e.sha256), "record": source.record })
        })
        .collect();
    json!({ "row": row, "records": records, "entities": found.finding.entities })
}

/// Values to search for, with OCSF's number of their type.
fn observables(entities: &[Entity]) -> Value {
    let listed = entities.iter().enumerate().filter(|(_, entity)| !entity.label().is_empty());
    let listed = listed.map(|(position, entity)| {
        let (type_id, kind) = match entity.kind.as_str() {
            "Host" => (1, "Hostname"),
            "IP" => (2, "IP Address"),
            "Account" => (4, "User Name"),
            "Mailbox" => (5, "Email Address"),
            "URL" => (6, "URL String"),
            "CloudApplication" | "AzureResource" => (10, "Resource UID"),
            _ => (99, "Other"),
        };
        let name = format!("evidences[0].data.entities[{position}]");
        json!({ "name": name, "type_id": type_id, "type": kind, "value": entity.label() })
    });
    json!(listed.collect::<Vec<_>>())
}

/// What the activity was done to or with: accounts, applications, Azure resources.
fn resources(entities: &[Entity]) -> Value {
    let meant = |entity: &&Entity| {
        is_account(entity) || matches!(entity.kind.as_str(), "CloudApplication" | "AzureResource" | "Host")
    };
    let listed = entities.iter().filter(meant).filter(|entity| !entity.label().is_empty()).map(|entity| {
        let uid = ["AadUserId", "AppId", "ResourceId"].iter().find_map(|key| entity.identifiers.get(*key));
        let mut resource = json!({ "name": entity.label(), "type": entity.kind });
        if let Some(uid) = uid.filter(|uid| !uid.is_empty()) {
            resource["uid"] = json!(uid);
        }
        resource
    });
    json!(listed.collect::<Vec<_>>())
}
