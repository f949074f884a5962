//! What the first bytes of a stream say about it, and where its lines of cells begin and end.

use memchr::{memchr, memchr2};

/// Whether a line is what a terminal or an editor puts before an answer in JSON.
pub fn banner(line: &[u8]) -> bool {
    const HEADS: [&[u8]; 7] = [b"WARNING", b"Warning", b"PS ", b"#", b"//", b"/*", b"$ "];
    HEADS.iter().any(|head| line.starts_with(head))
}

/// Excel's `sep=;`, which other programs save again in quotes.
pub fn is_separator_line(line: &str) -> bool {
    let line = line.trim_matches('"');
    line.len() <= 5 && line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("sep="))
}

/// Whether zero bytes or other control characters are more than a text's damage: a few inside, and any number at the end,
/// where a crash left room that nothing filled.
pub fn is_binary(head: &[u8]) -> bool {
    let kept = head.iter().rposition(|byte| !matches!(byte, 0 | 0x1a)).map_or(0, |last| last + 1);
    let text = head.get(..kept).unwrap_or_default();
    let odd = text.iter().filter(|byte| matches!(byte, 0..=8 | 0x0e..=0x19 | 0x1c..=0x1d)).count();
    let zeros = kept < head.len() || text.contains(&0);
    zeros && (text.is_empty() || odd > 1 + text.len() / 256)
}

/// A header cell without byte order marks, surrounding space and doubled spaces.
pub fn tidy(cell: &str) -> String {
    cell.split(|c: char| c.is_whitespace() || c == '\u{feff}').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The separator that occurs most often outside quotes in the header line.
pub fn separator(line: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in line.bytes() {
        if byte == b'"' {
            quoted = !quoted;
        } else if !quoted && let Some(count) = counts.iter_mut().find(|c| c.0 == byte) {
            count.1 += 1;
        }
    }
    counts.iter().rev().max_by_key(|c| c.1).map_or(b',', |c| c.0)
}

/// What ends the first line, outside of quotes. None where more bytes are needed to tell.
pub fn line_end(buf: &[u8]) -> Option<u8> {
    let mut quoted = false;
    for (at, byte) in buf.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return Some(b'\n'),
            b'\r' if !quoted => return buf.get(at + 1).map(|next| if *next == b'\n' { b'\n' } else { b'\r' }),
            _ => {}
        }
    }
    None
}

/// The position after the last (or first) line end that is not inside a quoted cell.
pub fn last_row(buf: &[u8], (separator, line_end): (u8, u8), first: bool) -> Option<usize> {
    let mut at = 0;
    let mut last = None;
    while let Some(found) = buf.get(at..).and_then(|rest| memchr2(b'"', line_end, rest)) {
        at += found + 1;
        if buf.get(at - 1) == Some(&line_end) {
            last = Some(at);
            if first {
                return last;
            }
            continue;
        }
        let opens = at < 2 || matches!(buf.get(at - 2), Some(b'\n' | b'\r')) || buf.get(at - 2) == Some(&separator);
        if !opens {
            continue;
        }
        loop {
            match buf.get(at..).and_then(|rest| memchr(b'"', rest)) {
                None => return last,
                Some(close) if buf.get(at + close + 1) == Some(&b'"') => at += close + 2,
                Some(close) => {
                    at += close + 1;
                    break;
                }
            }
        }
    }
    last
}

/// What binary files begin with.
pub fn magic(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 21] = [
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive inside two others: unpack the outer ones first"),
        (b"PK\x03\x04", "a zip archive inside two others: unpack the outer ones first"),
        (b"BZh", "a bzip2 archive: unpack it first"),
        (b"\xfd7zXZ", "an xz archive: unpack it first"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive: unpack it first"),
        (b"!BDN", "an Outlook data file: its messages are no logs"),
        (b"Rar!", "a RAR archive: unpack it first"),
        (b"PAR1", "a Parquet file"),
        (b"Obj\x01", "an Avro file (Event Hub Capture): export the messages as JSON"),
        (b"SQLite format 3", "an SQLite database"),
        (b"ElfFile\x00", "a Windows event log"),
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"version https://git-lfs", "a pointer of Git LFS, not the file itself: fetch it with git lfs pull"),
        (
            b"<Objs Version=",
            "objects that PowerShell stored as XML: Import-Clixml and ConvertTo-Json -Depth 10 turn them into JSON",
        ),
        (b"<?xml", "an XML document"),
        (b"<!DOCTYPE", "a web page"),
        (b"<html", "a web page"),
        (b"MZ", "a Windows program"),
        (b"\x7fELF", "a program"),
    ];
    MAGIC.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, name)| *name)
}

/// Quotes behind a backslash, from a position on, as quotes behind a quote.
pub fn double_quotes(bytes: &mut [u8], from: usize) {
    // The backslash may have come with the block before.
    for at in from.saturating_sub(1)..bytes.len().saturating_sub(1) {
        if bytes.get(at..at + 2) == Some(b"\\\"")
            && let Some(byte) = bytes.get_mut(at)
        {
            *byte = b'"';
        }
    }
}
