//! Incidents: findings that share accounts, addresses, sessions or applications within days of each other.
//!
//! A rule sees one step of an intrusion; what a reader asks for is the whole walk. Findings are joined by what they
//! name, never by resemblance, and what everybody in the organisation shares (its own addresses, Microsoft's
//! applications, service accounts) joins nothing.

mod bond;
mod title;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::finding::{Finding, Severity};
use crate::rules::attack::{TACTICS, Tactic};
use crate::table::TICKS_PER_SECOND;
use bond::{Bond, bonds};
pub use bond::{Common, account_key};

/// Longest pause between two findings that are joined, in ticks: four days, so that a Friday morning and the
/// Monday evening after it still belong together.
pub const WINDOW: i64 = 4 * 86_400 * TICKS_PER_SECOND;

/// Findings that belong together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Incident {
    /// Stable name: a hash of the ids of its findings.
    pub id: String,
    /// Who, from where, and how far it went, in plain words.
    pub title: String,
    /// Sum of [`weight`] over its rules, each with its most severe finding.
    pub score: u64,
    /// Highest severity of its findings.
    pub severity: Severity,
    /// First event, ticks.
    pub first: Option<i64>,
    /// Last event, ticks.
    pub last: Option<i64>,
    /// Accounts that its findings name, those of most findings first.
    pub accounts: Vec<String>,
    /// Addresses that its findings name, those of most findings first; common ones left out.
    pub addresses: Vec<String>,
    /// Applications that its findings name, those of most findings first; common ones left out.
    pub apps: Vec<String>,
    /// Tactics that its findings name, in kill-chain order.
    pub phases: Vec<&'static Tactic>,
    /// Positions of its findings: in order of time, and in kill-chain order where they begin together.
    pub findings: Vec<usize>,
    /// Those of `findings` that did not make it: informational or without a time, but sharing an account, an
    /// address, a session or an application with those that did.
    pub attached: BTreeSet<usize>,
}

/// What a rule adds to the score of an incident: a critical finding outweighs a handful of medium ones.
pub fn weight(severity: Severity) -> u64 {
    match severity {
        Severity::Critical => 100,
        Severity::High => 40,
        Severity::Medium => 10,
        Severity::Low => 3,
        Severity::Informational => 0,
    }
}

/// Joins findings to incidents, the highest score first. `sessions` holds the session ids behind each finding, in the
/// order of the findings. A lone finding is an incident when it is high or critical; low ones alone are none.
pub fn correlate(findings: &[&Finding], sessions: &[BTreeSet<String>], common: &Common, window: i64) -> Vec<Incident> {
    let nobody = BTreeSet::new();
    let named: Vec<BTreeSet<Bond>> = findings
        .iter()
        .enumerate()
        .map(|(position, finding)| bonds(finding, sessions.get(position).unwrap_or(&nobody), common))
        .collect();
    let joins = |position: usize| {
        findings.get(position).is_some_and(|f| f.severity > Severity::Informational && f.first.is_some())
    };
    let mut groups = Groups { parent: (0..findings.len()).collect() };
    for positions in by_bond(&named).values() {
        let mut spans: Vec<(i64, i64, usize)> = positions
            .iter()
            .filter(|position| joins(**position))
            .filter_map(|&position| span(findings.get(position)?).map(|(first, last)| (first, last, position)))
            .collect();
        spans.sort_unstable();
        let mut reached: Option<(i64, usize)> = None;
        for (first, last, position) in spans {
            if let Some((end, other)) = reached
                && first.saturating_sub(end) <= window
            {
                groups.join(other, position);
            }
            reached = Some((reached.map_or(last, |(end, _)| end.max(last)), position));
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in (0..findings.len()).filter(|&position| joins(position)) {
        members.entry(groups.root(position)).or_default().push(position);
    }
    let mut incidents: Vec<Incident> = members
        .into_values()
        .filter(|members| worth(findings, members))
        .map(|members| {
            let attached = companions(findings, &named, &members, window, joins);
            assemble(findings, members, attached, common)
        })
        .collect();
    incidents.sort_by(|a, b| {
        (b.score, b.severity).cmp(&(a.score, a.severity)).then_with(|| (a.first, &a.id).cmp(&(b.first, &b.id)))
    });
    incidents
}

/// Whether findings make an incident.
fn worth(findings: &[&Finding], members: &[usize]) -> bool {
    let worst = members.iter().filter_map(|&position| findings.get(position)).map(|f| f.severity).max();
    worst.is_some_and(|worst| worst >= if members.len() > 1 { Severity::Medium } else { Severity::High })
}

fn by_bond(named: &[BTreeSet<Bond>]) -> BTreeMap<&Bond, Vec<usize>> {
    let mut found: BTreeMap<&Bond, Vec<usize>> = BTreeMap::new();
    for (position, bonds) in named.iter().enumerate() {
        for bond in bonds {
            found.entry(bond).or_default().push(position);
        }
    }
    found
}

fn span(finding: &Finding) -> Option<(i64, i64)> {
    let first = finding.first?;
    Some((first, finding.last.unwrap_or(first).max(first)))
}

/// Findings that join nothing themselves but share something with a finding of the incident near to them.
fn companions(
    findings: &[&Finding],
    named: &[BTreeSet<Bond>],
    members: &[usize],
    window: i64,
    joins: impl Fn(usize) -> bool,
) -> BTreeSet<usize> {
    let mut spans: BTreeMap<&Bond, Vec<(i64, i64)>> = BTreeMap::new();
    for &member in members {
        let Some(own) = findings.get(member).and_then(|finding| span(finding)) else { continue };
        named.get(member).into_iter().flatten().for_each(|bond| spans.entry(bond).or_default().push(own));
    }
    // Without a time nothing speaks against it.
    let near = |position: usize, (first, last): (i64, i64)| match findings.get(position).and_then(|f| span(f)) {
        Some((begin, end)) => begin.saturating_sub(last) <= window && first.saturating_sub(end) <= window,
        None => true,
    };
    let shares = |position: usize| {
        let bonds = named.get(position).into_iter().flatten();
        bonds.filter_map(|bond| spans.get(bond)).flatten().any(|own| near(position, *own))
    };
    (0..findings.len()).filter(|&position| !joins(position) && shares(position)).collect()
}

fn assemble(findings: &[&Finding], members: Vec<usize>, attached: BTreeSet<usize>, common: &Common) -> Incident {
    let of = |position: &usize| findings.get(*position).copied();
    let mut rules: BTreeMap<&str, Severity> = BTreeMap::new();
    for finding in members.iter().filter_map(of) {
        let known = rules.entry(&finding.rule).or_default();
        *known = (*known).max(finding.severity);
    }
    let mut order: Vec<usize> = members.iter().copied().chain(attached.iter().copied()).collect();
    order.sort_by_key(|position| {
        let finding = of(position);
        let time = finding.and_then(|f| f.first);
        (time.is_none(), time, finding.and_then(stage), finding.map(|f| (std::cmp::Reverse(f.severity), f.id.clone())))
    });
    let chain: Vec<&Finding> = members.iter().filter_map(of).collect();
    let phases = TACTICS.iter().filter(|tactic| chain.iter().any(|f| tactics(f).any(|t| t == *tactic)));
    let mut incident = Incident {
        id: name(chain.iter().map(|finding| finding.id.as_str())),
        score: rules.values().map(|severity| weight(*severity)).sum(),
        severity: chain.iter().map(|finding| finding.severity).max().unwrap_or_default(),
        first: chain.iter().filter_map(|finding| finding.first).min(),
        last: chain.iter().filter_map(|finding| finding.last.or(finding.first)).max(),
        phases: phases.collect(),
        findings: order,
        attached,
        ..Incident::default()
    };
    (incident.accounts, incident.addresses, incident.apps) = title::cast(&chain, common);
    incident.title = title::title(&incident, &chain);
    incident
}

/// The tactics of a finding as ATT&CK names them.
fn tactics(finding: &Finding) -> impl Iterator<Item = &'static Tactic> {
    finding.tactics.iter().filter_map(|name| crate::rules::attack::tactic(name))
}

/// Where in the kill chain a finding's first tactic stands.
fn stage(finding: &Finding) -> Option<usize> {
    TACTICS.iter().position(|tactic| tactics(finding).any(|own| own == tactic))
}

fn name<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    let digest = Sha256::digest(ids.join("\n").as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Which findings belong together, as a forest.
struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    fn root(&mut self, mut at: usize) -> usize {
        while let Some(&up) = self.parent.get(at)
            && up != at
        {
            let above = self.parent.get(up).copied().unwrap_or(up);
            if let Some(slot) = self.parent.get_mut(at) {
                *slot = above;
            }
            at = above;
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.parent.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests;
