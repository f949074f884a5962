//! `entrail verify`: is the evidence still what the manifest says it was?

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::Exit;
use super::screen::clean;
use crate::cli::Verify;
use crate::evidence::{Check, Manifest, verify};

pub(super) fn run(args: &Verify) -> anyhow::Result<Exit> {
    let shown = args.manifest.display();
    let bytes = std::fs::read(&args.manifest).with_context(|| format!("the manifest {shown} cannot be read"))?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .with_context(|| format!("{shown} is not a manifest; it is called manifest.json in a report's folder"))?;
    let places = if args.evidence.is_empty() { vec![PathBuf::from(".")] } else { args.evidence.clone() };
    if let Some(missing) = places.iter().find(|place| !place.exists()) {
        bail!("--evidence {}: no such file or folder", missing.display());
    }
    let mut best: BTreeMap<String, Check> = BTreeMap::new();
    for (path, check) in places.iter().flat_map(|place| verify(&manifest, place)) {
        let better = best.get(&path).is_none_or(|known| rank(&check) < rank(known));
        if better {
            best.insert(path, check);
        }
    }
    let mut out = std::io::stdout().lock();
    let mut bad = 0;
    for (path, check) in &best {
        let word = match check {
            Check::Match => "match".to_string(),
            Check::Within => "in archive".to_string(),
            Check::Differs(found) => format!("DIFFERS, now {found}"),
            Check::Missing => "MISSING".to_string(),
            Check::Unreadable(why) => format!("UNREADABLE: {why}"),
        };
        bad += usize::from(rank(check) > 1);
        writeln!(out, "{}: {}", clean(path), clean(&word))?;
    }
    writeln!(out, "{} files, {} as they were, {bad} not", best.len(), best.len() - bad)?;
    Ok(if bad == 0 { Exit::Done } else { Exit::Incomplete })
}

/// The better of two answers counts, for a file lies in one of the places.
fn rank(check: &Check) -> u8 {
    match check {
        Check::Match => 0,
        Check::Within => 1,
        Check::Differs(_) => 2,
        Check::Unreadable(_) => 3,
        Check::Missing => 4,
    }
}
