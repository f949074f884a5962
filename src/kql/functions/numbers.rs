//! Numbers: rounding, signs, powers.

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::compare::convert;
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
        takes: &[Accepts::Real, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Real),
        naming: Naming::First,
        body: Body::Values(|values| match values {
            [Value::Real(number)] => Value::Real(number.round()),
            [Value::Real(number), Value::Long(digits)] => Value::Real(round(*number, *digits)),
            _ => Value::Null,
        }),
        examples: &[
            ("round(2.15, 1)", "2.2"),
            ("round(-50.55, -2)", "-100"),
            ("round(21.5, -1)", "20"),
            ("round(2.5)", "3"),
        ],
        ..Function::NEW
    },
];

fn round(number: f64, digits: i64) -> f64 {
    if !(-308..=308).contains(&digits) {
        return if digits > 0 { number } else { 0.0 };
    }
    let scale = 10f64.powi(digits.unsigned_abs() as i32);
    let rounded = if digits >= 0 { (number * scale).round() / scale } else { (number / scale).round() * scale };
    if rounded.is_finite() { rounded } else { number }
}
