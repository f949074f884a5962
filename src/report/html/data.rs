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
        columns.insert(name.to_owned(), json!(keys));
    };
    column("table", &mut texts, &|event| event.table.clone());
    column("message", &mut texts, &|event| event.message.clone());
    column("techniques", &mut texts, &|event| event.techniques.join(" "));
    column("evidence", &mut texts, &|event| origins(report, event));
    for fact in Fact::all() {
        column(fact.name(), &mut texts, &|event| event.facts.get(fact).to_owned());
    }
    let mut raw: Vec<Value> = Vec::new();
    let fixed = texts.bytes;
    for event in events {
        if texts.bytes - fixed > RAW_BUDGET {
            break;
        }
        raw.push(raw_rows(report.input.tables, event, &mut texts));
    }
    let rank = |severity| Severity::ALL.iter().position(|s| *s == severity).unwrap_or(0);
    let file = json!({
        "time": events.iter().map(|event| event.time.map(time::unix_micros)).collect::<Vec<_>>(),
        "severity": events.iter().map(|event| rank(event.severity)).collect::<Vec<_>>(),
        "findings": events.iter().map(|event| &event.findings).collect::<Vec<_>>(),
        "titles": report.findings.iter().map(|found| clipped(&found.finding.title, 200).into_owned()).collect::<Vec<_>>(),
        "columns": columns,
        "raw": raw,
        "texts": texts.list,
    });
    inert(&file.to_string())
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
            let file = report.evidence(*record).map_or("unknown file", |entry| entry.path.as_str());
            format!("{file}, record {}", record.number)
        })
        .collect();
    parts.join("; ")
}

fn raw_rows(tables: &Tables, event: &Event, texts: &mut Texts) -> Value {
    let rows: Vec<Value> = event
        .rows
        .iter()
        .map(|(table, row)| {
            let cells = fields(tables, table, *row);
            let mut keys = vec![texts.key(table)];
            for (name, value) in cells {
                keys.push(texts.key(&name));
                keys.push(texts.key(&value));
            }
            json!(keys)
        })
        .collect();
    json!(rows)
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
