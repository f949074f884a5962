//! Functions on values, applied to columns.
//!
//! A function that reads one text column is evaluated once per distinct value: columns store a repeated value
//! once and give every row a view of it, so equal views are equal values and need not be read to be recognised.
//! When values hardly repeat the memory of them is given up.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::{Array, Utf8ViewArray};
use rustc_hash::FxBuildHasher;

use super::Value;
use super::convert;
use super::scalar::Scalar;
use crate::table::{Builder, Cell, Decimal, Type};

/// A function of one row's values.
pub type Kernel = Arc<dyn Fn(&[Value<'_>]) -> Value<'static> + Send + Sync>;

/// Rows after which the memory of distinct values must have paid.
const TRIAL_ROWS: usize = 4096;

/// What an argument is turned into before the kernel sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Any value as it is.
    Any,
    /// Text; a dynamic string loses its quotes, other types are written as `tostring` does.
    Text,
    /// int, long or real; a dynamic number.
    Number,
    /// An integer; a real loses its fraction.
    Long,
    /// A real.
    Real,
    /// bool; a dynamic bool.
    Bool,
    /// datetime; text is read as one.
    Datetime,
    /// timespan; text is read as one.
    Timespan,
    /// An array, a bag or a scalar as dynamic; text is read as JSON.
    Dynamic,
}

impl Accepts {
    /// The value as the kernel expects it; null where it does not fit.
    pub fn coerce<'a>(self, value: Value<'a>) -> Value<'a> {
        match (self, &value) {
            (Accepts::Any, _) => value,
            (Accepts::Text, Value::String(_)) => value,
            (Accepts::Text, Value::Null) => Value::String("".into()),
            (Accepts::Text, Value::Dynamic(_)) => match value {
                Value::Dynamic(std::borrow::Cow::Borrowed(json)) => Value::String(super::undress(json)),
                other => Value::text(other.to_text()),
            },
            (Accepts::Text, _) => convert::cast(&value, Type::String),
            (Accepts::Number, Value::Long(_) | Value::Real(_) | Value::Null) => value,
            (Accepts::Number, Value::Decimal(number)) => Value::Real(number.to_f64()),
            (Accepts::Number, Value::Bool(_)) => convert::cast(&value, Type::Long),
            (Accepts::Number, Value::Dynamic(json)) => match json.parse::<i64>() {
                Ok(integer) => Value::Long(integer),
                Err(_) => convert::cast(&value, Type::Real),
            },
            (Accepts::Number, Value::String(text)) => match text.parse::<i64>() {
                Ok(integer) => Value::Long(integer),
                Err(_) => convert::cast(&value, Type::Real),
            },
            (Accepts::Number, Value::Timespan(ticks) | Value::Datetime(ticks)) => Value::Long(*ticks),
            (Accepts::Number, _) => Value::Null,
            (Accepts::Long, _) => convert::cast(&value, Type::Long),
            (Accepts::Real, _) => convert::cast(&value, Type::Real),
            (Accepts::Bool, _) => convert::cast(&value, Type::Bool),
            (Accepts::Datetime, _) => convert::cast(&value, Type::Datetime),
            (Accepts::Timespan, _) => convert::cast(&value, Type::Timespan),
            (Accepts::Dynamic, Value::String(text)) => convert::parse_json(text),
            (Accepts::Dynamic, Value::Dynamic(_) | Value::Null) => value,
            (Accepts::Dynamic, _) => convert::cast(&value, Type::Dynamic),
        }
    }
}

/// The scalar that applies `kernel` to `arguments`, each turned into what `accepts` says (the last entry repeats).
pub fn apply(kernel: Kernel, arguments: &[Scalar], accepts: &[Accepts], ty: Type) -> Scalar {
    let how = |i: usize| accepts.get(i).or(accepts.last()).copied().unwrap_or(Accepts::Any);
    let constants: Vec<Option<Value<'static>>> = arguments
        .iter()
        .enumerate()
        .map(|(i, argument)| argument.constant.clone().map(|value| how(i).coerce(value)))
        .collect();
    if constants.iter().all(Option::is_some) {
        let values: Vec<Value<'static>> = constants.into_iter().flatten().collect();
        return Scalar::literal(conform(kernel(&values), ty), ty);
    }
    let inputs: Vec<(usize, Type, Accepts)> =
        (0..arguments.len()).filter(|&i| constants[i].is_none()).map(|i| (i, arguments[i].ty, how(i))).collect();
    let expressions: Vec<Expr> = inputs.iter().map(|(i, _, _)| arguments[*i].expr.clone()).collect();
    let evaluate = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let rows = columns.iter().map(Column::len).find(|len| *len != 1).unwrap_or(1);
        let name = columns.first().map(|c| c.name().clone()).unwrap_or_default();
        let series: Vec<Series> = columns.iter().map(|c| c.as_materialized_series().rechunk()).collect();
        let readers =
            inputs.iter().zip(&series).map(|((_, ty, _), s)| Reader::new(s, *ty)).collect::<PolarsResult<Vec<_>>>()?;
        let mut values: Vec<Value<'_>> = constants.iter().map(|c| c.clone().unwrap_or(Value::Null)).collect();
        let mut call = |row: usize| -> Value<'static> {
            for (reader, (i, _, accepts)) in readers.iter().zip(&inputs) {
                values[*i] = accepts.coerce(reader.value(row));
            }
            conform(kernel(&values), ty)
        };
        let out = match readers.as_slice() {
            [Reader::Text(array, _)] => repeated(array, rows, ty, &mut call)?,
            _ => {
                let mut collector = Collector::new(ty, rows);
                (0..rows).for_each(|row| collector.push(call(row)));
                collector.finish()
            }
        };
        Ok(out.with_name(name).into())
    };
    let dtype = ty.dtype();
    let expr = map_multiple(evaluate, expressions, move |_: &Schema, fields: &[Field]| {
        let name = fields.first().map(|f| f.name().clone()).unwrap_or_default();
        Ok(Field::new(name, dtype.clone()))
    });
    Scalar::computed(expr, ty)
}

/// Evaluates once per distinct view, then gathers.
fn repeated(
    array: &Utf8ViewArray,
    rows: usize,
    ty: Type,
    call: &mut dyn FnMut(usize) -> Value<'static>,
) -> PolarsResult<Series> {
    let mut known: HashMap<u128, u32, FxBuildHasher> = HashMap::default();
    let mut collector = Collector::new(ty, TRIAL_ROWS.min(rows));
    let mut index: Vec<u32> = Vec::with_capacity(rows);
    let views = array.views();
    let valid = |row: usize| array.validity().is_none_or(|bits| bits.get_bit(row));
    let mut missing: Option<u32> = None;
    for row in 0..rows {
        if !valid(row) {
            let key = *missing.get_or_insert_with(|| {
                collector.push(call(row));
                collector.len() as u32 - 1
            });
            index.push(key);
            continue;
        }
        let memory_pays = row < TRIAL_ROWS || collector.len() * 4 < row * 3;
        if !memory_pays {
            collector.push(call(row));
            index.push(collector.len() as u32 - 1);
            continue;
        }
        let key = *known.entry(views[row].as_u128()).or_insert_with(|| {
            collector.push(call(row));
            collector.len() as u32 - 1
        });
        index.push(key);
    }
    let distinct = collector.finish();
    distinct.take(&IdxCa::from_vec(PlSmallStr::EMPTY, index))
}

/// A value as the column's type holds it.
fn conform(value: Value<'static>, ty: Type) -> Value<'static> {
    match (&value, ty) {
        (Value::Null, Type::String) => Value::String("".into()),
        (Value::Dynamic(json), Type::Dynamic) if json == "null" => Value::Null,
        // Functions that know reals only give a decimal column what they have.
        (Value::Real(_) | Value::Long(_), Type::Decimal) => value.as_decimal().map_or(Value::Null, Value::Decimal),
        _ => value,
    }
}

/// Reads one column row by row.
pub enum Reader<'a> {
    /// string, guid, dynamic or decimal.
    Text(&'a Utf8ViewArray, Type),
    /// int, long, datetime or timespan.
    Integer(&'a Int64Chunked, Type),
    /// real.
    Real(&'a Float64Chunked),
    /// bool.
    Bool(&'a BooleanChunked),
}

impl<'a> Reader<'a> {
    /// A reader of a series in one chunk.
    ///
    /// # Errors
    /// When the series does not have the physical type of `ty`.
    pub fn new(series: &'a Series, ty: Type) -> PolarsResult<Reader<'a>> {
        Ok(match ty.dtype() {
            DataType::String => {
                let array = series.str()?.downcast_iter().next();
                let array = array.ok_or_else(|| polars_err!(ComputeError: "a text column without a chunk"))?;
                Reader::Text(array, ty)
            }
            DataType::Int64 => Reader::Integer(series.i64()?, ty),
            DataType::Float64 => Reader::Real(series.f64()?),
            _ => Reader::Bool(series.bool()?),
        })
    }

    /// Rows.
    #[allow(clippy::len_without_is_empty)] // nobody asks
    pub fn len(&self) -> usize {
        match self {
            Reader::Text(array, _) => array.views().len(),
            Reader::Integer(array, _) => array.len(),
            Reader::Real(array) => array.len(),
            Reader::Bool(array) => array.len(),
        }
    }

    /// The value in a row; a column of one row answers for every row.
    pub fn value(&self, row: usize) -> Value<'a> {
        let row = if self.len() == 1 { 0 } else { row };
        match self {
            Reader::Text(array, ty) => {
                let valid = row < array.views().len() && array.validity().is_none_or(|bits| bits.get_bit(row));
                match (valid, ty) {
                    (false, Type::String) => Value::String("".into()),
                    (false, _) => Value::Null,
                    (true, Type::Guid) => Value::Guid(array.value(row).into()),
                    (true, Type::Dynamic) => Value::Dynamic(array.value(row).into()),
                    (true, Type::Decimal) => Decimal::from_key(array.value(row)).map_or(Value::Null, Value::Decimal),
                    (true, _) => Value::String(array.value(row).into()),
                }
            }
            Reader::Integer(array, ty) => match (array.get(row), ty) {
                (None, _) => Value::Null,
                (Some(v), Type::Datetime) => Value::Datetime(v),
                (Some(v), Type::Timespan) => Value::Timespan(v),
                (Some(v), _) => Value::Long(v),
            },
            Reader::Real(array) => array.get(row).map_or(Value::Null, Value::Real),
            Reader::Bool(array) => array.get(row).map_or(Value::Null, Value::Bool),
        }
    }
}

/// Collects values of one type into a series.
pub enum Collector {
    /// string, guid, dynamic or decimal: a repeated value is stored once, and what reads the column next recognises it.
    Text(Builder),
    /// int, long, datetime or timespan.
    Integer(Vec<Option<i64>>),
    /// real.
    Real(Vec<Option<f64>>),
    /// bool.
    Bool(Vec<Option<bool>>),
}

impl Collector {
    /// An empty collector with room for `rows`.
    pub fn new(ty: Type, rows: usize) -> Collector {
        match ty.dtype() {
            // Of a type that may be missing: strings that must not be are never given as null.
            DataType::String => Collector::Text(Builder::new(Type::Dynamic)),
            DataType::Int64 => Collector::Integer(Vec::with_capacity(rows)),
            DataType::Float64 => Collector::Real(Vec::with_capacity(rows)),
            _ => Collector::Bool(Vec::with_capacity(rows)),
        }
    }

    /// Rows so far.
    #[allow(clippy::len_without_is_empty)] // nobody asks
    pub fn len(&self) -> usize {
        match self {
            Collector::Text(cells) => cells.len(),
            Collector::Integer(cells) => cells.len(),
            Collector::Real(cells) => cells.len(),
            Collector::Bool(cells) => cells.len(),
        }
    }

    /// Adds a value; one of another type is null.
    pub fn push(&mut self, value: Value<'_>) {
        match self {
            Collector::Text(cells) => match value {
                Value::Null => cells.push(Cell::Null),
                Value::String(v) | Value::Guid(v) | Value::Dynamic(v) => cells.push(Cell::Text(&v)),
                Value::Decimal(v) => cells.push(Cell::Text(&v.key())),
                other => cells.push(Cell::Text(&other.to_text())),
            },
            Collector::Integer(cells) => cells.push(match value {
                Value::Long(v) | Value::Datetime(v) | Value::Timespan(v) => Some(v),
                Value::Bool(v) => Some(v.into()),
                _ => None,
            }),
            Collector::Real(cells) => cells.push(value.as_f64()),
            Collector::Bool(cells) => cells.push(match value {
                Value::Bool(v) => Some(v),
                _ => None,
            }),
        }
    }

    /// The series.
    pub fn finish(self) -> Series {
        let name = PlSmallStr::EMPTY;
        match self {
            Collector::Text(cells) => cells.finish().to_polars("").take_materialized_series(),
            Collector::Integer(cells) => Int64Chunked::from_iter_options(name, cells.into_iter()).into_series(),
            Collector::Real(cells) => Float64Chunked::from_iter_options(name, cells.into_iter()).into_series(),
            Collector::Bool(cells) => cells.into_iter().collect::<BooleanChunked>().into_series(),
        }
    }
}
