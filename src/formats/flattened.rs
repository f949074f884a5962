//! Records of other shapes whose nested objects were flattened into names with paths, by data frames and converters.

use super::nested::{Tree, path};
use super::recased::cell;
use super::{Form, Format, Record, Value, recognise};

const WHY: &str = "has names with paths, which make a record of a known shape when they are put together again";

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
    let deep = record.fields.iter().filter(|(name, _)| name.contains(['.', '/', '[']) && path(name).len() > 1).count();
    if deep < 2 {
        return None;
    }
    let text = whole(record);
    let inner = Record::parse(&text).ok()?;
    recognise(&inner).map(|_| WHY)
}

fn load(record: &Record<'_>, sink: &mut super::Sink) -> Result<(), String> {
    let text = whole(record);
    let inner = Record::parse(&text)?;
    let Some((format, _)) = recognise(&inner) else { return Err("no known shape when put together again".into()) };
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
