//! Tables as Parquet: columns of the types that other engines expect, in groups of rows so that no table is held twice.
//!
//! | Kusto | Parquet |
//! |---|---|
//! | datetime | timestamp in UTC, nanoseconds where all values of the column lie in 1678–2261, else microseconds |
//! | int | 32 bits where all values fit, else 64 |
//! | long | 64 bits |
//! | real, decimal | double |
//! | bool | boolean |
//! | timespan | text, `[-][d.]hh:mm:ss[.fffffff]` |
//! | string, guid | text |
//! | dynamic | JSON text |

use std::io::{self, Write};

use polars::prelude::{
    Column, DataFrame, DataType, Int64Chunked, IntoColumn, IntoSeries, NewChunkedArray, PolarsError, PolarsResult,
    StringChunked, TimeUnit, TimeZone,
};
use polars_io::prelude::ParquetWriter;

use crate::table::{Field, Table, Type, UNIX_EPOCH_TICKS, time};

/// Rows written at once.
const GROUP: usize = 1 << 16;
/// Ticks of 100 ns since 1970 whose nanoseconds fit in 64 bits, with a year to spare.
const NANOSECONDS: i64 = i64::MAX / 100 - 366 * time::TICKS_PER_DAY;

/// Writes all rows of a table in the order in which they were loaded.
///
/// # Errors
/// What the output says.
pub(super) fn write(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let shapes: Vec<Shape> = table.schema().fields.iter().map(|field| Shape::of(field, table)).collect();
    let rows: Vec<u32> = (0..table.rows() as u32).collect();
    let first = group(table, &shapes, rows.get(..GROUP.min(rows.len())).unwrap_or_default()).map_err(failed)?;
    let mut writer = ParquetWriter::new(out).batched(first.schema()).map_err(failed)?;
    writer.write_batch(&first).map_err(failed)?;
    for rows in rows.chunks(GROUP).skip(1) {
        writer.write_batch(&group(table, &shapes, rows).map_err(failed)?).map_err(failed)?;
    }
    writer.finish().map(drop).map_err(failed)
}

fn failed(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error),
        error => io::Error::other(error.to_string()),
    }
}

/// How a column is written; the same for all groups of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    AsHeld,
    Int,
    Time(TimeUnit),
    Span,
}

impl Shape {
    fn of(field: &Field, table: &Table) -> Shape {
        let span = table.span(&field.name);
        match field.ty {
            Type::Datetime => {
                let near = |ticks: i64| (ticks - UNIX_EPOCH_TICKS).abs() < NANOSECONDS;
                let all = span.is_none_or(|(first, last)| near(first) && near(last));
                Shape::Time(if all { TimeUnit::Nanoseconds } else { TimeUnit::Microseconds })
            }
            Type::Timespan => Shape::Span,
            Type::Int => {
                let fits = |value: i64| i32::try_from(value).is_ok();
                if span.is_none_or(|(least, most)| fits(least) && fits(most)) { Shape::Int } else { Shape::AsHeld }
            }
            _ => Shape::AsHeld,
        }
    }
}

fn group(table: &Table, shapes: &[Shape], rows: &[u32]) -> PolarsResult<DataFrame> {
    let fields = &table.schema().fields;
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let held = table.frame(&names, Some(rows))?;
    let columns: PolarsResult<Vec<Column>> =
        held.into_columns().into_iter().zip(shapes).map(|(column, shape)| shaped(column, *shape)).collect();
    DataFrame::new(rows.len(), columns?)
}

fn shaped(column: Column, shape: Shape) -> PolarsResult<Column> {
    let name = column.name().clone();
    match shape {
        Shape::AsHeld => Ok(column),
        Shape::Int => column.cast(&DataType::Int32),
        Shape::Time(unit) => {
            let since = |ticks: i64| match unit {
                TimeUnit::Nanoseconds => (ticks - UNIX_EPOCH_TICKS) * 100,
                _ => time::unix_micros(ticks),
            };
            let series = column.take_materialized_series();
            let times = series.i64()?.iter().map(|ticks| ticks.map(since));
            let times = Int64Chunked::from_iter_options(name, times);
            Ok(times.into_datetime(unit, Some(TimeZone::UTC)).into_series().into_column())
        }
        Shape::Span => {
            let series = column.take_materialized_series();
            let spans = series.i64()?.iter().map(|ticks| ticks.map(time::span));
            Ok(StringChunked::from_iter_options(name, spans).into_series().into_column())
        }
    }
}
