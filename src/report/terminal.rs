//! The summary that ends a run, as lines for a terminal.

use std::collections::{BTreeMap, BTreeSet};

use super::summary::{count, many};
use super::{Report, one_line};
use crate::finding::{Outcome, Severity};

/// How the terminal wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns; lines are cut to it.
    pub width: usize,
    /// Whether colours are wanted: a terminal, no `NO_COLOR`, no `--no-color`.
    pub color: bool,
}

impl Default for Look {
    fn default() -> Look {
        Look { width: 100, color: false }
    }
}

/// Findings shown of each severity.
const PER_SEVERITY: usize = 5;
/// Files, rules and accounts shown in a list.
const LISTED: usize = 8;
/// Incidents shown.
const INCIDENTS: usize = 3;
/// Days shown.
const DAYS: usize = 5;

/// Totals, findings, accounts and what could not be read or judged. Text from logs is on one line and without
/// control characters, so that it cannot command the terminal.
pub fn terminal(report: &Report<'_>, look: Look) -> Vec<String> {
    let look = Look { width: look.width.clamp(40, 200), ..look };
    let mut lines = Lines { lines: Vec::new(), look };
    evidence(report, &mut lines);
    incidents(report, &mut lines);
    known(report, &mut lines);
    findings(report, &mut lines);
    accounts(report, &mut lines);
    unjudged(report, &mut lines);
    lines.lines
}

struct Lines {
    lines: Vec<String>,
    look: Look,
}

impl Lines {
    fn head(&mut self, text: &str) {
        self.lines.push(String::new());
        self.lines.push(paint(self.look, "1", text));
    }

    fn line(&mut self, text: &str) {
        let cut = cut(&one_line(text), self.look.width);
        self.lines.push(cut);
    }
}

fn paint(look: Look, code: &str, text: &str) -> String {
    if look.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// ANSI code of a severity.
fn code(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "1;31",
        Severity::High => "31",
        Severity::Medium => "33",
        Severity::Low => "36",
        Severity::Informational => "2",
    }
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

fn evidence(report: &Report<'_>, lines: &mut Lines) {
    let entries = &report.input.manifest.evidence;
    let known = entries.iter().filter(|entry| entry.format.is_some()).count();
    lines.head("Evidence");
    lines.line(&format!(
        "  {} read, {} not recognised; {}",
        many(known as u64, "file", "files"),
        entries.len() - known,
        many(report.counts.records, "record", "records"),
    ));
    let sum = |part: fn(&crate::evidence::Entry) -> u64| entries.iter().map(part).sum::<u64>();
    lines.line(&format!(
        "  {} loaded + {} duplicates + {} rejected",
        count(sum(|e| e.loaded)),
        count(sum(|e| e.duplicates)),
        count(sum(|e| e.rejected)),
    ));
    let clock = report.clock();
    let width = report.coverage.tables.iter().map(|t| t.table.len()).max().unwrap_or(0).min(40);
    for covered in &report.coverage.tables {
        let span = covered.span.map(|(first, last)| format!("{} – {}", clock.short(first), clock.short(last)));
        lines.line(&format!("  {:<width$} {:>12}  {}", covered.table, count(covered.rows), span.unwrap_or_default()));
    }
    for entry in entries.iter().filter(|entry| entry.format.is_none()).take(LISTED) {
        lines.line(&format!("  not read: {}: {}", entry.path, entry.reason));
    }
    for entry in entries.iter().filter(|entry| entry.rejected > 0).take(LISTED) {
        let first = entry.warnings.first().map_or("", String::as_str);
        lines.line(&format!("  {}: {} rejected: {first}", entry.path, many(entry.rejected, "record", "records")));
    }
}

fn incidents(report: &Report<'_>, lines: &mut Lines) {
    if report.incidents.is_empty() {
        return;
    }
    lines.head(&format!("Incidents (findings that belong together; times in {})", report.clock().name()));
    for (number, incident) in report.incidents.iter().take(INCIDENTS).enumerate() {
        let head =
            format!("  I{} {}, score {}: {}", number + 1, incident.severity.word(), incident.score, incident.title);
        let head = cut(&one_line(&head), lines.look.width);
        lines.lines.push(paint(lines.look, code(incident.severity), &head));
        let span = [incident.first, incident.last].map(|at| at.map(|at| report.clock().short(at)).unwrap_or_default());
        let steps: Vec<String> =
            incident.findings.iter().filter_map(|&step| report.findings.get(step)).map(|found| found.label()).collect();
        lines.line(&format!("     {} – {}", span[0], span[1]));
        lines.line(&format!("     {}: {}", many(steps.len() as u64, "finding", "findings"), steps.join(" → ")));
    }
    let rest = report.incidents.len().saturating_sub(INCIDENTS);
    if rest > 0 {
        lines.line(&format!("  and {rest} more in the report"));
    }
}

fn known(report: &Report<'_>, lines: &mut Lines) {
    if report.input.known.is_empty() {
        return;
    }
    lines.head("Values looked for");
    let (seen, unseen): (Vec<_>, Vec<_>) = report.input.known.iter().partition(|known| !known.seen.is_empty());
    for known in seen.iter().take(LISTED) {
        for line in super::known::lines_by(known, report.clock()) {
            lines.line(&format!("  IOC {}: {line}", known.value));
        }
    }
    let rest = seen.len().saturating_sub(LISTED);
    if rest > 0 {
        lines.line(&format!("  and {rest} more in the report"));
    }
    if !unseen.is_empty() {
        lines.line(&format!("  {} in no row", many(unseen.len() as u64, "value is", "values are")));
    }
}

fn findings(report: &Report<'_>, lines: &mut Lines) {
    let clock = report.clock();
    lines.head(&format!("Findings (times in {})", clock.name()));
    if report.findings.is_empty() {
        lines.line("  none; see below what could not be judged");
        return;
    }
    reduction(report, lines);
    days(report, lines);
    for (severity, number) in report.counts.severities.iter().filter(|(_, number)| *number > 0) {
        let rules: BTreeSet<&str> = report
            .findings
            .iter()
            .filter(|found| found.finding.severity == *severity)
            .map(|found| found.finding.rule.as_str())
            .collect();
        let rules = many(rules.len() as u64, "rule", "rules");
        let head = format!("  {} {}, from {rules}", severity.word(), count(*number as u64));
        lines.lines.push(paint(lines.look, code(*severity), &head));
        let of = || report.findings.iter().filter(|found| found.finding.severity == *severity);
        for found in of().take(PER_SEVERITY) {
            let at = found.finding.first.map(|at| clock.short(at)).unwrap_or_else(|| "no time            ".to_owned());
            let text = if found.finding.sentence.is_empty() { &found.finding.title } else { &found.finding.sentence };
            lines.line(&format!("    {:<4} {at}  {text}", found.label()));
        }
        let rest = number.saturating_sub(PER_SEVERITY);
        if rest > 0 {
            lines.line(&format!("    and {rest} more in the report"));
        }
    }
}

/// How far the records were reduced, and the span of what is left.
fn reduction(report: &Report<'_>, lines: &mut Lines) {
    let events = report.timeline.events.len() as u64;
    let records = report.counts.records;
    let mut text = format!("  {} of {} on the timeline", count(events), many(records, "record", "records"));
    if records > events && events > 0 {
        // Never rounded up to everything: something is left.
        let tenths = ((records - events) as f64 / records as f64 * 1000.0).floor() / 10.0;
        text.push_str(&format!(": {tenths:.1} % less to read"));
    }
    lines.line(&text);
    if let Some(gap) = report.timeline.gap() {
        lines.line(&format!("  {gap}"));
    }
    if let Some((first, last)) = report.timeline.span() {
        let clock = report.clock();
        lines.line(&format!("  first event {}, last event {}", clock.short(first), clock.short(last)));
    }
}

/// The days with most events, the fullest first.
fn days(report: &Report<'_>, lines: &mut Lines) {
    let clock = report.clock();
    let mut days: BTreeMap<String, u64> = BTreeMap::new();
    for time in report.timeline.events.iter().filter_map(|event| event.time) {
        *days.entry(clock.day(time)).or_default() += 1;
    }
    let mut days: Vec<(String, u64)> = days.into_iter().collect();
    days.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if days.len() > 1 {
        let told: Vec<String> =
            days.iter().take(DAYS).map(|(day, events)| format!("{day} ({})", count(*events))).collect();
        lines.line(&format!("  days with most events: {}", told.join(", ")));
    }
}

fn accounts(report: &Report<'_>, lines: &mut Lines) {
    if report.accounts.is_empty() {
        return;
    }
    lines.head("Accounts named by findings");
    for account in report.accounts.iter().take(LISTED) {
        let number = many(account.findings.len() as u64, "finding", "findings");
        lines.line(&format!("  {:<13} {}  {number}", account.severity.word(), account.name));
    }
    if report.accounts.len() > LISTED {
        lines.line(&format!("  and {} more in the report", report.accounts.len() - LISTED));
    }
}

fn unjudged(report: &Report<'_>, lines: &mut Lines) {
    let name =
        |id: &str| report.input.rules.iter().find(|rule| rule.id == id).map_or(id.to_owned(), |rule| rule.name.clone());
    let mut told = Vec::new();
    let mut blind: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut partly = Vec::new();
    let mut domains: BTreeMap<&str, u64> = BTreeMap::new();
    for verdict in report.input.verdicts {
        match &verdict.outcome {
            Outcome::NotEvaluable { missing, .. } => {
                blind.entry(missing.join(", ")).or_default().push(name(&verdict.rule));
            }
            Outcome::Failed(problems) => {
                let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
                told.push(format!("  failed: {}: {first}", name(&verdict.rule)));
            }
            _ if verdict.unjudged > 0 => partly.push(format!(
                "  in part: {}: {} of {} not judged",
                name(&verdict.rule),
                count(verdict.unjudged),
                many(verdict.considered, "row", "rows")
            )),
            _ => {}
        }
        let judged = matches!(verdict.outcome, Outcome::Hits(_) | Outcome::Clean);
        let (unjudged, limits): (Vec<&str>, Vec<&str>) =
            verdict.limits.iter().map(String::as_str).partition(|limit| limit.starts_with("not judged: "));
        unjudged.into_iter().filter(|_| judged).for_each(|limit| *domains.entry(limit).or_default() += 1);
        if judged && !limits.is_empty() {
            partly.push(format!("  in part: {}: {}", name(&verdict.rule), limits.join("; ")));
        }
    }
    // What several rules do not judge is told once.
    told.extend(domains.into_iter().map(|(limit, rules)| format!("  {limit} ({})", many(rules, "rule", "rules"))));
    // The export that most rules wait for comes first.
    let mut blind: Vec<(String, Vec<String>)> = blind.into_iter().collect();
    blind.sort_by_key(|(_, rules)| std::cmp::Reverse(rules.len()));
    told.extend(blind.into_iter().map(|(missing, rules)| match rules.as_slice() {
        [one] => format!("  could not look: {one}: {missing}"),
        rules => format!("  could not look: {}: {missing}", many(rules.len() as u64, "rule", "rules")),
    }));
    told.extend(partly);
    if told.is_empty() {
        return;
    }
    lines.head("Not judged");
    let more = told.len().saturating_sub(LISTED);
    for line in told.into_iter().take(LISTED) {
        lines.line(&line);
    }
    if more > 0 {
        lines.line(&format!("  and {more} more in the report"));
    }
}
