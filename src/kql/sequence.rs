//! Functions of all rows in their order: window functions, and operators that must see the rows together.
//!
//! Both run once for each group where the relation is split into groups (`mv-apply`, `partition`).

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;

use super::Value;
use super::kernel::{Accepts, Collector, Reader};
use super::lineage::Lineage;
use super::relation::{Col, Relation, column};
use super::scalar::Scalar;
use crate::table::{RECORD, Type};

/// Maps the values of all rows of a group, one list an argument, to one value a row.
pub type Sequence = Arc<dyn Fn(&[Vec<Value<'_>>], usize) -> Vec<Value<'static>> + Send + Sync>;

/// The scalar that applies `kernel` to the rows of `input` in order.
pub fn sequence(kernel: Sequence, arguments: &[Scalar], accepts: &[Accepts], ty: Type, input: &Relation) -> Scalar {
    let slots: Vec<Slot> =
        arguments.iter().enumerate().map(|(i, a)| Slot::of(a, accepts.get(i).or(accepts.last()))).collect();
    let keys = input.groups.len();
    let mut inputs = input.group_keys();
    inputs
        .extend(arguments.iter().filter(|argument| argument.constant.is_none()).map(|argument| argument.expr.clone()));
    // Constants alone would not know how many rows there are.
    let height = input.columns.first().map(|col| col.name.clone()).or(input.carried().first().cloned());
    inputs.extend(height.map(|name| column(&name)));
    let evaluate = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let rows = columns.last().map_or(0, Column::len);
        let series: Vec<Series> = columns.iter().map(|c| c.as_materialized_series().rechunk()).collect();
        let groups = split(&series[..keys], rows)?;
        let readers = read(&slots, &series[keys..])?;
        let mut cells: Vec<Value<'static>> = vec![Value::Null; rows];
        for group in groups {
            let lists = lists(&slots, &readers, &group);
            for (row, value) in group.iter().zip(kernel(&lists, group.len())) {
                if let Some(cell) = cells.get_mut(*row) {
                    *cell = value;
                }
            }
        }
        let mut collector = Collector::new(ty, rows);
        cells.into_iter().for_each(|value| collector.push(value));
        let name = columns.first().map(|c| c.name().clone()).unwrap_or_default();
        Ok(collector.finish().with_name(name).into())
    };
    let dtype = ty.dtype();
    let expr = apply_multiple(
        evaluate,
        inputs,
        move |_: &Schema, fields: &[Field]| {
            let name = fields.first().map(|f| f.name().clone()).unwrap_or_default();
            Ok(Field::new(name, dtype.clone()))
        },
        false,
    );
    Scalar::computed(expr, ty)
}

/// Where an argument's values come from.
struct Slot {
    constant: Option<Value<'static>>,
    ty: Type,
    accepts: Accepts,
}

impl Slot {
    fn of(argument: &Scalar, accepts: Option<&Accepts>) -> Slot {
        let accepts = accepts.copied().unwrap_or(Accepts::Any);
        // A constant stays out of the plan: polars may narrow its type.
        let constant = argument.constant.clone().map(|value| accepts.coerce(value));
        Slot { constant, ty: argument.ty, accepts }
    }
}

/// Readers of the arguments that are no constants.
fn read<'a>(slots: &[Slot], series: &'a [Series]) -> PolarsResult<Vec<Reader<'a>>> {
    let columns = slots.iter().filter(|slot| slot.constant.is_none());
    columns.zip(series).map(|(slot, series)| Reader::new(series, slot.ty)).collect()
}

fn lists<'a>(slots: &[Slot], readers: &[Reader<'a>], rows: &[usize]) -> Vec<Vec<Value<'a>>> {
    let mut readers = readers.iter();
    let list = |slot: &Slot| match &slot.constant {
        Some(value) => vec![value.clone(); rows.len()],
        None => {
            let reader = readers.next();
            let value = |row: &usize| reader.map_or(Value::Null, |reader| slot.accepts.coerce(reader.value(*row)));
            rows.iter().map(value).collect()
        }
    };
    slots.iter().map(list).collect()
}

/// Row numbers by group, groups and rows in order of appearance; one group where there is no key.
pub fn split(keys: &[Series], rows: usize) -> PolarsResult<Vec<Vec<usize>>> {
    if keys.is_empty() {
        return Ok(vec![(0..rows).collect()]);
    }
    let mut codes: Vec<u32> = vec![0; rows];
    for key in keys {
        let mut known: HashMap<(u32, Option<String>), u32> = HashMap::new();
        let texts = key.cast(&DataType::String)?;
        let texts = texts.str()?;
        for (row, code) in codes.iter_mut().enumerate() {
            let next = known.len() as u32;
            *code = *known.entry((*code, texts.get(row).map(str::to_owned))).or_insert(next);
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (row, code) in codes.iter().enumerate() {
        let at = *code as usize;
        if groups.len() <= at {
            groups.resize_with(at + 1, Vec::new);
        }
        groups[at].push(row);
    }
    Ok(groups)
}

/// One row that an operator makes.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// The input row whose kept columns it has; without one they are null.
    pub source: Option<usize>,
    /// Further input rows it was made from.
    pub from: Vec<usize>,
    /// Values of the new columns.
    pub cells: Vec<Value<'static>>,
}

/// Maps the argument lists and the number of rows of one group to new rows, or says why it cannot.
pub type Remake = Arc<dyn Fn(&[Vec<Value<'_>>], usize) -> Result<Vec<Made>, String> + Send + Sync>;

/// An operator that sees all rows of a group at once: columns of the input it keeps, then new columns.
pub fn remake(
    input: Relation,
    arguments: &[(Scalar, Accepts)],
    kept: &[String],
    added: Vec<Col>,
    kernel: Remake,
) -> Relation {
    let carried = input.carried();
    let slots: Vec<Slot> = arguments.iter().map(|(scalar, accepts)| Slot::of(scalar, Some(accepts))).collect();
    let varying: Vec<&Scalar> =
        arguments.iter().map(|(scalar, _)| scalar).filter(|scalar| scalar.constant.is_none()).collect();
    let names: Vec<String> = (0..varying.len()).map(|i| format!("#a{i}")).collect();
    // Computed beside the frame, so that an expression without columns takes its height.
    let prepared: Vec<Expr> =
        varying.iter().zip(&names).map(|(scalar, name)| scalar.expr.clone().alias(name.as_str())).collect();
    let mut select: Vec<Expr> = names.iter().map(|name| column(name)).collect();
    select.extend(kept.iter().enumerate().map(|(i, name)| column(name).alias(format!("#k{i}"))));
    select.extend(carried.iter().map(|name| column(name)));
    if select.is_empty() {
        // Nothing is read but how many rows there are.
        select.extend(input.columns.first().map(|col| column(&col.name).alias("#rows")));
    }
    let frame = input.frame.clone().with_columns(prepared).select(select);
    let kept_cols: Vec<Col> = kept.iter().filter_map(|name| input.find(name).cloned()).collect();
    let strings: Vec<bool> = kept_cols.iter().map(|col| col.ty == Type::String).collect();
    let keys = input.groups.clone();
    let lineage = input.lineage.clone();
    let traced = lineage.is_some();
    let fields: Vec<(PlSmallStr, DataType)> =
        kept_cols.iter().chain(&added).map(|col| (col.name.as_str().into(), col.ty.dtype())).collect();
    let key_names = input.groups.clone();
    let schema = move |given: &Schema| -> PolarsResult<SchemaRef> {
        let mut fields: Vec<Field> = fields.iter().map(|(name, ty)| Field::new(name.clone(), ty.clone())).collect();
        for key in &key_names {
            fields.push(Field::new(key.as_str().into(), given.get(key).cloned().unwrap_or(DataType::Null)));
        }
        if traced {
            fields.push(Field::new(RECORD.into(), DataType::UInt64));
        }
        Ok(Arc::new(Schema::from_iter(fields)))
    };
    let made_cols = added.clone();
    let kept_names: Vec<String> = kept_cols.iter().map(|col| col.name.clone()).collect();
    let evaluate = move |frame: DataFrame| -> PolarsResult<DataFrame> {
        let rows = frame.height();
        let series =
            |name: &str| -> PolarsResult<Series> { Ok(frame.column(name)?.as_materialized_series().rechunk()) };
        let arguments = names.iter().map(|name| series(name)).collect::<PolarsResult<Vec<Series>>>()?;
        let key_series = keys.iter().map(|name| series(name)).collect::<PolarsResult<Vec<Series>>>()?;
        let readers = read(&slots, &arguments)?;
        let mut collectors: Vec<Collector> = made_cols.iter().map(|col| Collector::new(col.ty, 0)).collect();
        let mut sources: Vec<Option<u32>> = Vec::new();
        let mut heads: Vec<Option<u32>> = Vec::new();
        let mut origins: Vec<Vec<usize>> = Vec::new();
        for group in split(&key_series, rows)? {
            let lists = lists(&slots, &readers, &group);
            let made = kernel(&lists, group.len()).map_err(|why| polars_err!(ComputeError: "{why}"))?;
            let global = |local: &usize| group.get(*local).copied();
            for row in made {
                let source = row.source.as_ref().and_then(global);
                sources.push(source.map(|at| at as u32));
                heads.push(group.first().map(|at| *at as u32));
                origins.push(source.into_iter().chain(row.from.iter().filter_map(global)).collect());
                let mut cells = row.cells.into_iter();
                for (collector, col) in collectors.iter_mut().zip(&made_cols) {
                    let value = cells.next().unwrap_or(Value::Null);
                    let value = if col.ty == Type::String && value.is_null() { Value::text("") } else { value };
                    collector.push(value);
                }
            }
        }
        let height = sources.len();
        let index: IdxCa = sources.into_iter().collect();
        let mut columns: Vec<Column> = Vec::new();
        for (i, name) in kept_names.iter().enumerate() {
            let taken = series(&format!("#k{i}"))?.take(&index)?.with_name(name.as_str().into());
            // Strings are never null.
            let filled = if strings.get(i) == Some(&true) && taken.null_count() > 0 {
                let text = taken.str()?.iter().map(|cell| Some(cell.unwrap_or("")));
                StringChunked::from_iter_options(taken.name().clone(), text).into_series()
            } else {
                taken
            };
            columns.push(filled.into());
        }
        for (collector, col) in collectors.into_iter().zip(&made_cols) {
            columns.push(collector.finish().with_name(col.name.as_str().into()).into());
        }
        let head: IdxCa = heads.into_iter().collect();
        for (name, key) in keys.iter().zip(&key_series) {
            columns.push(key.take(&head)?.with_name(name.as_str().into()).into());
        }
        if let Some(lineage) = &lineage {
            let records = series(RECORD)?;
            let records = records.u64()?;
            let merged = origins.iter().map(|rows| lineage.merge(rows.iter().filter_map(|row| records.get(*row))));
            columns.push(Lineage::series(merged.collect()).into());
        }
        DataFrame::new(height, columns)
    };
    let frame = frame.map(evaluate, AllowedOptimizations::empty(), Some(Arc::new(schema)), Some("remake"));
    let columns = kept_cols.into_iter().chain(added).collect();
    Relation { frame, columns, ordered: false, open: false, extensible: false, ..input }
}
