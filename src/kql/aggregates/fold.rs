//! Aggregates that polars does not know: the values of each group, given to a function of ours.
//!
//! In two steps: while it groups, polars only gathers the values, and behind that one pass goes over the groups of the
//! whole column. A function called by polars group by group costs a series for each group, which for a million of them is
//! most of the time and of the memory.

use std::sync::Arc;

use polars::prelude::{Column, Expr as Plan, Field, LazyFrame, ListChunked, PolarsResult, Schema, Series};
use polars::prelude::{IntoColumn, PlSmallStr, apply_multiple, map_multiple, polars_err};

use crate::kql::Value;
use crate::kql::kernel::{Accepts, Collector, Reader};
use crate::kql::lineage::Lineage;
use crate::kql::relation::column;
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// A mapping from the rows of a group to one value: one list of values for each argument.
pub type Fold = Arc<dyn Fn(&[Vec<Value<'_>>]) -> Value<'static> + Send + Sync>;

/// How a column of `summarize` is made from the rows of each group.
#[derive(Clone)]
pub enum Aggregation {
    /// Polars can.
    Plan(Box<Plan>),
    /// Polars gathers these, and the function makes a value of what it has gathered for each group.
    Fold(Vec<Plan>, Arc<Folded>),
}

/// A function of groups, with what it needs to know of its arguments and its result.
pub struct Folded {
    fold: Fold,
    types: Vec<Type>,
    accepts: Vec<Accepts>,
    ty: Type,
}

impl From<Plan> for Aggregation {
    fn from(plan: Plan) -> Aggregation {
        Aggregation::Plan(Box::new(plan))
    }
}

/// The aggregation that gives each group's values to `fold`, each turned into what `accepts` says (the last entry repeats).
pub fn fold(fold: Fold, arguments: &[Scalar], accepts: &[Accepts], ty: Type) -> Aggregation {
    let (inputs, folded) = folded(fold, arguments, accepts, ty);
    Aggregation::Fold(inputs, Arc::new(folded))
}

/// The same as an expression, for an aggregation that goes on with it. Slower: see above.
pub fn within(fold: Fold, arguments: &[Scalar], accepts: &[Accepts], ty: Type) -> Plan {
    let (inputs, folded) = folded(fold, arguments, accepts, ty);
    let evaluate = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let series: Vec<Series> = columns.iter().map(|c| c.as_materialized_series().rechunk()).collect();
        let whole = [0, series.iter().map(|series| series.len()).find(|len| *len != 1).unwrap_or(1)];
        folded.run(&series.iter().map(|series| (series, whole.to_vec())).collect::<Vec<_>>())
    };
    apply_multiple(evaluate, inputs, move |_: &Schema, fields: &[Field]| named(fields, ty), true)
}

fn folded(fold: Fold, arguments: &[Scalar], accepts: &[Accepts], ty: Type) -> (Vec<Plan>, Folded) {
    let types = arguments.iter().map(|argument| argument.ty).collect();
    let inputs = arguments.iter().map(|argument| argument.expr.clone()).collect();
    (inputs, Folded { fold, types, accepts: accepts.to_vec(), ty })
}

fn named(fields: &[Field], ty: Type) -> PolarsResult<Field> {
    let name = fields.first().map(|field| field.name().clone()).unwrap_or_default();
    Ok(Field::new(name, ty.dtype()))
}

impl Folded {
    /// A value for each group. An argument is all its values and where those of each group begin; one value stands for
    /// as many as the other arguments have.
    fn run(&self, arguments: &[(&Series, Vec<usize>)]) -> PolarsResult<Column> {
        let readers = arguments.iter().zip(&self.types).map(|((series, _), ty)| Reader::new(series, *ty));
        let readers = readers.collect::<PolarsResult<Vec<_>>>()?;
        let groups = arguments.first().map_or(0, |(_, begins)| begins.len().saturating_sub(1));
        let mut collector = Collector::new(self.ty, groups);
        let mut lists: Vec<Vec<Value<'_>>> = vec![Vec::new(); readers.len()];
        for group in 0..groups {
            let of = |(_, begins): &(&Series, Vec<usize>)| {
                let edge = |at: usize| begins.get(at).copied().unwrap_or_default();
                edge(group)..edge(group + 1)
            };
            let rows = arguments.iter().map(|argument| of(argument).len()).find(|len| *len != 1).unwrap_or(1);
            for (position, (reader, argument)) in readers.iter().zip(arguments).enumerate() {
                let accepts = self.accepts.get(position).or(self.accepts.last()).copied().unwrap_or(Accepts::Any);
                let own = of(argument);
                let row = |row: usize| if own.len() == 1 { own.start } else { own.start + row };
                let values = (0..rows).map(|at| accepts.coerce(reader.value(row(at))));
                if let Some(list) = lists.get_mut(position) {
                    list.clear();
                    list.extend(values);
                }
            }
            collector.push((self.fold)(&lists));
        }
        Ok(collector.finish().into_column())
    }

    /// A value for each of the lists that polars has gathered.
    fn finish(&self, gathered: &[Column]) -> PolarsResult<Column> {
        let lists = gathered.iter().map(|column| parts(column.as_materialized_series().list()?));
        let lists = lists.collect::<PolarsResult<Vec<_>>>()?;
        self.run(&lists.iter().map(|(series, begins)| (series, begins.clone())).collect::<Vec<_>>())
    }
}

/// The values of all lists, and where those of each begin; behind them, where the last ends.
fn parts(lists: &ListChunked) -> PolarsResult<(Series, Vec<usize>)> {
    let lists = lists.rechunk();
    let array = lists.downcast_iter().next().ok_or_else(|| polars_err!(ComputeError: "lists without a chunk"))?;
    let values = Series::from_arrow(PlSmallStr::EMPTY, array.values().clone())?.rechunk();
    Ok((values, array.offsets().iter().map(|offset| *offset as usize).collect()))
}

/// The rows aggregated by these keys, in order of appearance; all rows into one where there are no keys.
pub fn aggregate(
    frame: LazyFrame,
    keys: Vec<Plan>,
    aggregations: Vec<(String, Aggregation)>,
    lineage: Option<&Lineage>,
) -> LazyFrame {
    let mut plans: Vec<Plan> = Vec::new();
    let mut finish: Vec<Plan> = Vec::new();
    let gathered = |plan: Plan| if keys.is_empty() { plan.implode(true) } else { plan };
    for (name, aggregation) in aggregations {
        match aggregation {
            Aggregation::Plan(plan) => plans.push(plan.alias(name)),
            Aggregation::Fold(inputs, folded) => {
                let names: Vec<String> = (0..inputs.len()).map(|at| format!("{name}.{at}")).collect();
                plans.extend(inputs.into_iter().zip(&names).map(|(input, name)| gathered(input).alias(name.as_str())));
                let inputs: Vec<Plan> = names.iter().map(|name| column(name)).collect();
                let ty = folded.ty;
                let evaluate = move |columns: &mut [Column]| folded.finish(columns);
                let made = map_multiple(evaluate, inputs, move |_: &Schema, fields: &[Field]| named(fields, ty));
                finish.push(made.alias(name));
            }
        }
    }
    if let Some(lineage) = lineage {
        plans.push(gathered(Lineage::members()));
        finish.push(lineage.gather());
    }
    let frame = if keys.is_empty() { frame.select(plans) } else { frame.group_by_stable(keys).agg(plans) };
    if finish.is_empty() { frame } else { frame.with_columns(finish) }
}
