//! `iocs.stix.json`: indicators as a STIX 2.1 bundle (<https://docs.oasis-open.org/cti/stix/v2.1/>).
//!
//! Ids are UUIDs of what they name and times are those of the evidence, so that a second run gives the same bundle
//! and a platform that has it already sees nothing new.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{Indicator, Report, attack, uuid};
use crate::finding::Severity;
use crate::table::{UNIX_EPOCH_TICKS, time};

/// Namespace of ids that the standard leaves to the producer; any constant will do, this one is ours.
const OURS: u128 = 0x3c2f_8a51_6d0e_4f27_9b64_e17a_5e4b_a111;
/// Namespace that the standard sets for observables (section 2.9).
const OBSERVABLES: u128 = 0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7;
/// When the identity and the marking came into being, as far as the standard asks: a constant.
const BORN: &str = "2026-01-01T00:00:00.000Z";
/// Findings less severe than this give no indicators: what they name is mostly the organisation's own.
const LEAST: Severity = Severity::Medium;

/// Writes the bundle.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut bundle = Bundle::new(report);
    for indicator in report.indicators.iter().filter(|indicator| handed_over(report, indicator)) {
        bundle.indicator(report, indicator);
    }
    let objects = bundle.objects;
    let ids: Vec<&str> = objects.iter().filter_map(|object| object["id"].as_str()).collect();
    let file = json!({ "type": "bundle", "id": id("bundle", &ids.join("\n")), "objects": objects });
    serde_json::to_writer_pretty(&mut *out, &file)?;
    out.write_all(b"\n")
}

/// Whether an indicator is worth another organisation's attention: severe, and not what everybody uses: an address of the
/// organisation itself, an application of Microsoft, a browser.
fn handed_over(report: &Report<'_>, indicator: &Indicator) -> bool {
    let shared = match indicator.kind.as_str() {
        "IP" => indicator.value.parse::<IpAddr>().is_ok_and(|address| report.common.address(address)),
        "CloudApplication" => report.common.apps.contains(&indicator.value.to_lowercase()),
        "UserAgent" => indicator.value.starts_with("Mozilla/"),
        _ => false,
    };
    indicator.severity >= LEAST && !shared
}

struct Bundle {
    identity: String,
    marking: Option<String>,
    /// End of the evidence: when the objects came into being, as far as the report knows time.
    end: String,
    known: BTreeSet<String>,
    objects: Vec<Value>,
}

impl Bundle {
    fn new(report: &Report<'_>) -> Bundle {
        let identity = id("identity", "entrail");
        let end = stamp(report.timeline.span().map_or(UNIX_EPOCH_TICKS, |(_, last)| last));
        let mut bundle =
            Bundle { identity: identity.clone(), marking: None, end, known: BTreeSet::new(), objects: Vec::new() };
        bundle.objects.push(json!({
            "type": "identity", "spec_version": "2.1", "id": identity, "created": BORN, "modified": BORN,
            "name": "entrail", "identity_class": "system", "description": report.input.manifest.program,
        }));
        let marking = &report.input.case.marking;
        if !marking.is_empty() {
            let id = id("marking-definition", marking);
            bundle.objects.push(json!({
                "type": "marking-definition", "spec_version": "2.1", "id": id, "created": BORN,
                "created_by_ref": identity, "definition_type": "statement", "definition": { "statement": marking },
            }));
            bundle.marking = Some(id);
        }
        bundle
    }

    /// A domain object with what all of them carry; one that is there already stays as it is.
    fn object(&mut self, kind: &str, name: &str, properties: Value) -> String {
        let id = id(kind, name);
        if !self.known.insert(id.clone()) {
            return id;
        }
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": id, "created_by_ref": self.identity,
            "created": self.end, "modified": self.end,
        });
        if let Some(marking) = &self.marking {
            object["object_marking_refs"] = json!([marking]);
        }
        if let (Value::Object(object), Value::Object(properties)) = (&mut object, properties) {
            object.extend(properties);
        }
        self.objects.push(object);
        id
    }

    fn relationship(&mut self, source: &str, kind: &str, target: &str) {
        let name = format!("{source}\n{kind}\n{target}");
        let ends = json!({ "relationship_type": kind, "source_ref": source, "target_ref": target });
        self.object("relationship", &name, ends);
    }

    fn indicator(&mut self, report: &Report<'_>, indicator: &Indicator) {
        let Some(pattern) = pattern(indicator) else { return };
        let findings =
            || indicator.findings.iter().filter_map(|&position| Some((position, report.findings.get(position)?)));
        let times = || findings().filter_map(|(_, found)| found.finding.first);
        let first = indicator.span.map(|span| span.0).or_else(|| times().min());
        let labels: Vec<String> =
            findings().map(|(_, found)| format!("{} {}", found.label(), found.finding.title)).collect();
        let kind = if indicator.severity >= Severity::High { "malicious-activity" } else { "anomalous-activity" };
        let mut description = format!("{}: {}", indicator.severity.word(), labels.join("; "));
        if !indicator.note.is_empty() {
            description = format!("{}. {description}", indicator.note);
        }
        let id = self.object(
            "indicator",
            &pattern,
            json!({
                "name": format!("{} {}", indicator.kind, indicator.value),
                "description": description,
                "indicator_types": [kind],
                "pattern": pattern,
                "pattern_type": "stix",
                "pattern_version": "2.1",
                "valid_from": first.map_or_else(|| self.end.clone(), stamp),
            }),
        );
        if let Some((observable, id_of_it)) = observable(indicator)
            && let Some((first, last)) = indicator.span
        {
            if self.known.insert(id_of_it.clone()) {
                self.objects.push(observable);
            }
            let seen = self.object(
                "observed-data",
                &pattern,
                json!({
                    "first_observed": stamp(first),
                    "last_observed": stamp(last),
                    "number_observed": indicator.events.clamp(1, 999_999_999),
                    "object_refs": [id_of_it],
                }),
            );
            self.relationship(&id, "based-on", &seen);
        }
        let positions = findings().map(|(position, found)| (position, found.finding));
        for technique in attack::techniques(positions, report.input.techniques) {
            if is_technique(&technique.id) {
                let name = if technique.name.is_empty() { &technique.id } else { &technique.name };
                let reference = json!([{ "source_name": "mitre-attack", "external_id": technique.id }]);
                let properties = json!({ "name": name, "external_references": reference });
                let pattern = self.object("attack-pattern", &technique.id, properties);
                self.relationship(&id, "indicates", &pattern);
            }
        }
    }
}

fn id(kind: &str, name: &str) -> String {
    format!("{kind}--{}", uuid::v5(OURS, &format!("{kind}\n{name}")))
}

/// A timestamp with milliseconds, as the standard writes it.
fn stamp(ticks: i64) -> String {
    let Some(at) = time::civil(ticks) else { return BORN.to_owned() };
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `T1234` or `T1234.001`.
fn is_technique(id: &str) -> bool {
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    rest.split_once('.').map_or(digits(rest, 4), |(technique, sub)| digits(technique, 4) && digits(sub, 3))
}

/// `8-4-4-4-12` hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// How another organisation finds the indicator in its own data. Accounts give none: they are the victims.
fn pattern(indicator: &Indicator) -> Option<String> {
    let value = literal(&indicator.value);
    Some(match indicator.kind.as_str() {
        "IP" => match indicator.value.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => format!("[ipv4-addr:value = '{address}']"),
            IpAddr::V6(address) => format!("[ipv6-addr:value = '{address}']"),
        },
        "URL" => format!("[url:value = {value}]"),
        "DNS" => format!("[domain-name:value = {value}]"),
        "UserAgent" => format!("[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = {value}]"),
        // The standard has no object for an application of a directory. A name alone is anybody's to give.
        "CloudApplication" if is_guid(&indicator.value) => format!("[x-entra-application:app_id = {value}]"),
        _ => return None,
    })
}

/// A string in a pattern: only these two characters are escaped.
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The indicator as something that was seen, with its id, where the standard has an object for it.
fn observable(indicator: &Indicator) -> Option<(Value, String)> {
    let (kind, value) = match indicator.kind.as_str() {
        "IP" => match indicator.value.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => ("ipv4-addr", address.to_string()),
            IpAddr::V6(address) => ("ipv6-addr", address.to_string()),
        },
        "URL" => ("url", indicator.value.clone()),
        "DNS" => ("domain-name", indicator.value.clone()),
        _ => return None,
    };
    // The standard makes the id from the canonical JSON of the properties that tell the object apart: its value.
    let mut naming = Map::new();
    naming.insert("value".to_owned(), json!(value));
    let id = format!("{kind}--{}", uuid::v5(OBSERVABLES, &Value::Object(naming).to_string()));
    Some((json!({ "type": kind, "spec_version": "2.1", "id": id, "value": value }), id))
}
