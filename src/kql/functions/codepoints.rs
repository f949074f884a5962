//! Characters as numbers, what a text is made of, and punycode.

use serde_json::Value as Json;

use super::arguments::{flatten, text, text_array};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["unicode_codepoints_from_string", "to_utf8", "toutf8"],
        usage: "unicode_codepoints_from_string(text)",
        summary: "The code points of the text as an array of numbers.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| text_array(text(values, 0).chars().map(u32::from))),
        examples: &[("unicode_codepoints_from_string('aü')", "[97,252]")],
        ..Function::NEW
    },
    Function {
        names: &["unicode_codepoints_to_string", "make_string"],
        usage: "unicode_codepoints_to_string(code point or array [, …])",
        summary: "The text of code points; empty when one of them is no character.",
        takes: &[Accepts::Any],
        rest: Some(Accepts::Any),
        body: Body::Values(|values| Value::text(from_codepoints(&flatten(values)).unwrap_or_default())),
        examples: &[
            ("unicode_codepoints_to_string(97, 252)", "aü"),
            ("make_string(dynamic([79]), 75)", "OK"),
            ("make_string(-1)", ""),
        ],
        ..Function::NEW
    },
    Function {
        names: &["isascii"],
        usage: "isascii(text)",
        summary: "Whether every character is ASCII.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| Value::Bool(text(values, 0).is_ascii())),
        examples: &[("isascii('abc')", "true"), ("isascii('über')", "false")],
        ..Function::NEW
    },
    Function {
        names: &["isutf8"],
        usage: "isutf8(text)",
        summary: "Whether the text is valid UTF-8, as text in a column always is.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|_| Value::Bool(true)),
        examples: &[("isutf8('über')", "true")],
        ..Function::NEW
    },
    Function {
        names: &["punycode_from_string"],
        usage: "punycode_from_string(text)",
        summary: "The text in punycode, without the prefix of a domain's label.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(encode(text(values, 0)).unwrap_or_default())),
        examples: &[("punycode_from_string('bücher')", "bcher-kva")],
        ..Function::NEW
    },
    Function {
        names: &["punycode_to_string"],
        usage: "punycode_to_string(text)",
        summary: "The text that punycode stands for; empty when it is no punycode.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(decode(text(values, 0)).unwrap_or_default())),
        examples: &[("punycode_to_string('bcher-kva')", "bücher")],
        ..Function::NEW
    },
    Function {
        names: &["punycode_domain_from_string"],
        usage: "punycode_domain_from_string(domain)",
        summary: "A domain name with its `xn--` labels decoded; empty when one of them is no punycode.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| {
            Value::text(labels(text(values, 0), |label| match label.get(..4) {
                Some(prefix) if prefix.eq_ignore_ascii_case("xn--") => decode(&label[4..]),
                _ => Some(label.to_owned()),
            }))
        }),
        examples: &[("punycode_domain_from_string('www.xn--bcher-kva.example')", "www.bücher.example")],
        ..Function::NEW
    },
    Function {
        names: &["punycode_domain_to_string"],
        usage: "punycode_domain_to_string(domain)",
        summary: "A domain name with its labels that are not ASCII written as `xn--` labels.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| {
            Value::text(labels(text(values, 0), |label| {
                if label.is_ascii() { Some(label.to_owned()) } else { encode(label).map(|code| format!("xn--{code}")) }
            }))
        }),
        examples: &[
            ("punycode_domain_to_string('www.bücher.example')", "www.xn--bcher-kva.example"),
            ("punycode_domain_to_string('Bücher。example')", "xn--Bcher-kva.example"),
        ],
        ..Function::NEW
    },
];

fn from_codepoints(numbers: &[Json]) -> Option<String> {
    numbers.iter().map(|number| char::from_u32(u32::try_from(number.as_i64()?).ok()?)).collect()
}

/// The dots that part labels: RFC 3490, section 3.1.
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn labels(domain: &str, convert: impl Fn(&str) -> Option<String>) -> String {
    domain.split(DOTS).map(convert).collect::<Option<Vec<_>>>().unwrap_or_default().join(".")
}

// Parameters of punycode: RFC 3492, section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 128;

/// RFC 3492, section 6.1.
fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / points.max(1);
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

fn digit(value: u32) -> Option<char> {
    char::from_digit(value, BASE)
        .map(|_| char::from(if value < 26 { b'a' + value as u8 } else { b'0' + value as u8 - 26 }))
}

/// RFC 3492, section 6.3.
fn encode(text: &str) -> Option<String> {
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    let mut out: String = text.chars().filter(char::is_ascii).collect();
    let basic = out.len() as u32;
    if basic > 0 {
        out.push('-');
    }
    let (mut code, mut delta, mut bias, mut handled) = (FIRST_CODE, 0u32, FIRST_BIAS, basic);
    while (handled as usize) < points.len() {
        let next = points.iter().copied().filter(|point| *point >= code).min()?;
        delta = delta.checked_add((next - code).checked_mul(handled + 1)?)?;
        code = next;
        for point in &points {
            if *point < code {
                delta = delta.checked_add(1)?;
            }
            if *point != code {
                continue;
            }
            let (mut rest, mut k) = (delta, BASE);
            loop {
                let t = threshold(k, bias);
                if rest < t {
                    break;
                }
                out.push(digit(t + (rest - t) % (BASE - t))?);
                rest = (rest - t) / (BASE - t);
                k += BASE;
            }
            out.push(digit(rest)?);
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta += 1;
        code += 1;
    }
    Some(out)
}

/// RFC 3492, section 6.2.
fn decode(text: &str) -> Option<String> {
    let (basic, coded) = text.rsplit_once('-').unwrap_or(("", text));
    if !basic.is_ascii() {
        return None;
    }
    let mut out: Vec<char> = basic.chars().collect();
    let (mut code, mut at, mut bias) = (FIRST_CODE, 0u32, FIRST_BIAS);
    let mut digits = coded.chars().peekable();
    while digits.peek().is_some() {
        let (before, mut weight, mut k) = (at, 1u32, BASE);
        loop {
            let value = match digits.next()? {
                c @ 'a'..='z' => u32::from(c) - u32::from('a'),
                c @ 'A'..='Z' => u32::from(c) - u32::from('A'),
                c @ '0'..='9' => u32::from(c) - u32::from('0') + 26,
                _ => return None,
            };
            at = at.checked_add(value.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if value < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let length = out.len() as u32 + 1;
        bias = adapt(at - before, length, before == 0);
        code = code.checked_add(at / length)?;
        at %= length;
        out.insert(at as usize, char::from_u32(code)?);
        at += 1;
    }
    Some(out.into_iter().collect())
}
