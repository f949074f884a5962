//! One chunk, taken apart into records and rows. Chunks know nothing of each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evidence::{Chunk, Facts, Item, Layout, decode, each};
use crate::formats::record::{elements, repair, shallow};
use crate::formats::{Dates, Form, Format, Record, Sink, Value, carried, describe, recognise};

/// What a chunk needs to know about its file.
#[derive(Debug, Clone)]
pub struct Context {
    /// How records follow each other.
    pub layout: Layout,
    /// Header cells as they stand in the file, where they may stand again in the middle.
    pub repeated: Vec<String>,
    /// Header cells of a separated file, in English.
    pub header: Vec<String>,
    /// Name of the file.
    pub file: String,
    /// How dates are read.
    pub dates: Dates,
    /// Whether the header marks times as local.
    pub local: bool,
}

/// What came out of a chunk.
#[derive(Default)]
pub struct Parsed {
    /// Rows and what did not fit.
    pub sink: Sink,
    /// Records seen.
    pub records: u64,
    /// Records that could not be read: number within the chunk, and why.
    pub rejected: Vec<(u64, String)>,
    /// What the first record of no known shape looked like.
    pub sample: Option<String>,
    /// Shapes: why recognised, and how many records.
    pub formats: BTreeMap<&'static str, (&'static str, u64)>,
    /// Records that were not valid UTF-8.
    pub recoded: u64,
    /// Records in a spelling that JSON does not allow.
    pub repaired: u64,
    /// Header lines in the middle.
    pub headers: u64,
    /// Around the records.
    pub facts: Facts,
}

/// Reads all records of a chunk.
pub fn parse(chunk: &Chunk, context: &Context) -> Parsed {
    let mut parsed = Parsed::default();
    parsed.sink.dates = context.dates.clone();
    parsed.sink.local = context.local;
    parsed.sink.file.clone_from(&context.file);
    let mut last: Option<(&'static Format, &'static str)> = None;
    let mut columns: Option<(Arc<str>, Vec<String>)> = None;
    let passed = each(chunk, context.layout, &context.repeated, |item, _| {
        parsed.records += 1;
        parsed.sink.record = parsed.records;
        match item {
            Item::Broken(why) => parsed.rejected.push((parsed.records, why.to_owned())),
            Item::Object(bytes, fields) => match std::str::from_utf8(bytes) {
                Ok(text) => load(&Record::whole(text, fields), &mut parsed, &mut last),
                Err(_) => value(bytes, &mut parsed, &mut last),
            },
            Item::Value(bytes) => value(bytes, &mut parsed, &mut last),
            Item::Row(bytes, header) => {
                if columns.as_ref().is_none_or(|(known, _)| !Arc::ptr_eq(known, header)) {
                    columns = Some((header.clone(), names(header)));
                }
                let Some((_, names)) = &columns else { return };
                let (text, odd) = decode(bytes);
                parsed.recoded += u64::from(odd);
                let cells = elements(&text);
                if cells.len() != names.len() {
                    let why = format!("{} cells under {} columns", cells.len(), names.len());
                    return parsed.rejected.push((parsed.records, why));
                }
                let fields = names.iter().map(|name| name.as_str().into()).zip(cells).collect();
                load(&Record { fields, form: Form::Row, raw: "", tight: false }, &mut parsed, &mut last);
            }
            Item::Line(line) => cells(line, &context.header, &mut parsed, &mut last),
        }
    });
    parsed.headers = passed.headers;
    if passed.wrapped > 0 {
        *parsed.sink.notes.entry("repaired: lines that a spreadsheet had put into one cell".into()).or_default() +=
            passed.wrapped;
    }
    parsed.facts = passed.facts;
    parsed
}

/// A JSON object, or a string that holds one.
fn value(bytes: &[u8], parsed: &mut Parsed, last: &mut Option<(&'static Format, &'static str)>) {
    let (text, odd) = decode(bytes);
    let inner;
    let mut text = text.as_ref();
    if text.starts_with('"') {
        match sonic_rs::from_str::<String>(text) {
            Ok(held) if held.trim_start().starts_with('{') && shallow(&held) => {
                inner = held;
                text = inner.trim();
            }
            _ => return parsed.rejected.push((parsed.records, "a text, where an object was expected".into())),
        }
    }
    parsed.recoded += u64::from(odd);
    match Record::parse(text) {
        Ok(record) => load(&record, parsed, last),
        Err(error) => {
            let fixed = repair(text);
            match Record::parse(&fixed) {
                Ok(record) => {
                    parsed.repaired += 1;
                    load(&record, parsed, last);
                }
                Err(_) => parsed.rejected.push((parsed.records, format!("not valid JSON: {error}"))),
            }
        }
    }
}

/// A line of cells under the header.
fn cells(
    line: &csv::ByteRecord,
    header: &[String],
    parsed: &mut Parsed,
    last: &mut Option<(&'static Format, &'static str)>,
) {
    let extra = line.iter().skip(header.len()).any(|cell| !cell.is_empty());
    if line.len() < header.len() || extra {
        let why = format!(
            "{} cells under {} columns: cut off, or a separator inside an unquoted cell",
            line.len(),
            header.len()
        );
        return parsed.rejected.push((parsed.records, why));
    }
    let mut odd = false;
    let fields = header.iter().zip(line.iter()).map(|(name, cell)| {
        let (text, recoded) = decode(cell);
        odd |= recoded;
        let value = if text.is_empty() || text == "(blank)" { Value::Null } else { Value::Text(text) };
        (name.as_str().into(), value)
    });
    let record = Record { fields: fields.collect(), form: Form::Csv, raw: "", tight: false };
    parsed.recoded += u64::from(odd);
    load(&record, parsed, last);
}

fn load(record: &Record<'_>, parsed: &mut Parsed, last: &mut Option<(&'static Format, &'static str)>) {
    // Records of one file are mostly of one shape: ask the last one first. All rows under a header are of one shape.
    let sticky = last.filter(|(format, _)| record.form != Form::Json || (format.marks)(record).is_some());
    let Some((format, why)) = sticky.or_else(|| recognise(record)) else {
        if let Some((text, place)) = carried(record)
            && let Ok(inner) = Record::parse(&text)
        {
            if place != "value" {
                parsed.sink.note(format!("records inside another tool's events, in their field {place:?}"));
            }
            // The next line under a header is a carrier again.
            return load(&inner, parsed, &mut None);
        }
        let why = if parsed.rejected.len() < 100 { describe(record) } else { String::new() };
        parsed.sample.get_or_insert_with(|| why.clone());
        return parsed.rejected.push((parsed.records, why));
    };
    *last = Some((format, why));
    parsed.formats.entry(format.name).or_insert((why, 0)).1 += 1;
    let before = parsed.sink.rows();
    if let Err(why) = (format.load)(record, &mut parsed.sink) {
        parsed.rejected.push((parsed.records, why));
    } else if parsed.sink.rows() == before {
        parsed.rejected.push((parsed.records, "no table takes it".into()));
    }
}

/// Names of the columns of a row table.
fn names(raw: &str) -> Vec<String> {
    let name = |column: &Value<'_>| match column.object() {
        Some(column) => column.any(&["name", "ColumnName"]).as_str().to_owned(),
        None => column.as_str().to_owned(),
    };
    elements(raw).iter().map(name).collect()
}
