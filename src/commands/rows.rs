//! A query's answer as a table, CSV, JSON or JSON lines.

use std::io::{IsTerminal, Write};

use comfy_table::ContentArrangement;
use serde::de::IgnoredAny;

use super::screen::{clean, grid};
use crate::cli::RowFormat;
use crate::kql::{Answer, Value};
use crate::table::Type;

/// Longest cell shown in a table for people; the other formats never cut.
const CELL_CHARACTERS: usize = 400;

/// In each row of several tables: which one it belongs to.
const TABLE: &str = "_Table";

/// In the line that stands for a table without rows: its column names.
const COLUMNS: &str = "_Columns";

/// Writes all rows of one table, or of several one after another. CSV takes one.
///
/// Of several tables, people get a heading before each; a row of JSON names its table in a first key `_Table`, and a
/// table without rows is one object of `_Table` and `_Columns`.
pub(super) fn write(tables: &[(String, Answer)], format: RowFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    match (format, tables) {
        (RowFormat::Csv, tables) => tables.iter().try_for_each(|(_, answer)| csv(answer, out)),
        (RowFormat::Table, [(_, answer)]) => table(answer, out),
        (RowFormat::Table, tables) => {
            for (position, (name, answer)) in tables.iter().enumerate() {
                let rows = answer.rows();
                let space = if position == 0 { "" } else { "\n" };
                writeln!(out, "{space}{} · {rows} {}", clean(name), if rows == 1 { "row" } else { "rows" })?;
                table(answer, out)?;
            }
            Ok(())
        }
        (RowFormat::Json, tables) => {
            out.write_all(b"[")?;
            for (position, line) in objects(tables).enumerate() {
                out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
                out.write_all(line.as_bytes())?;
            }
            Ok(out.write_all(b"\n]\n")?)
        }
        (RowFormat::Jsonl, [(_, answer)]) if answer.rows() == 0 => Ok(writeln!(out, "{}", names(answer))?),
        (RowFormat::Jsonl, tables) => objects(tables).try_for_each(|line| Ok(writeln!(out, "{line}")?)),
    }
}

/// A table's column names as a JSON array.
fn names(answer: &Answer) -> serde_json::Value {
    answer.columns.iter().map(|(name, _)| name.as_str()).collect()
}

/// All rows as JSON objects, each on one line.
fn objects(tables: &[(String, Answer)]) -> impl Iterator<Item = String> {
    let several = tables.len() > 1;
    tables.iter().flat_map(move |(name, answer)| {
        // A column of the same name must not be hidden by it.
        let taken = answer.position(TABLE).is_some();
        let key = if taken { format!("{TABLE}1") } else { TABLE.to_owned() };
        let label =
            several.then(|| format!("{}:{}", serde_json::Value::from(key), serde_json::Value::from(name.as_str())));
        let empty = label.as_ref().filter(|_| answer.rows() == 0);
        let empty = empty.map(|label| format!("{{{label},\"{COLUMNS}\":{}}}", names(answer)));
        let rows = (0..answer.rows()).map(move |row| object(answer, row, label.as_deref()));
        empty.into_iter().chain(rows)
    })
}

/// One row as a JSON object on one line, keys in column order behind the label.
fn object(answer: &Answer, row: usize, label: Option<&str>) -> String {
    let mut line = format!("{{{}", label.unwrap_or_default());
    for (position, (name, _)) in answer.columns.iter().enumerate() {
        if position > 0 || label.is_some() {
            line.push(',');
        }
        line.push_str(&serde_json::Value::from(name.as_str()).to_string());
        line.push(':');
        match answer.cell(row, position) {
            // Kept as it stands, so that numbers of any size survive.
            Value::Dynamic(text) if one_line_json(&text) => line.push_str(&text),
            value => line.push_str(&value.to_json().to_string()),
        }
    }
    line.push('}');
    line
}

fn one_line_json(text: &str) -> bool {
    !text.contains(['\n', '\r']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn csv(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(answer.columns.iter().map(|(name, _)| name))?;
    for row in 0..answer.rows() {
        let cells = answer.columns.iter().enumerate().map(|(position, (_, ty))| {
            let text = answer.cell(row, position).shown().into_owned();
            match ty {
                Type::String | Type::Dynamic | Type::Guid => formula_safe(text),
                _ => text,
            }
        });
        writer.write_record(cells)?;
    }
    Ok(writer.flush()?)
}

/// A text that a spreadsheet would take for a formula gets an apostrophe before it (CWE-1236).
fn formula_safe(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn table(answer: &Answer, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut table = grid(answer.columns.iter().map(|(name, _)| name));
    let terminal = std::io::stdout().is_terminal();
    table.set_content_arrangement(if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
    for row in 0..answer.rows() {
        table.add_row((0..answer.columns.len()).map(|position| {
            let text = clean(&answer.cell(row, position).shown());
            match text.char_indices().nth(CELL_CHARACTERS) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        }));
    }
    Ok(writeln!(out, "{table}")?)
}
