//! The first page: who, what, when and what could not be judged, in plain sentences.

use super::Report;
use crate::finding::{Outcome, Severity};
use crate::table::time;

/// Findings shown by name on the first page.
const KEY_FINDINGS: usize = 12;

/// Sentences for a reader who reads nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// What was found, whom it touches, and when.
    pub lead: Vec<String>,
    /// Positions of the findings that matter most, in order of time.
    pub key: Vec<usize>,
    /// What could not be read or judged.
    pub limits: Vec<String>,
}

/// Writes the summary of a report.
pub fn summary(report: &Report<'_>) -> Summary {
    Summary { lead: lead(report), key: key(report), limits: limits(report) }
}

fn lead(report: &Report<'_>) -> Vec<String> {
    let mut lead = Vec::new();
    let findings = report.findings.len();
    if findings == 0 {
        lead.push(format!(
            "None of the {} that could look found anything in the logs supplied. That is a statement about these logs \
             and these rules only; what follows says what they cover.",
            many(report.counts.judged as u64, "rule", "rules")
        ));
        return lead;
    }
    let severities = report.counts.severities.iter().filter(|(_, n)| *n > 0);
    let parts: Vec<String> = severities.map(|(severity, n)| format!("{n} {}", severity.word())).collect();
    lead.push(format!(
        "{} of {} that could look found something: {}.",
        count(report.counts.hit as u64),
        many(report.counts.judged as u64, "rule", "rules"),
        and(&parts) + if findings == 1 { " finding" } else { " findings" },
    ));
    let serious: Vec<_> = report.findings.iter().filter(|found| found.finding.severity >= Severity::High).collect();
    let first = serious.iter().filter_map(|found| found.finding.first).min();
    let last = serious.iter().filter_map(|found| found.finding.last.or(found.finding.first)).max();
    if let (Some(first), Some(last)) = (first, last) {
        lead.push(format!(
            "The events behind the findings of severity high and critical begin at {} UTC and end at {} UTC, {} apart.",
            time::short(first),
            time::short(last),
            apart(last - first)
        ));
    }
    let accounts: Vec<_> = report.accounts.iter().filter(|account| account.severity >= Severity::High).collect();
    if !accounts.is_empty() {
        let names: Vec<String> = accounts.iter().take(5).map(|account| account.name.clone()).collect();
        let seen = match report.statistics.accounts {
            0 => String::new(),
            n => format!("; {} signed in successfully in the logs supplied", many(n, "account", "accounts")),
        };
        let more = if accounts.len() > names.len() {
            format!(" and {} more", accounts.len() - names.len())
        } else {
            String::new()
        };
        lead.push(format!(
            "{} named in them: {}{more}{seen}.",
            if accounts.len() == 1 {
                "One account is".to_owned()
            } else {
                format!("{} accounts are", count(accounts.len() as u64))
            },
            if more.is_empty() { and(&names) } else { names.join(", ") },
        ));
    }
    lead
}

/// The most severe findings, told in order of time.
fn key(report: &Report<'_>) -> Vec<usize> {
    let mut key: Vec<usize> = (0..report.findings.len())
        .filter(|&i| report.findings.get(i).is_some_and(|found| found.finding.severity >= Severity::Medium))
        .take(KEY_FINDINGS)
        .collect();
    key.sort_by_key(|&i| report.findings.get(i).map(|found| (found.finding.first.is_none(), found.finding.first, i)));
    key
}

fn limits(report: &Report<'_>) -> Vec<String> {
    let mut limits = Vec::new();
    let outcomes =
        |wanted: fn(&Outcome) -> bool| report.input.verdicts.iter().filter(|v| wanted(&v.outcome)).count() as u64;
    let blind = outcomes(|outcome| matches!(outcome, Outcome::NotEvaluable { .. }));
    if blind > 0 {
        limits.push(format!(
            "{} could not look, because the logs they read were not supplied. What they would have found is unknown.",
            many(blind, "rule", "rules")
        ));
    }
    let partly =
        report.input.verdicts.iter().filter(|v| v.unjudged > 0 && !matches!(v.outcome, Outcome::NotEvaluable { .. }));
    let partly = partly.count() as u64;
    if partly > 0 {
        limits.push(format!(
            "{} could judge only part of the rows they read, because some exports lack a column.",
            many(partly, "rule", "rules")
        ));
    }
    let failed = outcomes(|outcome| matches!(outcome, Outcome::Failed(_)));
    if failed > 0 {
        limits.push(format!("{} failed and judged nothing.", many(failed, "rule", "rules")));
    }
    let unknown = report.input.manifest.evidence.iter().filter(|entry| entry.format.is_none()).count() as u64;
    if unknown > 0 {
        limits.push(format!("{} not recognised and not read.", was(unknown, "file")));
    }
    let rejected: u64 = report.input.manifest.evidence.iter().map(|entry| entry.rejected).sum();
    if rejected > 0 {
        limits.push(format!("{} could not be read.", many(rejected, "record", "records")));
    }
    for covered in report.coverage.tables.iter().filter(|covered| covered.gaps > 0) {
        let unit = match report.coverage.steps {
            Some(steps) if steps.days > 1 => {
                format!("{} of {} days", if covered.gaps == 1 { "period" } else { "periods" }, steps.days)
            }
            _ => {
                if covered.gaps == 1 {
                    "day".to_owned()
                } else {
                    "days".to_owned()
                }
            }
        };
        limits.push(format!(
            "{} has {} {unit} without a single row between its first and its last.",
            covered.table,
            count(covered.gaps as u64)
        ));
    }
    limits
}

/// A number with thin groups of three, for reading.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 file`, `2 files`.
pub fn many(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { several })
}

fn was(n: u64, one: &str) -> String {
    if n == 1 { format!("1 {one} was") } else { format!("{} {one}s were", count(n)) }
}

fn and(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// A length of time in the largest unit that fits.
pub fn apart(ticks: i64) -> String {
    let minutes = (ticks / 600_000_000).max(0) as u64;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..=119 => many(minutes, "minute", "minutes"),
        120..=2879 => many(minutes / 60, "hour", "hours"),
        _ => many(minutes / 1440, "day", "days"),
    }
}
