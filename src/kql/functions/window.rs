//! Window functions: values of the rows before and behind, in a serialized input.

use std::sync::Arc;

use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::relation::Relation;
use crate::kql::scalar::Scalar;
use crate::kql::sequence::{Sequence, sequence};
use crate::table::{Decimal, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["row_number"],
        usage: "row_number([start [, restart]])",
        summary: "The row's number, from `start` (1); counting begins anew where `restart` is true.",
        takes: &[Accepts::Long, Accepts::Bool],
        optional: 2,
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(row_number),
        examples: &[("range x from 5 to 6 step 1 | extend n = row_number(10)", "5\t10")],
        ..Function::NEW
    },
    Function {
        names: &["prev"],
        usage: "prev(column [, offset [, default]])",
        summary: "The column's value `offset` rows before this one (1), or the default where there is no such row.",
        takes: &[Accepts::Any, Accepts::Long, Accepts::Any],
        optional: 2,
        body: Body::Scalar(|call| neighbour(call, -1)),
        examples: &[("range x from 1 to 2 step 1 | extend y = prev(x, 1, 7)", "1\t7")],
        ..Function::NEW
    },
    Function {
        names: &["next"],
        usage: "next(column [, offset [, default]])",
        summary: "The column's value `offset` rows behind this one (1), or the default where there is no such row.",
        takes: &[Accepts::Any, Accepts::Long, Accepts::Any],
        optional: 2,
        body: Body::Scalar(|call| neighbour(call, 1)),
        examples: &[("range x from 1 to 2 step 1 | extend y = next(x)", "1\t2")],
        ..Function::NEW
    },
    Function {
        names: &["row_cumsum"],
        usage: "row_cumsum(term [, restart])",
        summary: "The sum of the term up to this row; it begins anew where `restart` is true.",
        takes: &[Accepts::Any, Accepts::Bool],
        optional: 1,
        body: Body::Scalar(cumulative),
        examples: &[("range x from 5 to 6 step 1 | extend s = row_cumsum(x) | top 1 by x", "6\t11")],
        ..Function::NEW
    },
    Function {
        names: &["row_rank_dense"],
        usage: "row_rank_dense(term [, restart])",
        summary: "The rank of the term: 1, and one more wherever it differs from the row before.",
        takes: &[Accepts::Any, Accepts::Bool],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(|call| rank(call, true)),
        examples: &[("datatable(a:long)[4, 4, 7] | extend r = row_rank_dense(a) | top 1 by a", "7\t2")],
        ..Function::NEW
    },
    Function {
        names: &["row_rank_min", "row_rank"],
        usage: "row_rank_min(term [, restart])",
        summary: "The rank of the term: the number of the first row of its run of equal terms.",
        takes: &[Accepts::Any, Accepts::Bool],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(|call| rank(call, false)),
        examples: &[("datatable(a:long)[4, 4, 7] | extend r = row_rank_min(a) | top 1 by a", "7\t3")],
        ..Function::NEW
    },
    Function {
        names: &["row_window_session"],
        usage: "row_window_session(time, maxFromFirst, maxBetween [, restart])",
        summary: "The first time of the session a row belongs to: a session ends when it grows too long or pauses too long.",
        takes: &[Accepts::Datetime, Accepts::Timespan, Accepts::Timespan, Accepts::Bool],
        optional: 1,
        gives: Gives::Type(Type::Datetime),
        body: Body::Scalar(session),
        examples: &[(
            "datatable(t:datetime)[datetime(2026-01-01), datetime(2026-01-01 00:30)] \
             | extend s = row_window_session(t, 1d, 1h) | top 1 by t | project s",
            "2026-01-01T00:00:00.0000000Z",
        )],
        ..Function::NEW
    },
];

/// The input, when its rows have an order.
fn ordered<'c>(call: &'c Call<'_, '_>) -> Compiled<&'c Relation> {
    call.compiler.windowed();
    match call.scope.input {
        Some(input) if input.ordered => Ok(input),
        _ => {
            let problem = Diagnostic::error(format!("`{}` needs rows in an order", call.name.text), call.span);
            Err(problem.help("put `| sort by …` before it, or `| serialize` to take the rows as they come"))
        }
    }
}

/// Where a row begins anew: the last list says so.
fn restarts(lists: &[Vec<Value<'_>>], at: usize, row: usize) -> bool {
    matches!(lists.get(at).and_then(|list| list.get(row)), Some(Value::Bool(true)))
}

fn row_number(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let input = ordered(call)?;
    let start = match call.argument(0) {
        Some(_) => call.constant(0, "first number")?.as_i64().unwrap_or(1),
        None => 1,
    };
    let kernel: Sequence = Arc::new(move |lists, rows| {
        let mut number = start.wrapping_sub(1);
        (0..rows)
            .map(|row| {
                number = if restarts(lists, 0, row) { start } else { number.wrapping_add(1) };
                Value::Long(number)
            })
            .collect()
    });
    Ok(sequence(kernel, call.arguments.get(1..).unwrap_or_default(), &[Accepts::Bool], Type::Long, input))
}

fn neighbour(call: &Call<'_, '_>, direction: i64) -> Compiled<Scalar> {
    let input = ordered(call)?;
    let offset = match call.argument(1) {
        Some(_) => call.constant(1, "offset")?.as_i64().unwrap_or(1),
        None => 1,
    };
    let ty = call.arguments[0].ty;
    let mut arguments = vec![call.arguments[0].clone()];
    arguments.extend(call.argument(2).map(|default| convert(default.clone(), ty)));
    let step = offset.saturating_mul(direction);
    let kernel: Sequence = Arc::new(move |lists, rows| {
        let Some(values) = lists.first() else { return Vec::new() };
        let missing = if ty == Type::String { Value::text("") } else { Value::Null };
        (0..rows)
            .map(|row| {
                let at = i64::try_from(row)
                    .ok()
                    .and_then(|row| row.checked_add(step))
                    .and_then(|at| usize::try_from(at).ok());
                match at.and_then(|at| values.get(at)) {
                    Some(value) => value.clone().into_owned(),
                    None => lists.get(1).and_then(|d| d.get(row)).map_or(missing.clone(), |d| d.clone().into_owned()),
                }
            })
            .collect()
    });
    Ok(sequence(kernel, &arguments, &[Accepts::Any], ty, input))
}

fn cumulative(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let input = ordered(call)?;
    let term = call.arguments[0].clone();
    let term = match term.ty {
        Type::Dynamic => convert(term, Type::Real),
        Type::Decimal => term,
        Type::Int => convert(term, Type::Long),
        ty if ty.is_number() || ty == Type::Timespan => term,
        ty => return Err(call.error(0, format!("`row_cumsum` needs numbers or timespans, found {ty}"))),
    };
    let ty = term.ty;
    let mut arguments = vec![term];
    arguments.extend(call.argument(1).cloned());
    let kernel: Sequence = Arc::new(move |lists, rows| {
        let (mut whole, mut real, mut decimal) = (0_i64, 0.0_f64, Some(Decimal::ZERO));
        let Some(terms) = lists.first() else { return Vec::new() };
        (0..rows)
            .map(|row| {
                if restarts(lists, 1, row) {
                    (whole, real, decimal) = (0, 0.0, Some(Decimal::ZERO));
                }
                match terms.get(row) {
                    Some(Value::Long(v) | Value::Timespan(v)) => whole = whole.wrapping_add(*v),
                    Some(Value::Real(v)) => real += v,
                    Some(Value::Decimal(v)) => decimal = decimal.and_then(|sum| sum.plus(*v)),
                    _ => {}
                }
                match ty {
                    Type::Timespan => Value::Timespan(whole),
                    Type::Real => Value::Real(real),
                    Type::Decimal => decimal.map_or(Value::Null, Value::Decimal),
                    _ => Value::Long(whole),
                }
            })
            .collect()
    });
    Ok(sequence(kernel, &arguments, &[Accepts::Any, Accepts::Bool], ty, input))
}

fn rank(call: &Call<'_, '_>, dense: bool) -> Compiled<Scalar> {
    let input = ordered(call)?;
    let kernel: Sequence = Arc::new(move |lists, rows| {
        let Some(terms) = lists.first() else { return Vec::new() };
        let (mut rank, mut number) = (0, 0);
        (0..rows)
            .map(|row| {
                let anew = row == 0 || restarts(lists, 1, row);
                number = if anew { 1 } else { number + 1 };
                if anew {
                    rank = 1;
                } else if terms.get(row) != terms.get(row - 1) {
                    rank = if dense { rank + 1 } else { number };
                }
                Value::Long(rank)
            })
            .collect()
    });
    Ok(sequence(kernel, &call.arguments, &[Accepts::Any, Accepts::Bool], Type::Long, input))
}

fn session(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let input = ordered(call)?;
    let kernel: Sequence = Arc::new(|lists, rows| {
        let ticks = |list: usize, row: usize| match lists.get(list).and_then(|l| l.get(row)) {
            Some(Value::Datetime(v) | Value::Timespan(v)) => Some(*v),
            _ => None,
        };
        let (mut start, mut before): (Option<i64>, Option<i64>) = (None, None);
        (0..rows)
            .map(|row| {
                let time = ticks(0, row);
                // A session is open below its limits and closes when one is reached.
                let within = |from: Option<i64>, limit: usize| match (time, from, ticks(limit, row)) {
                    (Some(time), Some(from), Some(limit)) => time < from.saturating_add(limit),
                    _ => false,
                };
                if restarts(lists, 3, row) || !within(start, 1) || !within(before, 2) {
                    start = time;
                }
                before = time;
                start.map_or(Value::Null, Value::Datetime)
            })
            .collect()
    });
    let accepts = [Accepts::Datetime, Accepts::Timespan, Accepts::Timespan, Accepts::Bool];
    Ok(sequence(kernel, &call.arguments, &accepts, Type::Datetime, input))
}
