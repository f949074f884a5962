//! The greatest, the least, and any.

use std::sync::Arc;

use polars::prelude::{DataType, Expr as Plan, lit, when};

use super::basic::{only, predicate};
use super::{Aggregate, Produced, columns_of, prefixed, within};
use crate::kql::ast::ExprKind;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::kql::{Value, compare};
use crate::table::Type;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["max"],
        usage: "max(expr)",
        summary: "Greatest value.",
        takes: (1, 1),
        body: |call| extreme(call, "max", true, None),
        examples: &[("datatable(a:long)[1, 3, 2] | summarize max(a)", "3")],
    },
    Aggregate {
        names: &["min"],
        usage: "min(expr)",
        summary: "Least value.",
        takes: (1, 1),
        body: |call| extreme(call, "min", false, None),
        examples: &[("datatable(a:long)[2, 1] | summarize min(a)", "1")],
    },
    Aggregate {
        names: &["maxif"],
        usage: "maxif(expr, predicate)",
        summary: "Greatest value of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| extreme(call, "maxif", true, Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 3, 2] | summarize maxif(a, a < 3)", "2")],
    },
    Aggregate {
        names: &["minif"],
        usage: "minif(expr, predicate)",
        summary: "Least value of the rows for which the predicate is true.",
        takes: (2, 2),
        body: |call| extreme(call, "minif", false, Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 3, 2] | summarize minif(a, a > 1)", "2")],
    },
    Aggregate {
        names: &["arg_max", "argmax"],
        usage: "arg_max(expr, column [, …] | *)",
        summary: "The greatest value, and other columns of the row that has it.",
        takes: (1, usize::MAX),
        body: |call| argument(call, true),
        examples: &[("datatable(a:long, b:string)[1, 'x', 2, 'y'] | summarize arg_max(a, b)", "2\ty")],
    },
    Aggregate {
        names: &["arg_min", "argmin"],
        usage: "arg_min(expr, column [, …] | *)",
        summary: "The least value, and other columns of the row that has it.",
        takes: (1, usize::MAX),
        body: |call| argument(call, false),
        examples: &[("datatable(a:long, b:string)[1, 'x', 2, 'y'] | summarize arg_min(a, b)", "1\tx")],
    },
    Aggregate {
        names: &["take_any", "any"],
        usage: "take_any(column [, …] | *)",
        summary: "The columns of any row of the group; here the first that has a value.",
        takes: (1, usize::MAX),
        body: any,
        examples: &[("datatable(a:long)[1] | summarize take_any(a)", "1")],
    },
    Aggregate {
        names: &["take_anyif", "anyif"],
        usage: "take_anyif(expr, predicate)",
        summary: "The value of any row for which the predicate is true.",
        takes: (2, 2),
        body: |call| {
            let predicate = Some(predicate(call, 1)?);
            let value = &call.arguments[0];
            let plan = filled(only(value, &predicate).drop_nulls().first(), value.ty);
            let name = value.name.clone().unwrap_or_default();
            Ok(vec![Produced::new(
                if call.name.text == "anyif" { format!("anyif_{name}") } else { name },
                plan,
                value.ty,
            )])
        },
        examples: &[("datatable(a:long)[1, 2] | summarize take_anyif(a, a > 1)", "2")],
    },
];

/// Strings are never null: the extreme of no string is the empty string.
fn filled(plan: Plan, ty: Type) -> Plan {
    if ty == Type::String { plan.fill_null(lit("")) } else { plan }
}

/// Place of the extreme where polars knows no order: a dynamic is compared as what it holds.
fn place(value: &Scalar, greatest: bool) -> Plan {
    let kernel = Arc::new(move |lists: &[Vec<Value<'_>>]| {
        let values = lists.first().into_iter().flatten().enumerate().filter(|(_, value)| !value.is_null());
        let better = |a: &Value<'_>, b: &Value<'_>| {
            compare::order(a, b).is_some_and(|order| if greatest { order.is_gt() } else { order.is_lt() })
        };
        let best = values.reduce(|best, next| if better(next.1, best.1) { next } else { best });
        best.map_or(Value::Null, |(place, _)| Value::Long(place as i64))
    });
    within(kernel, std::slice::from_ref(value), &[Accepts::Any], Type::Long)
}

fn extreme(call: &Call<'_, '_>, prefix: &str, greatest: bool, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let value = &call.arguments[0];
    let picked = only(value, &predicate);
    let plan = match value.ty {
        Type::Dynamic => picked.clone().get(place(&Scalar::computed(picked, value.ty), greatest), true),
        Type::String | Type::Guid | Type::Decimal => {
            let sorted = picked.drop_nulls().sort(Default::default());
            if greatest { sorted.last() } else { sorted.first() }
        }
        Type::Bool => {
            let number = picked.cast(DataType::Int64);
            let extreme = if greatest { number.max() } else { number.min() };
            extreme.cast(DataType::Boolean)
        }
        // One NaN makes the extreme NaN, as it makes the sum.
        Type::Real => {
            let extreme = if greatest { picked.clone().max() } else { picked.clone().min() };
            when(picked.is_nan().any(true)).then(lit(f64::NAN)).otherwise(extreme)
        }
        _ if greatest => picked.max(),
        _ => picked.min(),
    };
    Ok(vec![Produced::new(prefixed(prefix, Some(value)), filled(plan, value.ty), value.ty)])
}

fn argument(call: &Call<'_, '_>, greatest: bool) -> Compiled<Vec<Produced>> {
    let value = &call.arguments[0];
    let at = match value.ty {
        Type::Dynamic | Type::String | Type::Guid | Type::Decimal => place(value, greatest),
        Type::Bool if greatest => value.expr.clone().cast(DataType::Int64).arg_max(),
        Type::Bool => value.expr.clone().cast(DataType::Int64).arg_min(),
        Type::Real => {
            let extreme = if greatest { value.expr.clone().arg_max() } else { value.expr.clone().arg_min() };
            let nan = value.expr.clone().is_nan();
            when(nan.clone().any(true))
                .then(nan.fill_null(lit(false)).cast(DataType::Int64).arg_max())
                .otherwise(extreme)
        }
        _ if greatest => value.expr.clone().arg_max(),
        _ => value.expr.clone().arg_min(),
    };
    // A group with nothing but nulls still gives one of its rows.
    let at = when(at.clone().is_null()).then(lit(0_u32)).otherwise(at.cast(DataType::UInt32));
    let word = if greatest { "max" } else { "min" };
    let first = value.name.clone().unwrap_or_else(|| format!("{word}_"));
    let first_is_column = matches!(call.written[0].value.kind, ExprKind::Name(_));
    let mut wanted: Vec<(String, Scalar)> = vec![(first.clone(), value.clone())];
    for (position, written) in call.written.iter().enumerate().skip(1) {
        if matches!(written.value.kind, ExprKind::Star) {
            for (name, ty) in columns_of(call.scope) {
                let maximised = first_is_column && name == first;
                if !maximised && !wanted.iter().skip(1).any(|(known, _)| *known == name) {
                    wanted.push((name.clone(), Scalar::column(&name, ty)));
                }
            }
        } else {
            let scalar = call.arguments[position].clone();
            let named = written.name.as_ref().map(|name| name.text.clone()).or_else(|| scalar.name.clone());
            let name = named.unwrap_or_else(|| format!("{word}_{}_arg{position}", value.name.as_deref().unwrap_or("")));
            wanted.push((name, scalar));
        }
    }
    let produced = wanted.into_iter().map(|(name, scalar)| {
        let plan = filled(scalar.expr.clone().get(at.clone(), true), scalar.ty);
        Produced::new(name, plan, scalar.ty)
    });
    Ok(produced.collect())
}

fn any(call: &Call<'_, '_>) -> Compiled<Vec<Produced>> {
    let mut wanted: Vec<(String, Scalar)> = Vec::new();
    for (position, written) in call.written.iter().enumerate() {
        if matches!(written.value.kind, ExprKind::Star) {
            wanted
                .extend(columns_of(call.scope).into_iter().map(|(name, ty)| (name.clone(), Scalar::column(&name, ty))));
        } else {
            let scalar = call.arguments[position].clone();
            let alone = call.name.text == "any" && call.written.len() == 1;
            let name = match &scalar.name {
                Some(name) if alone => format!("any_{name}"),
                Some(name) => name.clone(),
                None if alone => "any_".to_owned(),
                None => format!("any_arg{position}"),
            };
            wanted.push((written.name.as_ref().map_or(name, |name| name.text.clone()), scalar));
        }
    }
    let several = wanted.len() > 1;
    let produced = wanted.into_iter().map(|(name, scalar)| {
        // One column: a value if there is one, and a text that is not empty; several: all of one row.
        let valued = match scalar.ty {
            Type::String => scalar.expr.clone().filter(scalar.expr.clone().neq(lit(""))),
            _ => scalar.expr.clone().drop_nulls(),
        };
        let picked = if several { scalar.expr.clone().first() } else { valued.first() };
        Produced::new(name, filled(picked, scalar.ty), scalar.ty)
    });
    Ok(produced.collect())
}
