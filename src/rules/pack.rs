//! The pack: built-in rules and the user's, each with an id of its own, and the choice among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use regex::Regex;

use super::attack;
use super::load::{Broken, Loaded, load, rule_name};
use super::rule::{Rule, TestFile};
use crate::error::Diagnostic;
use crate::finding::Severity;

static QUERIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// The rules of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pack {
    /// Rules, the built-in ones first, each group in order of path.
    pub rules: Vec<Rule>,
    /// Rule files that cannot be used.
    pub broken: Vec<Broken>,
}

/// Which rules are wanted. Patterns know `*` and `?`, ignore letter case, and are held against a rule's id, name,
/// file name and tactics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// If not empty: one of these must match.
    pub only: Vec<String>,
    /// None of these may match.
    pub exclude: Vec<String>,
    /// At least this severity.
    pub min_severity: Option<Severity>,
}

impl Pack {
    /// The built-in rules; their paths begin with `queries/`.
    pub fn embedded() -> Pack {
        let mut files = BTreeMap::new();
        collect(&QUERIES, &mut files);
        let mut loaded = Loaded::default();
        for (path, text) in &files {
            if rule_name(Path::new(path)) {
                let beside = path.rsplit_once('.').map(|(stem, _)| format!("{stem}.test.yaml")).unwrap_or_default();
                let test = files.get(&beside).map(|text| TestFile { path: beside.clone(), text: text.to_string() });
                loaded.add(path, text.to_string(), test);
            }
        }
        Pack::default().with(loaded)
    }

    /// The rules of these files and folders added. An id that is taken already makes the later file a broken one:
    /// findings name their rule by it.
    pub fn and(self, paths: &[PathBuf]) -> Pack {
        self.with(load(paths))
    }

    fn with(mut self, loaded: Loaded) -> Pack {
        self.broken.extend(loaded.broken);
        let mut taken: BTreeMap<String, String> =
            self.rules.iter().map(|rule| (rule.id.to_lowercase(), rule.path.clone())).collect();
        for rule in loaded.rules {
            match taken.get(&rule.id.to_lowercase()) {
                Some(other) => {
                    let problem = Diagnostic::plain(format!("the id {} is taken by {other}", rule.id))
                        .help("give one of them another id, or leave the other out");
                    self.broken.push(Broken { path: rule.path, source: rule.source, diagnostics: vec![problem] });
                }
                None => {
                    taken.insert(rule.id.to_lowercase(), rule.path.clone());
                    self.rules.push(rule);
                }
            }
        }
        self
    }

    /// Only the wanted rules. A pattern of `only` that matches nothing is told: it is probably a slip.
    pub fn choose(mut self, filter: &Filter) -> (Pack, Vec<String>) {
        let only: Vec<Regex> = filter.only.iter().filter_map(|p| glob(p)).collect();
        let exclude: Vec<Regex> = filter.exclude.iter().filter_map(|p| glob(p)).collect();
        let idle = filter.only.iter().zip(&only).filter(|(_, p)| !self.rules.iter().any(|rule| matches(rule, p)));
        let idle = idle.map(|(pattern, _)| pattern.clone()).collect();
        self.rules.retain(|rule| {
            (only.is_empty() || only.iter().any(|p| matches(rule, p)))
                && !exclude.iter().any(|p| matches(rule, p))
                && filter.min_severity.is_none_or(|least| rule.severity >= least)
        });
        (self, idle)
    }

    /// A rule by id, name or file stem, in any letter case.
    pub fn find(&self, name: &str) -> Option<&Rule> {
        let name = name.to_lowercase();
        self.rules.iter().find(|rule| [&rule.id, &rule.name, rule.stem()].iter().any(|n| n.to_lowercase() == name))
    }
}

fn collect<'a>(folder: &'a Dir<'a>, files: &mut BTreeMap<String, &'a str>) {
    for file in folder.files() {
        if let Some(text) = file.contents_utf8() {
            files.insert(format!("queries/{}", file.path().to_string_lossy().replace('\\', "/")), text);
        }
    }
    for folder in folder.dirs() {
        collect(folder, files);
    }
}

fn matches(rule: &Rule, pattern: &Regex) -> bool {
    let tactics = rule.tactics.iter().flat_map(|written| {
        let known = attack::tactic(written);
        [Some(written.clone()), known.map(|t| t.compact()), known.map(|t| t.hyphenated())].into_iter().flatten()
    });
    [rule.id.clone(), rule.name.clone(), rule.stem().to_string()]
        .into_iter()
        .chain(tactics)
        .any(|t| pattern.is_match(&t))
}

/// A pattern with `*` and `?` as an anchored expression without regard to letter case.
fn glob(pattern: &str) -> Option<Regex> {
    let body = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    Regex::new(&format!("(?is)^{body}$")).ok()
}
