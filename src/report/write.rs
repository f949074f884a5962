//! The output folder's files.

use std::io::{self, Write};

use rayon::prelude::*;

use super::{Dataset, Output, Report, Written, csv, findings, html, jsonl, kusto, manifest, navigator, xlsx};
use crate::error::Diagnostic;
use crate::evidence::Manifest;
use crate::table::{Schema, Tables};

type Writer = fn(&Report<'_>, &mut dyn Write) -> io::Result<()>;

/// The files of a report, in the order they are written; `run.log` comes last and is written by [`run_log`].
pub const FILES: [(&str, Writer); 7] = [
    ("manifest.json", manifest::write),
    ("findings.json", findings::write),
    ("timeline.csv", csv::write),
    ("timeline.jsonl", jsonl::write),
    ("attack-layer.json", navigator::write),
    ("report.xlsx", xlsx::write),
    ("report.html", html::write),
];

/// Writes all files but `run.log`, side by side: none needs another.
///
/// # Errors
/// The first file in order that could not be written, with what to do. Others may be complete; none is half-written.
pub fn write_all(report: &Report<'_>, output: &Output) -> Result<Vec<Written>, Diagnostic> {
    FILES.par_iter().map(|(name, write)| output.write(name, |out| write(report, out))).collect()
}

/// Writes `run.log`: the one place for what differs from run to run, such as the clock, the command line and the
/// machine.
///
/// # Errors
/// As [`write_all`].
pub fn run_log(output: &Output, lines: &[String]) -> Result<Written, Diagnostic> {
    output.write("run.log", |out| lines.iter().try_for_each(|line| writeln!(out, "{}", super::one_line(line))))
}

/// Writes each table that has rows to a file of its own, and the manifest that its `_ItemId`s refer to: an id begins with
/// the first 16 digits of the file's SHA-256 and ends with the record number. With `script`, `load.kql` holds the commands
/// that load the tables into a cluster. What an earlier run left in the folder is removed first: a table that this evidence
/// does not have must not stand beside those that it has.
///
/// # Errors
/// As [`write_all`].
pub fn convert(
    tables: &Tables,
    manifest: &Manifest,
    dataset: Dataset,
    script: bool,
    output: &Output,
) -> Result<Vec<Written>, Diagnostic> {
    let earlier = Schema::names().flat_map(|table| Dataset::ALL.map(|kind| kind.file(table)));
    output.clear(earlier.chain(["load.kql".into(), "manifest.json".into()]))?;
    let filled: Vec<_> = tables.iter().filter(|(_, table)| table.rows() > 0).collect();
    let mut written = filled
        .par_iter()
        .map(|(name, table)| output.write(&dataset.file(name), |out| dataset.write(table, out)))
        .collect::<Result<Vec<Written>, Diagnostic>>()?;
    if script {
        written.push(output.write("load.kql", |out| kusto::write(tables, dataset, out))?);
    }
    written.push(output.write("manifest.json", |out| manifest::chain(manifest, out))?);
    Ok(written)
}
