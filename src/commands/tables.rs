//! `entrail tables`: what each file was recognised as, what the tables reach over, and which rules that allows.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use super::reach::{Chances, Reach, chances, reaches, spans};
use super::screen::{Screen, clean, grid};
use super::{Exit, given, load};
use crate::cli::{ListFormat, TablesArgs};
use crate::detect::survey;
use crate::ingest::{Ingested, repaired};
use crate::report::Steps;
use crate::table::time;

/// Everything that is told.
struct Told {
    read: Ingested,
    spans: BTreeMap<u32, (i64, i64)>,
    steps: Option<Steps>,
    reaches: Vec<Reach>,
    chances: Chances,
}

pub(super) fn run(args: &TablesArgs, screen: &Screen) -> anyhow::Result<Exit> {
    let case = given::case(&args.case, screen)?;
    let pack = given::pack(&args.pack)?;
    let read = load::exports(&args.exports, &case, screen)?;
    let chances = chances(&survey(&pack.rules, &read.tables, &given::options(&case, false)));
    let (steps, reaches) = reaches(&read);
    let told = Told { spans: spans(&read), steps, reaches, chances, read };
    let mut out = std::io::stdout().lock();
    match args.format {
        ListFormat::Json => writeln!(out, "{}", serde_json::to_string_pretty(&whole(&told))?)?,
        ListFormat::Text => text(&told, &mut out)?,
    }
    let incomplete = told.read.manifest.evidence.iter().any(load::incomplete);
    Ok(if incomplete { Exit::Incomplete } else { Exit::Done })
}

fn whole(told: &Told) -> Value {
    let files: Vec<Value> = (0_u32..)
        .zip(&told.read.manifest.evidence)
        .map(|(number, entry)| {
            let (first, last) = told.spans.get(&number).copied().unzip();
            let repairs: Vec<&String> = entry.warnings.iter().filter(|line| repaired(line)).collect();
            json!({
                "path": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "format": entry.format,
                "reason": entry.reason, "tables": entry.tables, "records": entry.records, "loaded": entry.loaded,
                "duplicates": entry.duplicates, "rejected": entry.rejected, "first": first.map(time::iso),
                "last": last.map(time::iso), "repairs": repairs, "warnings": entry.warnings,
            })
        })
        .collect();
    let tables: Vec<Value> = told.reaches.iter().filter_map(|reach| table(told, reach)).collect();
    let remedies = told.chances.remedies.iter();
    let remedies: Vec<Value> =
        remedies.map(|(what, rules)| json!({ "remedy": what, "enables": rules.len(), "rules": rules })).collect();
    json!({
        "files": files,
        "tables": tables,
        "rules": {
            "evaluable": told.chances.evaluable, "partly": told.chances.partly,
            "not_evaluable": told.chances.blocked, "failed": told.chances.broken, "remedies": remedies,
        },
    })
}

fn table(told: &Told, reach: &Reach) -> Option<Value> {
    let covered = &reach.covered;
    let (first, last) = told.read.tables.get(&covered.table)?.span("TimeGenerated").unzip();
    let days: Vec<Value> = told.steps.map_or_else(Vec::new, |steps| {
        let counted = covered.counts.iter().enumerate().filter(|(_, rows)| **rows > 0);
        counted.map(|(step, rows)| json!({ "from": day(steps.begin(step)), "rows": rows })).collect()
    });
    let gaps: Vec<Value> = reach.gaps.iter().map(|(from, to)| json!({ "from": day(*from), "to": day(*to) })).collect();
    let cut: Vec<Value> = reach.cut.iter().map(|(path, line)| json!({ "path": path, "sign": line })).collect();
    Some(json!({
        "name": covered.table, "rows": covered.rows, "first": first.map(time::iso), "last": last.map(time::iso),
        "step_days": told.steps.map(|steps| steps.days), "steps": days, "gaps": gaps, "truncation": cut,
        "reach_days": reach.days, "kept_days": reach.kept,
    }))
}

fn day(ticks: i64) -> String {
    time::short(ticks).chars().take(10).collect()
}

fn text(told: &Told, out: &mut dyn Write) -> anyhow::Result<()> {
    let names =
        ["file", "recognised as", "records", "loaded", "duplicates", "rejected", "tables", "first (UTC)", "last (UTC)"];
    let mut files = grid(names);
    let shown = |at: Option<i64>| at.map(time::short).unwrap_or_default();
    for (number, entry) in (0_u32..).zip(&told.read.manifest.evidence) {
        let format = match &entry.format {
            Some(format) => format.clone(),
            None => format!("not read: {}", entry.reason),
        };
        let (first, last) = told.spans.get(&number).copied().unzip();
        let tables: Vec<String> = entry.tables.iter().map(|(name, rows)| format!("{name} {rows}")).collect();
        let counts = [entry.records, entry.loaded, entry.duplicates, entry.rejected].map(|count| count.to_string());
        let [records, loaded, duplicates, rejected] = counts;
        let cells = [
            &entry.path,
            &format,
            &records,
            &loaded,
            &duplicates,
            &rejected,
            &tables.join(", "),
            &shown(first),
            &shown(last),
        ];
        files.add_row(cells.map(|text| clean(text)));
    }
    writeln!(out, "{files}\n")?;
    let step = told.steps.map_or(1, |steps| steps.days);
    let per = if step == 1 { "rows a day".to_owned() } else { format!("rows in {step} days each") };
    let mut tables = grid(["table", "rows", "first (UTC)", "last (UTC)", &per, "gaps"]);
    for reach in &told.reaches {
        let covered = &reach.covered;
        let (first, last) = told.read.tables.get(&covered.table).and_then(|table| table.span("TimeGenerated")).unzip();
        let gaps: Vec<String> = reach.gaps.iter().map(|(from, to)| format!("{} to {}", day(*from), day(*to))).collect();
        let cells = [
            clean(&covered.table),
            covered.rows.to_string(),
            shown(first),
            shown(last),
            rows(covered),
            gaps.join(", "),
        ];
        tables.add_row(cells);
    }
    writeln!(out, "{tables}")?;
    for entry in told.read.manifest.evidence.iter().filter(|entry| !entry.warnings.is_empty()) {
        writeln!(out, "\n{}", clean(&entry.path))?;
        if entry.format.is_some() {
            writeln!(out, "  recognised because it {}", clean(&entry.reason))?;
        }
        for warning in &entry.warnings {
            writeln!(out, "  {}", clean(warning))?;
        }
    }
    reach(told, out)?;
    rules(&told.chances, out)
}

/// The least and the most rows in a step that has some.
fn rows(covered: &crate::report::Covered) -> String {
    let filled: Vec<u64> = covered.counts.iter().copied().filter(|rows| *rows > 0).collect();
    match (filled.iter().min(), filled.iter().max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}, on {}", filled.len()),
        (Some(rows), _) => format!("{rows}, on {}", filled.len()),
        _ => String::new(),
    }
}

fn reach(told: &Told, out: &mut dyn Write) -> anyhow::Result<()> {
    for reach in &told.reaches {
        let mut lines: Vec<String> =
            reach.cut.iter().map(|(path, sign)| format!("may be incomplete: {path}: {sign}")).collect();
        if let (Some(days), Some(kept)) = (reach.days, reach.kept)
            && days + 1 < kept
        {
            lines.push(format!(
                "reaches back {days} days before the last event; its source keeps {kept} by default, so older records may still be had"
            ));
        }
        if !lines.is_empty() {
            writeln!(out, "\n{}", clean(&reach.covered.table))?;
            lines.iter().try_for_each(|line| writeln!(out, "  {}", clean(line)))?;
        }
    }
    Ok(())
}

fn rules(chances: &Chances, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(
        out,
        "\nrules: {} can judge all their rows, {} some of them, {} none{}",
        chances.evaluable,
        chances.partly,
        chances.blocked,
        if chances.broken > 0 { format!("; {} do not compile", chances.broken) } else { String::new() }
    )?;
    for (what, rules) in &chances.remedies {
        let many = if rules.len() == 1 { "rule" } else { "rules" };
        writeln!(out, "  {} to enable {} {many}", clean(what), rules.len())?;
    }
    Ok(())
}
