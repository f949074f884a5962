//! What the tables reach over: days with and without rows, signs of cut exports, what the sources may still hold, and which
//! rules can judge.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Outcome, Verdict};
use crate::ingest::{Ingested, cut};
use crate::report::{Covered, Steps, coverage};
use crate::table::time::TICKS_PER_DAY;
use crate::table::{Cell, RecordId};

/// What a table covers.
pub(super) struct Reach {
    /// Rows by step of time, and steps without rows between the first and the last.
    pub covered: Covered,
    /// First instants of these steps, as long as the gap lasts: from and to, in ticks.
    pub gaps: Vec<(i64, i64)>,
    /// Signs that an export which fed it is incomplete: path and line.
    pub cut: Vec<(String, String)>,
    /// Days from its first row to the last event of the case.
    pub days: Option<i64>,
    /// Days that the source keeps by default.
    pub kept: Option<i64>,
}

/// All tables, and the steps in which their rows are counted.
pub(super) fn reaches(read: &Ingested) -> (Option<Steps>, Vec<Reach>) {
    let whole = coverage(&read.tables);
    let last = read.tables.span().map(|(_, last)| last);
    let reaches = whole.tables.into_iter().map(|covered| {
        let cut =
            read.manifest.evidence.iter().filter(|entry| entry.tables.contains_key(&covered.table)).flat_map(|entry| {
                entry.warnings.iter().filter(|line| cut(line)).map(|line| (entry.path.clone(), line.clone()))
            });
        let days = covered.span.zip(last).map(|((first, _), last)| (last - first).max(0) / TICKS_PER_DAY);
        Reach { cut: cut.collect(), gaps: gaps(&covered, whole.steps), days, kept: kept(&covered.table), covered }
    });
    (whole.steps, reaches.collect())
}

/// Stretches without rows between the first and the last step that has some.
fn gaps(covered: &Covered, steps: Option<Steps>) -> Vec<(i64, i64)> {
    let Some(steps) = steps else { return Vec::new() };
    let filled: Vec<usize> = (0..covered.counts.len()).filter(|step| covered.counts.get(*step) > Some(&0)).collect();
    let apart = filled.windows(2).filter_map(|pair| match pair {
        [before, after] if after - before > 1 => Some((steps.begin(before + 1), steps.begin(*after))),
        _ => None,
    });
    apart.collect()
}

/// Days that the service keeps by default what fills a table (Microsoft's pages on data retention of Entra ID, Purview
/// and Azure Monitor): 30 for sign-ins and directory audits with a premium licence, 7 without; 180 for the unified audit
/// log; 90 for the activity log and risk detections. What only diagnostic settings deliver is kept nowhere else.
fn kept(table: &str) -> Option<i64> {
    match table {
        "SigninLogs" | "AuditLogs" | "AADProvisioningLogs" => Some(30),
        "AADNonInteractiveUserSignInLogs" | "AADServicePrincipalSignInLogs" | "AADManagedIdentitySignInLogs" => {
            Some(30)
        }
        "CloudAppEvents" | "OfficeActivity" => Some(180),
        "AzureActivity" | "AADUserRiskEvents" | "AADServicePrincipalRiskEvents" => Some(90),
        _ => None,
    }
}

/// First and last TimeGenerated of the rows of each piece of evidence.
pub(super) fn spans(read: &Ingested) -> BTreeMap<u32, (i64, i64)> {
    let mut spans: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
    for (_, table) in read.tables.iter() {
        for row in 0..table.rows() {
            let Cell::Integer(at) = table.cell(row, "TimeGenerated") else { continue };
            let RecordId { evidence, .. } = table.record(row);
            let span = spans.entry(evidence).or_insert((at, at));
            *span = (span.0.min(at), span.1.max(at));
        }
    }
    spans
}

/// Which rules can judge, and what would let others.
#[derive(Default)]
pub(super) struct Chances {
    /// Rules that can judge all rows of their tables.
    pub evaluable: usize,
    /// Rules that can judge, but not every row.
    pub partly: usize,
    /// Rules that cannot.
    pub blocked: usize,
    /// Rules that do not compile.
    pub broken: usize,
    /// What to do, and the rules that this alone would unlock, most first.
    pub remedies: Vec<(String, BTreeSet<String>)>,
}

/// Counts the verdicts of a survey.
pub(super) fn chances(verdicts: &[Verdict]) -> Chances {
    let mut chances = Chances::default();
    let mut remedies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for verdict in verdicts {
        match &verdict.outcome {
            Outcome::NotEvaluable { remedy, .. } => {
                chances.blocked += 1;
                remedies.entry(remedy.join("; ")).or_default().insert(verdict.rule.clone());
            }
            Outcome::Failed(_) => chances.broken += 1,
            _ if verdict.unjudged > 0 => chances.partly += 1,
            _ => chances.evaluable += 1,
        }
    }
    chances.remedies = remedies.into_iter().collect();
    chances.remedies.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    chances
}
