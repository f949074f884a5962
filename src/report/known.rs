//! Values that the responder looks for, told in lines.

use super::Clock;
use super::summary::many;
use crate::hunt::{Known, Seen};

/// "14 rows in SigninLogs, 2026-05-18 01:00:00 – 2026-05-18 02:00:00", one for each table; one that says so where no
/// row holds the value.
pub fn lines(known: &Known) -> Vec<String> {
    lines_by(known, Clock::default())
}

/// The same with times as a clock shows them.
pub fn lines_by(known: &Known, clock: Clock) -> Vec<String> {
    if known.seen.is_empty() {
        return vec!["in no row of the tables".to_owned()];
    }
    known.seen.iter().map(|seen| line(seen, clock)).collect()
}

fn line(seen: &Seen, clock: Clock) -> String {
    let rows = many(seen.rows, "row", "rows");
    match seen.span {
        Some((first, last)) if last > first => {
            format!("{rows} in {}, {} – {}", seen.table, clock.short(first), clock.short(last))
        }
        Some((first, _)) => format!("{rows} in {}, {}", seen.table, clock.short(first)),
        None => format!("{rows} in {}, without a time", seen.table),
    }
}
