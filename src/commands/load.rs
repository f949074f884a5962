//! Exports in, tables and manifest out, with a bar.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::Told;
use super::screen::{Screen, clean};
use crate::case::Case;
use crate::evidence::Entry;
use crate::ingest::{Ingested, Options, Step, ingest};
use crate::progress::{Bar, Unit};

/// Reads exports; none give no tables.
pub(super) fn exports(paths: &[PathBuf], case: &Case, screen: &Screen) -> anyhow::Result<Ingested> {
    if paths.is_empty() {
        return Ok(Ingested::default());
    }
    let options = Options { timezone: case.timezone, passwords: case.passwords.clone(), ..Options::default() };
    let bar: OnceLock<Bar> = OnceLock::new();
    let told = |step: Step<'_>| match step {
        Step::Found { bytes, .. } => {
            bar.get_or_init(|| screen.progress.start("reading", bytes, Unit::Bytes));
        }
        Step::Start(path) => bar.get().into_iter().for_each(|bar| bar.doing(&clean(path))),
        Step::Bytes(bytes) => bar.get().into_iter().for_each(|bar| bar.advance(bytes)),
        Step::Done(_) => {}
    };
    let read = ingest(paths, &options, &told);
    bar.get().into_iter().for_each(Bar::end);
    read.map_err(|diagnostic| {
        screen.diagnostics(&[diagnostic], "", "");
        Told.into()
    })
}

/// Whether something of a file was not read: then the exit code is 1. A file that is not ours was read.
pub(super) fn incomplete(entry: &Entry) -> bool {
    entry.rejected > 0 || (entry.format.is_none() && entry.reason.starts_with("cannot be"))
}
