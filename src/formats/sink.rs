//! Where loaders put rows: typed cells into table builders, and everything that did not fit into a list.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Plan;
use super::record::{Record, Value, compact, quote, shallow};
use super::when::Dates;
use crate::table::{Cell, Decimal, RecordId, TICKS_PER_SECOND, TableBuilder, Type, UNIX_EPOCH_TICKS};

/// A value that does not fit its column: left empty, and named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Record number within the chunk, from 1.
    pub record: u64,
    /// Column that stays empty.
    pub column: String,
    /// What was found, shortened.
    pub found: String,
    /// What would have fitted.
    pub wanted: &'static str,
}

/// Where rows of a plan go. Plans live as long as the sink, so that their address names them.
#[derive(Debug, Clone, Copy)]
struct Slot {
    plan: usize,
    builder: usize,
    shape: u16,
}

/// Where a field of some name goes: records of one shape have their fields in one order, so that the next record's field
/// in the same place mostly has the same name.
#[derive(Debug, Default)]
struct Place {
    name: String,
    columns: Vec<usize>,
}

/// Rows of one chunk, by table, and what happened on the way.
#[derive(Debug, Default)]
pub struct Sink {
    builders: Vec<TableBuilder>,
    slots: Vec<Slot>,
    /// Where the fields of the last record of each slot went.
    places: Vec<Vec<Place>>,
    plans: Vec<(String, Arc<Plan>)>,
    /// How dates are read in this file.
    pub dates: Dates,
    /// Whether the export marks its times as local.
    pub local: bool,
    /// Name of the file: a hint where two exports have the same content shape.
    pub file: String,
    /// Number of the record that is being loaded, from 1 within the chunk.
    pub record: u64,
    /// Values that did not fit.
    pub problems: Vec<Problem>,
    /// What was put right or noticed, with the number of times.
    pub notes: BTreeMap<Cow<'static, str>, u64>,
    rows: u64,
}

impl Sink {
    /// A plan that depends on the file at hand, made once a chunk.
    pub fn plan(&mut self, key: &str, make: impl FnOnce() -> Plan) -> Arc<Plan> {
        if let Some((_, plan)) = self.plans.iter().find(|(known, _)| known == key) {
            return plan.clone();
        }
        let plan = Arc::new(make());
        self.plans.push((key.to_owned(), plan.clone()));
        plan
    }

    /// Opens a row of the plan's table.
    pub fn row<'s>(&'s mut self, plan: &'s Plan) -> Row<'s> {
        let address = std::ptr::from_ref(plan).addr();
        let known = self.slots.iter().position(|slot| slot.plan == address);
        let slot = known.unwrap_or_else(|| {
            let of_table = self.builders.iter().position(|b| b.schema().table == plan.schema.table);
            let builder = of_table.unwrap_or_else(|| {
                self.builders.push(TableBuilder::of_chunk(plan.schema.clone()));
                self.builders.len() - 1
            });
            let shape = self.builders[builder].shape(&plan.shape);
            self.slots.push(Slot { plan: address, builder, shape });
            self.places.push(Vec::new());
            self.slots.len() - 1
        });
        let Slot { builder, shape, .. } = self.slots[slot];
        Row {
            builder: &mut self.builders[builder],
            plan,
            shape,
            dates: &mut self.dates,
            local: self.local,
            record: self.record,
            problems: &mut self.problems,
            notes: &mut self.notes,
            rows: &mut self.rows,
            places: &mut self.places[slot],
        }
    }

    /// Counts something that a reader should know about the file.
    pub fn note(&mut self, what: impl Into<Cow<'static, str>>) {
        *self.notes.entry(what.into()).or_default() += 1;
    }

    /// Rows closed so far, over all tables.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The finished builders, one a table.
    pub fn into_builders(self) -> Vec<TableBuilder> {
        self.builders
    }
}

/// One open row. What is set first stays; [`Row::fill`] comes after the fields that need care.
pub struct Row<'s> {
    builder: &'s mut TableBuilder,
    plan: &'s Plan,
    shape: u16,
    dates: &'s mut Dates,
    local: bool,
    record: u64,
    problems: &'s mut Vec<Problem>,
    notes: &'s mut BTreeMap<Cow<'static, str>, u64>,
    rows: &'s mut u64,
    places: &'s mut Vec<Place>,
}

impl Row<'_> {
    /// Sets a named column; a name that the table does not have is passed over.
    pub fn set(&mut self, column: &str, value: &Value<'_>) {
        if let Some(position) = self.plan.schema.position(column) {
            self.put(position, value, false);
        }
    }

    /// A service writes its dates in one way wherever the file was opened; what cannot be read so was changed since.
    fn date(&mut self, text: &str) -> Option<i64> {
        // A document store's way to say that a text is a date.
        if text.starts_with('{') && text.contains("\"$date\"") {
            let held = Value::Json(text.into());
            let held = held.object()?;
            return self.date(held.get("$date").as_str());
        }
        if let Some(ticks) = since_1970(text) {
            *self.notes.entry("times as numbers, read as the time since 1970 in UTC".into()).or_default() += 1;
            return Some(ticks);
        }
        if self.plan.month_first {
            let of_service = Dates::default().read(text, false);
            if of_service.is_some() {
                return of_service;
            }
        }
        self.dates.read(text, self.local)
    }

    /// Sets a named column to a text.
    pub fn text(&mut self, column: &str, text: &str) {
        self.set(column, &Value::Text(text.into()));
    }

    /// Sets a named column to JSON.
    pub fn json(&mut self, column: &str, raw: &str) {
        self.set(column, &Value::Json(raw.into()));
    }

    /// Whether the table has such a column.
    pub fn knows(&self, column: &str) -> bool {
        self.plan.schema.position(column).is_some()
    }

    /// Sets every column that the plan gives a field of the record to.
    pub fn fill(&mut self, record: &Record<'_>) {
        let mut places = std::mem::take(self.places);
        if places.len() < record.fields.len() {
            places.resize_with(record.fields.len(), Place::default);
        }
        for ((name, value), place) in record.fields.iter().zip(&mut places) {
            if matches!(value, Value::Null) {
                continue;
            }
            if place.name != *name {
                place.name.clear();
                place.name.push_str(name);
                place.columns.clear();
                place.columns.extend(self.plan.columns(&name.to_ascii_lowercase()));
            }
            for &position in &place.columns {
                self.put(position, value, record.tight);
            }
        }
        *self.places = places;
    }

    /// Closes the row.
    pub fn close(mut self) {
        let plan = self.plan;
        for &(position, value) in plan.constant_cells() {
            self.put(position, &Value::Text(value.into()), false);
        }
        self.text("Type", &plan.schema.table);
        self.builder.close(RecordId { evidence: 0, number: self.record }, self.shape);
        *self.rows += 1;
    }

    /// Sets a cell; with `tight`, JSON has no white space to take out.
    fn put(&mut self, position: usize, value: &Value<'_>, tight: bool) {
        let Some(field) = self.plan.schema.fields.get(position) else { return };
        let ty = field.ty;
        let text = value.as_str();
        if text.is_empty() {
            return;
        }
        let wanted = match ty {
            Type::String => {
                let cell = match value {
                    Value::Json(raw) if !tight && raw.starts_with(['{', '[']) => compact(raw),
                    _ => text.into(),
                };
                if scientific(text) {
                    let what =
                        "values in a spreadsheet's scientific notation: digits are lost, export again without it";
                    *self.notes.entry(what.into()).or_default() += 1;
                }
                self.builder.set(position, Cell::Text(&cell));
                return;
            }
            Type::Guid => {
                self.builder.set(position, Cell::Text(&text.to_ascii_lowercase()));
                return;
            }
            Type::Dynamic => {
                self.dynamic(position, value, tight);
                return;
            }
            Type::Datetime => match self.date(text) {
                Some(ticks) => {
                    self.builder.set(position, Cell::Integer(ticks));
                    return;
                }
                None => "a date with a time",
            },
            Type::Bool => match bool_of(text) {
                Some(value) => {
                    self.builder.set(position, Cell::Bool(value));
                    return;
                }
                None => "true or false",
            },
            Type::Int | Type::Long => match integer(text) {
                Some(value) => {
                    self.builder.set(position, Cell::Integer(value));
                    return;
                }
                None => "a whole number",
            },
            Type::Decimal => match Decimal::parse(text) {
                Some(value) => {
                    self.builder.set(position, Cell::Text(&value.key()));
                    return;
                }
                None => "a number",
            },
            Type::Real => match text.trim().parse() {
                Ok(value) => {
                    self.builder.set(position, Cell::Real(value));
                    return;
                }
                Err(_) => "a number",
            },
            Type::Timespan => "a time span",
        };
        // Writers of JSON and tables spell "nothing" in these ways where the column is not text.
        if matches!(text.trim(), "None" | "null" | "(blank)" | "-" | "NaN" | "") {
            return;
        }
        self.problem(position, text, wanted);
    }

    fn dynamic(&mut self, position: usize, value: &Value<'_>, tight: bool) {
        match value {
            Value::Json(raw) if tight => self.builder.set(position, Cell::Text(raw)),
            Value::Json(raw) => self.builder.set(position, Cell::Text(&compact(raw))),
            Value::Text(text) => {
                let body = text.trim();
                if body == "null" || body == "None" {
                    return;
                }
                let nested = body.starts_with(['{', '[']);
                let scalar = !nested && (matches!(body, "true" | "false") || is_number(body));
                if nested && (!shallow(body) || sonic_rs::from_str::<sonic_rs::LazyValue<'_>>(body).is_err()) {
                    *self
                        .notes
                        .entry("dynamic values that are not valid JSON (cut off?), kept as text".into())
                        .or_default() += 1;
                    self.builder.set(position, Cell::Text(&quote(text)));
                } else if nested || scalar {
                    self.builder.set(position, Cell::Text(&compact(body)));
                } else {
                    self.builder.set(position, Cell::Text(&quote(text)));
                }
            }
            Value::Null => {}
        }
    }

    /// Notes a value that was left out.
    fn problem(&mut self, position: usize, found: &str, wanted: &'static str) {
        let column = self.plan.schema.fields.get(position).map_or_else(String::new, |field| field.name.clone());
        let found = found.chars().take(60).collect();
        self.problems.push(Problem { record: self.record, column, found, wanted });
    }
}

/// A time as the seconds, milliseconds, microseconds or nanoseconds since 1970. How many digits there are tells which: from
/// 2001 until 2262 no two of them have the same number.
fn since_1970(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = text.parse().ok()?;
    let ticks = match text.len() {
        10 => count.checked_mul(TICKS_PER_SECOND)?,
        13 => count.checked_mul(TICKS_PER_SECOND / 1_000)?,
        16 => count.checked_mul(TICKS_PER_SECOND / 1_000_000)?,
        19 => count / 100,
        _ => return None,
    };
    ticks.checked_add(UNIX_EPOCH_TICKS)
}

fn bool_of(text: &str) -> Option<bool> {
    let text = text.trim();
    match () {
        () if text.eq_ignore_ascii_case("true") || text == "1" || text.eq_ignore_ascii_case("yes") => Some(true),
        () if text.eq_ignore_ascii_case("false") || text == "0" || text.eq_ignore_ascii_case("no") => Some(false),
        () => None,
    }
}

fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let (whole, fraction) = text.split_once('.')?;
        fraction.bytes().all(|b| b == b'0').then(|| whole.parse().ok())?
    })
}

/// `1.78153E+12`: an identifier that a spreadsheet took for a number.
fn scientific(text: &str) -> bool {
    text.len() < 16
        && text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && text
            .split_once("E+")
            .is_some_and(|(head, tail)| head.contains('.') && tail.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text is a JSON number: leading zeros and the like are text.
fn is_number(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit() || b == b'-')
        && text.len() < 20
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
}
