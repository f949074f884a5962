//! Conversions: `tostring`, `tolong`, `todatetime`, `parse_json`, ….

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::compare::convert;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::kql::scalar::Scalar;
use crate::kql::{Value, undress};
use crate::table::Type;

/// A conversion to one type: it never fails, what does not fit is null.
const fn to(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    ty: Type,
    body: fn(&Call<'_, '_>) -> Compiled<Scalar>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Any],
        gives: Gives::Type(ty),
        naming: Naming::First,
        body: Body::Scalar(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    to(
        &["tostring"],
        "tostring(value)",
        "The value as text; null is the empty string.",
        Type::String,
        |c| cast(c, Type::String),
        &[("tostring(123)", "123"), ("tostring(dynamic({\"a\":1}).a)", "1")],
    ),
    to(
        &["tolong"],
        "tolong(value)",
        "The value as a 64-bit integer.",
        Type::Long,
        |c| cast(c, Type::Long),
        &[("tolong('123')", "123")],
    ),
    to(
        &["toint"],
        "toint(value)",
        "The value as a 32-bit integer; a fraction is cut.",
        Type::Int,
        |c| cast(c, Type::Int),
        &[("toint(2.3)", "2")],
    ),
    to(
        &["todouble", "toreal"],
        "todouble(value)",
        "The value as a real.",
        Type::Real,
        |c| cast(c, Type::Real),
        &[("todouble('1.5')", "1.5")],
    ),
    to(
        &["todecimal"],
        "todecimal(value)",
        "The value as a decimal.",
        Type::Decimal,
        |c| cast(c, Type::Decimal),
        &[("todecimal('1.5')", "1.5")],
    ),
    to(
        &["tobool", "toboolean"],
        "tobool(value)",
        "The value as a bool; any number but 0 is true.",
        Type::Bool,
        |c| cast(c, Type::Bool),
        &[("tobool(123)", "true")],
    ),
    to(
        &["todatetime"],
        "todatetime(value)",
        "The value as a datetime.",
        Type::Datetime,
        |c| cast(c, Type::Datetime),
        &[("todatetime('2015-12-24')", "2015-12-24T00:00:00.0000000Z")],
    ),
    to(
        &["totimespan", "totime"],
        "totimespan(value)",
        "The value as a timespan.",
        Type::Timespan,
        |c| cast(c, Type::Timespan),
        &[("totimespan('1d')", "1.00:00:00")],
    ),
    to(
        &["toguid"],
        "toguid(value)",
        "The value as a guid.",
        Type::Guid,
        |c| cast(c, Type::Guid),
        &[("toguid('70fc66f7-8279-44fc-9092-d364d70fce44')", "70fc66f7-8279-44fc-9092-d364d70fce44")],
    ),
    to(
        &["parse_json", "todynamic", "parsejson", "toobject"],
        "parse_json(text)",
        "The JSON text as a dynamic value; text that is no JSON is a dynamic string.",
        Type::Dynamic,
        parse,
        &[("parse_json('[1,2]')[1]", "2")],
    ),
    Function {
        names: &["dynamic_to_json"],
        usage: "dynamic_to_json(value)",
        summary: "The value as JSON text in one spelling: without blanks, members sorted by name; a scalar is its text.",
        takes: &[Accepts::Any],
        body: Body::Values(|values| match values.first() {
            Some(Value::Dynamic(json)) => match serde_json::from_str::<Json>(json) {
                Ok(mut tree @ (Json::Array(_) | Json::Object(_))) => {
                    tree.sort_all_objects();
                    Value::text(tree.to_string())
                }
                _ => Value::text(undress(json).into_owned()),
            },
            Some(other) => Value::text(other.to_text().into_owned()),
            None => Value::text(""),
        }),
        examples: &[
            (
                "dynamic_to_json(dynamic({\"b\": [1, {\"d\": 1, \"c\": 2}], \"a\": null}))",
                "{\"a\":null,\"b\":[1,{\"c\":2,\"d\":1}]}",
            ),
            ("todynamic(dynamic_to_json(dynamic(['[1,2]'])[0]))[1]", "2"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["gettype"],
        usage: "gettype(value)",
        summary: "The name of the value's type; for a dynamic value, of what it holds.",
        takes: &[Accepts::Any],
        body: Body::Prepared(gettype),
        examples: &[
            ("gettype(1)", "long"),
            ("gettype(1.5)", "real"),
            ("gettype(dynamic([1]))", "array"),
            ("gettype(dynamic({\"a\":1.5}).a)", "double"),
            ("gettype(parse_json(''))", "null"),
        ],
        ..Function::NEW
    },
];

fn cast(call: &Call<'_, '_>, ty: Type) -> Compiled<Scalar> {
    Ok(convert(call.arguments[0].clone(), ty))
}

/// Text is parsed; what is dynamic already stays, so that a query works on either representation of a column.
fn parse(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let value = &call.arguments[0];
    Ok(convert(value.clone(), Type::Dynamic))
}

fn gettype(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let ty = call.argument(0).map_or(Type::Dynamic, |value| value.ty);
    Ok(Arc::new(move |values| {
        let name = match values.first() {
            None | Some(Value::Null) if ty == Type::Dynamic => "null",
            Some(Value::Dynamic(json)) => match json.as_bytes().first() {
                Some(b'[') => "array",
                Some(b'{') => "dictionary",
                Some(b'"') => "string",
                Some(b't' | b'f') => "bool",
                _ if json.contains(['.', 'e', 'E']) => "double",
                _ => "long",
            },
            _ => ty.name(),
        };
        Value::text(name)
    }))
}
