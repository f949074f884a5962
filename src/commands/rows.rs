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

/// Writes all rows.
pub(super) fn write(answer: &Answer, format: RowFormat, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        RowFormat::Table => table(answer, out),
        RowFormat::Csv => csv(answer, out),
        RowFormat::Json => {
            out.write_all(b"[")?;
            for row in 0..answer.rows() {
                out.write_all(if row == 0 { b"\n" } else { b",\n" })?;
                out.write_all(object(answer, row).as_bytes())?;
            }
            Ok(out.write_all(b"\n]\n")?)
        }
        RowFormat::Jsonl => {
            if answer.rows() == 0 {
                let names: Vec<&str> = answer.columns.iter().map(|(name, _)| name.as_str()).collect();
                writeln!(out, "{}", serde_json::to_string(&names)?)?;
            }
            for row in 0..answer.rows() {
                writeln!(out, "{}", object(answer, row))?;
            }
            Ok(())
        }
    }
}

/// One row as a JSON object on one line, keys in column order.
fn object(answer: &Answer, row: usize) -> String {
    let mut line = String::from("{");
    for (position, (name, _)) in answer.columns.iter().enumerate() {
        if position > 0 {
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
            let text = answer.cell(row, position).to_text().into_owned();
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
            let text = clean(&answer.cell(row, position).to_text());
            match text.char_indices().nth(CELL_CHARACTERS) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        }));
    }
    Ok(writeln!(out, "{table}")?)
}
