//! Export shapes: one folder a shape under `tests/formats/`, with invented input and the expected rows as JSON.
//!
//! `expected.json`: `{"files": {"path": {"format", "records", "loaded", "duplicates", "rejected", "warns": ["part of a
//! line"]}}, "tables": {"Table": [{"column": value}]}}`. A row lists only the columns that the case is about; times are
//! ISO 8601, dynamic values any JSON. Real exports beside the repository are tested too, where they are present.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use entrail::evidence;
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
        let input = folder.join("input");
        trials.push(Trial::test(format!("shape::{name}"), move || golden(&folder)));
        trials.push(Trial::test(format!("blocks::{name}"), move || blocks(&input)));
    }
    trials.push(Trial::test("hostile::bomb", bomb));
    trials.push(Trial::test("hostile::nesting", nesting));
    trials.push(Trial::test("hostile::missing-argument", || {
        let error = ingest(&["no/such/folder".into()], &Options::default(), &|_| {}).err().ok_or("accepted")?;
        if error.to_string().contains("no/such/folder") { Ok(()) } else { Err(error.to_string().into()) }
    }));
    let shared = std::env::var_os("ENTRAIL_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    if shared.join("evidence/catalog.json").is_file() {
        let folder = shared.join("evidence");
        let damaged = folder.clone();
        trials.push(Trial::test("real::catalog", move || catalog(&folder)));
        trials.push(Trial::test("real::damaged", move || damage(&damaged)));
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

/// The size of the blocks that a file is read in and the number of threads must not show in the result; neither must reading records again.
fn blocks(input: &Path) -> Result<(), Failed> {
    let paths = [input.to_owned()];
    let whole = load(&paths)?;
    let mut options = Options::default();
    options.limits.block = 61;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let small = one.install(|| ingest(&paths, &options, &|_| {})).map_err(|error| error.to_string())?;
    if whole.manifest != small.manifest {
        return Err(format!("{:#?}\n{:#?}", whole.manifest, small.manifest).into());
    }
    for (name, table) in whole.tables.iter() {
        let other = small.tables.get(name).ok_or("a table is missing")?;
        for row in 0..table.rows() {
            for field in &table.schema().fields {
                let (a, b) = (table.cell(row, &field.name), other.cell(row, &field.name));
                if a != b {
                    return Err(format!("{name} row {row} {}: {a:?} or {b:?}", field.name).into());
                }
            }
        }
    }
    let wanted: BTreeSet<(u32, u64)> = whole
        .tables
        .iter()
        .flat_map(|(_, table)| (0..table.rows()).map(|row| table.record(row)))
        .map(|record| (record.evidence, record.number))
        .collect();
    let texts = evidence::raw(&paths, &whole.manifest, &wanted, &[]);
    if texts.len() != wanted.len() || texts.values().any(String::is_empty) {
        return Err(format!("{} of {} records were found again", texts.len(), wanted.len()).into());
    }
    for (name, table) in whole.tables.iter() {
        for row in 0..table.rows() {
            let record = table.record(row);
            let text = texts.get(&(record.evidence, record.number)).map_or("", String::as_str);
            if let Cell::Text(id) = table.cell(row, "Id")
                && !text.replace('\0', "").contains(id)
            {
                return Err(format!("{name} row {row}: {id} is not in the record found again: {text}").into());
            }
        }
    }
    for (_, check) in evidence::verify(&whole.manifest, input) {
        if !matches!(check, evidence::Check::Match | evidence::Check::Within) {
            return Err(format!("{check:?}").into());
        }
    }
    Ok(())
}

/// Cut and spoiled variants of real files: no panic, and every ledger balances.
fn damage(folder: &Path) -> Result<(), Failed> {
    let list: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(folder.join("catalog.json"))?)?;
    let target = tempfile::tempdir()?;
    let mut written = 0;
    for (number, item) in list.iter().enumerate() {
        let bytes = std::fs::read(folder.join(item["path"].as_str().unwrap_or_default()))?;
        if bytes.len() > 50_000 {
            continue;
        }
        let cut = |part: usize| bytes.get(..bytes.len() * part / 3).unwrap_or_default().to_vec();
        let spoiled: Vec<u8> =
            bytes.iter().enumerate().map(|(at, byte)| if at % 997 == 500 { byte ^ 0x15 } else { *byte }).collect();
        let glued: Vec<u8> = cut(2).into_iter().chain(*b"\n").chain(bytes.iter().copied()).collect();
        // One kind of damage a file, in turn: all four of all files take minutes and show no more.
        let kinds = [("1", cut(1)), ("2", cut(2)), ("s", spoiled), ("g", glued)];
        for (kind, bytes) in kinds.into_iter().skip(number % 4).take(1) {
            std::fs::write(target.path().join(format!("{number:04}-{kind}")), bytes)?;
            written += 1;
        }
    }
    let found = load(&[target.path().to_owned()])?;
    let sum = |of: fn(&evidence::Entry) -> u64| found.manifest.evidence.iter().map(of).sum::<u64>();
    println!(
        "{written} damaged files: {} records, {} loaded, {} duplicates, {} rejected",
        sum(|e| e.records),
        sum(|e| e.loaded),
        sum(|e| e.duplicates),
        sum(|e| e.rejected)
    );
    let wrong: Vec<_> = found.manifest.evidence.iter().filter(|e| !e.balanced() || e.reason.is_empty()).collect();
    if found.manifest.evidence.len() != written || !wrong.is_empty() {
        return Err(format!(
            "{} of {written} files have an entry; not balanced: {wrong:#?}",
            found.manifest.evidence.len()
        )
        .into());
    }
    Ok(())
}

/// An archive that expands beyond the limit stops there and says so.
fn bomb() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = std::fs::File::create(folder.path().join("bomb.gz"))?;
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::best());
    for _ in 0..30_000 {
        std::io::Write::write_all(
            &mut encoder,
            b"{\"CreationTime\":\"2026-03-06T07:00:00\",\"Id\":\"x\",\"RecordType\":1}\n",
        )?;
    }
    encoder.finish()?;
    let mut options = Options::default();
    options.limits.expanded = 1 << 20;
    let found = ingest(&[folder.path().to_owned()], &options, &|_| {}).map_err(|error| error.to_string())?;
    let said = found.manifest.evidence.iter().any(|e| e.balanced() && e.warnings.iter().any(|w| w.contains("limit")));
    if said { Ok(()) } else { Err(format!("{:#?}", found.manifest.evidence).into()) }
}

/// Nesting without end neither overflows the stack nor loses the record after it.
fn nesting() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text);
    let audit = "{\"CreationTime\":\"2026-03-06T07:00:00\",\"Id\":\"x\",\"RecordType\":1}";
    write("a.json", format!("{}\n{audit}\n", "[".repeat(1 << 20)))?;
    write("b.json", format!("{}\n{audit}\n", "{\"a\":".repeat(1 << 20)))?;
    write(
        "c.json",
        format!("{}\n{audit}\n", audit.replace("\"x\"", &format!("{}1{}", "[".repeat(1 << 18), "]".repeat(1 << 18)))),
    )?;
    let deep = format!("{}1{}", "[".repeat(1 << 18), "]".repeat(1 << 18));
    write(
        "d.csv",
        format!(
            "TimeGenerated,Operation,UserId,OfficeWorkload,Members,Type\n2026-01-01T00:00:00Z,x,y,z,{deep},OfficeActivity\n"
        ),
    )?;
    let cell = audit.replace("\"x\"", &deep).replace('"', "\"\"");
    write("e.csv", format!("CreationDate,UserIds,Operations,AuditData\n,,,\"{cell}\"\n"))?;
    let found = load(&[folder.path().to_owned()])?;
    for entry in &found.manifest.evidence {
        if !entry.balanced() || (entry.loaded + entry.duplicates == 0 && entry.rejected == 0) {
            return Err(format!("{entry:#?}").into());
        }
    }
    Ok(())
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
        // Two kinds are loaded although the catalog names no table: CloudAppEvents out of Defender's stream, where
        // docs/collecting.md says so, and files that mix kinds, whose records have different tables.
        let streamed = kind == "defender-ah" && tables.as_slice() == ["CloudAppEvents"];
        let mixed = kind.contains('×') && entry.loaded > 1;
        let fits = match item["table"].as_str() {
            None if streamed || mixed => {
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
    let whole = load(&[folder.to_owned()])?;
    let duplicates: u64 = whole.manifest.evidence.iter().map(|entry| entry.duplicates).sum();
    if duplicates != whole.manifest.copies.len() as u64 {
        problems.push(format!("{duplicates} duplicates, but {} copies listed", whole.manifest.copies.len()));
    }
    problems
        .extend(whole.manifest.evidence.iter().filter(|e| !e.balanced()).map(|e| format!("{}: not balanced", e.path)));
    for (name, table) in whole.tables.iter() {
        println!("{name}: {} rows", table.rows());
    }
    println!("{right} of {} real files as expected, {beyond} of them loaded beyond the catalog", list.len());
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}
