//! `entrail query`: KQL from the command line, a file or standard input, over exports or over nothing.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use polars::prelude::Column;

use super::screen::Screen;
use super::{Exit, given, load, rows};
use crate::cli::{Query, RowFormat};
use crate::error::{Diagnostic, Diagnostics, Gravity};
use crate::evidence::Manifest;
use crate::kql::{self, Answer, Context, Part};
use crate::table::{RecordId, Type, time};

/// The text of a query and the name that its diagnostics carry.
struct Text {
    origin: String,
    kql: String,
}

pub(super) fn run(args: Query, screen: &Screen) -> anyhow::Result<Exit> {
    let (text, exports) = text(&args)?;
    let case = given::case(&args.case, screen)?;
    let read = load::exports(exports, &case, screen)?;
    let tables = &read.tables;
    let context = Context {
        tables,
        now: case.as_of.or_else(|| tables.span().map(|(_, last)| last)).unwrap_or_else(clock),
        window: None,
        watchlists: &case.watchlists,
        thresholds: &case.thresholds,
        places: case.places.clone(),
        lineage: args.lineage,
    };
    let mut answers = match kql::parts(&text.kql).and_then(|parts| answers(parts, args.format, &context)) {
        Ok(answers) => answers,
        Err(diagnostics) => {
            screen.diagnostics(&diagnostics, &text.origin, &text.kql);
            return Ok(Exit::Refused);
        }
    };
    let notes = answers.iter().flat_map(|(_, answer)| &answer.notes);
    let notes = once(notes.filter(|note| note.gravity == Gravity::Note).cloned());
    if !screen.quiet {
        screen.diagnostics(&notes, &text.origin, &text.kql);
    }
    if args.lineage {
        answers.iter_mut().for_each(|(_, answer)| add_records(answer, &read.manifest));
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    rows::write(&answers, args.format, &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Each table of the query, with its name.
fn answers(parts: Vec<Part>, format: RowFormat, context: &Context<'_>) -> Result<Vec<(String, Answer)>, Diagnostics> {
    if let (RowFormat::Csv, [_, second, ..]) = (format, parts.as_slice()) {
        let span = second.query.body.as_ref().map(|body| body.span);
        let message = format!("the query answers with {} tables, and CSV holds one", parts.len());
        let problem = Diagnostic { span, ..Diagnostic::plain(message) };
        return Err(vec![
            problem.help("take --format jsonl or json, which name the table in each row, or ask for one"),
        ]);
    }
    let (mut answers, mut problems) = (Vec::new(), Vec::new());
    for Part { name, query } in parts {
        match kql::run_tree(&query, context) {
            Ok(answer) => answers.push((name, answer)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(answers) } else { Err(once(problems)) }
}

/// What several tables share is told once.
fn once(told: impl IntoIterator<Item = Diagnostic>) -> Diagnostics {
    told.into_iter().fold(Vec::new(), |mut told, one| {
        if !told.contains(&one) {
            told.push(one);
        }
        told
    })
}

/// The records behind each row, as a last column of `path:record`.
fn add_records(answer: &mut Answer, manifest: &Manifest) {
    let told = |record: &RecordId| {
        let path = manifest.evidence.get(record.evidence as usize).map_or("", |entry| entry.path.as_str());
        format!("{path}:{}", record.number)
    };
    let rows = (0..answer.rows()).map(|row| {
        let records: Vec<String> = answer.origins.get(row).into_iter().flatten().map(told).collect();
        serde_json::Value::from(records).to_string()
    });
    let column = Column::new("_Records".into(), rows.collect::<Vec<String>>());
    if answer.frame.with_column(column).is_ok() {
        answer.columns.push(("_Records".into(), Type::Dynamic));
    }
}

/// The query's text, and the arguments that are exports.
fn text(args: &Query) -> anyhow::Result<(Text, &[PathBuf])> {
    if let Some(file) = &args.file {
        let bytes = std::fs::read(file).with_context(|| format!("the query file {} cannot be read", file.display()))?;
        let kql = decode(bytes).with_context(|| format!("the query file {} is not UTF-8 text", file.display()))?;
        return Ok((Text { origin: file.display().to_string(), kql }, &args.arguments));
    }
    let Some((first, exports)) = args.arguments.split_first() else {
        bail!("no query given; write it as the first argument, or name a file with -f, or - for standard input");
    };
    if first == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("standard input cannot be read")?;
        let kql = decode(bytes).context("the query on standard input is not UTF-8 text")?;
        return Ok((Text { origin: "<stdin>".into(), kql }, exports));
    }
    let kql = first.to_str().context("the query is not Unicode text")?.to_string();
    Ok((Text { origin: "<query>".into(), kql }, exports))
}

/// UTF-8 text without the mark that some editors put before it.
fn decode(bytes: Vec<u8>) -> anyhow::Result<String> {
    let text = String::from_utf8(bytes)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}

/// The clock. Only for queries without evidence: what `now()` means there can only be the present.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time::from_unix(since.as_secs() as i64, i64::from(since.subsec_nanos() / 100)).unwrap_or_default()
}
