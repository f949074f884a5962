//! What a rule's own tests say: rows that go in, findings that must come out.
//!
//! `<rule>.test.yaml` beside the rule holds `cases`. Running them is `detect`'s work, for a test goes the way of
//! real evidence.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::rule::TestFile;
use super::sentinel::yaml_problem;
use crate::error::{Diagnostic, Diagnostics, nearest};
use crate::finding::Severity;
use crate::kql::Watchlist;
use crate::table::{Schema, Table, Tables};

/// What a case is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// The rule must find it.
    Fires,
    /// Ordinary behaviour that must not be found.
    Quiet,
    /// Almost an attack: one condition of the rule does not hold.
    NearMiss,
}

impl CaseKind {
    /// The word of the test file.
    pub fn word(self) -> &'static str {
        match self {
            CaseKind::Fires => "fires",
            CaseKind::Quiet => "quiet",
            CaseKind::NearMiss => "near-miss",
        }
    }
}

/// What must come out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Number of findings; where it is not given, at least one if the case fires, else none.
    pub count: Option<usize>,
    /// Labels of entities (`alice@example.com`), or maps of identifiers (`{type: IP, Address: 203.0.113.7}`), that
    /// must all be among the findings' entities.
    #[serde(default)]
    pub entities: Vec<Json>,
    /// Severity of at least one finding.
    pub severity: Option<String>,
    /// Texts, each of which must occur in the title, the sentence or a cell of a finding.
    #[serde(default)]
    pub contains: Texts,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Default for Texts {
    fn default() -> Texts {
        Texts::Many(Vec::new())
    }
}

impl Texts {
    /// As a list.
    pub fn list(&self) -> &[String] {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    cases: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    kind: CaseKind,
    #[serde(default)]
    tables: BTreeMap<String, Option<Vec<Map<String, Json>>>>,
    #[serde(default)]
    watchlists: BTreeMap<String, List>,
    #[serde(default)]
    thresholds: BTreeMap<String, Json>,
    expect: Option<Expect>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Values(Vec<Json>),
    Rows { columns: Vec<String>, rows: Vec<Vec<Json>> },
}

/// One case, ready to run.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// What it is for.
    pub kind: CaseKind,
    /// The evidence.
    pub tables: Tables,
    /// Lists of the case file.
    pub watchlists: BTreeMap<String, Watchlist>,
    /// Thresholds of the case file, as KQL text.
    pub thresholds: BTreeMap<String, String>,
    /// What must come out.
    pub expect: Expect,
}

/// Reads a test file.
///
/// # Errors
/// All that is wrong with it: unknown keys, tables and columns, values of another type. A case that could not
/// be set up proves nothing.
pub fn cases(file: &TestFile) -> Result<Vec<Case>, Diagnostics> {
    let parsed: File = serde_saphyr::from_str(&file.text).map_err(|error| vec![yaml_problem(&file.text, &error)])?;
    let mut problems = Diagnostics::new();
    let mut cases = Vec::new();
    for written in parsed.cases {
        let mut tables = Tables::default();
        for (name, rows) in &written.tables {
            let Some(schema) = Schema::known(name) else {
                let help = nearest(name, Schema::names())
                    .map_or("table names are case-sensitive".into(), |near| format!("did you mean {near}?"));
                problems.push(Diagnostic::plain(format!("{}: no table {name}", written.name)).help(help));
                continue;
            };
            match Table::from_rows(schema, rows.as_deref().unwrap_or(&[])) {
                Ok(table) => tables.insert(table),
                Err(found) => problems.extend(found.into_iter().map(|problem| Diagnostic {
                    message: format!("{}: {}", written.name, problem.message),
                    ..problem
                })),
            }
        }
        let expect = written.expect.unwrap_or_default();
        if let Some(word) = expect.severity.as_deref().filter(|word| Severity::parse(word).is_none()) {
            problems.push(Diagnostic::plain(format!("{}: {word:?} is no severity", written.name)));
        }
        if written.kind != CaseKind::Fires && expect.count.unwrap_or(0) > 0 {
            let kind = written.kind.word();
            problems.push(Diagnostic::plain(format!("{}: a {kind} case expects no finding", written.name)));
        }
        cases.push(Case {
            name: written.name,
            kind: written.kind,
            tables,
            watchlists: written.watchlists.into_iter().map(|(name, list)| (name, watchlist(list))).collect(),
            thresholds: written.thresholds.into_iter().map(|(name, value)| (name, plain(&value))).collect(),
            expect,
        });
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

fn watchlist(list: List) -> Watchlist {
    match list {
        List::Values(values) => Watchlist::of(values.iter().map(plain)),
        List::Rows { columns, rows } => {
            Watchlist { columns, rows: rows.iter().map(|row| row.iter().map(plain).collect()).collect() }
        }
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
