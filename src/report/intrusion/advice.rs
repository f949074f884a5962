//! What to do next, each line tied to the findings that ask for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Intrusion, Remains, State, Victim};
use crate::finding::Outcome;
use crate::report::Report;
use crate::report::summary::{listed, many};
use crate::table::time::TICKS_PER_DAY;

/// Exports that the advice asks for.
const EXPORTS: usize = 4;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What to do.
    pub text: String,
    /// What it applies to.
    pub on: Vec<String>,
    /// Findings that ask for it.
    pub findings: Vec<usize>,
}

/// What is urgent first: stop, remove, look further.
pub(super) fn advice(report: &Report<'_>, found: &Intrusion) -> Vec<Advice> {
    let mut advice = Vec::new();
    let mut add = |text: String, on: Vec<String>, findings: BTreeSet<usize>| {
        if !on.is_empty() || !findings.is_empty() {
            advice.push(Advice { text, on, findings: findings.into_iter().collect() });
        }
    };
    let names = |victims: &[&Victim]| victims.iter().map(|victim| victim.name.clone()).collect::<Vec<_>>();
    let asking = |victims: &[&Victim]| victims.iter().flat_map(|victim| victim.findings.iter().copied()).collect();
    let open = |victim: &&Victim| victim.contained.is_none() || victim.after > 0;
    let used: Vec<&Victim> = found.people(State::Accessed).filter(open).collect();
    add(
        "Disable these accounts or reset their passwords, and revoke their sessions, in one go: a reset alone leaves \
         tokens alive."
            .to_owned(),
        names(&used),
        asking(&used),
    );
    let apps: Vec<&Victim> = found.applications().filter(open).collect();
    add(
        "Disable these applications until every credential of theirs is replaced and their permissions are judged."
            .to_owned(),
        names(&apps),
        asking(&apps),
    );
    let known: Vec<&Victim> = found.people(State::PasswordKnown).filter(open).collect();
    add(
        "Reset these passwords: they were right, and only the next step stopped it.".to_owned(),
        names(&known),
        asking(&known),
    );

    // By the first foothold that asks for a step, then the step: what it concerns, and the findings that say so.
    type Asked = (BTreeSet<String>, BTreeSet<usize>);
    let mut left: BTreeMap<(usize, &str), Asked> = BTreeMap::new();
    for (order, foothold) in found.footholds.iter().enumerate() {
        if matches!(foothold.remains, Remains::Removed(..)) || !foothold.theirs {
            continue;
        }
        let first = left.keys().find(|(_, text)| *text == foothold.advice).map_or(order, |(first, _)| *first);
        let entry = left.entry((first, foothold.advice)).or_default();
        // A rule's name ends the path of its mailbox.
        let name = foothold.target.rsplit('/').next().unwrap_or(&foothold.target);
        entry.0.insert(name.to_owned());
        entry.1.extend(&foothold.findings);
    }
    for ((_, text), (targets, findings)) in left {
        add(text.trim_end_matches(':').to_owned() + ".", targets.into_iter().collect(), findings);
    }

    let followed: Vec<String> =
        found.suspects.iter().filter(|s| s.followed()).map(|s| crate::report::defang(&s.address.to_string())).collect();
    add(
        "Look for these addresses in every other log at hand (proxy, VPN, endpoints, other tenants), and block them once \
         nothing of the own depends on them."
            .to_owned(),
        followed,
        BTreeSet::new(),
    );
    let single: Vec<&Victim> = found.people(State::Accessed).filter(|victim| victim.single_factor.0 > 0).collect();
    add(
        "Require a second factor that cannot be phished: these accounts were entered with one factor.".to_owned(),
        names(&single),
        asking(&single),
    );
    let boxes: BTreeSet<String> = found.reached.iter().map(|reached| reached.place.clone()).collect();
    add(
        "Have the owners and the data protection officer judge what these places held: what was opened is listed under \
         data accessed."
            .to_owned(),
        boxes.into_iter().collect(),
        BTreeSet::new(),
    );
    let missing = exports(report).into_iter().map(|(text, rules)| format!("{text} ({})", many(rules, "rule", "rules")));
    add(
        "Get the exports that most rules could not look without, and run again.".to_owned(),
        missing.collect(),
        BTreeSet::new(),
    );
    if let Some(text) = earlier(report, found) {
        add(text.0, vec![text.1], BTreeSet::new());
    }
    advice
}

/// Missing exports, those that blind most rules first.
fn exports(report: &Report<'_>) -> Vec<(String, u64)> {
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    for verdict in report.input.verdicts {
        if let Outcome::NotEvaluable { remedy, .. } = &verdict.outcome {
            for text in remedy.iter().collect::<BTreeSet<_>>() {
                *wanted.entry(text.clone()).or_default() += 1;
            }
        }
    }
    let mut rows: Vec<(String, u64)> = wanted.into_iter().collect();
    rows.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    rows.truncate(EXPORTS);
    rows
}

/// Logs that begin shortly before the intruder is first seen cannot say that nothing was before.
fn earlier(report: &Report<'_>, found: &Intrusion) -> Option<(String, String)> {
    let (first, _) = found.span?;
    let late = report
        .coverage
        .tables
        .iter()
        .filter(|covered| covered.span.is_some_and(|(begin, _)| begin.saturating_add(3 * TICKS_PER_DAY) > first));
    let tables: Vec<&str> = late.map(|covered| covered.table.as_str()).collect();
    if tables.is_empty() {
        return None;
    }
    Some((
        "Export older logs, as far as they are kept: these begin less than three days before the first event from the \
         intruder's addresses, or after it."
            .to_owned(),
        listed(tables.iter().copied()),
    ))
}
