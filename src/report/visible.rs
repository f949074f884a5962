//! Text from logs is hostile: characters that hide, reorder or command are shown by their code point.

use std::borrow::Cow;

/// Whether a character would not be seen as itself: controls, bidirectional overrides, zero-width and tag
/// characters, and the separators that break a script or a line.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Text with hidden characters written out, for example `[U+202E]`; line breaks and tabs stay.
///
/// ```
/// use entrail::report::visible;
/// assert_eq!(visible("gpj\u{202e}exe"), "gpj[U+202E]exe");
/// assert_eq!(visible("two\nlines"), "two\nlines");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// The same on one line: line breaks are written `\n`, tabs as a space.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c.is_control() || is_hidden(c)) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\\n").replace(['\n', '\r'], "\\n").replace('\t', " ");
    Cow::Owned(visible(&text).into_owned())
}

/// The first `limit` characters, with a note of how much there was.
pub fn clipped(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{kept}… [cut at {limit} characters of {} bytes]", text.len()))
        }
    }
}
