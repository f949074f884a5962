//! The output folder's files.

use rayon::prelude::*;

use super::{Dataset, FORMATS, Format, Output, Report, Written, kusto, manifest};
use crate::error::Diagnostic;
use crate::evidence::Manifest;
use crate::table::{Schema, Tables};

/// Writes these outputs, side by side: none needs another. What an earlier report in the folder had beside them is
/// removed, so that the files of a folder are of one run.
///
/// # Errors
/// The first file in order that could not be written, with what to do. Others may be complete; none is half-written.
pub fn write_all(
    report: &Report<'_>,
    output: &Output,
    formats: &[&'static Format],
) -> Result<Vec<Written>, Diagnostic> {
    for other in FORMATS.iter().filter(|format| !formats.iter().any(|chosen| chosen.file == format.file)) {
        output.remove(other.file)?;
    }
    formats.par_iter().map(|format| output.write(format.file, |out| (format.write)(report, out))).collect()
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
