//! Evidence in, tables and ledger out: every file is read once, in blocks, on all cores, and every record of it is
//! loaded, counted as a duplicate, or rejected with a reason.

mod duplicates;
mod file;
mod parse;
mod room;
mod steps;
mod warnings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono_tz::Tz;
use rayon::prelude::*;

use crate::error::Diagnostic;
use crate::evidence::{Entry, Limits, Manifest, Source, walk};
use crate::formats::STEPS;
use crate::table::{Builder, Cell, RecordId, Spool, Table, TableBuilder, Tables, Type};
use room::Room;
pub use room::default_memory;
pub use warnings::{cut, repaired};

/// What the responder can say about the evidence.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Zone of times that an export marks as local without naming a zone; UTC where it is not given.
    pub timezone: Option<Tz>,
    /// Limits against hostile or broken input.
    pub limits: Limits,
    /// Passwords to try on encrypted archives.
    pub passwords: Vec<String>,
    /// Bytes of memory that the run may take; [`default_memory`] where it is not given. What the tables hold beyond half
    /// of it goes to temporary files.
    pub memory: Option<u64>,
    /// Folder of temporary files; the system's own where it is not given.
    pub temp: Option<PathBuf>,
}

/// What [`ingest`] tells while it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// All files were found: how many, and their size on disk.
    Found {
        /// Files.
        files: u64,
        /// Bytes on disk.
        bytes: u64,
    },
    /// A file is being read.
    Start(&'a str),
    /// So many more bytes on disk were read.
    Bytes(u64),
    /// A file was read.
    Done(&'a str),
}

/// Everything that was read.
#[derive(Debug, Clone, Default)]
pub struct Ingested {
    /// Canonical tables.
    pub tables: Tables,
    /// The ledger.
    pub manifest: Manifest,
    /// Bytes of columns that went to temporary files.
    pub spooled: u64,
}

/// One stream of evidence, loaded.
struct Loaded {
    entry: Entry,
    builders: BTreeMap<String, TableBuilder>,
}

/// Files below this size are read side by side; larger ones one after another, each on all cores.
const SMALL: u64 = 32 << 20;

/// Reads all evidence. A path that is missing or cannot be read is an error that names it; anything wrong inside a
/// file is a warning of its entry in the manifest, and the rest is still read.
pub fn ingest(
    paths: &[PathBuf],
    options: &Options,
    progress: &(dyn for<'a> Fn(Step<'a>) + Sync),
) -> Result<Ingested, Diagnostic> {
    let found = walk(paths).map_err(|message| {
        Diagnostic::plain(message).help("name an existing file or folder that this account may read")
    })?;
    let size = |source: &Source| std::fs::metadata(&source.path).map_or(0, |meta| meta.len());
    let sizes: Vec<u64> = found.sources.iter().map(size).collect();
    progress(Step::Found { files: found.sources.len() as u64, bytes: sizes.iter().sum() });

    let memory = options.memory.unwrap_or_else(default_memory);
    let room = Room::new(memory, Spool::new(options.temp.as_deref()));
    let mut all = Collected::default();
    let mut left_out = found.left_out.into_iter().peekable();
    let mut rest = found.sources.as_slice();
    let mut sizes = sizes.as_slice();
    while !rest.is_empty() {
        let count = group(sizes);
        let (now, later) = rest.split_at(count);
        let loaded: Vec<Vec<Loaded>> = if count == 1 {
            now.iter().map(|source| file::load(source, options, &room, progress)).collect()
        } else {
            now.par_iter().map(|source| file::load(source, options, &room, progress)).collect()
        };
        for loaded in loaded.into_iter().flatten() {
            while let Some((path, reason)) = left_out.next_if(|(path, _)| *path < loaded.entry.path) {
                all.leave_out(path, reason);
            }
            all.add(loaded);
        }
        room.relieve(all.builders.values_mut());
        room.check()?;
        rest = later;
        sizes = sizes.get(count..).unwrap_or_default();
    }
    left_out.for_each(|(path, reason)| all.leave_out(path, reason));
    let mut read = all.finish(&room);
    room.check()?;
    read.tables.limit(memory);
    Ok(read)
}

/// How many of the next files are read side by side.
fn group(sizes: &[u64]) -> usize {
    let mut sum = 0;
    let fitting = sizes.iter().take(4096).take_while(|size| {
        sum += **size;
        sum <= SMALL
    });
    fitting.count().max(1)
}

#[derive(Default)]
struct Collected {
    manifest: Manifest,
    builders: BTreeMap<String, TableBuilder>,
}

impl Collected {
    fn leave_out(&mut self, path: String, reason: String) {
        self.manifest.evidence.push(Entry { path, reason, ..Entry::default() });
    }

    fn add(&mut self, loaded: Loaded) {
        let evidence = self.manifest.evidence.len() as u32;
        let mut entry = loaded.entry;
        // A file whose records all turn out to be copies still names the tables that they belong to.
        entry.tables = loaded.builders.keys().filter(|table| *table != STEPS).map(|table| (table.clone(), 0)).collect();
        self.manifest.evidence.push(entry);
        for (name, mut builder) in loaded.builders {
            builder.renumber(RecordId { evidence, number: 0 });
            match self.builders.get_mut(&name) {
                Some(whole) => whole.append(builder),
                None => {
                    self.builders.insert(name, builder);
                }
            }
        }
    }

    fn finish(mut self, room: &Room) -> Ingested {
        self.manifest.program = concat!("entrail ", env!("CARGO_PKG_VERSION")).into();
        let steps = self.builders.remove(STEPS).map(TableBuilder::finish);
        let tables: Vec<Table> =
            std::mem::take(&mut self.builders).into_values().map(|builder| room.finish(builder)).collect();
        let mut tables = duplicates::remove(tables, &mut self.manifest);
        if let Some(steps) = steps {
            tables = steps::join(&steps, tables, &mut self.manifest);
        }
        let mut result = Tables::default();
        for table in tables {
            count(&table, &mut self.manifest);
            result.insert(with_item_ids(table, &self.manifest, room));
        }
        Ingested { tables: result, manifest: self.manifest, spooled: room.spool().bytes() }
    }
}

/// Rows of the table per piece of evidence, into the ledger.
fn count(table: &Table, manifest: &mut Manifest) {
    let mut rows = vec![0; manifest.evidence.len()];
    for row in 0..table.rows() {
        if let Some(count) = rows.get_mut(table.record(row).evidence as usize) {
            *count += 1;
        }
    }
    for (entry, rows) in manifest.evidence.iter_mut().zip(rows).filter(|(_, rows)| *rows > 0) {
        entry.tables.insert(table.schema().table.clone(), rows);
    }
}

/// Gives every row its `_ItemId`: the head of the evidence's hash and the record number, so that it is the same in
/// every run and on every machine.
fn with_item_ids(table: Table, manifest: &Manifest, room: &Room) -> Table {
    let Some(position) = table.schema().position("_ItemId") else { return table };
    let mut ids = Builder::new(Type::String);
    for row in 0..table.rows() {
        let record = table.record(row);
        let hash = manifest.evidence.get(record.evidence as usize).map_or("", |entry| entry.sha256.as_str());
        let id = format!("{}-{}", hash.get(..16).unwrap_or(hash), record.number);
        ids.push(Cell::Text(&id));
    }
    room.settle(&mut ids);
    table.with_column(position, ids.finish())
}
