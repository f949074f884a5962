//! The schedule, played again: what Sentinel would have alerted on, had it been watching.
//!
//! Runs stand at the multiples of `queryFrequency` since 1970 UTC. Each sets `now()` to its own time, sees
//! `queryPeriod` before it, and alerts if the number of rows says so. Equal rows of several alerts are one hit.
//! The first pass only finds out which runs alert; the second asks those for the records behind their rows.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::abreast;
use super::hits::{Hit, Key, cells, key};
use super::narrow::{narrow, slim};
use super::{Scene, times};
use crate::error::{Diagnostic, Diagnostics};
use crate::kql::{self, Answer, Context, Usage};
use crate::rules::{Comparison, Rule, Schedule};
use crate::table::{MIN_TICKS, RecordId, Tables, UNIX_EPOCH_TICKS};

/// One run of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    now: i64,
    window: Option<(i64, i64)>,
    /// Further runs that see the same rows and cannot answer otherwise.
    again: u64,
    /// The last of these.
    until: i64,
}

impl Step {
    fn new(now: i64, window: Option<(i64, i64)>) -> Step {
        Step { now, window, again: 0, until: now }
    }
}

/// Runs whose answers are held at once.
const TOGETHER: usize = 64;

/// Every hit of a rule, in order of the runs and rows that gave it.
pub(super) fn run(rule: &Rule, usage: &Usage, scene: &Scene<'_>) -> Result<Vec<Hit>, Diagnostics> {
    let Some(schedule) = rule.schedule.filter(|schedule| replayed(schedule, usage, scene)) else {
        return walk(rule, usage, scene, scene.tables, &[Step::new(scene.now, None)]);
    };
    // What a run says that sees nothing: if that raises an alert, no run may be left out.
    let nothing = kql::run(&rule.query, &scene.context(scene.now, Some((MIN_TICKS, MIN_TICKS)), false))?;
    let silence = schedule.comparison.holds(nothing.rows() as u64, schedule.threshold);
    let replaced: BTreeSet<&str> = scene.options.thresholds.keys().map(String::as_str).collect();
    let clocks = kql::clocks(&rule.query, &replaced);
    let plan = |tables, span| Plan { schedule, usage, tables, span, silence, clocks };
    if silence {
        return walk(rule, usage, scene, scene.tables, &steps(&plan(scene.tables, scene.tables.span())));
    }
    let tables = slim(rule, usage, narrow(rule, usage, scene), &nothing, scene);
    // Rows that do not matter still say how long the evidence was watched.
    let span = times::span(scene.tables, &usage.tables);
    walk(rule, usage, scene, &tables, &steps(&plan(&tables, span)))
}

/// Whether a rule must be replayed: what it says depends on where a window ends, or on how many rows it holds.
fn replayed(schedule: &Schedule, usage: &Usage, scene: &Scene<'_>) -> bool {
    let counts = (schedule.comparison, schedule.threshold) != (Comparison::Greater, 0);
    scene.options.replay && (usage.windowed || counts)
}

/// Makes the runs and puts together what they say.
fn walk(
    rule: &Rule,
    usage: &Usage,
    scene: &Scene<'_>,
    tables: &Tables,
    steps: &[Step],
) -> Result<Vec<Hit>, Diagnostics> {
    let run = |step: &Step, lineage: bool| {
        let context = Context { tables, ..scene.context(step.now, step.window, lineage) };
        kql::run(&rule.query, &context)
    };
    let mut merged = Merged::default();
    for some in steps.chunks(TOGETHER) {
        for (step, answer) in some.iter().zip(together(some, scene.threads, |step| run(step, false))) {
            let answer = answer?;
            let rows = answer.rows() as u64;
            let alerts = rule.schedule.map_or(rows > 0, |s| s.comparison.holds(rows, s.threshold));
            if alerts {
                merged.add(step, &answer, baseline(rule, step, scene, usage));
            }
        }
    }
    let new_in = std::mem::take(&mut merged.new_in);
    for some in new_in.chunks(TOGETHER) {
        together(some, scene.threads, |step| run(step, true)).into_iter().for_each(|answer| match answer {
            Ok(answer) => merged.trace(&answer),
            Err(found) => merged.untraced(found.first()),
        });
    }
    Ok(merged.hits)
}

/// The answers of some runs. The many rules that run but once need no thread beside their own.
fn together<R: Send>(steps: &[Step], threads: usize, run: impl Fn(&Step) -> R + Sync) -> Vec<R> {
    match steps {
        [only] => vec![run(only)],
        _ => abreast(steps, threads, run),
    }
}

/// Hits by row. Rows are equal only if all columns are.
#[derive(Default)]
struct Merged {
    hits: Vec<Hit>,
    index: FxHashMap<Key, usize>,
    /// Runs that gave a row for the first time.
    new_in: Vec<Step>,
}

impl Merged {
    fn add(&mut self, step: &Step, answer: &Answer, missing: Option<(i64, i64)>) {
        let mut new = false;
        let mut seen = FxHashSet::default();
        // An alert without rows ("fewer than …") is a hit as well, one with nothing in its row.
        for row in 0..answer.rows().max(1) {
            let key = key(answer, row);
            if !seen.insert(key) {
                continue;
            }
            match self.index.get(&key) {
                Some(&at) => {
                    let hit = &mut self.hits[at];
                    hit.alerts += 1 + step.again;
                    // A later run may see more of the baseline: the best of them counts.
                    hit.baseline = hit.baseline.zip(missing).map(|(a, b)| a.max(b));
                }
                None => {
                    new = true;
                    self.index.insert(key, self.hits.len());
                    let (cells, alerts) = (cells(answer, row), 1 + step.again);
                    let hit = Hit { cells, window: step.window, alerts, baseline: missing, ..Hit::default() };
                    self.hits.push(hit);
                }
            }
        }
        if new {
            self.new_in.push(*step);
        }
    }

    fn trace(&mut self, answer: &Answer) {
        for row in 0..answer.rows() {
            let Some(&at) = self.index.get(&key(answer, row)) else { continue };
            let origins: &[RecordId] = answer.origins.get(row).map_or(&[], Vec::as_slice);
            self.hits[at].origins.extend(origins);
        }
    }

    /// Says of every hit without records why it has none.
    fn untraced(&mut self, problem: Option<&Diagnostic>) {
        let why = problem.map(ToString::to_string).unwrap_or_default();
        self.hits.iter_mut().filter(|hit| hit.origins.is_empty()).for_each(|hit| {
            hit.limits.insert(format!("its source records could not be determined: {why}"));
        });
    }
}

/// How much of its period a run, or the last that equals it, could see, in ticks, and the period; none where it could see all of it or where
/// the rule does not look back further than its last run.
fn baseline(rule: &Rule, step: &Step, scene: &Scene<'_>, usage: &Usage) -> Option<(i64, i64)> {
    let schedule = rule.schedule.filter(|s| s.period > s.frequency)?;
    // Of runs that see the same rows the last has most of the baseline.
    let (start, end) = step.window.map(|_| (step.until - schedule.period, step.until))?;
    let (first, _) = times::span(scene.tables, &usage.tables)?;
    (start < first).then_some((end.saturating_sub(first).max(0), schedule.period))
}

/// What decides which runs a rule needs.
struct Plan<'a> {
    schedule: Schedule,
    usage: &'a Usage,
    tables: &'a Tables,
    /// First and last event.
    span: Option<(i64, i64)>,
    /// Whether a run that sees nothing raises an alert.
    silence: bool,
    /// The distances from a run at which an answer changes; none where it may change with every run.
    clocks: Option<BTreeSet<i64>>,
}

/// The runs of a rule, those left out that see nothing.
fn steps(plan: &Plan<'_>) -> Vec<Step> {
    let Some((first, last)) = plan.span else { return Vec::new() };
    let mut steps: Vec<Step> = Vec::new();
    let mut previous = Vec::new();
    for now in runs(&plan.schedule, first, last) {
        let start = now - plan.schedule.period;
        let rows = times::window(plan.tables, &plan.usage.tables, start, now);
        if !plan.silence && rows.iter().all(|(before, upto)| before == upto) {
            previous.clear();
            continue;
        }
        let Some(clocks) = &plan.clocks else {
            steps.push(Step::new(now, Some((start, now))));
            continue;
        };
        let edges = clocks.iter().map(|distance| now.saturating_add(*distance));
        let seen: Vec<(usize, usize)> =
            rows.into_iter().chain(edges.flat_map(|edge| times::edge(plan.tables, &plan.usage.tables, edge))).collect();
        match steps.last_mut() {
            Some(step) if seen == previous => (step.again, step.until) = (step.again + 1, now),
            _ => steps.push(Step::new(now, Some((start, now)))),
        }
        previous = seen;
    }
    steps
}

/// The times of the runs: from the first that can see the first event to the first that sees the last.
fn runs(schedule: &Schedule, first: i64, last: i64) -> impl Iterator<Item = i64> {
    let frequency = schedule.frequency.max(1);
    let up = move |time: i64| {
        let since = time - UNIX_EPOCH_TICKS;
        let steps = since.div_euclid(frequency) + i64::from(since.rem_euclid(frequency) != 0);
        UNIX_EPOCH_TICKS + steps * frequency
    };
    let (from, to) = (up(first), up(last));
    (0..).map(move |n| from + n * frequency).take_while(move |now| *now <= to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TICKS_PER_SECOND;

    #[test]
    fn runs_are_multiples_of_the_frequency_and_reach_the_last_event() {
        let hour = 3600 * TICKS_PER_SECOND;
        let schedule = Schedule { frequency: hour, period: hour, comparison: Comparison::Greater, threshold: 0 };
        let at = |minutes: i64| UNIX_EPOCH_TICKS + minutes * 60 * TICKS_PER_SECOND;
        assert_eq!(runs(&schedule, at(30), at(150)).collect::<Vec<_>>(), [at(60), at(120), at(180)]);
        assert_eq!(runs(&schedule, at(60), at(60)).collect::<Vec<_>>(), [at(60)]);
    }
}
