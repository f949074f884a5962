//! Comparisons and logic, with Kusto's rules for null and for unlike types.
//!
//! `==` between null and a value is false and `!=` true, so `where x != 5` keeps rows without x
//! (null-values page); beside text a dynamic null is the empty text. Ordering with a null is null.

use std::cmp::Ordering;
use std::sync::Arc;

use polars::prelude::{NULL, lit, when};

use super::Value;
use super::ast::BinaryOp;
use super::compiler::Compiled;
use super::expression::condition;
use super::kernel::{Accepts, apply};
use super::scalar::Scalar;
use crate::error::{Diagnostic, Span};
use crate::table::Type;

/// `and`, `or`: three-valued, as polars does it.
pub fn logical(op: BinaryOp, left: Scalar, right: Scalar, at_left: Span, at_right: Span) -> Compiled<Scalar> {
    let left = condition(left, at_left)?;
    let right = condition(right, at_right)?;
    let constant = match (&left.constant, &right.constant) {
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => Some(if op == BinaryOp::And { *a && *b } else { *a || *b }),
        _ => None,
    };
    if let Some(value) = constant {
        return Ok(Scalar::literal(Value::Bool(value), Type::Bool));
    }
    let expr = if op == BinaryOp::And { left.expr.and(right.expr) } else { left.expr.or(right.expr) };
    Ok(Scalar::computed(expr, Type::Bool))
}

/// The type that holds values of all these types.
pub fn common(types: impl Iterator<Item = Type>) -> Type {
    types
        .reduce(|a, b| match (a, b) {
            _ if a == b => a,
            (Type::Dynamic, _) | (_, Type::Dynamic) => Type::Dynamic,
            _ if a.is_number() && b.is_number() => match (a, b) {
                (Type::Real, _) | (_, Type::Real) => Type::Real,
                (Type::Decimal, _) | (_, Type::Decimal) => Type::Decimal,
                _ => Type::Long,
            },
            (Type::String, _) | (_, Type::String) => Type::String,
            _ => Type::Dynamic,
        })
        .unwrap_or(Type::Dynamic)
}

/// A scalar as another type, as the `to…()` functions convert.
pub fn convert(scalar: Scalar, ty: Type) -> Scalar {
    if scalar.ty == ty {
        return scalar;
    }
    let name = scalar.name.clone();
    let decimal = scalar.ty == Type::Decimal || ty == Type::Decimal;
    let numbers = scalar.ty.is_number() && ty.is_number() && !decimal && scalar.constant.is_none();
    if numbers && (ty.dtype() == scalar.ty.dtype() || ty == Type::Real) && ty != Type::Int {
        return Scalar { expr: scalar.expr.cast(ty.dtype()), ty, ..scalar };
    }
    if scalar.is_null() {
        return Scalar::null(ty).named(name);
    }
    let kernel = Arc::new(move |values: &[Value<'_>]| {
        values.first().map_or(Value::Null, |value| super::convert::cast(value, ty).into_owned())
    });
    apply(kernel, &[scalar], &[Accepts::Any], ty).named(name)
}

/// `left op right` for `==`, `!=`, `=~`, `!~`, `<`, `<=`, `>` and `>=`.
pub fn compile(op: BinaryOp, left: Scalar, right: Scalar, span: Span) -> Compiled<Scalar> {
    check(op, &left, &right, span)?;
    let tilde = matches!(op, BinaryOp::EqualTilde | BinaryOp::NotEqualTilde);
    let decimal = left.ty == Type::Decimal || right.ty == Type::Decimal;
    let numbers = left.ty.is_number() && right.ty.is_number() && !decimal;
    let same = left.ty == right.ty && left.ty != Type::Dynamic;
    let constant = left.constant.is_some() && right.constant.is_some();
    if tilde || constant || !(same || numbers) {
        let accepts = if tilde { Accepts::Text } else { Accepts::Any };
        // A dynamic null is the empty text where it meets text.
        let texts = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
            && matches!((left.ty, right.ty), (Type::Dynamic, Type::String) | (Type::String, Type::Dynamic));
        let kernel = Arc::new(move |values: &[Value<'_>]| match values {
            [a, b] if texts => {
                let text =
                    |value: &Value<'_>| if value.is_null() { Value::text("") } else { value.clone().into_owned() };
                evaluate(op, &text(a), &text(b))
            }
            [a, b] => evaluate(op, a, b),
            _ => Value::Null,
        });
        return Ok(apply(kernel, &[left, right], &[accepts, accepts], Type::Bool));
    }
    let nullable = left.ty != Type::String;
    let both_nullable = nullable && left.constant.is_none() && right.constant.is_none();
    let either_null = left.is_null() || right.is_null();
    let (a, b) = (left.expr, right.expr);
    let expr = match op {
        BinaryOp::Equal | BinaryOp::NotEqual if !nullable => {
            if op == BinaryOp::Equal {
                a.eq(b)
            } else {
                a.neq(b)
            }
        }
        BinaryOp::Equal | BinaryOp::NotEqual if both_nullable || either_null => {
            let both = a.clone().is_null().and(b.clone().is_null());
            let compared = if op == BinaryOp::Equal { a.eq_missing(b) } else { a.neq_missing(b) };
            when(both).then(lit(NULL)).otherwise(compared)
        }
        BinaryOp::Equal => a.eq(b).fill_null(lit(false)),
        BinaryOp::NotEqual => a.neq(b).fill_null(lit(true)),
        BinaryOp::Less => a.lt(b),
        BinaryOp::LessEqual => a.lt_eq(b),
        BinaryOp::Greater => a.gt(b),
        _ => a.gt_eq(b),
    };
    Ok(Scalar::computed(expr, Type::Bool))
}

/// Refuses pairs of types that have no order or equality.
fn check(op: BinaryOp, left: &Scalar, right: &Scalar, span: Span) -> Compiled<()> {
    use Type::{Bool, Datetime, Dynamic, Guid, String, Timespan};
    let (a, b) = (left.ty, right.ty);
    let fits = a == b
        || (a.is_number() && b.is_number())
        || matches!((a, b), (Dynamic, _) | (_, Dynamic) | (String, _) | (_, String) | (Guid, _) | (_, Guid))
        || (a == Bool && b.is_number())
        || (a.is_number() && b == Bool);
    if fits {
        return Ok(());
    }
    let sign = super::ast::BINARY_OPERATORS.iter().find(|(_, known)| *known == op).map_or("", |(sign, _)| sign);
    let problem = Diagnostic::error(format!("`{sign}` cannot compare {a} with {b}"), span);
    Err(match (a, b) {
        (Datetime, _) | (_, Datetime) => problem.help("convert with todatetime(), or compare with ago(…)"),
        (Timespan, _) | (_, Timespan) => problem.help("write a timespan such as 1h"),
        _ => problem,
    })
}

/// Compares two values of any types.
pub fn evaluate(op: BinaryOp, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    let negated = matches!(op, BinaryOp::NotEqual | BinaryOp::NotEqualTilde);
    let ordering = match op {
        BinaryOp::EqualTilde | BinaryOp::NotEqualTilde => {
            return Value::Bool(equal_fold(&left.to_text(), &right.to_text()) != negated);
        }
        BinaryOp::Equal | BinaryOp::NotEqual => {
            return match (left.is_null(), right.is_null()) {
                (true, true) => Value::Null,
                (true, false) | (false, true) => Value::Bool(negated),
                _ => Value::Bool((order(left, right) == Some(Ordering::Equal)) != negated),
            };
        }
        _ if left.is_null() || right.is_null() => return Value::Null,
        _ => order(left, right),
    };
    let Some(ordering) = ordering else { return Value::Null };
    Value::Bool(match op {
        BinaryOp::Less => ordering.is_lt(),
        BinaryOp::LessEqual => ordering.is_le(),
        BinaryOp::Greater => ordering.is_gt(),
        _ => ordering.is_ge(),
    })
}

/// Whether two texts are equal but for letter case.
pub fn equal_fold(left: &str, right: &str) -> bool {
    if left.is_ascii() && right.is_ascii() {
        return left.eq_ignore_ascii_case(right);
    }
    left.to_lowercase() == right.to_lowercase()
}

/// The order of two values; unlike types meet in the type of the more specific one.
pub fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    use Value::{Bool, Datetime, Decimal, Dynamic, Guid, Long, Null, Real, String, Timespan};
    match (left, right) {
        (Null, Null) => Some(Ordering::Equal),
        (Null, _) | (_, Null) => None,
        (Long(a), Long(b)) => Some(a.cmp(b)),
        (Long(_) | Real(_), Long(_) | Real(_)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Decimal(_), Real(b)) | (Real(b), Decimal(_)) if !b.is_finite() => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Decimal(_), Long(_) | Real(_) | Decimal(_)) | (Long(_) | Real(_), Decimal(_)) => {
            // A real too large for a decimal is greater than every decimal, or less than every.
            match (left.as_decimal(), right.as_decimal()) {
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
            }
        }
        (Datetime(a), Datetime(b)) | (Timespan(a), Timespan(b)) => Some(a.cmp(b)),
        (Bool(a), Bool(b)) => Some(a.cmp(b)),
        (Bool(a), other @ (Long(_) | Real(_) | Decimal(_))) => f64::from(u8::from(*a)).partial_cmp(&other.as_f64()?),
        (Long(_) | Real(_) | Decimal(_), Bool(_)) => order(right, left).map(Ordering::reverse),
        (String(a), String(b)) => Some(a.cmp(b)),
        (Guid(a), Guid(b)) => Some(a.cmp(b)),
        (Guid(a), String(b)) => Some(a.as_ref().cmp(b.to_lowercase().as_str())),
        (Dynamic(a), Dynamic(b)) => dynamics(a, b),
        (Dynamic(_), String(b)) => Some(left.to_text().as_ref().cmp(b.as_ref())).map(|o| bools(left, b).unwrap_or(o)),
        (Dynamic(_), Guid(b)) => Some(left.to_text().to_lowercase().as_str().cmp(b)),
        (Dynamic(_), typed) => match super::convert::cast(left, typed.ty()) {
            // A number that the narrower type cannot hold is still a number.
            Null | Long(_) if matches!(typed, Long(_)) => order(&super::convert::cast(left, Type::Real), typed),
            Null => None,
            cast => order(&cast, typed),
        },
        // A number literal beside a text column: `ResultType == 0`.
        (String(a), Long(_) | Real(_)) => match a.trim().parse::<f64>() {
            Ok(number) => number.partial_cmp(&right.as_f64()?),
            Err(_) => Some(a.as_ref().cmp(right.to_text().as_ref())),
        },
        (String(a), Decimal(b)) => match crate::table::Decimal::parse(a) {
            Some(a) => Some(a.cmp(b)),
            None => Some(a.as_ref().cmp(right.to_text().as_ref())),
        },
        (String(a), Bool(_)) => Some(a.to_lowercase().as_str().cmp(&right.to_text().to_lowercase())),
        (String(_), typed) => order(&super::convert::cast(left, typed.ty()), typed),
        (_, String(_) | Dynamic(_)) => order(right, left).map(Ordering::reverse),
        _ => None,
    }
}

/// `dynamic(true) == "True"`: published rules compare JSON booleans with either spelling.
fn bools(json: &Value<'_>, text: &str) -> Option<Ordering> {
    let written = match json {
        Value::Dynamic(written) => written.as_ref(),
        _ => return None,
    };
    (matches!(written, "true" | "false") && written.eq_ignore_ascii_case(text)).then_some(Ordering::Equal)
}

fn dynamics(a: &str, b: &str) -> Option<Ordering> {
    if a == b {
        return Some(Ordering::Equal);
    }
    // Whole numbers are compared digit by digit: a real would take long ones for equal.
    if let (Ok(a), Ok(b)) = (a.parse::<i128>(), b.parse::<i128>()) {
        return Some(a.cmp(&b));
    }
    match (serde_json::from_str::<serde_json::Value>(a), serde_json::from_str::<serde_json::Value>(b)) {
        (Ok(serde_json::Value::Number(a)), Ok(serde_json::Value::Number(b))) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Ok(a), Ok(b)) if a == b => Some(Ordering::Equal),
        _ => Some(super::undress(a).cmp(&super::undress(b))),
    }
}
