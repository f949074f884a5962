//! `timesketch.csv`: the timeline as Timesketch imports it from CSV.

use std::io::{self, Write};

use super::csv::{safe, writer};
use super::{Report, one_line, row};

/// Writes the columns of `timeline.csv`, the time with its offset, and Timesketch's tags as a JSON list.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = writer(out);
    csv.write_record(row::columns().map(|(name, _)| name).chain(["tag"]))?;
    for event in &report.timeline.events {
        let tags: Vec<String> = row::tags(report, event).iter().map(|tag| one_line(tag).into_owned()).collect();
        let tags = serde_json::to_string(&tags)?;
        csv.write_record(row::values(report, event).iter().map(|value| safe(value)).chain([tags]))?;
    }
    csv.flush()
}
