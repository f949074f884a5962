//! Detection: outcomes, replay, merging, and what findings say.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::sync::atomic::{AtomicUsize, Ordering};

use entrail::detect::{Options, detect};
use entrail::finding::{Finding, Outcome, Severity, Verdict};
use entrail::kql::Watchlist;
use entrail::progress::Progress;
use entrail::rules::{Rule, load};
use entrail::table::{RecordId, Schema, Shape, Table, TableBuilder, Tables, time};

/// A rule from YAML; the schedule and what else matters come with the text.
fn rule(text: &str) -> Rule {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("rule{}.yaml", NEXT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&path, text).unwrap();
    let loaded = load(&[path]);
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
    loaded.rules.into_iter().next().unwrap()
}

/// Sign-ins: time, user, result.
fn signins(rows: &[(&str, &str, &str)]) -> Tables {
    let rows: Vec<_> = rows
        .iter()
        .map(|(at, user, result)| {
            let row = serde_json::json!({"TimeGenerated": at, "UserPrincipalName": user, "ResultType": result,
                                         "IPAddress": "203.0.113.7"});
            row.as_object().cloned().unwrap()
        })
        .collect();
    let mut tables = Tables::default();
    tables.insert(Table::from_rows(Schema::known("SigninLogs").unwrap(), &rows).unwrap());
    tables
}

fn run(rule: Rule, tables: &Tables, options: &Options) -> Verdict {
    detect(&[rule], tables, options, &Progress::silent()).remove(0)
}

fn findings(verdict: &Verdict) -> &[Finding] {
    match &verdict.outcome {
        Outcome::Hits(findings) => findings,
        other => panic!("expected hits, found {other:?}"),
    }
}

const COUNTED: &str = "id: counted\nname: Counted\nseverity: Medium\nkind: Scheduled\nqueryFrequency: 1h\nqueryPeriod: 1h\n\
    triggerOperator: gt\ntriggerThreshold: 0\nquery: |\n  SigninLogs\n  | where ResultType == \"50126\"\n  \
    | summarize Failures = count(), StartTime = min(TimeGenerated), EndTime = max(TimeGenerated) by UserPrincipalName\n  \
    | where Failures >= 2\nentityMappings:\n  - entityType: Account\n    fieldMappings:\n      - identifier: FullName\n        \
    columnName: UserPrincipalName\n";

#[test]
fn a_schedule_is_replayed_over_all_of_the_evidence() {
    let tables = signins(&[
        ("2026-03-01T10:05:00Z", "a@example.com", "50126"),
        ("2026-03-01T10:50:00Z", "a@example.com", "50126"),
        ("2026-03-02T10:50:00Z", "b@example.com", "50126"),
        ("2026-03-02T11:10:00Z", "b@example.com", "50126"),
        ("2026-03-28T08:00:00Z", "c@example.com", "0"),
    ]);
    let verdict = run(rule(COUNTED), &tables, &Options::default());
    let found = findings(&verdict);
    assert_eq!(found.len(), 1, "b's two failures never stand in one run's hour");
    assert_eq!(found[0].entities[0].label(), "a@example.com");
    assert_eq!(found[0].first.map(time::short).as_deref(), Some("2026-03-01 10:05:00"));
    assert_eq!(found[0].last.map(time::short).as_deref(), Some("2026-03-01 10:50:00"));
    assert_eq!(found[0].sentence, "Counted: Account a@example.com");
    assert_eq!(found[0].sources.iter().map(|s| s.record).collect::<Vec<_>>(), [1, 2]);
    let all = run(rule(COUNTED), &tables, &Options { replay: false, ..Options::default() });
    assert_eq!(findings(&all).len(), 2, "without replay the whole month is one run");
}

#[test]
fn equal_rows_of_several_alerts_are_one_hit_with_their_count_and_baseline() {
    let tables = signins(&[
        ("2026-03-01T10:05:00Z", "a@example.com", "50126"),
        ("2026-03-01T10:50:00Z", "a@example.com", "50126"),
        ("2026-03-04T12:00:00Z", "c@example.com", "0"),
    ]);
    let daily =
        COUNTED.replace("queryFrequency: 1h", "queryFrequency: 1d").replace("queryPeriod: 1h", "queryPeriod: 14d");
    let verdict = run(rule(&daily), &tables, &Options::default());
    let found = findings(&verdict);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].alerts, 4, "the runs of March 2 to 5");
    assert_eq!(found[0].limits, ["baseline 3 of 14 days"]);
}

#[test]
fn the_threshold_counts_rows_of_each_run() {
    let tables = signins(&[
        ("2026-03-01T10:05:00Z", "a@example.com", "50126"),
        ("2026-03-01T11:05:00Z", "a@example.com", "50126"),
        ("2026-03-01T11:06:00Z", "b@example.com", "50126"),
    ]);
    let text = "id: rows\nname: Rows\nseverity: Low\nqueryFrequency: 1h\nqueryPeriod: 1h\ntriggerOperator: gt\n\
                triggerThreshold: 1\nquery: SigninLogs | where ResultType == \"50126\" | project TimeGenerated, UserPrincipalName\n";
    let verdict = run(rule(text), &tables, &Options::default());
    let users: Vec<&str> = findings(&verdict).iter().map(|f| f.entities[0].label()).collect();
    assert_eq!(users, ["a@example.com", "b@example.com"], "only the hour with two rows");
}

#[test]
fn what_cannot_be_looked_at_is_not_clean() {
    let none = Tables::default();
    let verdict = run(rule(COUNTED), &none, &Options::default());
    assert!(
        matches!(&verdict.outcome, Outcome::NotEvaluable { missing, remedy }
        if missing == &["table SigninLogs"] && remedy.len() == 1),
        "{verdict:?}"
    );
    let tables = signins(&[("2026-03-01T10:05:00Z", "a@example.com", "0")]);
    let listed = "name: Listed\nquery: |\n  let accounts = _GetWatchlist('BreakGlass') | project SearchKey;\n  \
                  SigninLogs | where UserPrincipalName in~ (accounts)\n";
    let verdict = run(rule(listed), &tables, &Options::default());
    assert!(
        matches!(&verdict.outcome, Outcome::NotEvaluable { missing, .. } if missing == &["watchlist BreakGlass"]),
        "{verdict:?}"
    );
    let mut options = Options::default();
    options.watchlists.insert("BreakGlass".into(), Watchlist::of(["A@example.com".to_string()]));
    assert_eq!(findings(&run(rule(listed), &tables, &options)).len(), 1);
    assert_eq!(run(rule(COUNTED), &tables, &Options::default()).outcome, Outcome::Clean);
}

#[test]
fn rows_of_a_shape_without_the_column_are_not_judged() {
    let schema = Schema::known("SigninLogs").unwrap();
    let mut builder = TableBuilder::new(schema.clone());
    let poor = builder.shape(&Shape { name: "portal CSV".into(), missing: vec!["AuthenticationRequirement".into()] });
    let rich = builder.shape(&Shape { name: "Graph beta".into(), missing: Vec::new() });
    let text = "name: Single\nquery: SigninLogs | where AuthenticationRequirement == \"singleFactorAuthentication\"\n";
    builder.close(RecordId { evidence: 0, number: 1 }, poor);
    let mut tables = Tables::default();
    tables.insert(builder.finish());
    let verdict = run(rule(text), &tables, &Options::default());
    assert_eq!((verdict.unjudged, verdict.considered), (1, 1));
    assert!(matches!(verdict.outcome, Outcome::NotEvaluable { .. }));
    let mut builder = TableBuilder::new(schema);
    let (poor_too, rich_too) = (poor, rich);
    let again = builder.shape(&Shape { name: "portal CSV".into(), missing: vec!["AuthenticationRequirement".into()] });
    let other = builder.shape(&Shape { name: "Graph beta".into(), missing: Vec::new() });
    assert_eq!((again, other), (poor_too, rich_too));
    builder.close(RecordId { evidence: 0, number: 1 }, again);
    builder.close(RecordId { evidence: 0, number: 2 }, other);
    tables.insert(builder.finish());
    let verdict = run(rule(text), &tables, &Options::default());
    assert_eq!((verdict.unjudged, verdict.considered, &verdict.outcome), (1, 2, &Outcome::Clean));
}

#[test]
fn a_rule_that_fails_says_where_and_the_next_one_runs() {
    let tables = signins(&[("2026-03-01T10:05:00Z", "a@example.com", "50126")]);
    let broken = rule("name: Broken\nquery: |\n  SigninLogs\n  | where NoSuchColumn == 1\n");
    let source = broken.source.clone();
    let whole = rule("name: Whole\nquery: SigninLogs\n");
    let verdicts = detect(&[broken, whole], &tables, &Options::default(), &Progress::silent());
    let Outcome::Failed(diagnostics) = &verdicts[0].outcome else { panic!("{:?}", verdicts[0]) };
    assert_eq!(diagnostics[0].position(&source), Some((4, 11)));
    assert_eq!(findings(&verdicts[1]).len(), 1);
}

#[test]
fn texts_and_severity_come_from_the_row() {
    let tables = signins(&[("2026-03-01T10:05:00Z", "alice@example.com", "50126")]);
    let text = "id: texts\nname: Texts\nseverity: Low\nquery: |\n  SigninLogs\n  | extend Name = \"alice\", Suffix = \"example.com\", \
                Level = \"Critical\"\n  | project TimeGenerated, Name, Suffix, Level, ResultType\nentityMappings:\n  - entityType: Account\n    \
                fieldMappings:\n      - identifier: Name\n        columnName: Name\n      - identifier: UPNSuffix\n        columnName: Suffix\n\
                alertDetailsOverride:\n  alertDisplayNameFormat: '{{Name}} failed'\n  alertDescriptionFormat: 'Result {{ResultType}} for {{Nobody}}'\n  \
                alertSeverityColumnName: Level\n";
    let verdict = run(rule(text), &tables, &Options::default());
    let found = &findings(&verdict)[0];
    assert_eq!((found.title.as_str(), found.severity), ("alice failed", Severity::Critical));
    assert_eq!(found.sentence, "Result 50126 for {{Nobody}}");
    assert_eq!(found.entities[0].label(), "alice@example.com");
    assert!(found.id.starts_with("texts-"));
    let again = run(rule(text), &tables, &Options::default());
    assert_eq!(findings(&again)[0].id, found.id, "names are stable");
}

#[test]
fn rows_that_cannot_matter_are_left_out_and_change_nothing() {
    let month = |second: i64| time::iso(time::parse_iso("2026-03-01T00:00:00Z").unwrap() + second * 10_000_000);
    let times: Vec<String> = (0..4000).map(|n| month(n * 600)).collect();
    let rows: Vec<(&str, &str, &str)> = times
        .iter()
        .enumerate()
        .map(|(n, at)| (at.as_str(), "a@example.com", if (1..3).contains(&(n % 144)) { "50126" } else { "0" }))
        .collect();
    let tables = signins(&rows);
    let verdict = run(rule(COUNTED), &tables, &Options::default());
    assert_eq!(findings(&verdict).len(), 28, "two failures of each day fall into one hour");
    assert_eq!(findings(&verdict)[27].sources.iter().map(|s| s.record).collect::<Vec<_>>(), [3890, 3891]);
    let counting = "id: quiet\nname: Quiet\nseverity: Low\nqueryFrequency: 1d\nqueryPeriod: 1d\ntriggerOperator: gt\n\
                    triggerThreshold: 0\nquery: |\n  SigninLogs\n  | where ResultType == \"50057\"\n  | summarize N = count()\n  \
                    | where N == 0\n";
    let verdict = run(rule(counting), &tables, &Options::default());
    assert_eq!(findings(&verdict)[0].alerts, 29, "an alert on nothing is raised in every run");
}

const GUESSING: &str = "id: guessing\nname: Guessing\nseverity: Low\ntags:\n  - failures\nquery: |\n  SigninLogs\n  | where ResultType == \"50126\"\n  \
    | summarize Failures = count() by UserPrincipalName\n  | where Failures > 2\n";

#[test]
fn wrong_passwords_of_a_federated_domain_are_not_judged() {
    let row = |user: &str, issuer: &str| {
        let row = serde_json::json!({"TimeGenerated": "2026-03-01T10:05:00Z", "UserPrincipalName": user, "ResultType": "0",
                                     "TokenIssuerType": issuer});
        row.as_object().cloned().unwrap()
    };
    let rows = [
        row("a@corp.example", "ADFederationServices"),
        row("b@corp.example", "ADFederationServices"),
        row("c@example.com", "AzureAD"),
    ];
    let mut tables = Tables::default();
    tables.insert(Table::from_rows(Schema::known("SigninLogs").unwrap(), &rows).unwrap());
    let verdict = run(rule(GUESSING), &tables, &Options::default());
    assert_eq!(verdict.outcome, Outcome::Clean);
    assert_eq!(verdict.limits.len(), 1, "{:?}", verdict.limits);
    let limit = &verdict.limits[0];
    assert!(limit.starts_with("not judged: domain corp.example, ") && limit.contains("2 of 2"), "{limit}");
    let untagged = GUESSING.replace("tags:\n  - failures\n", "");
    assert!(run(rule(&untagged), &tables, &Options::default()).limits.is_empty());
    let mut options = Options::default();
    options.watchlists.insert("FederatedDomains".into(), Watchlist::of(["old.example".to_string()]));
    assert_eq!(run(rule(GUESSING), &tables, &options).limits.len(), 2);
    let servers = serde_json::json!({"TimeGenerated": "2026-03-01T10:05:00Z", "UserPrincipalName": "a@corp.example"});
    let servers = [servers.as_object().cloned().unwrap()];
    tables.insert(Table::from_rows(Schema::known("ADFSSignInLogs").unwrap(), &servers).unwrap());
    assert!(run(rule(GUESSING), &tables, &Options::default()).limits.is_empty(), "AD FS tells of its failures");
}

#[test]
fn a_list_of_a_fuzzy_union_is_used_where_it_is_given() {
    let tables =
        signins(&[("2026-03-01T10:05:00Z", "a@example.com", "0"), ("2026-03-01T10:06:00Z", "b@example.com", "0")]);
    let text = "name: Others\nquery: |\n  let known = union isfuzzy=true (datatable(SearchKey:string)[]), (_GetWatchlist('Known') | project SearchKey);\n  \
                SigninLogs | where UserPrincipalName !in~ (known)\n";
    assert_eq!(findings(&run(rule(text), &tables, &Options::default())).len(), 2);
    let mut options = Options::default();
    options.watchlists.insert("Known".into(), Watchlist::of(["A@example.com".to_string()]));
    assert_eq!(findings(&run(rule(text), &tables, &options)).len(), 1);
}
