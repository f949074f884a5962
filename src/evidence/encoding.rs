//! Text encodings: what the bytes of an export are turned into before anything else looks at them.

use std::io::{self, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

/// How a file spells its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Passed on as it is; records that are not valid UTF-8 are read as Windows-1252 one by one.
    Utf8,
    /// UTF-16, low byte first: Windows PowerShell's default.
    Utf16Le,
    /// UTF-16, high byte first: "Unicode" of some spreadsheets.
    Utf16Be,
    /// UTF-32, low byte first.
    Utf32Le,
    /// UTF-32, high byte first.
    Utf32Be,
}

impl Encoding {
    /// Decides by byte order mark, or by the zero bytes that UTF-16 puts around ASCII.
    pub fn detect(head: &[u8]) -> Encoding {
        match head {
            [0xff, 0xfe, 0, 0, ..] => Encoding::Utf32Le,
            [0, 0, 0xfe, 0xff, ..] => Encoding::Utf32Be,
            [a, 0, 0, 0, b, 0, 0, 0, ..] if *a != 0 && *b != 0 => Encoding::Utf32Le,
            [0, 0, 0, a, 0, 0, 0, b, ..] if *a != 0 && *b != 0 => Encoding::Utf32Be,
            [0xff, 0xfe, ..] => Encoding::Utf16Le,
            [0xfe, 0xff, ..] => Encoding::Utf16Be,
            [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Encoding::Utf16Le,
            [0, a, 0, b, ..] if *a != 0 && *b != 0 => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        }
    }

    /// The name shown to people; none for UTF-8.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some("UTF-16 (little-endian)"),
            Encoding::Utf16Be => Some("UTF-16 (big-endian)"),
            Encoding::Utf32Le => Some("UTF-32 (little-endian)"),
            Encoding::Utf32Be => Some("UTF-32 (big-endian)"),
        }
    }
}

/// Turns a stream of bytes into UTF-8.
pub struct Recoder {
    encoding: Encoding,
    decoder: Option<Decoder>,
    tail: Vec<u8>,
}

impl Recoder {
    /// For one file.
    pub fn new(encoding: Encoding) -> Recoder {
        let decoder = match encoding {
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
            _ => None,
        };
        Recoder { encoding, decoder, tail: Vec::new() }
    }

    /// Appends the text of these bytes to `out`; with `last`, nothing follows.
    pub fn push(&mut self, bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        if matches!(self.encoding, Encoding::Utf32Le | Encoding::Utf32Be) {
            self.tail.extend_from_slice(bytes);
            let whole = self.tail.len() / 4 * 4;
            for unit in self.tail.get(..whole).unwrap_or_default().chunks_exact(4) {
                let join = |sum: u32, byte: &u8| (sum << 8) | u32::from(*byte);
                let low_first = self.encoding == Encoding::Utf32Le;
                let code = if low_first { unit.iter().rev().fold(0, join) } else { unit.iter().fold(0, join) };
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            self.tail.drain(..whole);
            return;
        }
        let Some(decoder) = &mut self.decoder else {
            out.extend_from_slice(bytes);
            return;
        };
        let mut rest = bytes;
        loop {
            let room = decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len() * 3 + 16);
            let mut text = vec![0; room];
            let (result, read, written, _) = decoder.decode_to_utf8(rest, &mut text, last);
            out.extend_from_slice(text.get(..written).unwrap_or_default());
            rest = rest.get(read..).unwrap_or_default();
            if result == encoding_rs::CoderResult::InputEmpty {
                return;
            }
        }
    }
}

/// Reads up to `want` bytes; fewer only at the end of the input, or where reading failed. What was read before a
/// failure is kept: a damaged archive still gives its first part.
pub fn read_block(input: &mut dyn Read, want: usize, into: &mut Vec<u8>) -> Option<io::Error> {
    input.take(want as u64).read_to_end(into).err()
}
