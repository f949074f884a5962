//! `report.html`: one file that opens from disk in any browser, reads without scripts and prints.
//!
//! Views prepare what a template shows; templates hold the markup; [`Visible`] escapes every value. The policy in
//! the page's head forbids any load from outside and any script or style but our own, named by hash.

mod chart;
mod data;
mod entity;
mod escape;
mod finding;
mod graph;
mod incident;
mod intrusion;
mod ledger;
mod map;
mod overview;
mod prose;
mod swim;
mod tables;

use std::io::{self, Write};

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub use escape::Visible;

use super::summary::count;
use super::{Report, clipped};
use crate::finding::Severity;
use crate::rules::{NotObservable, coverage};
use crate::table::time;

const STYLE: &str = include_str!("assets/report.css");
const SCRIPT: &str = include_str!("assets/report.js");

/// Events that the page shows without its script. The whole timeline stands in `timeline.csv`.
const STATIC_EVENTS: usize = 500;

#[derive(Template)]
#[template(path = "report.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    program: &'a str,
    case: &'a super::Case,
    style: &'static str,
    script: &'static str,
    policy: String,
    data: data::Data<'a>,
    title: String,
    period: String,
    overview: overview::Overview,
    evidence: ledger::Inventory,
    coverage: ledger::Coverage,
    incidents: Vec<incident::Card>,
    incidents_omitted: usize,
    known: Vec<incident::KnownRow>,
    groups: Vec<finding::Group>,
    omitted: usize,
    events: Vec<tables::EventRow>,
    events_total: usize,
    events_gap: String,
    assumptions: Vec<String>,
    static_events: usize,
    accounts: Vec<tables::AccountRow>,
    accounts_total: usize,
    attack: Vec<tables::TacticRow>,
    indicators: Vec<tables::IndicatorRow>,
    indicators_total: usize,
    intrusion: intrusion::Sections,
    entities: Vec<entity::Group>,
    entities_omitted: usize,
    statistics: Option<overview::Pictures>,
    outcomes: Vec<(&'static str, &'static str, String)>,
    rules: Vec<ledger::RuleRow>,
    unseen: Vec<NotObservable>,
    options: Options,
}

/// Writes the page.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (groups, omitted) = finding::groups(report);
    let (incidents, incidents_omitted) = incident::cards(report);
    let index = entity::Index::new(report);
    let (entities, entities_omitted) = entity::groups(report, &index);
    let rules = ledger::rules(report);
    let page = Page {
        program: &report.input.manifest.program,
        case: report.input.case,
        style: STYLE,
        script: SCRIPT,
        policy: policy(),
        data: data::data(report),
        title: title(report),
        period: period(report),
        overview: overview::overview(report),
        evidence: ledger::inventory(report),
        coverage: ledger::coverage(report),
        incidents,
        incidents_omitted,
        known: incident::known_rows(report),
        groups,
        omitted,
        events: tables::events(report, STATIC_EVENTS),
        events_total: report.timeline.events.len(),
        events_gap: report.timeline.gap().unwrap_or_default(),
        assumptions: report.assumptions(),
        static_events: STATIC_EVENTS,
        accounts: tables::accounts(report, &index),
        accounts_total: report.accounts.len(),
        attack: tables::attack(report),
        indicators: tables::indicators(report, &index),
        indicators_total: report.indicators.len(),
        intrusion: intrusion::sections(report, &index),
        entities,
        entities_omitted,
        statistics: overview::pictures(report),
        outcomes: ledger::outcomes(&rules),
        rules,
        unseen: coverage().not_observable,
        options: options(report),
    };
    page.write_into(out)
}

/// What the timeline's lists of choices offer.
struct Options {
    /// Number, label and title.
    incidents: Vec<(usize, String, String)>,
    /// Names of the rules with findings.
    rules: Vec<String>,
}

fn options(report: &Report<'_>) -> Options {
    let incidents = report.incidents.iter().take(incident::SHOWN).enumerate();
    Options {
        incidents: incidents.map(|(i, one)| (i, format!("I{}", i + 1), clipped(&one.title, 90).into_owned())).collect(),
        rules: rules_with_findings(report).into_iter().map(|(name, _)| cut(name)).collect(),
    }
}

/// Names and ids of the rules with findings, in order of name: the script knows a rule by its place here.
fn rules_with_findings<'r>(report: &'r Report<'_>) -> Vec<(&'r str, &'r str)> {
    let named = report.findings.iter().map(|found| {
        let id = found.finding.rule.as_str();
        (found.rule.map_or(id, |rule| rule.name.as_str()), id)
    });
    let mut rules: Vec<(&str, &str)> = named.collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Characters of a value in a table.
const VALUE: usize = 300;

/// A value as a table shows it.
fn cut(text: &str) -> String {
    clipped(text, VALUE).into_owned()
}

/// Nothing is loaded, sent or framed; the style and the script are ours by their hash.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn title(report: &Report<'_>) -> String {
    match report.input.case.name.as_str() {
        "" => "What the logs show".to_owned(),
        name => clipped(name, 200).into_owned(),
    }
}

fn period(report: &Report<'_>) -> String {
    let spans = || report.coverage.tables.iter().filter_map(|covered| covered.span);
    match (spans().map(|s| s.0).min(), spans().map(|s| s.1).max()) {
        (Some(first), Some(last)) => format!("{} – {}", chart::day(first), chart::day(last)),
        _ => "no dated record".to_owned(),
    }
}

/// A time for people, empty where there is none.
fn at(ticks: Option<i64>) -> String {
    ticks.map(time::short).unwrap_or_default()
}

/// A finding as other parts of the page name it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    label: String,
    severity: Severity,
    title: String,
    /// Whether the page has a place to lead to.
    shown: bool,
}

/// At most this many links in one cell; the number of the others follows.
const LINKS: usize = 12;

/// Links to findings, and how many more there are.
fn links(report: &Report<'_>, positions: &[usize]) -> (Vec<Link>, String) {
    let found = positions.iter().filter_map(|&position| report.findings.get(position)).take(LINKS).map(|found| Link {
        label: found.label(),
        severity: found.finding.severity,
        title: clipped(&found.finding.title, 120).into_owned(),
        shown: found.number <= finding::SHOWN,
    });
    let more = match positions.len().saturating_sub(LINKS) {
        0 => String::new(),
        n => format!("and {} more", count(n as u64)),
    };
    (found.collect(), more)
}
