//! `report.xlsx`: one sheet a part, frozen heads and filters, nothing that Excel would compute or follow.

mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::{Account, Report, RuleInfo, row};
use crate::finding::Outcome;
use crate::table::time;
use sheet::{Cell, Head, Sheet};

/// How hard the file is pressed, of 9. The library's default is 6; less is quicker and gives a larger file.
const COMPRESSION: u8 = 3;

/// Columns of the timeline that the workbook leaves out: the time stands in it as a date, and the hash of each file on
/// the sheet of the evidence. They are different in every row or long, and say nothing new.
const ELSEWHERE: [&str; 3] = ["datetime", "timestamp", "evidence_sha256"];

/// Writes the workbook.
pub fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bytes = workbook(report).map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}

fn workbook(report: &Report<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The creation date is part of the file; a fixed one keeps the bytes equal from run to run.
    let born = ExcelDateTime::from_ymd(2000, 1, 1)?.and_hms(0, 0, 0)?;
    book.set_properties(&DocProperties::new().set_title("entrail report").set_creation_datetime(&born));
    book.set_zip_compression_level(COMPRESSION);
    summary(report, book.add_worksheet())?;
    // The one long sheet: its rows leave memory as they are written, its texts are kept once each.
    timeline(report, book.add_worksheet_with_low_memory()?)?;
    findings(report, book.add_worksheet())?;
    incidents(report, book.add_worksheet())?;
    accounts(report, book.add_worksheet())?;
    indicators(report, book.add_worksheet())?;
    coverage(report, book.add_worksheet())?;
    rules(report, book.add_worksheet())?;
    evidence(report, book.add_worksheet())?;
    book.save_to_buffer()
}

fn labels(positions: &[usize]) -> String {
    positions.iter().map(|position| format!("F{}", position + 1)).collect::<Vec<_>>().join(", ")
}

fn joined(set: &BTreeSet<String>) -> String {
    set.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn summary(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let mut sheet = Sheet::new(sheet, "Summary", &[("", 22.0), ("Summary (all times UTC)", 120.0)])?;
    let mut line = |head: &str, text: &str| sheet.row([head.into(), text.into()]).map(|_| ());
    line("Program", &report.input.manifest.program)?;
    for (head, text) in [("Case", &report.input.case.name), ("Marking", &report.input.case.marking)] {
        if !text.is_empty() {
            line(head, text)?;
        }
    }
    for text in &report.summary.lead {
        line("Found", text)?;
    }
    for (severity, number) in &report.counts.severities {
        line(severity.word(), &format!("{number} findings"))?;
    }
    if let Some((first, last)) = report.timeline.span() {
        line("First event", &time::short(first))?;
        line("Last event", &time::short(last))?;
    }
    for text in &report.summary.limits {
        line("Not judged", text)?;
    }
    for text in &report.assumptions() {
        line("Assumed", text)?;
    }
    sheet.severities(0)
}

fn timeline(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let kept: Vec<bool> = row::columns().map(|(name, _)| !ELSEWHERE.contains(&name)).collect();
    let heads: Vec<Head<'_>> = std::iter::once(("time (UTC)", 24.0))
        .chain(row::columns().zip(&kept).filter(|(_, kept)| **kept).map(|((name, _), _)| (name, width(name))))
        .collect();
    let mut sheet = Sheet::new(sheet, "Timeline", &heads)?;
    for event in &report.timeline.events {
        let values = row::values(report, event).into_iter().zip(&kept).filter(|(_, kept)| **kept);
        if !sheet.row(std::iter::once(event.time.into()).chain(values.map(|(value, _)| Cell::Text(value))))? {
            break;
        }
    }
    if let Some(level) = heads.iter().position(|(name, _)| *name == "level") {
        sheet.severities(level as u16)?;
    }
    sheet.finish()
}

/// Width of a column of the timeline.
fn width(name: &str) -> f64 {
    match name {
        "message" => 90.0,
        "user" | "target" | "details" | "rule_title" | "evidence_file" => 36.0,
        "level" | "finding" | "result" | "country" | "asn" => 12.0,
        _ => 20.0,
    }
}

fn findings(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("Finding", 9.0),
        ("Severity", 13.0),
        ("Title", 44.0),
        ("What happened", 90.0),
        ("First (UTC)", 24.0),
        ("Last (UTC)", 24.0),
        ("Entities", 50.0),
        ("Tactics", 24.0),
        ("Techniques", 18.0),
        ("Events", 8.0),
        ("Records", 8.0),
        ("Alerts", 8.0),
        ("Limits", 30.0),
        ("Rule", 40.0),
        ("Id", 40.0),
    ];
    let mut sheet = Sheet::new(sheet, "Findings", &heads)?;
    for found in &report.findings {
        let finding = found.finding;
        let entities: Vec<String> =
            finding.entities.iter().map(|entity| format!("{} {}", entity.kind, entity.label())).collect();
        let rule = found.rule.map_or_else(|| finding.rule.clone(), |rule| rule.name.clone());
        sheet.row([
            found.label().into(),
            finding.severity.word().into(),
            finding.title.clone().into(),
            finding.sentence.clone().into(),
            finding.first.into(),
            finding.last.into(),
            entities.join("; ").into(),
            finding.tactics.join(", ").into(),
            finding.techniques.join(", ").into(),
            found.events.len().into(),
            finding.sources.len().into(),
            finding.alerts.into(),
            finding.limits.join("; ").into(),
            rule.into(),
            finding.id.clone().into(),
        ])?;
    }
    sheet.severities(1)?;
    sheet.finish()
}

fn incidents(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("Incident", 9.0),
        ("Severity", 13.0),
        ("Score", 8.0),
        ("What", 90.0),
        ("First (UTC)", 24.0),
        ("Last (UTC)", 24.0),
        ("Tactics", 40.0),
        ("Findings", 40.0),
        ("Accounts", 50.0),
        ("Addresses", 40.0),
        ("Applications", 40.0),
        ("Id", 20.0),
    ];
    let mut sheet = Sheet::new(sheet, "Incidents", &heads)?;
    for (number, incident) in report.incidents.iter().enumerate() {
        let tactics: Vec<&str> = incident.phases.iter().map(|tactic| tactic.name).collect();
        sheet.row([
            format!("I{}", number + 1).into(),
            incident.severity.word().into(),
            incident.score.into(),
            incident.title.clone().into(),
            incident.first.into(),
            incident.last.into(),
            tactics.join(", ").into(),
            labels(&incident.findings).into(),
            incident.accounts.join(", ").into(),
            incident.addresses.join(", ").into(),
            incident.apps.join(", ").into(),
            incident.id.clone().into(),
        ])?;
    }
    sheet.severities(1)?;
    sheet.finish()
}

fn accounts(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("Account", 44.0),
        ("Severity", 13.0),
        ("Findings", 30.0),
        ("First (UTC)", 24.0),
        ("Last (UTC)", 24.0),
        ("Events", 8.0),
        ("Addresses", 50.0),
        ("Countries", 20.0),
    ];
    let mut sheet = Sheet::new(sheet, "Accounts", &heads)?;
    for Account { name, severity, findings, span, events, addresses, countries } in &report.accounts {
        let (first, last) = span.unzip();
        sheet.row([
            name.clone().into(),
            severity.word().into(),
            labels(findings).into(),
            first.into(),
            last.into(),
            (*events).into(),
            joined(addresses).into(),
            joined(countries).into(),
        ])?;
    }
    sheet.severities(1)?;
    sheet.finish()
}

fn indicators(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("Type", 18.0),
        ("Severity", 13.0),
        ("Value", 50.0),
        ("Note", 40.0),
        ("Findings", 30.0),
        ("Accounts", 50.0),
        ("Events", 8.0),
        ("First (UTC)", 24.0),
        ("Last (UTC)", 24.0),
    ];
    let mut sheet = Sheet::new(sheet, "Indicators", &heads)?;
    for indicator in &report.indicators {
        let (first, last) = indicator.span.unzip();
        sheet.row([
            indicator.kind.clone().into(),
            indicator.severity.word().into(),
            indicator.value.clone().into(),
            indicator.note.clone().into(),
            labels(&indicator.findings).into(),
            joined(&indicator.accounts).into(),
            indicator.events.into(),
            first.into(),
            last.into(),
        ])?;
    }
    sheet.severities(1)?;
    sheet.finish()
}

fn coverage(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    const BEFORE: u16 = 4;
    let steps = report.coverage.steps;
    let days: Vec<String> = (0..steps.map_or(0, |steps| steps.count))
        .filter_map(|step| Some(time::short(steps?.begin(step)).chars().take(10).collect()))
        .collect();
    let mut heads = vec![("Table", 34.0), ("Rows", 12.0), ("First (UTC)", 24.0), ("Last (UTC)", 24.0)];
    heads.extend(days.iter().map(|day| (day.as_str(), 11.0)));
    let mut sheet = Sheet::new(sheet, "Coverage", &heads)?;
    for covered in &report.coverage.tables {
        let (first, last) = covered.span.unzip();
        let head = [covered.table.clone().into(), covered.rows.into(), first.into(), last.into()];
        sheet.row(head.into_iter().chain(covered.counts.iter().map(|rows| Cell::Number(*rows))))?;
    }
    sheet.shades(BEFORE)?;
    sheet.finish()
}

fn rules(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("Rule", 50.0),
        ("Outcome", 20.0),
        ("Rows", 12.0),
        ("Rows not judged", 12.0),
        ("What is missing", 60.0),
        ("What would supply it", 60.0),
        ("File", 40.0),
        ("Version", 9.0),
        ("Id", 40.0),
    ];
    let mut sheet = Sheet::new(sheet, "Rules", &heads)?;
    let described: BTreeMap<&str, &RuleInfo> = report.input.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    for verdict in report.input.verdicts {
        let rule = described.get(verdict.rule.as_str());
        let limits = verdict.limits.join("; ");
        let (outcome, missing, remedy) = match &verdict.outcome {
            Outcome::Hits(findings) => (format!("{} findings", findings.len()), limits, String::new()),
            Outcome::Clean => ("clean".to_owned(), limits, String::new()),
            Outcome::NotEvaluable { missing, remedy } => {
                ("not evaluable".to_owned(), missing.join("; "), remedy.join("; "))
            }
            Outcome::Failed(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                ("failed".to_owned(), problems.join("; "), String::new())
            }
        };
        sheet.row([
            rule.map_or_else(|| verdict.rule.clone(), |rule| rule.name.clone()).into(),
            outcome.into(),
            verdict.considered.into(),
            verdict.unjudged.into(),
            missing.into(),
            remedy.into(),
            rule.map(|rule| rule.path.clone()).unwrap_or_default().into(),
            rule.map(|rule| rule.version.clone()).unwrap_or_default().into(),
            verdict.rule.clone().into(),
        ])?;
    }
    sheet.finish()
}

fn evidence(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        ("File", 60.0),
        ("Format", 30.0),
        ("Bytes", 14.0),
        ("Records", 12.0),
        ("Loaded", 12.0),
        ("Duplicates", 12.0),
        ("Rejected", 12.0),
        ("Tables", 40.0),
        ("SHA-256", 66.0),
        ("Reason", 40.0),
        ("Warnings", 80.0),
    ];
    let mut sheet = Sheet::new(sheet, "Evidence", &heads)?;
    for entry in &report.input.manifest.evidence {
        let tables: Vec<String> = entry.tables.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        sheet.row([
            entry.path.clone().into(),
            entry.format.clone().unwrap_or_else(|| "not recognised".to_owned()).into(),
            entry.bytes.into(),
            entry.records.into(),
            entry.loaded.into(),
            entry.duplicates.into(),
            entry.rejected.into(),
            tables.join(", ").into(),
            entry.sha256.clone().into(),
            entry.reason.clone().into(),
            entry.warnings.join("; ").into(),
        ])?;
    }
    sheet.finish()
}
