//! What a command line gives: the case, the points of time, the rules.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::Told;
use super::screen::Screen;
use crate::case::Case;
use crate::cli::{CaseArgs, PackArgs};
use crate::detect::Options;
use crate::error::nearest;
use crate::finding::Severity;
use crate::ioc::Iocs;
use crate::report::Clock;
use crate::rules::{Filter, Pack};
use crate::table::time;

/// The case file, with `--as-of` in place of its `as_of`; an empty case where none is named.
pub(super) fn case(args: &CaseArgs, screen: &Screen) -> anyhow::Result<Case> {
    let mut case = match &args.case {
        None => Case::default(),
        Some(path) => {
            let source = std::fs::read_to_string(path)
                .with_context(|| format!("the case file {} cannot be read", path.display()))?;
            let folder = path.parent().unwrap_or(Path::new("."));
            match Case::read(&source, folder) {
                Ok(case) => case,
                Err(diagnostics) => {
                    screen.diagnostics(&diagnostics, &path.display().to_string(), &source);
                    return Err(Told.into());
                }
            }
        }
    };
    if let Some(written) = &args.as_of {
        let at = time::parse_iso(written);
        case.as_of =
            Some(at.with_context(|| format!("--as-of {written:?} is not a time; write it as 2026-05-04T12:00:00Z"))?);
    }
    case.passwords.clone_from(&args.password);
    case.memory = args.memory.as_deref().map(bytes).transpose()?;
    if let Some(folder) = args.temp.as_ref().filter(|folder| !folder.is_dir()) {
        bail!("--temp {}: no such folder", folder.display());
    }
    case.temp.clone_from(&args.temp);
    Ok(case)
}

/// A size such as 6G, 800M or 65536K, in bytes; the units are powers of 1024.
fn bytes(word: &str) -> anyhow::Result<u64> {
    let text = word.trim().trim_end_matches(['b', 'B']).trim_end_matches(['i', 'I']);
    let (digits, shift) = match text.chars().last().map(|unit| unit.to_ascii_uppercase()) {
        Some('K') => (&text[..text.len() - 1], 10),
        Some('M') => (&text[..text.len() - 1], 20),
        Some('G') => (&text[..text.len() - 1], 30),
        Some('T') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number: Option<f64> = digits.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    let number = number.with_context(|| format!("--memory {word:?} is not a size; write it as 6G or 800M"))?;
    Ok((number * (1_u64 << shift) as f64) as u64)
}

/// The responder's list of values to look for.
pub(super) fn iocs(path: &Path, screen: &Screen) -> anyhow::Result<Iocs> {
    let bytes = std::fs::read(path).with_context(|| format!("the list {} cannot be read", path.display()))?;
    let source = String::from_utf8(bytes).with_context(|| format!("the list {} is not UTF-8 text", path.display()))?;
    Iocs::parse(&source).map_err(|problems| {
        screen.diagnostics(&problems, &path.display().to_string(), &source);
        Told.into()
    })
}

/// What detection takes from the case.
pub(super) fn options(case: &Case, replay: bool) -> Options {
    Options {
        replay,
        as_of: case.as_of,
        watchlists: case.watchlists.clone(),
        thresholds: case.thresholds.clone(),
        places: case.places.clone(),
    }
}

/// The rules that were asked for. A pattern that matches none is refused: it would look like "nothing found".
pub(super) fn pack(args: &PackArgs) -> anyhow::Result<Pack> {
    for path in &args.queries {
        if !path.exists() {
            bail!("--queries {}: no such file or folder", path.display());
        }
    }
    let pack = if args.no_pack { Pack::default() } else { Pack::embedded() };
    let min_severity = args.min_severity.as_deref().map(|word| severity("--min-severity", word)).transpose()?;
    let filter = Filter { only: args.only.clone(), exclude: args.exclude.clone(), min_severity };
    let (pack, idle) = pack.and(&args.queries).choose(&filter);
    if let Some(pattern) = idle.first() {
        bail!("--only {pattern:?} matches no rule; `entrail rules list` shows ids, names and tactics");
    }
    if pack.rules.is_empty() && pack.broken.is_empty() {
        bail!("no rules are left to run; loosen --only, --exclude or --min-severity, or name rules with --queries");
    }
    Ok(pack)
}

/// A time zone from the command line.
pub(super) fn clock(name: Option<&str>) -> anyhow::Result<Clock> {
    let Some(name) = name else { return Ok(Clock::default()) };
    let known = || chrono_tz::TZ_VARIANTS.iter();
    if let Some(zone) = known().find(|zone| zone.name().eq_ignore_ascii_case(name)) {
        return Ok(Clock::new(*zone));
    }
    let near = nearest(name, known().map(|zone| zone.name())).map(|near| format!("; did you mean {near}?"));
    bail!("--timezone {name:?} is no time zone; write a name such as Europe/Berlin{}", near.unwrap_or_default())
}

/// A severity from the command line.
pub(super) fn severity(option: &str, word: &str) -> anyhow::Result<Severity> {
    Severity::parse(word)
        .with_context(|| format!("{option} {word:?}: the severities are informational, low, medium, high and critical"))
}
