//! Records that came in one field of another tool's event, several at a time: a batch of an event hub as text in a
//! forwarder's `message`, JSON lines in one cell. Each becomes an event of its own, with a number of its own.

use super::json::{self, Kind, Splitter};
use super::strict::{self, Field};

/// Carriers inside carriers: an index that kept what a collector wrapped around an event hub's batch.
const DEPTH: usize = 3;

/// One of several records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// An object around this record alone, under the name that the carrier gave to all.
    Record(Vec<u8>),
    /// A stretch that is no record, and why.
    Broken(&'static str),
}

/// Whether a field of this name holds what a tool was given: Logstash, Vector and Graylog, Splunk and its collector,
/// readers of event hubs and queues, Docker, LogScale, QRadar, OCSF, Elasticsearch, Google's forwarder.
pub fn carries(name: &[u8]) -> bool {
    // Every field of every record comes by here: the length alone decides for most.
    match name.len() {
        3 => name == b"log",
        4 => matches!(name, b"body" | b"Body" | b"data" | b"hits" | b"_raw"),
        5 => name == b"event",
        6 => name == b"result",
        7 => matches!(name, b"message" | b"payload" | b"records" | b"_source"),
        8 => matches!(name, b"raw_data" | b"log_text"),
        10 => name == b"@rawstring",
        12 => name == b"full_message",
        13 => name == b"short_message",
        _ => false,
    }
}

/// The records of an event that carries more than one; none where it carries one or nothing.
pub fn several(event: &[u8], fields: &[Field]) -> Option<Vec<Held>> {
    of_object(event, fields, DEPTH)
}

/// The same for a cell under a name that carries.
pub fn of_cell(name: &str, cell: &[u8]) -> Option<Vec<Held>> {
    of_text(name.as_bytes(), cell, DEPTH)
}

/// The records of a list that was written as one JSON string.
pub fn of_string(string: &[u8]) -> Option<Vec<Held>> {
    let text: String = sonic_rs::from_slice(string).ok()?;
    if text.trim_start().starts_with('[') { of_text(b"value", text.as_bytes(), DEPTH) } else { None }
}

fn of_object(event: &[u8], fields: &[Field], depth: usize) -> Option<Vec<Held>> {
    let part = |from: u32, to: u32| event.get(from as usize..to as usize).unwrap_or_default();
    if depth > 0 && !fields.is_empty() && fields.iter().all(|field| part(field.value, field.end).starts_with(b"[")) {
        return of_lists(fields.iter().map(|field| part(field.value, field.end)), depth);
    }
    if depth > 0 && fields.len() > 1 && fields.iter().all(|field| part(field.value, field.end).starts_with(b"{\"0\":"))
    {
        return of_columns(event, fields);
    }
    let numbered = |(number, field): (usize, &Field)| {
        part(field.name, field.named) == number.to_string().as_bytes() && part(field.value, field.end).starts_with(b"{")
    };
    if depth > 0 && part(fields.first()?.name, fields.first()?.named) == b"0" && fields.iter().enumerate().all(numbered)
    {
        // Records under their numbers, as data frames index them.
        let record = |field: &Field| Held::Record([b"{\"value\":", part(field.value, field.end), b"}"].concat());
        return Some(fields.iter().map(record).collect());
    }
    fields.iter().find_map(|field| {
        let name = part(field.name, field.named);
        if !carries(name) {
            return None;
        }
        let value = part(field.value, field.end);
        match value.first() {
            Some(b'"') if memchr::memmem::find(value, b"{\\\"").is_some() || value.contains(&b'{') => {
                let text: String = sonic_rs::from_slice(value).ok()?;
                of_text(name, text.as_bytes(), depth)
            }
            Some(b'{') => of_value(name, value, depth),
            Some(b'[') if value.get(1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{")) => {
                of_text(name, value, depth)
            }
            _ => None,
        }
    })
}

/// An object of nothing but lists is no record: a collector put what it asked for side by side.
fn of_lists<'a>(lists: impl Iterator<Item = &'a [u8]>, depth: usize) -> Option<Vec<Held>> {
    let objects = |list: &&[u8]| list.get(1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{"));
    let all: Vec<Held> = lists.filter(objects).filter_map(|list| of_text(b"value", list, depth)).flatten().collect();
    (!all.is_empty()).then_some(all)
}

/// A data frame written column by column, each an object of row numbers and values. None where the columns do not have
/// the same rows in the same order.
fn of_columns(event: &[u8], fields: &[Field]) -> Option<Vec<Held>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        let column = event.get(field.value as usize..field.end as usize)?;
        let mut cells = Vec::new();
        strict::object(column, 0, &mut cells)?;
        if place == 0 {
            rows = vec![b"{\"value\":{".to_vec(); cells.len()];
        }
        if cells.len() != rows.len() {
            return None;
        }
        for (number, (row, cell)) in rows.iter_mut().zip(&cells).enumerate() {
            if column.get(cell.name as usize..cell.named as usize)? != number.to_string().as_bytes() {
                return None;
            }
            let comma = if place == 0 { b"\"".as_slice() } else { b",\"" };
            let name = event.get(field.name as usize..field.named as usize)?;
            let value = column.get(cell.value as usize..cell.end as usize)?;
            row.extend([comma, name, b"\":", value].concat());
        }
    }
    Some(rows.into_iter().map(|row| Held::Record([row.as_slice(), b"}}"].concat())).collect())
}

/// An object in a field: an envelope around a list, or a carrier in its turn.
fn of_value(name: &[u8], value: &[u8], depth: usize) -> Option<Vec<Held>> {
    let mut fields = Vec::new();
    strict::object(value, 0, &mut fields)?;
    if json::is_envelope(value, &fields) {
        return of_text(name, value, depth);
    }
    of_object(value, &fields, depth.checked_sub(1)?)
}

fn of_text(name: &[u8], text: &[u8], depth: usize) -> Option<Vec<Held>> {
    let text = text.trim_ascii();
    if depth == 0 || text.is_empty() {
        return None;
    }
    let mut splitter = Splitter::default();
    let mut pieces = Vec::new();
    splitter.feed(text, true, &mut pieces);
    // Text that begins no batch and holds no record is the carrier's own affair.
    let holds = pieces.iter().any(|piece| piece.kind == Kind::Record) || splitter.facts.envelopes > 0;
    if !holds || pieces.is_empty() || pieces.iter().any(|piece| matches!(piece.kind, Kind::Row(_))) {
        return None;
    }
    if let [piece] = pieces.as_slice()
        && (piece.start, piece.end) == (0, text.len())
    {
        let mut fields = Vec::new();
        strict::object(text, 0, &mut fields)?;
        return of_object(text, &fields, depth - 1);
    }
    let mut all = Vec::new();
    for piece in pieces {
        let slice = text.get(piece.start..piece.end).unwrap_or_default();
        match piece.kind {
            Kind::Broken(why) => all.push(Held::Broken(why)),
            _ => {
                let mut fields = Vec::new();
                let inner = strict::object(slice, 0, &mut fields).and_then(|_| of_object(slice, &fields, depth - 1));
                match inner {
                    Some(inner) => all.extend(inner),
                    None => all.push(Held::Record([b"{\"", name, b"\":", slice, b"}"].concat())),
                }
            }
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: &str) -> Option<Vec<String>> {
        let mut fields = Vec::new();
        strict::object(event.as_bytes(), 0, &mut fields)?;
        let show = |held: &Held| match held {
            Held::Record(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Held::Broken(why) => format!("!{why}"),
        };
        several(event.as_bytes(), &fields).map(|all| all.iter().map(show).collect())
    }

    #[test]
    fn several_become_one_each() {
        let two = Some(vec!["{\"message\":{\"a\":1}}".to_owned(), "{\"message\":{\"a\":2}}".to_owned()]);
        for event in [
            "{\"message\":\"{\\\"records\\\":[{\\\"a\\\":1},{\\\"a\\\":2}]}\"}",
            "{\"message\":\"{\\\"a\\\":1}\\n{\\\"a\\\":2}\\n\"}",
            "{\"host\":\"h\",\"message\":[{\"a\":1},{\"a\":2}]}",
            "{\"message\":{\"value\":[{\"a\":1},{\"a\":2}]}}",
            "{\"_raw\":\"{\\\"body\\\":{\\\"x\\\":1},\\\"message\\\":{\\\"records\\\":[{\\\"a\\\":1},{\\\"a\\\":2}]}}\"}",
        ] {
            assert_eq!(shown(event), two, "{event}");
        }
    }

    #[test]
    fn lists_side_by_side_are_taken_apart() {
        let two = Some(vec!["{\"value\":{\"a\":1}}".to_owned(), "{\"value\":{\"a\":2}}".to_owned()]);
        assert_eq!(shown("{\"first\":[{\"a\":1}],\"none\":[],\"second\":[{\"a\":2}]}"), two);
        assert_eq!(shown("{\"first\":[{\"a\":1}],\"second\":1}"), None);
    }

    #[test]
    fn columns_become_rows() {
        let two =
            Some(vec!["{\"value\":{\"a\":1,\"b\":\"x\"}}".to_owned(), "{\"value\":{\"a\":2,\"b\":null}}".to_owned()]);
        assert_eq!(shown("{\"a\":{\"0\":1,\"1\":2},\"b\":{\"0\":\"x\",\"1\":null}}"), two);
        assert_eq!(shown("{\"a\":{\"0\":1,\"1\":2},\"b\":{\"0\":\"x\"}}"), None);
    }

    #[test]
    fn one_or_nothing_stays_as_it_is() {
        for event in [
            "{\"message\":\"{\\\"a\\\":1}\"}",
            "{\"message\":\"text with {braces}\"}",
            "{\"message\":\"\",\"other\":\"{\\\"records\\\":[{\\\"a\\\":1}]}\"}",
            "{\"message\":[1,2]}",
            "{\"data\":{\"data\":{\"data\":{\"data\":{\"data\":{\"data\":{\"records\":[{\"a\":1}]}}}}}}}",
        ] {
            assert_eq!(shown(event), None, "{event}");
        }
    }

    #[test]
    fn a_batch_that_was_cut_off_keeps_what_is_whole() {
        let found = shown("{\"body\":\"{\\\"records\\\":[{\\\"a\\\":1},{\\\"a\\\":\"}").unwrap_or_default();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], "{\"body\":{\"a\":1}}");
        assert!(found[1].starts_with("!cut off"));
    }
}
