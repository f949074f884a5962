//! `timeline.jsonl`: one JSON object a line, as Timesketch imports it. Values stand as logged.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Report, row};
use crate::table::time;
use crate::timeline::Event;

/// Writes the timeline.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for event in &report.timeline.events {
        serde_json::to_writer(&mut *out, &Value::Object(line(report, event)))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The columns of the CSV without the empty ones, the timestamp as a number, and Timesketch's list of tags.
fn line(report: &Report<'_>, event: &Event) -> Map<String, Value> {
    let mut line = Map::new();
    for ((name, _), value) in row::columns().zip(row::values(report, event)) {
        let value = match (name, event.time) {
            ("timestamp", Some(ticks)) => json!(time::unix_micros(ticks)),
            // Timesketch refuses a line without these three.
            ("datetime" | "message" | "timestamp_desc", _) => json!(value),
            _ if value.is_empty() => continue,
            _ => json!(value),
        };
        line.insert(name.to_owned(), value);
    }
    line.insert("source_short".to_owned(), json!(row::SOURCE));
    line.insert("source_long".to_owned(), json!(event.table));
    line.insert("tag".to_owned(), json!(row::tags(report, event)));
    line
}
