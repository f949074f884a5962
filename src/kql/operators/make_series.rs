//! `make-series`: an array of aggregated values for each group, one value a step of an axis.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::Expr as Plan;
use serde_json::Value as Json;

use super::assign::spread;
use super::project;
use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::aggregates::aggregate;
use crate::kql::ast::{Assignment, Expr, Settings};
use crate::kql::compare::convert;
use crate::kql::compiler::{Aggregates, Compiled, Compiler, Env, Scope};
use crate::kql::convert::cast;
use crate::kql::kernel::{Accepts, apply};
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Made, Remake, remake};
use crate::table::Type;

/// A longer series is refused, as the service does.
const MAX_ELEMENTS: i64 = 1_048_576;

/// The parts of the operator, as parsed.
pub struct MakeSeries<'a> {
    /// Aggregates and their `default=`.
    pub aggregates: &'a [(Assignment, Option<Expr>)],
    /// Axis.
    pub axis: &'a Assignment,
    /// Start.
    pub from: Option<&'a Expr>,
    /// End.
    pub to: Option<&'a Expr>,
    /// Step.
    pub step: &'a Expr,
    /// Whether the end belongs to the series.
    pub inclusive: bool,
    /// Group keys.
    pub by: &'a [Assignment],
    /// `kind=nonempty`.
    pub settings: &'a Settings,
}

/// The axis in numbers: ticks, integers or reals.
#[derive(Clone, Copy)]
struct Axis {
    ty: Type,
    from: Option<f64>,
    to: Option<f64>,
    step: f64,
    exact: (Option<i64>, Option<i64>, Option<i64>),
    inclusive: bool,
}

impl Axis {
    /// Number of the bin that holds a value; none outside of the range.
    fn bin(&self, value: &Value<'_>) -> Option<i64> {
        let bin = match (value, self.exact) {
            (Value::Long(v) | Value::Datetime(v) | Value::Timespan(v), (from, _, Some(step))) if self.whole() => {
                v.checked_sub(from.unwrap_or(0))?.div_euclid(step)
            }
            _ => {
                let value = number(value)?;
                let bin = ((value - self.from.unwrap_or(0.0)) / self.step).floor();
                if bin.abs() < 9e15 { bin as i64 } else { return None }
            }
        };
        let below = self.from.is_some() && bin < 0;
        let above = self.last().is_some_and(|last| bin > last);
        (!below && !above).then_some(bin)
    }

    fn whole(&self) -> bool {
        !matches!(self.ty, Type::Real | Type::Decimal)
    }

    /// The last bin, where the end is known.
    fn last(&self) -> Option<i64> {
        if self.whole() {
            let (from, to, step) = self.exact;
            let (to, step) = (to?, step?);
            let distance = to.checked_sub(from.unwrap_or(0))?;
            return Some(if self.inclusive { distance.div_euclid(step) } else { (distance - 1).div_euclid(step) });
        }
        let bins = (self.to? - self.from.unwrap_or(0.0)) / self.step;
        Some(if self.inclusive { bins.floor() as i64 } else { (bins.ceil() as i64).saturating_sub(1) })
    }

    /// Where a bin begins.
    fn value(&self, bin: i64) -> Value<'static> {
        if self.whole() {
            let (from, _, step) = self.exact;
            let start = step.and_then(|step| step.checked_mul(bin)).and_then(|at| at.checked_add(from.unwrap_or(0)));
            let Some(start) = start else { return Value::Null };
            return match self.ty {
                Type::Datetime => Value::Datetime(start),
                Type::Timespan => Value::Timespan(start),
                _ => Value::Long(start),
            };
        }
        Value::Real(self.from.unwrap_or(0.0) + self.step * bin as f64)
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Datetime(v) | Value::Timespan(v) => Some(*v as f64),
        other => other.as_f64(),
    }
}

fn whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Long(v) | Value::Datetime(v) | Value::Timespan(v) => Some(*v),
        _ => None,
    }
}

/// Compiles the operator: group by keys and bin, aggregate, then lay the bins of each group out as arrays.
pub fn compile(c: &Compiler<'_>, parts: &MakeSeries<'_>, input: Relation, env: &Env) -> Compiled<Relation> {
    c.windowed();
    let scope = Scope::over(env, &input);
    let keys = project::named(c, parts.by, &scope)?;
    let axis_scalar = c.scalar(&parts.axis.expr, &scope)?;
    let axis_name = parts.axis.names.first().map(|name| name.text.clone()).or(axis_scalar.name.clone());
    let axis_name = axis_name.unwrap_or_else(|| "Column1".to_owned());
    let (axis, axis_scalar) = axis(c, parts, axis_scalar, env)?;
    let collected = Aggregates::default();
    let scope = Scope { aggregates: Some(&collected), ..Scope::over(env, &input) };
    let mut results: Vec<(String, Scalar, Value<'static>)> = Vec::new();
    let mut unnamed = keys.iter().filter(|(name, _)| name.starts_with("Column")).count();
    for (assignment, default) in parts.aggregates {
        let scalar = c.scalar_or_null(&assignment.expr, &scope);
        let filler = match default {
            Some(default) => c.constant(default, env)?.0,
            None => Value::Long(0),
        };
        let plain = scalar.name.as_ref().is_some_and(|name| !name.is_empty());
        let name = (!plain).then(|| {
            unnamed += 1;
            format!("Column{unnamed}")
        });
        for (name, scalar) in spread(assignment, scalar, name) {
            let taken = |n: &str| keys.iter().any(|(key, _)| key == n) || results.iter().any(|(known, ..)| known == n);
            let name = fresh(&name, taken);
            // A default is written as the aggregate is: 0 of an average is 0.0.
            let filler = match (cast(&filler, scalar.ty), scalar.ty) {
                (Value::Null, _) | (_, Type::Dynamic | Type::String | Type::Bool) => filler.clone(),
                (Value::Long(whole), _) if number(&filler) != Some(whole as f64) => filler.clone(),
                (filler, _) => filler.into_owned(),
            };
            results.push((name, scalar, filler));
        }
    }
    let nonempty = parts.settings.word("kind") == Some("nonempty") && parts.by.is_empty();
    let bin = apply(
        Arc::new(move |values: &[Value<'_>]| {
            values.first().and_then(|value| axis.bin(value)).map_or(Value::Null, Value::Long)
        }),
        &[axis_scalar],
        &[Accepts::Any],
        Type::Long,
    );
    let hidden: Vec<String> = (0..keys.len()).map(|i| format!("#k{i}")).collect();
    let mut prepared: Vec<Plan> =
        keys.iter().zip(&hidden).map(|((_, key), name)| key.expr.clone().alias(name.as_str())).collect();
    prepared.push(bin.expr.alias("#bin"));
    let mut made = collected.into_inner();
    if made.is_empty() {
        made.push(("#len".to_owned(), polars::prelude::len().into()));
    }
    let mut group_by = input.group_keys();
    group_by.extend(hidden.iter().map(|name| column(name)));
    group_by.push(column("#bin"));
    let frame = input.frame.clone().with_columns(prepared).filter(column("#bin").is_not_null());
    let frame = aggregate(frame, group_by, made, input.lineage.as_ref());
    let kept: Vec<String> = keys.iter().map(|(name, _)| name.clone()).collect();
    let mut computed: Vec<(Plan, Col)> = Vec::new();
    for ((name, key), hidden) in keys.iter().zip(&hidden) {
        computed.push((column(hidden), project::carry(&input, name.clone(), key)));
    }
    let values: Vec<String> = (0..results.len()).map(|i| format!("#v{i}")).collect();
    for ((_, scalar, _), name) in results.iter().zip(&values) {
        computed.push((scalar.expr.clone(), Col::new(name.as_str(), scalar.ty)));
    }
    computed.push((column("#bin"), Col::new("#bin", Type::Long)));
    let binned =
        Relation { frame, ordered: false, open: false, extensible: false, columns: Vec::new(), ..input }.with(computed);
    let mut arguments: Vec<(Scalar, Accepts)> = vec![(Scalar::column("#bin", Type::Long), Accepts::Any)];
    for (name, (_, scalar, _)) in values.iter().zip(&results) {
        arguments.push((Scalar::column(name, scalar.ty), Accepts::Any));
    }
    for (name, key) in &keys {
        arguments.push((Scalar::column(name, key.ty), Accepts::Text));
    }
    let fillers: Vec<Json> = results.iter().map(|(_, _, filler)| filler.to_json()).collect();
    let key_at = 1 + results.len();
    let kernel: Remake = Arc::new(move |lists, rows| lay_out(lists, rows, key_at, &fillers, axis, nonempty));
    let mut added: Vec<Col> = results.iter().map(|(name, ..)| Col::new(name.as_str(), Type::Dynamic)).collect();
    let axis_name = fresh(&axis_name, |n| kept.iter().any(|k| k == n) || results.iter().any(|(known, ..)| known == n));
    added.push(Col::new(axis_name, Type::Dynamic));
    Ok(remake(binned, &arguments, &kept, added, kernel))
}

/// Reads axis, start, end and step.
fn axis(c: &Compiler<'_>, parts: &MakeSeries<'_>, scalar: Scalar, env: &Env) -> Compiled<(Axis, Scalar)> {
    let span = parts.axis.expr.span;
    let (step, step_ty) = c.constant(parts.step, env)?;
    let from = parts.from.map(|expr| c.constant(expr, env)).transpose()?;
    let to = parts.to.map(|expr| c.constant(expr, env)).transpose()?;
    let real = |ty: Type| matches!(ty, Type::Real | Type::Decimal);
    let ty = match scalar.ty {
        Type::Datetime | Type::Timespan => scalar.ty,
        Type::Dynamic if step_ty == Type::Timespan => Type::Datetime,
        ty if ty.is_number() || ty == Type::Dynamic => {
            let any = real(ty) || real(step_ty) || from.as_ref().is_some_and(|(_, ty)| real(*ty));
            if any { Type::Real } else { Type::Long }
        }
        ty => {
            return Err(Diagnostic::error(format!("the axis of a series cannot be {ty}"), span)
                .help("it is a datetime, a timespan or a number"));
        }
    };
    let timed = matches!(ty, Type::Datetime | Type::Timespan);
    if timed != (step_ty == Type::Timespan) {
        return Err(Diagnostic::error(format!("a step of {step_ty} on an axis of {}", scalar.ty), parts.step.span)
            .help("times take a timespan such as 1h, numbers a number"));
    }
    let bound = |bound: Option<(Value<'static>, Type)>, at: Span| match bound {
        Some((value, _)) => match cast(&value, ty) {
            Value::Null => Err(Diagnostic::error(format!("the end of a range on an axis of {ty} is a {ty}"), at)),
            value => Ok(Some(value)),
        },
        None => Ok(None),
    };
    let from = bound(from, parts.from.map_or(span, |e| e.span))?;
    let to = bound(to, parts.to.map_or(span, |e| e.span))?;
    let step_number = number(&step).filter(|step| *step > 0.0);
    let Some(step_number) = step_number else {
        return Err(Diagnostic::error("the step of a series is greater than 0", parts.step.span));
    };
    let exact = (from.as_ref().and_then(whole), to.as_ref().and_then(whole), whole(&step));
    let axis = Axis {
        ty,
        from: from.as_ref().and_then(number),
        to: to.as_ref().and_then(number),
        step: step_number,
        exact,
        inclusive: parts.inclusive,
    };
    if let (Some(last), Some(_)) = (axis.last(), axis.from)
        && last >= MAX_ELEMENTS
    {
        return Err(Diagnostic::error(format!("a series of more than {MAX_ELEMENTS} values"), parts.step.span)
            .help("take a longer step or a shorter range"));
    }
    let scalar =
        if scalar.ty == ty || (scalar.ty.is_number() && ty == Type::Long) { scalar } else { convert(scalar, ty) };
    Ok((axis, scalar))
}

fn lay_out(
    lists: &[Vec<Value<'_>>],
    rows: usize,
    key_at: usize,
    fillers: &[Json],
    axis: Axis,
    nonempty: bool,
) -> Result<Vec<Made>, String> {
    let mut order: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    for row in 0..rows {
        let key: Vec<String> = lists[key_at..].iter().map(|list| list[row].to_text().into_owned()).collect();
        let at = *known.entry(key).or_insert_with(|| {
            order.push(Vec::new());
            order.len() - 1
        });
        order[at].push(row);
    }
    if order.is_empty() && nonempty {
        order.push(Vec::new());
    }
    let bin_of = |row: usize| lists.first().and_then(|bins| bins.get(row)).and_then(Value::as_i64).unwrap_or(0);
    let mut made = Vec::new();
    for group in order {
        let bins = group.iter().map(|row| bin_of(*row));
        let first = if axis.from.is_some() { Some(0) } else { bins.clone().min() };
        let last = axis.last().or_else(|| bins.max());
        let (first, last) = match (first, last) {
            (Some(first), Some(last)) => (first, last),
            _ => (0, -1),
        };
        let length = last.saturating_sub(first).saturating_add(1).max(0);
        if length > MAX_ELEMENTS {
            return Err(format!("make-series would make {length} values: take a longer step or a shorter range"));
        }
        let mut cells: Vec<Vec<Json>> = fillers.iter().map(|filler| vec![filler.clone(); length as usize]).collect();
        for row in &group {
            let at = usize::try_from(bin_of(*row) - first).unwrap_or(usize::MAX);
            for (position, series) in cells.iter_mut().enumerate() {
                if let (Some(cell), Some(list)) = (series.get_mut(at), lists.get(position + 1)) {
                    *cell = list[*row].to_json();
                }
            }
        }
        let axis: Vec<Json> = (0..length).map(|i| axis.value(first + i).to_json()).collect();
        let cells = cells.into_iter().chain([axis]).map(|series| Value::json(&Json::Array(series))).collect();
        made.push(Made { source: group.first().copied(), from: group.iter().skip(1).copied().collect(), cells });
    }
    Ok(made)
}
