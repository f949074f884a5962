//! The report: everything that is said about a case, first as plain data, then in each output format.
//!
//! [`Report::new`] computes; the writers only put into words. No clock and no machine reaches a file other than
//! `run.log`, so that the same evidence and rules give the same bytes.

mod account;
mod advice;
mod attack;
mod clock;
mod coverage;
mod coverage_layer;
mod csv;
mod dataset;
mod defang;
mod entity;
mod findings;
mod format;
mod html;
mod indicator;
mod intrusion;
mod jsonl;
mod known;
mod kusto;
mod l2tcsv;
mod manifest;
mod markdown;
mod navigator;
mod ocsf;
mod output;
mod parquet;
mod profile;
mod pseudonym;
mod row;
mod rule;
mod schema;
mod statistics;
mod stix;
mod summary;
mod terminal;
mod timesketch;
mod tln;
mod uuid;
mod visible;
mod write;
mod xlsx;

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::evidence::{Entry, Manifest};
use crate::finding::{Finding, Outcome, Severity, Verdict};
use crate::hunt::Known;
use crate::incident::{Common, Incident, WINDOW, correlate};
use crate::table::{RecordId, Tables};
use crate::timeline::{Event, Fact, MOST, Timeline};
use crate::usual::{Usual, own};

pub use account::Account;
pub use advice::advice;
pub use attack::{Column, Technique};
pub use clock::Clock;
pub use coverage::{Coverage, Covered, Steps, coverage};
pub use dataset::Dataset;
pub use defang::defang;
pub use entity::{Companion, Dossier, Kind};
pub use findings::SCHEMA;
pub use format::{FORMATS, Format, GROUPS, When, Writer, chosen};
pub use indicator::Indicator;
pub use intrusion::{Foothold, Intrusion, Remains, State, Victim};
pub use known::lines as known_lines;
pub use output::{Output, Written, key_place, prepare, write_new, write_secret};
pub use profile::{Novel, Profile, Spread};
pub use pseudonym::{Pseudonyms, Replaced};
pub use rule::RuleInfo;
pub use schema::FINDINGS_SCHEMA;
pub use statistics::{Count, Ranking, Statistics};
pub use summary::Summary;
pub use terminal::{Look, terminal};
pub use visible::{clipped, one_line, visible};
pub use write::{convert, run_log, write_all};

/// What only the responder knows of the case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// Name of the case, empty where none is given.
    pub name: String,
    /// Traffic light protocol or another marking, empty where none is given.
    pub marking: String,
    /// What was assumed: lists given, thresholds changed, what `now()` was taken to be.
    pub assumptions: Vec<String>,
    /// Networks of the organisation: their addresses join no findings.
    pub networks: Vec<IpNet>,
    /// How times are shown on the terminal and in the page; all other files are in UTC.
    pub clock: Clock,
}

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The case.
    pub case: &'a Case,
    /// The evidence.
    pub manifest: &'a Manifest,
    /// The tables it gave.
    pub tables: &'a Tables,
    /// How each rule ended, in the order of the pack.
    pub verdicts: &'a [Verdict],
    /// The rules.
    pub rules: &'a [RuleInfo],
    /// Names of ATT&CK techniques by id.
    pub techniques: &'a BTreeMap<String, String>,
    /// What the tables know of the values that the responder looks for.
    pub known: &'a [Known],
}

/// A finding with what the report adds to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<'a> {
    /// Number in the report, from 1, most severe first: the `3` of `F3`.
    pub number: usize,
    /// What was found.
    pub finding: &'a Finding,
    /// The rule, where it is described.
    pub rule: Option<&'a RuleInfo>,
    /// Positions of its events in the timeline.
    pub events: Vec<usize>,
}

impl Found<'_> {
    /// The short name that all outputs refer to it by.
    pub fn label(&self) -> String {
        format!("F{}", self.number)
    }
}

/// Totals that several parts of the report tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Findings by severity, most severe first.
    pub severities: Vec<(Severity, usize)>,
    /// Rules with findings.
    pub hit: usize,
    /// Rules that could look.
    pub judged: usize,
    /// Records read from all evidence.
    pub records: u64,
    /// Bytes of all evidence.
    pub bytes: u64,
}

/// Everything the outputs tell.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// What it was made from.
    pub input: Input<'a>,
    /// Findings, most severe first, then by time and id.
    pub findings: Vec<Found<'a>>,
    /// Findings that belong together, the highest score first; they name positions in `findings`.
    pub incidents: Vec<Incident>,
    /// What many share in this case: it joins no findings and is no indicator.
    pub common: Common,
    /// The timeline; its events name positions in `findings`.
    pub timeline: Timeline,
    /// Which table says something of which day.
    pub coverage: Coverage,
    /// The sign-ins as a whole.
    pub statistics: Statistics,
    /// Accounts that findings name.
    pub accounts: Vec<Account>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
    /// What was new for the first accounts, in the order of `accounts`.
    pub profiles: Vec<Profile>,
    /// What all sign-ins say of the addresses among the indicators.
    pub spreads: BTreeMap<String, Spread>,
    /// ATT&CK, tactic by tactic.
    pub attack: Vec<Column>,
    /// Totals.
    pub counts: Counts,
    /// Accounts, addresses, applications, sessions and devices that the findings are about.
    pub entities: Vec<Dossier>,
    /// What an intruder did, as far as the logs tell.
    pub intrusion: Intrusion,
    /// The first page.
    pub summary: Summary,
}

impl<'a> Report<'a> {
    /// Computes a report.
    pub fn new(input: Input<'a>) -> Report<'a> {
        let mut findings: Vec<&Finding> = input.verdicts.iter().flat_map(findings_of).collect();
        let rank = |f: &Finding| (std::cmp::Reverse(f.severity), f.first.is_none(), f.first);
        findings.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| (&a.title, &a.id).cmp(&(&b.title, &b.id))));
        let timeline = Timeline::build(input.tables, &findings, MOST);
        let mut events = timeline.by_finding();
        let sessions = sessions(&timeline, findings.len());
        let common = common(&input);
        let incidents = correlate(&findings, &sessions, &common, WINDOW);
        let coverage = coverage::coverage(input.tables);
        let described: BTreeMap<&str, &RuleInfo> = input.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        let found = findings.iter().enumerate().map(|(position, finding)| Found {
            number: position + 1,
            finding,
            rule: described.get(finding.rule.as_str()).copied(),
            events: events.remove(&position).unwrap_or_default(),
        });
        let accounts = account::accounts(&findings, &timeline);
        let indicators = indicator::indicators(&findings, &timeline);
        let (profiles, spreads) = profile::profiles(input.tables, &accounts, &indicators);
        let mut report = Report {
            findings: found.collect(),
            statistics: statistics::statistics(input.tables, coverage.steps),
            accounts,
            indicators,
            profiles,
            spreads,
            attack: attack::matrix(&findings, input.techniques),
            counts: counts(&input, &findings),
            entities: Vec::new(),
            intrusion: Intrusion::default(),
            summary: Summary::default(),
            input,
            incidents,
            common,
            timeline,
            coverage,
        };
        report.entities = entity::dossiers(
            report.input.tables,
            &report.findings,
            &report.timeline,
            &report.accounts,
            &report.indicators,
        );
        report.intrusion = intrusion::intrusion(&report);
        report.summary = summary::summary(&report);
        report
    }

    /// What a reader must take into account: what the responder said, and what the report leaves out.
    pub fn assumptions(&self) -> Vec<String> {
        self.input.case.assumptions.iter().cloned().chain(self.timeline.gap()).collect()
    }

    /// How times are shown to people.
    pub fn clock(&self) -> Clock {
        self.input.case.clock
    }

    /// The evidence a record stands in.
    pub fn evidence(&self, record: RecordId) -> Option<&'a Entry> {
        self.input.manifest.evidence.get(record.evidence as usize)
    }

    /// The findings that touch an event, most severe first.
    pub fn touching<'r>(&'r self, event: &'r Event) -> impl Iterator<Item = &'r Found<'a>> {
        event.findings.iter().filter_map(|&position| self.findings.get(position))
    }
}

/// Session ids of the events behind each finding.
fn sessions(timeline: &Timeline, findings: usize) -> Vec<BTreeSet<String>> {
    let mut sessions = vec![BTreeSet::new(); findings];
    for event in &timeline.events {
        for key in [Fact::Session, Fact::Token].map(|fact| event.facts.get(fact)).iter().filter(|key| !key.is_empty()) {
            for &position in &event.findings {
                if let Some(own) = sessions.get_mut(position) {
                    own.insert((*key).to_owned());
                }
            }
        }
    }
    sessions
}

/// What many share in this case, so that it joins no findings.
fn common(input: &Input<'_>) -> Common {
    let usual = Usual::of(input.tables);
    Common {
        networks: input.case.networks.clone(),
        addresses: usual.common_addresses(),
        apps: own::keys().chain(usual.common_apps().map(str::to_owned)).collect(),
        accounts: usual.sync.iter().map(|account| account.what.clone()).collect(),
    }
}

fn findings_of(verdict: &Verdict) -> &[Finding] {
    match &verdict.outcome {
        Outcome::Hits(findings) => findings,
        _ => &[],
    }
}

fn counts(input: &Input<'_>, findings: &[&Finding]) -> Counts {
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    Counts {
        severities: Severity::ALL.into_iter().map(|severity| (severity, of(severity))).collect(),
        hit: input.verdicts.iter().filter(|verdict| !findings_of(verdict).is_empty()).count(),
        judged: input.verdicts.iter().filter(|v| matches!(v.outcome, Outcome::Hits(_) | Outcome::Clean)).count(),
        records: input.manifest.evidence.iter().map(|entry| entry.records).sum(),
        bytes: input.manifest.evidence.iter().map(|entry| entry.bytes).sum(),
    }
}
