//! `timeline.tln`: five fields, `Time|Source|Host|User|Description`.

use std::io::{self, Write};

use super::csv::safe;
use super::{Report, row};
use crate::table::TICKS_PER_SECOND;
use crate::table::UNIX_EPOCH_TICKS;
use crate::timeline::Fact;

/// Writes the timeline: seconds since 1970, 0 for an event without a time.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Time|Source|Host|User|Description")?;
    for event in &report.timeline.events {
        let seconds = event.time.map_or(0, |ticks| (ticks - UNIX_EPOCH_TICKS).div_euclid(TICKS_PER_SECOND));
        let at = event.time.map_or_else(|| "without a time".to_owned(), row::datetime);
        let description = format!("{at}; {}; {}", event.time_column, event.message);
        let (host, user) = (field(event.facts.get(Fact::Device)), field(event.facts.get(Fact::User)));
        writeln!(out, "{seconds}|{}|{host}|{user}|{}", row::SOURCE, field(&description))?;
    }
    Ok(())
}

/// A value that ends neither the field nor the line.
fn field(value: &str) -> String {
    if value.is_empty() { "-".to_owned() } else { safe(&value.replace('|', " ")) }
}
