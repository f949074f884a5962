//! Columns: repeating text is stored once, and a row holds a key of four bytes.
//!
//! Sign-in and audit exports repeat themselves: a few hundred user agents, devices and policies fill millions of
//! rows. So every text column is a dictionary. When a column turns out to be nearly unique (identifiers), looking
//! values up stops paying and the builder only appends; the representation stays the same.
//!
//! Handed to polars, a dictionary column becomes a view column: equal values share their bytes, and the engine
//! can recognise a repeated value by its view without reading it.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::Bitmap;
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;

use super::Type;
use super::spool::{Part, Spool};
use super::text::{self, MISSING, Text};

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
        keys: Buffer<u32>,
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
                // Where every row has a value of its own, the values are the column.
                if keys.len() == values.len() && keys.iter().enumerate().all(|(row, key)| row == *key as usize) {
                    return values.clone().with_name(name).into_series().into();
                }
                let index = if keys.contains(&MISSING) {
                    keys.iter().map(|&key| (key != MISSING).then_some(key)).collect()
                } else {
                    IdxCa::with_chunk(name.clone(), PrimitiveArray::new(ArrowDataType::UInt32, keys.clone(), None))
                };
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
                Column::Text { ty: *ty, values: values.clone(), keys: keys.collect() }.to_polars(name)
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

    /// The different texts, in the order in which the rows name them; none of a column of numbers.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let (values, keys) = match self {
            Column::Text { values, keys, .. } => (Some(values), keys.as_slice()),
            _ => (None, [].as_slice()),
        };
        let mut seen = vec![false; values.map_or(0, |values| values.len())];
        keys.iter().filter_map(move |&key| {
            let seen = seen.get_mut(key as usize)?;
            if std::mem::replace(seen, true) { None } else { values?.get(key as usize) }
        })
    }

    /// The column with each text as `change` makes it; what it gives nothing for stays.
    pub fn map_texts(&self, change: impl Fn(&str) -> Option<String>) -> Column {
        let Column::Text { ty, values, keys } = self else { return self.clone() };
        let changed = |text: &str| change(text).unwrap_or_else(|| text.to_owned());
        let values: StringChunked = values.iter().map(|text| text.map(changed)).collect();
        Column::Text { ty: *ty, values, keys: keys.clone() }
    }

    /// Only the rows marked true.
    pub fn retain(&self, keep: &[bool]) -> Column {
        match self {
            Column::Missing { ty, .. } => Column::Missing { ty: *ty, rows: keep.iter().filter(|k| **k).count() },
            Column::Text { ty, values, keys } => {
                let kept = keys.iter().zip(keep).filter(|(_, keep)| **keep).map(|(key, _)| *key);
                Column::Text { ty: *ty, values: values.clone(), keys: kept.collect() }
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
    Integer(Optional<i64>),
    Real(Optional<f64>),
    Bool(Vec<Option<bool>>),
}

/// Numbers, and which of them there are.
#[derive(Debug, Default)]
struct Optional<T> {
    values: Vec<T>,
    there: Vec<bool>,
}

impl<T: Copy + Default> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.there.push(value.is_some());
        self.values.push(value.unwrap_or_default());
    }

    fn resize(&mut self, rows: usize) {
        self.values.resize(rows, T::default());
        self.there.resize(rows, false);
    }

    fn extend(&mut self, more: Optional<T>) {
        self.values.extend(more.values);
        self.there.extend(more.there);
    }

    fn empty(&self) -> bool {
        !self.there.contains(&true)
    }

    fn validity(&self) -> Option<Bitmap> {
        self.there.contains(&false).then(|| self.there.iter().copied().collect())
    }

    fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<T>() + self.there.capacity()
    }
}

impl Builder {
    /// An empty column of this type.
    pub fn new(ty: Type) -> Builder {
        let cells = match ty.dtype() {
            DataType::String => Cells::Text(Text::default()),
            DataType::Int64 => Cells::Integer(Optional::default()),
            DataType::Float64 => Cells::Real(Optional::default()),
            _ => Cells::Bool(Vec::new()),
        };
        Builder { ty, cells }
    }

    /// An empty column for the rows of one chunk, which will be put behind others.
    pub fn of_chunk(ty: Type) -> Builder {
        let Builder { ty, cells } = Builder::new(ty);
        let cells = if matches!(cells, Cells::Text(_)) { Cells::Text(Text::of_chunk()) } else { cells };
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
            Cells::Integer(cells) => cells.there.len(),
            Cells::Real(cells) => cells.there.len(),
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
            (Cells::Text(text), Cell::Text(value)) => text.push(value),
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
            Cells::Integer(cells) => cells.resize(rows.max(cells.there.len())),
            Cells::Real(cells) => cells.resize(rows.max(cells.there.len())),
            Cells::Bool(cells) => cells.resize(rows.max(cells.len()), None),
        }
    }

    /// Drops the cells from `rows` on: a record that was rejected half-way leaves no trace.
    pub fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Text(text) => text.keys.truncate(rows),
            Cells::Integer(cells) => cells.resize(rows.min(cells.there.len())),
            Cells::Real(cells) => cells.resize(rows.min(cells.there.len())),
            Cells::Bool(cells) => cells.truncate(rows),
        }
    }

    /// Appends the rows of a builder of the same type, as when chunks of one file are put together.
    pub fn append(&mut self, other: Builder) {
        match (&mut self.cells, other.cells) {
            (Cells::Text(text), Cells::Text(more)) => text.extend(more),
            (Cells::Integer(cells), Cells::Integer(more)) => cells.extend(more),
            (Cells::Real(cells), Cells::Real(more)) => cells.extend(more),
            (Cells::Bool(cells), Cells::Bool(more)) => cells.extend(more),
            (_, other) => {
                let rows = Builder { ty: self.ty, cells: other }.len();
                self.pad(self.len() + rows);
            }
        }
    }

    /// Bytes that could leave memory.
    pub(super) fn loose(&self) -> usize {
        if let Cells::Text(text) = &self.cells { text.loose() } else { 0 }
    }

    /// Bytes that must stay in memory until the column is finished.
    pub(super) fn fixed(&self) -> usize {
        match &self.cells {
            Cells::Text(text) => text.fixed(),
            Cells::Integer(cells) => cells.bytes(),
            Cells::Real(cells) => cells.bytes(),
            Cells::Bool(cells) => cells.capacity(),
        }
    }

    /// What could leave memory.
    pub(super) fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        let text = if let Cells::Text(text) = &mut self.cells { Some(text) } else { None };
        text.into_iter().flat_map(Text::parts)
    }

    /// Moves its text out of memory.
    pub fn spool(&mut self, spool: &Spool) {
        spool.put(self.parts());
    }

    /// The finished column.
    pub fn finish(self) -> Column {
        self.seal().finish()
    }

    /// Nothing more is added: the column in parts that can leave memory.
    pub(super) fn seal(self) -> Sealed {
        let ty = self.ty;
        let name = PlSmallStr::EMPTY;
        Sealed(match self.cells {
            Cells::Text(text) if text.keys.iter().all(|&key| key == MISSING) => {
                Parts::None(Column::Missing { ty, rows: text.keys.len() })
            }
            Cells::Text(mut text) => {
                if ty == Type::String {
                    text.fill();
                }
                Parts::Text(ty, text.seal())
            }
            Cells::Integer(cells) if cells.empty() => Parts::None(Column::Missing { ty, rows: cells.there.len() }),
            Cells::Integer(cells) => {
                let validity = cells.validity();
                Parts::Integer(Part::numbers(cells.values), validity)
            }
            Cells::Real(cells) => {
                let validity = cells.validity();
                let cells = Float64Chunked::from_vec_validity(name, cells.values, validity);
                Parts::None(Column::Plain(cells.into_series()))
            }
            Cells::Bool(cells) if cells.iter().all(Option::is_none) => {
                Parts::None(Column::Missing { ty, rows: cells.len() })
            }
            Cells::Bool(cells) => {
                Parts::None(Column::Plain(cells.into_iter().collect::<BooleanChunked>().into_series()))
            }
        })
    }
}

/// A column to which nothing is added any more.
#[derive(Debug)]
pub(super) struct Sealed(Parts);

#[derive(Debug)]
enum Parts {
    Text(Type, text::Sealed),
    Integer(Part, Option<Bitmap>),
    /// Small, or nothing at all.
    None(Column),
}

impl Sealed {
    /// A column of which no cell was set.
    pub fn missing(ty: Type, rows: usize) -> Sealed {
        Sealed(Parts::None(Column::Missing { ty, rows }))
    }

    /// What could leave memory.
    pub fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        let (text, integer) = match &mut self.0 {
            Parts::Text(_, text) => (Some(text), None),
            Parts::Integer(values, _) => (None, Some(values)),
            Parts::None(_) => (None, None),
        };
        text.into_iter().flat_map(text::Sealed::parts).chain(integer)
    }

    /// The column.
    pub fn finish(self) -> Column {
        match self.0 {
            Parts::Text(ty, text) => {
                let (values, keys) = text.finish();
                Column::Text { ty, values, keys }
            }
            Parts::Integer(values, validity) => {
                let cells = PrimitiveArray::new(ArrowDataType::Int64, values.into_numbers::<i64>(), validity);
                Column::Plain(Int64Chunked::with_chunk(PlSmallStr::EMPTY, cells).into_series())
            }
            Parts::None(column) => column,
        }
    }
}
