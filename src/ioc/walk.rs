//! Where in a cell a value stands.

use serde_json::Value;

use super::Iocs;

/// JSON inside a text inside JSON is read this many times; logs nest it twice at most.
const NESTED: usize = 4;

/// Values and paths, in the order of the text.
pub(super) fn places(iocs: &Iocs, text: &str) -> Vec<(usize, String)> {
    let found = iocs.within(text);
    let plain = |found: Vec<usize>| found.into_iter().map(|value| (value, String::new())).collect();
    // An escape may hide a value from a search of the raw text, so JSON with one is always read.
    if !text.starts_with(['{', '[']) || (found.is_empty() && !text.contains('\\')) {
        return plain(found);
    }
    let Ok(value) = serde_json::from_str(text) else { return plain(found) };
    let mut inside = Vec::new();
    walk(iocs, &value, &mut String::new(), NESTED, &mut inside);
    if inside.is_empty() { plain(found) } else { inside }
}

fn walk(iocs: &Iocs, value: &Value, path: &mut String, depth: usize, found: &mut Vec<(usize, String)>) {
    let mut note = |text: &str, path: &str| found.extend(iocs.within(text).into_iter().map(|i| (i, path.to_owned())));
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push('.');
                path.push_str(name);
                found.extend(iocs.within(name).into_iter().map(|i| (i, path.clone())));
                walk(iocs, member, path, depth, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                path.push_str(&format!("[{position}]"));
                walk(iocs, item, path, depth, found);
                path.truncate(length);
            }
        }
        Value::String(text) => {
            let nested = (depth > 0 && text.starts_with(['{', '[', '"'])).then(|| serde_json::from_str(text));
            match nested {
                Some(Ok(inner)) => walk(iocs, &inner, path, depth - 1, found),
                _ => note(text, path),
            }
        }
        Value::Number(number) => note(&number.to_string(), path),
        Value::Bool(_) | Value::Null => {}
    }
}
