//! What services of the directory did: privileged roles, self-service resets, provisioning, terms of use.

use std::collections::{BTreeMap, BTreeSet};

use super::{Count, text};
use crate::table::{Table, Tables};

/// Services: the heading, how the directory audit names them, and words of operations that are theirs as well.
const SERVICES: [(&str, &[&str], &[&str]); 5] = [
    ("Privileged Identity Management", &["PIM"], &["(pim activation)", " in pim "]),
    ("Self-service password reset", &["Self-service Password Management"], &["(self-service)"]),
    ("Provisioning", &["Account Provisioning"], &[]),
    ("Terms of use", &["Terms Of Use"], &["terms of use"]),
    ("Access reviews and entitlements", &["Access Reviews", "Entitlement Management"], &[]),
];
/// Lines of one service.
const TOP: usize = 12;

/// Operations of each service that did something, most frequent first.
pub(super) fn services(tables: &Tables) -> Vec<(&'static str, Vec<Count>)> {
    let mut sums: Vec<BTreeMap<String, (u64, BTreeSet<String>)>> = vec![BTreeMap::new(); SERVICES.len()];
    if let Some(table) = tables.get("AuditLogs") {
        for row in 0..table.rows() {
            let operation = text(table, row, "OperationName").trim();
            let service = text(table, row, "LoggedByService");
            let lower = operation.to_lowercase();
            let theirs = SERVICES.iter().position(|(_, names, words)| {
                names.iter().any(|name| service.eq_ignore_ascii_case(name))
                    || words.iter().any(|word| lower.contains(word))
            });
            if let Some(sums) = theirs.and_then(|position| sums.get_mut(position)) {
                let result = text(table, row, "Result");
                let told = if result.is_empty() || result.eq_ignore_ascii_case("success") {
                    operation.to_owned()
                } else {
                    format!("{operation}: {result}")
                };
                add(sums, told, actor(table, row));
            }
        }
    }
    if let (Some(table), Some(sums)) = (tables.get("AADProvisioningLogs"), sums.get_mut(2)) {
        for row in 0..table.rows() {
            let action = text(table, row, "ProvisioningAction");
            let action = if action.is_empty() { text(table, row, "OperationName") } else { action };
            let status = super::inside(text(table, row, "ProvisioningStatusInfo"), "status");
            let status = if status.is_empty() {
                super::inside(text(table, row, "ProvisioningStatusInfo"), "Status")
            } else {
                status
            };
            let told = if status.is_empty() { action.to_owned() } else { format!("{action}: {status}") };
            add(sums, told, super::inside(text(table, row, "TargetIdentity"), "displayName").to_owned());
        }
    }
    let named = SERVICES.iter().zip(sums).map(|((title, ..), sums)| (*title, ranked(sums)));
    named.filter(|(_, rows)| !rows.is_empty()).collect()
}

fn add(sums: &mut BTreeMap<String, (u64, BTreeSet<String>)>, what: String, who: String) {
    let entry = sums.entry(what).or_default();
    entry.0 += 1;
    if !who.is_empty() {
        entry.1.insert(who);
    }
}

/// Who the audit names first: the account that acted.
fn actor(table: &Table, row: usize) -> String {
    super::inside(text(table, row, "InitiatedBy"), "userPrincipalName").to_lowercase()
}

fn ranked(sums: BTreeMap<String, (u64, BTreeSet<String>)>) -> Vec<Count> {
    let mut rows: Vec<Count> = sums
        .into_iter()
        .map(|(value, (events, who))| Count { value, meaning: String::new(), events, accounts: who.len() as u64 })
        .collect();
    rows.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.value.cmp(&b.value)));
    rows.truncate(TOP);
    rows
}
