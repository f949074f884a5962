//! Accounts that findings name.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Entity, Finding, Severity};
use crate::timeline::{Fact, Timeline};

/// One account with all that is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Name as first met: a user principal name where there is one.
    pub name: String,
    /// Highest severity of its findings.
    pub severity: Severity,
    /// Positions of its findings.
    pub findings: Vec<usize>,
    /// Time of the first and the last of its findings' events, in ticks.
    pub span: Option<(i64, i64)>,
    /// Events of the timeline that it is the actor of.
    pub events: usize,
    /// Addresses it is seen from in the timeline, ascending.
    pub addresses: BTreeSet<String>,
    /// Countries it is seen from in the timeline, ascending.
    pub countries: BTreeSet<String>,
}

/// Whether an entity is an account of a person or a service.
pub fn is_account(entity: &Entity) -> bool {
    matches!(entity.kind.as_str(), "Account" | "Mailbox")
}

/// The accounts that findings name, most severe first.
pub fn accounts(findings: &[&Finding], timeline: &Timeline) -> Vec<Account> {
    let mut found: BTreeMap<String, Account> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        for entity in finding.entities.iter().filter(|entity| is_account(entity)) {
            let name = name(entity);
            if name.is_empty() {
                continue;
            }
            let account = found.entry(name.to_lowercase()).or_default();
            if account.name.is_empty() {
                account.name = name;
            }
            account.severity = account.severity.max(finding.severity);
            if account.findings.last() != Some(&position) {
                account.findings.push(position);
            }
            for time in [finding.first, finding.last].into_iter().flatten() {
                let (first, last) = account.span.unwrap_or((time, time));
                account.span = Some((first.min(time), last.max(time)));
            }
        }
    }
    for event in &timeline.events {
        let Some(account) = found.get_mut(&event.facts.get(Fact::User).to_lowercase()) else { continue };
        account.events += 1;
        for (set, fact) in [(&mut account.addresses, Fact::Ip), (&mut account.countries, Fact::Country)] {
            let value = event.facts.get(fact);
            if !value.is_empty() {
                set.insert(value.to_owned());
            }
        }
    }
    let mut accounts: Vec<Account> = found.into_values().collect();
    let rank =
        |a: &Account| (std::cmp::Reverse(a.severity), std::cmp::Reverse(a.findings.len()), a.name.to_lowercase());
    accounts.sort_by_key(rank);
    accounts
}

/// Name of an account; Sentinel's pair of name and UPN suffix is put together.
pub fn name(entity: &Entity) -> String {
    let get = |key: &str| entity.identifiers.get(key).map_or("", String::as_str);
    if get("FullName").is_empty() && !get("Name").is_empty() && !get("UPNSuffix").is_empty() {
        return format!("{}@{}", get("Name"), get("UPNSuffix"));
    }
    entity.label().to_owned()
}
