//! A rule: a query, when it runs, and what its hits mean.

use crate::error::Diagnostic;
use crate::finding::Severity;

/// How Sentinel would run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a schedule, over a period.
    Scheduled,
    /// Near real time: every row once.
    Nrt,
    /// When somebody asks.
    Hunting,
}

impl Kind {
    /// The word of the `kind` key; hunting queries have none and are named for what they are.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Scheduled => "Scheduled",
            Kind::Nrt => "NRT",
            Kind::Hunting => "Hunting",
        }
    }
}

/// How the number of answer rows is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// More than.
    Greater,
    /// Fewer than.
    Less,
    /// Exactly.
    Equal,
    /// Any number but.
    NotEqual,
}

impl Comparison {
    /// Reads `gt`, `GreaterThan`, `lt`, … in any letter case.
    pub fn parse(text: &str) -> Option<Comparison> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "gt" | "greaterthan" => Comparison::Greater,
            "lt" | "lessthan" => Comparison::Less,
            "eq" | "equal" | "equals" => Comparison::Equal,
            "ne" | "notequal" | "notequals" => Comparison::NotEqual,
            _ => return None,
        })
    }

    /// Whether so many rows raise an alert.
    pub fn holds(self, rows: u64, threshold: u64) -> bool {
        match self {
            Comparison::Greater => rows > threshold,
            Comparison::Less => rows < threshold,
            Comparison::Equal => rows == threshold,
            Comparison::NotEqual => rows != threshold,
        }
    }
}

/// When a scheduled rule runs and what raises an alert. Times in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// `queryFrequency`: the distance of two runs.
    pub frequency: i64,
    /// `queryPeriod`: how far a run looks back.
    pub period: i64,
    /// `triggerOperator`.
    pub comparison: Comparison,
    /// `triggerThreshold`.
    pub threshold: u64,
}

/// Which columns make an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityMapping {
    /// Sentinel's entity type: `Account`, `IP`, ….
    pub kind: String,
    /// Identifier and the column that holds it.
    pub fields: Vec<(String, String)>,
}

/// `requiredDataConnectors`: who supplies the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Id of the connector.
    pub id: String,
    /// Tables.
    pub tables: Vec<String>,
}

/// `alertDetailsOverride`: texts with `{{Column}}` in them, and columns that hold alert properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Override {
    /// `alertDisplayNameFormat`.
    pub title: Option<String>,
    /// `alertDescriptionFormat`.
    pub sentence: Option<String>,
    /// `alertSeverityColumnName`.
    pub severity: Option<String>,
    /// `alertTacticsColumnName`.
    pub tactics: Option<String>,
}

/// The tests that stand beside a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFile {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique name, usually a GUID.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it finds and how to judge a hit.
    pub description: String,
    /// Severity of its hits unless the row says otherwise. A hunting query has none: informational.
    pub severity: Severity,
    /// How Sentinel would run it.
    pub kind: Kind,
    /// The schedule of a scheduled rule.
    pub schedule: Option<Schedule>,
    /// ATT&CK tactics in rule files' spelling.
    pub tactics: Vec<String>,
    /// ATT&CK technique ids, revoked ones replaced.
    pub techniques: Vec<String>,
    /// Who supplies the tables.
    pub connectors: Vec<Connector>,
    /// The KQL.
    pub query: String,
    /// Entities of a hit.
    pub entities: Vec<EntityMapping>,
    /// `customDetails`: label and column.
    pub details: Vec<(String, String)>,
    /// Texts of a hit.
    pub overrides: Override,
    /// `tags`, as text.
    pub tags: Vec<String>,
    /// `version`.
    pub version: String,
    /// Where it was read from.
    pub path: String,
    /// The text of that file.
    pub source: String,
    /// Where the query begins in that text; none where the query is the file.
    pub query_at: Option<usize>,
    /// Its tests.
    pub test: Option<TestFile>,
}

impl Rule {
    /// File name without folder and extension.
    pub fn stem(&self) -> &str {
        stem(&self.path)
    }

    /// Ids of the detections that the rule covers: those of its tags that are a letter and two digits.
    pub fn detections(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().map(String::as_str).filter(|tag| {
            matches!(tag.as_bytes(), [letter, tens, ones]
                if letter.is_ascii_uppercase() && tens.is_ascii_digit() && ones.is_ascii_digit())
        })
    }

    /// Whether the rule judges failed sign-ins (tag `failures`): those of a federated domain never reach Entra.
    pub fn judges_failures(&self) -> bool {
        self.tags.iter().any(|tag| tag.eq_ignore_ascii_case("failures"))
    }

    /// A diagnostic of the query as a diagnostic of the rule's file.
    pub fn locate(&self, diagnostic: Diagnostic) -> Diagnostic {
        match (self.query_at, diagnostic.span) {
            (Some(start), Some(span)) => {
                let placed = super::place::place(&self.query, &self.source, start, span);
                Diagnostic { span: Some(placed), ..diagnostic }
            }
            _ => diagnostic,
        }
    }
}

/// File name without folder and extension.
pub(super) fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
