//! Text of known forms taken apart: a line of CSV, a path, a version, a command line.

use serde_json::{Map, Value as Json};

use super::arguments::{text, text_array};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::{Decimal, Type};

/// Parts of a version and digits of each part that `parse_version` takes (its reference page).
const VERSION_PARTS: usize = 4;
const VERSION_DIGITS: usize = 8;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["parse_csv"],
        usage: "parse_csv(text)",
        summary: "The fields of the first record of comma-separated text, as an array.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::First,
        body: Body::Values(|values| csv_fields(text(values, 0))),
        examples: &[("parse_csv('a,\"b, c\",')", "[\"a\",\"b, c\",\"\"]"), ("parse_csv('a\\nb')", "[\"a\"]")],
        ..Function::NEW
    },
    Function {
        names: &["parse_path"],
        usage: "parse_path(path)",
        summary: "The parts of a file path as a bag: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, \
                  Extension, AlternateDataStreamName.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| Value::json(&path_parts(text(values, 0)))),
        examples: &[
            (r"parse_path(@'C:\logs\a.tar.gz').Extension", "gz"),
            (r"parse_path(@'C:\logs\a.txt:hidden').AlternateDataStreamName", "hidden"),
            ("parse_path('/var/log/syslog').DirectoryName", "log"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["parse_version"],
        usage: "parse_version(text)",
        summary: "A decimal that orders versions of up to four parts; null for what is no version.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Decimal),
        body: Body::Values(|values| version(text(values, 0)).map_or(Value::Null, Value::Decimal)),
        examples: &[
            ("parse_version('1.2.3.40')", "1000000020000000300000040"),
            ("parse_version('1.2') == 1000000020000000000000000.0", "true"),
            ("parse_version('10.0.0.1') > parse_version('9.9.9.9')", "true"),
            ("parse_version('10.0.22621.3') < parse_version('10.0.22621.4')", "true"),
            ("isnull(parse_version('1.x'))", "true"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["parse_command_line"],
        usage: "parse_command_line(text, 'windows')",
        summary: "The arguments of a command line as an array, by the rules of Windows.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Prepared(command_line),
        examples: &[("parse_command_line('run.exe \"a b\" c', 'windows')", "[\"run.exe\",\"a b\",\"c\"]")],
        ..Function::NEW
    },
];

fn csv_fields<'a>(text: &str) -> Value<'a> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => text_array(record.iter()),
        Some(Err(_)) => Value::Null,
        None => text_array([""]),
    }
}

fn path_parts(path: &str) -> Json {
    let slash = ['/', '\\'];
    let (scheme, rest) = path.split_once("://").unwrap_or(("", path));
    // A drive: one letter and a colon.
    let root = match rest.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => rest.get(..2).unwrap_or(""),
        _ => "",
    };
    let (directory, last) = match rest.rfind(slash) {
        Some(at) => (rest.get(..at).unwrap_or(""), rest.get(at + 1..).unwrap_or("")),
        None => ("", rest.get(root.len()..).unwrap_or("")),
    };
    let name = directory.rfind(slash).map_or(directory, |at| directory.get(at + 1..).unwrap_or(""));
    let (file, stream) = last.split_once(':').unwrap_or((last, ""));
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut bag = Map::new();
    for (key, part) in [
        ("Scheme", scheme),
        ("RootPath", root),
        ("DirectoryPath", directory),
        ("DirectoryName", name),
        ("Filename", file),
        ("Extension", extension),
        ("AlternateDataStreamName", stream),
    ] {
        bag.insert(key.into(), part.into());
    }
    Json::Object(bag)
}

/// Every part fills eight digits of the number.
fn version(text: &str) -> Option<Decimal> {
    let parts: Vec<&str> = text.trim().split('.').collect();
    if parts.len() > VERSION_PARTS {
        return None;
    }
    let mut digits = String::new();
    for position in 0..VERSION_PARTS {
        let part = parts.get(position).copied().unwrap_or("0");
        if part.is_empty() || part.len() > VERSION_DIGITS || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.push_str(&format!("{part:0>VERSION_DIGITS$}"));
    }
    Decimal::parse(&digits)
}

fn command_line(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let parser = call.constant(1, "kind of command line")?.to_text();
    if !parser.eq_ignore_ascii_case("windows") {
        return Err(call
            .error(1, format!("`{parser}` command lines cannot be parsed"))
            .help("'windows' is the one kind there is"));
    }
    Ok(std::sync::Arc::new(|values| text_array(windows_arguments(text(values, 0)))))
}

/// Blanks part arguments outside of quotes; backslashes are themselves, but before a quote two are one and an odd
/// one makes the quote a character; two quotes inside quotes are one
/// (<https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw>).
fn windows_arguments(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' if !quoted => arguments.extend(current.take()),
            '\\' => {
                let mut slashes = 1;
                while rest.next_if_eq(&'\\').is_some() {
                    slashes += 1;
                }
                let argument = current.get_or_insert_default();
                if rest.peek() == Some(&'"') {
                    argument.extend(std::iter::repeat_n('\\', slashes / 2));
                    if slashes % 2 == 1 {
                        argument.push('"');
                        rest.next();
                    }
                } else {
                    argument.extend(std::iter::repeat_n('\\', slashes));
                }
            }
            '"' => {
                let argument = current.get_or_insert_default();
                if quoted && rest.next_if_eq(&'"').is_some() {
                    argument.push('"');
                } else {
                    quoted = !quoted;
                }
            }
            _ => current.get_or_insert_default().push(c),
        }
    }
    arguments.extend(current);
    arguments
}
