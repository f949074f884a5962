//! `findings.json` has the form that its published schema says.

use serde_json::Value;

use crate::case::{self, Story};
use crate::hostile::{PAYLOADS, hostile};
use crate::page::text;
use crate::validator::faults;

fn schema() -> Value {
    serde_json::from_str(entrail::report::FINDINGS_SCHEMA).unwrap()
}

fn check(findings: &Value) -> Vec<String> {
    let (root, mut found) = (schema(), Vec::new());
    faults(&root, &root, findings, "$", &mut found);
    found
}

#[test]
fn findings_follow_the_published_schema() {
    let stories = [case::breach(), Story::default()].into_iter().chain(PAYLOADS.map(hostile));
    for story in stories {
        let findings: Value = serde_json::from_str(&text(&story, "findings.json")).unwrap();
        assert_eq!(check(&findings), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let findings: Value = serde_json::from_str(&text(&case::breach(), "findings.json")).unwrap();
    for (path, value) in [
        ("/schema", "entrail.findings/0".into()),
        ("/findings/0/severity", "grave".into()),
        ("/findings/0/first", "yesterday".into()),
        ("/findings/0/sources/0/record", 0.into()),
        ("/rules/0/outcome", Value::Null),
        ("/incidents/0/findings", "F1".into()),
    ] {
        let mut wrong = findings.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        assert_eq!(check(&wrong).len(), 1, "{path}");
    }
}

/// Every key that is written is in the schema: a key without a description is not published.
#[test]
fn the_schema_names_every_key() {
    let findings: Value = serde_json::from_str(&text(&case::breach(), "findings.json")).unwrap();
    let root = schema();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let described = |name: &str| keys(&root["$defs"][name]["properties"]);
    for (list, name) in [("findings", "finding"), ("incidents", "incident"), ("iocs", "known"), ("rules", "rule")] {
        for item in findings[list].as_array().unwrap() {
            for key in keys(item) {
                assert!(described(name).contains(&key), "{list}: {key}");
            }
        }
    }
    assert_eq!(keys(&findings), keys(&root["properties"]));
}
