//! Steps over JSON without understanding it: strings, values, names, and the way back after damage.

use memchr::{memchr, memchr3, memmem};

/// Deeper nesting than this is no log record but an attack on the parser's stack.
pub const MAX_DEPTH: usize = 256;
/// Why a step could not be made.
pub enum Stop {
    /// The buffer ends first.
    More,
    /// This position cannot be.
    Bad(usize, &'static str),
}

/// The next plausible beginning of a record: a line that opens an object no deeper than the broken one did, or an
/// object after `},` behind the bad place.
pub fn resync(buf: &[u8], from: usize, bad: usize, indent: usize) -> Option<usize> {
    let mut line = None;
    let mut at = from.saturating_sub(1);
    while let Some(found) = buf.get(at..).and_then(|rest| memchr(b'\n', rest)) {
        let begin = at + found + 1;
        let rest = buf.get(begin..).unwrap_or_default();
        let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        if blank <= indent && matches!(rest.get(blank), Some(b'{' | b'[')) {
            line = Some(begin + blank);
            break;
        }
        at = begin;
    }
    let joined = buf.get(bad..).and_then(|rest| {
        let found = memmem::find(rest, b"},{").map(|n| n + 2);
        let spaced = memmem::find(rest, b"}, {").map(|n| n + 3);
        found.into_iter().chain(spaced).min().map(|n| bad + n)
    });
    line.into_iter().chain(joined).min()
}

/// The position of the next byte that is not white space or a `//` comment.
pub fn space(buf: &[u8], mut at: usize) -> Result<usize, Stop> {
    loop {
        match buf.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'/') if buf.get(at + 1) == Some(&b'/') => {
                let rest = buf.get(at..).unwrap_or_default();
                at += memchr(b'\n', rest).ok_or(Stop::More)?;
            }
            Some(_) => return Ok(at),
            None => return Err(Stop::More),
        }
    }
}

/// A key with the position of its value.
pub fn key(buf: &[u8], at: usize) -> Result<(&[u8], usize), Stop> {
    let end = string(buf, at)?;
    let colon = space(buf, end)?;
    if buf.get(colon) != Some(&b':') {
        return Err(Stop::Bad(colon, "a colon was expected after a name"));
    }
    let value = space(buf, colon + 1)?;
    Ok((buf.get(at + 1..end - 1).unwrap_or_default(), value))
}

/// The position after a string that begins at `at`.
pub fn string(buf: &[u8], at: usize) -> Result<usize, Stop> {
    let mut at = at + 1;
    loop {
        let rest = buf.get(at..).unwrap_or_default();
        let found = memchr3(b'"', b'\\', b'\n', rest).ok_or(Stop::More)?;
        match rest.get(found) {
            Some(b'"') => return Ok(at + found + 1),
            Some(b'\\') => at += found + 2,
            _ => return Err(Stop::Bad(at + found, "a text runs over the end of its line")),
        }
    }
}

/// The position after any value.
pub fn skip(buf: &[u8], start: usize) -> Result<usize, Stop> {
    match buf.get(start) {
        None => return Err(Stop::More),
        Some(b'"') => return string(buf, start),
        Some(b'{' | b'[') => {}
        Some(_) => {
            let rest = buf.get(start..).unwrap_or_default();
            let length = rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b'\n' | b'\r')).ok_or(Stop::More)?;
            return if length == 0 { Err(Stop::Bad(start, "a value is missing")) } else { Ok(start + length) };
        }
    }
    let mut open: Vec<u8> = Vec::with_capacity(8);
    let mut before = b':';
    let mut at = start;
    while let Some(&byte) = buf.get(at) {
        match byte {
            b'"' => {
                at = string(buf, at)?;
                before = b'"';
                continue;
            }
            b'{' | b'[' => {
                // An object can only follow one of these; anything else means that the one before was cut off.
                if !matches!(before, b',' | b'[' | b':') {
                    return Err(Stop::Bad(at, "an object begins where none can be: the one before it was cut off"));
                }
                if open.len() >= MAX_DEPTH {
                    return Err(Stop::Bad(at, "nested too deeply"));
                }
                open.push(byte);
            }
            b'}' | b']' => {
                if open.pop() != Some(if byte == b'}' { b'{' } else { b'[' }) {
                    return Err(Stop::Bad(at, "brackets do not match"));
                }
                if open.is_empty() {
                    return Ok(at + 1);
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'/' if buf.get(at + 1) == Some(&b'/') => {
                at = space(buf, at)?;
                continue;
            }
            _ => {}
        }
        before = byte;
        at += 1;
    }
    Err(Stop::More)
}
