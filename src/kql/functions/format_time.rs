//! `format_datetime` and `format_timespan`: patterns of letters, each run of a letter one part.

use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{Datelike, NaiveDateTime};

use super::{Accepts, Body, Function, Naming};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::TICKS_PER_SECOND;
use crate::table::time::{TICKS_PER_DAY, civil};

/// What may stand between the parts (format-datetime page).
const DELIMITERS: &[char] = &[' ', '/', '-', ':', ',', '.', '_', '[', ']'];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["format_datetime"],
        usage: "format_datetime(date, format)",
        summary: "The datetime as text; parts are d M y H h m s f F tt, between them space / - : , . _ [ ].",
        takes: &[Accepts::Datetime, Accepts::Text],
        naming: Naming::First,
        body: Body::Prepared(|call| {
            let parts = parts(call, &["y", "M", "d", "h", "H", "m", "s", "f", "F", "t"])?;
            let kernel: Kernel = Arc::new(move |values| match values.first() {
                Some(Value::Datetime(at)) => {
                    civil(*at).map_or(Value::text(""), |date| Value::text(date_text(&parts, *at, date)))
                }
                _ => Value::text(""),
            });
            Ok(kernel)
        }),
        examples: &[
            ("format_datetime(datetime(2015-12-14 02:03:04.12345), 'y-M-d h:m:s.fffffff')", "15-12-14 2:3:4.1234500"),
            ("format_datetime(datetime(2017-01-29 09:00:05), 'yyyy-MM-dd [HH:mm:ss]')", "2017-01-29 [09:00:05]"),
            ("format_datetime(datetime(2017-01-29 21:00:05), 'hh:mm tt')", "09:00 PM"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["format_timespan"],
        usage: "format_timespan(timespan, format)",
        summary: "The timespan as text; parts are d H h m s f F, between them space / - : , . _ [ ].",
        takes: &[Accepts::Timespan, Accepts::Text],
        naming: Naming::First,
        body: Body::Prepared(|call| {
            let parts = parts(call, &["d", "h", "H", "m", "s", "f", "F"])?;
            let kernel: Kernel = Arc::new(move |values| match values.first() {
                Some(Value::Timespan(span)) => Value::text(span_text(&parts, *span)),
                _ => Value::text(""),
            });
            Ok(kernel)
        }),
        examples: &[
            ("format_timespan(time(29.09:00:05.12345), 'dd.hh:mm:ss [FF]')", "29.09:00:05 [12]"),
            ("format_timespan(1h + 5s, 'h:m:s')", "1:0:5"),
        ],
        ..Function::NEW
    },
];

/// A run of one letter, or a delimiter.
#[derive(Clone, Copy)]
enum Part {
    Run(char, usize),
    Delimiter(char),
}

fn parts(call: &Call<'_, '_>, letters: &[&str]) -> Compiled<Vec<Part>> {
    let format = call.constant(1, "format")?.to_text().into_owned();
    let mut parts: Vec<Part> = Vec::new();
    let longest = |letter: char| match letter {
        'f' | 'F' => 7,
        'd' if !letters.contains(&"y") => 8,
        'y' => 4,
        _ => 2,
    };
    for letter in format.chars() {
        match parts.last_mut() {
            _ if DELIMITERS.contains(&letter) => parts.push(Part::Delimiter(letter)),
            // A run that is longer than any specifier is several: `ddd` is the day in two digits and once more.
            Some(Part::Run(last, count)) if *last == letter && *count < longest(letter) => *count += 1,
            _ if letters.iter().any(|known| known.starts_with(letter)) => parts.push(Part::Run(letter, 1)),
            _ => {
                let problem = call.error(1, format!("`{letter}` does not stand in a format"));
                return Err(problem.help(format!("use {} and the delimiters space / - : , . _ [ ]", letters.join(" "))));
            }
        }
    }
    Ok(parts)
}

fn date_text(parts: &[Part], at: i64, date: NaiveDateTime) -> String {
    let mut out = String::new();
    for part in parts {
        let (letter, width) = match *part {
            Part::Delimiter(delimiter) => {
                out.push(delimiter);
                continue;
            }
            Part::Run(letter, width) => (letter, width),
        };
        let hour = at % TICKS_PER_DAY / (3600 * TICKS_PER_SECOND);
        let number = match letter {
            'y' if width < 3 => i64::from(date.year() % 100),
            'y' => i64::from(date.year()),
            'M' => i64::from(date.month()),
            'd' => i64::from(date.day()),
            'H' => hour,
            'h' => (hour + 11) % 12 + 1,
            't' => {
                let word = if hour < 12 { "AM" } else { "PM" };
                out.push_str(&word[..width.min(2)]);
                continue;
            }
            _ => {
                clock(&mut out, letter, width, at);
                continue;
            }
        };
        let _ = write!(out, "{number:0width$}");
    }
    out
}

fn span_text(parts: &[Part], span: i64) -> String {
    let mut out = String::new();
    let ticks = i64::try_from(span.unsigned_abs()).unwrap_or(i64::MAX);
    if span < 0 {
        out.push('-');
    }
    for part in parts {
        match *part {
            Part::Delimiter(delimiter) => out.push(delimiter),
            Part::Run('d', width) => {
                let _ = write!(out, "{:0width$}", ticks / TICKS_PER_DAY);
            }
            Part::Run('h' | 'H', width) => {
                let _ = write!(out, "{:0width$}", ticks % TICKS_PER_DAY / (3600 * TICKS_PER_SECOND));
            }
            Part::Run(letter, width) => clock(&mut out, letter, width, ticks),
        }
    }
    out
}

/// Minutes, seconds and the fraction, which dates and spans write alike.
fn clock(out: &mut String, letter: char, width: usize, ticks: i64) {
    let fraction = || format!("{:07}", ticks % TICKS_PER_SECOND).chars().take(width).collect::<String>();
    let _ = match letter {
        'm' => write!(out, "{:0width$}", ticks / (60 * TICKS_PER_SECOND) % 60),
        's' => write!(out, "{:0width$}", ticks / TICKS_PER_SECOND % 60),
        'f' => write!(out, "{}", fraction()),
        _ => write!(out, "{}", fraction().trim_end_matches('0')),
    };
}
