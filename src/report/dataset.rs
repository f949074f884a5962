//! The tables themselves, one file each, for other engines: JSON lines and Parquet keep every value as it was loaded; CSV
//! is safe to open in a spreadsheet, which changes cells that begin like a formula.

use std::io::{self, Write};

use serde::de::IgnoredAny;

use super::csv::formula_safe;
use crate::table::{Cell, Field, Table, Type, time};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dataset {
    /// One object a line.
    JsonLines,
    /// RFC 4180 with a header line.
    Csv,
    /// Typed columns, compressed.
    Parquet,
}

impl Dataset {
    /// All kinds.
    pub const ALL: [Dataset; 3] = [Dataset::JsonLines, Dataset::Csv, Dataset::Parquet];

    /// File name of a table.
    pub fn file(self, table: &str) -> String {
        match self {
            Dataset::JsonLines => format!("{table}.jsonl"),
            Dataset::Csv => format!("{table}.csv"),
            Dataset::Parquet => format!("{table}.parquet"),
        }
    }

    /// Writes all rows of a table in the order in which they were loaded.
    ///
    /// # Errors
    /// What the output says.
    pub fn write(self, table: &Table, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Dataset::JsonLines => json_lines(table, out),
            Dataset::Csv => csv(table, out),
            Dataset::Parquet => super::parquet::write(table, out),
        }
    }
}

/// The columns that hold something in some row: engines that guess a schema from the first lines see all of it.
fn filled(table: &Table) -> Vec<(usize, &Field)> {
    let holds = |position: usize| {
        (0..table.rows()).any(|row| !matches!(table.column(position).cell(row), Cell::Null | Cell::Text("")))
    };
    table.schema().fields.iter().enumerate().filter(|(position, _)| holds(*position)).collect()
}

fn json_lines(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let columns = filled(table);
    let names: Vec<String> =
        columns.iter().map(|(_, field)| serde_json::Value::from(field.name.as_str()).to_string()).collect();
    for row in 0..table.rows() {
        for (at, ((position, field), name)) in columns.iter().zip(&names).enumerate() {
            write!(out, "{}{name}:", if at == 0 { '{' } else { ',' })?;
            json(table.column(*position).cell(row), field.ty, out)?;
        }
        out.write_all(if columns.is_empty() { b"{}\n" } else { b"}\n" })?;
    }
    Ok(())
}

fn json(cell: Cell<'_>, ty: Type, out: &mut dyn Write) -> io::Result<()> {
    match (cell, ty) {
        (Cell::Null, _) => out.write_all(b"null"),
        // Kept as it stands, so that numbers of any size survive.
        (Cell::Text(text), Type::Dynamic) if one_line_json(text) => out.write_all(text.as_bytes()),
        (Cell::Real(value), _) if value.is_finite() => Ok(serde_json::to_writer(out, &value)?),
        (Cell::Integer(value), Type::Int | Type::Long) => write!(out, "{value}"),
        (Cell::Bool(value), _) => write!(out, "{value}"),
        (cell, ty) => Ok(serde_json::to_writer(out, &text(cell, ty))?),
    }
}

fn one_line_json(text: &str) -> bool {
    !text.contains(['\n', '\r']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn csv(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    let fields = &table.schema().fields;
    writer.write_record(fields.iter().map(|field| &field.name))?;
    for row in 0..table.rows() {
        writer.write_record(fields.iter().enumerate().map(|(position, field)| {
            let text = text(table.column(position).cell(row), field.ty);
            match field.ty {
                Type::String | Type::Dynamic | Type::Guid => formula_safe(text),
                _ => text,
            }
        }))?;
    }
    writer.flush()
}

/// A value as Kusto writes it; empty where missing.
fn text(cell: Cell<'_>, ty: Type) -> String {
    match (cell, ty) {
        (Cell::Null, _) => String::new(),
        (Cell::Text(text), _) => text.to_owned(),
        (Cell::Integer(ticks), Type::Datetime) => time::iso(ticks),
        (Cell::Integer(ticks), Type::Timespan) => time::span(ticks),
        (Cell::Integer(value), _) => value.to_string(),
        (Cell::Real(value), _) if value.is_nan() => "NaN".into(),
        (Cell::Real(value), _) if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        (Cell::Real(value), _) => value.to_string(),
        (Cell::Bool(value), _) => value.to_string(),
    }
}
