//! How text from logs enters the page: never as markup, never invisible.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::report::visible::is_hidden;

/// Bytes of one value that the page shows. Values from logs are cut shorter where they are prepared; this holds for
/// all others, so that nothing fills the page.
const LIMIT: usize = 20_000;

/// Escapes markup and writes hidden characters out, for every value in every template.
#[derive(Debug, Clone, Copy)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let whole = string;
        let string = whole.get(..whole.floor_char_boundary(LIMIT)).unwrap_or(whole);
        let mut plain = 0;
        for (at, c) in string.char_indices() {
            let entity = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&#39;",
                c if is_hidden(c) => "",
                _ => continue,
            };
            dest.write_str(string.get(plain..at).unwrap_or_default())?;
            plain = at + c.len_utf8();
            if entity.is_empty() {
                write!(dest, "[U+{:04X}]", u32::from(c))?;
            } else {
                dest.write_str(entity)?;
            }
        }
        dest.write_str(string.get(plain..).unwrap_or_default())?;
        if whole.len() > string.len() {
            write!(dest, "… [cut at {LIMIT} of {} bytes]", whole.len())?;
        }
        Ok(())
    }
}

/// Text as it may stand in the page, for markup that is not made by a template.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    // Writing to a String does not fail.
    let _ = Visible.write_escaped_str(&mut out, text);
    out
}
