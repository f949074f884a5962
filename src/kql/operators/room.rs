//! What operators that make rows may take of memory: a join, since rows of equal keys pair up, so that the result can be
//! larger than both sides together, and `mv-expand`, which makes a row of each element.

use polars::prelude::*;

use crate::kql::compiler::Compiler;

/// Bytes of a cell, as [`crate::table::Table::weight`] counts them.
const CELL: u64 = 16;

/// The left side of a join whose result has so many columns. Reading it fails with the figures where its rows pair with
/// more rows of the right side than the memory of the query holds.
///
/// The right side's keys are read once more for that, so it is done only where the evidence is large enough to matter.
pub fn pairing(c: &Compiler<'_>, left: LazyFrame, right: &LazyFrame, keys: &[Expr], columns: usize) -> LazyFrame {
    let Some(room) = c.context.tables.room() else { return left };
    let all: u64 = c.context.tables.iter().map(|(_, table)| table.rows() as u64).sum();
    let fit = room / (CELL * columns.max(1) as u64);
    if all.saturating_mul(all) <= fit {
        return left;
    }
    let (keys, right) = (keys.to_vec(), right.clone());
    let weigh = move |frame: DataFrame| {
        if (frame.height() as u64).saturating_mul(all) <= fit {
            return Ok(frame);
        }
        let rows = pairs(&frame, &right, &keys)?;
        if rows <= fit {
            return Ok(frame);
        }
        Err(PolarsError::ComputeError(
            format!(
                "the join pairs rows {rows} times, which would take about {} MiB, and --memory allows {} MiB; join on more \
                 columns, make one side distinct before, look at a shorter time, or allow more with --memory",
                mebibytes(rows.saturating_mul(CELL * columns as u64)),
                mebibytes(room)
            )
            .into(),
        ))
    };
    left.map(weigh, AllowedOptimizations::default(), None, Some("pairing"))
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// How many rows an operator may make.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    room: u64,
    each: u64,
}

/// The rows that fit where each takes so many new cells. What they repeat of other columns depends on which of them are
/// read later; so this refuses only what cannot fit in any case.
pub fn rows(c: &Compiler<'_>, cells: usize) -> Rows {
    Rows { room: c.context.tables.room().unwrap_or(u64::MAX), each: CELL * cells.max(1) as u64 }
}

impl Rows {
    /// An error with the figures where so many rows do not fit.
    pub fn check(self, rows: u64) -> PolarsResult<()> {
        let needed = rows.saturating_mul(self.each);
        if needed <= self.room {
            return Ok(());
        }
        Err(PolarsError::ComputeError(
            format!(
                "mv-expand makes more than {rows} rows, which would take more than {} MiB, and --memory allows {} MiB; filter \
                 before, expand fewer elements with `limit`, or allow more with --memory",
                mebibytes(needed),
                mebibytes(self.room)
            )
            .into(),
        ))
    }
}

/// How many pairs of rows have equal keys; keys without a value are equal, as in the join itself.
fn pairs(left: &DataFrame, right: &LazyFrame, keys: &[Expr]) -> PolarsResult<u64> {
    let counted = |frame: LazyFrame, name: &str| frame.group_by(keys).agg([len().cast(DataType::UInt64).alias(name)]);
    let counts = counted(left.clone().lazy(), "#left").join(
        counted(right.clone(), "#right"),
        keys,
        keys,
        JoinArgs { nulls_equal: true, ..JoinArgs::new(JoinType::Inner) },
    );
    let total = counts.select([(col("#left") * col("#right")).sum().alias("#pairs")]).collect()?;
    Ok(total.column("#pairs")?.u64()?.get(0).unwrap_or(0))
}
