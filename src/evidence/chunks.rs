//! Reads one stream in blocks of some megabytes and cuts it between records, so that the pieces can be parsed on
//! all cores and no file is ever held whole. The SHA-256 of the bytes is computed on the way.

mod arrange;

use std::io::Read;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::encoding::{Encoding, Recoder, read_block};
use super::first::{double_quotes, last_row, magic};
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
    /// How the text is spelled.
    pub encoding: Encoding,
    /// How the records follow each other.
    pub layout: Layout,
    /// Header cells of a separated file.
    pub header: Vec<String>,
    /// Lines with a title above the header.
    pub titles: u64,
    /// Quotes inside cells stand behind a backslash.
    pub escaped: bool,
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
            encoding: Encoding::Utf8,
            layout: Layout::Empty,
            header: Vec::new(),
            titles: 0,
            escaped: false,
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
