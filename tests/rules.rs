//! Rule files: what published ones contain is read, what is wrong is told with its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::path::PathBuf;

use entrail::error::{Diagnostic, Span};
use entrail::finding::Severity;
use entrail::rules::{Filter, Kind, Loaded, Pack, load};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(name)
}

fn loaded(name: &str) -> Loaded {
    load(&[path(name)])
}

#[test]
fn a_published_rule_with_all_its_liberties() {
    let loaded = loaded("published.yaml");
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
    let rule = &loaded.rules[0];
    assert_eq!((rule.kind, rule.severity), (Kind::Nrt, Severity::High));
    assert_eq!(rule.schedule, None, "near real time has no schedule");
    assert_eq!(rule.version, "1.10");
    assert!(rule.description.starts_with("A description") && rule.description.ends_with("Second line."));
    assert_eq!(rule.tactics, ["InitialAccess", "Persistence"]);
    assert_eq!(rule.techniques, ["T1078.004", "T1685.002"], "revoked ids are replaced");
    assert_eq!(rule.connectors[1].tables, ["BehaviorAnalytics"]);
    assert_eq!(rule.entities[0].fields.len(), 2);
    assert_eq!(rule.details, [("Count".to_string(), "count_".to_string())]);
    assert_eq!(rule.overrides.title.as_deref(), Some("{{UserPrincipalName}} signed in"));
    assert_eq!(rule.overrides.sentence, None);
    assert_eq!(rule.tags, ["Solorigate", "SchemaVersion: 0.2"]);
}

#[test]
fn a_diagnostic_of_the_query_points_into_the_file() {
    for (name, word) in [("published.yaml", "NoSuchColumn"), ("hunting.yaml", "UserPrincipalName")] {
        let rule = &loaded(name).rules[0];
        let at = rule.query.find(word).unwrap();
        let placed = rule.locate(Diagnostic::error("x", Span::new(at, at + word.len())));
        let span = placed.span.unwrap();
        assert_eq!(&rule.source[span.start..span.end], word);
    }
    let rule = &loaded("published.yaml").rules[0];
    let at = rule.query.find("NoSuchColumn").unwrap();
    let line = rule.source.lines().position(|line| line.contains("NoSuchColumn")).unwrap() + 1;
    assert_eq!(rule.locate(Diagnostic::error("x", Span::new(at, at))).position(&rule.source), Some((line, 11)));
}

#[test]
fn a_hunting_query_has_no_schedule_and_no_severity() {
    let rule = &loaded("hunting.yaml").rules[0];
    assert_eq!((rule.kind, rule.severity), (Kind::Hunting, Severity::Informational));
    assert!(rule.tactics.is_empty() && rule.schedule.is_none());
    assert_eq!(rule.description, "Folded text of two lines.");
}

#[test]
fn a_broken_rule_tells_all_that_is_wrong_and_where() {
    let loaded = loaded("broken.yaml");
    let broken = &loaded.broken[0];
    let lines: Vec<_> = broken.diagnostics.iter().filter_map(|d| d.position(&broken.source)).map(|p| p.0).collect();
    assert_eq!(lines, [4, 3, 6]);
    assert!(broken.diagnostics[1].message.contains("Hihg"));
}

#[test]
fn queries_are_published_under_many_endings() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let two =
        write("two.txt", "// for Sentinel\nSigninLogs\n| take 1\n\n// for Defender\nEntraIdSignInEvents\n| take nn\n");
    let rules = load(std::slice::from_ref(&two)).rules;
    assert_eq!(rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["two", "two-2"]);
    assert_eq!((rules[1].name.as_str(), rules[1].description.as_str()), ("two (2)", "for Defender"));
    let at = rules[1].query.find("nn").unwrap();
    let placed = rules[1].locate(Diagnostic::error("x", Span::new(at, at + 2))).span.unwrap();
    assert_eq!(rules[1].source.get(placed.start..placed.end), Some("nn"));
    write("bare.yaml", "// no rule, but a query\n\nAuditLogs\n| take 1\n");
    write("parser.yaml", "Category: a parser\nFunctionName: Unified\nFunctionQuery: |\n  SigninLogs | take 1\n");
    write("old.csl", "AuditLogs | take 1");
    write("other.json", "{\"resources\": []}");
    let resource = r#""type": "Microsoft.OperationalInsights/workspaces/providers/alertRules""#;
    let query = r#""query": "SigninLogs\n| where nn == \"x\"""#;
    let properties = format!(r#"{{"displayName": "Exported", "severity": "High", "queryFrequency": "PT1H", {query}}}"#);
    let name = r#""name": "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/made-up')]""#;
    let rule = format!(r#"{{{name}, {resource}, "kind": "Scheduled", "properties": {properties}}}"#);
    let fusion = format!(r#"{{{resource}, "kind": "Fusion", "properties": {{"severity": "High"}}}}"#);
    write("portal.json", &format!(r#"{{"$schema": "x", "resources": [{rule}, {fusion}]}}"#));
    let loaded = load(&[folder.path().to_path_buf()]);
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
    let names: Vec<&str> = loaded.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["bare", "old", "Unified", "Exported"], "text files in a folder are passed over");
    let exported = &loaded.rules[3];
    assert_eq!((exported.id.as_str(), exported.severity, exported.kind), ("made-up", Severity::High, Kind::Scheduled));
    let at = exported.query.find("nn").unwrap();
    let placed = exported.locate(Diagnostic::error("x", Span::new(at, at + 2))).span.unwrap();
    assert_eq!(exported.source.get(placed.start..placed.end), Some("nn"));
}

#[test]
fn a_folder_is_searched_and_the_rest_goes_on() {
    let loaded = load(&[path("")]);
    assert_eq!((loaded.rules.len(), loaded.broken.len()), (2, 1));
    let missing = load(&[path("none.yaml")]);
    assert_eq!(missing.broken.len(), 1);
}

#[test]
fn a_repeated_id_is_refused_and_filters_choose() {
    let pack = Pack::default().and(&[path("published.yaml"), path("published.yaml"), path("hunting.yaml")]);
    assert_eq!((pack.rules.len(), pack.broken.len()), (2, 1));
    assert!(pack.broken[0].diagnostics[0].message.contains("is taken by"));
    let by = |only: &str, exclude: &str, min_severity| {
        let list = |text: &str| text.split(' ').filter(|t| !t.is_empty()).map(str::to_string).collect();
        let filter = Filter { only: list(only), exclude: list(exclude), min_severity };
        pack.clone().choose(&filter)
    };
    assert_eq!(by("initial-access", "", None).0.rules.len(), 1);
    assert_eq!(by("PUBLISH*", "", None).0.rules.len(), 1);
    assert_eq!(by("", "hunt*", None).0.rules.len(), 1);
    assert_eq!(by("", "", Some(Severity::High)).0.rules.len(), 1);
    assert_eq!(by("nothing", "", None).1, ["nothing"]);
}

/// The pieces of `docs/writing-queries.md` in this language.
fn blocks(language: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/writing-queries.md");
    let text = std::fs::read_to_string(path).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|part| part.split("```").next()).map(str::to_string).collect()
}

#[test]
fn the_examples_of_the_documentation_work() {
    let [rule, test] = blocks("yaml").try_into().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("example.yaml"), rule).unwrap();
    std::fs::write(folder.path().join("example.test.yaml"), test).unwrap();
    let loaded = load(&[folder.path().to_path_buf()]);
    let proof = entrail::detect::prove(&loaded.rules[0]);
    assert!(proof.holds() && proof.cases.len() == 2, "{proof:#?}");
    let case = entrail::case::Case::read(&blocks("toml")[0], folder.path()).unwrap();
    assert_eq!((case.watchlists.len(), case.thresholds.len()), (10, 2));
}
