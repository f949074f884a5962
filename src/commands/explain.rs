//! `entrail explain`: what a name of the language or of the evidence means.

use std::io::{self, Write};

use anyhow::bail;

use super::Exit;
use crate::cli::Explain;
use crate::error::nearest;
use crate::kql::catalog::{self, Entry, KINDS, Status};
use crate::kql::{aggregates, functions};
use crate::table::Schema;

pub(super) fn run(args: &Explain) -> anyhow::Result<Exit> {
    let name = args.name.join(" ");
    let mut out = io::stdout().lock();
    // A word may mean several things: `count` is an operator and an aggregate.
    let parts = [
        language(&mut out, &name)?,
        function(&mut out, &name)?,
        aggregate(&mut out, &name)?,
        table(&mut out, &name)?,
        column(&mut out, &name)?,
    ];
    if parts.contains(&true) {
        return Ok(Exit::Done);
    }
    let columns = Schema::described()
        .filter_map(Schema::known)
        .flat_map(|schema| schema.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>());
    let spelled = KINDS.iter().flat_map(|(_, entries)| catalog::names(entries));
    let spelled = spelled.chain(functions::all().flat_map(|function| function.names.iter().copied()));
    let spelled = spelled.chain(aggregates::all().flat_map(|aggregate| aggregate.names.iter().copied()));
    let spelled = spelled.chain(Schema::names()).map(str::to_owned);
    let known: Vec<String> = spelled.chain(columns).collect();
    let near = nearest(&name, known.iter().map(String::as_str))
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    bail!("no function, aggregate, operator, plugin, table or column {name:?}{near}")
}

fn language(out: &mut impl Write, name: &str) -> io::Result<bool> {
    let mut found = false;
    for (kind, entries) in KINDS {
        let Some(Entry { names, usage, summary, status }) = catalog::find(entries, name) else { continue };
        head(out, names, kind, name, usage, summary)?;
        match status {
            Status::In => {}
            Status::NoEffect(why) => writeln!(out, "    no effect here: {why}")?,
            Status::Refused { reason, help } => writeln!(out, "    refused here: {reason}; {help}")?,
        }
        found = true;
    }
    Ok(found)
}

fn function(out: &mut impl Write, name: &str) -> io::Result<bool> {
    let Some(function) = functions::find(name) else { return Ok(false) };
    head(out, function.names, "scalar function", name, function.usage, function.summary)?;
    examples(out, function.examples)?;
    Ok(true)
}

fn aggregate(out: &mut impl Write, name: &str) -> io::Result<bool> {
    let Some(aggregate) = aggregates::find(name) else { return Ok(false) };
    head(out, aggregate.names, "aggregate", name, aggregate.usage, aggregate.summary)?;
    examples(out, aggregate.examples)?;
    Ok(true)
}

fn head(out: &mut impl Write, names: &[&str], kind: &str, name: &str, usage: &str, summary: &str) -> io::Result<()> {
    writeln!(out, "{name} · {kind}\n    {usage}\n    {summary}")?;
    let others: Vec<&str> = names.iter().copied().filter(|other| *other != name).collect();
    if !others.is_empty() {
        writeln!(out, "    also: {}", others.join(", "))?;
    }
    Ok(())
}

fn examples(out: &mut impl Write, examples: &[(&str, &str)]) -> io::Result<()> {
    for (query, answer) in examples {
        writeln!(out, "    e.g. {query}\n         {}", answer.replace('\t', "   "))?;
    }
    Ok(())
}

fn table(out: &mut impl Write, name: &str) -> io::Result<bool> {
    let Some(schema) = Schema::known(name) else { return Ok(false) };
    writeln!(out, "{} · table, {} columns\n", schema.table, schema.fields.len())?;
    for field in &schema.fields {
        writeln!(out, "{:<42} {:<9} {}", field.name, field.ty.name(), field.description)?;
    }
    Ok(true)
}

fn column(out: &mut impl Write, name: &str) -> io::Result<bool> {
    let mut found = false;
    for schema in Schema::described().filter_map(Schema::known) {
        if let Some(field) = schema.field(name) {
            writeln!(out, "{}.{} · {}\n    {}", schema.table, field.name, field.ty.name(), field.description)?;
            found = true;
        }
    }
    Ok(found)
}
