//! `timeline.l2t.csv`: the 17 columns of log2timeline, for templates and tools that expect them.

use std::io::{self, Write};

use super::csv::{safe, writer};
use super::{Report, clipped, row};
use crate::table::time;
use crate::timeline::{Event, Fact};

/// The columns, in order.
const COLUMNS: [&str; 17] = [
    "date",
    "time",
    "timezone",
    "MACB",
    "source",
    "sourcetype",
    "type",
    "user",
    "host",
    "short",
    "desc",
    "version",
    "filename",
    "inode",
    "notes",
    "format",
    "extra",
];
/// Characters of the short description.
const SHORT: usize = 80;
/// Version of the form.
const VERSION: &str = "2";

/// Writes the timeline.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = writer(out);
    csv.write_record(COLUMNS)?;
    for event in &report.timeline.events {
        csv.write_record(line(report, event).iter().map(|value| cell(value)))?;
    }
    csv.flush()
}

fn line(report: &Report<'_>, event: &Event) -> [String; 17] {
    let fact = |fact| event.facts.get(fact).to_owned();
    let civil = event.time.and_then(time::civil);
    let files: Vec<&str> =
        event.records.iter().filter_map(|record| Some(report.evidence(*record)?.path.as_str())).collect();
    let extra: Vec<String> = Fact::all()
        .filter(|key| !matches!(key, Fact::User | Fact::Device) && !event.facts.get(*key).is_empty())
        .map(|key| format!("{}: {}", key.name(), event.facts.get(key)))
        .collect();
    [
        civil.map_or_else(|| "00/00/0000".to_owned(), |at| at.format("%m/%d/%Y").to_string()),
        civil.map_or_else(|| "--:--:--".to_owned(), |at| at.format("%H:%M:%S").to_string()),
        "UTC".to_owned(),
        "....".to_owned(),
        row::SOURCE.to_owned(),
        event.table.clone(),
        event.time_column.to_owned(),
        fact(Fact::User),
        fact(Fact::Device),
        clipped(&event.message, SHORT).into_owned(),
        event.message.clone(),
        VERSION.to_owned(),
        files.join("; "),
        event.records.iter().map(|record| record.number.to_string()).collect::<Vec<_>>().join("; "),
        row::tags(report, event).join(" "),
        row::data_type(&event.table).to_owned(),
        extra.join("; "),
    ]
}

/// Readers of this form split at every comma, quoted or not, and take `-` for nothing.
fn cell(value: &str) -> String {
    match value {
        "" => "-".to_owned(),
        "--:--:--" => value.to_owned(),
        value => safe(&value.replace(',', " ")),
    }
}
