//! Which table says something of which day: without it, silence and absence look alike.

use crate::table::time::TICKS_PER_DAY;
use crate::table::{Table, Tables};
use crate::timeline::Reader;

/// More columns than this are not read any more; longer spans are counted in steps of several days.
const MAX_STEPS: i64 = 62;

/// Equal steps of time from a first day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// Midnight before the first row, in ticks.
    pub start: i64,
    /// Days in a step.
    pub days: i64,
    /// How many steps.
    pub count: usize,
}

impl Steps {
    /// Steps that cover a span of ticks.
    pub fn covering(first: i64, last: i64) -> Steps {
        let start = first - first.rem_euclid(TICKS_PER_DAY);
        let days = (last - start).max(0) / TICKS_PER_DAY + 1;
        let length = (days + MAX_STEPS - 1) / MAX_STEPS;
        Steps { start, days: length, count: usize::try_from((days + length - 1) / length).unwrap_or(1) }
    }

    /// The step that a time falls in.
    pub fn of(&self, ticks: i64) -> Option<usize> {
        let step = (ticks - self.start).div_euclid(self.days * TICKS_PER_DAY);
        usize::try_from(step).ok().filter(|step| *step < self.count)
    }

    /// First instant of a step, in ticks.
    pub fn begin(&self, step: usize) -> i64 {
        self.start + step as i64 * self.days * TICKS_PER_DAY
    }
}

/// What one table covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// Table.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// First and last time in ticks; none for inventories.
    pub span: Option<(i64, i64)>,
    /// Rows in each step.
    pub counts: Vec<u64>,
    /// Steps without a row between the first and the last one that has some.
    pub gaps: usize,
}

/// Coverage of all tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    /// The steps; none where no row has a time.
    pub steps: Option<Steps>,
    /// Tables in order of name.
    pub tables: Vec<Covered>,
}

/// Counts rows by table and step of time.
pub fn coverage(tables: &Tables) -> Coverage {
    let times: Vec<(&str, &Table, Option<Vec<i64>>)> =
        tables.iter().map(|(name, table)| (name, table.as_ref(), times(table))).collect();
    let spans = || times.iter().filter_map(|(_, _, times)| span(times.as_deref()?));
    let steps = match (spans().map(|s| s.0).min(), spans().map(|s| s.1).max()) {
        (Some(first), Some(last)) => Some(Steps::covering(first, last)),
        _ => None,
    };
    let covered = times.iter().map(|(name, table, times)| {
        let mut counts = vec![0; steps.map_or(0, |steps| steps.count)];
        for step in times.iter().flatten().filter_map(|time| steps?.of(*time)) {
            if let Some(count) = counts.get_mut(step) {
                *count += 1;
            }
        }
        let first = counts.iter().position(|n| *n > 0).unwrap_or(0);
        let last = counts.iter().rposition(|n| *n > 0).unwrap_or(0);
        let gaps = counts.iter().skip(first).take(last - first).filter(|n| **n == 0).count();
        Covered {
            table: (*name).to_owned(),
            rows: table.rows() as u64,
            span: times.as_deref().and_then(span),
            counts,
            gaps,
        }
    });
    Coverage { steps, tables: covered.collect() }
}

/// States rather than events: when a state last changed says nothing of which days were logged.
const INVENTORIES: [&str; 3] = ["AADRiskyUsers", "AADRiskyServicePrincipals", "IdentityInfo"];

/// When the rows of a table happened: by the event's own time where it has one. None for inventories.
fn times(table: &Table) -> Option<Vec<i64>> {
    if INVENTORIES.contains(&table.schema().table.as_str()) {
        return None;
    }
    let reader = Reader::new(table);
    Some((0..table.rows()).filter_map(|row| reader.time(row).0).collect())
}

fn span(times: &[i64]) -> Option<(i64, i64)> {
    Some((*times.iter().min()?, *times.iter().max()?))
}
