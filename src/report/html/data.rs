//! The timeline inside the page, for the script: columns of numbers that point into one list of texts.

use std::fmt;
use std::io;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

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
    known: FxHashMap<Rc<str>, u32>,
    list: Vec<Rc<str>>,
    bytes: usize,
}

impl Texts {
    fn key(&mut self, text: &str) -> u32 {
        let text = clipped(text, VALUE_LIMIT);
        if let Some(key) = self.known.get(text.as_ref()) {
            return *key;
        }
        let (text, key): (Rc<str>, u32) = (text.into(), self.list.len() as u32);
        self.bytes += text.len();
        self.list.push(text.clone());
        self.known.insert(text, key);
        key
    }
}

/// The timeline as the script reads it, in the order of its keys. It is written straight into the page: a tree of it
/// would be several times as large as the page.
#[derive(Serialize)]
pub struct Data<'r> {
    time: Vec<Option<i64>>,
    severity: Vec<usize>,
    findings: Vec<&'r [usize]>,
    records: Vec<Vec<u64>>,
    rules: Vec<Option<usize>>,
    incidents: Vec<&'r [usize]>,
    titles: Vec<String>,
    #[serde(serialize_with = "by_name")]
    columns: Vec<(&'static str, Keys)>,
    shapes: Vec<Vec<u32>>,
    raw: Vec<Vec<Vec<u32>>>,
    #[serde(serialize_with = "in_order")]
    texts: Vec<Rc<str>>,
}

/// Numbers of texts.
#[derive(Serialize)]
#[serde(untagged)]
enum Keys {
    /// A column that says the same of all events.
    Same(u32),
    /// A number for each event.
    Each(Vec<u32>),
}

fn by_name<S: Serializer>(columns: &[(&'static str, Keys)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(columns.iter().map(|(name, keys)| (name, keys)))
}

fn in_order<S: Serializer>(texts: &[Rc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(Rc::as_ref))
}

/// What the page carries of the timeline.
pub fn data<'r>(report: &'r Report<'_>) -> Data<'r> {
    let mut texts = Texts::default();
    texts.key("");
    let events = &report.timeline.events;
    let mut columns = Vec::new();
    let mut column = |name: &'static str, texts: &mut Texts, value: &dyn Fn(&Event) -> String| {
        let keys: Vec<u32> = events.iter().map(|event| texts.key(&value(event))).collect();
        let same = keys.windows(2).all(|pair| pair.first() == pair.last());
        columns.push((name, if same { Keys::Same(keys.first().copied().unwrap_or(0)) } else { Keys::Each(keys) }));
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
    let rules = super::rules_with_findings(report);
    let rule = |id: &str| rules.iter().position(|(_, known)| *known == id);
    Data {
        time: events.iter().map(|event| event.time.map(time::unix_micros)).collect(),
        severity: events.iter().map(|event| rank(event.severity)).collect(),
        findings: events.iter().map(|event| event.findings.as_slice()).collect(),
        records: events.iter().map(|event| event.records.iter().map(|record| record.number).collect()).collect(),
        rules: report.findings.iter().map(|found| rule(&found.finding.rule)).collect(),
        incidents: report.incidents.iter().take(super::incident::SHOWN).map(|one| one.findings.as_slice()).collect(),
        titles: report.findings.iter().map(|found| clipped(&found.finding.title, 200).into_owned()).collect(),
        columns,
        shapes,
        raw,
        texts: texts.list,
    }
}

/// Raw rows of the first events, as far as the budget goes. A row is the number of its shape and its values; a shape
/// is the table and the names of the columns that are filled.
fn raw(tables: &Tables, events: &[Event], texts: &mut Texts) -> (Vec<Vec<u32>>, Vec<Vec<Vec<u32>>>) {
    let mut shapes: Vec<Vec<u32>> = Vec::new();
    let mut known: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
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
                shapes.len() as u32 - 1
            });
            let mut keys = vec![number];
            keys.extend(cells.iter().map(|(_, value)| texts.key(value)));
            values += keys.len();
            rows.push(keys);
        }
        raw.push(rows);
    }
    (shapes, raw)
}

/// JSON that may stand inside a `script` element.
impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::to_writer(Inert(f), self).map_err(|_| fmt::Error)
    }
}

/// Passes JSON on without any character that could end or open an element or a comment.
struct Inert<'f, 'b>(&'f mut fmt::Formatter<'b>);

impl io::Write for Inert<'_, '_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        let mut rest = std::str::from_utf8(json).map_err(io::Error::other)?;
        // Outside of strings JSON has none of these, and inside they may be written as escapes.
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, found) = rest.split_at(at);
            let mut found = found.chars();
            let c = found.next().map_or(0, u32::from);
            write!(self.0, "{before}\\u{c:04x}").map_err(io::Error::other)?;
            rest = found.as_str();
        }
        self.0.write_str(rest).map_err(io::Error::other)?;
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The files that the records of an event stand in.
fn files(report: &Report<'_>, event: &Event) -> String {
    let mut files: Vec<&str> =
        event.records.iter().map(|record| report.evidence(*record).map_or(UNKNOWN, |entry| &entry.path)).collect();
    files.dedup();
    files.join("; ")
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
