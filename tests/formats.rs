//! Export shapes: one folder a shape under `tests/formats/`, with invented input and the expected rows as JSON.
//!
//! `expected.json`: `{"files": {"path": {"format", "records", "loaded", "duplicates", "rejected", "warns": ["part of a
//! line"]}}, "tables": {"Table": [{"column": value}]}}`. A row lists only the columns that the case is about; times are
//! ISO 8601, dynamic values any JSON. Real exports beside the repository are tested too, where they are present.

use std::path::{Path, PathBuf};

use entrail::ingest::{Ingested, Options, ingest};
use entrail::table::{Cell, Table, Type, time};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root.join("tests/formats"))
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
        .unwrap_or_default();
    folders.sort();
    for folder in folders {
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        trials.push(Trial::test(format!("shape::{name}"), move || golden(&folder)));
    }
    let shared = std::env::var_os("ENTRAIL_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    if shared.join("evidence/catalog.json").is_file() {
        let folder = shared.join("evidence");
        trials.push(Trial::test("real::catalog", move || catalog(&folder)));
    } else {
        println!("real exports are not beside the repository: their test is left out");
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn load(paths: &[PathBuf]) -> Result<Ingested, Failed> {
    ingest(paths, &Options::default(), &|_| {}).map_err(|error| error.to_string().into())
}

fn golden(folder: &Path) -> Result<(), Failed> {
    let expected = std::fs::read_to_string(folder.join("expected.json"))?;
    let expected: Value = serde_json::from_str(&expected)?;
    let found = load(&[folder.join("input")])?;
    let mut problems = Vec::new();
    for entry in &found.manifest.evidence {
        if !entry.balanced() {
            problems.push(format!("{}: the ledger does not balance: {entry:?}", entry.path));
        }
    }
    for (path, wanted) in expected["files"].as_object().into_iter().flatten() {
        let Some(entry) = found.manifest.evidence.iter().find(|entry| &entry.path == path) else {
            problems.push(format!("{path}: not in the manifest"));
            continue;
        };
        let shown = serde_json::to_value(entry)?;
        for (field, value) in wanted.as_object().into_iter().flatten() {
            if field == "warns" {
                for part in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if !entry.warnings.iter().any(|line| line.contains(part)) {
                        problems.push(format!("{path}: no warning says {part:?}: {:#?}", entry.warnings));
                    }
                }
            } else if shown[field] != *value {
                problems.push(format!("{path}: {field} is {}, expected {value}; {entry:?}", shown[field]));
            }
        }
    }
    for (name, rows) in expected["tables"].as_object().into_iter().flatten() {
        let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(table) = found.tables.get(name) else {
            problems.push(format!("{name}: no such table was loaded"));
            continue;
        };
        if table.rows() != rows.len() {
            problems.push(format!("{name}: {} rows, expected {}", table.rows(), rows.len()));
        }
        for (number, row) in rows.iter().enumerate().take(table.rows()) {
            for (column, wanted) in row.as_object().into_iter().flatten() {
                let is = if column == "#missing" { missing(table, number) } else { cell(table, number, column) };
                let fits = if column == "#missing" {
                    let names = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
                    names.iter().all(|name| is.as_array().is_some_and(|list| list.contains(name)))
                } else {
                    is == *wanted
                };
                if !fits {
                    problems.push(format!("{name} row {}: {column} is {is}, expected {wanted}", number + 1));
                }
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn missing(table: &Table, row: usize) -> Value {
    table.shape(row).map_or(Value::Null, |shape| shape.missing.clone().into())
}

fn cell(table: &Table, row: usize, column: &str) -> Value {
    let Some(field) = table.schema().field(column) else { return Value::from("no such column") };
    match (table.cell(row, column), field.ty) {
        // Kusto's strings are never null.
        (Cell::Null, Type::String) => "".into(),
        (Cell::Null, _) => Value::Null,
        (Cell::Text(text), Type::Dynamic) => serde_json::from_str(text).unwrap_or_else(|_| Value::from("not JSON")),
        (Cell::Text(text), _) => text.into(),
        (Cell::Integer(ticks), Type::Datetime) => time::iso(ticks).into(),
        (Cell::Integer(value), _) => value.into(),
        (Cell::Real(value), _) => value.into(),
        (Cell::Bool(value), _) => value.into(),
    }
}

/// Every real file goes to the table that the catalog names, and every ledger balances.
fn catalog(folder: &Path) -> Result<(), Failed> {
    let list: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(folder.join("catalog.json"))?)?;
    let mut problems = Vec::new();
    let mut right = 0;
    let mut beyond = 0;
    for item in &list {
        let path = item["path"].as_str().unwrap_or_default();
        let loaded = load(&[folder.join(path)])?;
        let Some(entry) = loaded.manifest.evidence.first() else {
            problems.push(format!("{path}: no entry"));
            continue;
        };
        let tables: Vec<&str> = entry.tables.keys().map(String::as_str).collect();
        let counts = (entry.records, entry.loaded, entry.duplicates, entry.rejected);
        if !entry.balanced() {
            problems.push(format!("{path}: not balanced {counts:?}"));
        }
        let kind = item["kind"].as_str().unwrap_or_default();
        // The catalog was labelled by machine: where it says "not ours" of records that the documented categories and
        // AuditData's names do place in a table, losing them would be worse.
        let documented = ["azure-platform", "defender-ah", "other"].contains(&kind) || kind.contains('×');
        let placed = matches!(entry.format.as_deref(), Some("diagnostic settings" | "AuditData in an Elastic event"));
        let fits = match item["table"].as_str() {
            None if documented && placed => {
                beyond += 1;
                true
            }
            None => entry.format.is_none() && !entry.reason.is_empty(),
            Some(wanted) if wanted.starts_with("CloudAppEvents") => tables.contains(&"CloudAppEvents"),
            Some(wanted) => tables.contains(&wanted),
        };
        let records = item["records"].as_u64().unwrap_or_default();
        if !fits {
            problems.push(format!(
                "{path} ({kind}): {:?} {tables:?} {counts:?} {}; wanted {}",
                entry.format, entry.reason, item["table"]
            ));
        } else if item["table"].is_string() && (entry.records != records || entry.rejected > 0) {
            problems.push(format!("{path} ({kind}): {counts:?}, the catalog counts {records}: {:?}", entry.warnings));
        } else {
            right += 1;
        }
    }
    println!("{right} of {} real files as expected, {beyond} of them loaded beyond the catalog", list.len());
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}
