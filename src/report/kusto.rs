//! The commands that load converted tables into an Azure Data Explorer cluster, where the same rules run.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::dataset::Dataset;
use crate::table::{Schema, Table, Tables};

/// Name of the ingestion mappings.
const MAPPING: &str = "entrail";

/// Writes one script for all tables: create or widen, map, ingest. What only its user knows stands in `<…>`.
///
/// # Errors
/// What the output says.
pub fn write(tables: &Tables, dataset: Dataset, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "// Loads the files beside this script into an Azure Data Explorer cluster.")?;
    writeln!(out, "// 1. Upload them to a storage container.")?;
    writeln!(out, "// 2. Replace <CONTAINER-URL> by its address and <SAS> by a token that may read it.")?;
    writeln!(out, "// 3. Run the commands one after another in a database of the cluster.")?;
    for (name, table) in tables.iter().filter(|(_, table)| table.rows() > 0) {
        writeln!(out, "\n// {name}: {} rows", table.rows())?;
        create(table.schema(), out)?;
        mapping(table.schema(), dataset, out)?;
        ingest(table, dataset, out)?;
    }
    Ok(())
}

fn create(schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
    let columns: Vec<String> =
        schema.fields.iter().map(|field| format!("    {}: {}", quoted(&field.name), field.ty.name())).collect();
    writeln!(out, ".create-merge table {} (\n{}\n)", quoted(&schema.table), columns.join(",\n"))
}

fn mapping(schema: &Schema, dataset: Dataset, out: &mut dyn Write) -> io::Result<()> {
    let place = |position: usize, name: &str| match dataset {
        Dataset::JsonLines | Dataset::Parquet => json!({ "Path": format!("$['{name}']") }),
        Dataset::Csv => json!({ "Ordinal": position.to_string() }),
    };
    let columns = schema.fields.iter().enumerate().map(
        |(position, field)| json!({ "Column": field.name, "DataType": field.ty.name(), "Properties": place(position, &field.name) }),
    );
    let kind = kind(dataset);
    let mapping = Value::Array(columns.collect());
    writeln!(
        out,
        "\n.create-or-alter table {} ingestion {kind} mapping \"{MAPPING}\"\n```\n{mapping}\n```",
        quoted(&schema.table)
    )
}

fn ingest(table: &Table, dataset: Dataset, out: &mut dyn Write) -> io::Result<()> {
    let name = &table.schema().table;
    let file = dataset.file(name);
    let kind = kind(dataset);
    let more = if dataset == Dataset::Csv { ", ignoreFirstRecord=true" } else { "" };
    writeln!(
        out,
        "\n.ingest async into table {} (\n    h'<CONTAINER-URL>/{file}?<SAS>'\n) with (format='{kind}'{more}, ingestionMappingReference='{MAPPING}')",
        quoted(name)
    )
}

/// The name of a data format in commands.
fn kind(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::JsonLines => "json",
        Dataset::Csv => "csv",
        Dataset::Parquet => "parquet",
    }
}

/// A name that need not be an identifier. Names of tables and columns come from the schema files, never from logs.
fn quoted(name: &str) -> String {
    format!("['{name}']")
}
