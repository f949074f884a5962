//! One line of the timeline, as all tabular outputs write it. The columns are declared here once.

use super::Report;
use crate::table::time;
use crate::timeline::{Event, Fact};

/// Columns before the facts of an event: name and meaning.
const BEFORE: [(&str, &str); 11] = [
    ("datetime", "When it happened, with microseconds, UTC"),
    ("timestamp", "The same in microseconds since 1970"),
    ("timestamp_desc", "The column of the log that the time was read from"),
    ("message", "Who did what, from where, with which result"),
    ("data_type", "Kind of record, after plaso where plaso knows it"),
    ("level", "Highest severity among the findings"),
    ("finding", "Findings that touch it, as the report numbers them"),
    ("rule_title", "Titles of these findings"),
    ("rule_id", "Ids of their rules"),
    ("techniques", "ATT&CK techniques"),
    ("table", "Azure Monitor table of the row"),
];

/// Columns after the facts.
const AFTER: [(&str, &str); 3] = [
    ("evidence_file", "Files that the record stands in"),
    ("evidence_record", "Record numbers in these files, from 1"),
    ("evidence_sha256", "SHA-256 of these files"),
];

/// Short name of the source in the forms of plaso.
pub const SOURCE: &str = "ENTRA";

/// What stands between several values in one cell.
const BETWEEN: &str = " ¦ ";

/// Name and meaning of each column, in order.
pub fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    BEFORE.into_iter().chain(Fact::all().map(|fact| (fact.name(), fact.meaning()))).chain(AFTER)
}

/// The values of an event, one for each column.
pub fn values(report: &Report<'_>, event: &Event) -> Vec<String> {
    let join = |parts: Vec<String>| parts.join(BETWEEN);
    let mut titles: Vec<String> = report.touching(event).map(|found| found.finding.title.clone()).collect();
    titles.dedup();
    let mut rules: Vec<String> = report.touching(event).map(|found| found.finding.rule.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    let mut values = vec![
        event.time.map(datetime).unwrap_or_default(),
        event.time.map(|ticks| time::unix_micros(ticks).to_string()).unwrap_or_default(),
        event.time_column.to_owned(),
        event.message.clone(),
        data_type(&event.table).to_owned(),
        event.severity.word().to_owned(),
        join(report.touching(event).map(|found| found.label()).collect()),
        join(titles),
        join(rules),
        join(event.techniques.clone()),
        event.table.clone(),
    ];
    values.extend(Fact::all().map(|fact| event.facts.get(fact).to_owned()));
    let entries = || event.records.iter().filter_map(|record| report.evidence(*record));
    values.push(join(entries().map(|entry| entry.path.clone()).collect()));
    values.push(join(event.records.iter().map(|record| record.number.to_string()).collect()));
    values.push(join(entries().map(|entry| entry.sha256.clone()).collect()));
    values
}

/// What an event says of itself in one word each, as Timesketch's tags.
pub fn tags(report: &Report<'_>, event: &Event) -> Vec<String> {
    let mut tags = vec![format!("level:{}", event.severity.word())];
    tags.extend(event.techniques.iter().cloned());
    tags.extend(report.touching(event).map(|found| format!("finding:{}", found.label())));
    tags
}

/// Date and time with microseconds, without an offset: the form that Timeline Explorer and spreadsheets sort as a time.
pub fn plain(ticks: i64) -> String {
    let Some(at) = time::civil(ticks) else { return String::new() };
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// ISO 8601 with microseconds and an offset, as Timesketch wants it.
pub fn datetime(ticks: i64) -> String {
    let Some(at) = time::civil(ticks) else { return String::new() };
    at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// plaso's name for the kind of record, so that analysers written for it work; own names where it has none.
pub fn data_type(table: &str) -> &'static str {
    match table {
        "OfficeActivity" | "CloudAppEvents" | "EnrichedMicrosoft365AuditLogs" => "microsoft365:audit_log:entry",
        "AzureActivity" => "azure:activitylog:entry",
        "AuditLogs" => "entra:audit:entry",
        "" => "entrail:finding",
        table if table.contains("SignIn") || table.contains("Signin") => "entra:signin:entry",
        table if table.contains("Risk") => "entra:risk:entry",
        _ => "azuremonitor:row",
    }
}
