//! ATT&CK: the order and ids of tactics, and what the findings say of each technique.

use std::collections::BTreeMap;

use crate::finding::{Finding, Severity};

/// A tactic of ATT&CK for Enterprise, version 19 (<https://attack.mitre.org/tactics/enterprise/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tactic {
    /// As Sentinel spells it, without spaces.
    pub key: &'static str,
    /// As people read it.
    pub name: &'static str,
    /// Id.
    pub id: &'static str,
}

const fn tactic(key: &'static str, name: &'static str, id: &'static str) -> Tactic {
    Tactic { key, name, id }
}

/// Tactics in the order of the matrix. `DefenseEvasion` of earlier versions is `Stealth` now.
pub const TACTICS: [Tactic; 15] = [
    tactic("Reconnaissance", "Reconnaissance", "TA0043"),
    tactic("ResourceDevelopment", "Resource Development", "TA0042"),
    tactic("InitialAccess", "Initial Access", "TA0001"),
    tactic("Execution", "Execution", "TA0002"),
    tactic("Persistence", "Persistence", "TA0003"),
    tactic("PrivilegeEscalation", "Privilege Escalation", "TA0004"),
    tactic("Stealth", "Stealth", "TA0005"),
    tactic("DefenseImpairment", "Defense Impairment", "TA0112"),
    tactic("CredentialAccess", "Credential Access", "TA0006"),
    tactic("Discovery", "Discovery", "TA0007"),
    tactic("LateralMovement", "Lateral Movement", "TA0008"),
    tactic("Collection", "Collection", "TA0009"),
    tactic("CommandAndControl", "Command and Control", "TA0011"),
    tactic("Exfiltration", "Exfiltration", "TA0010"),
    tactic("Impact", "Impact", "TA0040"),
];

/// The tactic of a name in Sentinel's or another spelling; the old name of a renamed tactic leads to the new one.
pub fn find(name: &str) -> Option<&'static Tactic> {
    let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let folded = if folded.eq_ignore_ascii_case("DefenseEvasion") { "Stealth".to_owned() } else { folded };
    TACTICS.iter().find(|t| t.key.eq_ignore_ascii_case(&folded) || t.id.eq_ignore_ascii_case(&folded))
}

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
        .map(|tactic| {
            let with = |finding: &Finding| finding.tactics.iter().any(|name| find(name) == Some(tactic));
            let chosen = findings.iter().enumerate().filter(|(_, finding)| with(finding));
            Column { tactic: *tactic, techniques: techniques(chosen.map(|(i, f)| (i, *f)), names) }
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
