//! What a report says of a rule.

use crate::finding::Severity;

/// A rule as a reader needs it: what it looks for, how, and where it stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleInfo {
    /// Stable id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Severity before a row raises or lowers it.
    pub severity: Severity,
    /// Description in plain Markdown: paragraphs, headings, lists.
    pub description: String,
    /// ATT&CK tactics as Sentinel spells them.
    pub tactics: Vec<String>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The KQL that ran.
    pub query: String,
    /// Where the rule was read from.
    pub path: String,
    /// Version of the rule, empty where it has none.
    pub version: String,
}
