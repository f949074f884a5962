//! What a reader should know about a file, in lines: what was rejected, put right, cut off or left open.

use std::collections::BTreeMap;

use crate::evidence::Facts;
use crate::formats::{Dates, Order, Problem};

/// What was seen while reading a file.
#[derive(Debug, Default)]
pub struct Seen {
    /// Records.
    pub records: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Numbers and reasons of the first of them.
    pub reasons: Vec<(u64, String)>,
    /// Values that did not fit, by column: how many, and the first of them.
    pub problems: BTreeMap<String, (u64, Vec<Problem>)>,
    /// What loaders noticed.
    pub notes: BTreeMap<String, u64>,
    /// Dates.
    pub dates: Dates,
    /// Around the records.
    pub facts: Facts,
    /// Records read as Windows-1252.
    pub recoded: u64,
    /// Records in a spelling that JSON does not allow: trailing commas, comments, control characters, stray backslashes.
    pub repaired: u64,
    /// Header lines in the middle.
    pub headers: u64,
    /// Encoding other than UTF-8.
    pub encoding: Option<&'static str>,
    /// Why reading stopped early.
    pub failure: Option<String>,
}

/// So many lines of one kind are written out; the rest is counted.
pub const SHOWN: usize = 20;
/// Counts at which portals, cmdlets and APIs stop: a file of exactly so many records is likely cut.
const CAPS: [(u64, &str); 8] = [
    (1_000, "a page of Graph or of a collector"),
    (5_000, "one page of Search-UnifiedAuditLog"),
    (10_000, "older advanced hunting or portal queries"),
    (30_000, "the Log Analytics portal"),
    (50_000, "Search-UnifiedAuditLog with ReturnLargeSet, and the Purview portal"),
    (100_000, "the portal's sign-in download, and advanced hunting"),
    (250_000, "the portal's audit download"),
    (500_000, "the Log Analytics query API"),
];

/// Whether a line of the ledger tells that something was put right.
pub fn repaired(line: &str) -> bool {
    ["repaired: ", "read as UTF", "dates read with the day first"].iter().any(|head| line.starts_with(head))
}

/// Whether a line of the ledger tells that an export may be incomplete.
pub fn cut(line: &str) -> bool {
    ["exactly ", "names a next page", "the list is not closed", "the query's answer says", "reading stopped early"]
        .iter()
        .any(|head| line.starts_with(head))
}

/// The lines for the ledger.
pub fn warnings(seen: &Seen, order: Order, zone_given: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = &seen.failure {
        lines.push(format!("reading stopped early: {why}; {} records were read before that", seen.records));
    }
    lines.extend(seen.reasons.iter().map(|(number, why)| format!("record {number}: rejected: {why}")));
    if seen.rejected > seen.reasons.len() as u64 {
        lines.push(format!("{} more records rejected", seen.rejected - seen.reasons.len() as u64));
    }
    problems(seen, &mut lines);
    if seen.facts.unclosed {
        lines.push(
            "the list is not closed: the export stopped or the file was cut off; all complete records were read".into(),
        );
    }
    if seen.facts.next_link {
        lines.push(
            "names a next page (nextLink): unless that page is among the evidence, the export is incomplete".into(),
        );
    }
    if seen.facts.partial {
        lines.push("the query's answer says that it is partial: export again in smaller time ranges".into());
    }
    if seen.facts.glued > 0 {
        lines.push(format!("repaired: brackets without a partner, as in files glued together ({})", seen.facts.glued));
    }
    if seen.facts.prefixed > 0 {
        lines.push(format!(
            "repaired: text before the record passed over in {} lines, as forwarders add it",
            seen.facts.prefixed
        ));
    }
    if seen.repaired > 0 {
        lines.push(format!(
            "repaired: spelling that JSON does not allow in {} records, such as trailing commas",
            seen.repaired
        ));
    }
    if seen.recoded > 0 {
        lines.push(format!("repaired: {} records were not valid UTF-8 and were read as Windows-1252", seen.recoded));
    }
    if let Some(encoding) = seen.encoding {
        lines.push(format!("read as {encoding}"));
    }
    if seen.headers > 0 {
        lines.push(format!("repaired: {} repeated header lines passed over", seen.headers));
    }
    if let Some((_, who)) = CAPS.iter().find(|(cap, _)| *cap == seen.records) {
        lines.push(format!("exactly {} records: this is where {who} stops; the export may be cut", seen.records));
    }
    dates(seen, order, zone_given, &mut lines);
    lines.extend(seen.notes.iter().map(|(what, times)| format!("{what} ({times})")));
    lines
}

fn problems(seen: &Seen, lines: &mut Vec<String>) {
    for (column, (count, shown)) in &seen.problems {
        lines.extend(shown.iter().map(|problem| {
            format!(
                "record {}: {column}: {:?} is not {}; the value is left out",
                problem.record, problem.found, problem.wanted
            )
        }));
        if *count > shown.len() as u64 {
            lines.push(format!("{column}: {} more values left out", count - shown.len() as u64));
        }
    }
}

fn dates(seen: &Seen, order: Order, zone_given: bool, lines: &mut Vec<String>) {
    let dates = &seen.dates;
    if dates.day_first > 0 && dates.month_first > 0 {
        lines.push(format!(
            "dates with the day first ({}) and with the month first ({}) in one file; {} that could be either were read with the month first",
            dates.day_first, dates.month_first, dates.either
        ));
    } else if order == Order::DayFirst || dates.day_first > 0 {
        lines.push(format!("dates read with the day first, as {} of them show", dates.day_first));
    } else if dates.month_first == 0 && dates.either > 0 {
        lines.push(format!("{} dates could be read either way; read with the month first", dates.either));
    }
    if dates.local > 0 && !zone_given {
        lines.push(format!("{} times are marked as local time and no time zone was given; read as UTC", dates.local));
    }
}
