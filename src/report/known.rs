//! Values that the responder looks for, told in lines.

use super::summary::many;
use crate::hunt::{Known, Seen};
use crate::table::time;

/// "14 rows in SigninLogs, 2026-05-18 01:00:00 – 2026-05-18 02:00:00", one for each table; one that says so where no
/// row holds the value.
pub fn lines(known: &Known) -> Vec<String> {
    if known.seen.is_empty() {
        return vec!["in no row of the tables".to_owned()];
    }
    known.seen.iter().map(line).collect()
}

fn line(seen: &Seen) -> String {
    let rows = many(seen.rows, "row", "rows");
    match seen.span {
        Some((first, last)) if last > first => {
            format!("{rows} in {}, {} – {}", seen.table, time::short(first), time::short(last))
        }
        Some((first, _)) => format!("{rows} in {}, {}", seen.table, time::short(first)),
        None => format!("{rows} in {}, without a time", seen.table),
    }
}
