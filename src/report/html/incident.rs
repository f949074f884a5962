//! Incidents and looked-for values as the page tells them.

use super::{Link, at, graph, links, swim};
use crate::finding::Severity;
use crate::incident::Incident;
use crate::report::{Report, clipped, defang, known};

/// Incidents that the page tells. All of them stand in `findings.json`.
pub const SHOWN: usize = 25;
/// Steps that a card lists.
const STEPS: usize = 60;
/// Names in one line of a card.
const NAMES: usize = 12;

/// One incident.
pub struct Card {
    pub label: String,
    pub id: String,
    pub title: String,
    pub score: u64,
    pub severity: Severity,
    pub when: String,
    pub cast: Vec<(&'static str, Vec<String>, String)>,
    pub phases: Vec<&'static str>,
    pub steps: Vec<Step>,
    pub more: usize,
    pub lanes: String,
    pub tactics: Vec<(&'static str, &'static str)>,
    pub graph: String,
    pub lines: Vec<graph::Line>,
}

/// One finding of an incident.
pub struct Step {
    pub link: Link,
    pub when: String,
    pub text: String,
    pub attached: bool,
}

/// The cards, and how many incidents the page leaves to `findings.json`.
pub fn cards(report: &Report<'_>) -> (Vec<Card>, usize) {
    let cards =
        report.incidents.iter().take(SHOWN).enumerate().map(|(number, incident)| card(report, number, incident));
    (cards.collect(), report.incidents.len().saturating_sub(SHOWN))
}

fn card(report: &Report<'_>, number: usize, incident: &Incident) -> Card {
    let step = |&position: &usize| {
        let finding = report.findings.get(position)?.finding;
        let text = if finding.sentence.is_empty() { &finding.title } else { &finding.sentence };
        Some(Step {
            link: links(report, &[position]).0.pop()?,
            when: at(finding.first),
            text: clipped(text, 300).into_owned(),
            attached: incident.attached.contains(&position),
        })
    };
    let addresses: Vec<String> = incident.addresses.iter().map(|address| defang(address)).collect();
    let cast = [("Accounts", &incident.accounts), ("Addresses", &addresses), ("Applications", &incident.apps)];
    let cast = cast.into_iter().filter(|(_, names)| !names.is_empty()).map(|(kind, names)| {
        let shown = names.iter().take(NAMES).map(|name| clipped(name, 200).into_owned());
        let more = names.len().saturating_sub(NAMES);
        (kind, shown.collect(), if more > 0 { format!("and {more} more") } else { String::new() })
    });
    let (lanes, tactics) = swim::swim(report, incident);
    let (graph, lines) = graph::graph(report, incident);
    Card {
        lanes,
        tactics,
        graph,
        lines,
        label: format!("I{}", number + 1),
        id: incident.id.clone(),
        title: clipped(&incident.title, 400).into_owned(),
        score: incident.score,
        severity: incident.severity,
        when: format!("{} – {} UTC", at(incident.first), at(incident.last)),
        cast: cast.collect(),
        phases: incident.phases.iter().map(|tactic| tactic.name).collect(),
        steps: incident.findings.iter().take(STEPS).filter_map(step).collect(),
        more: incident.findings.len().saturating_sub(STEPS),
    }
}

/// A value that the responder looks for: how it may stand in a letter, what the tables know, which findings touch it.
pub struct KnownRow {
    pub value: String,
    pub seen: bool,
    pub lines: Vec<String>,
    pub links: Vec<Link>,
    pub more: String,
}

/// The values in the order of the list, those that were seen first.
pub fn known_rows(report: &Report<'_>) -> Vec<KnownRow> {
    let row = |one: &crate::hunt::Known| {
        let touching = report.findings.iter().enumerate().filter(|(_, found)| found.finding.iocs.contains(&one.value));
        let (links, more) = links(report, &touching.map(|(position, _)| position).collect::<Vec<_>>());
        KnownRow {
            value: clipped(&defang(&one.value), 300).into_owned(),
            seen: !one.seen.is_empty(),
            lines: known::lines(one),
            links,
            more,
        }
    };
    let mut rows: Vec<KnownRow> = report.input.known.iter().map(row).collect();
    rows.sort_by_key(|row| !row.seen);
    rows
}
