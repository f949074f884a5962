//! The timeline inside the page, for the script: columns of numbers that point into one list of texts.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::finding::Severity;
use crate::report::{Report, clipped};
use crate::table::{Cell, Tables, Type, time};
use crate::timeline::{Event, Fact};

/// Characters of a value that the page carries; the whole stands in the evidence.
const VALUE_LIMIT: usize = 4_000;
/// Bytes of text for raw records in the page. Beyond it events name file and record only, so that the page opens
/// quickly however large the case is.
const RAW_BUDGET: usize = 12_000_000;

/// What a value's number takes in the page, in bytes.
const KEY_BYTES: usize = 7;
/// What stands for a file that the manifest does not have.
const UNKNOWN: &str = "unknown file";

#[derive(Default)]
struct Texts {
    known: FxHashMap<String, usize>,
    list: Vec<String>,
    bytes: usize,
}

impl Texts {
    fn key(&mut self, text: &str) -> usize {
        let text = clipped(text, VALUE_LIMIT);
        if let Some(key) = self.known.get(text.as_ref()) {
            return *key;
        }
        self.bytes += text.len();
        self.list.push(text.clone().into_owned());
        self.known.insert(text.into_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

/// The timeline as JSON that may stand inside a `script` element.
pub fn data(report: &Report<'_>) -> String {
    let mut texts = Texts::default();
    texts.key("");
    let events = &report.timeline.events;
    let mut columns = serde_json::Map::new();
    let mut column = |name: &str, texts: &mut Texts, value: &dyn Fn(&Event) -> String| {
        let keys: Vec<usize> = events.iter().map(|event| texts.key(&value(event))).collect();
        // A column that says the same of all events is one number.
        let same = keys.windows(2).all(|pair| pair.first() == pair.last());
        let keys = if same { json!(keys.first().copied().unwrap_or(0)) } else { json!(keys) };
        columns.insert(name.to_owned(), keys);
    };
    column("table", &mut texts, &|event| event.table.clone());
    // Where the log names the operation, the script makes the sentence from the facts.
    let named = |event: &Event| !event.facts.get(Fact::Operation).is_empty();
    column("message", &mut texts, &|event| if named(event) { String::new() } else { event.message.clone() });
    column("techniques", &mut texts, &|event| event.techniques.join(" "));
    column("file", &mut texts, &|event| files(report, event));
    column("sha256", &mut texts, &|event| hashes(report, event));
    for fact in Fact::all() {
        column(fact.name(), &mut texts, &|event| event.facts.get(fact).to_owned());
    }
    let (shapes, raw) = raw(report.input.tables, events, &mut texts);
    let rank = |severity| Severity::ALL.iter().position(|s| *s == severity).unwrap_or(0);
    let numbers = |event: &Event| -> Vec<u64> { event.records.iter().map(|record| record.number).collect() };
    let rules = super::rules_with_findings(report);
    let file = json!({
        "time": events.iter().map(|event| event.time.map(time::unix_micros)).collect::<Vec<_>>(),
        "severity": events.iter().map(|event| rank(event.severity)).collect::<Vec<_>>(),
        "findings": events.iter().map(|event| &event.findings).collect::<Vec<_>>(),
        "records": events.iter().map(numbers).collect::<Vec<_>>(),
        "rules": report.findings.iter().map(|found| rules.iter().position(|(_, id)| *id == found.finding.rule)).collect::<Vec<_>>(),
        "incidents": report.incidents.iter().take(super::incident::SHOWN).map(|one| &one.findings).collect::<Vec<_>>(),
        "titles": report.findings.iter().map(|found| clipped(&found.finding.title, 200).into_owned()).collect::<Vec<_>>(),
        "columns": columns,
        "shapes": shapes,
        "raw": raw,
        "texts": texts.list,
    });
    inert(&file.to_string())
}

/// Raw rows of the first events, as far as the budget goes. A row is the number of its shape and its values; a shape
/// is the table and the names of the columns that are filled.
fn raw(tables: &Tables, events: &[Event], texts: &mut Texts) -> (Vec<Vec<usize>>, Vec<Value>) {
    let mut shapes: Vec<Vec<usize>> = Vec::new();
    let mut known: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
    let mut raw = Vec::new();
    let (before, mut values) = (texts.bytes, 0);
    for event in events {
        if texts.bytes - before + values * KEY_BYTES > RAW_BUDGET {
            break;
        }
        let mut rows = Vec::with_capacity(event.rows.len());
        for (table, row) in &event.rows {
            let cells = fields(tables, table, *row);
            let mut shape = vec![texts.key(table)];
            shape.extend(cells.iter().map(|(name, _)| texts.key(name)));
            let number = *known.entry(shape).or_insert_with_key(|shape| {
                shapes.push(shape.clone());
                shapes.len() - 1
            });
            let mut keys = vec![number];
            keys.extend(cells.iter().map(|(_, value)| texts.key(value)));
            values += keys.len();
            rows.push(keys);
        }
        raw.push(json!(rows));
    }
    (shapes, raw)
}

/// The files that the records of an event stand in.
fn files(report: &Report<'_>, event: &Event) -> String {
    let mut files: Vec<&str> =
        event.records.iter().map(|record| report.evidence(*record).map_or(UNKNOWN, |entry| &entry.path)).collect();
    files.dedup();
    files.join("; ")
}

/// JSON without any character that could end or open an element or a comment.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            // Outside of strings JSON has none of these, and inside they may be written as escapes.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// `file, record 7` for each record of an event.
pub fn origins(report: &Report<'_>, event: &Event) -> String {
    let parts: Vec<String> = event
        .records
        .iter()
        .map(|record| {
            let file = report.evidence(*record).map_or(UNKNOWN, |entry| &entry.path);
            format!("{file}, record {}", record.number)
        })
        .collect();
    parts.join("; ")
}

/// SHA-256 of the files that the records of an event stand in.
pub fn hashes(report: &Report<'_>, event: &Event) -> String {
    let mut hashes: Vec<&str> =
        event.records.iter().filter_map(|record| Some(report.evidence(*record)?.sha256.as_str())).collect();
    hashes.dedup();
    hashes.join(", ")
}

/// The filled columns of a row, in schema order, as text.
pub fn fields(tables: &Tables, table: &str, row: usize) -> Vec<(String, String)> {
    let Some(table) = tables.get(table) else { return Vec::new() };
    let columns = table.schema().fields.iter().enumerate();
    columns
        .filter_map(|(position, field)| {
            let value = match table.column(position).cell(row) {
                Cell::Null => return None,
                Cell::Text("") => return None,
                Cell::Text(text) => text.to_owned(),
                Cell::Integer(ticks) if field.ty == Type::Datetime => time::iso(ticks),
                Cell::Integer(ticks) if field.ty == Type::Timespan => time::span(ticks),
                Cell::Integer(number) => number.to_string(),
                Cell::Real(number) => number.to_string(),
                Cell::Bool(value) => value.to_string(),
            };
            Some((field.name.clone(), value))
        })
        .collect()
}
