//! The evidence, what it covers, and how the rules ended, as plain rows.

use super::chart::{heat, span_text};
use super::{at, count, cut};
use crate::finding::{Outcome, Verdict};
use crate::report::Report;
use crate::report::summary::many;

/// The evidence.
pub struct Inventory {
    pub read: Vec<EvidenceRow>,
    pub unread: Vec<EvidenceRow>,
    pub balance: String,
}

/// One piece of evidence.
pub struct EvidenceRow {
    pub path: String,
    pub format: String,
    pub reason: String,
    pub bytes: String,
    pub records: String,
    pub loaded: String,
    pub duplicates: String,
    pub rejected: String,
    pub any_rejected: bool,
    pub tables: Vec<(String, String)>,
    pub sha256: String,
    pub warnings: Vec<String>,
    pub warnings_text: String,
}

/// The evidence, what was read first.
pub fn inventory(report: &Report<'_>) -> Inventory {
    let entries = &report.input.manifest.evidence;
    let row = |entry: &crate::evidence::Entry| EvidenceRow {
        path: cut(&entry.path),
        format: cut(entry.format.as_deref().unwrap_or("not recognised")),
        reason: cut(&entry.reason),
        bytes: size(entry.bytes),
        records: count(entry.records),
        loaded: count(entry.loaded),
        duplicates: count(entry.duplicates),
        rejected: count(entry.rejected),
        any_rejected: entry.rejected > 0,
        tables: entry.tables.iter().map(|(table, rows)| (table.clone(), count(*rows))).collect(),
        sha256: entry.sha256.clone(),
        warnings: entry.warnings.iter().take(50).map(|warning| cut(warning)).collect(),
        warnings_text: many(entry.warnings.len() as u64, "warning", "warnings"),
    };
    let sum = |part: fn(&crate::evidence::Entry) -> u64| count(entries.iter().map(part).sum::<u64>());
    let balance = format!(
        "{} records read = {} loaded + {} duplicates + {} rejected.",
        sum(|e| e.records),
        sum(|e| e.loaded),
        sum(|e| e.duplicates),
        sum(|e| e.rejected)
    );
    Inventory {
        read: entries.iter().filter(|entry| entry.format.is_some()).map(row).collect(),
        unread: entries.iter().filter(|entry| entry.format.is_none()).map(row).collect(),
        balance,
    }
}

/// Bytes in a unit that people read.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Tables by days, and rules that could not judge.
pub struct Coverage {
    pub days: Vec<String>,
    pub step: String,
    pub tables: Vec<CoveredRow>,
    pub blind: Vec<BlindRow>,
    pub partial: Vec<RuleRow>,
}

/// Rules that could not look for one and the same reason.
pub struct BlindRow {
    pub rules: Vec<String>,
    pub failed: bool,
    pub missing: Vec<String>,
    pub remedy: Vec<String>,
}

/// Rules by reason, the reason that blinds most of them first: that export is the one to ask for.
fn by_reason(rules: Vec<RuleRow>) -> Vec<BlindRow> {
    let mut rows: Vec<BlindRow> = Vec::new();
    for rule in rules {
        match rows.iter_mut().find(|row| row.missing == rule.missing && row.remedy == rule.remedy) {
            Some(row) => row.rules.push(rule.name),
            None => rows.push(BlindRow {
                rules: vec![rule.name],
                failed: rule.kind == "failed",
                missing: rule.missing,
                remedy: rule.remedy,
            }),
        }
    }
    rows.sort_by_key(|row| (!row.failed, std::cmp::Reverse(row.rules.len())));
    rows
}

/// What one table covers.
pub struct CoveredRow {
    pub table: String,
    pub rows: String,
    pub span: String,
    pub cells: Vec<(usize, String)>,
    pub gaps: usize,
    pub inventory: bool,
}

/// Coverage by table and day.
pub fn coverage(report: &Report<'_>) -> Coverage {
    let covered = &report.coverage;
    let most = covered.tables.iter().flat_map(|table| &table.counts).copied().max().unwrap_or(0);
    let days: Vec<String> =
        covered.steps.map(|steps| (0..steps.count).map(|step| span_text(steps, step)).collect()).unwrap_or_default();
    let rows = covered.tables.iter().map(|table| CoveredRow {
        table: table.table.clone(),
        rows: count(table.rows),
        span: table.span.map(|(first, last)| format!("{} – {}", at(Some(first)), at(Some(last)))).unwrap_or_default(),
        inventory: table.span.is_none(),
        cells: table.counts.iter().map(|n| (heat(*n, most), count(*n))).collect(),
        gaps: table.gaps,
    });
    let all = rules(report);
    let (blind, rest): (Vec<RuleRow>, Vec<RuleRow>) =
        all.into_iter().partition(|rule| rule.kind == "blind" || rule.kind == "failed");
    Coverage {
        step: match covered.steps {
            Some(steps) if steps.days > 1 => format!("One square is {} days.", steps.days),
            _ => "One square is a day in UTC.".to_owned(),
        },
        days,
        tables: rows.collect(),
        blind: by_reason(blind),
        partial: rest.into_iter().filter(|rule| rule.unjudged > 0 || !rule.missing.is_empty()).collect(),
    }
}

/// How a rule ended.
pub struct RuleRow {
    pub id: String,
    pub name: String,
    pub path: String,
    pub version: String,
    /// Class: `hits`, `clean`, `blind` or `failed`.
    pub kind: &'static str,
    pub outcome: String,
    pub unjudged: u64,
    pub judged: String,
    pub missing: Vec<String>,
    pub remedy: Vec<String>,
}

/// All rules: those with hits first, then the others in order of name.
pub fn rules(report: &Report<'_>) -> Vec<RuleRow> {
    let mut rows: Vec<RuleRow> = report.input.verdicts.iter().map(|verdict| rule(report, verdict)).collect();
    let rank = |kind: &str| ["hits", "failed", "blind", "clean"].iter().position(|k| *k == kind);
    rows.sort_by(|a, b| (rank(a.kind), &a.name, &a.id).cmp(&(rank(b.kind), &b.name, &b.id)));
    rows
}

fn rule(report: &Report<'_>, verdict: &Verdict) -> RuleRow {
    let info = report.input.rules.iter().find(|rule| rule.id == verdict.rule);
    let none = Vec::new;
    let (kind, outcome, missing, remedy) = match &verdict.outcome {
        Outcome::Hits(findings) => {
            ("hits", many(findings.len() as u64, "finding", "findings"), verdict.limits.clone(), none())
        }
        Outcome::Clean if verdict.unjudged > 0 || !verdict.limits.is_empty() => {
            ("clean", "clean on what could be judged".to_owned(), verdict.limits.clone(), none())
        }
        Outcome::Clean => ("clean", "clean".to_owned(), none(), none()),
        Outcome::NotEvaluable { missing, remedy } => {
            ("blind", "could not look".to_owned(), missing.clone(), remedy.clone())
        }
        Outcome::Failed(problems) => {
            ("failed", "failed".to_owned(), problems.iter().map(|p| cut(&p.to_string())).collect(), none())
        }
    };
    RuleRow {
        id: verdict.rule.clone(),
        name: info.map_or_else(|| verdict.rule.clone(), |rule| rule.name.clone()),
        path: info.map(|rule| rule.path.clone()).unwrap_or_default(),
        version: info.map(|rule| rule.version.clone()).unwrap_or_default(),
        kind,
        outcome,
        unjudged: verdict.unjudged,
        judged: match verdict.unjudged {
            0 => count(verdict.considered),
            n => format!("{} of {} not judged", count(n), count(verdict.considered)),
        },
        missing,
        remedy,
    }
}

/// How many rules ended how: the word, its class and the number.
pub fn outcomes(rules: &[RuleRow]) -> Vec<(&'static str, &'static str, String)> {
    let kinds = [("found something", "hits"), ("clean", "clean"), ("could not look", "blind"), ("failed", "failed")];
    kinds
        .into_iter()
        .map(|(word, kind)| (word, kind, count(rules.iter().filter(|rule| rule.kind == kind).count() as u64)))
        .collect()
}
