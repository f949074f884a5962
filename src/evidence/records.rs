//! The records of a chunk, one by one and always in the same order: their position is their number.

use std::ops::Range;
use std::sync::Arc;

use super::carrier::{self, Held};
use super::chunks::{Body, Chunk, Layout};
use super::json::{self, Facts, Kind, Piece, Splitter};
use super::strict::{self, Field};

/// One record as found, not yet understood.
#[derive(Debug)]
pub enum Item<'a> {
    /// A JSON object as the grammar has it, with its fields.
    Object(&'a [u8], &'a [Field]),
    /// A JSON object, or a string that may hold one.
    Value(&'a [u8]),
    /// An array of cells and the raw JSON of its columns.
    Row(&'a [u8], &'a Arc<str>),
    /// A line of cells.
    Line(&'a csv::ByteRecord),
    /// Bytes that are no record, and why.
    Broken(&'static str),
}

/// What was passed over while taking a chunk apart.
#[derive(Debug, Default)]
pub struct Passed {
    /// Header lines in the middle of the file.
    pub headers: u64,
    /// Lines that a spreadsheet had put into one quoted cell.
    pub wrapped: u64,
    /// Around the records.
    pub facts: Facts,
}

/// Shows every record of the chunk with its place in the chunk's bytes.
pub fn each(chunk: &Chunk, layout: Layout, header: &[String], mut show: impl FnMut(Item<'_>, Range<usize>)) -> Passed {
    let mut passed = Passed::default();
    let bytes = chunk.bytes.as_slice();
    match &chunk.body {
        Body::Rows => {
            let Layout::Separated(separator) = layout else { return passed };
            lines(bytes, separator, header, &mut passed, &mut show);
        }
        Body::Lines => {
            let rest = whole_lines(bytes, &mut show);
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            splitter.feed(bytes.get(rest..).unwrap_or_default(), true, &mut found);
            for piece in &mut found {
                piece.start += rest;
                piece.end += rest;
            }
            pieces(bytes, &found, &splitter.headers, &mut show);
            passed.facts = splitter.facts;
        }
        Body::Pieces(found) => pieces(bytes, found, &chunk.headers, &mut show),
    }
    passed
}

/// Shows the objects that stand one a line, as long as that is so; gives the position of what does not.
fn whole_lines(bytes: &[u8], show: &mut impl FnMut(Item<'_>, Range<usize>)) -> usize {
    let mut fields = Vec::with_capacity(128);
    let mut at = 0;
    while bytes.get(at) == Some(&b'{') {
        // Positions count from the record's own beginning.
        let line = bytes.get(at..).unwrap_or_default();
        let line = line.get(..memchr::memchr(b'\n', line).map_or(line.len(), |end| end + 1)).unwrap_or_default();
        fields.clear();
        let Some(end) = strict::object(line, 0, &mut fields) else { return at };
        let behind = line.get(end..).unwrap_or_default();
        if !behind.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ')) || json::is_envelope(line, &fields) {
            return at;
        }
        object(line.get(..end).unwrap_or_default(), &fields, at..at + end, show);
        at += line.len();
    }
    at
}

/// Shows an object, or what it carries where that is more than one record.
fn object(bytes: &[u8], fields: &[Field], range: Range<usize>, show: &mut impl FnMut(Item<'_>, Range<usize>)) {
    match carrier::several(bytes, fields) {
        None => show(Item::Object(bytes, fields), range),
        Some(all) => carried(&all, &range, show),
    }
}

/// All records of one carrier stand where it stands.
fn carried(all: &[Held], range: &Range<usize>, show: &mut impl FnMut(Item<'_>, Range<usize>)) {
    for held in all {
        let item = match held {
            Held::Record(bytes) => Item::Value(bytes),
            Held::Broken(why) => Item::Broken(why),
        };
        show(item, range.clone());
    }
}

fn pieces(bytes: &[u8], found: &[Piece], headers: &[Arc<str>], show: &mut impl FnMut(Item<'_>, Range<usize>)) {
    let mut fields = Vec::with_capacity(128);
    for piece in found {
        let range = piece.start..piece.end;
        let slice = bytes.get(range.clone()).unwrap_or_default();
        match piece.kind {
            Kind::Record => {
                fields.clear();
                match strict::object(slice, 0, &mut fields) {
                    Some(end) if end == slice.len() => object(slice, &fields, range, show),
                    _ => match slice.first().filter(|byte| **byte == b'"').and_then(|_| carrier::of_string(slice)) {
                        Some(all) => carried(&all, &range, show),
                        None => show(Item::Value(slice), range),
                    },
                }
            }
            Kind::Row(columns) => {
                let Some(columns) = headers.get(columns) else { continue };
                show(Item::Row(slice, columns), range);
            }
            Kind::Broken(why) => show(Item::Broken(why), range),
        }
    }
}

fn lines(
    bytes: &[u8],
    separator: u8,
    header: &[String],
    passed: &mut Passed,
    show: &mut impl FnMut(Item<'_>, Range<usize>),
) {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let carriers: Vec<usize> =
        (0..header.len()).filter(|cell| carrier::carries(name(header, *cell).as_bytes())).collect();
    loop {
        let start = reader.position().byte() as usize;
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => {
                show(Item::Broken("the line cannot be split into cells"), start..bytes.len());
                return;
            }
        }
        let range = start..reader.position().byte() as usize;
        if record.len() == 1
            && header.len() > 1
            && let Some(inner) = unwrapped(&record, separator)
        {
            record = inner;
            passed.wrapped += 1;
        }
        let repeated = record.len() == header.len()
            && record.iter().zip(header).all(|(cell, name)| {
                // A byte order mark before a quoted cell makes the quotes part of it.
                let cell = cell.strip_prefix(b"\xef\xbb\xbf").map_or(cell, |rest| rest.trim_ascii());
                let cell = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell);
                String::from_utf8_lossy(cell).split_whitespace().eq(name.split_whitespace())
            });
        // Some writers underline the header.
        let underline = record.len() > 1
            && record
                .iter()
                .all(|cell| !cell.trim_ascii().is_empty() && cell.trim_ascii().iter().all(|byte| *byte == b'-'));
        if repeated || underline {
            passed.headers += 1;
        } else if let Some(all) = carriers
            .iter()
            .find_map(|cell| carrier::of_cell(name(header, *cell), record.get(*cell).unwrap_or_default()))
        {
            carried(&all, &range, show);
        } else if record.iter().any(|cell| !cell.iter().all(|byte| matches!(byte, 0 | 0x1a))) {
            // Zero bytes behind the last line are room that nothing filled.
            show(Item::Line(&record), range);
        }
    }
}

fn name(header: &[String], cell: usize) -> &str {
    header.get(cell).map_or("", String::as_str)
}

/// The cells inside a line that was quoted as a whole, as spreadsheets do when they save a file they did not split.
pub fn unwrapped(line: &csv::ByteRecord, separator: u8) -> Option<csv::ByteRecord> {
    let cell = line.get(0)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(cell);
    let mut inner = csv::ByteRecord::new();
    (reader.read_byte_record(&mut inner).ok()? && inner.len() > 1).then_some(inner)
}
