//! `entrail hunt`: all that is known of a value, across all tables in order of time.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use polars::prelude::{Column, DataFrame};

use super::screen::{Screen, clean};
use super::{Exit, Told, given, load, rows};
use crate::cli::Hunt;
use crate::hunt::{Sighting, known, search};
use crate::ingest::Ingested;
use crate::ioc::Iocs;
use crate::kql::Answer;
use crate::report::known_lines;
use crate::table::Type;
use crate::timeline::{Fact, Reader};

/// What each row says of the event, in this order.
const FACTS: [(&str, Fact); 7] = [
    ("Operation", Fact::Operation),
    ("Result", Fact::Result),
    ("User", Fact::User),
    ("App", Fact::App),
    ("Ip", Fact::Ip),
    ("Target", Fact::Target),
    ("Session", Fact::Session),
];

pub(super) fn run(args: &Hunt, screen: &Screen) -> anyhow::Result<Exit> {
    let (iocs, exports) = wanted(args, screen)?;
    let case = given::case(&args.case, screen)?;
    let read = load::exports(exports, &case, screen)?;
    let sightings = search(&read.tables, &iocs);
    let mut out = BufWriter::new(std::io::stdout().lock());
    rows::write(&[(String::new(), answer(&read, &iocs, &sightings)?)], args.format, &mut out)?;
    out.flush()?;
    if !screen.quiet {
        for value in known(&iocs, &sightings) {
            for line in known_lines(&value) {
                eprintln!("{}: {line}", clean(&value.value));
            }
        }
        let rows: usize = read.tables.iter().map(|(_, table)| table.rows()).sum();
        eprintln!("looked at {rows} rows of {} tables", read.tables.iter().count());
    }
    let incomplete = read.manifest.evidence.iter().any(load::incomplete);
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}

/// The values, and the arguments that are exports.
fn wanted<'a>(args: &'a Hunt, screen: &Screen) -> anyhow::Result<(Iocs, &'a [PathBuf])> {
    if let Some(path) = &args.ioc {
        return Ok((given::iocs(path, screen)?, &args.arguments));
    }
    let Some((first, exports)) = args.arguments.split_first() else {
        bail!("no value given; write it as the first argument, or name a list with --ioc");
    };
    if exports.is_empty() {
        bail!("no exports given; write the value first, then files and folders: entrail hunt 203.0.113.7 exports/");
    }
    let value = first.to_str().context("the value is not Unicode text")?;
    match Iocs::one(value) {
        Ok(iocs) => Ok((iocs, exports)),
        Err(problems) => {
            screen.diagnostics(&problems, "", "");
            Err(Told.into())
        }
    }
}

/// One row a sighting.
fn answer(read: &Ingested, iocs: &Iocs, sightings: &[Sighting]) -> anyhow::Result<Answer> {
    let several = iocs.values().len() > 1;
    let mut times = Vec::new();
    let mut texts: Vec<(&str, Vec<String>)> = ["Table"].into_iter().map(|name| (name, Vec::new())).collect();
    texts.extend(FACTS.iter().map(|(name, _)| (*name, Vec::new())));
    texts.push(("Where", Vec::new()));
    texts.push(("Record", Vec::new()));
    if several {
        texts.push(("Value", Vec::new()));
    }
    let readers: std::collections::BTreeMap<&str, Reader<'_>> =
        read.tables.iter().map(|(name, table)| (name, Reader::new(table))).collect();
    for sighting in sightings {
        times.push(sighting.time);
        let facts = readers.get(sighting.table.as_str()).map(|reader| reader.facts(sighting.row)).unwrap_or_default();
        let places: BTreeSet<&str> = sighting.matches.iter().map(|(_, place)| place.as_str()).collect();
        let values: BTreeSet<usize> = sighting.matches.iter().map(|(value, _)| *value).collect();
        let values: Vec<&str> =
            values.iter().filter_map(|value| iocs.values().get(*value)).map(String::as_str).collect();
        let path = read.manifest.evidence.get(sighting.record.evidence as usize).map_or("", |entry| &entry.path);
        let cells = std::iter::once(sighting.table.clone())
            .chain(FACTS.iter().map(|(_, fact)| facts.get(*fact).to_owned()))
            .chain([places.into_iter().collect::<Vec<_>>().join(", "), format!("{path}:{}", sighting.record.number)])
            .chain(several.then(|| values.join(", ")));
        for ((_, column), cell) in texts.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    let mut columns = vec![("Time".to_owned(), Type::Datetime)];
    let mut frame = vec![Column::new("Time".into(), times)];
    for (name, values) in texts {
        columns.push((name.to_owned(), Type::String));
        frame.push(Column::new(name.into(), values));
    }
    let frame = DataFrame::new(sightings.len(), frame)?;
    Ok(Answer { columns, frame, origins: Vec::new(), notes: Vec::new() })
}
