//! `findings.schema.json`: the form of `findings.json`, for programs that read it.

use std::io::{self, Write};

use super::Report;

/// JSON Schema (draft 2020-12) of `findings.json`, as `docs/findings.schema.json` holds it.
pub const FINDINGS_SCHEMA: &str = include_str!("../../docs/findings.schema.json");

/// Writes the schema.
pub fn write(_: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(FINDINGS_SCHEMA.as_bytes())
}
