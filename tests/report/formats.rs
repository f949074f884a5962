//! The outputs for other programs, read by what their forms require.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::case::{self, Story};
use crate::hostile::{PAYLOADS, hostile};
use crate::page::text;

fn json(story: &Story, name: &str) -> Value {
    serde_json::from_str(&text(story, name)).unwrap()
}

#[test]
fn ocsf_lines_carry_what_the_class_requires() {
    let story = case::breach();
    let lines: Vec<Value> =
        text(&story, "findings.ocsf.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), story.report().findings.len());
    for line in &lines {
        for (name, value) in [("class_uid", 2004), ("category_uid", 2), ("activity_id", 1), ("type_uid", 200_401)] {
            assert_eq!(line[name], value, "{name}");
        }
        assert!((1..=5).contains(&line["severity_id"].as_u64().unwrap()));
        // Milliseconds of this century, not seconds or ticks.
        assert!((946_684_800_000..4_102_444_800_000).contains(&line["time"].as_i64().unwrap()));
        assert!(line["start_time"].as_i64() <= line["end_time"].as_i64());
        assert!(line["metadata"]["version"].as_str().unwrap().starts_with("1."));
        assert!(line["metadata"]["product"]["vendor_name"].is_string());
        let info = &line["finding_info"];
        assert!(!info["uid"].as_str().unwrap().is_empty() && !info["title"].as_str().unwrap().is_empty());
        assert!(info["analytic"]["type_id"].is_u64());
        for attack in info["attacks"].as_array().unwrap() {
            assert!(["tactic", "technique", "sub_technique"].iter().any(|key| attack.get(*key).is_some()), "{attack}");
        }
        for observable in line["observables"].as_array().unwrap() {
            assert!(observable["name"].is_string() && observable["type_id"].is_u64());
        }
        assert!(line["evidences"][0]["data"]["records"].as_array().is_some_and(|records| !records.is_empty()));
    }
    let spray = lines.iter().find(|line| line["message"].as_str().unwrap().contains("failed to sign in")).unwrap();
    assert_eq!(spray["severity_id"], 5);
    assert_eq!(spray["unmapped"]["alerts"], 3);
}

fn uuid_of(id: &str) -> (&str, u8) {
    let (kind, uuid) = id.split_once("--").unwrap();
    assert_eq!(uuid.len(), 36, "{id}");
    assert!(uuid.bytes().enumerate().all(|(at, b)| if [8, 13, 18, 23].contains(&at) {
        b == b'-'
    } else {
        b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
    }));
    assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{id}");
    (kind, uuid.as_bytes()[14] - b'0')
}

fn is_stamp(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z') && &text[10..11] == "T")
}

/// What the standard requires of each type beside `type`, `id` and `spec_version`.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "identity" => &["created", "modified", "name"],
        "marking-definition" => &["created", "definition_type", "definition"],
        "indicator" => &["created", "modified", "pattern", "pattern_type", "valid_from"],
        "attack-pattern" => &["created", "modified", "name"],
        "observed-data" => {
            &["created", "modified", "first_observed", "last_observed", "number_observed", "object_refs"]
        }
        "relationship" => &["created", "modified", "relationship_type", "source_ref", "target_ref"],
        "ipv4-addr" | "ipv6-addr" | "url" | "domain-name" => &["value"],
        other => panic!("{other} is not in the standard"),
    }
}

fn valid_bundle(bundle: &Value) -> BTreeMap<String, usize> {
    assert_eq!(bundle["type"], "bundle");
    assert_eq!(uuid_of(bundle["id"].as_str().unwrap()).0, "bundle");
    let objects = bundle["objects"].as_array().unwrap();
    let ids: BTreeSet<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), objects.len(), "an id stands twice");
    let mut kinds = BTreeMap::new();
    for object in objects {
        let kind = object["type"].as_str().unwrap();
        *kinds.entry(kind.to_owned()).or_default() += 1;
        assert_eq!(uuid_of(object["id"].as_str().unwrap()), (kind, 5));
        assert_eq!(object["spec_version"], "2.1");
        for name in required(kind) {
            assert!(object.get(*name).is_some_and(|value| !value.is_null()), "{kind} without {name}");
        }
        for (name, value) in object.as_object().unwrap() {
            match name.as_str() {
                "created" | "modified" | "valid_from" | "first_observed" | "last_observed" => {
                    assert!(is_stamp(value), "{name} {value}");
                }
                name if name.ends_with("_ref") => assert!(ids.contains(value.as_str().unwrap()), "{name} {value}"),
                name if name.ends_with("_refs") => {
                    assert!(value.as_array().unwrap().iter().all(|id| ids.contains(id.as_str().unwrap())));
                }
                _ => {}
            }
        }
    }
    kinds
}

/// One comparison, `[object:path = 'text']`, whose text ends where it should.
fn valid_pattern(pattern: &str) -> bool {
    let Some((path, text)) =
        pattern.strip_prefix('[').and_then(|p| p.strip_suffix("']")).and_then(|p| p.split_once(" = '"))
    else {
        return false;
    };
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '\\' | '\'' if escaped => escaped = false,
            _ if escaped => return false,
            '\\' => escaped = true,
            '\'' => return false,
            _ => {}
        }
    }
    !escaped && path.contains(':')
}

#[test]
fn the_bundle_is_valid_and_names_the_intruder_only() {
    let story = case::breach();
    let bundle = json(&story, "iocs.stix.json");
    let kinds = valid_bundle(&bundle);
    for (kind, number) in [("identity", 1), ("marking-definition", 1), ("ipv4-addr", 2), ("observed-data", 2)] {
        assert_eq!(kinds.get(kind), Some(&number), "{kind} of {kinds:?}");
    }
    let patterns: BTreeSet<&str> =
        bundle["objects"].as_array().unwrap().iter().filter_map(|object| object["pattern"].as_str()).collect();
    assert!(patterns.iter().all(|pattern| valid_pattern(pattern)), "{patterns:?}");
    assert!(patterns.contains("[ipv4-addr:value = '203.0.113.77']"));
    assert!(patterns.contains("[x-entra-application:app_id = '7a0e62b4-93c7-4b1f-9d6f-f0f0b5e2a911']"));
    let whole = bundle.to_string();
    assert!(!whole.contains("198.51.100.20"), "the organisation's own address is no indicator");
    assert!(!whole.contains("00000002-0000-0ff1-ce00-000000000000"), "nor is an application of Microsoft");
    // From the standard's own rule: UUID version 5 of the canonical JSON of the value.
    assert!(whole.contains("TLP:AMBER"));
    let first: Vec<&Value> =
        bundle["objects"].as_array().unwrap().iter().filter(|o| o["type"] == "observed-data").collect();
    assert!(
        first.iter().any(|seen| seen["first_observed"] == "2026-05-18T01:00:00.000Z" && seen["number_observed"] == 123)
    );
}

#[test]
fn l2tcsv_has_its_seventeen_columns() {
    let story = case::breach();
    let file = text(&story, "timeline.l2t.csv");
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        heads.join(","),
        "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode,notes,format,extra"
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), story.report().timeline.events.len());
    for (line, row) in file.lines().skip(1).zip(&rows) {
        assert_eq!(line.matches(',').count(), 16, "readers split at every comma: {line}");
        assert_eq!((row.len(), &row[2], &row[3], &row[11]), (17, "UTC", "....", "2"));
        assert!(row.iter().all(|cell| !cell.is_empty()));
    }
    let role = rows.iter().find(|row| row[10].contains("Add member to role")).unwrap();
    assert_eq!((&role[0], &role[1], &role[7]), ("05/20/2026", "01:05:45", "eva@contoso.example"));
}

#[test]
fn tln_has_its_five_fields() {
    let story = case::breach();
    let file = text(&story, "timeline.tln");
    let mut lines = file.lines();
    assert_eq!(lines.next(), Some("Time|Source|Host|User|Description"));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split('|').collect()).collect();
    assert_eq!(lines.len(), story.report().timeline.events.len());
    assert!(lines.iter().all(|fields| fields.len() == 5 && fields[0].parse::<i64>().is_ok()));
    let role = lines.iter().find(|fields| fields[4].contains("Add member to role")).unwrap();
    assert_eq!((role[0], role[3]), ("1779239145", "eva@contoso.example"));
    assert!(role[4].starts_with("2026-05-20T01:05:45.000000+00:00; ActivityDateTime; "));
}

#[test]
fn the_timesketch_csv_has_what_its_reader_requires() {
    let file = text(&case::breach(), "timesketch.csv");
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("no column {name}"));
    let (time, what, message, tag) = (at("datetime"), at("timestamp_desc"), at("message"), at("tag"));
    for row in reader.records().map(Result::unwrap) {
        assert!(row[time].ends_with("+00:00") && !row[what].is_empty() && !row[message].is_empty());
        assert!(serde_json::from_str::<Vec<String>>(&row[tag]).is_ok_and(|tags| !tags.is_empty()));
    }
}

#[test]
fn the_coverage_layer_tells_silence_from_blindness() {
    let layer = json(&case::breach(), "attack-coverage.json");
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    assert!(layer["gradient"]["colors"].as_array().is_some_and(|colors| colors.len() > 1));
    let colors: BTreeSet<&str> =
        layer["legendItems"].as_array().unwrap().iter().map(|item| item["color"].as_str().unwrap()).collect();
    assert_eq!(colors.len(), 4);
    for technique in layer["techniques"].as_array().unwrap() {
        assert!(technique["score"].as_u64().unwrap() <= 100 && technique.get("tactic").is_none());
        assert!(colors.contains(technique["color"].as_str().unwrap()));
    }
}

#[test]
fn the_markdown_says_what_matters() {
    let page = text(&case::breach(), "summary.md");
    for said in [
        "# Contoso, suspected account takeover, May 2026",
        "TLP:AMBER",
        "The rules report 14 findings: 2 critical",
        "## Incidents",
        "| F1 | critical | 2026-05-18 01:00:00 |",
        "203.0.113\\[.\\]77",
        "eva\\@contoso.example",
        "## Coverage",
        "## Not judged",
        "category MicrosoftGraphActivityLogs",
    ] {
        assert!(page.contains(said), "missing: {said}\n{page}");
    }
}

#[test]
fn text_stays_text_in_every_format() {
    for payload in PAYLOADS {
        let story = hostile(payload);
        for line in text(&story, "findings.ocsf.jsonl").lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["finding_info"]["title"], payload);
        }
        let bundle = json(&story, "iocs.stix.json");
        valid_bundle(&bundle);
        for object in bundle["objects"].as_array().unwrap() {
            assert!(object["pattern"].as_str().is_none_or(valid_pattern), "{object}");
        }
        json(&story, "attack-coverage.json");

        for name in ["timeline.l2t.csv", "timesketch.csv"] {
            let file = text(&story, name);
            let mut reader = csv::Reader::from_reader(file.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 1, "{name} {payload:?}");
            for cell in rows[0].iter().filter(|cell| *cell != "-") {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{name} {cell:?}");
                assert!(!cell.contains(|c: char| c.is_control() || c == '\u{202e}'), "{name} {cell:?}");
            }
        }
        let tln = text(&story, "timeline.tln");
        assert_eq!(tln.lines().count(), 2, "{payload:?}");
        assert!(tln.lines().all(|line| line.matches('|').count() == 4), "{tln:?}");
        assert!(!tln.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{tln:?}");

        let page = text(&story, "summary.md");
        // What has an @ is an account's name, of which more is said.
        let plain = text(&hostile(if payload.contains('@') { "pl@in" } else { "plain" }), "summary.md");
        assert_eq!(page.lines().count(), plain.lines().count(), "{payload:?} breaks a line of {page}");
        for mark in ["<", "https://", "http://", "www."] {
            assert!(!page.contains(mark), "{payload:?} leaves {mark} in {page}");
        }
        assert!(!page.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{200b}')));
        let cells =
            |page: &str| page.lines().map(|line| line.replace("\\|", "").matches('|').count()).collect::<Vec<_>>();
        assert_eq!(cells(&page), cells(&plain), "{payload:?} makes a cell");
    }
}

#[test]
fn nothing_found_is_still_a_file() {
    let story = Story::default();
    assert_eq!(text(&story, "findings.ocsf.jsonl"), "");
    assert_eq!(valid_bundle(&json(&story, "iocs.stix.json")), BTreeMap::from([("identity".to_owned(), 1)]));
    assert_eq!(text(&story, "timeline.tln").lines().count(), 1);
    assert_eq!(text(&story, "timeline.l2t.csv").lines().count(), 1);
    assert_eq!(text(&story, "timesketch.csv").lines().count(), 1);
    assert!(text(&story, "summary.md").contains("no table has rows"));
    assert_eq!(json(&story, "attack-coverage.json")["techniques"], serde_json::json!([]));
}

#[test]
fn what_no_export_shows_is_told() {
    let story = Story::default();
    for name in ["report.html", "summary.md"] {
        let page = text(&story, name);
        assert!(page.contains("What no export shows") && page.contains("Custom mail forms"), "{name}");
    }
}
