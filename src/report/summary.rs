//! The first page: who, what, when and what could not be judged, in plain sentences.

use std::collections::BTreeMap;

use super::intrusion::{Intrusion, Remains, State};
use super::{Report, clipped};
use crate::finding::{Outcome, Severity};
use crate::table::time::{self, TICKS_PER_DAY};

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
    /// What the logs leave open about the intrusion.
    pub open: Vec<String>,
    /// What could not be read or judged.
    pub limits: Vec<String>,
}

/// Writes the summary of a report.
pub fn summary(report: &Report<'_>) -> Summary {
    Summary { lead: lead(report), key: key(report), open: open(report), limits: limits(report) }
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
    lead.extend(access(report));
    lead.extend(impact(&report.intrusion));
    lead.extend(reach(report));
    lead.extend(confidence(&report.intrusion));
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
    Some(text)
}

/// Who was accessed, from when to when.
fn access(report: &Report<'_>) -> Option<String> {
    let found = &report.intrusion;
    let addresses: Vec<String> =
        found.suspects.iter().filter(|suspect| suspect.followed()).map(|suspect| suspect.address.to_string()).collect();
    if addresses.is_empty() {
        return None;
    }
    let from = listed(addresses.iter().map(String::as_str));
    let used: Vec<_> = found.people(State::Accessed).collect();
    let total = many(found.population as u64, "account", "accounts");
    let mut text = match used.len() {
        0 => format!("None of the {total} that signed in was accessed from {from}, as far as these logs tell."),
        n => format!(
            "{} of {total} {} accessed from {from}: {}.",
            count(n as u64),
            if n == 1 { "was" } else { "were" },
            listed(used.iter().map(|victim| victim.name.as_str()))
        ),
    };
    let spans =
        || found.victims.iter().filter(|victim| victim.state == State::Accessed).filter_map(|victim| victim.span);
    if let (Some(first), Some(last)) = (spans().map(|s| s.0).min(), spans().map(|s| s.1).max()) {
        text.push_str(&format!(
            " The first access was at {} UTC, the last at {} UTC: a dwell time of {} in these logs.",
            minute(first),
            minute(last),
            apart(last - first)
        ));
    }
    let known = found.people(State::PasswordKnown).count() as u64;
    if known > 0 {
        text.push_str(&format!(
            " For {} more the password was right, but the next step stopped it.",
            many(known, "account", "accounts")
        ));
    }
    let own: Vec<_> = found.people(State::Own).collect();
    if !own.is_empty() {
        text.push_str(&format!(
            " {} made by the intruder and {} not among them: {}.",
            were(own.len() as u64, "account", "accounts"),
            if own.len() == 1 { "is" } else { "are" },
            listed(own.iter().map(|victim| victim.name.as_str()))
        ));
    }
    let tried = found.people(State::Tried).count() as u64;
    if tried > 0 {
        text.push_str(&format!(" {} only tried.", were(tried, "other account", "other accounts")));
    }
    let apps: Vec<_> = found.applications().collect();
    if !apps.is_empty() {
        text.push_str(&format!(
            " {} signed in or acted from there as well: {}.",
            many(apps.len() as u64, "application", "applications"),
            listed(apps.iter().map(|victim| victim.name.as_str()))
        ));
    }
    Some(text)
}

/// What was left behind and what was reached.
fn impact(found: &Intrusion) -> Option<String> {
    let mut parts = Vec::new();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for foothold in found.footholds.iter().filter(|foothold| foothold.theirs) {
        *kinds.entry(foothold.what).or_default() += 1;
    }
    if !kinds.is_empty() {
        let total: u64 = kinds.values().sum();
        let named: Vec<String> = kinds.iter().map(|(what, n)| format!("{} ({n})", what.to_lowercase())).collect();
        let removed = found.footholds.iter().filter(|f| f.theirs && matches!(f.remains, Remains::Removed(..))).count();
        let removed = match removed {
            0 => "none of them is seen being removed".to_owned(),
            n => format!("{} of them {} removed later", count(n as u64), if n == 1 { "was" } else { "were" }),
        };
        parts.push(format!(
            "The intruder made {} that may serve to stay: {}; {removed}.",
            many(total, "change", "changes"),
            and(&named)
        ));
    }
    let mut data: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for reached in &found.reached {
        let entry = data.entry(reached.what).or_default();
        entry.0 += reached.records;
        entry.1 += 1;
    }
    if !data.is_empty() {
        let told: Vec<String> = data
            .iter()
            .map(|(what, (records, places))| {
                format!("{what} ({} in {})", many(*records, "record", "records"), many(*places, "place", "places"))
            })
            .collect();
        parts.push(format!("Data was reached: {}.", and(&told)));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// How sure the above is.
fn confidence(found: &Intrusion) -> Option<String> {
    let sure = found.people(State::Accessed).count() + found.applications().count();
    let named: Vec<_> = found.people(State::Named).collect();
    if sure == 0 && named.is_empty() {
        return None;
    }
    let mut text = String::from("Confidence: ");
    if sure > 0 {
        text.push_str(
            "high that the accounts called accessed were used, for each has successful sign-ins or actions from these \
             addresses; medium that one party is behind all of them, for that follows from what the findings share.",
        );
    }
    if !named.is_empty() {
        text.push_str(&format!(
            "{}low for {}, which findings rated high name without a trace from these addresses.",
            if sure > 0 { " It is " } else { "" },
            listed(named.iter().map(|victim| victim.name.as_str()))
        ));
    }
    Some(text)
}

/// What remains open.
fn open(report: &Report<'_>) -> Vec<String> {
    let found = &report.intrusion;
    let mut open = Vec::new();
    let silent: Vec<&str> = found
        .people(State::Accessed)
        .filter(|victim| victim.signins.iter().skip(1).all(|n| *n == 0))
        .map(|victim| victim.name.as_str())
        .collect();
    if !silent.is_empty() {
        open.push(format!(
            "How the intruder came to the credentials or sessions of {}: no failed or interrupted sign-in from these \
             addresses is in the logs.",
            listed(silent.iter().copied())
        ));
    }
    let unknown =
        found.footholds.iter().filter(|f| f.theirs && matches!(f.remains, Remains::Unknown(_))).count() as u64;
    if unknown > 0 {
        open.push(format!(
            "Whether {} still there: no inventory and no removal in the evidence says so. See Persistence.",
            if unknown == 1 {
                "1 change that may serve to stay is".to_owned()
            } else {
                format!("{} changes that may serve to stay are", count(unknown))
            }
        ));
    }
    let throttled: u64 = found.reached.iter().map(|reached| reached.throttled).sum();
    if throttled > 0 {
        open.push(format!(
            "How much mail was read: recording was throttled in {}, so more was read than is listed.",
            many(throttled, "record", "records")
        ));
    }
    let free = |name: &str| report.input.tables.get(name).is_none_or(|table| table.rows() == 0);
    if found.span.is_some() && free("MicrosoftGraphActivityLogs") {
        open.push("What was read over Microsoft Graph: its activity log is not among the evidence.".to_owned());
    }
    if found.span.is_some() && free("OfficeActivity") && free("CloudAppEvents") {
        open.push("What was done in mailboxes and files: no unified audit log is among the evidence.".to_owned());
    }
    if let Some((first, _)) = found.span {
        let begin = report.coverage.tables.iter().filter_map(|covered| covered.span).map(|(begin, _)| begin).min();
        if begin.is_some_and(|begin| first - begin < 3 * TICKS_PER_DAY) {
            open.push(
                "Whether it began earlier: the logs begin less than three days before the first event.".to_owned(),
            );
        }
    }
    let free: Vec<&str> = found
        .people(State::Accessed)
        .filter(|victim| victim.contained.is_none())
        .map(|victim| victim.name.as_str())
        .collect();
    if !free.is_empty() {
        open.push(format!(
            "Whether {} still in the intruder's hands: no reset, revocation or block after the access is in the logs.",
            if free.len() == 1 {
                format!("{} is", listed(free.iter().copied()))
            } else {
                format!("{} are", listed(free.iter().copied()))
            }
        ));
    }
    open
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
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
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

/// `1 account was`, `2 accounts were`.
fn were(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", many(n, one, several), if n == 1 { "was" } else { "were" })
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
