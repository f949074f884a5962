//! `manifest.json`: the chain of custody, in the form that `entrail verify` reads back.

use std::io::{self, Write};

use super::Report;

/// Writes the manifest.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report.input.manifest)?;
    out.write_all(b"\n")
}
