//! Who plays a part in an incident, and its title.

use std::collections::BTreeMap;

use super::Incident;
use super::bond::{Common, account_key, address};
use crate::finding::Finding;

/// Accounts, addresses and applications that findings name, those of most findings first, then in the order they
/// come. What is common is left out of addresses and applications.
pub(super) fn cast(chain: &[&Finding], common: &Common) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut accounts, mut addresses, mut apps) = (Counted::default(), Counted::default(), Counted::default());
    let mut chain: Vec<&&Finding> = chain.iter().collect();
    chain.sort_by_key(|finding| (finding.first, &finding.id));
    for finding in chain {
        for entity in &finding.entities {
            let label = entity.label();
            match entity.kind.as_str() {
                "Account" | "Mailbox" => {
                    let key = account_key(label);
                    if !common.account(&key) {
                        accounts.add(key.clone(), if key.contains('@') { &key } else { label }, &finding.id);
                    }
                }
                "IP" => {
                    if let Some(found) = address(label).filter(|found| !common.address(*found)) {
                        addresses.add(found.to_string(), &found.to_string(), &finding.id);
                    }
                }
                "CloudApplication" => {
                    let known = entity.identifiers.values().any(|value| common.app(&value.to_lowercase()));
                    if !known {
                        apps.add(label.to_lowercase(), label, &finding.id);
                    }
                }
                _ => {}
            }
        }
    }
    // A service principal that acts is named as an account and as an application: once is enough.
    accounts.rows.retain(|key, _| !apps.rows.contains_key(key));
    (accounts.ranked(), addresses.ranked(), apps.ranked())
}

#[derive(Default)]
struct Counted {
    /// By key: position of the first, how it is written, the finding counted last, findings.
    rows: BTreeMap<String, (usize, String, String, usize)>,
    next: usize,
}

impl Counted {
    fn add(&mut self, key: String, written: &str, finding: &str) {
        if key.is_empty() {
            return;
        }
        self.next += 1;
        let row = self.rows.entry(key).or_insert((self.next, written.to_owned(), String::new(), 0));
        if row.2 != finding {
            finding.clone_into(&mut row.2);
            row.3 += 1;
        }
    }

    fn ranked(self) -> Vec<String> {
        let mut rows: Vec<_> = self.rows.into_values().collect();
        rows.sort_by_key(|(first, _, _, findings)| (std::cmp::Reverse(*findings), *first));
        rows.into_iter().map(|(_, written, _, _)| written).collect()
    }
}

/// "mara@example.com and 3 more accounts, from 203.0.113.7: initial access to exfiltration".
pub(super) fn title(incident: &Incident, chain: &[&Finding]) -> String {
    if let [only] = chain {
        return only.title.clone();
    }
    let whom = match (incident.accounts.as_slice(), incident.apps.as_slice()) {
        ([], []) => String::new(),
        ([], apps) => listed(apps, "application", "applications"),
        (accounts, _) => listed(accounts, "account", "accounts"),
    };
    let whence = listed(&incident.addresses, "address", "addresses");
    let actors = match (whom.is_empty(), whence.is_empty()) {
        (true, true) => chain.first().map_or_else(String::new, |finding| finding.title.clone()),
        (true, false) => whence,
        (false, true) => whom,
        (false, false) => format!("{whom}, from {whence}"),
    };
    match incident.phases.as_slice() {
        [] => actors,
        [only] => format!("{actors}: {}", only.name.to_lowercase()),
        [first, .., last] => format!("{actors}: {} to {}", first.name.to_lowercase(), last.name.to_lowercase()),
    }
}

/// The first name, and how many more there are.
fn listed(names: &[String], one: &str, several: &str) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first, second] => format!("{first} and {second}"),
        [first, rest @ ..] => {
            format!("{first} and {} more {}", rest.len(), if rest.len() == 1 { one } else { several })
        }
    }
}
