//! One pass over a JSON object that checks all of it and finds its top-level fields.
//!
//! Nearly every record is what the grammar asks for; for these the pass replaces a parser. It gives up on anything else,
//! also on what is merely unusual, and the tolerant steps of [`super::json`] take over.

use super::scan::MAX_DEPTH;

/// A top-level field of an object, as positions in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// First byte of the name, behind the quote.
    pub name: u32,
    /// One past its last byte.
    pub named: u32,
    /// First byte of the value.
    pub value: u32,
    /// One past its last byte.
    pub end: u32,
    /// Whether there is white space between the parts of the value.
    pub spaced: bool,
}

/// Finds the fields of an object that begins at `start`; gives the position after it. None where the buffer ends first or
/// something is not as the grammar has it.
pub fn object(buf: &[u8], start: usize, fields: &mut Vec<Field>) -> Option<usize> {
    let mut at = blank(buf, start + 1);
    if buf.get(start) != Some(&b'{') || u32::try_from(buf.len()).is_err() {
        return None;
    }
    if buf.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    loop {
        let (name, named) = (at + 1, name(buf, at)?);
        at = blank(buf, named + 1);
        if buf.get(at) != Some(&b':') {
            return None;
        }
        let begin = blank(buf, at + 1);
        let mut spaced = false;
        let end = value(buf, begin, &mut spaced)?;
        fields.push(Field { name: name as u32, named: named as u32, value: begin as u32, end: end as u32, spaced });
        at = blank(buf, end);
        match buf.get(at) {
            Some(b',') => at = blank(buf, at + 1),
            Some(b'}') => return Some(at + 1),
            _ => return None,
        }
    }
}

fn blank(buf: &[u8], mut at: usize) -> usize {
    while matches!(buf.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// A name without escapes: position of the quote behind it.
fn name(buf: &[u8], at: usize) -> Option<usize> {
    if buf.get(at) != Some(&b'"') {
        return None;
    }
    let end = stop(buf, at + 1);
    (buf.get(end) == Some(&b'"')).then_some(end)
}

fn value(buf: &[u8], at: usize, spaced: &mut bool) -> Option<usize> {
    match buf.get(at)? {
        b'"' => string(buf, at),
        b'{' | b'[' => nested(buf, at, spaced),
        _ => scalar(buf, at),
    }
}

/// What may stand next inside a list or an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    CommaOrEnd,
}

/// A list or an object of any depth.
fn nested(buf: &[u8], start: usize, spaced: &mut bool) -> Option<usize> {
    // One bit a level: whether it is an object.
    let mut objects = [0_u64; MAX_DEPTH / 64];
    let mut depth = 0;
    let mut next = Next::Value;
    let mut at = start;
    loop {
        let byte = *buf.get(at)?;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                *spaced = true;
                at += 1;
            }
            b'"' => match next {
                Next::Value | Next::ValueOrEnd => {
                    at = string(buf, at)?;
                    next = Next::CommaOrEnd;
                }
                Next::Name | Next::NameOrEnd => {
                    let end = string(buf, at)?;
                    at = blank(buf, end);
                    *spaced |= at > end;
                    if buf.get(at) != Some(&b':') {
                        return None;
                    }
                    at += 1;
                    next = Next::Value;
                }
                Next::CommaOrEnd => return None,
            },
            b',' => {
                if next != Next::CommaOrEnd {
                    return None;
                }
                next = if inside(&objects, depth) { Next::Name } else { Next::Value };
                at += 1;
            }
            b'{' | b'[' => {
                if !matches!(next, Next::Value | Next::ValueOrEnd) || depth >= MAX_DEPTH {
                    return None;
                }
                let (word, bit) = (objects.get_mut(depth / 64)?, 1 << (depth % 64));
                depth += 1;
                if byte == b'{' {
                    *word |= bit;
                    next = Next::NameOrEnd;
                } else {
                    *word &= !bit;
                    next = Next::ValueOrEnd;
                }
                at += 1;
            }
            b'}' | b']' => {
                let object = inside(&objects, depth);
                let ends = next == Next::CommaOrEnd || next == if object { Next::NameOrEnd } else { Next::ValueOrEnd };
                if !ends || object != (byte == b'}') {
                    return None;
                }
                at += 1;
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
                next = Next::CommaOrEnd;
            }
            _ => {
                if !matches!(next, Next::Value | Next::ValueOrEnd) {
                    return None;
                }
                at = scalar(buf, at)?;
                next = Next::CommaOrEnd;
            }
        }
    }
}

/// Whether the innermost level is an object.
fn inside(objects: &[u64], depth: usize) -> bool {
    let level = depth.wrapping_sub(1);
    objects.get(level / 64).is_some_and(|word| word >> (level % 64) & 1 == 1)
}

/// A number, true, false or null.
fn scalar(buf: &[u8], at: usize) -> Option<usize> {
    for word in [b"true".as_slice(), b"false", b"null"] {
        if buf.get(at..at + word.len()) == Some(word) {
            return Some(at + word.len());
        }
    }
    let digits = |mut at: usize| -> Option<usize> {
        let from = at;
        while matches!(buf.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        (at > from).then_some(at)
    };
    let mut at = if buf.get(at) == Some(&b'-') { at + 1 } else { at };
    at = if buf.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if buf.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(buf.get(at), Some(b'e' | b'E')) {
        at += 1;
        at = digits(if matches!(buf.get(at), Some(b'+' | b'-')) { at + 1 } else { at })?;
    }
    // A number must be followed by something, or it may go on in the next block.
    buf.get(at).map(|_| at)
}

/// The position after a string that begins at `at`; its escapes are checked.
pub fn string(buf: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at = stop(buf, at);
        match buf.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match buf.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    if !buf.get(at + 2..at + 6)?.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    at += 6;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}

const ONES: u64 = u64::MAX / 0xff;
const HIGH: u64 = ONES << 7;

/// The next quote, backslash or control character; the end of the buffer where there is none. Eight bytes at once: most
/// strings of a record are shorter than a call of a vectorised search is worth.
#[inline]
fn stop(buf: &[u8], mut at: usize) -> usize {
    while let Some(Ok(eight)) = buf.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
        let low = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        // A borrow can mark bytes above a true hit, never below it.
        let hits = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | low;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while buf.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let end = object(text.as_bytes(), 0, &mut found)?;
        assert_eq!(end, text.trim_end().len(), "{text}");
        let of = |from: u32, to: u32| text[from as usize..to as usize].to_owned();
        Some(found.iter().map(|f| (of(f.name, f.named), of(f.value, f.end))).collect())
    }

    #[test]
    fn fields_are_found() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(fields("{}"), Some(vec![]));
        assert_eq!(
            fields("{ \"a\" : [1, {\"b\":\"}\\\"\"}] ,\"longer name\":\"x\\u00e9\",\"n\":-1.5e+3, \"z\":null} "),
            Some(vec![
                pair("a", "[1, {\"b\":\"}\\\"\"}]"),
                pair("longer name", "\"x\\u00e9\""),
                pair("n", "-1.5e+3"),
                pair("z", "null")
            ])
        );
    }

    #[test]
    fn what_is_unusual_is_left_to_others() {
        for text in [
            "{\"a\":1",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{\"a\":01}",
            "{\"a\":tru}",
            "{\"a\":\"x\ny\"}",
            "{\"a\":[1,]}",
            "{\"a\":{\"b\":1,}}",
            "{\"a\":[}",
            "{\"a\":\"\\x\"}",
            "{\"a\\u0062\":1}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "[1]",
            "{\"a\":[1 2]}",
            "{\"a\":{\"b\"}}",
            "{\"a\":{,}}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":// x\n1}",
        ] {
            assert_eq!(fields(text), None, "{text}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(300), "]".repeat(300));
        assert_eq!(fields(&deep), None);
        let fits = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        assert!(fields(&fits).is_some());
    }

    /// What the pass accepts, the parser accepts with the same fields; over spoiled variants of one record.
    #[test]
    fn it_is_never_more_generous_than_the_parser() {
        let whole = "{\"id\":\"a-1\",\"t\":\"2026-03-01T10:00:00Z\",\"n\":-12.5e3,\"ok\":true,\"x\":null,\"list\":[{\"k\":\"v, w\",\"z\":[]},{}],\"s\":\"\\u00e9\\\\\\\"q\\\"\"}";
        let odd = b"{}[]\",:\\ \n0-+.eE1ntfu/x\x01";
        let mut state = 7_u64;
        let mut accepted = 0;
        for _ in 0..40_000 {
            let mut bytes = whole.as_bytes().to_vec();
            for _ in 0..2 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = (state % bytes.len() as u64) as usize;
                let new = odd[(state >> 32) as usize % odd.len()];
                match state >> 60 & 3 {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, new),
                    _ => bytes[at] = new,
                }
            }
            let mut found = Vec::new();
            let Some(end) = object(&bytes, 0, &mut found) else { continue };
            let text = std::str::from_utf8(&bytes[..end]).expect("ASCII");
            let parsed: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            for field in &found {
                let name = &text[field.name as usize..field.named as usize];
                let value = &text[field.value as usize..field.end as usize];
                let value: serde_json::Value = serde_json::from_str(value).expect("a value");
                // Where a name stands twice the parser keeps the last.
                let twice = found.iter().filter(|f| &text[f.name as usize..f.named as usize] == name).count() > 1;
                assert!(twice || parsed.get(name) == Some(&value), "{text}");
            }
            accepted += 1;
        }
        assert!(accepted > 2_000, "{accepted}");
    }
}
