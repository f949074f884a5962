//! The texts inside of JSON, without a change to anything else: numbers keep their digits, spaces stay.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// Whether a text is a JSON object, list or text.
pub fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// JSON with each of its texts, names of properties included, as `change` makes it; none where nothing changed.
pub fn rewrite(json: &str, change: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut kept = 0;
    let mut rest = 0;
    while let Some(open) = json.get(rest..).and_then(|text| text.find('"')).map(|at| rest + at) {
        let end = close(json, open)?;
        let literal = json.get(open..end)?;
        let plain: Cow<'_, str> = serde_json::from_str::<String>(literal).ok()?.into();
        if let Some(changed) = change(&plain) {
            out.push_str(json.get(kept..open)?);
            out.push_str(&serde_json::Value::from(changed).to_string());
            kept = end;
        }
        rest = end;
    }
    if kept == 0 {
        return None;
    }
    out.push_str(json.get(kept..)?);
    Some(out)
}

/// Where the text that opens here has ended.
fn close(json: &str, open: usize) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(open + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn only_texts_change() {
        let upper = |text: &str| (text == "a\u{e9}").then(|| "B\"".to_owned());
        let json = r#"{"a\u00e9": [12345678901234567890.10, "a\u00e9"],  "x": "a\\"}"#;
        assert_eq!(rewrite(json, &upper).as_deref(), Some(r#"{"B\"": [12345678901234567890.10, "B\""],  "x": "a\\"}"#));
        assert_eq!(rewrite(r#"["x"]"#, &upper), None);
    }
}
