//! One record, taken apart into names and values: the same view for JSON objects, rows under columns, and CSV lines.

use std::borrow::Cow;

use crate::evidence::{Field, string};

/// How a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON object.
    Json,
    /// Cells under named columns, in JSON.
    Row,
    /// Cells under a header line.
    Csv,
}

/// A value as found.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Absent, JSON null, or an empty cell.
    Null,
    /// Text, unescaped.
    Text(Cow<'a, str>),
    /// A number, boolean, array or object, as raw JSON.
    Json(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// From raw JSON.
    pub fn from_raw(raw: Cow<'a, str>) -> Value<'a> {
        match raw.as_bytes().first() {
            Some(b'"') => Value::Text(unescape(raw)),
            Some(b'n') | None => Value::Null,
            _ => Value::Json(raw),
        }
    }

    /// The text, or the raw JSON; empty for null.
    pub fn as_str(&self) -> &str {
        match self {
            Value::Null => "",
            Value::Text(text) | Value::Json(text) => text,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }

    /// The value as JSON text.
    pub fn to_json(&self) -> Cow<'_, str> {
        match self {
            Value::Null => "null".into(),
            Value::Json(raw) => raw.as_ref().into(),
            Value::Text(text) => quote(text).into(),
        }
    }

    /// The fields, where the value is an object or a text that holds one.
    pub fn object(&self) -> Option<Record<'_>> {
        let text = self.as_str().trim();
        if text.starts_with('{') && self.is_shallow() { Record::parse(text).ok() } else { None }
    }

    /// The elements as raw JSON, where the value is an array or a text that holds one.
    pub fn array(&self) -> Vec<Value<'_>> {
        let text = self.as_str().trim();
        if text.starts_with('[') && self.is_shallow() { elements(text) } else { Vec::new() }
    }

    /// Raw JSON stems from a record whose nesting was checked when it was cut out; text may hold anything.
    fn is_shallow(&self) -> bool {
        !matches!(self, Value::Text(text) if !shallow(text))
    }
}

/// Whether JSON in a text is nested no deeper than a parser's stack allows. Text in cells and strings was not looked
/// into when its record was cut out.
pub fn shallow(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > 256 {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
                    at += found + 1;
                    if bytes.get(at - 1) == Some(&b'"') {
                        break;
                    }
                    at += 1;
                }
            }
            _ => {}
        }
    }
    true
}

/// A text as a JSON string.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn unescape(raw: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return match raw {
            Cow::Borrowed(raw) => raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default().into(),
            Cow::Owned(raw) => raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default().to_owned().into(),
        };
    }
    match sonic_rs::from_str::<String>(&raw) {
        Ok(text) => text.into(),
        // Half a surrogate pair is no character; the rest of the text is still evidence.
        Err(_) => raw.trim_matches('"').to_owned().into(),
    }
}

/// The elements of a raw JSON array; empty where it is not one.
pub fn elements(raw: &str) -> Vec<Value<'_>> {
    sonic_rs::to_array_iter(raw).map_while(Result::ok).map(|value| Value::from_raw(value.as_raw_cow())).collect()
}

/// Names and values in the order in which they were written.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// Names and values; a name may occur twice.
    pub fields: Vec<(Cow<'a, str>, Value<'a>)>,
    /// How it was written.
    pub form: Form,
    /// The JSON text it was read from; empty for other forms.
    pub raw: &'a str,
    /// Whether no value has white space between its parts: then none need be looked for.
    pub tight: bool,
}

impl<'a> Record<'a> {
    /// Reads a JSON object. The error says what is wrong with it.
    pub fn parse(raw: &'a str) -> Result<Record<'a>, String> {
        let mut fields = Vec::with_capacity(64);
        for entry in sonic_rs::to_object_iter(raw) {
            match entry {
                Ok((name, value)) => fields.push((name, Value::from_raw(value.as_raw_cow()))),
                Err(error) => {
                    let text = error.to_string();
                    return Err(text.lines().next().unwrap_or("not valid JSON").to_owned());
                }
            }
        }
        Ok(Record { fields, form: Form::Json, raw, tight: false })
    }

    /// An object whose fields were found already, by their positions in it.
    pub fn whole(raw: &'a str, fields: &[Field]) -> Record<'a> {
        let part = |from: u32, to: u32| raw.get(from as usize..to as usize).unwrap_or_default();
        let field = |f: &Field| (part(f.name, f.named).into(), Value::from_raw(part(f.value, f.end).into()));
        let tight = fields.iter().all(|field| !field.spaced);
        Record { fields: fields.iter().map(field).collect(), form: Form::Json, raw, tight }
    }

    /// The value of a name, in any letter case; the first that is not empty where a name occurs twice.
    pub fn get(&self, name: &str) -> &Value<'a> {
        let mut found = &Value::Null;
        for (key, value) in &self.fields {
            if key.eq_ignore_ascii_case(name) {
                if !value.is_empty() {
                    return value;
                }
                found = value;
            }
        }
        found
    }

    /// Whether the name occurs, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// Whether all names occur.
    pub fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    /// Text of a name; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).as_str()
    }

    /// The first of these names that holds something.
    pub fn any(&self, names: &[&str]) -> &Value<'a> {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or(&Value::Null)
    }

    /// The value at a path of names split by dots.
    pub fn path(&self, path: &str) -> Value<'a> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let value = self.get(first);
        match rest {
            None => value.clone(),
            Some(rest) => value.object().map_or(Value::Null, |inner| owned(inner.path(rest))),
        }
    }
}

/// A value that no longer depends on the record it was found in.
pub fn owned<'a>(value: Value<'_>) -> Value<'a> {
    match value {
        Value::Null => Value::Null,
        Value::Text(text) => Value::Text(text.into_owned().into()),
        Value::Json(raw) => Value::Json(raw.into_owned().into()),
    }
}

/// JSON text without white space outside strings, as Log Analytics writes it.
pub fn compact(raw: &str) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let mut at = 0;
    let mut out: Option<Vec<u8>> = None;
    let mut kept = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            // A string that is not as the grammar has it ends nowhere: the rest stays as it is.
            b'"' => at = string(bytes, at).unwrap_or(bytes.len()),
            b' ' | b'\n' | b'\r' | b'\t' => {
                let out = out.get_or_insert_with(|| Vec::with_capacity(bytes.len()));
                out.extend_from_slice(bytes.get(kept..at).unwrap_or_default());
                at += 1;
                kept = at;
            }
            _ => at += 1,
        }
    }
    match out {
        None => raw.into(),
        Some(mut out) => {
            out.extend_from_slice(bytes.get(kept..).unwrap_or_default());
            String::from_utf8(out).map_or(raw.into(), Cow::Owned)
        }
    }
}

/// Valid JSON from text with trailing commas and `//` comments, as documentation and hand-edited files have them; with
/// control characters and backslashes that should have been escaped; with the words that data frames write for nothing.
pub fn repair(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars().peekable();
    let mut quoted = false;
    while let Some(c) = rest.next() {
        if quoted {
            match c {
                '\\' => match rest.next() {
                    Some(c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u')) => {
                        out.extend([c, '\\'].iter().rev())
                    }
                    // What needs no escape stands for itself; before anything else the backslash was meant.
                    Some('\'') => out.push('\''),
                    Some(other) => out.extend(['\\', '\\', other]),
                    None => {}
                },
                '"' => {
                    quoted = false;
                    out.push(c);
                }
                c if c.is_ascii_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                _ => out.push(c),
            }
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                out.push(c);
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '}' | ']' => {
                let kept = out.trim_end().len();
                if out.get(..kept).is_some_and(|text| text.ends_with(',')) {
                    out.truncate(kept - 1);
                }
                out.push(c);
            }
            'N' | 'I' | 'u' => {
                let mut word = String::from(c);
                while let Some(letter) = rest.next_if(char::is_ascii_alphabetic) {
                    word.push(letter);
                }
                let nothing = matches!(word.as_str(), "NaN" | "Infinity" | "undefined" | "None");
                if nothing && out.ends_with('-') {
                    out.pop();
                }
                out.push_str(if nothing { "null" } else { &word });
            }
            '\u{a0}' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compacts_outside_strings_only() {
        assert_eq!(compact("{ \"a b\" : [1, 2],\n\"c\":\"\\\" x\" }"), "{\"a b\":[1,2],\"c\":\"\\\" x\"}");
        assert!(matches!(compact("{\"a\":1}"), Cow::Borrowed(_)));
    }

    #[test]
    fn repairs() {
        assert_eq!(repair("{\"a\":[1,2,],// x\n\"b\":\"//,}\",}"), "{\"a\":[1,2],\n\"b\":\"//,}\"}");
        assert_eq!(repair("{\"a\":NaN,\"b\":-Infinity,\"c\":null}"), "{\"a\":null,\"b\":null,\"c\":null}");
        assert_eq!(
            repair("{\"a\":\"x\ty\0\",\"b\":\"C:\\Users\\new \\'q\\' \\u00e9\"}"),
            "{\"a\":\"x\\u0009y\\u0000\",\"b\":\"C:\\\\Users\\new 'q' \\u00e9\"}"
        );
    }
}
