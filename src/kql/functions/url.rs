//! URLs: escaping and parts.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::arguments::text;
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["url_encode"],
        usage: "url_encode(text)",
        summary: "The text with what is not allowed in a URL as lower-case percent escapes, and spaces as `+`.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(encode(text(values, 0), "-_.!*()", Some('+')))),
        examples: &[("url_encode('a b/ü')", "a+b%2f%c3%bc")],
        ..Function::NEW
    },
    Function {
        names: &["url_encode_component"],
        usage: "url_encode_component(text)",
        summary: "The text with everything but unreserved characters as lower-case percent escapes.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(encode(text(values, 0), "-_.~", None))),
        examples: &[("url_encode_component('a b/ü')", "a%20b%2f%c3%bc")],
        ..Function::NEW
    },
    Function {
        names: &["url_decode"],
        usage: "url_decode(text)",
        summary: "The text with its percent escapes decoded and each `+` a space.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(decode(text(values, 0)))),
        examples: &[("url_decode('a+b%2Fc%C3%BC')", "a b/cü"), ("url_decode('100%')", "100%")],
        ..Function::NEW
    },
    Function {
        names: &["parse_url", "parseurl"],
        usage: "parse_url(url)",
        summary: "The parts of an absolute URL as a bag: Scheme, Host, Port, Path, Username, Password, Query Parameters, \
                  Fragment.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| Value::json(&parts(text(values, 0)))),
        examples: &[
            ("parse_url('https://user:word@host.example:8443/a/b?k=v#end').Host", "host.example"),
            ("parse_url('https://[2001:db8::1]:443/x')['Port']", "443"),
            ("parse_url('https://host.example/?k=v')['Query Parameters'].k", "v"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["parse_urlquery", "parseurlquery"],
        usage: "parse_urlquery(query)",
        summary: "The parameters of a URL's query as a bag under `Query Parameters`.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let query = text(values, 0);
            let mut bag = Map::new();
            bag.insert("Query Parameters".into(), parameters(query.strip_prefix('?').unwrap_or(query)));
            Value::json(&Json::Object(bag))
        }),
        examples: &[("parse_urlquery('a=1&b=2')['Query Parameters'].b", "2")],
        ..Function::NEW
    },
];

fn encode(text: &str, allowed: &str, space: Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match (char::from(byte), space) {
            (' ', Some(space)) => out.push(space),
            (c, _) if c.is_ascii_alphanumeric() || allowed.contains(c) => out.push(c),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// Bytes that are no UTF-8 after decoding become the replacement character.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: &u8| char::from(*digit).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                out.push((hex(high).unwrap_or(0) * 16 + hex(low).unwrap_or(0)) as u8);
                rest = after;
            }
            (b'+', _) => {
                out.push(b' ');
                rest = tail;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parts as they stand, still escaped. Without a scheme there is no host: all is path.
fn parts(url: &str) -> Json {
    let (head, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (head, query) = head.split_once('?').unwrap_or((head, ""));
    let (scheme, authority, path) = match head.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (scheme, authority, path)
        }
        None => ("", "", head),
    };
    // A user without a password is taken for a part of the host.
    let account = authority.rsplit_once('@').and_then(|(user, place)| Some((user.split_once(':')?, place)));
    let ((username, password), place) = account.unwrap_or((("", ""), authority));
    let path = if url.ends_with('/') && path == "/" { "" } else { path };
    // A colon inside the brackets of an IPv6 address does not begin the port.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (place, ""),
    };
    let mut bag = Map::new();
    for (key, part) in [("Scheme", scheme), ("Host", host), ("Port", port), ("Path", path)] {
        bag.insert(key.into(), part.into());
    }
    bag.insert("Username".into(), username.into());
    bag.insert("Password".into(), password.into());
    bag.insert("Query Parameters".into(), parameters(query));
    bag.insert("Fragment".into(), fragment.into());
    Json::Object(bag)
}

/// In the order of their names; a name that is written twice has an array, one without a value is left out.
fn parameters(query: &str) -> Json {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut found: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
    for (key, value) in pairs.filter(|(key, value)| !key.is_empty() && !value.is_empty()) {
        found.entry(key).or_default().push(value.into());
    }
    let one_or_all = |mut values: Vec<Json>| if values.len() == 1 { values.remove(0) } else { Json::Array(values) };
    Json::Object(found.into_iter().map(|(key, values)| (key.to_owned(), one_or_all(values))).collect())
}
