//! What a rule concluded: findings, or why there are none.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::Diagnostic;

/// Sentinel's severities, and `critical` above them for what needs no second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Context.
    #[default]
    Informational,
    /// Worth a look.
    Low,
    /// Needs an explanation.
    Medium,
    /// Likely hostile.
    High,
    /// Hostile unless proven otherwise.
    Critical,
}

impl Severity {
    /// From the most to the least severe.
    pub const ALL: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Informational];

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Informational => "informational",
        }
    }

    /// Reads a severity in any letter case; `info` is informational.
    pub fn parse(text: &str) -> Option<Severity> {
        let text = text.trim().to_ascii_lowercase();
        Severity::ALL.into_iter().find(|s| s.word() == text || (text == "info" && *s == Severity::Informational))
    }
}

/// One of Sentinel's entities, for example an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// Sentinel's entity type: `Account`, `IP`, `CloudApplication`, `Mailbox`, `AzureResource`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// Identifiers by Sentinel's identifier name: `FullName`, `AadUserId`, `Address`, `AppId`, ….
    pub identifiers: BTreeMap<String, String>,
}

impl Entity {
    /// The identifier people know it by: the first non-empty of full name, address, name, or any.
    pub fn label(&self) -> &str {
        ["FullName", "Address", "Name", "Url", "MailboxPrimaryAddress", "AppId", "AadUserId", "ResourceId"]
            .iter()
            .filter_map(|key| self.identifiers.get(*key))
            .chain(self.identifiers.values())
            .find(|value| !value.is_empty())
            .map_or("", String::as_str)
    }
}

/// A record that a finding was made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Position of the evidence in the manifest, from 0.
    pub evidence: u32,
    /// Record number within it, from 1.
    pub record: u64,
}

/// What one hit of a rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name: rule id and a hash of the hit row.
    pub id: String,
    /// Id of the rule.
    pub rule: String,
    /// Name of the rule, or what `alertDetailsOverride` made of it.
    pub title: String,
    /// Severity, possibly raised or lowered by the row (`alertSeverityColumnName`).
    pub severity: Severity,
    /// One sentence: who did what, when, from where.
    pub sentence: String,
    /// First event, ticks.
    pub first: Option<i64>,
    /// Last event, ticks.
    pub last: Option<i64>,
    /// Accounts, addresses, applications, ….
    pub entities: Vec<Entity>,
    /// ATT&CK tactics as Sentinel spells them.
    pub tactics: Vec<String>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The hit row: column name and value as text, in column order; empty values left out.
    pub row: Vec<(String, String)>,
    /// Records the row was made from, in order.
    pub sources: Vec<Source>,
    /// How many alerts Sentinel would have raised for equal rows.
    pub alerts: u64,
    /// "baseline n of 14 days" and the like: what limits this hit.
    pub limits: Vec<String>,
    /// Values of the responder's list that its records, its row or its entities touch, in the order of the list.
    #[serde(default)]
    pub iocs: Vec<String>,
}

/// How a rule ended. Exactly one of these holds for each rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It found something.
    Hits(Vec<Finding>),
    /// It looked at everything it wanted to and found nothing.
    Clean,
    /// It could not look.
    NotEvaluable {
        /// Which tables, columns or watchlists are missing, in words.
        missing: Vec<String>,
        /// Which exports would supply them.
        remedy: Vec<String>,
    },
    /// It broke.
    Failed(Vec<Diagnostic>),
}

/// One rule's outcome with what it could not judge.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Id of the rule.
    pub rule: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows whose export shape cannot carry a column that the rule reads.
    pub unjudged: u64,
    /// Rows that it looked at in all, the unjudged included.
    pub considered: u64,
    /// Tables that it read.
    pub tables: BTreeSet<String>,
    /// What it could not look at beside what it could: tables of a union that have no rows.
    pub limits: Vec<String>,
    /// Milliseconds it took; told on the terminal only, never in a file.
    pub millis: u128,
}
