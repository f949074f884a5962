//! A sheet of the workbook: a head that stays, filters, and cells that Excel neither computes nor follows.

use rust_xlsxwriter::{ConditionalFormat2ColorScale, ConditionalFormatCell, ConditionalFormatCellRule, Format};
use rust_xlsxwriter::{Worksheet, XlsxError};

use crate::finding::Severity;
use crate::report::one_line;
use crate::table::time;

/// Excel's limit of rows in a sheet (<https://support.microsoft.com/office/excel-specifications-and-limits>).
const MAX_ROWS: usize = 1_048_576;
/// Excel's limit of characters in a cell is 32,767; room is left for the note that says so.
const MAX_CHARACTERS: usize = 32_000;

/// A value of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text. It is never computed, whatever it begins with.
    Text(String),
    /// A number.
    Number(u64),
    /// A time, in ticks; empty where there is none.
    Time(Option<i64>),
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Cell {
        Cell::Number(number)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Cell {
        Cell::Number(number as u64)
    }
}

impl From<Option<i64>> for Cell {
    fn from(ticks: Option<i64>) -> Cell {
        Cell::Time(ticks)
    }
}

/// A column: its head and its width in characters.
pub type Head<'a> = (&'a str, f64);

/// A sheet that is filled row by row under a head.
pub struct Sheet<'a> {
    sheet: &'a mut Worksheet,
    clock: Format,
    next: u32,
    width: u16,
    /// Rows that fit, the head among them.
    limit: usize,
    full: bool,
}

impl<'a> Sheet<'a> {
    /// An empty sheet of this name.
    pub fn new(sheet: &'a mut Worksheet, name: &str, heads: &[Head<'_>]) -> Result<Sheet<'a>, XlsxError> {
        let bold = Format::new().set_bold().set_background_color(0x00E8_ECF0).set_text_wrap();
        sheet.set_name(name)?;
        for (column, (head, width)) in (0..).zip(heads) {
            sheet.write_string_with_format(0, column, *head, &bold)?;
            sheet.set_column_width(column, *width)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        let clock = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss.000");
        Ok(Sheet { sheet, clock, next: 1, width: heads.len() as u16, limit: MAX_ROWS, full: false })
    }

    /// Adds a row; false when the sheet is full and its last row says so.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<bool, XlsxError> {
        if self.next as usize + 1 >= self.limit {
            if !self.full {
                self.full = true;
                let note = "[the sheet is full; all rows stand in timeline.csv and findings.json]";
                self.sheet.write_string(self.next, 0, note)?;
                self.next += 1;
            }
            return Ok(false);
        }
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(value) if value.is_empty() => {}
                Cell::Text(value) => {
                    self.sheet.write_string(self.next, column, text(value))?;
                }
                Cell::Number(number) => {
                    self.sheet.write_number(self.next, column, number as f64)?;
                }
                Cell::Time(None) => {}
                Cell::Time(Some(ticks)) => match serial(ticks) {
                    Some(days) => {
                        self.sheet.write_number_with_format(self.next, column, days, &self.clock)?;
                    }
                    None => {
                        self.sheet.write_string(self.next, column, time::short(ticks))?;
                    }
                },
            }
        }
        self.next += 1;
        Ok(true)
    }

    /// Colours a column that holds severities: one rule each, so that a filtered or edited sheet stays coloured.
    pub fn severities(&mut self, column: u16) -> Result<(), XlsxError> {
        for severity in Severity::ALL {
            let (paper, ink) = tint(severity);
            let format = Format::new().set_background_color(paper).set_font_color(ink);
            let rule = ConditionalFormatCell::new()
                .set_rule(ConditionalFormatCellRule::EqualTo(severity.word().to_owned()))
                .set_format(format);
            self.sheet.add_conditional_format(1, column, self.last(), column, &rule)?;
        }
        Ok(())
    }

    /// Shades the numbers from a column on, from none to most.
    pub fn shades(&mut self, from: u16) -> Result<(), XlsxError> {
        if from < self.width {
            let scale =
                ConditionalFormat2ColorScale::new().set_minimum_color(0x00FF_FFFF).set_maximum_color(0x0063_9AC8);
            self.sheet.add_conditional_format(1, from, self.last(), self.width - 1, &scale)?;
        }
        Ok(())
    }

    /// Ends the sheet with filters over all its rows.
    pub fn finish(self) -> Result<(), XlsxError> {
        if self.width > 0 {
            self.sheet.autofilter(0, 0, self.last(), self.width - 1)?;
        }
        Ok(())
    }

    fn last(&self) -> u32 {
        self.next.saturating_sub(1).max(1)
    }
}

/// A cell within Excel's limit; a cut is visible.
fn text(value: String) -> String {
    if value.len() <= MAX_CHARACTERS && !value.contains(|c: char| c.is_control() || !c.is_ascii()) {
        return value;
    }
    // One character may become eight when it is written out.
    let whole = value.len() <= MAX_CHARACTERS;
    let value = one_line(value.get(..value.floor_char_boundary(MAX_CHARACTERS)).unwrap_or(&value));
    match value.char_indices().nth(MAX_CHARACTERS) {
        None if whole => value.into_owned(),
        None => format!("{value} [cut, see findings.json]"),
        Some((end, _)) => format!("{} [cut, see findings.json]", value.get(..end).unwrap_or_default()),
    }
}

/// Excel's serial number of a time: days since 1899-12-30. None before March 1900, which Excel does not know.
fn serial(ticks: i64) -> Option<f64> {
    /// 1899-12-30 in ticks.
    const EPOCH: i64 = 599_264_352_000_000_000;
    let days = (ticks - EPOCH) as f64 / time::TICKS_PER_DAY as f64;
    (61.0..2_958_466.0).contains(&days).then_some(days)
}

/// Paper and ink of a severity; dark enough on light to be read.
fn tint(severity: Severity) -> (u32, u32) {
    match severity {
        Severity::Critical => (0x008C_1D18, 0x00FF_FFFF),
        Severity::High => (0x00F3_C9A5, 0x0040_1F00),
        Severity::Medium => (0x00F8_E7A8, 0x003A_2E00),
        Severity::Low => (0x00D7_E6F2, 0x0010_2A40),
        Severity::Informational => (0x00EC_ECEC, 0x0022_2222),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_sheet_says_so_in_its_last_row() -> Result<(), XlsxError> {
        let mut page = Worksheet::new();
        let mut sheet = Sheet::new(&mut page, "Timeline", &[("a", 10.0)])?;
        sheet.limit = 4;
        let fits: Vec<bool> = (0..5).map(|_| sheet.row([Cell::from("x")])).collect::<Result<_, _>>()?;
        assert_eq!(fits, [true, true, false, false, false]);
        assert_eq!(sheet.next, 4, "head, two rows and the note");
        sheet.finish()
    }

    #[test]
    fn a_cell_stays_within_the_limit_and_a_cut_is_seen() {
        assert_eq!(text("x".repeat(32_000)).len(), 32_000);
        for long in ["x".repeat(40_000), "\u{202e}".repeat(20_000), "\u{1f600}".repeat(20_000)] {
            let cut = text(long);
            assert!(cut.encode_utf16().count() <= 32_767 && cut.ends_with("[cut, see findings.json]"));
        }
    }
}
