//! The reference pages (`docs/kql/`, `docs/queries.md`) are written from the declarations, and are not stale.
//!
//! `ENTRAIL_BLESS=1 cargo test --test docs` writes them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a stale page stops the test

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use entrail::kql::catalog::{Entry, KINDS, Status};
use entrail::kql::functions::{Body, Gives};
use entrail::kql::{aggregates, functions};

#[path = "docs/queries.rs"]
mod queries;

const WRITTEN: &str = "Written from the declarations in the source by `ENTRAIL_BLESS=1 cargo test --test docs`; \
    `entrail explain NAME` shows the same.";

fn page(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("ENTRAIL_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("docs is writable");
        fs::write(&path, text).expect("the page is writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(found == text, "{} is stale: run ENTRAIL_BLESS=1 cargo test --test docs", path.display());
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Code for a cell of a table, or for a line.
fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", text.replace('\n', " "))
}

fn examples(out: &mut String, examples: &[(&str, &str)]) {
    for (query, answer) in examples {
        let answer: Vec<String> =
            answer.split('\t').map(|part| if part.is_empty() { "(empty)".into() } else { code(part) }).collect();
        let _ = writeln!(out, "- {} gives {}", code(query), answer.join(", "));
    }
}

fn names(names: &[&str]) -> String {
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

#[test]
fn functions_page() {
    let mut all: Vec<_> = functions::all().collect();
    all.sort_by_key(|function| function.names[0]);
    let mut out = format!("# Scalar functions\n\n{WRITTEN}\n\n{} functions.\n", all.len());
    for function in all {
        let gives = match (&function.body, &function.gives) {
            // The body tells the type of what it builds.
            (Body::Scalar(_), _) => String::new(),
            (_, Gives::Type(ty)) => format!(" Gives {}.", ty.name()),
            (_, Gives::Argument(position)) => format!(" Gives the type of argument {}.", position + 1),
            (_, Gives::Common(_)) => " Gives the type that holds all arguments.".to_owned(),
        };
        let summary = function.summary.trim_end_matches('.');
        let _ = write!(out, "\n## {}\n\n{}: {summary}.{gives}", function.names[0], code(function.usage));
        if function.names.len() > 1 {
            let _ = write!(out, " Also {}.", names(&function.names[1..]));
        }
        out.push_str("\n\n");
        examples(&mut out, function.examples);
    }
    page("kql/functions.md", &out);
}

#[test]
fn aggregates_page() {
    let mut all: Vec<_> = aggregates::all().collect();
    all.sort_by_key(|aggregate| aggregate.names[0]);
    let mut out = format!(
        "# Aggregates\n\n{WRITTEN}\n\nFor `summarize`, `make-series`, `top-nested` and `pivot`. {} aggregates.\n",
        all.len()
    );
    for aggregate in all {
        let _ = write!(
            out,
            "\n## {}\n\n{}: {}.",
            aggregate.names[0],
            code(aggregate.usage),
            aggregate.summary.trim_end_matches('.')
        );
        if aggregate.names.len() > 1 {
            let _ = write!(out, " Also {}.", names(&aggregate.names[1..]));
        }
        out.push_str("\n\n");
        examples(&mut out, aggregate.examples);
    }
    page("kql/aggregates.md", &out);
}

#[test]
fn operators_page() {
    let mut out = format!("# What of KQL is in\n\n{WRITTEN}\n\n");
    out.push_str("| part | in | without effect | refused |\n|---|---|---|---|\n");
    for (kind, entries) in KINDS {
        let count = |fits: fn(&Status) -> bool| entries.iter().filter(|entry| fits(&entry.status)).count();
        let (known, idle) = (count(|s| *s == Status::In), count(|s| matches!(s, Status::NoEffect(_))));
        let _ = writeln!(out, "| {kind}s | {known} | {idle} | {} |", count(|s| matches!(s, Status::Refused { .. })));
    }
    let _ = writeln!(out, "| [scalar functions](functions.md) | {} | | |", functions::all().count());
    let _ = writeln!(out, "| [aggregates](aggregates.md) | {} | | |", aggregates::all().count());
    out.push_str("\nWhat is refused is an error that says so and points at its place; it is never skipped.\n");
    for (kind, entries) in KINDS {
        let mut kind = kind.to_owned();
        kind[..1].make_ascii_uppercase();
        let _ = write!(out, "\n## {kind}s\n\n| name | usage | what it does | here |\n|---|---|---|---|\n");
        for Entry { names: spelled, usage, summary, status } in entries {
            let status = match status {
                Status::In => "in".to_owned(),
                Status::NoEffect(why) => format!("no effect: {why}"),
                Status::Refused { reason, help } => format!("refused: {reason}; {help}"),
            };
            let row = [names(spelled), code(usage), (*summary).to_owned(), status];
            let _ = writeln!(out, "| {} |", row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "));
        }
    }
    page("kql/operators.md", &out);
}

/// The catalogue is complete: what it says is in, parses as an operator; what it refuses, is refused.
#[test]
fn operators_are_as_the_catalogue_says() {
    for entry in KINDS[0].1 {
        for name in entry.names {
            let problems = entrail::kql::parse(&format!("T | {name} ~")).err().unwrap_or_default();
            let text: String = problems.iter().map(|problem| problem.message.clone() + "\n").collect();
            assert!(!text.contains("is not an operator"), "{name}: {text}");
            let refused = text.contains("is not supported");
            assert_eq!(refused, matches!(entry.status, Status::Refused { .. }), "{name}: {text}");
        }
    }
}
