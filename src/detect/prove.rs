//! Runs a rule's own tests the way evidence is run, and says what was not as expected.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Options, detect};
use crate::error::{Diagnostics, nearest};
use crate::finding::{Entity, Finding, Outcome, Severity};
use crate::kql::{self, Context};
use crate::progress::Progress;
use crate::rules::Rule;
use crate::rules::prove::{Case, CaseKind, cases};
use crate::table::UNIX_EPOCH_TICKS;

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
    /// What is wrong with the test file.
    pub problems: Diagnostics,
    /// Why the rule itself does not compile: then no case was run.
    pub broken: Diagnostics,
    /// Columns that the rule's texts and mappings name and its answer lacks, in words.
    pub dangling: Vec<String>,
}

impl Proof {
    /// Whether everything is as expected.
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
            && self.broken.is_empty()
            && self.dangling.is_empty()
            && self.cases.iter().all(|case| case.wrong.is_empty())
    }
}

/// Runs the tests beside a rule; a rule without tests proves nothing and has no cases.
pub fn prove(rule: &Rule) -> Proof {
    let Some(file) = &rule.test else { return Proof::default() };
    let cases = match cases(file) {
        Ok(cases) => cases,
        Err(problems) => return Proof { problems, ..Proof::default() },
    };
    let first = match cases.first().map(|case| columns(rule, case)).transpose() {
        Ok(columns) => columns.unwrap_or_default(),
        Err(broken) => return Proof { broken, ..Proof::default() },
    };
    Proof {
        dangling: unknown(rule, &first),
        cases: cases.iter().map(|case| run(rule, case)).collect(),
        ..Proof::default()
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

/// The columns of a rule's answer, which do not depend on the rows.
fn columns(rule: &Rule, case: &Case) -> Result<Vec<String>, Diagnostics> {
    let context = Context {
        tables: &case.tables,
        now: case.tables.span().map_or(UNIX_EPOCH_TICKS, |(_, last)| last),
        window: None,
        watchlists: &case.watchlists,
        thresholds: &case.thresholds,
        places: None,
        lineage: false,
    };
    match catch_unwind(AssertUnwindSafe(|| kql::run(&rule.query, &context))) {
        Ok(Ok(answer)) => Ok(answer.columns.into_iter().map(|(name, _)| name).collect()),
        Ok(Err(found)) => Err(found.into_iter().map(|diagnostic| rule.locate(diagnostic)).collect()),
        Err(payload) => Err(vec![super::broken(payload.as_ref())]),
    }
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
