//! `entrail convert`: the tables themselves, one file each, for other engines.

use std::io::Write;

use super::screen::{Screen, clean};
use super::{Exit, Told, given, load};
use crate::cli::{Convert, TableFormat};
use crate::error::Diagnostic;
use crate::report::{self, Dataset};

pub(super) fn run(args: &Convert, screen: &Screen) -> anyhow::Result<Exit> {
    let told = |problem: Diagnostic| {
        screen.diagnostics(&[problem], "", "");
        anyhow::Error::from(Told)
    };
    let case = given::case(&args.case, screen)?;
    let output = report::prepare(&args.output, args.force, &args.exports).map_err(told)?;
    let read = load::exports(&args.exports, &case, screen)?;
    let dataset = match args.format {
        TableFormat::Jsonl => Dataset::JsonLines,
        TableFormat::Csv => Dataset::Csv,
        TableFormat::Parquet => Dataset::Parquet,
    };
    let written = report::convert(&read.tables, &read.manifest, dataset, args.kusto, &output).map_err(told)?;
    if !screen.quiet {
        let mut out = std::io::stdout().lock();
        for (name, table) in read.tables.iter().filter(|(_, table)| table.rows() > 0) {
            writeln!(out, "{}  {} rows", clean(&dataset.file(name)), table.rows())?;
        }
        writeln!(out, "{} files in {}", written.len(), clean(&output.dir().display().to_string()))?;
    }
    let incomplete = read.manifest.evidence.iter().any(load::incomplete);
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}
