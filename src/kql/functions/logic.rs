//! Choosing and testing: `iff`, `case`, `coalesce`, `isempty`, `now`, ….

use polars::prelude::{lit, when};

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::compare::{common, convert};
use crate::kql::compiler::{Call, Compiled};
use crate::kql::expression::condition;
use crate::kql::relation::column;
use crate::kql::scalar::Scalar;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["iff", "iif"],
        usage: "iff(condition, then, else)",
        summary: "The second argument where the condition is true, else the third.",
        takes: &[Accepts::Any, Accepts::Any, Accepts::Any],
        body: Body::Scalar(choose),
        examples: &[("iff(1 > 2, 'a', 'b')", "b"), ("iff(bool(null), 1, 2)", "2")],
        ..Function::NEW
    },
    Function {
        names: &["case"],
        usage: "case(condition, then [, condition, then …], else)",
        summary: "The value behind the first true condition, else the last argument.",
        takes: &[Accepts::Any, Accepts::Any, Accepts::Any],
        rest: Some(Accepts::Any),
        body: Body::Scalar(choose),
        examples: &[("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b")],
        ..Function::NEW
    },
    Function {
        names: &["coalesce"],
        usage: "coalesce(value, value [, …])",
        summary: "The first value that is neither null nor an empty string.",
        takes: &[Accepts::Any],
        rest: Some(Accepts::Any),
        body: Body::Scalar(coalesce),
        examples: &[("coalesce(tolong('not a number'), tolong('42'), 33)", "42"), ("coalesce('', 'b')", "b")],
        ..Function::NEW
    },
    Function {
        names: &["isempty"],
        usage: "isempty(value)",
        summary: "Whether the value is null or an empty string.",
        takes: &[Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| Ok(Scalar::computed(empty(call), Type::Bool))),
        examples: &[("isempty('')", "true"), ("isempty(long(null))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["isnotempty", "notempty"],
        usage: "isnotempty(value)",
        summary: "Whether the value is neither null nor an empty string.",
        takes: &[Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| Ok(Scalar::computed(empty(call).not(), Type::Bool))),
        examples: &[("isnotempty(' ')", "true")],
        ..Function::NEW
    },
    Function {
        names: &["isnull"],
        usage: "isnull(value)",
        summary: "Whether the value is null; a string never is.",
        takes: &[Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| Ok(Scalar::computed(call.arguments[0].expr.clone().is_null(), Type::Bool))),
        examples: &[("isnull('')", "false"), ("isnull(int(null))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["isnotnull", "notnull"],
        usage: "isnotnull(value)",
        summary: "Whether the value is not null; a string never is.",
        takes: &[Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| Ok(Scalar::computed(call.arguments[0].expr.clone().is_not_null(), Type::Bool))),
        examples: &[("isnotnull(1)", "true")],
        ..Function::NEW
    },
    Function {
        names: &["not"],
        usage: "not(condition)",
        summary: "The opposite; of null, null.",
        takes: &[Accepts::Any],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(|call| {
            let operand = condition(call.arguments[0].clone(), call.span_of(0))?;
            Ok(Scalar::computed(operand.expr.not(), Type::Bool))
        }),
        examples: &[("not(1 == 2)", "true")],
        ..Function::NEW
    },
    Function {
        names: &["now"],
        usage: "now([offset])",
        summary: "The time of the evidence's last event, of the replay step, or of --as-of; never the clock.",
        takes: &[Accepts::Timespan],
        optional: 1,
        gives: Gives::Type(Type::Datetime),
        body: Body::Scalar(|call| at(call, 1)),
        examples: &[("now(1d) - now()", "1.00:00:00")],
        ..Function::NEW
    },
    Function {
        names: &["ago"],
        usage: "ago(timespan)",
        summary: "now() less a timespan.",
        takes: &[Accepts::Timespan],
        gives: Gives::Type(Type::Datetime),
        body: Body::Scalar(|call| at(call, -1)),
        examples: &[("now() - ago(1h)", "01:00:00")],
        ..Function::NEW
    },
    Function {
        names: &["ingestion_time"],
        usage: "ingestion_time()",
        summary: "When the row was ingested: here its TimeGenerated, which the report states as an assumption.",
        gives: Gives::Type(Type::Datetime),
        body: Body::Scalar(|call| {
            let timed = call
                .scope
                .input
                .is_some_and(|input| input.find("TimeGenerated").is_some_and(|c| c.ty == Type::Datetime));
            let time = if timed {
                Scalar::computed(column("TimeGenerated"), Type::Datetime)
            } else {
                Scalar::null(Type::Datetime)
            };
            Ok(time)
        }),
        examples: &[("isnull(ingestion_time())", "true")],
        ..Function::NEW
    },
    Function {
        names: &["column_ifexists", "columnifexists"],
        usage: "column_ifexists(name, default)",
        summary: "The column of that name, or the default where there is none.",
        takes: &[Accepts::Text, Accepts::Any],
        body: Body::Scalar(|call| {
            let name = call.constant(0, "column name")?.to_text().into_owned();
            let found = call.scope.input.and_then(|input| input.find(&name));
            if let Some(table) = found.and_then(|col| col.table.as_ref()) {
                call.compiler.usage.borrow_mut().columns.insert((table.to_string(), name.clone()));
            }
            Ok(match found {
                Some(col) => Scalar::column(&name, col.ty),
                None => call.arguments[1].clone(),
            })
        }),
        examples: &[("column_ifexists('nowhere', 1)", "1")],
        naming: Naming::Own,
        ..Function::NEW
    },
];

fn empty(call: &Call<'_, '_>) -> polars::prelude::Expr {
    let value = &call.arguments[0];
    let expr = value.expr.clone();
    match value.ty {
        Type::String => expr.eq(lit("")),
        Type::Dynamic => expr.clone().is_null().or(expr.eq(lit("\"\""))).fill_null(lit(true)),
        _ => expr.is_null(),
    }
}

fn at(call: &Call<'_, '_>, sign: i64) -> Compiled<Scalar> {
    call.compiler.windowed();
    let now = call.compiler.now();
    let Some(offset) = call.argument(0) else { return Ok(Scalar::literal(Value::Datetime(now), Type::Datetime)) };
    match &offset.constant {
        Some(constant) => match crate::kql::convert::cast(constant, Type::Timespan) {
            Value::Timespan(ticks) => {
                Ok(Scalar::literal(Value::Datetime(now.saturating_add(sign * ticks)), Type::Datetime))
            }
            _ => Ok(Scalar::null(Type::Datetime)),
        },
        None if sign > 0 => Ok(Scalar::computed(lit(now) + offset.expr.clone(), Type::Datetime)),
        None => Ok(Scalar::computed(lit(now) - offset.expr.clone(), Type::Datetime)),
    }
}

/// Conditions and values in turn, and a last value.
fn choose(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let count = call.arguments.len();
    if count.is_multiple_of(2) {
        return Err(
            call.error(count - 1, format!("`{}` needs a last value for when no condition is true", call.name.text))
        );
    }
    let values = call.arguments.iter().enumerate().filter(|(i, _)| i % 2 == 1 || *i == count - 1);
    let ty =
        common(values.filter(|(_, value)| !value.is_null() || value.ty != Type::Dynamic).map(|(_, value)| value.ty));
    let mut result = convert(call.arguments[count - 1].clone(), ty).named(None);
    for pair in (0..count - 1).step_by(2).rev() {
        let test = condition(call.arguments[pair].clone(), call.span_of(pair))?;
        let value = convert(call.arguments[pair + 1].clone(), ty);
        result = match &test.constant {
            Some(Value::Bool(true)) => value.named(None),
            Some(_) => result,
            None => Scalar::computed(when(test.expr.fill_null(lit(false))).then(value.expr).otherwise(result.expr), ty),
        };
    }
    Ok(result.named(None))
}

fn coalesce(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let known = call.arguments.iter().filter(|value| !value.is_null());
    let ty = common(known.map(|value| value.ty));
    let mut result = Scalar::null(ty);
    for value in call.arguments.iter().rev() {
        let value = convert(value.clone(), ty);
        let missing = match ty {
            Type::String => value.expr.clone().eq(lit("")),
            _ => value.expr.clone().is_null(),
        };
        result = match &value.constant {
            Some(Value::Null) => result,
            Some(Value::String(text)) if text.is_empty() => result,
            Some(_) => value,
            None => Scalar::computed(when(missing).then(result.expr).otherwise(value.expr), ty),
        };
    }
    Ok(result.named(None))
}
