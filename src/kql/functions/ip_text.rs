//! IPv4 addresses inside text: `has_ipv4` and its relatives. An address counts where no letter or digit touches it.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::arguments::{constant_texts, text, texts};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["has_ipv4"],
        usage: "has_ipv4(text, address)",
        summary: "Whether an address stands in the text.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Prepared(|call| search(call, is_address)),
        examples: &[
            ("has_ipv4('from 10.0.0.1:443', '10.0.0.1')", "true"),
            ("has_ipv4('10.0.0.12', '10.0.0.1')", "false"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["has_any_ipv4"],
        usage: "has_any_ipv4(text, address or array [, …])",
        summary: "Whether one of several addresses stands in the text.",
        takes: &[Accepts::Text, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Bool),
        body: Body::Prepared(|call| search(call, is_address)),
        examples: &[("has_any_ipv4('to 10.0.0.1', dynamic(['10.0.0.2', '10.0.0.1']))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["has_ipv4_prefix"],
        usage: "has_ipv4_prefix(text, prefix)",
        summary: "Whether an address with a prefix stands in the text; the prefix ends in a dot, or is a whole address.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Prepared(|call| search(call, is_prefix)),
        examples: &[
            ("has_ipv4_prefix('to 10.9.0.1', '10.9.')", "true"),
            ("has_ipv4_prefix('to 10.9.0.1', '10.9')", "false"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["has_any_ipv4_prefix"],
        usage: "has_any_ipv4_prefix(text, prefix or array [, …])",
        summary: "Whether an address with one of several prefixes stands in the text.",
        takes: &[Accepts::Text, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Bool),
        body: Body::Prepared(|call| search(call, is_prefix)),
        examples: &[("has_any_ipv4_prefix('to 10.9.0.1', '192.168.', '10.')", "true")],
        ..Function::NEW
    },
];

/// Whether an address found in a text is what a needle asks for.
type Fits = fn(address: &str, needle: &str) -> bool;

fn is_address(address: &str, needle: &str) -> bool {
    address == needle
}

fn is_prefix(address: &str, needle: &str) -> bool {
    address == needle || (needle.ends_with('.') && address.starts_with(needle))
}

fn search(call: &Call<'_, '_>, fits: Fits) -> Compiled<Kernel> {
    let fixed = constant_texts(call, 1);
    Ok(Arc::new(move |values| {
        let varying;
        let needles = match &fixed {
            Some(needles) => needles,
            None => {
                varying = texts(values.get(1..).unwrap_or_default());
                &varying
            }
        };
        Value::Bool(addresses(text(values, 0)).any(|address| needles.iter().any(|needle| fits(address, needle))))
    }))
}

/// The valid addresses of a text, each between characters that are neither letter nor digit.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().scan(false, |inside, (at, c)| {
        let begins = c.is_ascii_digit() && !*inside;
        *inside = c.is_alphanumeric();
        Some(begins.then_some(at))
    });
    starts.flatten().filter_map(|start| {
        let rest = text.get(start..)?;
        // Four runs of digits with three dots between; what follows decides whether it is an address.
        let (mut end, mut dots) = (0, 0);
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => end = at + 1,
                b'.' if dots < 3 => dots += 1,
                _ => break,
            }
        }
        let address = rest.get(..end)?;
        let touched = rest.get(end..)?.chars().next().is_some_and(char::is_alphanumeric);
        (!touched && address.parse::<Ipv4Addr>().is_ok()).then_some(address)
    })
}
