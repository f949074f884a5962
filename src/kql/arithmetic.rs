//! `+ - * / %` and unary minus, with Kusto's types.

use std::sync::Arc;

use polars::prelude::lit;

use super::Value;
use super::ast::BinaryOp;
use super::compare::convert;
use super::compiler::Compiled;
use super::kernel::{Accepts, apply};
use super::scalar::Scalar;
use crate::error::{Diagnostic, Span};
use crate::table::{MAX_TICKS, MIN_TICKS, Type};

/// `-x`.
pub fn negate(operand: Scalar, span: Span) -> Compiled<Scalar> {
    let zero = match operand.ty {
        Type::Timespan => Scalar::literal(Value::Timespan(0), Type::Timespan),
        Type::Real | Type::Decimal => Scalar::literal(Value::Real(0.0), operand.ty),
        _ => Scalar::literal(Value::Long(0), Type::Long),
    };
    compile(BinaryOp::Subtract, zero, operand, span)
}

/// The type of a result, or none where the operator does not apply.
fn result(op: BinaryOp, left: Type, right: Type) -> Option<Type> {
    use BinaryOp::{Add, Divide, Modulo, Multiply, Subtract};
    use Type::{Datetime, Decimal, Dynamic, Long, Real, Timespan};
    Some(match (op, left, right) {
        (_, a, b) if a.is_number() && b.is_number() => match (a, b) {
            (Real, _) | (_, Real) => Real,
            (Decimal, _) | (_, Decimal) => Decimal,
            _ => Long,
        },
        (Subtract, Datetime, Datetime) => Timespan,
        (Add | Subtract, Datetime, Timespan) | (Add, Timespan, Datetime) => Datetime,
        (Add | Subtract | Modulo, Timespan, Timespan) | (Modulo, Datetime, Timespan) => Timespan,
        (Divide, Timespan, Timespan) => Real,
        (Multiply | Divide, Timespan, b) if b.is_number() => Timespan,
        (Multiply, a, Timespan) if a.is_number() => Timespan,
        (_, Dynamic, Dynamic) => Dynamic,
        (_, Dynamic, b) if b.is_number() => Dynamic,
        (_, a, Dynamic) if a.is_number() => Dynamic,
        _ => return None,
    })
}

/// `left op right`.
pub fn compile(op: BinaryOp, left: Scalar, right: Scalar, span: Span) -> Compiled<Scalar> {
    // A dynamic beside a time is read as that kind of time.
    let (left, right) = match (left.ty, right.ty) {
        (Type::Dynamic, Type::Datetime) => (convert(left, Type::Datetime), right),
        (Type::Datetime, Type::Dynamic) => {
            let right = convert(right, Type::Datetime);
            (left, right)
        }
        (Type::Dynamic, Type::Timespan) => (convert(left, Type::Timespan), right),
        (Type::Timespan, Type::Dynamic) => {
            let right = convert(right, Type::Timespan);
            (left, right)
        }
        _ => (left, right),
    };
    let Some(ty) = result(op, left.ty, right.ty) else {
        let sign = super::ast::BINARY_OPERATORS.iter().find(|(_, known)| *known == op).map_or("", |(sign, _)| sign);
        let problem = Diagnostic::error(format!("`{sign}` does not apply to {} and {}", left.ty, right.ty), span);
        return Err(match (left.ty, right.ty) {
            (Type::String, _) | (_, Type::String) if op == BinaryOp::Add => problem.help("join text with strcat(a, b)"),
            (Type::String, _) | (_, Type::String) => {
                problem.help("convert text with tolong(), todouble() or todatetime()")
            }
            _ => problem,
        });
    };
    let whole = ty == Type::Long && matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply);
    let plain = |ty: Type| ty.is_number() && ty != Type::Decimal;
    let real = ty == Type::Real && plain(left.ty) && plain(right.ty) && op != BinaryOp::Modulo;
    let constant = left.constant.is_some() && right.constant.is_some();
    if (whole || real) && !constant {
        let cast = |scalar: &Scalar| if real { scalar.expr.clone().cast(ty.dtype()) } else { scalar.expr.clone() };
        let (a, b) = (cast(&left), cast(&right));
        let expr = match op {
            BinaryOp::Add => a + b,
            BinaryOp::Subtract => a - b,
            BinaryOp::Multiply => a * b,
            _ => a / b,
        };
        return Ok(Scalar::computed(expr, ty));
    }
    // datetime - datetime and the like are integer arithmetic on ticks.
    let ticks =
        matches!(op, BinaryOp::Add | BinaryOp::Subtract) && left.ty.dtype() == right.ty.dtype() && !left.ty.is_number();
    if ticks && !constant && left.ty != Type::Dynamic {
        let expr = if op == BinaryOp::Add { left.expr + right.expr } else { left.expr - right.expr };
        let expr = if ty == Type::Datetime {
            polars::prelude::when(expr.clone().gt_eq(lit(MIN_TICKS)).and(expr.clone().lt_eq(lit(MAX_TICKS))))
                .then(expr)
                .otherwise(lit(polars::prelude::NULL))
        } else {
            expr
        };
        return Ok(Scalar::computed(expr, ty));
    }
    let kernel = Arc::new(move |values: &[Value<'_>]| match values {
        [a, b] => evaluate(op, a, b, ty),
        _ => Value::Null,
    });
    let accepts = if ty == Type::Dynamic { Accepts::Number } else { Accepts::Any };
    Ok(apply(kernel, &[left, right], &[accepts, accepts], ty))
}

fn evaluate(op: BinaryOp, left: &Value<'_>, right: &Value<'_>, ty: Type) -> Value<'static> {
    if ty == Type::Decimal {
        let (Some(a), Some(b)) = (left.as_decimal(), right.as_decimal()) else { return Value::Null };
        let value = match op {
            BinaryOp::Add => a.plus(b),
            BinaryOp::Subtract => a.minus(b),
            BinaryOp::Multiply => a.times(b),
            BinaryOp::Divide => a.over(b),
            _ => a.modulo(b),
        };
        return value.map_or(Value::Null, Value::Decimal);
    }
    let integer = |value: &Value<'_>| match value {
        Value::Long(v) | Value::Datetime(v) | Value::Timespan(v) => Some(*v),
        _ => None,
    };
    let real = |value: &Value<'_>| match value {
        Value::Datetime(v) | Value::Timespan(v) => Some(*v as f64),
        other => other.as_f64(),
    };
    let broken = |value: &Value<'_>| matches!(value, Value::Real(_) | Value::Decimal(_));
    let as_real = ty == Type::Real || broken(left) || broken(right);
    let number = if as_real {
        let (Some(a), Some(b)) = (real(left), real(right)) else { return Value::Null };
        let value = match op {
            BinaryOp::Add => a + b,
            BinaryOp::Subtract => a - b,
            BinaryOp::Multiply => a * b,
            BinaryOp::Divide => a / b,
            _ => a.rem_euclid(b),
        };
        match ty {
            Type::Timespan | Type::Datetime => {
                return if value.is_finite() { finish(value.round() as i64, ty) } else { Value::Null };
            }
            Type::Dynamic => return Value::json(&Value::Real(value).to_json()),
            _ => Value::Real(value),
        }
    } else {
        let (Some(a), Some(b)) = (integer(left), integer(right)) else { return Value::Null };
        let value = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Subtract => a.checked_sub(b),
            BinaryOp::Multiply => a.checked_mul(b),
            BinaryOp::Divide => a.checked_div(b),
            // The remainder is never negative (numerical-operators page).
            _ => a.checked_rem_euclid(b),
        };
        match value {
            Some(value) => finish(value, ty),
            None => Value::Null,
        }
    };
    if ty == Type::Dynamic { Value::json(&number.to_json()) } else { number }
}

fn finish(value: i64, ty: Type) -> Value<'static> {
    match ty {
        Type::Datetime if (MIN_TICKS..=MAX_TICKS).contains(&value) => Value::Datetime(value),
        Type::Datetime => Value::Null,
        Type::Timespan => Value::Timespan(value),
        _ => Value::Long(value),
    }
}
