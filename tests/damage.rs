//! Exports as they really arrive: written again by other tools, glued, cut, spoiled. What only changes the form changes no
//! row; what destroys something is counted; and nothing stops the program.
//!
//! The variants are made from the samples and from the golden cases. With `ENTRAIL_DAMAGE=1` they are also made from the
//! real exports beside the repository (`ENTRAIL_SHARED` names another place), which takes minutes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use entrail::ingest::{Ingested, Options, ingest};
use entrail::table::{Cell, Type};
use serde_json::Value;

/// A file that loads, and what it gives.
struct Base {
    path: PathBuf,
    /// The name that it is written under again: some exports can only be told apart by theirs.
    name: String,
    bytes: Vec<u8>,
    rows: Rows,
    records: u64,
}

/// Rows by table, sorted, each as its filled cells.
type Rows = BTreeMap<String, Vec<String>>;

fn read(path: &Path) -> Ingested {
    let found = ingest(&[path.to_owned()], &Options::default(), &|_| {}).unwrap();
    for entry in &found.manifest.evidence {
        assert!(entry.balanced(), "{}: not balanced: {entry:#?}", path.display());
        assert!(!entry.reason.is_empty(), "{}: no reason: {entry:#?}", path.display());
    }
    let listed = found.manifest.copies.len() as u64;
    assert_eq!(found.manifest.evidence.iter().map(|entry| entry.duplicates).sum::<u64>(), listed);
    found
}

fn rows(found: &Ingested) -> Rows {
    let mut rows = Rows::new();
    for (name, table) in found.tables.iter() {
        let list = rows.entry(name.to_owned()).or_default();
        for row in 0..table.rows() {
            let mut cells = Vec::new();
            for field in table.schema().fields.iter().filter(|field| field.name != "_ItemId") {
                match (table.cell(row, &field.name), field.ty) {
                    (Cell::Null | Cell::Text(""), _) => {}
                    (Cell::Text(text), Type::Dynamic) => {
                        let mut value: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
                        // It holds the record as it was written, the order and the case of its names included.
                        if let (Some(fields), true) = (value.as_object_mut(), field.name == "RawEventData") {
                            let lower: BTreeMap<String, Value> =
                                fields.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
                            value = serde_json::to_value(lower).unwrap();
                        }
                        cells.push(format!("{}={value}", field.name));
                    }
                    (cell, _) => cells.push(format!("{}={cell:?}", field.name)),
                }
            }
            list.push(cells.join("\n"));
        }
        list.sort();
    }
    rows
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Everything that loads without a rejected record, in the form of plain UTF-8 text.
fn bases() -> Vec<Base> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(&root.join("samples/exports"), &mut paths);
    files(&root.join("tests/formats"), &mut paths);
    if std::env::var_os("ENTRAIL_DAMAGE").is_some() {
        let shared = std::env::var_os("ENTRAIL_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
        files(&shared.join("evidence"), &mut paths);
    }
    let base = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
        if name == "expected.json" || bytes.len() > 60_000 || std::str::from_utf8(&bytes).is_err() {
            return None;
        }
        let found = read(&path);
        let [entry] = found.manifest.evidence.as_slice() else { return None };
        // Joined files mean nothing alone, and a page that stops in its middle cannot be written again.
        let whole = entry.format.is_some() && entry.rejected == 0 && entry.loaded > 0;
        let odd =
            entry.warnings.iter().any(|line| ["not closed", "glued", "Windows-1252"].iter().any(|w| line.contains(w)));
        (whole && !odd).then(|| Base { rows: rows(&found), records: entry.records, path, name, bytes })
    };
    paths.into_iter().filter_map(base).collect()
}

/// A folder for one variant at a time.
struct Bench {
    folder: tempfile::TempDir,
    problems: Vec<String>,
    tried: usize,
}

impl Bench {
    fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap(), problems: Vec::new(), tried: 0 }
    }

    fn load(&mut self, name: &str, bytes: &[u8]) -> Ingested {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.tried += 1;
        let found = read(&path);
        std::fs::remove_file(&path).unwrap();
        found
    }

    /// A variant that differs in form only.
    fn same(&mut self, base: &Base, what: &str, name: &str, bytes: &[u8]) {
        let found = self.load(name, bytes);
        let rejected: u64 = found.manifest.evidence.iter().map(|entry| entry.rejected).sum();
        let now = rows(&found);
        if now != base.rows || rejected > 0 {
            let lost = |a: &Rows, b: &Rows| -> Vec<String> {
                let list = a.iter().flat_map(|(table, rows)| rows.iter().map(move |row| (table, row)));
                list.filter(|(table, row)| !b.get(*table).is_some_and(|rows| rows.contains(row)))
                    .map(|(table, row)| format!("{table}: {}", row.replace('\n', " | ")))
                    .take(1)
                    .collect()
            };
            let entry = found.manifest.evidence.last().unwrap();
            self.problems.push(format!(
                "{} as {what}: {rejected} rejected, {:?}: {}\n  before: {:?}\n  after:  {:?}\n  {:?}",
                base.path.display(),
                entry.format,
                entry.reason,
                lost(&base.rows, &now),
                lost(&now, &base.rows),
                entry.warnings
            ));
        }
    }

    fn done(self) {
        println!("{} variants", self.tried);
        assert!(self.tried > 50, "there were files to try");
        assert!(self.problems.is_empty(), "{} problems\n{}", self.problems.len(), self.problems.join("\n"));
    }
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn text(base: &Base) -> &str {
    std::str::from_utf8(&base.bytes).unwrap()
}

/// Also where a forwarder's prefix or the name of a lone column stands before the objects, or a string is around them.
fn is_json(base: &Base) -> bool {
    let mut lines = base.bytes.trim_ascii_start().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    matches!(first.first(), Some(b'{' | b'['))
        || first.starts_with(b"\"[")
        || first.ends_with(b"}")
        || second.starts_with(b"{")
}

/// The records of a JSON file, where it is a plain array, one `value` or `records` list, or objects one after another.
fn values(base: &Base) -> Option<Vec<Value>> {
    // What the writer here would spell differently, as escapes and long fractions, differs for that reason.
    let plain = text(base);
    let long = plain.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 14);
    if plain.contains("\\u") || (long && plain.contains("atitude")) {
        return None;
    }
    let found: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&base.bytes).into_iter().collect();
    let mut found = found.ok()?;
    if let [single] = found.as_mut_slice() {
        match single {
            Value::Array(list) => found = std::mem::take(list),
            Value::Object(fields) => {
                let list = ["value", "records"].iter().find_map(|name| fields.get(*name)?.as_array().cloned());
                found = list.unwrap_or(found);
            }
            _ => return None,
        }
    }
    (found.len() as u64 == base.records && found.iter().all(Value::is_object)).then_some(found)
}

#[test]
fn encodings_line_ends_names_and_archives_change_nothing() {
    let mut bench = Bench::new();
    for base in bases() {
        let (plain, name) = (text(&base), base.name.clone());
        bench.same(&base, "UTF-8 with a byte order mark", &name, &[b"\xef\xbb\xbf", base.bytes.as_slice()].concat());
        bench.same(&base, "UTF-16LE", &name, &utf16(plain, false));
        bench.same(&base, "UTF-16BE", &name, &utf16(plain, true));
        let unix = plain.replace("\r\n", "\n");
        // A line end inside a quoted cell is part of its value.
        let cells = !is_json(&base) && unix.lines().any(|line| line.matches('"').count() % 2 == 1);
        if !cells {
            bench.same(&base, "LF", &name, unix.as_bytes());
            bench.same(&base, "CRLF", &name, unix.replace('\n', "\r\n").as_bytes());
            bench.same(&base, "CR", &name, unix.replace('\n', "\r").as_bytes());
        }
        bench.same(&base, "another extension", &format!("{name}.dat"), &base.bytes);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&base.bytes).unwrap();
        bench.same(&base, "gzip", &format!("{name}.gz"), &gz.finish().unwrap());
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&base.bytes).unwrap();
        bench.same(&base, "zip", "x.zip", &zip.finish().unwrap().into_inner());
    }
    bench.done();
}

#[test]
fn json_written_again_gives_the_same_rows() {
    let mut bench = Bench::new();
    for base in bases().into_iter().filter(is_json) {
        let Some(values) = values(&base) else { continue };
        let name = base.name.clone();
        let lines: Vec<String> = values.iter().map(Value::to_string).collect();
        let pretty: Vec<String> = values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
        let mut amid = lines.clone();
        if let (Some(line), Some(wide)) = (amid.get_mut(values.len() / 2), pretty.get(values.len() / 2)) {
            line.clone_from(wide);
        }
        let turned: Vec<String> = values
            .iter()
            .map(|value| {
                let fields = value.as_object().unwrap().iter().rev();
                Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect()).to_string()
            })
            .collect();
        let lower: Vec<String> = values
            .iter()
            .map(|value| {
                let fields = value.as_object().unwrap().iter();
                Value::Object(fields.map(|(name, value)| (name.to_lowercase(), value.clone())).collect()).to_string()
            })
            .collect();
        for (what, written) in [
            ("lines", lines.join("\n")),
            ("lines with blank ones between", lines.join("\n\n \n")),
            ("an array", format!("[{}]", lines.join(","))),
            ("an array over lines", format!("[\n{}\n]\n", lines.join(",\n"))),
            ("a pretty array", serde_json::to_string_pretty(&values).unwrap()),
            ("a Graph page", format!("{{\"@odata.context\":\"x\",\"value\":[{}]}}", lines.join(","))),
            ("records", format!("{{\"records\":[\n{}\n]}}", lines.join(",\n"))),
            ("pretty objects one after another", pretty.join("\n")),
            ("one pretty object amid lines", amid.join("\n")),
            ("an array of each", lines.iter().map(|line| format!("[{line}]")).collect::<Vec<_>>().join("\n")),
            ("an array without its end", format!("[{}", lines.join(",\n"))),
            ("keys in another order", turned.join("\n")),
            ("keys in lower case", lower.join("\n")),
            ("the same twice", format!("{}\n{}", lines.join("\n"), lines.join("\n"))),
            ("two arrays glued", format!("[{}][{}]", lines.join(","), lines.join(","))),
        ] {
            // PowerShell's objects are told by the capitals of their names; a name with a path holds names of its own.
            let told = |word: &str| base.path.to_string_lossy().contains(word);
            if what == "keys in lower case" && (told("powershell") || told("flattened")) {
                continue;
            }
            bench.same(&base, what, &name, written.as_bytes());
        }
    }
    bench.done();
}

#[test]
fn tables_saved_again_give_the_same_rows() {
    let mut bench = Bench::new();
    for base in bases().into_iter().filter(|base| !is_json(base)) {
        let separator = [b',', b';', b'\t'].into_iter().max_by_key(|separator| {
            let line = base.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            line.iter().filter(|byte| *byte == separator).count()
        });
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator.unwrap())
            .from_reader(base.bytes.as_slice());
        let lines: Vec<csv::StringRecord> = reader.records().map(|line| line.unwrap()).collect();
        let even = lines.iter().all(|line| Some(line.len()) == lines.first().map(csv::StringRecord::len));
        if !even || lines.first().is_none_or(|line| line.len() < 2) {
            continue;
        }
        let write = |separator: u8, quotes: csv::QuoteStyle, lines: &[&csv::StringRecord]| {
            let mut writer = csv::WriterBuilder::new().delimiter(separator).quote_style(quotes).from_writer(Vec::new());
            lines.iter().for_each(|line| writer.write_record(*line).unwrap());
            writer.into_inner().unwrap()
        };
        let all: Vec<&csv::StringRecord> = lines.iter().collect();
        let (some, every) = (csv::QuoteStyle::Necessary, csv::QuoteStyle::Always);
        let name = base.name.clone();
        bench.same(&base, "commas", &name, &write(b',', some, &all));
        bench.same(&base, "semicolons", &name, &write(b';', some, &all));
        bench.same(&base, "tabs", &name, &write(b'\t', some, &all));
        bench.same(&base, "all quoted", &name, &write(b',', every, &all));
        let head = all.first().copied().unwrap();
        let merged: Vec<&csv::StringRecord> =
            all.iter().copied().chain([head]).chain(all.iter().copied().skip(1)).collect();
        bench.same(&base, "merged with itself", &name, &write(b',', some, &merged));
        let with = [b"sep=;\r\n".to_vec(), write(b';', some, &all)].concat();
        bench.same(&base, "with Excel's separator line", &name, &with);
        let typed =
            [b"#TYPE System.Management.Automation.PSCustomObject\r\n".to_vec(), write(b',', every, &all)].concat();
        bench.same(&base, "with PowerShell's type line", &name, &typed);
        // Each line in one cell, as a spreadsheet saves a file that it did not split.
        let wrapped: Vec<csv::StringRecord> = all
            .iter()
            .map(|line| {
                let line = String::from_utf8(write(b',', some, &[line])).unwrap();
                csv::StringRecord::from(vec![line.trim_end_matches('\n').to_owned()])
            })
            .collect();
        bench.same(&base, "lines in one cell each", &name, &write(b',', every, &wrapped.iter().collect::<Vec<_>>()));
    }
    bench.done();
}

/// A cut loses what is behind it and nothing before it.
#[test]
fn a_cut_file_gives_what_is_before_the_cut() {
    let mut bench = Bench::new();
    for base in bases() {
        let places = (1..24).map(|part| base.bytes.len() * part / 24).chain((1..9).map(|less| base.bytes.len() - less));
        for cut in places {
            let found = bench.load(&base.name, base.bytes.get(..cut).unwrap_or_default());
            let entry = found.manifest.evidence.first().unwrap();
            if entry.records > base.records + 1 {
                bench.problems.push(format!("{} cut at {cut}: {entry:#?}", base.path.display()));
            }
            // A row that was read whole is the same; only the last one may miss something.
            let (now, mut strange) = (rows(&found), 0);
            for (table, rows) in &now {
                let before = base.rows.get(table).map_or(&[][..], Vec::as_slice);
                strange += rows.iter().filter(|row| !before.contains(row)).count();
            }
            if strange > now.len() && is_json(&base) {
                bench
                    .problems
                    .push(format!("{} cut at {cut}: {strange} rows that were not there", base.path.display()));
            }
        }
    }
    bench.done();
}

/// Spoiled bytes are counted, never a reason to stop: `read` checks the ledger of each.
#[test]
fn spoiled_bytes_are_survived() {
    let mut bench = Bench::new();
    for (number, base) in bases().iter().enumerate() {
        for round in 0..16_usize {
            let mut bytes = base.bytes.clone();
            let mut state = (number * 31 + round + 1) as u64;
            for _ in 0..=round {
                // xorshift: the same places in every run.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = (state % bytes.len() as u64) as usize;
                let how = (state >> 32) as u8;
                match round % 4 {
                    0 => bytes[at] ^= 1 << (how % 8),
                    1 => bytes[at] = b"{}[]\",:\\\n\r\0\xff"[usize::from(how) % 12],
                    2 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b"{}[]\",:\\\n\r\0\xff"[usize::from(how) % 12]),
                }
            }
            bench.load(&base.name, &bytes);
        }
        let half = base.bytes.len() / 2;
        let halves = [&base.bytes[half..], b"\n", &base.bytes[..half]].concat();
        bench.load(&base.name, &halves);
        let zeroed: Vec<u8> =
            base.bytes.iter().enumerate().map(|(at, byte)| if at / 64 % 7 == 3 { 0 } else { *byte }).collect();
        bench.load(&base.name, &zeroed);
    }
    bench.done();
}
