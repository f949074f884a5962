//! `timeline.csv`: RFC 4180, UTF-8, one line an event, safe to open in a spreadsheet.

use std::io::{self, Write};

use super::{Report, one_line, row};

/// Writes the timeline. Times stand without an offset, for Timeline Explorer and spreadsheets sort only those.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = writer(out);
    csv.write_record(row::columns().map(|(name, _)| name))?;
    for event in &report.timeline.events {
        let mut values = row::values(report, event);
        if let Some(first) = values.first_mut() {
            *first = event.time.map(row::plain).unwrap_or_default();
        }
        csv.write_record(values.iter().map(|value| safe(value)))?;
    }
    csv.flush()
}

/// A writer of lines that end as RFC 4180 says.
pub(super) fn writer(out: &mut dyn Write) -> ::csv::Writer<&mut dyn Write> {
    ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out)
}

/// A cell on one line that no spreadsheet takes for a formula.
pub(super) fn safe(value: &str) -> String {
    formula_safe(one_line(value).into_owned())
}

/// A cell that begins like a formula gets a `'` before it.
pub(super) fn formula_safe(value: String) -> String {
    // The full-width forms count as operators in East Asian locales.
    let starts = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if value.starts_with(starts) { format!("'{value}") } else { value }
}
