//! `entrail rules check`: compiles rules, says what they read, and runs them on request.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::json;

use super::screen::{Screen, clean};
use super::{Exit, given, load};
use crate::case::Case;
use crate::cli::{ListFormat, RulesCheck};
use crate::detect::abreast;
use crate::error::{Diagnostic, Diagnostics, Gravity};
use crate::kql::{self, Context, Usage};
use crate::rules::{Loaded, Pack, Rule};
use crate::table::{Tables, UNIX_EPOCH_TICKS};

/// What is said of one file.
struct Checked {
    path: String,
    name: String,
    source: String,
    diagnostics: Diagnostics,
    usage: Usage,
    /// Rows of the answer, where it was run.
    rows: Option<usize>,
}

impl Checked {
    fn ok(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.gravity == Gravity::Note)
    }
}

pub(super) fn run(args: &RulesCheck, screen: &Screen) -> anyhow::Result<Exit> {
    let case = given::case(&args.case, screen)?;
    let Loaded { rules, broken } = if args.paths.is_empty() {
        if let Some(taken) = args.run.iter().find(|path| crate::rules::holds(path)) {
            screen.diagnostics(&[swallowed(taken)], "", "");
        }
        let pack = Pack::embedded();
        Loaded { rules: pack.rules, broken: pack.broken }
    } else {
        crate::rules::load(&args.paths)
    };
    let tables = match args.run.is_empty() {
        true => None,
        false => Some(load::exports(&args.run, &case, screen)?.tables),
    };
    let threads = rayon::current_num_threads();
    let mut checked = abreast(&rules, threads, |rule| check(rule, &case, tables.as_ref()));
    checked.extend(broken.into_iter().map(|file| Checked {
        name: file.path.clone(),
        path: file.path,
        source: file.source,
        diagnostics: file.diagnostics,
        usage: Usage::default(),
        rows: None,
    }));
    checked.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = std::io::stdout().lock();
    for one in &checked {
        match args.format {
            ListFormat::Json => writeln!(out, "{}", line(one, tables.is_some()))?,
            ListFormat::Text => text(one, screen, &mut out)?,
        }
    }
    let good = checked.iter().filter(|one| one.ok()).count();
    if args.format == ListFormat::Text {
        writeln!(out, "{good} of {} rules are ok", checked.len())?;
    }
    if checked.is_empty() {
        anyhow::bail!("no rules there; .yaml, .yml and .kql files are looked for");
    }
    Ok(if good == checked.len() { Exit::Done } else { Exit::Incomplete })
}

/// `--run` takes every path that follows it, so that rules named behind it are taken for exports.
fn swallowed(path: &Path) -> Diagnostic {
    let message = format!("{} holds rules, but stands behind --run and is read as exports", path.display());
    let problem = Diagnostic { gravity: Gravity::Note, ..Diagnostic::plain(message) };
    problem.help("the built-in rules are checked; name your own first: entrail rules check RULES --run EXPORTS")
}

fn check(rule: &Rule, case: &Case, tables: Option<&Tables>) -> Checked {
    let none = Tables::default();
    let over = tables.unwrap_or(&none);
    let now = case.as_of.or_else(|| over.span().map(|(_, last)| last)).unwrap_or(UNIX_EPOCH_TICKS);
    let context = Context {
        tables: over,
        now,
        window: None,
        watchlists: &case.watchlists,
        thresholds: &case.thresholds,
        places: case.places.clone(),
        lineage: false,
    };
    let (mut usage, mut rows, mut diagnostics) = (Usage::default(), None, Diagnostics::new());
    match safely(|| kql::check(&rule.query, &context)) {
        Ok(found) => usage = found,
        Err(found) => diagnostics = found,
    }
    if tables.is_some() && diagnostics.is_empty() {
        match safely(|| kql::run(&rule.query, &context)) {
            Ok(answer) => rows = Some(answer.rows()),
            Err(found) => diagnostics = found,
        }
    }
    Checked {
        path: rule.path.clone(),
        name: rule.name.clone(),
        source: rule.source.clone(),
        diagnostics: diagnostics.into_iter().map(|diagnostic| rule.locate(diagnostic)).collect(),
        usage,
        rows,
    }
}

/// A fault of the engine concerns one rule only.
fn safely<T>(work: impl FnOnce() -> Result<T, Diagnostics>) -> Result<T, Diagnostics> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(vec![Diagnostic::plain("the engine broke on this query; this is a fault of entrail")]))
}

/// One JSON object a rule.
fn line(one: &Checked, ran: bool) -> serde_json::Value {
    let diagnostics: Vec<_> = one
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let (line, column) = diagnostic.position(&one.source).unzip();
            json!({
                "gravity": match diagnostic.gravity { Gravity::Error => "error", Gravity::Note => "note" },
                "message": diagnostic.message, "label": diagnostic.label, "help": diagnostic.help,
                "line": line, "column": column,
            })
        })
        .collect();
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, column) in &one.usage.columns {
        columns.entry(table).or_default().push(column);
    }
    let mut object = json!({
        "path": one.path, "name": one.name, "ok": one.ok(), "diagnostics": diagnostics,
        "tables": one.usage.tables, "columns": columns, "functions": one.usage.functions,
        "watchlists": one.usage.watchlists,
    });
    if let (true, Some(map)) = (ran, object.as_object_mut()) {
        map.insert("rows".into(), json!(one.rows));
    }
    object
}

fn text(one: &Checked, screen: &Screen, out: &mut dyn Write) -> anyhow::Result<()> {
    let word = if one.ok() { "ok" } else { "FAILED" };
    let tables: Vec<&str> = one.usage.tables.iter().map(String::as_str).collect();
    let rows = one.rows.map(|rows| format!(" · {rows} rows")).unwrap_or_default();
    writeln!(out, "{word:<7} {} · {} · {}{rows}", clean(&one.path), clean(&one.name), tables.join(", "))?;
    for diagnostic in &one.diagnostics {
        writeln!(out, "{}", diagnostic.render(&clean(&one.path), &one.source, screen.color_out))?;
    }
    Ok(())
}
