//! Records of other shapes whose nested objects were flattened into names with paths or put into cells, by data frames,
//! databases and converters.

use super::nested::{Tree, path};
use super::recased::cell;
use super::{ALL, Form, Format, Record, Value};

const WHY: &str =
    "has names with paths or objects in cells, which make a record of a known shape when put together again";

/// JSON objects of one level: before the shapes that would take such a record for one with its nested values missing.
pub static OBJECTS: Format = Format {
    name: "flattened objects",
    shapes: &[],
    marks: |record| (record.form == Form::Json).then(|| known(record)).flatten(),
    load: |record, sink| load(record, sink),
};

/// Tables: behind the shapes that know their flattened columns by name.
pub static TABLES: Format = Format {
    name: "flattened objects in a table",
    shapes: &[],
    marks: |record| (record.form != Form::Json).then(|| known(record)).flatten(),
    load: |record, sink| load(record, sink),
};

fn known(record: &Record<'_>) -> Option<&'static str> {
    let deep = record.fields.iter().any(|(name, _)| name.contains(['.', '/', '[']) && path(name).len() > 1);
    // A table keeps an object in a cell, as its text; an envelope may have none.
    let held = record.form != Form::Json
        && (record.fields.iter().any(|(_, value)| value.as_str().starts_with(['{', '[']))
            || record.has_all(&["operationName", "category", "resourceId"]));
    if !deep && !held {
        return None;
    }
    let text = whole(record);
    let inner = Record::parse(&text).ok()?;
    shape(&inner).map(|_| WHY)
}

/// The shape of what was put together, which is not put together once more: a name whose path leads nowhere stays.
fn shape(inner: &Record<'_>) -> Option<&'static Format> {
    let others = ALL.iter().filter(|format| ![OBJECTS.name, TABLES.name].contains(&format.name));
    others.copied().find(|format| (format.marks)(inner).is_some())
}

fn load(record: &Record<'_>, sink: &mut super::Sink) -> Result<(), String> {
    let text = whole(record);
    let inner = Record::parse(&text)?;
    let Some(format) = shape(&inner) else { return Err("no known shape when put together again".into()) };
    (format.load)(&inner, sink)
}

/// The object that the record was before.
fn whole(record: &Record<'_>) -> String {
    let mut tree = Tree::default();
    for (name, value) in record.fields.iter().filter(|(_, value)| !value.is_empty()) {
        let json = match value {
            Value::Text(text) if record.form == Form::Csv => cell(text),
            other => other.to_json().into_owned(),
        };
        tree.insert(&path(name), json);
    }
    tree.to_json()
}
