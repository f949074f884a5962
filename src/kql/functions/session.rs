//! What depends on a running service: random numbers are drawn from the row's place instead, what tells about the
//! service is refused. And `assert`, which refuses a whole query.

use polars::prelude::{Column, Field, PolarsResult, Schema, map_multiple};
use xxhash_rust::xxh64::xxh64;

use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Collector;
use crate::kql::relation::column;
use crate::kql::scalar::Scalar;
use crate::table::Type;

const CURSOR_HELP: &str = "cursors belong to a live database; restrict TimeGenerated instead";
const PRINCIPAL_HELP: &str = "nobody is signed in to an offline program; write the name into the query";
const PLACE_HELP: &str = "there is no cluster behind an offline program; write the name into the query";

/// A function that has no answer here.
const fn refused(
    names: &'static [&'static str],
    usage: &'static str,
    ty: Type,
    body: fn(&Call<'_, '_>) -> Compiled<Scalar>,
) -> Function {
    Function {
        names,
        usage,
        summary: "Refused: it tells about a running service.",
        takes: &[],
        rest: Some(Accepts::Any),
        gives: Gives::Type(ty),
        body: Body::Scalar(body),
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["rand"],
        usage: "rand([n])",
        summary: "A number from 0 to 1, or an integer below n, that looks random and is the same in every run.",
        takes: &[Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Real),
        body: Body::Scalar(rand),
        examples: &[("rand() between (0.0 .. 1.0)", "true"), ("rand(1)", "0")],
        ..Function::NEW
    },
    Function {
        names: &["new_guid"],
        usage: "new_guid()",
        summary: "A guid for each row that looks random and is the same in every run.",
        gives: Gives::Type(Type::Guid),
        body: Body::Scalar(new_guid),
        examples: &[("strlen(tostring(new_guid()))", "36")],
        ..Function::NEW
    },
    Function {
        names: &["assert"],
        usage: "assert(condition, message)",
        summary: "True; a query whose condition is false is refused with the message.",
        takes: &[Accepts::Bool, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Scalar(assert),
        examples: &[("assert(1 < 2, 'numbers are broken')", "true")],
        ..Function::NEW
    },
    refused(&["cursor_current", "current_cursor"], "cursor_current()", Type::String, |c| refuse(c, CURSOR_HELP)),
    refused(&["cursor_after"], "cursor_after(cursor)", Type::Bool, |c| refuse(c, CURSOR_HELP)),
    refused(&["cursor_before_or_at"], "cursor_before_or_at(cursor)", Type::Bool, |c| refuse(c, CURSOR_HELP)),
    refused(&["current_principal"], "current_principal()", Type::String, |c| refuse(c, PRINCIPAL_HELP)),
    refused(&["current_principal_details"], "current_principal_details()", Type::Dynamic, |c| {
        refuse(c, PRINCIPAL_HELP)
    }),
    refused(&["current_principal_is_member_of"], "current_principal_is_member_of(group …)", Type::Bool, |c| {
        refuse(c, PRINCIPAL_HELP)
    }),
    refused(&["current_cluster_endpoint"], "current_cluster_endpoint()", Type::String, |c| refuse(c, PLACE_HELP)),
    refused(&["current_database"], "current_database()", Type::String, |c| refuse(c, PLACE_HELP)),
    refused(&["extent_id"], "extent_id()", Type::Guid, |c| refuse(c, PLACE_HELP)),
    refused(&["extent_tags"], "extent_tags()", Type::Dynamic, |c| refuse(c, PLACE_HELP)),
];

fn refuse(call: &Call<'_, '_>, help: &str) -> Compiled<Scalar> {
    Err(Diagnostic::error(format!("`{}` has no answer here", call.name.text), call.span).help(help))
}

fn assert(call: &Call<'_, '_>) -> Compiled<Scalar> {
    match call.constant(0, "condition")? {
        Value::Bool(true) => Ok(Scalar::literal(Value::Bool(true), Type::Bool)),
        _ => Err(call.error(0, format!("assertion failed: {}", call.constant(1, "message")?.to_text()))),
    }
}

/// 64 bits for a row of one call: the call's place in the query keeps two calls apart.
fn drawn(place: usize, row: usize, salt: u64) -> u64 {
    xxh64(&(row as u64).to_le_bytes(), (place as u64).rotate_left(32) ^ salt)
}

/// A real in [0, 1) of the upper 53 bits.
fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn guid(place: usize, row: usize) -> String {
    let bits = (u128::from(drawn(place, row, 1)) << 64) | u128::from(drawn(place, row, 2));
    // The version and variant of a random guid: RFC 9562, section 5.4.
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    crate::kql::convert::guid(&format!("{bits:032x}")).unwrap_or_default()
}

fn rand(call: &Call<'_, '_>) -> Compiled<Scalar> {
    told(call);
    let place = call.span.start;
    if call.arguments.is_empty() {
        return Ok(by_row(call, Type::Real, move |row| Value::Real(fraction(drawn(place, row, 0)))));
    }
    let limit = match call.constant(0, "limit")? {
        Value::Long(limit) if *limit >= 1 => *limit,
        _ => return Err(call.error(0, "expected a whole number above 0")),
    };
    Ok(by_row(call, Type::Long, move |row| Value::Long((drawn(place, row, 0) % limit as u64) as i64)))
}

fn new_guid(call: &Call<'_, '_>) -> Compiled<Scalar> {
    told(call);
    let place = call.span.start;
    Ok(by_row(call, Type::Guid, move |row| Value::Guid(guid(place, row).into())))
}

fn told(call: &Call<'_, '_>) {
    call.compiler.windowed();
    call.compiler.note(Diagnostic::note(format!("`{}` gives the same in every run", call.name.text), call.span));
}

/// A column made from the places of the rows; without an input, the value of the first row.
fn by_row(call: &Call<'_, '_>, ty: Type, draw: impl Fn(usize) -> Value<'static> + Send + Sync + 'static) -> Scalar {
    let Some(any) = call.scope.input.and_then(|input| input.columns.first()) else {
        return Scalar::literal(draw(0), ty);
    };
    let evaluate = move |columns: &mut [Column]| -> PolarsResult<Column> {
        let name = columns.first().map(|c| c.name().clone()).unwrap_or_default();
        let rows = columns.first().map_or(0, Column::len);
        let mut collector = Collector::new(ty, rows);
        (0..rows).for_each(|row| collector.push(draw(row)));
        Ok(collector.finish().with_name(name).into())
    };
    let expr = map_multiple(evaluate, [column(&any.name)], move |_: &Schema, fields: &[Field]| {
        let name = fields.first().map(|f| f.name().clone()).unwrap_or_default();
        Ok(Field::new(name, ty.dtype()))
    });
    Scalar::computed(expr, ty)
}
