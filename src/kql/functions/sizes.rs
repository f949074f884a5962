//! Amounts of data.

use super::arguments::{long_or, real, text};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::apply;
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// Units in steps of the base.
const UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["format_bytes"],
        usage: "format_bytes(bytes [, precision [, unit [, base]]])",
        summary: "A number of bytes for people, in the largest fitting unit or a given one.",
        takes: &[Accepts::Number, Accepts::Long, Accepts::Text, Accepts::Long],
        optional: 3,
        naming: Naming::First,
        body: Body::Values(format_bytes),
        examples: &[
            ("format_bytes(300)", "300 Bytes"),
            ("format_bytes(3000, 2)", "2.93 KB"),
            ("format_bytes(3000, 1, '', 1000)", "3 KB"),
            ("format_bytes(5000000, 0, 'KB')", "4883 KB"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["estimate_data_size"],
        usage: "estimate_data_size(*) or estimate_data_size(column [, …])",
        summary: "About how many bytes the columns hold in this row.",
        takes: &[Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(estimate),
        examples: &[("estimate_data_size('abc', 1, true)", "12")],
        ..Function::NEW
    },
];

fn format_bytes<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(bytes), Some(precision), Some(base)) = (real(values, 0), long_or(values, 1, 0), long_or(values, 3, 1024))
    else {
        return Value::text("");
    };
    if !(0..=15).contains(&precision) || !matches!(base, 1000 | 1024) {
        return Value::text("");
    }
    let base = base as f64;
    let wanted = text(values, 2);
    let step = match UNITS.iter().position(|unit| unit.eq_ignore_ascii_case(wanted)) {
        Some(step) => step,
        None if !wanted.is_empty() => return Value::text(""),
        None => (1..UNITS.len()).take_while(|step| bytes.abs() >= base.powi(*step as i32)).count(),
    };
    let scaled = bytes / base.powi(step as i32);
    let number = format!("{scaled:.0$}", precision as usize);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    Value::text(format!("{number} {}", UNITS.get(step).copied().unwrap_or_default()))
}

/// Text counts its bytes, everything else the width of its type.
fn estimate(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let star = call.written.iter().any(|argument| matches!(argument.value.kind, ExprKind::Star));
    let columns: Vec<Scalar> = match call.scope.input {
        Some(input) if star => {
            input.columns.iter().filter(|col| !col.hidden).map(|col| Scalar::column(&col.name, col.ty)).collect()
        }
        _ => call.arguments.clone(),
    };
    if columns.is_empty() {
        return Ok(Scalar::literal(Value::Long(0), Type::Long));
    }
    let types: Vec<Type> = columns.iter().map(|column| column.ty).collect();
    let kernel = std::sync::Arc::new(move |values: &[Value<'_>]| {
        let sizes = values.iter().zip(&types).map(|(value, ty)| match ty {
            Type::String | Type::Dynamic => text(std::slice::from_ref(value), 0).len() as i64,
            Type::Bool => 1,
            Type::Int => 4,
            Type::Guid | Type::Decimal => 16,
            _ => 8,
        });
        Value::Long(sizes.sum())
    });
    Ok(apply(kernel, &columns, &[Accepts::Any], Type::Long))
}
