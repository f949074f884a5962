//! Runs rules over the evidence. Each rule ends in exactly one outcome, and a rule that breaks breaks alone.

mod abreast;
mod blind;
mod hits;
mod narrow;
mod prove;
mod replay;
mod times;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Diagnostic, Diagnostics, Gravity};
use crate::finding::{Finding, Outcome, Verdict};
use crate::kql::{self, Context, Places, Watchlist};
use crate::progress::{Progress, Unit};
use crate::rules::Rule;
use crate::table::{Table, Tables, UNIX_EPOCH_TICKS};
use crate::usual::federated;
pub use abreast::{STACK, abreast};
pub use blind::COUNTS_FAILURES;
pub use prove::{CaseResult, Proof, prove};

/// What a run knows beside the evidence.
#[derive(Debug, Clone)]
pub struct Options {
    /// Scheduled rules are replayed step by step; otherwise each rule runs once over everything.
    pub replay: bool,
    /// What `now()` means for rules without a schedule, in ticks; none: the last event.
    pub as_of: Option<i64>,
    /// Lists by name.
    pub watchlists: BTreeMap<String, Watchlist>,
    /// Values that replace a rule's top-level `let` of that name, as KQL text.
    pub thresholds: BTreeMap<String, String>,
    /// Where addresses are.
    pub places: Option<Arc<Places>>,
}

impl Default for Options {
    fn default() -> Options {
        Options { replay: true, as_of: None, watchlists: BTreeMap::new(), thresholds: BTreeMap::new(), places: None }
    }
}

/// The evidence with what all rules need to know of it.
struct Scene<'a> {
    tables: &'a Tables,
    options: &'a Options,
    /// `now()` where nothing else sets it.
    now: i64,
    /// How many queries run at once.
    threads: usize,
    /// Domains whose passwords another server checks, each with what says so.
    federated: BTreeMap<String, String>,
}

impl<'a> Scene<'a> {
    fn of(rules: &[Rule], tables: &'a Tables, options: &'a Options) -> Scene<'a> {
        let last = tables.span().map_or(UNIX_EPOCH_TICKS, |(_, last)| last);
        let blind = rules.iter().any(|rule| rule.tags.iter().any(|tag| tag == COUNTS_FAILURES));
        let told = options.watchlists.get(blind::FEDERATED).map(|list| list.rows.as_slice()).unwrap_or_default();
        let told: Vec<String> = told.iter().filter_map(|row| row.first().cloned()).collect();
        let federated = if blind { federated::domains(tables, &told) } else { BTreeMap::new() };
        let threads = at_once(tables, rayon::current_num_threads());
        Scene { tables, options, now: options.as_of.unwrap_or(last), threads, federated }
    }

    fn context(&'a self, now: i64, window: Option<(i64, i64)>, lineage: bool) -> Context<'a> {
        Context {
            tables: self.tables,
            now,
            window,
            watchlists: &self.options.watchlists,
            thresholds: &self.options.thresholds,
            places: self.options.places.clone(),
            lineage,
        }
    }
}

/// Runs every rule; the verdicts stand in the order of the rules.
pub fn detect(rules: &[Rule], tables: &Tables, options: &Options, progress: &Progress) -> Vec<Verdict> {
    let scene = Scene::of(rules, tables, options);
    let bar = progress.start("rules", rules.len() as u64, Unit::Items);
    let verdicts = abreast(rules, scene.threads, |rule| {
        let begun = Instant::now();
        let verdict = catch_unwind(AssertUnwindSafe(|| judge(rule, &scene)));
        bar.advance(1);
        let millis = begun.elapsed().as_millis();
        match verdict {
            Ok(verdict) => Verdict { millis, ..verdict },
            Err(payload) => Verdict { millis, ..empty(rule, Outcome::Failed(vec![broken(payload.as_ref())])) },
        }
    });
    bar.end();
    verdicts
}

/// What each rule could look at, without running any: not evaluable, failed, or clean, which here only means that it can
/// judge. The verdicts stand in the order of the rules.
pub fn survey(rules: &[Rule], tables: &Tables, options: &Options) -> Vec<Verdict> {
    let scene = Scene::of(rules, tables, options);
    let look = |rule: &Rule| match kql::check(&rule.query, &scene.context(scene.now, None, false)) {
        Err(found) => empty(rule, Outcome::Failed(found.into_iter().map(|d| rule.locate(d)).collect())),
        Ok(usage) => {
            let sight = blind::sight(rule, &usage, &scene);
            let outcome = sight.blocked.or(sight.nothing_judged).unwrap_or(Outcome::Clean);
            let (unjudged, considered) = (sight.unjudged, sight.considered);
            Verdict { unjudged, considered, tables: usage.tables, limits: sight.limits, ..empty(rule, outcome) }
        }
    };
    let safe = |rule: &Rule| {
        let verdict = catch_unwind(AssertUnwindSafe(|| look(rule)));
        verdict.unwrap_or_else(|payload| empty(rule, Outcome::Failed(vec![broken(payload.as_ref())])))
    };
    abreast(rules, rayon::current_num_threads(), safe)
}

/// How many rules may run at once, where memory is short fewer than there are threads: each may hold the widest table.
fn at_once(tables: &Tables, threads: usize) -> usize {
    let Some(room) = tables.room() else { return threads };
    let weight = |table: &Table| {
        let names: Vec<&str> = table.schema().fields.iter().map(|field| field.name.as_str()).collect();
        table.weight(&names, table.rows())
    };
    let widest = tables.iter().map(|(_, table)| weight(table)).max().unwrap_or(0);
    usize::try_from(room / widest.max(1)).unwrap_or(threads).clamp(1, threads)
}

fn empty(rule: &Rule, outcome: Outcome) -> Verdict {
    Verdict {
        rule: rule.id.clone(),
        outcome,
        unjudged: 0,
        considered: 0,
        tables: BTreeSet::new(),
        limits: Vec::new(),
        millis: 0,
    }
}

/// What a panic said.
fn broken(payload: &(dyn std::any::Any + Send)) -> Diagnostic {
    let said = payload.downcast_ref::<&str>().map(|text| text.to_string());
    let said = said.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    Diagnostic::plain(format!("the engine broke on this rule: {said}"))
        .help("this is a fault of entrail; the other rules are not affected")
}

fn judge(rule: &Rule, scene: &Scene<'_>) -> Verdict {
    let locate = |found: Diagnostics| -> Diagnostics {
        found.into_iter().filter(|d| d.gravity == Gravity::Error).map(|d| rule.locate(d)).collect()
    };
    let usage = match kql::check(&rule.query, &scene.context(scene.now, None, false)) {
        Ok(usage) => usage,
        Err(found) => return empty(rule, Outcome::Failed(locate(found))),
    };
    let sight = blind::sight(rule, &usage, scene);
    let verdict = |outcome| Verdict {
        unjudged: sight.unjudged,
        considered: sight.considered,
        tables: usage.tables.clone(),
        limits: sight.limits.clone(),
        ..empty(rule, outcome)
    };
    if let Some(outcome) = sight.blocked {
        return verdict(outcome);
    }
    let found = match replay::run(rule, &usage, scene) {
        Ok(found) => found,
        Err(found) => return verdict(Outcome::Failed(locate(found))),
    };
    let mut findings = hits::findings(rule, &found, &usage, scene);
    sort(&mut findings);
    match (findings.is_empty(), sight.nothing_judged) {
        (false, _) => verdict(Outcome::Hits(findings)),
        (true, Some(outcome)) => verdict(outcome),
        (true, None) => verdict(Outcome::Clean),
    }
}

/// The order of findings everywhere: the most severe first, then by time, rule and row.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.first.unwrap_or(i64::MAX).cmp(&b.first.unwrap_or(i64::MAX)))
            .then_with(|| a.rule.cmp(&b.rule))
            .then_with(|| a.row.cmp(&b.row))
    });
}
