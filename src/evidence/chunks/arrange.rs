//! How the records of a stream follow each other, decided by its first lines.

use memchr::{memchr, memchr2, memmem};

use super::{BANNER, Chunks, HEAD, Layout, decode};
use crate::evidence::encoding::Encoding;
use crate::evidence::first::{
    banner, double_quotes, is_binary, is_separator_line, last_row, line_end, separator, tidy,
};
use crate::evidence::json::{self, Kind, Splitter};
use crate::evidence::records::unwrapped;

impl Chunks<'_> {
    /// The layout; what stands before the first record, a header included, is taken off.
    pub(super) fn arrange(&mut self) -> Layout {
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
                && let Some(inner) = unwrapped(&record, separator)
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
                if layout == Layout::Text && self.titles < 3 && self.table_below(end) {
                    self.pending.drain(..end);
                    self.titles += 1;
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
}
