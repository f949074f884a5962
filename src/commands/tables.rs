//! `entrail tables`: what each file was recognised as, and what the tables hold.

use std::io::Write;

use serde_json::json;

use super::screen::{Screen, clean, grid};
use super::{Exit, given, load};
use crate::cli::{ListFormat, TablesArgs};
use crate::ingest::Ingested;
use crate::table::time;

pub(super) fn run(args: &TablesArgs, screen: &Screen) -> anyhow::Result<Exit> {
    let case = given::case(&args.case, screen)?;
    let read = load::exports(&args.exports, &case, screen)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        ListFormat::Json => writeln!(out, "{}", serde_json::to_string_pretty(&whole(&read))?)?,
        ListFormat::Text => text(&read, &mut out)?,
    }
    let incomplete = read.manifest.evidence.iter().any(load::incomplete);
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}

fn whole(read: &Ingested) -> serde_json::Value {
    let files: Vec<_> = read
        .manifest
        .evidence
        .iter()
        .map(|entry| {
            json!({
                "path": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "format": entry.format,
                "reason": entry.reason, "tables": entry.tables, "records": entry.records, "loaded": entry.loaded,
                "duplicates": entry.duplicates, "rejected": entry.rejected, "warnings": entry.warnings,
            })
        })
        .collect();
    let tables: Vec<_> = read
        .tables
        .iter()
        .map(|(name, table)| {
            let (first, last) = table.span("TimeGenerated").unzip();
            json!({ "name": name, "rows": table.rows(), "first": first.map(time::iso), "last": last.map(time::iso) })
        })
        .collect();
    json!({ "files": files, "tables": tables })
}

fn text(read: &Ingested, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut files = grid(["file", "recognised as", "records", "loaded", "duplicates", "rejected", "tables"]);
    for entry in &read.manifest.evidence {
        let format = match &entry.format {
            Some(format) => format.clone(),
            None => format!("not read: {}", entry.reason),
        };
        let tables: Vec<String> = entry.tables.iter().map(|(name, rows)| format!("{name} {rows}")).collect();
        let counts = [entry.records, entry.loaded, entry.duplicates, entry.rejected].map(|count| count.to_string());
        let [records, loaded, duplicates, rejected] = counts;
        let cells = [&entry.path, &format, &records, &loaded, &duplicates, &rejected, &tables.join(", ")];
        files.add_row(cells.map(|text| clean(text)));
    }
    writeln!(out, "{files}\n")?;
    let mut tables = grid(["table", "rows", "first (UTC)", "last (UTC)"]);
    for (name, table) in read.tables.iter() {
        let (first, last) = table.span("TimeGenerated").unzip();
        let shown = |at: Option<i64>| at.map(time::short).unwrap_or_default();
        tables.add_row([clean(name), table.rows().to_string(), shown(first), shown(last)]);
    }
    writeln!(out, "{tables}")?;
    for entry in read.manifest.evidence.iter().filter(|entry| !entry.warnings.is_empty()) {
        writeln!(out, "\n{}", clean(&entry.path))?;
        for warning in &entry.warnings {
            writeln!(out, "  {}", clean(warning))?;
        }
    }
    Ok(())
}
