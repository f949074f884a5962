//! Numbers: rounding, extremes, nearness.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::ast::BinaryOp;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::{Kernel, apply};
use crate::kql::scalar::Scalar;
use crate::kql::{Value, arithmetic, compare};
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["abs"],
        usage: "abs(number)",
        summary: "The value without its sign; of a timespan, too.",
        takes: &[Accepts::Any],
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let value = call.arguments[0].clone();
            match value.ty {
                Type::Dynamic => call.folded(convert(value, Type::Real).expr.abs(), Type::Real),
                Type::Decimal => {
                    let kernel = Arc::new(|values: &[Value<'_>]| match values.first() {
                        Some(Value::Decimal(number)) => Value::Decimal(number.abs()),
                        _ => Value::Null,
                    });
                    Ok(apply(kernel, &[value], &[Accepts::Any], Type::Decimal))
                }
                ty if ty.is_number() || ty == Type::Timespan => call.folded(value.expr.abs(), ty),
                ty => Err(call.error(0, format!("`abs` needs a number, found {ty}"))),
            }
        }),
        examples: &[("abs(-5)", "5"), ("abs(-1h)", "01:00:00")],
        ..Function::NEW
    },
    Function {
        names: &["round"],
        usage: "round(number [, precision])",
        summary: "The number rounded to so many digits behind the point, or before it where negative; halves away from zero.",
        takes: &[Accepts::Number, Accepts::Long],
        optional: 1,
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let kernel = Arc::new(|values: &[Value<'_>]| {
                let digits = match values.get(1) {
                    None => 0,
                    Some(Value::Long(digits)) => *digits,
                    Some(_) => return Value::Null,
                };
                match values.first() {
                    Some(Value::Real(number)) => Value::Real(round(*number, digits)),
                    Some(Value::Decimal(number)) => number.round(digits).map_or(Value::Null, Value::Decimal),
                    Some(Value::Long(number)) if digits >= 0 => Value::Long(*number),
                    Some(Value::Long(number)) => round_whole(*number, digits),
                    _ => Value::Null,
                }
            });
            number(call, kernel)
        }),
        examples: &[
            ("round(2.15, 1)", "2.2"),
            ("round(-50.55, -2)", "-100"),
            ("round(21.5, -1)", "20"),
            ("round(2.5)", "3"),
            ("round(15, -1)", "20"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["ceiling"],
        usage: "ceiling(number)",
        summary: "The least whole number that is not below the number.",
        takes: &[Accepts::Number],
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let kernel = Arc::new(|values: &[Value<'_>]| match values.first() {
                Some(Value::Real(number)) => Value::Real(number.ceil()),
                Some(Value::Decimal(number)) => number.ceiling().map_or(Value::Null, Value::Decimal),
                Some(Value::Long(number)) => Value::Long(*number),
                _ => Value::Null,
            });
            number(call, kernel)
        }),
        examples: &[("ceiling(-1.1)", "-1"), ("ceiling(0.9)", "1")],
        ..Function::NEW
    },
    Function {
        names: &["max_of"],
        usage: "max_of(value, value [, …])",
        summary: "The greatest of the values; nulls do not count.",
        takes: &[Accepts::Any, Accepts::Any],
        rest: Some(Accepts::Any),
        body: Body::Scalar(|call| Ok(extreme(call, Ordering::Greater))),
        examples: &[("max_of(10, 1, -3, 17)", "17"), ("max_of(long(null), 2)", "2")],
        ..Function::NEW
    },
    Function {
        names: &["min_of"],
        usage: "min_of(value, value [, …])",
        summary: "The least of the values; nulls do not count.",
        takes: &[Accepts::Any, Accepts::Any],
        rest: Some(Accepts::Any),
        body: Body::Scalar(|call| Ok(extreme(call, Ordering::Less))),
        examples: &[
            ("min_of(10, 1, -3, 17)", "-3"),
            ("min_of(datetime(2020-01-02), datetime(2020-01-01))", "2020-01-01T00:00:00.0000000Z"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["around"],
        usage: "around(value, center, delta)",
        summary: "Whether the value lies within center - delta and center + delta.",
        takes: &[Accepts::Any, Accepts::Any, Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| {
            let (value, center, delta) = (&call.arguments[0], &call.arguments[1], &call.arguments[2]);
            let low = arithmetic::compile(BinaryOp::Subtract, center.clone(), delta.clone(), call.span)?;
            let high = arithmetic::compile(BinaryOp::Add, center.clone(), delta.clone(), call.span)?;
            let above = compare::compile(BinaryOp::GreaterEqual, value.clone(), low, call.span)?;
            let below = compare::compile(BinaryOp::LessEqual, value.clone(), high, call.span)?;
            call.folded(above.expr.and(below.expr), Type::Bool)
        }),
        examples: &[
            ("around(datetime(2021-01-01 01:29), datetime(2021-01-01 01:30), 1min)", "true"),
            ("around(8, 5, 2)", "false"),
        ],
        ..Function::NEW
    },
];

/// A kernel whose result is of its number's type; a dynamic number is a real.
fn number(call: &Call<'_, '_>, kernel: Kernel) -> Compiled<Scalar> {
    let mut arguments = call.arguments.clone();
    if let Some(first) = arguments.first_mut() {
        match first.ty {
            Type::Dynamic | Type::String => *first = convert(first.clone(), Type::Real),
            ty if ty.is_number() => {}
            ty => return Err(call.error(0, format!("`{}` needs a number, found {ty}", call.name.text))),
        }
    }
    let ty = arguments.first().map_or(Type::Real, |first| first.ty);
    let accepts = if ty == Type::Decimal { Accepts::Any } else { Accepts::Number };
    Ok(apply(kernel, &arguments, &[accepts, Accepts::Long], ty))
}

fn extreme(call: &Call<'_, '_>, wanted: Ordering) -> Scalar {
    let ty = compare::common(call.arguments.iter().filter(|a| !(a.is_null() && a.ty == Type::Dynamic)).map(|a| a.ty));
    let arguments: Vec<Scalar> = call.arguments.iter().map(|argument| convert(argument.clone(), ty)).collect();
    let kernel = Arc::new(move |values: &[Value<'_>]| {
        let known = values.iter().filter(|value| !value.is_null());
        let best = known.reduce(|best, value| if compare::order(value, best) == Some(wanted) { value } else { best });
        best.map_or(Value::Null, |best| best.clone().into_owned())
    });
    apply(kernel, &arguments, &[Accepts::Any], ty)
}

fn round_whole(number: i64, digits: i64) -> Value<'static> {
    let scale = u32::try_from(-digits).ok().and_then(|digits| 10i64.checked_pow(digits));
    let Some(scale) = scale else { return Value::Long(0) };
    let rest = number % scale;
    let down = number - rest;
    let far = rest.unsigned_abs() >= scale.unsigned_abs().div_ceil(2);
    Value::Long(if far { down.saturating_add(scale * rest.signum()) } else { down })
}

fn round(number: f64, digits: i64) -> f64 {
    if digits == 0 {
        return number.round();
    }
    if !(-308..=308).contains(&digits) {
        return if digits > 0 { number } else { 0.0 };
    }
    let scale = 10f64.powi(digits.unsigned_abs() as i32);
    let rounded = if digits >= 0 { (number * scale).round() / scale } else { (number / scale).round() * scale };
    if rounded.is_finite() { rounded } else { number }
}
