//! Tables from plain rows: what a rule's own tests are written in.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::column::Cell;
use super::{Decimal, RecordId, Schema, Shape, Table, TableBuilder, Type, UNIX_EPOCH_TICKS};
use crate::error::{Diagnostic, Diagnostics, nearest};

impl Table {
    /// A table of these rows. An unknown column or a value of another type is an error, for a test that sets a
    /// column which does not exist would prove nothing. `datetime` is written as RFC 3339, `dynamic` as any JSON.
    pub fn from_rows(schema: Arc<Schema>, rows: &[Map<String, Value>]) -> Result<Table, Diagnostics> {
        let mut builder = TableBuilder::new(schema.clone());
        let shape = builder.shape(&Shape { name: "rows".into(), missing: Vec::new() });
        let mut problems = Diagnostics::new();
        for (number, row) in rows.iter().enumerate() {
            for (name, value) in row {
                let place = || format!("{} row {}, column {name}", schema.table, number + 1);
                let Some(position) = schema.position(name) else {
                    let names = schema.fields.iter().map(|field| field.name.as_str());
                    let help = nearest(name, names)
                        .map_or("the schema file lists the columns".into(), |near| format!("did you mean {near}?"));
                    problems.push(Diagnostic::plain(format!("{}: no such column", place())).help(help));
                    continue;
                };
                let text;
                let cell = match (schema.fields[position].ty, value) {
                    (_, Value::Null) => Cell::Null,
                    (Type::Dynamic, value) => {
                        text = value.to_string();
                        Cell::Text(&text)
                    }
                    (Type::Datetime, Value::String(written)) => match chrono::DateTime::parse_from_rfc3339(written) {
                        Ok(time) => Cell::Integer(
                            UNIX_EPOCH_TICKS
                                + time.timestamp() * super::TICKS_PER_SECOND
                                + i64::from(time.timestamp_subsec_nanos() / 100),
                        ),
                        Err(_) => {
                            problems
                                .push(Diagnostic::plain(format!("{}: {written:?} is not an RFC 3339 time", place())));
                            Cell::Null
                        }
                    },
                    (Type::String | Type::Guid, Value::String(written)) => Cell::Text(written),
                    (Type::Bool, Value::Bool(value)) => Cell::Bool(*value),
                    (Type::Int | Type::Long, Value::Number(value)) if value.is_i64() => {
                        Cell::Integer(value.as_i64().unwrap_or_default())
                    }
                    (Type::Real, Value::Number(value)) => value.as_f64().map_or(Cell::Null, Cell::Real),
                    (Type::Decimal, Value::Number(value)) => match Decimal::parse(&value.to_string()) {
                        Some(value) => {
                            text = value.key();
                            Cell::Text(&text)
                        }
                        None => Cell::Null,
                    },
                    (ty, value) => {
                        problems.push(Diagnostic::plain(format!("{}: expected {ty}, found {value}", place())));
                        Cell::Null
                    }
                };
                builder.set(position, cell);
            }
            builder.close(RecordId { evidence: 0, number: number as u64 + 1 }, shape);
        }
        if problems.is_empty() { Ok(builder.finish()) } else { Err(problems) }
    }
}
