//! Finds the records in a stream of JSON values, however they were put together.
//!
//! Collectors write arrays, objects, `{"value":[…]}`, `{"records":[…]}`, `{"tables":[…]}`, JSON lines, pretty-printed
//! objects one after another, two arrays glued as `][`, and arrays whose closing bracket never came. The splitter
//! walks over all of them and marks where each record begins and ends; it does not look at what a record means.

use std::sync::Arc;

use memchr::memchr2;

use super::scan::{MAX_DEPTH, Stop, key, resync, skip, space, string};
use super::strict::{self, Field};

/// Lists inside these keys of an envelope are the records.
const LISTS: [&[u8]; 14] = [
    b"value",
    b"records",
    b"Records",
    b"events",
    b"tables",
    b"Tables",
    b"Results",
    b"results",
    b"values",
    b"hits",
    b"items",
    b"logs",
    b"entries",
    b"responses",
];

/// A line that is no JSON is waited for up to so many bytes.
const LONGEST: usize = 4 << 20;

/// What lies between two positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A JSON object, or a JSON string that may hold one.
    Record,
    /// An array of cells under the header of this number.
    Row(usize),
    /// Bytes that are not a complete record, and why.
    Broken(&'static str),
}

/// A marked stretch of the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// What was seen around the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// An envelope named a further page that may not be there.
    pub next_link: bool,
    /// The input ended inside a list.
    pub unclosed: bool,
    /// `][` or brackets without partner: files glued together.
    pub glued: u64,
    /// An envelope said that its result is partial.
    pub partial: bool,
    /// Envelopes whose list was empty or not.
    pub envelopes: u64,
    /// Lines whose JSON stood behind a forwarder's prefix.
    pub prefixed: u64,
}

impl Facts {
    /// Adds what another part of the same file showed.
    pub fn merge(&mut self, other: &Facts) {
        self.next_link |= other.next_link;
        self.unclosed |= other.unclosed;
        self.partial |= other.partial;
        self.glued += other.glued;
        self.envelopes += other.envelopes;
        self.prefixed += other.prefixed;
    }
}

#[derive(Debug)]
enum Frame {
    /// A list of records.
    List,
    /// A list of rows under a header.
    Rows(usize),
    /// The object around a list; its columns, if it named any.
    Envelope(Option<usize>),
}

enum Object {
    Whole(usize),
    /// An envelope: position just after its `[`, and the header if the list holds rows.
    List(usize, Frame, Option<usize>),
}

/// Walks over a stream that arrives in blocks.
#[derive(Debug, Default)]
pub struct Splitter {
    stack: Vec<Frame>,
    lost: bool,
    /// Nothing follows what is being shown.
    ends: bool,
    fields: Vec<Field>,
    /// Column lists of row tables, as raw JSON.
    pub headers: Vec<Arc<str>>,
    /// What was seen around the records.
    pub facts: Facts,
}

impl Splitter {
    /// Marks the complete records of `buf` and returns how many bytes need not be shown again. With `end`, nothing
    /// follows, and what is incomplete is broken.
    pub fn feed(&mut self, buf: &[u8], end: bool, pieces: &mut Vec<Piece>) -> usize {
        let mut at = 0;
        self.ends = end;
        if self.lost {
            match resync(buf, 0, 0, usize::MAX) {
                Some(found) => at = found,
                None => return buf.len(),
            }
            self.lost = false;
        }
        while let Some(&byte) = buf.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x0b | 0x0c | 0x1e => at += 1,
                // Room that a file system gave and nothing filled; the end of a file as DOS marked it.
                0 | 0x1a => at += 1,
                0xef if buf.get(at..at + 3) == Some(b"\xef\xbb\xbf") => at += 3,
                _ => match self.step(buf, at, pieces) {
                    Ok(next) => at = next,
                    Err(Stop::More) if !end => return at,
                    Err(Stop::More) => {
                        at = self.broken(buf, at, buf.len(), "cut off: the record has no end", pieces);
                    }
                    Err(Stop::Bad(place, why)) => at = self.broken(buf, at, place, why, pieces),
                },
            }
        }
        self.facts.unclosed = end && !self.stack.is_empty();
        at
    }

    /// Gives up a record that is larger than allowed: what is shown next is searched for the beginning of another.
    pub fn give_up(&mut self) {
        self.lost = true;
    }

    /// One value, bracket or key at record level.
    fn step(&mut self, buf: &[u8], at: usize, pieces: &mut Vec<Piece>) -> Result<usize, Stop> {
        let byte = buf.get(at).copied().unwrap_or_default();
        if let Some(Frame::Envelope(header)) = self.stack.last() {
            let header = *header;
            return match byte {
                b'"' => self.member(buf, at, header),
                b'}' => {
                    self.stack.pop();
                    Ok(at + 1)
                }
                _ => {
                    // The envelope broke off and another document follows.
                    self.stack.pop();
                    self.facts.glued += 1;
                    Ok(at)
                }
            };
        }
        match byte {
            b'{' => match self.quick(buf, at).map_or_else(|| self.object(buf, at), |end| Ok(Object::Whole(end)))? {
                Object::Whole(end) => {
                    pieces.push(Piece { start: at, end, kind: Kind::Record });
                    Ok(end)
                }
                Object::List(next, frame, header) => {
                    self.facts.envelopes += 1;
                    self.stack.push(Frame::Envelope(header));
                    self.stack.push(frame);
                    Ok(next)
                }
            },
            // `[` before anything but a value opens no list: some forwarders put a name or a time into brackets.
            b'[' if self.stack.is_empty() && buf.get(at + 1).is_some_and(u8::is_ascii_alphanumeric) => {
                self.other(buf, at)
            }
            b'[' => {
                if let Some(Frame::Rows(header)) = self.stack.last() {
                    let header = *header;
                    let end = skip(buf, at)?;
                    pieces.push(Piece { start: at, end, kind: Kind::Row(header) });
                    return Ok(end);
                }
                if self.stack.len() >= MAX_DEPTH {
                    return Err(Stop::Bad(at + 1, "lists nested too deeply"));
                }
                self.stack.push(Frame::List);
                Ok(at + 1)
            }
            b']' => {
                if matches!(self.stack.last(), Some(Frame::List | Frame::Rows(_))) {
                    self.stack.pop();
                } else {
                    self.facts.glued += 1;
                }
                Ok(at + 1)
            }
            b'}' => {
                self.facts.glued += 1;
                Ok(at + 1)
            }
            b'"' => {
                let end = string(buf, at)?;
                pieces.push(Piece { start: at, end, kind: Kind::Record });
                Ok(end)
            }
            _ => self.other(buf, at),
        }
    }

    /// What is no JSON: passed over where it is a prefix of the line's record, else broken up to the end of the line.
    fn other(&mut self, buf: &[u8], at: usize) -> Result<usize, Stop> {
        let rest = buf.get(at..).unwrap_or_default();
        let found = memchr2(b'\n', b'\r', rest);
        if found.is_none() && !self.ends && rest.len() < LONGEST {
            return Err(Stop::More);
        }
        let length = found.unwrap_or(rest.len());
        if self.stack.is_empty()
            && let Some(length) = prefix(rest.get(..length).unwrap_or_default())
        {
            self.facts.prefixed += 1;
            return Ok(at + length);
        }
        Err(Stop::Bad(at + length, "not JSON"))
    }

    /// The end of an object that is all as the grammar has it, and no envelope.
    fn quick(&mut self, buf: &[u8], at: usize) -> Option<usize> {
        self.fields.clear();
        let end = strict::object(buf, at, &mut self.fields)?;
        (!is_envelope(buf, &self.fields)).then_some(end)
    }

    /// A key and its value inside an envelope, after or before its list.
    fn member(&mut self, buf: &[u8], at: usize, header: Option<usize>) -> Result<usize, Stop> {
        let (key, value) = key(buf, at)?;
        if let Some(frame) = self.list(key, buf, value, header)? {
            self.stack.push(frame);
            return Ok(value + 1);
        }
        let end = skip(buf, value)?;
        self.note(key, buf.get(value..end).unwrap_or_default());
        if is_columns(key) {
            let header = self.columns(buf.get(value..end).unwrap_or_default());
            if let Some(Frame::Envelope(slot)) = self.stack.last_mut() {
                *slot = Some(header);
            }
        }
        Ok(end)
    }

    fn columns(&mut self, raw: &[u8]) -> usize {
        self.headers.push(String::from_utf8_lossy(raw).into());
        self.headers.len() - 1
    }

    fn note(&mut self, key: &[u8], value: &[u8]) {
        let filled = value.len() > 2 && value != b"null";
        self.facts.next_link |= filled && (key == b"@odata.nextLink" || key == b"nextLink" || key == b"odata.nextLink");
        self.facts.partial |= filled && key == b"error" && value.starts_with(b"{");
    }

    /// The list that a key opens, if its name and first element say that it holds records.
    fn list(&self, key: &[u8], buf: &[u8], value: usize, header: Option<usize>) -> Result<Option<Frame>, Stop> {
        if buf.get(value) != Some(&b'[') {
            return Ok(None);
        }
        let rows = key == b"rows" || key == b"Rows" || (key == b"data" && header.is_some());
        if !rows && !LISTS.contains(&key) {
            return Ok(None);
        }
        let first = space(buf, value + 1)?;
        Ok(match (rows, buf.get(first), header) {
            (true, Some(b'[' | b']'), Some(header)) => Some(Frame::Rows(header)),
            // Rows that name their columns themselves are records like others.
            (_, Some(b'{'), _) | (false, Some(b']'), _) => Some(Frame::List),
            _ => None,
        })
    }

    /// Walks over an object; stops early when it turns out to be an envelope around a list.
    fn object(&mut self, buf: &[u8], start: usize) -> Result<Object, Stop> {
        let mut at = start + 1;
        let mut header = None;
        let mut notes: Vec<(usize, usize, usize, usize)> = Vec::new();
        let mut comma = true;
        loop {
            at = space(buf, at)?;
            match buf.get(at) {
                Some(b'}') => return Ok(Object::Whole(at + 1)),
                Some(b',') => {
                    comma = true;
                    at += 1;
                }
                Some(b'"') if comma => {
                    let (key, value) = key(buf, at)?;
                    if let Some(frame) = self.list(key, buf, value, header)? {
                        for (k0, k1, v0, v1) in notes {
                            let (key, value) = (buf.get(k0..k1), buf.get(v0..v1));
                            self.note(key.unwrap_or_default(), value.unwrap_or_default());
                        }
                        return Ok(Object::List(value + 1, frame, header));
                    }
                    let end = skip(buf, value)?;
                    if is_columns(key) && buf.get(value) == Some(&b'[') {
                        header = Some(self.columns(buf.get(value..end).unwrap_or_default()));
                    } else if key.len() < 20 && (key.ends_with(b"nextLink") || key == b"error") {
                        let k0 = at + 1;
                        notes.push((k0, k0 + key.len(), value, end));
                    }
                    comma = false;
                    at = end;
                }
                _ => return Err(Stop::Bad(at, "a name or a closing brace was expected")),
            }
        }
    }

    /// Marks a broken stretch and finds the place to go on.
    fn broken(&mut self, buf: &[u8], start: usize, bad: usize, why: &'static str, pieces: &mut Vec<Piece>) -> usize {
        let line = buf.get(..start).map_or(0, |b| memchr::memrchr(b'\n', b).map_or(0, |n| n + 1));
        let next = resync(buf, start + 1, bad.max(start + 1), start - line);
        let end = next.unwrap_or(buf.len());
        self.lost = next.is_none();
        pieces.push(Piece { start, end, kind: Kind::Broken(why) });
        end
    }
}

/// Whether a field may be the list of an envelope: the tolerant walk decides.
pub fn is_envelope(buf: &[u8], fields: &[Field]) -> bool {
    fields.iter().any(|field| {
        let name = buf.get(field.name as usize..field.named as usize).unwrap_or_default();
        let list = buf.get(field.value as usize) == Some(&b'[');
        list && (LISTS.contains(&name) || name == b"rows" || name == b"Rows" || is_columns(name))
    })
}

/// The length of what stands before a line's only JSON object, as syslog and other forwarders write time and host before
/// a message. None where the line does not end with the first object in it.
pub fn prefix(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii_end();
    let mut fields = Vec::new();
    // Structured data of syslog may hold braces too; few are worth a trial.
    for at in memchr::memchr_iter(b'{', line).take(8) {
        fields.clear();
        if let Some(end) = strict::object(line, at, &mut fields)
            && !fields.is_empty()
        {
            return (end == line.len()).then_some(at);
        }
    }
    None
}

fn is_columns(key: &[u8]) -> bool {
    key == b"columns" || key == b"Columns"
}

/// Whether the buffer begins with one whole object that is no envelope, followed by another line's object or nothing.
/// None where more bytes are needed to tell.
pub fn is_lines(buf: &[u8], end: bool) -> Option<bool> {
    let mut probe = Splitter::default();
    let stop = match probe.object(buf, 0) {
        Ok(Object::Whole(stop)) => stop,
        Err(Stop::More) => return None,
        _ => return Some(false),
    };
    let rest = buf.get(stop..).unwrap_or_default();
    let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\r' | b'\n' | b'\t')).count();
    match rest.get(blank) {
        Some(b'{') => Some(rest.get(..blank).is_some_and(|b| b.contains(&b'\n'))),
        Some(_) => Some(false),
        None => end.then_some(true),
    }
}

/// The last place where one line's object ends and the next line's begins: position of the next line.
pub fn last_line(buf: &[u8]) -> Option<usize> {
    let mut end = buf.len();
    while let Some(found) = memchr::memrchr(b'\n', buf.get(..end)?) {
        let before = buf.get(..found)?.iter().rev().find(|b| !matches!(b, b'\r' | b' '));
        if before == Some(&b'}') && buf.get(found + 1) == Some(&b'{') {
            return Some(found + 1);
        }
        end = found;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> (Vec<String>, Facts) {
        let mut splitter = Splitter::default();
        let mut pieces = Vec::new();
        splitter.feed(text.as_bytes(), true, &mut pieces);
        let show = |p: &Piece| {
            let body = &text[p.start..p.end];
            if matches!(p.kind, Kind::Broken(_)) { format!("!{}", body.trim_end()) } else { body.to_owned() }
        };
        (pieces.iter().map(show).collect(), splitter.facts)
    }

    #[test]
    fn containers() {
        for text in [
            "[{\"a\":1},{\"a\":2}]",
            "{\"value\":[{\"a\":1},{\"a\":2}],\"x\":{\"value\":[{}]}}",
            "{\"a\":1}\n{\"a\":2}\n",
            "{\"a\":1}{\"a\":2}",
            "[{\"a\":1}][{\"a\":2}]",
            "[{\"a\":1} ] [ {\"a\":2}]",
            "\u{feff}{\"a\":1},\n\u{feff}{\"a\":2}",
            "{\"records\": [ {\"a\":1} ]}\n{\"records\":[{\"a\":2}]}",
            "[{\"a\":1},\n{\"a\":2}",
        ] {
            assert_eq!(split(text).0, ["{\"a\":1}", "{\"a\":2}"], "{text}");
        }
    }

    #[test]
    fn damage() {
        assert!(split("[{\"a\":1}").1.unclosed);
        assert!(split("{\"value\":[],\"@odata.nextLink\":\"https://x\"}").1.next_link);
        assert!(split("{\"@odata.nextLink\":\"https://x\",\"value\":[{\"a\":1}]}").1.next_link);
        assert_eq!(split("{\"a\":\"cut\n{\"a\":2}").0, ["!{\"a\":\"cut", "{\"a\":2}"]);
        assert_eq!(split("{\"a\":{\"b\":1\n{\"a\":2}").0, ["!{\"a\":{\"b\":1", "{\"a\":2}"]);
        assert_eq!(split("{\"a\":1}\ntext\n{\"a\":2}").0, ["{\"a\":1}", "!text", "{\"a\":2}"]);
        assert_eq!(split("[{\"a\":1},{\"a\":").0, ["{\"a\":1}", "!{\"a\":"]);
    }

    #[test]
    fn prefixes() {
        for text in [
            "<134>1 2026-03-01T10:00:00Z host app - - - {\"a\":1}\n<134>1 2026-03-01T10:00:01Z host app - - - {\"a\":2}\n",
            "<14>Mar  1 10:00:00 host app[12]: {\"a\":1}\n{\"a\":2}",
            "<1>1 - h a - - [x@1 y=\"{z}\"] {\"records\":[{\"a\":1},{\"a\":2}]}",
            "[CLOUD_EVENT] = {\"a\":1}\r\n[CLOUD_EVENT] = {\"a\":2}\r\n\0\0\x1a",
        ] {
            let (found, facts) = split(text);
            assert_eq!(found, ["{\"a\":1}", "{\"a\":2}"], "{text}");
            assert!(facts.prefixed > 0, "{text}");
        }
        assert_eq!(split("{\"a\":1}\n<14> x {\"a\":2} y\n").0, ["{\"a\":1}", "!<14> x {\"a\":2} y"]);
    }

    #[test]
    fn tables() {
        let text = "{\"tables\":[{\"name\":\"T\",\"columns\":[{\"name\":\"a\"}],\"rows\":[[1],[2]]}]}";
        assert_eq!(split(text).0, ["[1]", "[2]"]);
    }
}
