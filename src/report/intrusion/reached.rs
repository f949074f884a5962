//! Data that was read, taken, sent or deleted from the followed addresses.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::trace::{Deed, Trace, text};
use crate::report::Report;
use crate::table::{RecordId, Table};
use crate::timeline::Fact;

/// Operations by what they do to data, in lower case.
const KINDS: [(&str, &[&str]); 8] = [
    ("mail opened", &["mailitemsaccessed", "mailboxlogin", "folderbind", "messagebind"]),
    ("mail sent", &["send", "sendas", "sendonbehalf"]),
    ("mail moved or deleted", &["harddelete", "softdelete", "movetodeleteditems", "move"]),
    (
        "files opened",
        &["fileaccessed", "fileaccessedextended", "filepreviewed", "fileviewed", "pageviewed", "filemodified"],
    ),
    ("files taken", &["filedownloaded", "filesyncdownloadedfull", "filesyncdownloadedpartial", "filecopied"]),
    (
        "searches",
        &[
            "searchqueryperformed",
            "searchqueryinitiated",
            "searchqueryinitiatedexchange",
            "searchqueryinitiatedsharepoint",
        ],
    ),
    ("exports", &["searchexported", "searchexportdownloaded", "viewedsearchexported", "new-compliancesearchaction"]),
    ("secrets read", &["secretget", "keyget", "certificateget", "vaultget"]),
];

/// What was done to the data in one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// What was done.
    pub what: &'static str,
    /// The mailbox, site, vault or service.
    pub place: String,
    /// In whose name.
    pub by: BTreeSet<String>,
    /// Records that say so.
    pub records: u64,
    /// Different messages, files or secrets, as far as the records name them.
    pub items: BTreeSet<String>,
    /// Records that say a folder was synchronised whole: all of it is to be taken as read.
    pub synced: u64,
    /// Records that say recording was throttled: more was read than is told.
    pub throttled: u64,
    /// First and last, in ticks.
    pub span: Option<(i64, i64)>,
}

/// By what was done and where, most records first.
pub(super) fn reached(report: &Report<'_>, trace: &Trace<'_>) -> Vec<Reached> {
    let raw = raw(report, trace);
    let mut found: BTreeMap<(usize, String), Reached> = BTreeMap::new();
    for deed in &trace.deeds {
        let Some((rank, what, place)) = kind(report, deed) else { continue };
        let entry = found.entry((rank, place.clone())).or_default();
        entry.what = what;
        entry.place = place;
        entry.records += 1;
        if !deed.facts.get(Fact::User).is_empty() {
            entry.by.insert(deed.facts.get(Fact::User).to_owned());
        }
        let whole = raw.get(&deed.record).map_or("", |(table, row)| text(table, *row, "RawEventData"));
        let row = report.input.tables.get(deed.table);
        let cell = |column: &str| row.map_or("", |table| text(table, deed.row, column));
        let properties = cell("OperationProperties");
        let says = |name: &str, value: &str| [whole, properties].iter().any(|text| holds(text, name, value));
        entry.synced += u64::from(says("MailAccessType", "Sync"));
        entry.throttled += u64::from(says("IsThrottled", "True"));
        for text in [whole, cell("Folders"), cell("AffectedItems"), cell("Item")] {
            entry.items.extend(values(text, "InternetMessageId"));
        }
        if what.starts_with("files") || what == "secrets read" {
            let item = [cell("SourceFileName"), cell("OfficeObjectId"), deed.facts.get(Fact::Target)];
            entry.items.extend(item.into_iter().find(|item| !item.is_empty()).map(str::to_owned));
        }
        if let Some(time) = deed.time {
            let (first, last) = entry.span.unwrap_or((time, time));
            entry.span = Some((first.min(time), last.max(time)));
        }
    }
    let mut rows: Vec<((usize, String), Reached)> = found.into_iter().collect();
    rows.sort_by(|a, b| {
        (a.0.0, std::cmp::Reverse(a.1.records), &a.0.1).cmp(&(b.0.0, std::cmp::Reverse(b.1.records), &b.0.1))
    });
    rows.into_iter().map(|(_, reached)| reached).collect()
}

/// What a row did to data, and where.
fn kind(report: &Report<'_>, deed: &Deed) -> Option<(usize, &'static str, String)> {
    let facts = &deed.facts;
    if deed.table.ends_with("GraphActivityLogs") {
        let answered = facts.get(Fact::Result).starts_with('2');
        let place = facts.get(Fact::Target).split('?').next().unwrap_or_default();
        let place: String = place.split('/').take(6).collect::<Vec<_>>().join("/");
        return answered.then_some((KINDS.len(), "Graph requests answered", place));
    }
    let operation = facts.get(Fact::Operation).trim().to_lowercase();
    let (rank, (what, _)) = KINDS.iter().enumerate().find(|(_, (_, names))| names.contains(&operation.as_str()))?;
    let table = report.input.tables.get(deed.table)?;
    let columns = ["MailboxOwnerUPN", "Site_Url", "ResourceId", "_ResourceId", "UserId"];
    let place = columns.iter().map(|column| text(table, deed.row, column)).find(|place| !place.is_empty());
    let place = place.unwrap_or_else(|| facts.get(Fact::User)).trim_end_matches('/');
    Some((rank, what, if place.contains('@') { place.to_lowercase() } else { place.to_owned() }))
}

/// Rows of the catch-all table by record: they carry what the typed table leaves out.
fn raw<'a>(report: &Report<'a>, trace: &Trace<'_>) -> FxHashMap<RecordId, (&'a Table, usize)> {
    let wanted: FxHashMap<RecordId, ()> = trace.deeds.iter().map(|deed| (deed.record, ())).collect();
    let Some(table) = report.input.tables.get("CloudAppEvents").filter(|_| !wanted.is_empty()) else {
        return FxHashMap::default();
    };
    let rows = (0..table.rows()).map(|row| (table.record(row), row));
    rows.filter(|(record, _)| wanted.contains_key(record))
        .map(|(record, row)| (record, (table.as_ref(), row)))
        .collect()
}

/// Whether JSON text has a name and value pair, in either of the log's two forms.
fn holds(text: &str, name: &str, value: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let rest: String = text.get(at + name.len()..).unwrap_or_default().chars().take(60).collect();
        let plain: String = rest.chars().filter(|c| !"\"\\ :,".contains(*c)).collect();
        let plain = plain.strip_prefix("Value").unwrap_or(&plain).to_lowercase();
        plain.starts_with(&value.to_lowercase())
    })
}

/// Text values of a name in JSON text.
fn values(text: &str, name: &str) -> Vec<String> {
    let parts = text.match_indices(name).filter_map(|(at, _)| text.get(at + name.len()..));
    parts
        .filter_map(|rest| {
            let rest = rest.trim_start_matches(['"', '\\', ' ', ':']);
            let value: String = rest.chars().take_while(|c| !matches!(c, '"' | '\\')).take(300).collect();
            (!value.is_empty()).then_some(value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{holds, values};

    #[test]
    fn properties_are_found_in_both_forms() {
        let listed = r#"[{"Name":"MailAccessType","Value":"Sync"},{"Name":"IsThrottled","Value":"False"}]"#;
        assert!(holds(listed, "MailAccessType", "Sync") && !holds(listed, "IsThrottled", "True"));
        assert!(holds(r#"{"MailAccessType": "Bind"}"#, "MailAccessType", "Bind"));
        assert_eq!(
            values(r#"{"InternetMessageId":"<a@b>"},{"InternetMessageId": "<c@d>"}"#, "InternetMessageId"),
            ["<a@b>", "<c@d>"]
        );
    }
}
