//! The first page and the pictures.

use super::chart::{self, Mark};
use super::{Link, at, count, links};
use crate::finding::Severity;
use crate::report::summary::many;
use crate::report::{Count, Report, Steps, clipped};
use crate::timeline::Group;

/// Accounts that get a lane.
const LANES: usize = 12;

/// What stands on the first page.
pub struct Overview {
    pub lead: Vec<String>,
    pub open: Vec<String>,
    pub limits: Vec<String>,
    pub severities: Vec<(Severity, String)>,
    pub key: Vec<Key>,
    pub figures: Vec<(String, &'static str)>,
    pub lanes: String,
    pub activity: String,
}

/// A finding that matters, in order of time.
pub struct Key {
    pub link: Link,
    pub when: String,
    pub text: String,
}

/// The first page.
pub fn overview(report: &Report<'_>) -> Overview {
    let key = report.summary.key.iter().filter_map(|&position| {
        let finding = report.findings.get(position)?.finding;
        let text = if finding.sentence.is_empty() { &finding.title } else { &finding.sentence };
        let link = links(report, &[position]).0.pop()?;
        Some(Key { link, when: at(finding.first), text: clipped(text, 400).into_owned() })
    });
    Overview {
        lead: report.summary.lead.clone(),
        open: report.summary.open.clone(),
        limits: report.summary.limits.clone(),
        severities: report.counts.severities.iter().map(|(severity, n)| (*severity, count(*n as u64))).collect(),
        key: key.collect(),
        figures: figures(report),
        lanes: lanes(report),
        activity: activity(report),
    }
}

fn figures(report: &Report<'_>) -> Vec<(String, &'static str)> {
    let entries = &report.input.manifest.evidence;
    let known = entries.iter().filter(|entry| entry.format.is_some()).count() as u64;
    let rows: u64 = report.coverage.tables.iter().map(|covered| covered.rows).sum();
    vec![
        (format!("{} of {}", count(known), count(entries.len() as u64)), "files read"),
        (count(report.counts.records), "records"),
        (count(rows), "rows in tables"),
        (format!("{} of {}", report.counts.judged, report.input.verdicts.len()), "rules could look"),
        (count(report.timeline.events.len() as u64), "events on the timeline"),
    ]
}

/// Steps that cover the findings rather than the whole evidence: a month of quiet would hide a day of noise.
fn steps(report: &Report<'_>) -> Option<Steps> {
    let (first, last) = report.timeline.span()?;
    Some(Steps::covering(first, last))
}

fn activity(report: &Report<'_>) -> String {
    let Some(steps) = steps(report) else { return String::new() };
    let mut values = vec![vec![0; Severity::ALL.len()]; steps.count];
    for event in &report.timeline.events {
        let rank = Severity::ALL.iter().position(|severity| *severity == event.severity);
        let step = event.time.and_then(|time| steps.of(time));
        let cell = step.and_then(|step| values.get_mut(step)).zip(rank).and_then(|(counts, rank)| counts.get_mut(rank));
        if let Some(cell) = cell {
            *cell += 1;
        }
    }
    let series: Vec<(&str, String)> =
        Severity::ALL.iter().map(|severity| (severity.word(), format!("f-{}", severity.word()))).collect();
    let series: Vec<(&str, &str)> = series.iter().map(|(word, class)| (*word, class.as_str())).collect();
    chart::stacked("Events behind findings over time, by severity", steps, &series, &values)
}

/// Lanes over the span of the findings that matter, so that a quiet month does not press a night into one point.
fn lanes(report: &Report<'_>) -> String {
    let worst = report.findings.first().map_or(Severity::Low, |found| found.finding.severity);
    let serious = || report.findings.iter().filter(|found| found.finding.severity >= worst.min(Severity::Medium));
    let first = serious().filter_map(|found| found.finding.first).min();
    let last = serious().filter_map(|found| found.finding.last.or(found.finding.first)).max();
    let (Some(first), Some(last)) = (first, last) else { return String::new() };
    let mark = |position: usize| {
        let found = report.findings.get(position)?;
        let begin = found.finding.first.filter(|time| (first..=last).contains(time))?;
        Some(Mark {
            span: (begin, found.finding.last.unwrap_or(begin)),
            severity: found.finding.severity,
            class: found.finding.severity.word(),
            text: format!("{} {} · {}", found.label(), clipped(&found.finding.title, 120), at(Some(begin))),
            anchor: found.label(),
        })
    };
    let lanes: Vec<(String, Vec<Mark>)> = report
        .accounts
        .iter()
        .map(|account| {
            let mut marks: Vec<Mark> = account.findings.iter().filter_map(|&position| mark(position)).collect();
            marks.sort_by_key(|mark| mark.span);
            (account.name.clone(), marks)
        })
        .filter(|(_, marks)| !marks.is_empty())
        .take(LANES)
        .collect();
    if lanes.is_empty() {
        return String::new();
    }
    chart::lanes("Findings by account over time", (first, last), &lanes)
}

/// Pictures of all sign-ins.
pub struct Pictures {
    pub intro: String,
    pub over_time: String,
    pub week: String,
    pub map: String,
    /// What the map has no place for.
    pub map_left: String,
    pub lists: Vec<List>,
    pub services: Vec<List>,
    /// What cannot be counted, and why.
    pub missing: Vec<&'static str>,
}

/// A list of frequent values with bars.
pub struct List {
    pub title: &'static str,
    pub what: &'static str,
    /// How many values there are, where not all are listed.
    pub of: String,
    pub rows: Vec<Bar>,
}

/// One line of a list; `share` is per cent of the first line.
pub struct Bar {
    pub value: String,
    pub meaning: String,
    pub events: String,
    pub accounts: String,
    pub share: u64,
}

/// The pictures, where there are sign-ins of people.
pub fn pictures(report: &Report<'_>) -> Option<Pictures> {
    let statistics = &report.statistics;
    if statistics.total == 0 {
        return None;
    }
    let series = [
        (Group::Success.word(), "f-success"),
        (Group::Interrupted.word(), "f-interrupted"),
        (Group::Failure.word(), "f-failure"),
    ];
    let over_time = report.coverage.steps.map(|steps| {
        let values: Vec<Vec<u64>> = statistics.over_time.iter().map(|counts| counts.to_vec()).collect();
        chart::stacked("Sign-ins over time, by result", steps, &series, &values)
    });
    let (map, map_left) = super::map::world(report);
    let bars_of = |what: &str, counts: &[Count]| {
        let mut rows = bars(counts);
        if what == "Country" {
            rows.iter_mut().for_each(|bar| {
                let name = super::map::country(&bar.value);
                bar.meaning = if name == bar.value { String::new() } else { name.to_owned() };
            });
        }
        rows
    };
    let rankings = statistics.rankings.iter().map(|ranking| List {
        title: ranking.title,
        what: ranking.what,
        of: if ranking.values > ranking.rows.len() {
            format!("{} of {}", ranking.rows.len(), count(ranking.values as u64))
        } else {
            String::new()
        },
        rows: bars_of(ranking.what, &ranking.rows),
    });
    let services = statistics.services.iter().map(|(title, rows)| List {
        title,
        what: "Operation",
        of: String::new(),
        rows: bars(rows),
    });
    let mut missing: Vec<&'static str> = Vec::new();
    let has = |what: &str| statistics.rankings.iter().any(|ranking| ranking.what == what && !ranking.rows.is_empty());
    for (what, text) in [
        ("Method", "Authentication methods: not evaluable, no export carries the steps of authentication."),
        ("Result", "Conditional Access results: not evaluable, no export carries them."),
        ("Browser", "Browsers and operating systems: not evaluable, no export carries the device."),
    ] {
        if !has(what) {
            missing.push(text);
        }
    }
    let uncovered = match &statistics.uncovered {
        None => {
            missing.push(
                "Applications that no Conditional Access policy applies to: not evaluable, no export carries the \
                 policies of a sign-in.",
            );
            Vec::new()
        }
        Some(rows) => bars(rows),
    };
    Some(Pictures {
        intro: format!(
            "{} of people, interactive and not; {} signed in successfully at least once. These are all sign-ins in the \
             evidence, not only those behind findings.",
            many(statistics.total, "sign-in", "sign-ins"),
            many(statistics.accounts, "account", "accounts"),
        ),
        over_time: over_time.unwrap_or_default(),
        week: chart::week("Sign-ins by weekday and hour, UTC", &statistics.week),
        map,
        map_left,
        lists: rankings
            .chain([List {
                title: "Applications that no Conditional Access policy applied to",
                what: "Application",
                of: String::new(),
                rows: uncovered,
            }])
            .collect(),
        services: services.collect(),
        missing,
    })
}

fn bars(counts: &[Count]) -> Vec<Bar> {
    let most = counts.first().map_or(1, |first| first.events).max(1);
    let bar = |found: &Count| Bar {
        value: clipped(&found.value, 120).into_owned(),
        meaning: found.meaning.clone(),
        events: count(found.events),
        accounts: count(found.accounts),
        share: (found.events * 100 / most).max(1),
    };
    counts.iter().map(bar).collect()
}
