//! `entrail init`: a commented case file, with suggestions from the evidence.

use std::io::Write;

use anyhow::bail;

use super::screen::{Screen, clean};
use super::{Exit, load};
use crate::case::{Case, suggest};
use crate::cli::Init;
use crate::report;
use crate::usual::Usual;

pub(super) fn run(args: &Init, screen: &Screen) -> anyhow::Result<Exit> {
    if let Some(path) = args.output.as_ref().filter(|path| path.exists()) {
        bail!("{} exists; name another file with -o, or remove it first", path.display());
    }
    let read = load::exports(&args.exports, &Case::default(), screen)?;
    let usual = (!args.exports.is_empty()).then(|| Usual::of(&read.tables));
    let text = suggest::template(usual.as_ref());
    match &args.output {
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => {
            if let Err(problem) = report::write_new(path, &args.exports, text.as_bytes()) {
                screen.diagnostics(&[problem], "", "");
                return Ok(Exit::Refused);
            }
            if !screen.quiet {
                eprintln!(
                    "{} is written; read it, and take the # away from what is true",
                    clean(&path.display().to_string())
                );
            }
        }
    }
    let incomplete = read.manifest.evidence.iter().any(load::incomplete);
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}
