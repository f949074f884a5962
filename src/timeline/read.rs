//! Reads the facts of one row, in whatever table it stands.

use serde_json::Value;

use super::{Fact, Facts, aadsts};
use crate::table::{Cell, Table, Type, time};

/// Columns that say when something happened, best first. `TimeGenerated` is when the log pipeline saw it: Azure
/// Monitor replaces it for rows that arrive late.
const TIMES: [&str; 7] = [
    "CreatedDateTime",
    "ActivityDateTime",
    "RiskLastUpdatedDateTime",
    "DetectedDateTime",
    "StartTime",
    "Timestamp",
    "TimeGenerated",
];

/// How much of a serialized value is worth a place in one cell of a timeline, in bytes.
const DETAIL_LIMIT: usize = 2_000;

/// One way to a value: a column, and steps into the JSON that it holds.
struct Path {
    column: usize,
    steps: Vec<Step>,
}

enum Step {
    Key(String),
    Each,
    Where(String, String),
}

/// Knows where one table keeps its facts.
pub struct Reader<'a> {
    table: &'a Table,
    times: Vec<(&'static str, usize)>,
    paths: Vec<(Fact, Vec<Path>)>,
    signin: bool,
    targets: Option<usize>,
}

impl<'a> Reader<'a> {
    /// Looks up the columns once.
    pub fn new(table: &'a Table) -> Reader<'a> {
        let schema = table.schema();
        let name = schema.table.as_str();
        let signin = name.contains("SignIn") || name.contains("Signin");
        let position = |column: &&'static str| {
            let position = schema.position(column)?;
            (schema.fields[position].ty == Type::Datetime).then_some((*column, position))
        };
        let paths = Fact::all().map(|fact| {
            let paths = fact.paths().iter().filter_map(|path| parse(path, |column| schema.position(column)));
            (fact, paths.collect())
        });
        let targets = schema.position("TargetResources");
        Reader { table, times: TIMES.iter().filter_map(position).collect(), paths: paths.collect(), signin, targets }
    }

    /// When it happened, in ticks, and the column that says so.
    pub fn time(&self, row: usize) -> (Option<i64>, &'static str) {
        let found = self.times.iter().find_map(|(name, position)| match self.table.column(*position).cell(row) {
            Cell::Integer(ticks) => Some((Some(ticks), *name)),
            _ => None,
        });
        found.unwrap_or((None, ""))
    }

    /// All facts of a row.
    pub fn facts(&self, row: usize) -> Facts {
        let mut parsed = Parsed { cells: Vec::new() };
        let mut facts = Facts::default();
        for (fact, paths) in &self.paths {
            if let Some(value) = paths.iter().find_map(|path| self.value(path, row, &mut parsed)) {
                facts.set(*fact, value);
            }
        }
        facts.set(Fact::Ip, without_port(facts.get(Fact::Ip)).to_owned());
        if self.signin {
            self.judge(&mut facts);
        }
        if let Some(column) = self.targets {
            let changes = changes(parsed.get(self.table, column, row));
            if !changes.is_empty() {
                facts.set(Fact::Details, changes);
            }
        }
        facts
    }

    /// Says in words how a sign-in ended.
    fn judge(&self, facts: &mut Facts) {
        let code = facts.get(Fact::Code).to_owned();
        if code.is_empty() {
            return;
        }
        facts.set(Fact::Result, aadsts::group(&code).word());
        if let Some(meaning) = aadsts::meaning(&code).filter(|_| code != "0") {
            facts.set(Fact::Reason, meaning);
        } else if code == "0" {
            facts.set(Fact::Reason, "");
        }
        facts.set(
            Fact::Operation,
            match self.table.schema().table.as_str() {
                "SigninLogs" => "Sign-in",
                "AADNonInteractiveUserSignInLogs" => "Non-interactive sign-in",
                "AADServicePrincipalSignInLogs" => "Service principal sign-in",
                "AADManagedIdentitySignInLogs" => "Managed identity sign-in",
                "ADFSSignInLogs" => "AD FS sign-in",
                _ => "Sign-in",
            },
        );
    }

    /// The value at a path as text; none where it is missing or empty.
    fn value(&self, path: &Path, row: usize, parsed: &mut Parsed) -> Option<String> {
        if path.steps.is_empty() {
            let text = match self.table.column(path.column).cell(row) {
                Cell::Null => return None,
                // An object is not a value for a cell; a longer path names the part that is.
                Cell::Text(text)
                    if text.starts_with('{') && self.table.schema().fields.get(path.column)?.name == "Location" =>
                {
                    return None;
                }
                Cell::Text(text) => clip(text),
                Cell::Integer(number) if self.table.schema().fields.get(path.column)?.ty == Type::Datetime => {
                    time::iso(number)
                }
                Cell::Integer(number) => number.to_string(),
                Cell::Real(number) => number.to_string(),
                Cell::Bool(value) => value.to_string(),
            };
            return (!text.trim().is_empty() && text != "[]" && text != "{}").then_some(text);
        }
        let mut found = Vec::new();
        walk(parsed.get(self.table, path.column, row)?, &path.steps, &mut found);
        found.dedup();
        (!found.is_empty()).then(|| clip(&found.join(", ")))
    }
}

/// The JSON cells of one row, each parsed at most once.
struct Parsed {
    cells: Vec<(usize, Option<Value>)>,
}

impl Parsed {
    fn get(&mut self, table: &Table, column: usize, row: usize) -> Option<&Value> {
        let known = self.cells.iter().position(|(known, _)| *known == column);
        let index = known.unwrap_or_else(|| {
            let value = match table.column(column).cell(row) {
                Cell::Text(text) if text.starts_with(['{', '[']) => serde_json::from_str(text).ok(),
                _ => None,
            };
            self.cells.push((column, value));
            self.cells.len() - 1
        });
        self.cells.get(index).and_then(|(_, value)| value.as_ref())
    }
}

/// Reads a path; none where the table has no such column.
fn parse(path: &str, position: impl Fn(&str) -> Option<usize>) -> Option<Path> {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let column = position(path.get(..end)?)?;
    let mut steps = Vec::new();
    let mut rest = path.get(end..)?;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (condition, after) = inside.split_once(']')?;
            steps.push(match condition.split_once('=') {
                Some((key, value)) => Step::Where(key.to_owned(), value.to_owned()),
                None => Step::Each,
            });
            rest = after;
        } else {
            let name = rest.trim_start_matches('.');
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(Step::Key(name.get(..end)?.to_owned()));
            rest = name.get(end..)?;
        }
    }
    Some(Path { column, steps })
}

fn walk(value: &Value, steps: &[Step], found: &mut Vec<String>) {
    let Some((step, rest)) = steps.split_first() else {
        let text = plain(value);
        if !text.trim().is_empty() {
            found.push(text);
        }
        return;
    };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => {
            let folded = || object.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
            if let Some(next) = object.get(key).or_else(folded) {
                walk(next, rest, found);
            }
        }
        (Step::Each, Value::Array(items)) => items.iter().for_each(|item| walk(item, rest, found)),
        (Step::Where(key, wanted), Value::Array(items)) => {
            let fits =
                |item: &&Value| item.get(key).and_then(Value::as_str).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
            items.iter().filter(fits).for_each(|item| walk(item, rest, found));
        }
        _ => {}
    }
}

/// A JSON value as a person writes it: text without quotes, null as nothing.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => String::new(),
        other => other.to_string(),
    }
}

/// `name: old → new` for each changed property of each target.
fn changes(targets: Option<&Value>) -> String {
    let Some(Value::Array(targets)) = targets else { return String::new() };
    let mut parts = Vec::new();
    for target in targets {
        let Some(Value::Array(properties)) = target.get("modifiedProperties") else { continue };
        for property in properties {
            let text = |key: &str| {
                let text = property.get(key).map(plain).unwrap_or_default();
                // Values of directory audits are JSON inside text; one layer of quotes tells a reader nothing.
                let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&text);
                bare.to_owned()
            };
            let (name, old, new) = (text("displayName"), text("oldValue"), text("newValue"));
            let empty = |text: &str| text.is_empty() || text == "[]";
            parts.push(match (empty(&old), empty(&new)) {
                (true, true) => continue,
                (true, false) => format!("{name}: {new}"),
                (false, true) => format!("{name}: {old} → (removed)"),
                (false, false) => format!("{name}: {old} → {new}"),
            });
        }
    }
    clip(&parts.join("; "))
}

/// The address in `1.2.3.4:443` and `[2001:db8::1]:443`.
fn without_port(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').map_or(text, |(address, _)| address);
    }
    match text.split_once(':') {
        Some((address, port)) if !port.contains(':') && address.contains('.') => address,
        _ => text,
    }
}

/// The beginning of a text that is too long for a cell, and a word that says so; the whole stands in the evidence.
fn clip(text: &str) -> String {
    if text.len() <= DETAIL_LIMIT {
        return text.to_owned();
    }
    let mut end = DETAIL_LIMIT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}… [cut at {DETAIL_LIMIT} of {} bytes, see the record]", text.get(..end).unwrap_or_default(), text.len())
}
