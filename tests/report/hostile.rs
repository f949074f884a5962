//! Text from logs is hostile: whatever it says, it stays text in every output.

use entrail::finding::{Outcome, Severity};
use entrail::report::{Look, RuleInfo, terminal};
use serde_json::json;

use crate::case::{Story, entity, finding, sources, table, verdict};
use crate::page::{data, page, text};

pub const PAYLOADS: [&str; 14] = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "\"><img src=x onerror=alert(3)>",
    "' onmouseover='alert(4)",
    "javascript:alert(5)",
    "=HYPERLINK(\"http://evil.example\",\"click\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "nul\u{0}byte\u{1b}[31mred\u{7}",
    "gpj\u{202e}exe\u{2066}\u{200b}\u{feff}",
    "line\r\nbreak\ttab\u{2028}separator",
    "{{ policy }} {% raw %} ]]> &lt;b&gt;",
    "https://login.evil.example/path",
];

/// The payload stands in every place that a log can fill.
pub fn hostile(payload: &str) -> Story {
    let mut story = Story::default();
    let at = "2026-05-04T12:00:00Z";
    story.tables.insert(table("SigninLogs", 0, vec![json!({
        "TimeGenerated": at, "CreatedDateTime": at, "UserPrincipalName": payload, "AppDisplayName": payload, "IPAddress": payload,
        "ResultType": payload, "Location": payload, "UserAgent": payload, "ClientAppUsed": payload, "Id": payload,
        "DeviceDetail": {"displayName": payload}, "CorrelationId": payload,
    })]));
    let mut found = finding(payload, payload, Severity::High, payload, at);
    found.sentence = payload.into();
    found.entities = vec![
        entity("Account", &[("FullName", payload)]),
        entity("IP", &[("Address", payload)]),
        entity(payload, &[(payload, payload)]),
    ];
    found.tactics = vec!["Persistence".into(), payload.into()];
    found.techniques = vec![payload.into()];
    found.row = vec![(payload.into(), payload.into())];
    found.limits = vec![payload.into()];
    found.sources = sources([1]);
    story.verdicts = vec![
        verdict(payload, Outcome::Hits(vec![found])),
        verdict("blind", Outcome::NotEvaluable { missing: vec![payload.into()], remedy: vec![payload.into()] }),
    ];
    story.rules = vec![RuleInfo {
        id: payload.into(),
        name: payload.into(),
        description: format!("{payload}\n\n## {payload}\n- {payload}"),
        query: payload.into(),
        path: payload.into(),
        version: payload.into(),
        ..RuleInfo::default()
    }];
    story.case.name = payload.into();
    story.case.marking = payload.into();
    story.case.assumptions = vec![payload.into()];
    story.manifest.evidence = vec![entrail::evidence::Entry {
        path: payload.into(),
        reason: payload.into(),
        format: Some(payload.into()),
        records: 1,
        loaded: 1,
        warnings: vec![payload.into()],
        ..Default::default()
    }];
    story
}

#[test]
fn no_payload_becomes_markup() {
    // Like an address, so that it stands in as many places as any payload: as a person's account, and with a dot.
    let plain = page(&hostile("plain.text@x"));
    let count = |page: &str, what: &str| page.matches(what).count();
    for payload in PAYLOADS {
        let page = page(&hostile(payload));
        for tag in ["<script", "</script", "<!--", "<img", "<a ", "<bdi>", "<details"] {
            assert!(
                count(&page, tag) <= count(&plain, tag),
                "{payload:?} makes {tag} appear {} times instead of {}",
                count(&page, tag),
                count(&plain, tag)
            );
        }
        let markup = page.split("id=\"events\"").next().unwrap();
        assert!(!markup.contains("' onmouseover='"), "{payload:?} leaves its attribute");
        data(&page);
    }
}

#[test]
fn links_in_logs_are_not_links() {
    for payload in ["javascript:alert(5)", "https://login.evil.example/path"] {
        let page = page(&hostile(payload));
        for part in page.split("href=\"").skip(1) {
            assert!(part.starts_with('#'), "{}", &part[..40.min(part.len())]);
        }
    }
}

#[test]
fn hidden_characters_are_shown() {
    let page = page(&hostile("gpj\u{202e}exe\u{0}\u{200b}"));
    assert!(page.contains("gpj[U+202E]exe[U+0000][U+200B]"));
    let markup = page.split("id=\"events\"").next().unwrap();
    assert!(!markup.contains(['\u{202e}', '\u{0}', '\u{200b}']));
}

#[test]
fn cells_of_the_csv_are_never_formulas() {
    for payload in PAYLOADS {
        let csv = text(&hostile(payload), "timeline.csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1);
        for cell in rows[0].iter() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            assert!(!cell.contains(char::is_control), "{cell:?}");
        }
    }
}

#[test]
fn the_terminal_takes_no_commands() {
    for payload in PAYLOADS {
        let story = hostile(payload);
        for line in terminal(&story.report(), Look { width: 80, color: false }) {
            assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{200b}'), "{line:?}");
        }
    }
}

#[test]
fn machine_formats_keep_the_value() {
    for payload in PAYLOADS {
        let story = hostile(payload);
        let line: serde_json::Value =
            serde_json::from_str(text(&story, "timeline.jsonl").trim_end_matches('\n')).unwrap();
        assert_eq!(line["user"], payload);
        let findings: serde_json::Value = serde_json::from_str(&text(&story, "findings.json")).unwrap();
        assert_eq!(findings["findings"][0]["title"], payload);
        serde_json::from_str::<serde_json::Value>(&text(&story, "attack-layer.json")).unwrap();
    }
}

#[test]
fn a_name_of_a_megabyte_does_not_fill_the_page() {
    let story = hostile(&"A".repeat(1_000_000));
    let page = page(&story);
    // The sentence of the event is cut where it is read; titles, entities and fields where they are shown.
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("of 1000000 bytes]"));
    for line in terminal(&story.report(), Look { width: 80, color: false }) {
        assert!(line.chars().count() <= 80);
    }
    crate::page::bytes(&story, "report.xlsx");
}
