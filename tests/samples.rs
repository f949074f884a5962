//! The sample story: analysing `samples/exports` yields exactly the findings that `samples/story.json` tells, no more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

#[path = "report/validator.rs"]
mod validator;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use entrail::case::Case;
use entrail::detect::{self, detect};
use entrail::evidence::Manifest;
use entrail::finding::{Outcome, Severity, Verdict};
use entrail::ingest::{self, ingest};
use entrail::progress::Progress;
use entrail::report::{self, FORMATS, Input, Pseudonyms, Report};
use entrail::rules::Pack;
use entrail::table::Tables;
use serde::Deserialize;

/// What `samples/story.json` holds.
#[derive(Deserialize)]
struct Story {
    findings: Vec<Told>,
    records: u64,
    duplicates: u64,
}

#[derive(Deserialize)]
struct Told {
    rule: String,
    severity: String,
    entities: Vec<String>,
    because: String,
}

fn samples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/samples"))
}

/// Rule (folder and file name), severity, labels of the entities in order: how often.
type Counted = BTreeMap<(String, String, Vec<String>), usize>;

fn counted(items: impl Iterator<Item = (String, String, Vec<String>)>) -> Counted {
    items.fold(Counted::new(), |mut all, (rule, severity, mut labels)| {
        labels.sort();
        *all.entry((rule, severity, labels)).or_default() += 1;
        all
    })
}

fn analysed() -> (Manifest, Tables, Case, Pack, Vec<Verdict>) {
    let case = std::fs::read_to_string(samples().join("case.toml")).unwrap();
    let case = Case::read(&case, samples()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let read = ingest(&[samples().join("exports")], &ingest::Options::default(), &|_| {});
    let read = read.unwrap_or_else(|problem| panic!("{}", problem.message));
    let options = detect::Options { watchlists: case.watchlists.clone(), ..detect::Options::default() };
    let pack = Pack::embedded();
    // Plans of long queries are deep, and a debug build's frames are large.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(entrail::commands::STACK).build().unwrap();
    let verdicts = pool.install(|| detect(&pack.rules, &read.tables, &options, &Progress::silent()));
    (read.manifest, read.tables, case, pack, verdicts)
}

/// The rule of a finding as the story names it: folder and file name.
fn path(pack: &Pack, id: &str) -> String {
    let rule = pack.rules.iter().find(|rule| rule.id == id).map_or(id, |rule| rule.path.as_str());
    let mut parts = rule.trim_end_matches(".yaml").rsplit(['/', '\\']);
    let (file, folder) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    format!("{folder}/{file}")
}

/// The breach comes out as the first incident: every step of the story, in order, and nothing benign.
fn one_incident(story: &Story, manifest: &Manifest, tables: &Tables, case: &Case, pack: &Pack, verdicts: &[Verdict]) {
    let heading = report::Case { networks: case.networks(), ..report::Case::default() };
    let input =
        Input { case: &heading, manifest, tables, verdicts, rules: &[], techniques: &BTreeMap::new(), known: &[] };
    let report = Report::new(input);
    pseudonymised(&input);
    published(&report);
    let because = |position: usize| {
        let finding = report.findings[position].finding;
        let mut labels: Vec<&str> = finding.entities.iter().map(|entity| entity.label()).collect();
        labels.sort_unstable();
        let rule = path(pack, &finding.rule);
        let told = story.findings.iter().find(|told| {
            let mut entities: Vec<&str> = told.entities.iter().map(String::as_str).collect();
            entities.sort_unstable();
            told.rule == rule && entities == labels
        });
        told.unwrap_or_else(|| panic!("{rule} {labels:?} is not in the story")).because.clone()
    };
    let chain: Vec<String> = report.incidents[0].findings.iter().map(|&position| because(position)).collect();
    let steps = story.findings.iter().filter(|told| told.because.starts_with("step")).count();
    assert_eq!(chain.len(), steps, "{chain:#?}");
    assert!(chain.iter().all(|because| because.starts_with("step")) && chain.is_sorted(), "{chain:#?}");
    assert!(report.incidents[1..].iter().all(|other| other.severity < Severity::High), "benign work ranks lower");
}

/// `findings.json` follows the published schema.
fn published(report: &Report<'_>) {
    let format = FORMATS.iter().find(|format| format.file == "findings.json").unwrap();
    let mut out = Vec::new();
    (format.write)(report, &mut out).unwrap();
    let schema: serde_json::Value = serde_json::from_str(report::FINDINGS_SCHEMA).unwrap();
    let mut wrong = Vec::new();
    validator::faults(&schema, &schema, &serde_json::from_slice(&out).unwrap(), "$", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Nobody of the exports is named in any byte of a pseudonymised report. What may not be named is read from the
/// exports as text, by other means than the program's.
fn pseudonymised(input: &Input<'_>) {
    let pseudonyms = Pseudonyms::of(input);
    let report = Report::new(pseudonyms.input(input));
    let pattern = regex::Regex::new(concat!(
        r"(?i)[a-z0-9._-]+@example\.(?:com|org|net)\b",
        r"|\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.[0-9]+\b|\b2001:db8:[0-9a-f:]+",
        r#"|"(?:tenantId|resourceTenantId|homeTenantId|userId)"+: ?"+[0-9a-f-]{36}"#,
        r#"|"(?:userDisplayName)"+: ?"+[^"]{5,}"#,
    ));
    let pattern = pattern.unwrap();
    let mut originals = BTreeSet::new();
    for entry in walkdir::WalkDir::new(samples().join("exports")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            originals.extend(
                pattern
                    .find_iter(&text)
                    .map(|found| found.as_str().rsplit('"').next().unwrap_or_default().to_lowercase()),
            );
        }
    }
    // Nobody's.
    originals.retain(|original| !original.starts_with("00000000-0000-0000-0000-000000000000"));
    assert!(originals.len() > 700, "{}", originals.len());
    let search = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(&originals).unwrap();
    let names: Vec<&String> = originals.iter().collect();
    for format in &FORMATS {
        let mut out = Vec::new();
        (format.write)(&report, &mut out).unwrap();
        if let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(out.clone())) {
            out.clear();
            for part in 0..archive.len() {
                std::io::Read::read_to_end(&mut archive.by_index(part).unwrap(), &mut out).unwrap();
            }
        }
        let found: BTreeSet<_> = search.find_iter(&out).map(|hit| names[hit.pattern().as_usize()]).collect();
        assert!(found.is_empty(), "{} names {found:?}", format.file);
    }
}

#[test]
fn the_samples_yield_the_findings_of_the_story_and_no_others() {
    let story = std::fs::read_to_string(samples().join("story.json")).unwrap();
    let story: Story = serde_json::from_str(&story).unwrap();
    assert!(story.findings.iter().all(|told| !told.because.is_empty()), "every expected finding has its reason");
    let (manifest, tables, case, pack, verdicts) = analysed();
    one_incident(&story, &manifest, &tables, &case, &pack, &verdicts);

    let mut records = 0;
    let mut duplicates = 0;
    for entry in &manifest.evidence {
        assert!(entry.balanced() && entry.rejected == 0 && entry.format.is_some(), "{}: {}", entry.path, entry.reason);
        records += entry.records;
        duplicates += entry.duplicates;
    }
    assert_eq!((records, duplicates), (story.records, story.duplicates), "records and duplicates of the exports");

    let path = |id: &str| path(&pack, id);
    let found = verdicts.iter().flat_map(|verdict| match &verdict.outcome {
        Outcome::Hits(findings) => findings.clone(),
        Outcome::Failed(problems) => panic!("{}: {problems:?}", path(&verdict.rule)),
        Outcome::Clean | Outcome::NotEvaluable { .. } => Vec::new(),
    });
    let found = counted(found.map(|finding| {
        let labels = finding.entities.iter().map(|entity| entity.label().to_string()).collect();
        (path(&finding.rule), finding.severity.word().to_string(), labels)
    }));
    let told = counted(story.findings.into_iter().map(|told| (told.rule, told.severity, told.entities)));
    let missing: Vec<_> = told.iter().filter(|(key, times)| found.get(*key) != Some(times)).collect();
    let untold: Vec<_> = found.iter().filter(|(key, times)| told.get(*key) != Some(times)).collect();
    assert!(
        missing.is_empty() && untold.is_empty(),
        "told but not found: {missing:#?}\nfound but not told: {untold:#?}"
    );
    assert!(Severity::ALL.iter().all(|severity| told.keys().any(|(_, word, _)| word == severity.word())));
}
