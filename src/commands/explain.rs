//! `entrail explain`: what a table or a column holds.

use std::io::Write;

use anyhow::bail;

use super::Exit;
use crate::cli::Explain;
use crate::error::nearest;
use crate::table::Schema;

pub(super) fn run(args: &Explain) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    if let Some(schema) = Schema::known(&args.name) {
        writeln!(out, "{} · table, {} columns\n", schema.table, schema.fields.len())?;
        for field in &schema.fields {
            writeln!(out, "{:<42} {:<9} {}", field.name, field.ty.name(), field.description)?;
        }
        return Ok(Exit::Done);
    }
    let mut found = false;
    for schema in Schema::described().filter_map(Schema::known) {
        if let Some(field) = schema.field(&args.name) {
            found = true;
            writeln!(out, "{}.{} · {}\n    {}", schema.table, field.name, field.ty.name(), field.description)?;
        }
    }
    if found {
        return Ok(Exit::Done);
    }
    let near = nearest(&args.name, Schema::names()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    bail!("no table or column {:?}{near}", args.name)
}
