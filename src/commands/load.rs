//! Exports in, tables and manifest out, with a bar.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

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
    let options = Options {
        timezone: case.timezone,
        passwords: case.passwords.clone(),
        memory: case.memory,
        temp: case.temp.clone(),
        ..Options::default()
    };
    let shown: OnceLock<(Bar, u64)> = OnceLock::new();
    let begun = AtomicU64::new(0);
    let told = |step: Step<'_>| match (step, shown.get()) {
        (Step::Found { files, bytes }, _) => {
            shown.get_or_init(|| (screen.progress.start("reading", bytes, Unit::Bytes), files));
        }
        (Step::Start(path), Some((bar, files))) => {
            let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
            bar.doing(&format!("file {number} of {files}  {}", clean(path)));
        }
        (Step::Bytes(bytes), Some((bar, _))) => bar.advance(bytes),
        _ => {}
    };
    let read = ingest(paths, &options, &told);
    shown.get().into_iter().for_each(|(bar, _)| bar.end());
    read.map_err(|diagnostic| {
        screen.diagnostics(&[diagnostic], "", "");
        Told.into()
    })
}

/// Whether something of a file was not read: then the exit code is 1. A file that is not ours was read.
pub(super) fn incomplete(entry: &Entry) -> bool {
    entry.rejected > 0 || (entry.format.is_none() && entry.reason.starts_with("cannot be"))
}
