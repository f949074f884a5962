//! The first page: who, what, when and what could not be judged, in plain sentences.

use super::{Report, clipped};
use crate::finding::{Outcome, Severity};
use crate::table::time;

/// Findings shown by name on the first page.
const KEY_FINDINGS: usize = 12;
/// Names in a sentence.
const NAMED: usize = 5;

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
        "The rules report {}: {}. They come from {} of the {} that could look.",
        many(findings as u64, "finding", "findings"),
        and(&parts),
        count(report.counts.hit as u64),
        many(report.counts.judged as u64, "rule", "rules"),
    ));
    lead.extend(when_and_who(report));
    lead.extend(reach(report));
    lead
}

/// Severities that the lead speaks of.
fn serious(severity: Severity) -> bool {
    severity >= Severity::High
}

/// The span of what is serious, and the accounts it names.
fn when_and_who(report: &Report<'_>) -> Option<String> {
    let chosen = || report.findings.iter().map(|found| found.finding).filter(|finding| serious(finding.severity));
    let first = chosen().filter_map(|finding| finding.first).min()?;
    let last = chosen().filter_map(|finding| finding.last.or(finding.first)).max()?;
    let mut text = format!("What is rated high or critical happened from {} to {} UTC", minute(first), minute(last));
    if last > first {
        text.push_str(&format!(", {} from the first event to the last", apart(last - first)));
    }
    let accounts: Vec<_> = report.accounts.iter().filter(|account| serious(account.severity)).collect();
    if accounts.is_empty() {
        return Some(text + ".");
    }
    text.push_str(&format!(
        "; it names {}: {}.",
        many(accounts.len() as u64, "account", "accounts"),
        listed(accounts.iter().map(|account| account.name.as_str()))
    ));
    let signed_in = &report.statistics.signed_in;
    if !signed_in.is_empty() {
        let named = accounts.iter().filter(|account| signed_in.contains(&account.name.to_lowercase())).count();
        text.push_str(&format!(
            " Of the {} that signed in successfully in these logs, {} {} among them.",
            many(signed_in.len() as u64, "account", "accounts"),
            count(named as u64),
            if named == 1 { "is" } else { "are" }
        ));
    }
    Some(text)
}

/// The addresses of what is serious, and how far it went.
fn reach(report: &Report<'_>) -> Option<String> {
    let addresses: Vec<&str> = report
        .indicators
        .iter()
        .filter(|indicator| indicator.kind == "IP" && serious(indicator.severity))
        .map(|indicator| indicator.value.as_str())
        .collect();
    let tactics: Vec<String> = report
        .attack
        .iter()
        .filter(|column| column.techniques.iter().any(|technique| serious(technique.severity)))
        .map(|column| column.tactic.name.to_lowercase())
        .collect();
    let from = match addresses.len() {
        0 => String::new(),
        1 => format!("One address is involved: {}.", addresses.join("")),
        n => format!("{} addresses are involved: {}.", count(n as u64), listed(addresses.iter().copied())),
    };
    let reached = match tactics.as_slice() {
        [] => String::new(),
        tactics => format!("In the words of ATT&CK it shows {}.", and(tactics)),
    };
    let text = [from, reached].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// The first few names, and how many more there are.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let total = names.len();
    let shown: Vec<String> = names.take(NAMED).map(|name| clipped(name, 120).into_owned()).collect();
    if total > NAMED { format!("{} and {} more", shown.join(", "), total - NAMED) } else { and(&shown) }
}

/// Date and time to the minute.
fn minute(ticks: i64) -> String {
    time::short(ticks).chars().take(16).collect()
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
    let judged = || report.input.verdicts.iter().filter(|v| matches!(v.outcome, Outcome::Hits(_) | Outcome::Clean));
    let partly = judged().filter(|verdict| verdict.unjudged > 0).count() as u64;
    if partly > 0 {
        limits.push(format!(
            "{} could judge only part of the rows they read, because some exports lack a column.",
            many(partly, "rule", "rules")
        ));
    }
    let limited = |begin: &str| {
        judged().filter(|verdict| verdict.limits.iter().any(|limit| limit.starts_with(begin))).count() as u64
    };
    let narrow = limited("not looked at: ");
    if narrow > 0 {
        limits.push(format!("{} read a table that has no rows.", many(narrow, "rule", "rules")));
    }
    let blind = limited("not judged: ");
    if blind > 0 {
        limits.push(format!(
            "{} count wrong passwords, but those of a federated domain never reach Entra and were not judged.",
            many(blind, "rule", "rules")
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
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
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
