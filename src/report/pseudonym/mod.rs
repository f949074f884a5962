//! Pseudonyms: a report that may leave the air gap.
//!
//! What a report is made from is rewritten before the report is computed. All outputs are made from that alone, so
//! none can name what was replaced. The key that leads back is a file of its own, kept elsewhere.

mod book;
mod collect;
mod json;
mod number;
mod token;

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Case, Input, RuleInfo};
use crate::evidence::{Entry, Manifest};
use crate::finding::{Entity, Finding, Outcome, Verdict};
use crate::hunt::Known;
use crate::rules::Pack;
use crate::table::Tables;
use crate::usual::own;

pub use book::{Book, Replaced};

/// Characters of the hash in the id of a finding.
const HASH: usize = 12;

/// What a report is made from, with every identity replaced.
#[derive(Debug)]
pub struct Pseudonyms {
    book: Book,
    case: Case,
    manifest: Manifest,
    tables: Tables,
    verdicts: Vec<Verdict>,
    rules: Vec<RuleInfo>,
    known: Vec<Known>,
}

impl Pseudonyms {
    /// Finds the identities and replaces them.
    pub fn of(input: &Input<'_>) -> Pseudonyms {
        let pack = Pack::embedded();
        let ours: HashSet<(&str, &str)> =
            pack.rules.iter().map(|rule| (rule.id.as_str(), rule.query.as_str())).collect();
        let built_in = |rule: &RuleInfo| ours.contains(&(rule.id.as_str(), rule.query.as_str()));

        let mut found = collect::Found::default();
        found.tables(input.tables);
        let case = input.case;
        for text in [&case.name, &case.marking].into_iter().chain(&case.assumptions) {
            found.text("", text);
        }
        input.manifest.evidence.iter().flat_map(texts_of).for_each(|text| found.text("", text));
        input.known.iter().for_each(|known| found.text("", &known.value));
        for finding in input.verdicts.iter().flat_map(findings_of) {
            texts(finding).for_each(|(place, text)| found.text(place, text));
        }
        // The built-in rules are public; those of the user may name what is not.
        for rule in input.rules.iter().filter(|rule| !built_in(rule)) {
            for text in [&rule.query, &rule.description, &rule.name, &rule.path] {
                found.text("", text);
            }
        }
        let mut public: HashSet<String> = own::keys().collect();
        for rule in &pack.rules {
            let named = token::tokens(&rule.query).into_iter().chain(token::tokens(&rule.id));
            public.extend(named.filter_map(|(_, token)| match token {
                token::Token::Guid(guid, _) => Some(guid),
                _ => None,
            }));
        }
        let book = number::book(&found, &public);
        let ids: HashSet<&str> =
            input.rules.iter().filter(|rule| built_in(rule)).map(|rule| rule.id.as_str()).collect();
        Pseudonyms {
            case: case_of(&book, &found, case),
            manifest: manifest_of(&book, input.manifest),
            tables: tables_of(&book, input.tables),
            verdicts: input.verdicts.iter().map(|verdict| verdict_of(&book, &ids, verdict)).collect(),
            rules: input
                .rules
                .iter()
                .map(|rule| if built_in(rule) { rule.clone() } else { rule_of(&book, rule) })
                .collect(),
            known: input.known.iter().map(|known| Known { value: book.text(&known.value), ..known.clone() }).collect(),
            book,
        }
    }

    /// What to make the report from, in place of the original.
    pub fn input<'p>(&'p self, original: &Input<'p>) -> Input<'p> {
        Input {
            case: &self.case,
            manifest: &self.manifest,
            tables: &self.tables,
            verdicts: &self.verdicts,
            rules: &self.rules,
            techniques: original.techniques,
            known: &self.known,
        }
    }

    /// A text of the run without originals.
    pub fn text(&self, text: &str) -> String {
        self.book.text(text)
    }

    /// What was replaced by what, in the order in which it was first met.
    pub fn replaced(&self) -> &[Replaced] {
        &self.book.list
    }

    /// The key file: JSON, one replacement a line.
    pub fn key(&self) -> String {
        let lines: Vec<String> = self
            .book
            .list
            .iter()
            .map(|one| {
                json!({ "kind": one.kind, "original": one.original, "replacement": one.replacement }).to_string()
            })
            .collect();
        format!(
            "{{\n\"schema\": \"entrail.key/1\",\n\"program\": {},\n\"replacements\": [\n{}\n]\n}}\n",
            json!(self.manifest.program),
            lines.join(",\n")
        )
    }
}

fn findings_of(verdict: &Verdict) -> &[Finding] {
    match &verdict.outcome {
        Outcome::Hits(findings) => findings,
        _ => &[],
    }
}

fn texts_of(entry: &Entry) -> impl Iterator<Item = &String> {
    [&entry.path, &entry.reason].into_iter().chain(&entry.warnings)
}

/// The texts of a finding with their places.
fn texts(finding: &Finding) -> impl Iterator<Item = (&str, &String)> {
    let entities = finding.entities.iter().flat_map(|entity| &entity.identifiers);
    let placed = entities.map(|(key, value)| (key.as_str(), value));
    let row = finding.row.iter().map(|(name, value)| (name.as_str(), value));
    let plain = [&finding.title, &finding.sentence].into_iter().chain(&finding.limits).chain(&finding.iocs);
    placed.chain(row).chain(plain.map(|text| ("", text)))
}

fn case_of(book: &Book, found: &collect::Found, case: &Case) -> Case {
    // The networks of the organisation become those of their addresses that the evidence names.
    let ours = |address: &&IpAddr| case.networks.iter().any(|network| network.contains(*address));
    let networks = found
        .addresses
        .iter()
        .filter(ours)
        .map(|address| IpNet::from(book.addresses.get(address).copied().unwrap_or(*address)));
    Case {
        name: book.text(&case.name),
        marking: book.text(&case.marking),
        assumptions: case.assumptions.iter().map(|text| book.text(text)).collect(),
        networks: networks.collect(),
        ..case.clone()
    }
}

fn manifest_of(book: &Book, manifest: &Manifest) -> Manifest {
    let entry = |entry: &Entry| Entry {
        path: book.text(&entry.path),
        reason: book.text(&entry.reason),
        warnings: entry.warnings.iter().map(|warning| book.text(warning)).collect(),
        ..entry.clone()
    };
    Manifest { evidence: manifest.evidence.iter().map(entry).collect(), ..manifest.clone() }
}

fn tables_of(book: &Book, tables: &Tables) -> Tables {
    let mut rewritten = Tables::default();
    for (_, table) in tables.iter() {
        let columns: Vec<_> = (0..table.schema().fields.len())
            .into_par_iter()
            .map(|position| table.column(position).map_texts(|text| book.replace(text)))
            .collect();
        let table = columns
            .into_iter()
            .enumerate()
            .fold(table.as_ref().clone(), |table, (position, column)| table.with_column(position, column));
        rewritten.insert(table);
    }
    rewritten
}

fn verdict_of(book: &Book, built_in: &HashSet<&str>, verdict: &Verdict) -> Verdict {
    let list = |texts: &[String]| texts.iter().map(|text| book.text(text)).collect::<Vec<_>>();
    let id = if built_in.contains(verdict.rule.as_str()) { verdict.rule.clone() } else { book.text(&verdict.rule) };
    let outcome = match &verdict.outcome {
        Outcome::Hits(findings) => {
            Outcome::Hits(findings.iter().map(|finding| finding_of(book, &id, finding)).collect())
        }
        Outcome::Clean => Outcome::Clean,
        Outcome::NotEvaluable { missing, remedy } => {
            Outcome::NotEvaluable { missing: list(missing), remedy: list(remedy) }
        }
        Outcome::Failed(problems) => {
            let mut problems = problems.clone();
            for problem in &mut problems {
                problem.message = book.text(&problem.message);
                problem.help = problem.help.as_deref().map(|help| book.text(help));
            }
            Outcome::Failed(problems)
        }
    };
    Verdict { rule: id, outcome, limits: list(&verdict.limits), ..verdict.clone() }
}

fn rule_of(book: &Book, rule: &RuleInfo) -> RuleInfo {
    RuleInfo {
        id: book.text(&rule.id),
        name: book.text(&rule.name),
        description: book.text(&rule.description),
        query: book.text(&rule.query),
        path: book.text(&rule.path),
        ..rule.clone()
    }
}

fn finding_of(book: &Book, rule: &str, finding: &Finding) -> Finding {
    let list = |texts: &[String]| texts.iter().map(|text| book.text(text)).collect::<Vec<_>>();
    let entity = |entity: &Entity| Entity {
        kind: entity.kind.clone(),
        identifiers: entity.identifiers.iter().map(|(key, value)| (key.clone(), book.text(value))).collect(),
    };
    let row: Vec<(String, String)> = finding.row.iter().map(|(name, value)| (name.clone(), book.text(value))).collect();
    Finding {
        id: id_of(rule, finding, &row),
        rule: rule.to_owned(),
        title: book.text(&finding.title),
        sentence: book.text(&finding.sentence),
        entities: finding.entities.iter().map(entity).collect(),
        limits: list(&finding.limits),
        iocs: list(&finding.iocs),
        row,
        ..finding.clone()
    }
}

/// The id holds a hash of the row, and a hash of a guessed row would confirm the guess: it is made anew.
fn id_of(rule: &str, finding: &Finding, row: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    for text in row.iter().flat_map(|(name, value)| [name, value]) {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    for ticks in [finding.first, finding.last] {
        hash.update(ticks.unwrap_or_default().to_le_bytes());
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{rule}-{}", digest.get(..HASH).unwrap_or(&digest))
}
