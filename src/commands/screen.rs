//! The terminal: whether it takes color, and how messages look on it.

use std::io::IsTerminal;
use std::path::Path;

use comfy_table::{LineStyle, TableStyle};

use crate::cli::Color;
use crate::error::Diagnostic;
use crate::progress::Progress;

/// How to speak to the person at the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    /// Colors on standard error.
    pub color: bool,
    /// Colors on standard output.
    pub color_out: bool,
    /// Whether paths on standard output may be links: a terminal that takes colors.
    pub links: bool,
    /// No summary and no bars.
    pub quiet: bool,
    /// Bars.
    pub progress: Progress,
}

impl Screen {
    pub(super) fn new(color: Color, quiet: bool) -> Screen {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let wanted = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !plain,
        };
        Screen {
            color: wanted(std::io::stderr().is_terminal()),
            color_out: wanted(std::io::stdout().is_terminal()),
            links: std::io::stdout().is_terminal() && wanted(true),
            quiet,
            progress: Progress::new(quiet),
        }
    }

    /// One error without a place in a text.
    pub(super) fn error(&self, message: &str) {
        let head = if self.color { "\u{1b}[1m\u{1b}[91merror\u{1b}[0m" } else { "error" };
        eprintln!("{head}: {}", clean_lines(message));
    }

    /// Diagnostics against the text they point into.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], origin: &str, source: &str) {
        for diagnostic in diagnostics {
            eprintln!("{}", diagnostic.render(&clean(origin), source, self.color));
        }
    }
}

/// A path that a click opens, where the terminal knows how (OSC 8); else the path.
pub(super) fn link(path: &Path, wanted: bool) -> String {
    let shown = clean(&path.display().to_string());
    let whole = std::path::absolute(path).ok().filter(|_| wanted);
    let Some(whole) = whole.as_deref().and_then(Path::to_str) else { return shown };
    let mut address = String::from("file://");
    if !whole.starts_with(['/', '\\']) {
        address.push('/');
    }
    for byte in whole.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b':' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(byte));
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("\u{1b}]8;;{address}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\")
}

/// An empty table with a rule below its header and none between rows.
pub(super) fn grid(header: impl IntoIterator<Item = impl AsRef<str>>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header.into_iter().map(|name| clean(name.as_ref())));
    table
}

/// Text from logs may hold terminal escapes and characters that reorder text: each is shown as `·`.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if harmful(c) { '·' } else { c }).collect()
}

/// The same for several lines: line ends stay.
pub(super) fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && harmful(c) { '·' } else { c }).collect()
}

/// Control characters, and the marks that change the direction of text.
fn harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_address_and_nothing_else() {
        assert_eq!(link(Path::new("a/b"), false), "a/b");
        let wanted = link(Path::new("/cases/a b\u{1b}]/report.html"), true);
        let whole = std::path::absolute("/cases/a b\u{1b}]/report.html").unwrap_or_default();
        if whole.starts_with("/cases") {
            let address = "file:///cases/a%20b%1B%5D/report.html";
            assert_eq!(wanted, format!("\u{1b}]8;;{address}\u{1b}\\/cases/a b·]/report.html\u{1b}]8;;\u{1b}\\"));
        }
    }
}
