//! The engine's golden cases: every file of `tests/kql/`, and every example in the declarations of functions and
//! aggregates.
//!
//! A case file holds blocks parted by lines of `===`. A block is a title behind `#`, a query, a line of `---`, and
//! what is expected: one JSON object a row as `entrail query --format jsonl` prints it, a JSON array of the column
//! names when there is no row, or the rendered diagnostics. With `ENTRAIL_BLESS=1` the expectations are rewritten
//! from what the engine answers now, to be read and judged in the diff.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use entrail::kql::{self, Context, Value, aggregates, functions};
use entrail::table::{Tables, time};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kql");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).expect("tests/kql").map(|e| e.expect("entry").path()).collect();
    files.sort();
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "txt")) {
        let text = fs::read_to_string(&file).expect("a case file");
        if std::env::var_os("ENTRAIL_BLESS").is_some() {
            let blessed: Vec<String> = cases(&text).map(|case| case.blessed()).collect();
            fs::write(&file, blessed.join("===\n")).expect("the case file is writable");
            continue;
        }
        let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        for case in cases(&text) {
            trials.push(Trial::test(format!("{stem}/{}", case.title), move || case.run()));
        }
    }
    for function in functions::all() {
        for (position, (expression, expected)) in function.examples.iter().enumerate() {
            let query = if expression.contains('|') || expression.starts_with("print ") {
                (*expression).to_owned()
            } else {
                format!("print {expression}")
            };
            trials.push(example(format!("function/{}/{position}", function.names[0]), query, expected));
        }
    }
    for aggregate in aggregates::all() {
        for (position, (query, expected)) in aggregate.examples.iter().enumerate() {
            trials.push(example(format!("aggregate/{}/{position}", aggregate.names[0]), (*query).to_owned(), expected));
        }
    }
    trials.push(Trial::test("names are declared once", || {
        let scalar = functions::all().flat_map(|function| function.names.iter().copied());
        let aggregate = aggregates::all().flat_map(|aggregate| aggregate.names.iter().copied());
        let repeated = |names: Vec<&str>| {
            let mut seen = std::collections::BTreeSet::new();
            names.into_iter().filter(|name| !seen.insert(*name)).map(str::to_owned).collect::<Vec<_>>()
        };
        let twice = [repeated(scalar.collect()), repeated(aggregate.collect())].concat();
        if twice.is_empty() { Ok(()) } else { Err(format!("declared twice: {}", twice.join(", ")).into()) }
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// An example of a declaration: its first row as text, cells parted by tabs.
fn example(name: String, query: String, expected: &'static str) -> Trial {
    Trial::test(name, move || {
        let answer = run(&query).map_err(Failed::from)?;
        let row: Vec<String> = (0..answer.columns.len()).map(|c| shown(&answer.cell(0, c))).collect();
        let row = row.join("\t");
        if row == expected { Ok(()) } else { Err(format!("{query}\nexpected {expected}\n   found {row}").into()) }
    })
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => other.shown().into_owned(),
    }
}

struct Case {
    title: String,
    query: String,
    expected: String,
}

fn cases(text: &str) -> impl Iterator<Item = Case> {
    text.split("===\n").filter(|block| !block.trim().is_empty()).map(|block| {
        let (head, expected) = block.split_once("\n---\n").unwrap_or((block.trim_end(), ""));
        let (title, query) = head.trim_start().split_once('\n').unwrap_or((head, ""));
        Case {
            title: title.trim_start_matches('#').trim().to_owned(),
            query: query.to_owned(),
            expected: expected.to_owned(),
        }
    })
}

impl Case {
    fn found(&self) -> String {
        match run(&self.query) {
            Err(problems) => problems,
            Ok(answer) if answer.rows() == 0 => {
                let names: Vec<&str> = answer.columns.iter().map(|(name, _)| name.as_str()).collect();
                serde_json::to_string(&names).expect("names") + "\n"
            }
            Ok(answer) => (0..answer.rows())
                .map(|row| {
                    let mut object = serde_json::Map::new();
                    for (column, (name, _)) in answer.columns.iter().enumerate() {
                        object.insert(name.clone(), answer.cell(row, column).to_json());
                    }
                    serde_json::Value::Object(object).to_string() + "\n"
                })
                .collect(),
        }
    }

    fn run(&self) -> Result<(), Failed> {
        let found = self.found();
        if found == self.expected {
            return Ok(());
        }
        Err(format!("{}\n--- expected\n{}--- found\n{found}", self.query, self.expected).into())
    }

    fn blessed(&self) -> String {
        format!("# {}\n{}\n---\n{}", self.title, self.query, self.found())
    }
}

/// Runs a query over no evidence, at noon of 2026-05-04.
fn run(query: &str) -> Result<kql::Answer, String> {
    let tables = Tables::default();
    let now = time::parse_iso("2026-05-04T12:00:00Z").expect("a time");
    let context = Context {
        tables: &tables,
        now,
        window: None,
        watchlists: &BTreeMap::new(),
        thresholds: &BTreeMap::new(),
        places: None,
        lineage: false,
    };
    kql::run(query, &context)
        .map_err(|problems| problems.iter().map(|p| p.render("query", query, false) + "\n").collect())
}
