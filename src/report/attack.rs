//! ATT&CK: what the findings say of each tactic and technique.

use std::collections::BTreeMap;

use crate::finding::{Finding, Severity};
use crate::rules::attack::{TACTICS, Tactic, tactic};

/// What the findings say of one technique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technique {
    /// Id, for example `T1110.003`.
    pub id: String,
    /// Name, empty where it is not known.
    pub name: String,
    /// Highest severity of its findings.
    pub severity: Severity,
    /// Positions of its findings.
    pub findings: Vec<usize>,
}

/// One column of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The tactic.
    pub tactic: Tactic,
    /// Techniques that findings name with it, in order of id.
    pub techniques: Vec<Technique>,
}

/// All tactics in order, those without a finding too: an empty column is not proof that nothing happened.
pub fn matrix(findings: &[&Finding], names: &BTreeMap<String, String>) -> Vec<Column> {
    TACTICS
        .iter()
        .map(|column| {
            let with = |finding: &Finding| finding.tactics.iter().any(|name| tactic(name) == Some(column));
            let chosen = findings.iter().enumerate().filter(|(_, finding)| with(finding));
            Column { tactic: *column, techniques: techniques(chosen.map(|(i, f)| (i, *f)), names) }
        })
        .collect()
}

/// The techniques of some findings, in order of id.
pub fn techniques<'a>(
    findings: impl Iterator<Item = (usize, &'a Finding)>,
    names: &BTreeMap<String, String>,
) -> Vec<Technique> {
    let mut found: BTreeMap<&str, (Severity, Vec<usize>)> = BTreeMap::new();
    for (position, finding) in findings {
        for id in &finding.techniques {
            let entry = found.entry(id).or_default();
            entry.0 = entry.0.max(finding.severity);
            if entry.1.last() != Some(&position) {
                entry.1.push(position);
            }
        }
    }
    let named = |id: &str| names.get(id).cloned().unwrap_or_default();
    found
        .into_iter()
        .map(|(id, (severity, findings))| Technique { id: id.to_owned(), name: named(id), severity, findings })
        .collect()
}
