//! The other files, read by their readers' rules.

use serde_json::Value;

use crate::case;
use crate::page::{bytes, text};

#[test]
fn the_csv_has_a_line_for_each_event() {
    let story = case::breach();
    let csv = text(&story, "timeline.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("no column {name}"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), story.report().timeline.events.len());
    let times: Vec<&str> = rows.iter().map(|row| &row[column("datetime")]).collect();
    assert!(times.is_sorted());
    let role = rows.iter().find(|row| &row[column("operation")] == "Add member to role").unwrap();
    assert_eq!(&role[column("datetime")], "2026-05-20 01:05:45.000000", "as Timeline Explorer sorts it");
    assert_eq!(&role[column("timestamp")], "1779239145000000");
    assert_eq!(&role[column("timestamp_desc")], "ActivityDateTime");
    assert_eq!(&role[column("user")], "eva@contoso.example");
    assert_eq!(&role[column("src_ip")], "203.0.113.78");
    assert_eq!(&role[column("target")], "mallory@attacker.example");
    assert_eq!(&role[column("details")], "Role.DisplayName: \\Global Administrator\\".replace('\\', "").as_str());
    assert_eq!(&role[column("level")], "critical");
    assert_eq!(&role[column("finding")], "F2");
    assert_eq!(&role[column("evidence_file")], "exports/AuditLogs_2026-05.csv");
    assert_eq!(&role[column("evidence_record")], "5");
    let rule = rows.iter().find(|row| &row[column("operation")] == "New-InboxRule").unwrap();
    assert_eq!(&rule[column("src_ip")], "203.0.113.78", "without its port");
}

#[test]
fn timesketch_finds_its_columns() {
    let story = case::breach();
    for line in text(&story, "timeline.jsonl").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for required in ["message", "datetime", "timestamp_desc"] {
            assert!(line[required].as_str().is_some_and(|text| !text.is_empty()), "{required}: {line}");
        }
        assert!(line["timestamp"].is_i64());
        assert!(line["tag"].as_array().is_some_and(|tags| tags.iter().all(Value::is_string)));
        for dropped in ["_id", "_type", "_index", "_source", "__ts_timeline_id"] {
            assert!(line.get(dropped).is_none());
        }
    }
}

#[test]
fn the_layer_has_what_the_navigator_requires() {
    let layer: Value = serde_json::from_str(&text(&case::breach(), "attack-layer.json")).unwrap();
    assert_eq!(layer["domain"], "enterprise-attack");
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert!(layer["versions"]["navigator"].is_string());
    assert!(layer["name"].is_string());
    let (low, high) =
        (layer["gradient"]["minValue"].as_u64().unwrap(), layer["gradient"]["maxValue"].as_u64().unwrap());
    let techniques = layer["techniques"].as_array().unwrap();
    assert_eq!(techniques.len(), 9);
    for technique in techniques {
        assert!(technique["techniqueID"].as_str().unwrap().starts_with('T'));
        assert!((low..=high).contains(&technique["score"].as_u64().unwrap()));
        assert!(technique.get("tactic").is_none());
    }
}

#[test]
fn findings_name_their_sources_and_every_rule_its_outcome() {
    let file: Value = serde_json::from_str(&text(&case::breach(), "findings.json")).unwrap();
    assert_eq!(file["schema"], entrail::report::SCHEMA);
    let first = &file["findings"][0];
    assert_eq!(first["number"], "F1");
    assert_eq!(first["sources"].as_array().unwrap().len(), 121);
    assert_eq!(first["sources"][0]["file"], "exports/InteractiveSignIns_2026-05-01_2026-05-31.json");
    assert_eq!(first["techniques"][0]["name"], "Password Spraying");
    let outcomes: Vec<&str> =
        file["rules"].as_array().unwrap().iter().map(|rule| rule["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "hits").count(), 8);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "not_evaluable").count(), 2);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "failed").count(), 1);
}

#[test]
fn the_manifest_reads_back() {
    let story = case::breach();
    let read: entrail::evidence::Manifest = serde_json::from_str(&text(&story, "manifest.json")).unwrap();
    assert_eq!(read, story.manifest);
}

#[test]
fn the_workbook_is_a_zip_with_its_sheets() {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(bytes(&case::breach(), "report.xlsx"))).unwrap();
    let mut sheets = String::new();
    std::io::Read::read_to_string(&mut book.by_name("xl/workbook.xml").unwrap(), &mut sheets).unwrap();
    let named: Vec<&str> = sheets.split("<sheet name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let wanted =
        ["Summary", "Timeline", "Findings", "Incidents", "Accounts", "Indicators", "Coverage", "Rules", "Evidence"];
    assert_eq!(named, wanted);
    for (number, name) in (1..).zip(named) {
        let mut sheet = String::new();
        let path = format!("xl/worksheets/sheet{number}.xml");
        std::io::Read::read_to_string(&mut book.by_name(&path).unwrap(), &mut sheet).unwrap();
        assert!(!sheet.contains("<f>") && !sheet.contains("<hyperlink"), "a formula or a link in {name}");
        assert!(sheet.contains("state=\"frozen\""), "{name} has a frozen head");
        assert_eq!(sheet.contains("<autoFilter"), name != "Summary", "{name} has filters");
        let coloured = !matches!(name, "Rules" | "Evidence");
        assert_eq!(sheet.contains("<conditionalFormatting"), coloured, "{name} has colours that follow its values");
    }
}

#[test]
fn every_column_of_the_timeline_is_documented() {
    let docs = include_str!("../../docs/reports.md");
    let csv = text(&case::breach(), "timeline.csv");
    let documented: Vec<&str> = docs
        .split("## The timeline")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .take_while(|name| *name != "number")
        .collect();
    let heads: Vec<&str> = csv.lines().next().unwrap().trim_end().split(',').collect();
    assert_eq!(documented, heads);
}
