//! The order of the layers, read from the source: a module names only those before it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer and what it may name, as docs/architecture.md draws it.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("progress", &["error"]),
    ("table", &["error"]),
    ("kql", &["error", "table"]),
    ("evidence", &["error", "progress", "table"]),
    ("formats", &["error", "table", "evidence"]),
    ("ingest", &["error", "progress", "table", "evidence", "formats"]),
    ("case", &["error", "table", "kql", "usual"]),
    ("rules", &["error", "table", "kql", "finding", "detect"]),
    ("finding", &["error"]),
    ("detect", &["error", "progress", "table", "kql", "rules", "finding", "usual"]),
    ("ioc", &["error"]),
    ("usual", &["error", "table"]),
    ("incident", &["table", "finding", "rules"]),
    ("timeline", &["error", "table", "evidence", "finding"]),
    ("hunt", &["table", "finding", "ioc", "timeline"]),
    ("report", &["error", "table", "evidence", "finding", "rules", "usual", "incident", "timeline", "hunt"]),
    ("commands", &["*"]),
    ("cli", &["*"]),
    ("lib", &["*"]),
    ("main", &["*"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Names behind `crate::` in the code of a file; comments and tests inside the file do not count.
fn named(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("#[cfg(test)]") {
            break;
        }
        let code = line.split("//").next().unwrap_or("");
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + 7..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split(['{', '}', ',']).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if LAYERS.iter().any(|(layer, _)| *layer == name) {
                    found.push((number + 1, name));
                }
            }
        }
    }
    found
}

#[test]
fn a_module_names_only_those_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the source was found");
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("below src");
        let first = relative.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let layer = first.trim_end_matches(".rs");
        let Some(may) = allowed.get(layer) else {
            wrong.push(format!(
                "{}: `{layer}` is not a layer; add it to docs/architecture.md and here",
                relative.display()
            ));
            continue;
        };
        let text = fs::read_to_string(&file).expect("source is text");
        for (line, name) in named(&text) {
            if name != layer && !may.contains(&"*") && !may.contains(&name.as_str()) {
                wrong.push(format!("{}:{line}: {layer} may not name {name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
