//! Rounding down to bins: `bin`, `floor`, `bin_at`, `bin_auto`.
//!
//! Values that are held as integers (int, long, datetime, timespan) are binned by integer arithmetic on the column.

use std::sync::Arc;

use polars::prelude::{Expr as Plan, NULL, lit, when};

use super::{Accepts, Body, Function, Naming};
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Binding, Call, Compiled};
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::table::{MAX_TICKS, MIN_TICKS, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["bin", "floor"],
        usage: "bin(value, size)",
        summary: "The value rounded down to a multiple of the size; null where the size is not positive.",
        takes: &[Accepts::Any, Accepts::Any],
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let (value, size) = (call.arguments[0].clone(), call.arguments[1].clone());
            binned(call, value, size, None)
        }),
        examples: &[
            ("bin(-1, 3)", "-3"),
            ("bin(4.5, 1)", "4"),
            ("bin(datetime(1970-05-11 13:45:07), 1d)", "1970-05-11T00:00:00.0000000Z"),
            ("bin(16d, 7d)", "14.00:00:00"),
            ("bin(-0.1, 0.5)", "-0.5"),
            ("bin(5, 0)", "null"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["bin_at"],
        usage: "bin_at(value, size, fixed_point)",
        summary: "The value rounded down to a bin of this size, where one bin begins at the fixed point.",
        takes: &[Accepts::Any, Accepts::Any, Accepts::Any],
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let (value, size, fixed) = (&call.arguments[0], &call.arguments[1], &call.arguments[2]);
            binned(call, value.clone(), size.clone(), Some(fixed.clone()))
        }),
        examples: &[
            ("bin_at(6.5, 2.5, 7)", "4.5"),
            ("bin_at(1h, 1d, 12h)", "-12:00:00"),
            (
                "bin_at(datetime(2017-05-15 10:20:00), 1d, datetime(1970-01-01 12:00:00))",
                "2017-05-14T12:00:00.0000000Z",
            ),
        ],
        ..Function::NEW
    },
    Function {
        names: &["bin_auto"],
        usage: "bin_auto(value)",
        summary: "The value binned by `set query_bin_auto_size=…` and, if given, `set query_bin_auto_at=…`.",
        takes: &[Accepts::Any],
        naming: Naming::First,
        body: Body::Scalar(|call| {
            let set = |name: &str| match call.scope.env.find(name) {
                Some(Binding::Scalar(value)) => Some(value.as_ref().clone()),
                _ => None,
            };
            let Some(size) = set("query_bin_auto_size") else {
                let problem = call.error(0, "`bin_auto` has no bin size");
                return Err(problem.help("put `set query_bin_auto_size=1h;` before the query"));
            };
            binned(call, call.arguments[0].clone(), size, set("query_bin_auto_at"))
        }),
        examples: &[(
            "set query_bin_auto_size=1h; datatable(t:datetime)[datetime(2017-01-01 10:59)] | project bin_auto(t)",
            "2017-01-01T10:00:00.0000000Z",
        )],
        ..Function::NEW
    },
];

fn binned(call: &Call<'_, '_>, value: Scalar, size: Scalar, fixed: Option<Scalar>) -> Compiled<Scalar> {
    use Type::{Datetime, Decimal, Long, Real, Timespan};
    let kinds: Vec<Type> = [Some(&value), Some(&size), fixed.as_ref()].into_iter().flatten().map(|s| s.ty).collect();
    let untyped = value.is_null() && value.ty == Type::Dynamic;
    let ty = match value.ty {
        Datetime | Timespan if size.ty == Timespan || size.ty == Datetime => value.ty,
        Type::Dynamic if untyped && size.ty == Timespan => Datetime,
        _ if untyped && size.ty.is_number() => size.ty,
        _ if kinds.contains(&Real) && kinds.iter().all(|ty| ty.is_number()) => Real,
        _ if kinds.contains(&Decimal) && kinds.iter().all(|ty| ty.is_number()) => Decimal,
        _ if kinds.iter().all(|ty| ty.is_number()) => Long,
        ty => {
            let problem = call.error(0, format!("`{}` does not round {ty} to {}", call.name.text, size.ty));
            return Err(match ty {
                Type::Dynamic | Type::String => problem.help("convert with todatetime(), tolong() or todouble()"),
                _ => problem.help("a datetime or timespan needs a timespan as size, a number a number"),
            });
        }
    };
    if let Some(fixed) = fixed.as_ref().filter(|fixed| !fixed.is_null() && !ty.is_number() && fixed.ty != ty) {
        return Err(call.error(2, format!("the fixed point is {}, but the value {ty}", fixed.ty)));
    }
    if ty == Decimal {
        let kernel = Arc::new(|values: &[Value<'_>]| {
            let at = |place: usize| values.get(place).and_then(Value::as_decimal);
            let (Some(value), Some(size)) = (at(0), at(1)) else { return Value::Null };
            let down = match values.get(2) {
                None => value.bin(size),
                Some(_) => at(2).and_then(|fixed| value.minus(fixed)?.bin(size)?.plus(fixed)),
            };
            down.map_or(Value::Null, Value::Decimal)
        });
        let arguments: Vec<Scalar> = [Some(value), Some(size), fixed].into_iter().flatten().collect();
        return Ok(apply(kernel, &arguments, &[Accepts::Any], Decimal));
    }
    let known_positive = match &size.constant {
        Some(Value::Long(v) | Value::Timespan(v) | Value::Datetime(v)) => *v > 0,
        Some(Value::Real(v)) => *v > 0.0,
        _ => false,
    };
    let shifted = fixed.is_some();
    let number = |scalar: Scalar| if ty.is_number() { convert(scalar, ty).expr } else { scalar.expr };
    let (base, step) = (number(value), number(size));
    let fixed = fixed.map(number);
    let from_fixed = match &fixed {
        Some(fixed) => base - fixed.clone(),
        None => base,
    };
    let down = match ty {
        Real => (from_fixed / step.clone()).floor() * step.clone(),
        _ => from_fixed.floor_div(step.clone()) * step.clone(),
    };
    let moved = match fixed {
        Some(fixed) => down + fixed,
        None => down,
    };
    // The usual case needs no test: a constant size, and bins that begin at zero.
    let expr = if known_positive && (!shifted || ty != Datetime) {
        moved
    } else {
        let zero = if ty.dtype() == Real.dtype() { lit(0.0) } else { lit(0_i64) };
        positive(step, zero, moved, ty)
    };
    call.folded(expr, ty)
}

/// The result where the size is positive and a datetime within its range.
fn positive(step: Plan, zero: Plan, result: Plan, ty: Type) -> Plan {
    let valid = step.gt(zero);
    let valid = match ty {
        Type::Datetime => {
            valid.and(result.clone().is_between(lit(MIN_TICKS), lit(MAX_TICKS), polars::prelude::ClosedInterval::Both))
        }
        _ => valid,
    };
    when(valid).then(result).otherwise(lit(NULL))
}
