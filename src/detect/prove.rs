//! Runs a rule's own tests the way evidence is run, and says what was not as expected.

use super::{Options, detect};
use crate::error::{Diagnostics, nearest};
use crate::finding::{Entity, Finding, Outcome, Severity};
use crate::kql::{self, Context};
use crate::progress::Progress;
use crate::rules::Rule;
use crate::rules::prove::{Case, CaseKind, cases};
use crate::table::{Tables, UNIX_EPOCH_TICKS};

/// How one case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// Name of the case.
    pub name: String,
    /// What it is for.
    pub kind: CaseKind,
    /// What was not as expected; nothing if the case passed.
    pub wrong: Vec<String>,
}

/// How a rule's tests ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proof {
    /// The cases in order.
    pub cases: Vec<CaseResult>,
    /// What is wrong with the test file, or with the rule before any case.
    pub problems: Diagnostics,
    /// Columns that the rule's texts and mappings name and its answer lacks, in words.
    pub dangling: Vec<String>,
}

impl Proof {
    /// Whether everything is as expected.
    pub fn holds(&self) -> bool {
        self.problems.is_empty() && self.dangling.is_empty() && self.cases.iter().all(|case| case.wrong.is_empty())
    }
}

/// Runs the tests beside a rule; a rule without tests proves nothing and has no cases.
pub fn prove(rule: &Rule) -> Proof {
    let Some(file) = &rule.test else { return Proof::default() };
    match cases(file) {
        Err(problems) => Proof { problems, ..Proof::default() },
        Ok(cases) => Proof {
            dangling: cases.first().map(|case| dangling(rule, case)).unwrap_or_default(),
            cases: cases.iter().map(|case| run(rule, case)).collect(),
            problems: Diagnostics::new(),
        },
    }
}

fn run(rule: &Rule, case: &Case) -> CaseResult {
    let options =
        Options { watchlists: case.watchlists.clone(), thresholds: case.thresholds.clone(), ..Options::default() };
    let verdicts = detect(std::slice::from_ref(rule), &case.tables, &options, &Progress::silent());
    let mut wrong = Vec::new();
    for verdict in verdicts {
        match verdict.outcome {
            Outcome::Hits(findings) => compare(case, &findings, &mut wrong),
            Outcome::Clean => compare(case, &[], &mut wrong),
            Outcome::NotEvaluable { missing, .. } => wrong.push(format!("not evaluable: no {}", missing.join(", no "))),
            Outcome::Failed(diagnostics) => {
                wrong.extend(diagnostics.iter().map(|diagnostic| format!("failed: {diagnostic}")));
            }
        }
    }
    CaseResult { name: case.name.clone(), kind: case.kind, wrong }
}

fn compare(case: &Case, findings: &[Finding], wrong: &mut Vec<String>) {
    let expect = &case.expect;
    let found = findings.len();
    match (expect.count, case.kind) {
        (Some(count), _) if count != found => wrong.push(format!("expected {count} findings, found {found}")),
        (None, CaseKind::Fires) if found == 0 => wrong.push("expected a finding, found none".into()),
        (None, CaseKind::Quiet | CaseKind::NearMiss) if found > 0 => {
            wrong.push(format!("expected no finding, found {found}"));
        }
        _ => {}
    }
    let entities: Vec<&Entity> = findings.iter().flat_map(|finding| &finding.entities).collect();
    for wanted in &expect.entities {
        if !entities.iter().any(|entity| is(entity, wanted)) {
            let mut labels: Vec<&str> = entities.iter().map(|entity| entity.label()).collect();
            labels.sort_unstable();
            labels.dedup();
            wrong.push(format!("expected the entity {wanted}, found {}", labels.join(", ")));
        }
    }
    if let Some(wanted) = expect.severity.as_deref().and_then(Severity::parse)
        && !findings.iter().any(|finding| finding.severity == wanted)
    {
        let words: Vec<&str> = findings.iter().map(|finding| finding.severity.word()).collect();
        wrong.push(format!("expected severity {}, found {}", wanted.word(), words.join(", ")));
    }
    for wanted in expect.contains.list() {
        let told = |finding: &Finding| {
            let cells = finding.row.iter().map(|(_, text)| text);
            [&finding.title, &finding.sentence].into_iter().chain(cells).any(|text| text.contains(wanted.as_str()))
        };
        if !findings.iter().any(told) {
            let sentences: Vec<&str> = findings.iter().map(|finding| finding.sentence.as_str()).collect();
            wrong.push(format!("expected a finding that says {wanted:?}, found {}", sentences.join(" | ")));
        }
    }
    if found > 0 && !wrong.is_empty() {
        for finding in findings.iter().take(5) {
            let cells: Vec<String> = finding.row.iter().map(|(name, text)| format!("{name}={text}")).collect();
            wrong.push(format!("found [{}] {}", finding.severity.word(), cells.join(", ")));
        }
    }
}

/// Whether an entity is the wanted one: by any identifier, or by type and identifiers.
fn is(entity: &Entity, wanted: &serde_json::Value) -> bool {
    match wanted {
        serde_json::Value::Object(map) => map.iter().all(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            match name.as_str() {
                "type" | "kind" => entity.kind == value,
                name => entity.identifiers.get(name) == Some(&value),
            }
        }),
        other => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_string);
            entity.label() == text || entity.identifiers.values().any(|value| *value == text)
        }
    }
}

/// Columns that mappings and texts name and the answer does not have.
fn dangling(rule: &Rule, case: &Case) -> Vec<String> {
    columns(rule, &case.tables, &case.watchlists).map(|columns| unknown(rule, &columns)).unwrap_or_default()
}

/// The columns of a rule's answer, whatever the rows; none where it cannot run.
fn columns(
    rule: &Rule,
    tables: &Tables,
    watchlists: &std::collections::BTreeMap<String, kql::Watchlist>,
) -> Option<Vec<String>> {
    let now = tables.span().map_or(UNIX_EPOCH_TICKS, |(_, last)| last);
    let thresholds = std::collections::BTreeMap::new();
    let context = Context { tables, now, window: None, watchlists, thresholds: &thresholds, lineage: false };
    let answer = kql::run(&rule.query, &context).ok()?;
    Some(answer.columns.into_iter().map(|(name, _)| name).collect())
}

/// Columns that a rule's mappings and texts name and that are not among these.
fn unknown(rule: &Rule, columns: &[String]) -> Vec<String> {
    let mut named: Vec<(String, String)> = Vec::new();
    for mapping in &rule.entities {
        named.extend(mapping.fields.iter().map(|(_, column)| (format!("the {} entity", mapping.kind), column.clone())));
    }
    named.extend(rule.details.iter().map(|(label, column)| (format!("the custom detail {label}"), column.clone())));
    let overrides = &rule.overrides;
    for text in [&overrides.title, &overrides.sentence].into_iter().flatten() {
        let holes = text.split("{{").skip(1).filter_map(|part| part.split_once("}}"));
        named.extend(holes.map(|(column, _)| ("alertDetailsOverride".into(), column.trim().to_string())));
    }
    named.extend(overrides.severity.iter().map(|column| ("alertSeverityColumnName".into(), column.clone())));
    named
        .into_iter()
        .filter(|(_, column)| !columns.contains(column))
        .map(|(place, column)| {
            let near = nearest(&column, columns.iter().map(String::as_str));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{place} names the column {column}, which the answer does not have{hint}")
        })
        .collect()
}
