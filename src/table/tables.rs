//! Tables: columns under a schema, with the origin of every row.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use polars::prelude::{Column as PolarsColumn, DataFrame, PolarsResult, UInt64Chunked};
use polars::prelude::{IntoSeries, NewChunkedArray};
use rayon::prelude::*;

use super::column::{Cell, Sealed};
use super::{Builder, Column, Schema, Spool};

/// Name of the hidden column that says which record a row was made from. No KQL identifier can be spelled so.
pub const RECORD: &str = "#record";

/// Which record of which piece of evidence a row was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    /// Position in the manifest's list of evidence, from 0.
    pub evidence: u32,
    /// Record number within it, from 1.
    pub number: u64,
}

impl RecordId {
    const BITS: u32 = 40;

    /// Both numbers in one, for a column.
    pub fn pack(self) -> u64 {
        (u64::from(self.evidence) << Self::BITS) | (self.number & ((1 << Self::BITS) - 1))
    }

    /// The reverse of [`RecordId::pack`].
    ///
    /// ```
    /// use entrail::table::RecordId;
    /// let id = RecordId { evidence: 3, number: 17 };
    /// assert_eq!(RecordId::unpack(id.pack()), id);
    /// ```
    pub fn unpack(packed: u64) -> RecordId {
        RecordId { evidence: (packed >> Self::BITS) as u32, number: packed & ((1 << Self::BITS) - 1) }
    }
}

/// What an export shape contributed to a table: how many rows, and which columns it cannot carry.
///
/// A rule that reads such a column has not judged these rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// Name of the export shape, for example "portal audit CSV".
    pub name: String,
    /// Columns of the table that this shape never fills.
    pub missing: Vec<String>,
}

/// One table of the Azure Monitor schema.
#[derive(Debug, Clone)]
pub struct Table {
    schema: Arc<Schema>,
    columns: Vec<Column>,
    records: Vec<u64>,
    shapes: Vec<Shape>,
    shape_of: Vec<u16>,
    order: OnceLock<Arc<Order>>,
}

impl Table {
    /// Column names and types.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.records.len()
    }

    /// A column by position in the schema.
    pub fn column(&self, position: usize) -> &Column {
        &self.columns[position]
    }

    /// The value in a row and a named column; missing where there is no such column.
    pub fn cell(&self, row: usize, column: &str) -> Cell<'_> {
        self.schema.position(column).map_or(Cell::Null, |i| self.columns[i].cell(row))
    }

    /// The record a row was made from.
    pub fn record(&self, row: usize) -> RecordId {
        RecordId::unpack(self.records.get(row).copied().unwrap_or_default())
    }

    /// The export shape a row came in.
    pub fn shape(&self, row: usize) -> Option<&Shape> {
        self.shape_of.get(row).and_then(|&i| self.shapes.get(usize::from(i)))
    }

    /// Rows that cannot carry at least one of these columns.
    pub fn unjudged(&self, columns: &[&str]) -> usize {
        let blind: Vec<bool> = self
            .shapes
            .iter()
            .map(|shape| shape.missing.iter().any(|column| columns.contains(&column.as_str())))
            .collect();
        self.shape_of.iter().filter(|&&i| blind.get(usize::from(i)).copied().unwrap_or(false)).count()
    }

    /// The named columns as polars holds them, of all rows or of some; [`RECORD`] names the packed origin of each row.
    pub fn frame(&self, names: &[&str], rows: Option<&[u32]>) -> PolarsResult<DataFrame> {
        let columns = names.iter().map(|name| match (self.schema.position(name), rows) {
            (Some(i), None) => self.columns[i].to_polars(name),
            (Some(i), Some(rows)) => self.columns[i].take(name, rows),
            (None, None) => records(name, &self.records),
            (None, Some(rows)) => {
                let picked: Vec<u64> = rows.iter().filter_map(|&row| self.records.get(row as usize).copied()).collect();
                records(name, &picked)
            }
        });
        DataFrame::new(rows.map_or(self.rows(), <[u32]>::len), columns.collect())
    }

    /// Bytes that a plan over so many rows of these columns takes, about: a view of 16 bytes for each text, whose own
    /// bytes are shared with the table, and 8 for each number, and that three times: the columns, what a filter or a sort
    /// leaves of them, and the result. A column without values takes nothing.
    pub fn weight(&self, names: &[&str], rows: usize) -> u64 {
        let width = |name: &&str| match self.schema.position(name).map(|i| &self.columns[i]) {
            Some(Column::Missing { .. }) => 0,
            Some(Column::Text { .. }) => 16,
            Some(Column::Plain(_)) | None => 8,
        };
        names.iter().map(width).sum::<u64>() * rows as u64 * 3
    }

    /// TimeGenerated of all rows that have one, ascending, in ticks. Sorted when first asked for.
    pub fn times(&self) -> &[i64] {
        &self.order().times
    }

    /// The rows with TimeGenerated in `(start, end]`, and those without one, in the table's order.
    pub fn within(&self, start: i64, end: i64) -> Vec<u32> {
        let order = self.order();
        let from = order.times.partition_point(|time| *time <= start);
        let to = order.times.partition_point(|time| *time <= end).max(from);
        let mut rows: Vec<u32> = order.rows[from..to].iter().chain(&order.untimed).copied().collect();
        rows.sort_unstable();
        rows
    }

    fn order(&self) -> &Order {
        self.order.get_or_init(|| {
            let column = self.schema.position("TimeGenerated").map(|i| &self.columns[i]);
            let times: Vec<Option<i64>> = match column {
                Some(Column::Plain(series)) => series.i64().map(|ticks| ticks.iter().collect()).unwrap_or_default(),
                _ => Vec::new(),
            };
            let time = |row: u32| times.get(row as usize).copied().flatten();
            let (mut rows, untimed): (Vec<u32>, Vec<u32>) =
                (0..self.rows() as u32).partition(|&row| time(row).is_some());
            rows.sort_by_key(|&row| time(row));
            let times = rows.iter().filter_map(|&row| time(row)).collect();
            Arc::new(Order { times, rows, untimed })
        })
    }

    /// Only the rows marked true: duplicates removed.
    pub fn retain(&self, keep: &[bool]) -> Table {
        let kept = |i: &usize| keep.get(*i).copied().unwrap_or(true);
        Table {
            schema: self.schema.clone(),
            columns: self.columns.iter().map(|column| column.retain(keep)).collect(),
            records: (0..self.rows()).filter(kept).map(|i| self.records[i]).collect(),
            shapes: self.shapes.clone(),
            shape_of: (0..self.rows()).filter(kept).map(|i| self.shape_of[i]).collect(),
            order: OnceLock::new(),
        }
    }

    /// Only these columns, all rows: for a query that is planned again and again.
    pub fn select(&self, wanted: impl Fn(&str) -> bool) -> Table {
        let kept = self.schema.fields.iter().zip(&self.columns).filter(|(field, _)| wanted(&field.name));
        let (fields, columns) = kept.map(|(field, column)| (field.clone(), column.clone())).unzip();
        Table {
            schema: Arc::new(Schema::new(self.schema.table.clone(), fields)),
            columns,
            records: self.records.clone(),
            shapes: self.shapes.clone(),
            shape_of: self.shape_of.clone(),
            order: self.order.clone(),
        }
    }

    /// Replaces a column: what can only be known once all evidence has been read. Another length is refused.
    pub fn with_column(mut self, position: usize, column: Column) -> Table {
        if column.len() == self.rows()
            && let Some(slot) = self.columns.get_mut(position)
        {
            *slot = column;
            self.order = OnceLock::new();
        }
        self
    }

    /// Gives the rows marked true another shape: what became of a row after it was read, such as a column filled from a
    /// second file.
    pub fn reshape(mut self, marked: &[bool], change: impl Fn(&Shape) -> Shape) -> Table {
        let mut changed: BTreeMap<u16, u16> = BTreeMap::new();
        for (of, _) in self.shape_of.iter_mut().zip(marked).filter(|(_, marked)| **marked) {
            let shapes = &mut self.shapes;
            *of = *changed.entry(*of).or_insert_with(|| match shapes.get(usize::from(*of)).map(&change) {
                Some(shape) => {
                    shapes.push(shape);
                    (shapes.len() - 1) as u16
                }
                None => *of,
            });
        }
        self
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum::<usize>() + self.records.len() * 10
    }

    /// First and last value of a datetime column, in ticks.
    pub fn span(&self, column: &str) -> Option<(i64, i64)> {
        let Column::Plain(series) = &self.columns[self.schema.position(column)?] else { return None };
        let ticks = series.i64().ok()?;
        Some((ticks.iter().flatten().min()?, ticks.iter().flatten().max()?))
    }
}

/// The rows of a table in order of time, so that a window is two binary searches away.
#[derive(Debug)]
struct Order {
    /// Times, ascending.
    times: Vec<i64>,
    /// The row of each.
    rows: Vec<u32>,
    /// Rows without a time.
    untimed: Vec<u32>,
}

fn records(name: &str, records: &[u64]) -> PolarsColumn {
    PolarsColumn::from(UInt64Chunked::from_slice(name.into(), records).into_series())
}

/// Collects rows of one table. Cells are pushed by column, then the row is closed.
#[derive(Debug)]
pub struct TableBuilder {
    schema: Arc<Schema>,
    columns: Vec<Builder>,
    records: Vec<u64>,
    shapes: Vec<Shape>,
    shape_of: Vec<u16>,
}

impl TableBuilder {
    /// A table without rows.
    pub fn new(schema: Arc<Schema>) -> TableBuilder {
        let columns = schema.fields.iter().map(|field| Builder::new(field.ty)).collect();
        TableBuilder { schema, columns, records: Vec::new(), shapes: Vec::new(), shape_of: Vec::new() }
    }

    /// A table for the rows of one chunk of a file, which will be put behind those of others.
    pub fn of_chunk(schema: Arc<Schema>) -> TableBuilder {
        let columns = schema.fields.iter().map(|field| Builder::of_chunk(field.ty)).collect();
        TableBuilder { columns, ..TableBuilder::new(schema) }
    }

    /// Column names and types.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Closed rows.
    pub fn rows(&self) -> usize {
        self.records.len()
    }

    /// The number of an export shape in this table, for [`TableBuilder::close`].
    pub fn shape(&mut self, shape: &Shape) -> u16 {
        let known = self.shapes.iter().position(|s| s == shape);
        known.unwrap_or_else(|| {
            self.shapes.push(shape.clone());
            self.shapes.len() - 1
        }) as u16
    }

    /// Sets a cell of the open row. A column set twice keeps its first value.
    pub fn set(&mut self, position: usize, cell: Cell<'_>) {
        let row = self.records.len();
        let column = &mut self.columns[position];
        if column.len() > row {
            return;
        }
        column.pad(row);
        column.push(cell);
    }

    /// Closes the open row; columns not set are missing.
    pub fn close(&mut self, record: RecordId, shape: u16) {
        self.records.push(record.pack());
        self.shape_of.push(shape);
    }

    /// Drops the cells of the open row.
    pub fn abandon(&mut self) {
        let rows = self.records.len();
        self.columns.iter_mut().for_each(|column| column.truncate(rows));
    }

    /// Appends the rows of another builder of the same schema. Columns are put together side by side; one that the other
    /// never set stays as short as it is, so that what an export does not carry costs nothing.
    pub fn append(&mut self, other: TableBuilder) {
        let (rows, more) = (self.rows(), other.rows());
        let map: Vec<u16> = other.shapes.iter().map(|shape| self.shape(shape)).collect();
        let pairs: Vec<(&mut Builder, Builder)> = self.columns.iter_mut().zip(other.columns).collect();
        pairs.into_par_iter().with_min_len(4).for_each(|(mine, mut theirs)| {
            theirs.truncate(more);
            if !theirs.is_empty() {
                mine.pad(rows);
                mine.append(theirs);
            }
        });
        self.records.extend(other.records);
        self.shape_of.extend(other.shape_of.iter().map(|&i| map[usize::from(i)]));
    }

    /// Bytes in memory: those that [`TableBuilder::spool`] would take away, and those that stay.
    pub fn bytes(&self) -> (usize, usize) {
        let loose = self.columns.iter().map(Builder::loose).sum();
        let fixed = self.columns.iter().map(Builder::fixed).sum::<usize>();
        (loose, fixed + self.records.capacity() * size_of::<u64>() + self.shape_of.capacity() * size_of::<u16>())
    }

    /// Moves the bytes of texts out of memory.
    pub fn spool<'b>(builders: impl Iterator<Item = &'b mut TableBuilder>, spool: &Spool) {
        spool.put(builders.flat_map(|builder| &mut builder.columns).flat_map(Builder::parts));
    }

    /// Shifts every row's record by this much: chunks number their records from 1, and files do not know their place
    /// in the manifest while they are read.
    pub fn renumber(&mut self, by: RecordId) {
        let by = by.pack();
        self.records.iter_mut().for_each(|record| *record += by);
    }

    /// The finished table.
    pub fn finish(self) -> Table {
        self.finish_in(None)
    }

    /// The finished table, all columns of which lie in a file where a spool is given.
    pub fn finish_in(self, spool: Option<&Spool>) -> Table {
        let rows = self.records.len();
        let seal = |mut column: Builder| {
            column.truncate(rows);
            if column.is_empty() {
                return Sealed::missing(column.ty(), rows);
            }
            column.pad(rows);
            column.seal()
        };
        let mut columns: Vec<Sealed> = self.columns.into_iter().map(seal).collect();
        if let Some(spool) = spool {
            spool.put(columns.iter_mut().flat_map(Sealed::parts));
        }
        Table {
            schema: self.schema,
            columns: columns.into_iter().map(Sealed::finish).collect(),
            records: self.records,
            shapes: self.shapes,
            shape_of: self.shape_of,
            order: OnceLock::new(),
        }
    }
}

/// All tables of a case, by name.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    tables: BTreeMap<String, Arc<Table>>,
    room: Option<u64>,
}

impl Tables {
    /// Adds or replaces a table.
    pub fn insert(&mut self, table: Table) {
        self.tables.insert(table.schema.table.clone(), Arc::new(table));
    }

    /// A table by its case-sensitive name.
    pub fn get(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// Tables in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Table>)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }

    /// Says how many bytes of memory one query may take; without it none is refused.
    pub fn limit(&mut self, bytes: u64) {
        self.room = Some(bytes);
    }

    /// How many bytes of memory one query may take.
    pub fn room(&self) -> Option<u64> {
        self.room
    }

    /// First and last TimeGenerated over all tables, in ticks; inventories without that column do not count.
    pub fn span(&self) -> Option<(i64, i64)> {
        let spans: Vec<(i64, i64)> = self.tables.values().filter_map(|table| table.span("TimeGenerated")).collect();
        Some((spans.iter().map(|s| s.0).min()?, spans.iter().map(|s| s.1).max()?))
    }
}
