//! `docs/queries.md` is written from the pack, and the pack keeps what its documentation promises.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use entrail::finding::Severity;
use entrail::kql::{self, Context};
use entrail::rules::{Pack, Rule, coverage};
use entrail::table::Tables;

use super::{cell, page};

/// What the pack holds and which detections it covers, from the rules and `queries/coverage.toml`.
#[test]
fn queries_page() {
    let pack = Pack::embedded();
    assert!(pack.broken.is_empty(), "{:?}", pack.broken);
    let coverage = coverage();
    let mut areas: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &pack.rules {
        areas.entry(rule.path.split('/').nth(1).unwrap_or_default()).or_default().push(rule);
    }
    let mut out = format!(
        "# The pack\n\n{} rules in {} areas. Written from `queries/` by `ENTRAIL_BLESS=1 cargo test --test docs`; \
         `entrail rules show NAME` prints a rule whole. How a rule is written: [writing rules](writing-queries.md).\n\n\
         Where a severity is a span, each hit has its own: the description tells what raises and lowers it.\n",
        pack.rules.len(),
        areas.len()
    );
    for (area, rules) in &areas {
        let _ = write!(out, "\n## {area}\n\n| rule | severity | tables | ATT&CK | detections | what it finds |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        for rule in rules {
            let row = [
                format!("**{}** {}<br>`{}`", rule.stem(), rule.name, rule.id),
                severities(rule),
                tables(rule).join(", "),
                rule.techniques.join(", "),
                rule.detections().collect::<Vec<_>>().join(", "),
                finds(rule),
            ];
            let _ = writeln!(out, "| {} |", row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "));
        }
    }
    let _ = write!(
        out,
        "\n## Coverage\n\nWhat an incident response in Entra ID, Microsoft 365 and Azure looks for, and the rules that do.\n\n\
         | id | detection | rules |\n|---|---|---|\n"
    );
    for detection in &coverage.detections {
        let rules: Vec<&str> =
            pack.rules.iter().filter(|r| r.detections().any(|id| id == detection.id)).map(Rule::stem).collect();
        let by = if rules.is_empty() { detection.otherwise.clone().unwrap_or_default() } else { rules.join(", ") };
        let _ = writeln!(out, "| {} | {} | {} |", detection.id, cell(&detection.name), cell(&by));
    }
    out.push_str(
        "\n## Not observable\n\nWhat no export shows, and where to look instead.\n\n| what | why |\n|---|---|\n",
    );
    for unseen in &coverage.not_observable {
        let _ = writeln!(out, "| {} | {} |", cell(&unseen.what), cell(&unseen.why));
    }
    page("queries.md", &out);
}

/// The span of severities that the hits of a rule can have.
fn severities(rule: &Rule) -> String {
    if rule.overrides.severity.is_none() {
        return rule.severity.word().to_owned();
    }
    let known = [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let written = |severity: &Severity| rule.query.to_lowercase().contains(&format!("\"{}\"", severity.word()));
    let mut found = known.into_iter().filter(written);
    match (found.next(), found.next_back()) {
        (Some(least), Some(most)) => format!("{} to {}", least.word(), most.word()),
        (Some(only), None) => only.word().to_owned(),
        _ => rule.severity.word().to_owned(),
    }
}

/// The tables that the query reads.
fn tables(rule: &Rule) -> Vec<String> {
    let (none, watchlists, thresholds) = (Tables::default(), BTreeMap::new(), BTreeMap::new());
    let context = Context {
        tables: &none,
        now: 0,
        window: None,
        watchlists: &watchlists,
        thresholds: &thresholds,
        lineage: false,
        places: None,
    };
    kql::check(&rule.query, &context).expect("the pack compiles").tables.into_iter().collect()
}

/// The first sentence of what a rule finds.
fn finds(rule: &Rule) -> String {
    let text = rule.description.split("## What it finds").nth(1).unwrap_or_default();
    let text = text.split("\n## ").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text[..end].to_owned()
}

/// Every detection has a rule or a reason, and rules name only detections that the list holds.
#[test]
fn every_detection_is_covered_or_told() {
    let (pack, coverage) = (Pack::embedded(), coverage());
    let ids: BTreeSet<&str> = coverage.detections.iter().map(|detection| detection.id.as_str()).collect();
    assert_eq!(ids.len(), coverage.detections.len(), "an id is listed twice");
    let covered: BTreeSet<&str> = pack.rules.iter().flat_map(Rule::detections).collect();
    for detection in &coverage.detections {
        let (rules, reason) = (covered.contains(detection.id.as_str()), detection.otherwise.is_some());
        assert!(rules != reason, "{} {}: needs either rules or a reason", detection.id, detection.name);
    }
    for rule in &pack.rules {
        assert!(rule.detections().next().is_some(), "{}: its tags name no detection", rule.path);
        for id in rule.detections() {
            assert!(ids.contains(id), "{}: {id} is in no list (queries/coverage.toml)", rule.path);
        }
    }
}

/// Descriptions have their headings, rules their tests and entities: what writing-queries.md promises.
#[test]
fn rules_of_the_pack_are_whole() {
    const HEADINGS: [&str; 5] =
        ["## What it finds", "## Why it matters", "## How to judge a hit", "## False positives", "## What to do"];
    for rule in &Pack::embedded().rules {
        let mut at = 0;
        for heading in HEADINGS {
            let found = rule.description[at..].find(heading);
            at += found.unwrap_or_else(|| panic!("{}: {heading} is missing or out of order", rule.path));
        }
        assert!(!rule.entities.is_empty(), "{}: no entities", rule.path);
        assert!(rule.overrides.sentence.is_some(), "{}: no sentence", rule.path);
        assert!(rule.techniques.iter().all(|id| id.starts_with('T')), "{}: techniques", rule.path);
        let test = &rule.test.as_ref().unwrap_or_else(|| panic!("{}: no test file", rule.path)).text;
        for kind in ["kind: fires", "kind: quiet", "kind: near-miss"] {
            assert!(test.contains(kind), "{}: no case of {kind}", rule.path);
        }
    }
}
