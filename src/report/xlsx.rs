//! `report.xlsx`: one sheet a part, frozen heads and filters, nothing that Excel would compute or follow.

use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Report, account::Account, one_line, row};
use crate::finding::{Outcome, Severity};
use crate::table::time;

/// Excel's limit of rows in a sheet (<https://support.microsoft.com/office/excel-specifications-and-limits>).
const MAX_ROWS: usize = 1_048_576;
/// Excel's limit of characters in a cell is 32,767; room is left for the note that says so.
const MAX_CHARACTERS: usize = 32_000;

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
    summary(report, book.add_worksheet().set_name("Summary")?)?;
    findings(report, book.add_worksheet().set_name("Findings")?)?;
    timeline(report, book.add_worksheet().set_name("Timeline")?)?;
    accounts(report, book.add_worksheet().set_name("Accounts")?)?;
    indicators(report, book.add_worksheet().set_name("Indicators")?)?;
    rules(report, book.add_worksheet().set_name("Rules")?)?;
    coverage(report, book.add_worksheet().set_name("Coverage")?)?;
    evidence(report, book.add_worksheet().set_name("Evidence")?)?;
    book.save_to_buffer()
}

/// A sheet that is filled row by row under a head.
struct Sheet<'a> {
    sheet: &'a mut Worksheet,
    next: u32,
    width: u16,
}

impl<'a> Sheet<'a> {
    fn new(sheet: &'a mut Worksheet, heads: &[&str], widths: &[f64]) -> Result<Sheet<'a>, XlsxError> {
        let bold = Format::new().set_bold().set_background_color(0x00E8_ECF0).set_text_wrap();
        for (column, head) in (0..).zip(heads) {
            sheet.write_string_with_format(0, column, *head, &bold)?;
            sheet.set_column_width(column, widths.get(usize::from(column)).copied().unwrap_or(18.0))?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(Sheet { sheet, next: 1, width: heads.len() as u16 })
    }

    /// Adds a row of text; false when the sheet is full and the row only says so.
    fn row(&mut self, cells: &[String], format: Option<&Format>) -> Result<bool, XlsxError> {
        if self.next as usize + 1 >= MAX_ROWS {
            if (self.next as usize) < MAX_ROWS {
                self.sheet.write_string(self.next, 0, "[the sheet is full; all rows stand in timeline.csv]")?;
                self.next += 1;
            }
            return Ok(false);
        }
        for (column, cell) in (0..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            // Written as a string, a cell is never computed, whatever it begins with.
            let cell = text(cell);
            match format.filter(|_| cell.len() < 16) {
                Some(format) => self.sheet.write_string_with_format(self.next, column, cell, format)?,
                None => self.sheet.write_string(self.next, column, cell)?,
            };
        }
        self.next += 1;
        Ok(true)
    }

    fn finish(self) -> Result<(), XlsxError> {
        if self.next > 1 && self.width > 0 {
            self.sheet.autofilter(0, 0, self.next - 1, self.width - 1)?;
        }
        Ok(())
    }
}

/// A cell within Excel's limit; a cut is visible.
fn text(value: &str) -> String {
    // One character may become eight when it is written out.
    let whole = value.len() <= MAX_CHARACTERS;
    let value = one_line(value.get(..value.floor_char_boundary(MAX_CHARACTERS)).unwrap_or(value));
    match value.char_indices().nth(MAX_CHARACTERS) {
        None if whole => value.into_owned(),
        None => format!("{value} [cut, see findings.json]"),
        Some((end, _)) => format!("{} [cut, see findings.json]", value.get(..end).unwrap_or_default()),
    }
}

fn tint(severity: Severity) -> Format {
    let (paper, ink) = match severity {
        Severity::Critical => (0x008C_1D18, 0x00FF_FFFF),
        Severity::High => (0x00F3_C9A5, 0x0040_1F00),
        Severity::Medium => (0x00F8_E7A8, 0x003A_2E00),
        Severity::Low => (0x00D7_E6F2, 0x0010_2A40),
        Severity::Informational => (0x00EC_ECEC, 0x0022_2222),
    };
    Format::new().set_background_color(paper).set_font_color(ink)
}

fn at(ticks: Option<i64>) -> String {
    ticks.map(time::short).unwrap_or_default()
}

fn labels(positions: &[usize]) -> String {
    positions.iter().map(|position| format!("F{}", position + 1)).collect::<Vec<_>>().join(", ")
}

fn summary(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let mut sheet = Sheet::new(sheet, &["", "Summary (all times UTC)"], &[22.0, 120.0])?;
    let mut line = |head: &str, text: &str| sheet.row(&[head.to_owned(), text.to_owned()], None).map(|_| ());
    line("Program", &report.input.manifest.program)?;
    if !report.input.case.name.is_empty() {
        line("Case", &report.input.case.name)?;
    }
    for text in &report.summary.lead {
        line("Found", text)?;
    }
    for text in &report.summary.limits {
        line("Not judged", text)?;
    }
    for text in &report.input.case.assumptions {
        line("Assumed", text)?;
    }
    Ok(())
}

fn findings(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        "Finding",
        "Severity",
        "Title",
        "What happened",
        "First (UTC)",
        "Last (UTC)",
        "Entities",
        "Tactics",
        "Techniques",
        "Events",
        "Records",
        "Alerts",
        "Limits",
        "Rule",
        "Id",
    ];
    let widths = [9.0, 13.0, 44.0, 90.0, 19.0, 19.0, 50.0, 24.0, 18.0, 8.0, 8.0, 8.0, 30.0, 40.0, 40.0];
    let mut sheet = Sheet::new(sheet, &heads, &widths)?;
    for found in &report.findings {
        let finding = found.finding;
        let entities: Vec<String> =
            finding.entities.iter().map(|entity| format!("{} {}", entity.kind, entity.label())).collect();
        let cells = [
            found.label(),
            finding.severity.word().to_owned(),
            finding.title.clone(),
            finding.sentence.clone(),
            at(finding.first),
            at(finding.last),
            entities.join("; "),
            finding.tactics.join(", "),
            finding.techniques.join(", "),
            found.events.len().to_string(),
            finding.sources.len().to_string(),
            finding.alerts.to_string(),
            finding.limits.join("; "),
            found.rule.map_or_else(|| finding.rule.clone(), |rule| rule.name.clone()),
            finding.id.clone(),
        ];
        sheet.row(&cells, None)?;
        let (row, format) = (sheet.next - 1, tint(finding.severity));
        sheet.sheet.write_string_with_format(row, 1, finding.severity.word(), &format)?;
    }
    sheet.finish()
}

fn timeline(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads: Vec<&str> = std::iter::once("time (UTC)").chain(row::columns().map(|(name, _)| name)).collect();
    let mut sheet = Sheet::new(sheet, &heads, &[24.0, 32.0, 18.0, 20.0, 90.0])?;
    let clock = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000");
    for event in &report.timeline.events {
        let mut cells = vec![String::new()];
        cells.extend(row::values(report, event));
        if !sheet.row(&cells, None)? {
            break;
        }
        if let Some(at) = event.time.and_then(serial) {
            sheet.sheet.write_number_with_format(sheet.next - 1, 0, at, &clock)?;
        }
    }
    sheet.finish()
}

/// Excel's serial number of a time: days since 1899-12-30. None before 1900, which Excel does not know.
fn serial(ticks: i64) -> Option<f64> {
    /// 1899-12-30 in ticks.
    const EPOCH: i64 = 599_264_352_000_000_000;
    let days = (ticks - EPOCH) as f64 / time::TICKS_PER_DAY as f64;
    (61.0..2_958_466.0).contains(&days).then_some(days)
}

fn accounts(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = ["Account", "Severity", "Findings", "First (UTC)", "Last (UTC)", "Events", "Addresses", "Countries"];
    let mut sheet = Sheet::new(sheet, &heads, &[44.0, 13.0, 30.0, 19.0, 19.0, 8.0, 50.0, 20.0])?;
    let join = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    for Account { name, severity, findings, span, events, addresses, countries } in &report.accounts {
        let cells = [
            name.clone(),
            severity.word().to_owned(),
            labels(findings),
            at(span.map(|s| s.0)),
            at(span.map(|s| s.1)),
            events.to_string(),
            join(addresses),
            join(countries),
        ];
        sheet.row(&cells, None)?;
        let row = sheet.next - 1;
        sheet.sheet.write_string_with_format(row, 1, severity.word(), &tint(*severity))?;
    }
    sheet.finish()
}

fn indicators(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = ["Type", "Value", "Note", "Severity", "Findings", "Accounts", "Events", "First (UTC)", "Last (UTC)"];
    let mut sheet = Sheet::new(sheet, &heads, &[18.0, 50.0, 40.0, 13.0, 30.0, 50.0, 8.0, 19.0, 19.0])?;
    for indicator in &report.indicators {
        let cells = [
            indicator.kind.clone(),
            indicator.value.clone(),
            indicator.note.clone(),
            indicator.severity.word().to_owned(),
            labels(&indicator.findings),
            indicator.accounts.iter().cloned().collect::<Vec<_>>().join(", "),
            indicator.events.to_string(),
            at(indicator.span.map(|s| s.0)),
            at(indicator.span.map(|s| s.1)),
        ];
        sheet.row(&cells, None)?;
    }
    sheet.finish()
}

fn rules(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        "Rule",
        "Outcome",
        "Rows",
        "Rows not judged",
        "What is missing",
        "What would supply it",
        "File",
        "Version",
        "Id",
    ];
    let mut sheet = Sheet::new(sheet, &heads, &[50.0, 20.0, 12.0, 12.0, 60.0, 60.0, 40.0, 9.0, 40.0])?;
    for verdict in report.input.verdicts {
        let rule = report.input.rules.iter().find(|rule| rule.id == verdict.rule);
        let (outcome, missing, remedy) = match &verdict.outcome {
            Outcome::Hits(findings) => {
                (format!("{} findings", findings.len()), verdict.limits.join("; "), String::new())
            }
            Outcome::Clean => ("clean".to_owned(), verdict.limits.join("; "), String::new()),
            Outcome::NotEvaluable { missing, remedy } => {
                ("not evaluable".to_owned(), missing.join("; "), remedy.join("; "))
            }
            Outcome::Failed(problems) => (
                "failed".to_owned(),
                problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                String::new(),
            ),
        };
        let cells = [
            rule.map_or_else(|| verdict.rule.clone(), |rule| rule.name.clone()),
            outcome,
            verdict.considered.to_string(),
            verdict.unjudged.to_string(),
            missing,
            remedy,
            rule.map(|rule| rule.path.clone()).unwrap_or_default(),
            rule.map(|rule| rule.version.clone()).unwrap_or_default(),
            verdict.rule.clone(),
        ];
        sheet.row(&cells, None)?;
    }
    sheet.finish()
}

fn coverage(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let mut heads: Vec<String> = ["Table", "Rows", "First (UTC)", "Last (UTC)"].map(str::to_owned).to_vec();
    if let Some(steps) = report.coverage.steps {
        heads.extend((0..steps.count).map(|step| at(Some(steps.begin(step))).chars().take(10).collect()));
    }
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new(sheet, &heads, &[34.0, 12.0, 19.0, 19.0])?;
    for covered in &report.coverage.tables {
        let mut cells = vec![
            covered.table.clone(),
            covered.rows.to_string(),
            at(covered.span.map(|s| s.0)),
            at(covered.span.map(|s| s.1)),
        ];
        cells.extend(covered.counts.iter().map(u64::to_string));
        sheet.row(&cells, None)?;
    }
    sheet.finish()
}

fn evidence(report: &Report<'_>, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let heads = [
        "File",
        "Format",
        "Bytes",
        "Records",
        "Loaded",
        "Duplicates",
        "Rejected",
        "Tables",
        "SHA-256",
        "Reason",
        "Warnings",
    ];
    let mut sheet = Sheet::new(sheet, &heads, &[60.0, 30.0, 14.0, 12.0, 12.0, 12.0, 12.0, 40.0, 66.0, 40.0, 80.0])?;
    for entry in &report.input.manifest.evidence {
        let tables: Vec<String> = entry.tables.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        let cells = [
            entry.path.clone(),
            entry.format.clone().unwrap_or_else(|| "not recognised".to_owned()),
            entry.bytes.to_string(),
            entry.records.to_string(),
            entry.loaded.to_string(),
            entry.duplicates.to_string(),
            entry.rejected.to_string(),
            tables.join(", "),
            entry.sha256.clone(),
            entry.reason.clone(),
            entry.warnings.join("; "),
        ];
        sheet.row(&cells, None)?;
    }
    sheet.finish()
}
