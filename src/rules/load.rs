//! Rule files: which files of a folder are rules, and one rule from one file.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::rule::{Kind, Override, Rule, TestFile, stem};
use super::{sentinel, split};
use crate::error::{Diagnostic, Diagnostics};
use crate::finding::Severity;

/// A rule file that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its path.
    pub path: String,
    /// Its text, for the diagnostics' spans.
    pub source: String,
    /// Why.
    pub diagnostics: Diagnostics,
}

/// What became of rule files, each list in order of path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rules.
    pub rules: Vec<Rule>,
    /// Files that are no rules, and why.
    pub broken: Vec<Broken>,
}

/// Reads rule files and folders of them, below as well. In a folder, `.yaml`, `.yml`, `.kql`, `.csl` and `.kusto`
/// files are rules, as are templates in `.json` files, and others are passed over; a file named on its own is read whatever its name.
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut loaded = Loaded::default();
    for path in paths {
        if !path.is_dir() {
            loaded.file(path);
            continue;
        }
        for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && (rule_name(entry.path()) || template(entry.path())) => {
                    loaded.file(entry.path());
                }
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(path).display().to_string();
                    let problem = Diagnostic::plain(format!("cannot be listed: {error}"));
                    loaded.broken.push(Broken { path, source: String::new(), diagnostics: vec![problem] });
                }
            }
        }
    }
    loaded
}

/// Whether a path is a rule file by its name, or a folder with one.
pub fn holds(path: &Path) -> bool {
    let entries = walkdir::WalkDir::new(path).into_iter().flatten();
    entries.filter(|entry| entry.file_type().is_file()).any(|entry| rule_name(entry.path()))
}

/// Endings of rule files, and of files that hold nothing but queries.
const YAML: [&str; 2] = [".yaml", ".yml"];
const KQL: [&str; 3] = [".kql", ".csl", ".kusto"];

/// Whether a file in a folder is a template with rules, as the portal exports them; other JSON is passed over.
fn template(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        && read(path).is_ok_and(|text| sentinel::is_template(&text))
}

/// Whether a file of this name in a folder is a rule: tests beside rules are not.
pub(super) fn rule_name(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let test = name.ends_with(".test.yaml") || name.ends_with(".test.yml");
    !test && YAML.iter().chain(&KQL).any(|extension| name.ends_with(extension))
}

impl Loaded {
    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let source = match read(path) {
            Ok(source) => source,
            Err(problem) => {
                return self.broken.push(Broken { path: name, source: String::new(), diagnostics: vec![problem] });
            }
        };
        let mut beside = ["test.yaml", "test.yml"].iter().map(|extension| path.with_extension(extension));
        let mut test = None;
        if let Some(path) = beside.find(|path| path.is_file()) {
            let path_name = path.display().to_string();
            match read(&path) {
                Ok(text) => test = Some(TestFile { path: path_name, text }),
                // The rule still runs, but that its tests cannot be read is told.
                Err(problem) => {
                    self.broken.push(Broken { path: path_name, source: String::new(), diagnostics: vec![problem] });
                }
            }
        }
        self.add(&name, source, test);
    }

    /// Adds the rules of one file's text: the rule that it is, or the queries that it holds. Tests are of the first.
    pub(super) fn add(&mut self, path: &str, source: String, test: Option<TestFile>) {
        if holds_queries(path, &source) {
            let mut test = test;
            let parts = split::queries(&source);
            self.rules
                .extend(parts.into_iter().enumerate().map(|(at, part)| bare(path, &source, at, part, test.take())));
            return;
        }
        match sentinel::read(path, &source) {
            Ok(rules) => {
                let mut test = test;
                self.rules.extend(rules.into_iter().map(|rule| Rule { test: test.take(), ..rule }));
            }
            Err(diagnostics) => self.broken.push(Broken { path: path.to_string(), source, diagnostics }),
        }
    }
}

/// Whether a file holds KQL and nothing else. Collections also publish it under other endings, `.txt` and `.yaml`
/// among them, so what does not end in `.kql` is looked at: a rule file has keys at the beginning of its lines.
fn holds_queries(path: &str, source: &str) -> bool {
    let path = path.to_lowercase();
    let key = |line: &str| {
        let (name, rest) = line.split_once(':').unwrap_or_default();
        let word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        !name.is_empty() && word && (rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
    };
    KQL.iter().any(|extension| path.ends_with(extension))
        || !(source.lines().any(key) || source.trim_start().starts_with(['{', '[']))
}

/// A rule file's text: UTF-8, possibly with a mark before it.
fn read(path: &Path) -> Result<String, Diagnostic> {
    let bytes = std::fs::read(path).map_err(|error| Diagnostic::plain(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Diagnostic::plain(format!("not UTF-8 text: byte {at} cannot be read")).help("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}

/// A bare query: its name is the file's, and its number where there are several, its description the comment it
/// begins with.
fn bare(path: &str, source: &str, at: usize, part: Range<usize>, test: Option<TestFile>) -> Rule {
    let query = source.get(part.clone()).unwrap_or(source);
    let comment = query.trim_start().lines().map(str::trim).take_while(|line| line.starts_with("//"));
    let description: Vec<&str> = comment.map(|line| line.trim_start_matches('/').trim()).collect();
    let stem = stem(path);
    Rule {
        id: if at == 0 { stem.to_string() } else { format!("{stem}-{}", at + 1) },
        name: if at == 0 { stem.to_string() } else { format!("{stem} ({})", at + 1) },
        description: description.join("\n"),
        severity: Severity::Informational,
        kind: Kind::Hunting,
        schedule: None,
        tactics: Vec::new(),
        techniques: Vec::new(),
        connectors: Vec::new(),
        query: query.to_string(),
        entities: Vec::new(),
        details: Vec::new(),
        overrides: Override::default(),
        tags: Vec::new(),
        version: String::new(),
        path: path.to_string(),
        source: source.to_string(),
        query_at: (part.start > 0).then_some(part.start),
        test,
    }
}
