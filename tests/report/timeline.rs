//! Rows become lines of the timeline.

use entrail::finding::{Outcome, Severity, Source};
use entrail::table::Tables;
use entrail::timeline::{Fact, MOST, Timeline};
use serde_json::json;

use crate::case::{finding, sources, table, verdict};

#[test]
fn rows_of_one_sign_in_are_one_line_and_the_telling_value_wins() {
    let row = |generated: &str, method: &str, risk: &str| {
        json!({
            "TimeGenerated": generated, "CreatedDateTime": "2026-05-04T12:00:00Z", "Id": "s1", "UserPrincipalName": "a@contoso.example",
            "ResultType": "0", "ClientAppUsed": method, "DeviceDetail": {"displayName": risk},
        })
    };
    let mut tables = Tables::default();
    tables.insert(table(
        "SigninLogs",
        0,
        vec![row("2026-05-04T12:02:00Z", "none", "pc-7"), row("2026-05-04T12:09:00Z", "Browser", "")],
    ));
    let mut found = finding("f", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    found.sources = sources([1, 2]);
    let timeline = Timeline::build(&tables, &[&found], MOST);
    assert_eq!(timeline.events.len(), 1);
    let event = &timeline.events[0];
    assert_eq!(event.time_column, "CreatedDateTime");
    assert_eq!(event.records.len(), 2);
    assert_eq!(event.rows.len(), 2);
    assert_eq!(event.facts.get(Fact::Client), "Browser");
    assert_eq!(event.facts.get(Fact::Device), "pc-7");
}

#[test]
fn one_id_with_two_results_is_two_lines() {
    let row = |code: &str| json!({"CreatedDateTime": "2026-05-04T12:00:00Z", "Id": "s1", "ResultType": code});
    let mut tables = Tables::default();
    tables.insert(table("SigninLogs", 0, vec![row("50140"), row("0")]));
    let mut found = finding("f", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    found.sources = sources([1, 2]);
    assert_eq!(Timeline::build(&tables, &[&found], MOST).events.len(), 2);
}

#[test]
fn rows_without_an_id_are_never_merged() {
    let row = json!({"CreatedDateTime": "2026-05-04T12:00:00Z", "ResultType": "50126"});
    let mut tables = Tables::default();
    tables.insert(table("SigninLogs", 0, vec![row.clone(), row.clone(), row]));
    let mut found = finding("f", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    found.sources = sources([1, 2, 3]);
    assert_eq!(Timeline::build(&tables, &[&found], MOST).events.len(), 3);
}

#[test]
fn one_record_in_two_tables_is_one_line_of_the_typed_table() {
    let mut tables = Tables::default();
    tables.insert(table(
        "CloudAppEvents",
        0,
        vec![json!({
            "TimeGenerated": "2026-05-04T12:00:00Z", "ActionType": "New-InboxRule",
            "RawEventData": {"Id": "o1", "UserId": "a@contoso.example", "ObjectId": "rule"},
        })],
    ));
    tables.insert(table("OfficeActivity", 0, vec![json!({
        "TimeGenerated": "2026-05-04T12:00:00Z", "Operation": "New-InboxRule", "OfficeId": "o1", "UserId": "a@contoso.example",
    })]));
    let mut found = finding("f", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    found.sources = sources([1]);
    let timeline = Timeline::build(&tables, &[&found], MOST);
    assert_eq!(timeline.events.len(), 1);
    assert_eq!(timeline.events[0].table, "OfficeActivity");
    assert_eq!(timeline.events[0].facts.get(Fact::Target), "rule", "what the other table knew is kept");
    assert_eq!(timeline.events[0].rows.len(), 2);
}

#[test]
fn a_finding_without_records_still_has_its_line() {
    let mut found = finding("f", "r", Severity::High, "Something", "2026-05-04T12:00:00Z");
    found.row = vec![("UserPrincipalName".into(), "a@contoso.example".into())];
    found.sources = vec![Source { evidence: 7, record: 7 }];
    let timeline = Timeline::build(&Tables::default(), &[&found], MOST);
    assert_eq!(timeline.events.len(), 1);
    assert_eq!(timeline.events[0].message, "Something");
    assert_eq!(timeline.events[0].facts.get(Fact::User), "a@contoso.example");
}

#[test]
fn an_event_takes_the_highest_severity_and_all_findings() {
    let mut tables = Tables::default();
    tables.insert(table(
        "SigninLogs",
        0,
        vec![json!({"CreatedDateTime": "2026-05-04T12:00:00Z", "Id": "s1", "ResultType": "0"})],
    ));
    let mut low = finding("a", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    low.techniques = vec!["T1078.004".into()];
    low.sources = sources([1]);
    let mut high = finding("b", "r", Severity::High, "t", "2026-05-04T12:00:00Z");
    high.techniques = vec!["T1110".into()];
    high.sources = sources([1]);
    let timeline = Timeline::build(&tables, &[&low, &high], MOST);
    let event = &timeline.events[0];
    assert_eq!((event.severity, event.findings.clone()), (Severity::High, vec![0, 1]));
    assert_eq!(event.techniques, ["T1078.004", "T1110"]);
    let _ = verdict("r", Outcome::Clean);
}

#[test]
fn findings_that_rest_on_very_many_records_show_the_first_and_the_last() {
    let row = |n: u64| json!({"TimeGenerated": "2026-05-04T12:00:00Z", "Id": format!("s{n}"), "ResultType": "0"});
    let mut tables = Tables::default();
    tables.insert(table("SigninLogs", 0, (1..=50).map(row).collect()));
    let mut noisy = finding("noisy", "r", Severity::Low, "t", "2026-05-04T12:00:00Z");
    noisy.sources = sources(1..=40);
    let mut quiet = finding("quiet", "r", Severity::High, "t", "2026-05-04T12:00:00Z");
    quiet.sources = sources(41..=43);

    let whole = Timeline::build(&tables, &[&noisy, &quiet], MOST);
    assert_eq!((whole.events.len(), whole.gap()), (43, None));

    let short = Timeline::build(&tables, &[&noisy, &quiet], 13);
    let shown: Vec<u64> = short.events.iter().map(|event| event.records[0].number).collect();
    assert_eq!(shown, [1, 2, 3, 4, 5, 36, 37, 38, 39, 40, 41, 42, 43]);
    let gap = short.gap().unwrap();
    assert!(gap.contains("1 finding that") && gap.contains("leaves out 30 "), "{gap}");
}
