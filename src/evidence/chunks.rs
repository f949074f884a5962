//! Reads one stream in blocks of some megabytes and cuts it between records, so that the pieces can be parsed on
//! all cores and no file is ever held whole. The SHA-256 of the bytes is computed on the way.

use std::io::Read;
use std::sync::Arc;

use memchr::{memchr, memchr2, memmem};
use sha2::{Digest, Sha256};

use super::encoding::{Encoding, Recoder, read_block};
use super::first::{banner, double_quotes, is_binary, is_separator_line, last_row, line_end, magic, separator, tidy};
use super::json::{self, Facts, Kind, Piece, Splitter};

/// Limits against hostile or broken input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes read at once; records that do not fit are read whole nevertheless.
    pub block: usize,
    /// Largest single record in bytes; what is longer is rejected.
    pub record: usize,
    /// Most bytes that one archive may expand to.
    pub expanded: u64,
    /// Most bytes that a byte of an archive may expand to, where that is more than a gibibyte in all. Logs compress
    /// to a fortieth, seldom to a hundredth.
    pub ratio: u64,
    /// Most members of one archive.
    pub members: usize,
}

impl Limits {
    /// Bytes that an archive of this size may expand to.
    pub fn room(&self, bytes: u64) -> u64 {
        self.expanded.min(bytes.saturating_mul(self.ratio).max(1 << 30))
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { block: 4 << 20, record: 256 << 20, expanded: 1 << 40, ratio: 250, members: 1_000_000 }
    }
}

/// The layout is decided by the first record; it is looked for in so many bytes at most.
const HEAD: usize = 4 << 20;

/// What stands before an answer is looked at in so many bytes at most.
const BANNER: usize = 64 << 10;

/// How the records of a stream follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Nothing but white space.
    Empty,
    /// Not text; what it looks like.
    Binary(&'static str),
    /// One JSON object a line.
    Lines,
    /// JSON values in any arrangement.
    Json,
    /// Cells under a header line, with this separator.
    Separated(u8),
    /// Text of no known arrangement.
    Text,
}

/// A stretch of the stream that holds whole records only.
#[derive(Debug)]
pub struct Chunk {
    /// The bytes, UTF-8 unless a record says otherwise.
    pub bytes: Vec<u8>,
    /// Where the records are, where that is known already.
    pub body: Body,
    /// Column lists that row pieces refer to.
    pub headers: Vec<Arc<str>>,
}

/// How a chunk is to be taken apart.
#[derive(Debug)]
pub enum Body {
    /// Records are marked.
    Pieces(Vec<Piece>),
    /// JSON objects, one a line.
    Lines,
    /// Lines of cells.
    Rows,
}

/// What is known about a stream once it has been read to its end.
#[derive(Debug, Clone, Default)]
pub struct Digested {
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes read.
    pub bytes: u64,
    /// Why reading stopped early.
    pub failure: Option<String>,
}

/// A stream, cut into chunks.
pub struct Chunks<'a> {
    input: &'a mut dyn Read,
    hash: Sha256,
    bytes: u64,
    failure: Option<String>,
    ended: bool,
    recoder: Recoder,
    pending: Vec<u8>,
    splitter: Splitter,
    limits: Limits,
    spare: Vec<Vec<u8>>,
    /// What ends a line of cells: a carriage return where nothing else does, as old spreadsheets save.
    line_end: u8,
    /// Quotes inside cells stand behind a backslash.
    escaped: bool,
    /// How the text is spelled.
    pub encoding: Encoding,
    /// How the records follow each other.
    pub layout: Layout,
    /// Header cells of a separated file.
    pub header: Vec<String>,
}

impl<'a> Chunks<'a> {
    /// Reads the first block and decides encoding and layout by what is in it.
    pub fn open(input: &'a mut dyn Read, limits: Limits) -> Chunks<'a> {
        let mut chunks = Chunks {
            input,
            hash: Sha256::new(),
            bytes: 0,
            failure: None,
            ended: false,
            recoder: Recoder::new(Encoding::Utf8),
            pending: Vec::new(),
            splitter: Splitter::default(),
            limits,
            spare: Vec::new(),
            line_end: b'\n',
            escaped: false,
            encoding: Encoding::Utf8,
            layout: Layout::Empty,
            header: Vec::new(),
        };
        let mut raw = Vec::new();
        chunks.read_raw(&mut raw, limits.block);
        chunks.encoding = Encoding::detect(&raw);
        let magic = magic(raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&raw));
        if chunks.encoding == Encoding::Utf8 {
            chunks.pending = raw;
        } else {
            chunks.recoder = Recoder::new(chunks.encoding);
            let ended = chunks.ended;
            chunks.recoder.push(&raw, ended, &mut chunks.pending);
        }
        chunks.layout = match magic {
            Some(name) if chunks.encoding == Encoding::Utf8 => Layout::Binary(name),
            _ => chunks.arrange(),
        };
        chunks
    }

    fn read_raw(&mut self, into: &mut Vec<u8>, want: usize) {
        let start = into.len();
        if self.bytes > 0 {
            // Small files are many: only a file that has more than one block gets a whole block's room.
            into.reserve(want);
        }
        self.failure = read_block(self.input, want, into).map(|error| error.to_string());
        self.ended = self.failure.is_some() || into.len() - start < want;
        let fresh = into.get(start..).unwrap_or_default();
        self.hash.update(fresh);
        self.bytes += fresh.len() as u64;
    }

    /// One more block of text behind what is pending.
    fn fill(&mut self) {
        let before = self.pending.len();
        if self.encoding == Encoding::Utf8 {
            let mut pending = std::mem::take(&mut self.pending);
            self.read_raw(&mut pending, self.limits.block);
            self.pending = pending;
        } else {
            let mut raw = Vec::new();
            self.read_raw(&mut raw, self.limits.block);
            let ended = self.ended;
            self.recoder.push(&raw, ended, &mut self.pending);
        }
        if self.escaped {
            double_quotes(&mut self.pending, before);
        }
    }

    fn arrange(&mut self) -> Layout {
        let head = self.pending.get(..self.pending.len().min(4096)).unwrap_or_default();
        if head.len() > 7 && head.iter().all(|byte| *byte == 0) {
            return Layout::Binary("zero bytes: the file was never written, or was overwritten");
        }
        if self.encoding == Encoding::Utf8 && is_binary(head) {
            return Layout::Binary("binary data");
        }
        let mut start = 0;
        loop {
            if self.pending.len() < start + 3 && !self.ended {
                self.fill();
            }
            let Some(byte) = self.pending.get(start) else { return Layout::Empty };
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => start += 1,
                0xef if self.pending.get(start..start + 3) == Some(b"\xef\xbb\xbf") => start += 3,
                b'{' => {
                    self.pending.drain(..start);
                    loop {
                        match json::is_lines(&self.pending, self.ended) {
                            None if !self.ended && self.pending.len() < HEAD => self.fill(),
                            Some(true) => return Layout::Lines,
                            _ => return Layout::Json,
                        }
                    }
                }
                b'[' if !self.pending.get(start + 1).is_some_and(u8::is_ascii_alphanumeric) => return Layout::Json,
                // Objects as JSON strings, as some collectors write the data of audit records.
                b'"' if self
                    .pending
                    .get(start + 1..)
                    .is_some_and(|rest| rest.starts_with(b"{\\\"") || rest.starts_with(b"[{\\\"")) =>
                {
                    return Layout::Json;
                }
                _ => {
                    // A header may begin with a cell without a name.
                    let before = self.pending.get(..start).unwrap_or_default();
                    start -= before.iter().rev().take_while(|byte| **byte == b'\t').count();
                    self.pending.drain(..start);
                    return self.lines();
                }
            }
        }
    }

    /// Lines that do not begin with JSON: a forwarder's prefix before each record, what a terminal writes before an
    /// answer, else cells or text.
    fn lines(&mut self) -> Layout {
        loop {
            let end = memchr2(b'\n', b'\r', &self.pending);
            if end.is_none() && !self.ended && self.pending.len() < HEAD {
                self.fill();
                continue;
            }
            let line = self.pending.get(..end.unwrap_or(self.pending.len())).unwrap_or_default();
            if json::prefix(line).is_some() {
                return Layout::Json;
            }
            if [b"CEF:0|".as_slice(), b"LEEF:1.0|", b"LEEF:2.0|"].iter().any(|mark| memmem::find(line, mark).is_some())
            {
                return Layout::Binary(
                    "lines of CEF or LEEF, into which another tool rewrote its records: load the export that they were made from",
                );
            }
            if banner(line) && self.answered() {
                return Layout::Json;
            }
            return self.separated();
        }
    }

    /// Whether a record begins below lines that are all a terminal's own.
    fn answered(&mut self) -> bool {
        while self.pending.len() < BANNER && !self.ended {
            self.fill();
        }
        let head = self.pending.get(..self.pending.len().min(BANNER)).unwrap_or_default();
        let mut at = 0;
        while let Some(end) = head.get(at..).and_then(|rest| memchr(b'\n', rest)) {
            let line = head.get(at..at + end).unwrap_or_default();
            if line.starts_with(b"{") || line.starts_with(b"[") {
                break;
            }
            if !line.trim_ascii().is_empty() && !banner(line) {
                return false;
            }
            at += end + 1;
        }
        let mut pieces = Vec::new();
        let mut probe = Splitter::default();
        probe.feed(head.get(at..).unwrap_or_default(), head.len() < BANNER, &mut pieces);
        pieces.first().is_some_and(|piece| piece.kind == Kind::Record) || probe.facts.envelopes > 0
    }

    /// Reads the header line of a separated file.
    fn separated(&mut self) -> Layout {
        let mut titles = 0;
        loop {
            self.line_end = loop {
                match line_end(&self.pending) {
                    Some(end) => break end,
                    None if self.ended || self.pending.len() >= HEAD => break b'\n',
                    None => self.fill(),
                }
            };
            let line = memchr(self.line_end, &self.pending).map_or(self.pending.len(), |n| n + 1);
            let first = String::from_utf8_lossy(self.pending.get(..line).unwrap_or_default()).into_owned();
            let trimmed = first.trim();
            // Excel's separator line and PowerShell's type line stand before the header.
            if line < self.pending.len()
                && (trimmed.is_empty() || is_separator_line(trimmed) || trimmed.starts_with("#TYPE"))
            {
                self.pending.drain(..line);
                continue;
            }
            let separator = separator(&first);
            let first = |pending: &[u8], end: u8| last_row(pending, (separator, end), true);
            while first(&self.pending, self.line_end).is_none() && !self.ended && self.pending.len() < HEAD {
                self.fill();
            }
            let end = first(&self.pending, self.line_end).or(self.ended.then_some(self.pending.len()));
            let Some(end) = end else { return Layout::Text };
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(separator)
                .from_reader(self.pending.get(..end).unwrap_or_default());
            let mut record = csv::ByteRecord::new();
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                return Layout::Text;
            }
            if record.len() == 1
                && let Some(inner) = super::records::unwrapped(&record, separator)
            {
                record = inner;
            }
            let blank = record.iter().all(|cell| cell.trim_ascii().is_empty());
            if blank && end < self.pending.len() {
                self.pending.drain(..end);
                continue;
            }
            if record.len() < 2 {
                let layout = self.alone(end, record.get(0).unwrap_or_default());
                if layout == Layout::Text && titles < 3 && self.table_below(end) {
                    self.pending.drain(..end);
                    titles += 1;
                    continue;
                }
                return layout;
            }
            self.header = record.iter().map(|cell| tidy(&decode(cell).0)).collect();
            self.pending.drain(..end);
            self.look_for_escapes(separator);
            return Layout::Separated(separator);
        }
    }

    /// A lone name over records, as when one column alone was exported: quoted cells, or JSON as it is.
    fn alone(&mut self, end: usize, cell: &[u8]) -> Layout {
        let name = tidy(&decode(cell).0);
        while self.pending.len() < end + 3 && !self.ended {
            self.fill();
        }
        let below = self.pending.get(end..).unwrap_or_default();
        let layout = match below {
            [b'"', b'{' | b'[', ..] => Layout::Separated(b','),
            [b'{', ..] => Layout::Json,
            _ => return Layout::Text,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return Layout::Text;
        }
        self.header = vec![name];
        self.pending.drain(..end);
        layout
    }

    /// Whether the next line that is not blank may be a header, and what stands above it a title.
    fn table_below(&mut self, end: usize) -> bool {
        while self.pending.len() < end + BANNER && !self.ended {
            self.fill();
        }
        let below = self.pending.get(end..).unwrap_or_default();
        let line = below.split(|byte| *byte == self.line_end).find(|line| !line.trim_ascii().is_empty());
        let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
        let cells = line.split(char::from(separator(&line))).count();
        // Names are short; sentences with as many commas are not.
        cells > 4 && line.len() / cells < 40
    }

    /// Some writers of tables put a backslash before a quote instead of another quote. An object as text shows it: in a
    /// cell it begins in a way that no other spelling has.
    fn look_for_escapes(&mut self, separator: u8) {
        while self.pending.len() < BANNER && !self.ended {
            self.fill();
        }
        let head = self.pending.get(..self.pending.len().min(BANNER)).unwrap_or_default();
        const MARKS: [&[u8]; 3] = [b"\"{\\\"", b"\"[{\\\"", b"\"[\\\""];
        let begins = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| head.get(at));
            before.is_none_or(|byte| *byte == separator || matches!(byte, b'\n' | b'\r'))
        };
        self.escaped = MARKS.iter().any(|mark| memmem::find_iter(head, mark).any(begins));
        if self.escaped {
            double_quotes(&mut self.pending, 0);
        }
    }

    /// The next stretch of whole records.
    pub fn next_chunk(&mut self) -> Option<Chunk> {
        loop {
            if self.pending.len() < self.limits.block && !self.ended {
                self.fill();
            }
            if self.pending.is_empty() && self.ended {
                return None;
            }
            let ended = self.ended;
            let full = self.pending.len() > self.limits.record;
            let mut pieces = Vec::new();
            let cut = match self.layout {
                Layout::Lines if ended => self.pending.len(),
                Layout::Lines => json::last_line(&self.pending).unwrap_or(0),
                Layout::Json => self.splitter.feed(&self.pending, ended, &mut pieces),
                Layout::Separated(_) if ended => self.pending.len(),
                Layout::Separated(separator) => last_row(&self.pending, (separator, self.line_end), false).unwrap_or(0),
                Layout::Empty | Layout::Binary(_) | Layout::Text => self.pending.len(),
            };
            let cut = if cut == 0 && full {
                let end = self.pending.len();
                if self.layout == Layout::Json {
                    self.splitter.give_up();
                    pieces.push(Piece { start: 0, end, kind: Kind::Broken("larger than a record may be") });
                }
                end
            } else {
                cut
            };
            if cut == 0 && pieces.is_empty() {
                if ended {
                    self.pending.clear();
                    return None;
                }
                self.fill();
                continue;
            }
            let mut rest = self.spare.pop().unwrap_or_default();
            rest.clear();
            rest.extend_from_slice(self.pending.get(cut..).unwrap_or_default());
            self.pending.truncate(cut);
            let bytes = std::mem::replace(&mut self.pending, rest);
            let body = match self.layout {
                Layout::Lines => Body::Lines,
                Layout::Separated(_) => Body::Rows,
                _ => Body::Pieces(pieces),
            };
            return Some(Chunk { bytes, body, headers: self.splitter.headers.clone() });
        }
    }

    /// Takes back the bytes of a chunk that is done with: a fresh block costs more than what is read into it.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }

    /// What was seen around the records so far.
    pub fn facts(&self) -> &Facts {
        &self.splitter.facts
    }

    /// Reads what is left, for the hash, and tells what was read.
    pub fn finish(mut self) -> Digested {
        while !self.ended {
            self.pending.clear();
            self.fill();
        }
        let sha256 = super::hex(&self.hash.finalize());
        Digested { sha256, bytes: self.bytes, failure: self.failure }
    }
}

/// A cell as text; the second value tells whether it had to be read as Windows-1252.
pub fn decode(bytes: &[u8]) -> (std::borrow::Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
    }
}
