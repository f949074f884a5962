//! Columns: repeating text is stored once, and a row holds a key of four bytes.
//!
//! Sign-in and audit exports repeat themselves: a few hundred user agents, devices and policies fill millions of
//! rows. So every text column is a dictionary. When a column turns out to be nearly unique (identifiers), looking
//! values up stops paying and the builder only appends; the representation stays the same.
//!
//! Handed to polars, a dictionary column becomes a view column: equal values share their bytes, and the engine
//! can recognise a repeated value by its view without reading it.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use polars::prelude::*;
use rustc_hash::FxBuildHasher;

use super::Type;

/// Key of a missing cell.
const MISSING: u32 = u32::MAX;
/// After this many rows a column that hardly repeats is no longer looked up.
const TRIAL_ROWS: usize = 16_384;

/// A finished column. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Column {
    /// Every cell is missing: the column costs nothing.
    Missing {
        /// Kusto type.
        ty: Type,
        /// Rows.
        rows: usize,
    },
    /// Text, guid or dynamic.
    Text {
        /// Kusto type.
        ty: Type,
        /// Stored values.
        values: StringChunked,
        /// One key a row into `values`; `u32::MAX` where missing.
        keys: std::sync::Arc<Vec<u32>>,
    },
    /// Numbers, times and booleans.
    Plain(Series),
}

/// One value of a column, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Missing.
    Null,
    /// Text, guid, dynamic as JSON text, or decimal as its key.
    Text(&'a str),
    /// int, long, datetime or timespan (ticks).
    Integer(i64),
    /// real.
    Real(f64),
    /// bool.
    Bool(bool),
}

impl Column {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Missing { rows, .. } => *rows,
            Column::Text { keys, .. } => keys.len(),
            Column::Plain(series) => series.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column as polars holds it. Strings are never null (Kusto's rule); guid and dynamic may be.
    pub fn to_polars(&self, name: &str) -> polars::prelude::Column {
        let name = PlSmallStr::from_str(name);
        match self {
            Column::Missing { ty: Type::String, rows } => polars::prelude::Column::new_scalar(
                name,
                Scalar::new(DataType::String, AnyValue::StringOwned("".into())),
                *rows,
            ),
            Column::Missing { ty, rows } => polars::prelude::Column::full_null(name, *rows, &ty.dtype()),
            Column::Text { values, keys, .. } => {
                let index: IdxCa = keys.iter().map(|&key| (key != MISSING).then_some(key)).collect();
                let taken = values.take(&index).unwrap_or_else(|_| StringChunked::full_null(name.clone(), keys.len()));
                taken.with_name(name).into_series().into()
            }
            Column::Plain(series) => series.clone().with_name(name).into(),
        }
    }

    /// Some rows of the column as polars holds them, in the order they are named.
    pub fn take(&self, name: &str, rows: &[u32]) -> polars::prelude::Column {
        match self {
            Column::Missing { ty, .. } => Column::Missing { ty: *ty, rows: rows.len() }.to_polars(name),
            Column::Text { ty, values, keys } => {
                let keys = rows.iter().map(|&row| keys.get(row as usize).copied().unwrap_or(MISSING));
                Column::Text { ty: *ty, values: values.clone(), keys: std::sync::Arc::new(keys.collect()) }
                    .to_polars(name)
            }
            Column::Plain(series) => {
                let index = IdxCa::from_slice("rows".into(), rows);
                let taken = series.take(&index).unwrap_or_else(|_| series.clear());
                taken.with_name(PlSmallStr::from_str(name)).into()
            }
        }
    }

    /// The value in a row; missing beyond the end.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Column::Missing { .. } => Cell::Null,
            Column::Text { values, keys, .. } => match keys.get(row) {
                Some(&key) if key != MISSING => values.get(key as usize).map_or(Cell::Null, Cell::Text),
                _ => Cell::Null,
            },
            Column::Plain(series) => match series.get(row) {
                Ok(AnyValue::Int64(value)) => Cell::Integer(value),
                Ok(AnyValue::Float64(value)) => Cell::Real(value),
                Ok(AnyValue::Boolean(value)) => Cell::Bool(value),
                _ => Cell::Null,
            },
        }
    }

    /// Only the rows marked true.
    pub fn retain(&self, keep: &[bool]) -> Column {
        match self {
            Column::Missing { ty, .. } => Column::Missing { ty: *ty, rows: keep.iter().filter(|k| **k).count() },
            Column::Text { ty, values, keys } => {
                let kept = keys.iter().zip(keep).filter(|(_, keep)| **keep).map(|(key, _)| *key);
                Column::Text { ty: *ty, values: values.clone(), keys: std::sync::Arc::new(kept.collect()) }
            }
            Column::Plain(series) => {
                let mask = BooleanChunked::from_slice("keep".into(), keep);
                Column::Plain(series.filter(&mask).unwrap_or_else(|_| series.clear()))
            }
        }
    }

    /// Bytes held, for the memory figures of the manifest.
    pub fn bytes(&self) -> usize {
        match self {
            Column::Missing { .. } => 0,
            Column::Text { values, keys, .. } => values.clone().into_series().estimated_size() + keys.len() * 4,
            Column::Plain(series) => series.estimated_size(),
        }
    }
}

/// Collects the cells of one column, row by row.
#[derive(Debug)]
pub struct Builder {
    ty: Type,
    cells: Cells,
}

#[derive(Debug)]
enum Cells {
    Text(Text),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
}

#[derive(Debug, Default)]
struct Text {
    bytes: String,
    ends: Vec<usize>,
    keys: Vec<u32>,
    index: Option<HashTable<u32>>,
}

impl Text {
    fn value(&self, key: u32) -> &str {
        let key = key as usize;
        let start = if key == 0 { 0 } else { self.ends[key - 1] };
        &self.bytes[start..self.ends[key]]
    }

    fn append(&mut self, value: &str) -> u32 {
        let key = self.ends.len() as u32;
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len());
        key
    }

    /// The key of a value, stored now if it is new.
    fn intern(&mut self, value: &str) -> u32 {
        let hash = FxBuildHasher.hash_one(value);
        let Some(mut index) = self.index.take() else { return self.append(value) };
        let found = index.find(hash, |&key| self.value(key) == value).copied();
        let key = found.unwrap_or_else(|| {
            let key = self.append(value);
            index.insert_unique(hash, key, |&key| FxBuildHasher.hash_one(self.value(key)));
            key
        });
        let rows = self.keys.len();
        // Nearly every value is new: looking them up costs more than storing the few repetitions.
        let pays = rows < TRIAL_ROWS || self.ends.len() * 10 < rows * 9;
        self.index = pays.then_some(index);
        key
    }
}

impl Builder {
    /// An empty column of this type.
    pub fn new(ty: Type) -> Builder {
        let cells = match ty.dtype() {
            DataType::String => Cells::Text(Text { index: Some(HashTable::new()), ..Text::default() }),
            DataType::Int64 => Cells::Integer(Vec::new()),
            DataType::Float64 => Cells::Real(Vec::new()),
            _ => Cells::Bool(Vec::new()),
        };
        Builder { ty, cells }
    }

    /// The column's type.
    pub fn ty(&self) -> Type {
        self.ty
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        match &self.cells {
            Cells::Text(text) => text.keys.len(),
            Cells::Integer(cells) => cells.len(),
            Cells::Real(cells) => cells.len(),
            Cells::Bool(cells) => cells.len(),
        }
    }

    /// Whether there are no rows yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one cell. A cell that does not fit the column's type is missing; callers convert before.
    pub fn push(&mut self, cell: Cell<'_>) {
        match (&mut self.cells, cell) {
            (Cells::Text(text), Cell::Text(value)) => {
                let key = text.intern(value);
                text.keys.push(key);
            }
            (Cells::Text(text), _) => text.keys.push(MISSING),
            (Cells::Integer(cells), Cell::Integer(value)) => cells.push(Some(value)),
            (Cells::Integer(cells), _) => cells.push(None),
            (Cells::Real(cells), Cell::Real(value)) => cells.push(Some(value)),
            (Cells::Real(cells), Cell::Integer(value)) => cells.push(Some(value as f64)),
            (Cells::Real(cells), _) => cells.push(None),
            (Cells::Bool(cells), Cell::Bool(value)) => cells.push(Some(value)),
            (Cells::Bool(cells), _) => cells.push(None),
        }
    }

    /// Missing cells up to `rows`.
    pub fn pad(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Text(text) => text.keys.resize(rows.max(text.keys.len()), MISSING),
            Cells::Integer(cells) => cells.resize(rows.max(cells.len()), None),
            Cells::Real(cells) => cells.resize(rows.max(cells.len()), None),
            Cells::Bool(cells) => cells.resize(rows.max(cells.len()), None),
        }
    }

    /// Drops the cells from `rows` on: a record that was rejected half-way leaves no trace.
    pub fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Text(text) => text.keys.truncate(rows),
            Cells::Integer(cells) => cells.truncate(rows),
            Cells::Real(cells) => cells.truncate(rows),
            Cells::Bool(cells) => cells.truncate(rows),
        }
    }

    /// Appends the rows of a builder of the same type, as when chunks of one file are put together.
    pub fn append(&mut self, other: Builder) {
        match (&mut self.cells, other.cells) {
            (Cells::Text(text), Cells::Text(more)) => {
                let map: Vec<u32> = (0..more.ends.len() as u32).map(|key| text.intern(more.value(key))).collect();
                text.keys.extend(more.keys.iter().map(|&key| map.get(key as usize).copied().unwrap_or(MISSING)));
            }
            (Cells::Integer(cells), Cells::Integer(more)) => cells.extend(more),
            (Cells::Real(cells), Cells::Real(more)) => cells.extend(more),
            (Cells::Bool(cells), Cells::Bool(more)) => cells.extend(more),
            (_, other) => {
                let rows = Builder { ty: self.ty, cells: other }.len();
                self.pad(self.len() + rows);
            }
        }
    }

    /// The finished column.
    pub fn finish(self) -> Column {
        let ty = self.ty;
        let name = PlSmallStr::EMPTY;
        match self.cells {
            Cells::Text(mut text) => {
                if text.keys.iter().all(|&key| key == MISSING) {
                    return Column::Missing { ty, rows: text.keys.len() };
                }
                if ty == Type::String && text.keys.contains(&MISSING) {
                    let empty = text.intern("");
                    text.keys.iter_mut().filter(|key| **key == MISSING).for_each(|key| *key = empty);
                }
                let values = (0..text.ends.len() as u32).map(|key| text.value(key));
                let values = StringChunked::from_iter_values(name, values);
                Column::Text { ty, values, keys: std::sync::Arc::new(text.keys) }
            }
            Cells::Integer(cells) if cells.iter().all(Option::is_none) => Column::Missing { ty, rows: cells.len() },
            Cells::Integer(cells) => {
                Column::Plain(Int64Chunked::from_iter_options(name, cells.into_iter()).into_series())
            }
            Cells::Real(cells) => {
                Column::Plain(Float64Chunked::from_iter_options(name, cells.into_iter()).into_series())
            }
            Cells::Bool(cells) if cells.iter().all(Option::is_none) => Column::Missing { ty, rows: cells.len() },
            Cells::Bool(cells) => Column::Plain(cells.into_iter().collect::<BooleanChunked>().into_series()),
        }
    }
}
