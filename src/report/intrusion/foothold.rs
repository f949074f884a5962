//! What was left behind, and whether it was still there when the logs were exported.

use std::collections::BTreeMap;

use super::inventory::inventory;
use super::kinds::{self, GONE, Kind};
use super::trace::{Trace, text};
use super::{State, Victim};
use crate::finding::Severity;
use crate::incident::account_key;
use crate::report::Report;
use crate::table::{Table, time};
use crate::timeline::{Event, Fact, Facts, Reader};

/// Logs that tell of removals, and the column that names the operation.
const LOGS: [(&str, &str); 4] = [
    ("AuditLogs", "OperationName"),
    ("OfficeActivity", "Operation"),
    ("CloudAppEvents", "ActionType"),
    ("AzureActivity", "OperationNameValue"),
];

/// Whether something is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remains {
    /// An inventory of the evidence lists it.
    Present(String),
    /// A later event takes it away: when, and how the log names it.
    Removed(i64, String),
    /// Neither; what the logs say instead.
    Unknown(String),
}

/// One thing left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foothold {
    /// What it is.
    pub what: &'static str,
    /// What to do about it.
    pub advice: &'static str,
    /// What it was set up on.
    pub target: String,
    /// What exactly, as the log says it.
    pub details: String,
    /// The operation as the log names it.
    pub operation: String,
    /// Who did it.
    pub by: String,
    /// From where, empty where the log does not say.
    pub from: String,
    /// When, in ticks.
    pub time: Option<i64>,
    /// Whether it is the intruder's: from a followed address, or from an unnamed one by an account or application
    /// that was used before.
    pub theirs: bool,
    /// Its event in the timeline.
    pub event: usize,
    /// Findings that touch it, and the highest severity among them.
    pub findings: Vec<usize>,
    /// Highest severity.
    pub severity: Severity,
    /// Whether it is still there.
    pub remains: Remains,
}

/// An event that took something away, or changed it again.
struct Later {
    operation: String,
    plain: String,
    time: i64,
    facts: Facts,
}

/// Events of the timeline that leave something behind, of findings rated low and above.
pub(super) fn footholds(report: &Report<'_>, trace: &Trace<'_>, victims: &[Victim]) -> Vec<Foothold> {
    let mut found: Vec<(&Kind, Foothold)> = Vec::new();
    for (position, event) in report.timeline.events.iter().enumerate() {
        let facts = &event.facts;
        let failed =
            ["failure", "failed", "false"].iter().any(|word| facts.get(Fact::Result).eq_ignore_ascii_case(word));
        let theirs = trace.follows(facts.get(Fact::Ip)) || facts.get(Fact::Ip).is_empty() && used(event, victims);
        if failed || event.severity < Severity::Low && !theirs {
            continue;
        }
        let Some(kind) = kinds::kind(facts.get(Fact::Operation), facts.get(Fact::Details)) else { continue };
        found.push((kind, foothold(position, event, kind, theirs)));
    }
    let later = later(report, &found);
    let mut footholds: Vec<Foothold> = found
        .into_iter()
        .map(|(kind, mut foothold)| {
            foothold.remains = remains(report, kind, &foothold, &later);
            foothold
        })
        .collect();
    footholds.sort_by_key(|foothold| (foothold.time.is_none(), foothold.time, foothold.event));
    footholds
}

/// Whether who did it was used by the intruder before.
fn used(event: &Event, victims: &[Victim]) -> bool {
    let key = account_key(event.facts.get(Fact::User));
    victims.iter().any(|victim| {
        let before = victim.span.zip(event.time).is_some_and(|((first, _), time)| first <= time);
        before && victim.state == State::Accessed && account_key(&victim.name) == key
    })
}

fn foothold(position: usize, event: &Event, kind: &Kind, theirs: bool) -> Foothold {
    let facts = &event.facts;
    let target = match facts.get(Fact::Target) {
        "" => facts.get(Fact::User).to_owned(),
        target => target.to_owned(),
    };
    Foothold {
        what: kind.what,
        advice: kind.advice,
        target,
        details: facts.get(Fact::Details).to_owned(),
        operation: facts.get(Fact::Operation).trim().to_owned(),
        by: facts.get(Fact::User).to_owned(),
        from: facts.get(Fact::Ip).to_owned(),
        time: event.time,
        theirs,
        event: position,
        findings: event.findings.clone(),
        severity: event.severity,
        remains: Remains::Unknown(String::new()),
    }
}

/// Rows that may take one of these away: read in full only where the operation is one that can.
fn later(report: &Report<'_>, found: &[(&Kind, Foothold)]) -> Vec<Later> {
    let mut wanted: BTreeMap<String, bool> = BTreeMap::new();
    let mut rows = Vec::new();
    let first = found.iter().filter_map(|(_, foothold)| foothold.time).min();
    let Some(first) = first else { return rows };
    let matters = |operation: &str| {
        kinds::is(operation, &GONE)
            || found.iter().any(|(kind, _)| kinds::is(operation, kind.undone) || kinds::is(operation, kind.made))
    };
    for (name, column) in LOGS {
        let Some(table) = report.input.tables.get(name) else { continue };
        let reader = Reader::new(table);
        for row in 0..table.rows() {
            let operation = text(table, row, column);
            if !wanted.contains_key(operation) {
                wanted.insert(operation.to_owned(), matters(&kinds::plain(operation)));
            }
            if !wanted.get(operation).copied().unwrap_or(false) {
                continue;
            }
            if let Some(time) = reader.time(row).0.filter(|time| *time > first) {
                let facts = reader.facts(row);
                rows.push(Later {
                    operation: operation.trim().to_owned(),
                    plain: kinds::plain(operation),
                    time,
                    facts,
                });
            }
        }
    }
    rows.sort_by(|a, b| (a.time, &a.operation).cmp(&(b.time, &b.operation)));
    rows
}

fn remains(report: &Report<'_>, kind: &Kind, foothold: &Foothold, later: &[Later]) -> Remains {
    let since = foothold.time.unwrap_or(i64::MIN);
    for row in later.iter().filter(|row| row.time > since && same(foothold, &row.facts)) {
        let gone = kinds::is(&row.plain, &GONE) || kinds::is(&row.plain, kind.undone) && covers(kind, foothold, row);
        if gone || replaced(kind, foothold, row) {
            return Remains::Removed(row.time, row.operation.clone());
        }
    }
    if let Some(listed) = inventory(report, foothold) {
        return listed;
    }
    let again = later
        .iter()
        .rfind(|row| row.time > since && same(foothold, &row.facts) && kinds::is(&row.plain, kind.made))
        .filter(|_| kind.undone.is_empty());
    let mut said = match again {
        Some(row) => format!("changed again {}: compare the record", time::short(row.time)),
        None => "no removal in the logs supplied".to_owned(),
    };
    if let Some(used) = last_used(report, foothold) {
        said.push_str(&format!("; used until {}", time::short(used)));
    }
    if let Some(end) = reach(report, foothold) {
        said.push_str(&format!("; they end {}", time::short(end)));
    }
    Remains::Unknown(said)
}

/// Whether a later row speaks of the same thing: the same target, or the same person's mailbox.
fn same(foothold: &Foothold, later: &Facts) -> bool {
    let keys = |text: &str| text.split(", ").map(account_key).filter(|key| !key.is_empty()).collect::<Vec<_>>();
    let mine = keys(&foothold.target);
    let theirs = keys(later.get(Fact::Target));
    mine.iter().any(|key| theirs.contains(key))
        || later.get(Fact::Target).is_empty() && mine.contains(&account_key(later.get(Fact::User)))
}

/// A role that is removed is the role that was given, a rule the rule that was made.
fn covers(kind: &Kind, foothold: &Foothold, row: &Later) -> bool {
    if kind.what != "Role" {
        return true;
    }
    let given = property(&foothold.details, "Role.DisplayName");
    let taken = property(row.facts.get(Fact::Details), "Role.DisplayName");
    given.is_empty() || taken.is_empty() || given.eq_ignore_ascii_case(&taken)
}

/// A change of an application's credentials whose result lacks the one that was added.
fn replaced(kind: &Kind, foothold: &Foothold, row: &Later) -> bool {
    if kind.what != "Credential of an application" || !kinds::is(&row.plain, kind.made) {
        return false;
    }
    let added = key_ids(&foothold.details);
    let after = row.facts.get(Fact::Details);
    let result = after.split('→').next_back().unwrap_or(after);
    !added.is_empty() && after.contains("KeyIdentifier") && !added.iter().any(|id| result.contains(id.as_str()))
}

/// Key ids that the details have after the arrow and not before it.
fn key_ids(details: &str) -> Vec<String> {
    let part = details.split("; ").find(|part| part.contains("KeyIdentifier=")).unwrap_or_default();
    let (old, new) = part.split_once('→').unwrap_or(("", part));
    let ids = |text: &str| -> Vec<String> {
        let parts = text.split("KeyIdentifier=").skip(1);
        parts.map(|rest| rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == '-').collect()).collect()
    };
    let before = ids(old);
    ids(new).into_iter().filter(|id| !before.contains(id)).collect()
}

/// A property's value in `name: old → new; name: new`.
pub(super) fn property(details: &str, name: &str) -> String {
    let part = details.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix(": "));
    let part = part.unwrap_or_default().trim_end_matches("→ (removed)").trim();
    part.split('→').next_back().unwrap_or(part).trim().trim_matches('"').to_owned()
}

/// The last sign-in with an added credential, or by an application that was consented to.
fn last_used(report: &Report<'_>, foothold: &Foothold) -> Option<i64> {
    let last = |table: &Table, fits: &dyn Fn(usize) -> bool| {
        let reader = Reader::new(table);
        (0..table.rows()).filter(|row| fits(*row)).filter_map(|row| reader.time(row).0).max()
    };
    match foothold.what {
        "Credential of an application" => {
            let table = report.input.tables.get("AADServicePrincipalSignInLogs")?;
            let ids = key_ids(&foothold.details);
            last(table, &|row| {
                let used = text(table, row, "ServicePrincipalCredentialKeyId");
                !used.is_empty() && ids.iter().any(|id| id.eq_ignore_ascii_case(used))
            })
        }
        "Consent" => ["SigninLogs", "AADNonInteractiveUserSignInLogs"]
            .iter()
            .filter_map(|name| report.input.tables.get(name))
            .filter_map(|table| last(table, &|row| text(table, row, "AppDisplayName") == foothold.target))
            .max()
            .filter(|used| foothold.time.is_none_or(|made| *used > made)),
        _ => None,
    }
}

/// The end of the log that the foothold stands in.
fn reach(report: &Report<'_>, foothold: &Foothold) -> Option<i64> {
    let table = &report.timeline.events.get(foothold.event)?.table;
    report.coverage.tables.iter().find(|covered| covered.table == *table)?.span.map(|(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::{key_ids, property};

    #[test]
    fn details_are_read() {
        let details = r#"KeyDescription: ["[KeyIdentifier=aa-1,KeyType=X]"] → ["[KeyIdentifier=aa-1,KeyType=X]","[KeyIdentifier=bb-2,KeyType=Y]"]; Included: x"#;
        assert_eq!(key_ids(details), ["bb-2"]);
        assert_eq!(
            property("Role.ObjectID: 7; Role.DisplayName: Global Administrator", "Role.DisplayName"),
            "Global Administrator"
        );
        assert_eq!(property("Role.DisplayName: Reader → (removed)", "Role.DisplayName"), "Reader");
    }
}
