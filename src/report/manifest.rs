//! `manifest.json`: the chain of custody, in the form that `entrail verify` reads back.

use std::io::{self, Write};

use super::Report;
use crate::evidence::Manifest;

/// Writes the manifest.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    chain(report.input.manifest, out)
}

/// Writes it without a report around it.
pub(super) fn chain(manifest: &Manifest, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, manifest)?;
    out.write_all(b"\n")
}
