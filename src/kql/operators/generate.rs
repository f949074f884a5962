//! Rows out of nothing: `print`, `range`, `datatable`.

use super::source::ready;
use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::arithmetic;
use crate::kql::ast::{Assignment, BinaryOp, Expr, Name};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation, fresh};
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// A `range` beyond this many rows is refused: it is a slip.
const MAX_ROWS: usize = 50_000_000;

/// `print`: one row. Unnamed columns are `print_0`, `print_1`, … by position.
pub fn print(c: &Compiler<'_>, columns: &[Assignment], env: &Env) -> Compiled<Relation> {
    let mut made: Vec<(Col, Vec<Value<'static>>)> = Vec::new();
    for (position, assignment) in columns.iter().enumerate() {
        let scalar = c.scalar_or_null(&assignment.expr, &Scope::constant(env));
        let default = format!("print_{position}");
        for (name, scalar) in super::assign::spread(assignment, scalar, Some(default)) {
            let scalar = c.settle(scalar, assignment.expr.span)?;
            let name = fresh(&name, |n| made.iter().any(|(col, _)| col.name == n));
            made.push((Col::new(name, scalar.ty), vec![scalar.constant.unwrap_or(Value::Null)]));
        }
    }
    ready(c, made, 1, columns.first().map_or(Span::default(), |a| a.expr.span))
}

/// `range name from a to b step c`: the end is included; a step of the wrong sign gives no row.
pub fn range(
    c: &Compiler<'_>,
    name: &Name,
    from: &Expr,
    to: &Expr,
    step: Option<&Expr>,
    env: &Env,
) -> Compiled<Relation> {
    let (first, ty) = c.constant(from, env)?;
    let (last, last_ty) = c.constant(to, env)?;
    let step = match step {
        Some(step) => c.constant(step, env)?,
        None if ty == Type::Datetime || ty == Type::Timespan => (Value::Timespan(36_000_000_000), Type::Timespan),
        None => (Value::Long(1), Type::Long),
    };
    let real = [ty, last_ty, step.1].iter().any(|ty| matches!(ty, Type::Real | Type::Decimal));
    let mut values: Vec<Value<'static>> = Vec::new();
    let ty = if real {
        Type::Real
    } else if ty == Type::Int {
        Type::Long
    } else {
        ty
    };
    let step = if step.1 == Type::Decimal { (crate::kql::convert::cast(&step.0, ty), ty) } else { step };
    let mut current = crate::kql::convert::cast(&first, ty);
    let ascending = match &step.0 {
        Value::Long(v) | Value::Timespan(v) => *v > 0,
        Value::Real(v) => *v > 0.0,
        _ => return Err(Diagnostic::error("the step of a range is a number or a timespan", name.span)),
    };
    let zero = matches!(&step.0, Value::Long(0) | Value::Timespan(0)) || matches!(&step.0, Value::Real(v) if *v == 0.0);
    if zero {
        return Err(Diagnostic::error("the step of a range cannot be 0", name.span));
    }
    let too_many = || Diagnostic::error(format!("a range of more than {MAX_ROWS} rows"), name.span);
    let wide = |value: &Value<'_>| match value {
        Value::Long(v) | Value::Timespan(v) | Value::Datetime(v) => Some(*v as f64),
        Value::Real(v) => Some(*v),
        _ => None,
    };
    // Told before the rows are made.
    if let (Some(first), Some(last), Some(step)) = (wide(&first), wide(&last), wide(&step.0))
        && (last - first) / step > MAX_ROWS as f64
    {
        return Err(too_many());
    }
    loop {
        let past =
            crate::kql::compare::order(&current, &last).is_none_or(|o| if ascending { o.is_gt() } else { o.is_lt() });
        if past {
            break;
        }
        if values.len() >= MAX_ROWS {
            return Err(too_many());
        }
        let next = arithmetic::compile(
            BinaryOp::Add,
            Scalar::literal(current.clone(), ty),
            Scalar::literal(step.0.clone(), step.1),
            name.span,
        )?;
        values.push(current);
        match next.constant {
            Some(value) if !value.is_null() => current = value,
            _ => break,
        }
    }
    let rows = values.len();
    let relation = ready(c, vec![(Col::new(&name.text, ty), values)], rows, name.span)?;
    Ok(Relation { ordered: true, ..relation })
}

/// `datatable (name:type, …) [ … ]`.
pub fn datatable(
    c: &Compiler<'_>,
    columns: &[(Name, Type)],
    values: &[Expr],
    span: Span,
    env: &Env,
) -> Compiled<Relation> {
    let width = columns.len().max(1);
    if !values.len().is_multiple_of(width) {
        let message = format!("{} values do not fill rows of {} columns", values.len(), columns.len());
        return Err(Diagnostic::error(message, span));
    }
    let rows = values.len() / width;
    let mut made: Vec<(Col, Vec<Value<'static>>)> =
        columns.iter().map(|(name, ty)| (Col::new(&name.text, *ty), Vec::with_capacity(rows))).collect();
    for (position, value) in values.iter().enumerate() {
        let (constant, _) = c.constant(value, env)?;
        if let Some((_, cells)) = made.get_mut(position % width) {
            cells.push(constant);
        }
    }
    Ok(Relation { ordered: true, ..ready(c, made, rows, span)? })
}
