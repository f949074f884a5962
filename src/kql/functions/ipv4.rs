//! IPv4 addresses and networks. Of several prefixes the shortest counts; what is no address gives null.

use std::net::Ipv4Addr;

use ipnet::Ipv4Subnets;

use super::arguments::{long, long_or, text, text_array, texts};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

/// The private networks of RFC 1918.
const PRIVATE: [(Ipv4Addr, u32); 3] =
    [(Ipv4Addr::new(10, 0, 0, 0), 8), (Ipv4Addr::new(172, 16, 0, 0), 12), (Ipv4Addr::new(192, 168, 0, 0), 16)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ipv4_compare"],
        usage: "ipv4_compare(left, right [, prefix])",
        summary: "-1, 0 or 1 as the first address stands before, at or behind the second, by the bits of the prefix.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| match masked(values) {
            Some((left, right)) => Value::Long(left.cmp(&right) as i64),
            None => Value::Null,
        }),
        examples: &[("ipv4_compare('10.0.0.1', '10.0.0.9')", "-1"), ("ipv4_compare('10.0.0.1/24', '10.0.0.9')", "0")],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_is_match"],
        usage: "ipv4_is_match(left, right [, prefix])",
        summary: "Whether two addresses are equal in the bits of the prefix.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Bool),
        body: Body::Values(matches),
        examples: &[
            ("ipv4_is_match('10.0.0.1', '10.0.0.9', 24)", "true"),
            ("isnull(ipv4_is_match('x', '10.0.0.9'))", "true"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_is_in_range"],
        usage: "ipv4_is_in_range(address, range)",
        summary: "Whether an address lies in a network.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(matches),
        examples: &[("ipv4_is_in_range('10.0.0.9', '10.0.0.0/28')", "true")],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_is_in_any_range"],
        usage: "ipv4_is_in_any_range(address, range or array [, …])",
        summary: "Whether an address lies in one of several networks; null for what is no address.",
        takes: &[Accepts::Text, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| {
            let Some((address, prefix)) = parse(text(values, 0)) else { return Value::Null };
            let ranges = texts(values.get(1..).unwrap_or_default());
            let mut ranges = ranges.iter().filter_map(|range| parse(range)).peekable();
            if ranges.peek().is_none() && values.len() > 1 && !texts(&values[1..]).is_empty() {
                return Value::Null;
            }
            Value::Bool(ranges.any(|(network, length)| equal(address, network, prefix.min(length))))
        }),
        examples: &[
            ("ipv4_is_in_any_range('10.0.0.9', '192.0.2.0/24', '10.0.0.0/8')", "true"),
            ("ipv4_is_in_any_range('10.0.0.9', dynamic(['192.0.2.0/24']))", "false"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_is_private"],
        usage: "ipv4_is_private(address)",
        summary: "Whether an address belongs to one of the private networks of RFC 1918.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match parse(text(values, 0)) {
            Some((address, prefix)) => Value::Bool(
                PRIVATE.iter().any(|(network, length)| equal(address, u32::from(*network), prefix.min(*length))),
            ),
            None => Value::Null,
        }),
        examples: &[("ipv4_is_private('172.31.0.1')", "true"), ("ipv4_is_private('172.32.0.1')", "false")],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_netmask_suffix"],
        usage: "ipv4_netmask_suffix(address)",
        summary: "The prefix length of a network, 32 for a plain address.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| match parse(text(values, 0)) {
            Some((_, prefix)) => Value::Long(prefix.into()),
            None => Value::Null,
        }),
        examples: &[("ipv4_netmask_suffix('10.1.2.3/8')", "8"), ("ipv4_netmask_suffix('10.1.2.3')", "32")],
        ..Function::NEW
    },
    Function {
        names: &["ipv4_range_to_cidr_list"],
        usage: "ipv4_range_to_cidr_list(first, last)",
        summary: "The fewest networks that make up a range of addresses.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            let end = |at: usize| parse(text(values, at)).map(|(address, _)| address);
            match (end(0), end(1)) {
                (Some(first), Some(last)) if first <= last => {
                    text_array(Ipv4Subnets::new(first.into(), last.into(), 0).map(|network| network.to_string()))
                }
                _ => Value::Null,
            }
        }),
        examples: &[("ipv4_range_to_cidr_list('10.0.0.0', '10.0.0.5')", "[\"10.0.0.0/30\",\"10.0.0.4/31\"]")],
        ..Function::NEW
    },
    Function {
        names: &["parse_ipv4"],
        usage: "parse_ipv4(address)",
        summary: "An address as a number, a network as that of its first address.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| match parse(text(values, 0)) {
            Some((address, prefix)) => Value::Long(mask(address, prefix).into()),
            None => Value::Null,
        }),
        examples: &[("parse_ipv4('0.0.1.2')", "258"), ("parse_ipv4('0.0.1.2/24')", "256")],
        ..Function::NEW
    },
    Function {
        names: &["parse_ipv4_mask"],
        usage: "parse_ipv4_mask(address, prefix)",
        summary: "An address as a number, with the bits behind the prefix cleared.",
        takes: &[Accepts::Text, Accepts::Long],
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| match (parse(text(values, 0)), prefix(values, 1)) {
            (Some((address, own)), Some(given)) => Value::Long(mask(address, own.min(given)).into()),
            _ => Value::Null,
        }),
        examples: &[("parse_ipv4_mask('0.0.1.2', 24)", "256")],
        ..Function::NEW
    },
    Function {
        names: &["format_ipv4"],
        usage: "format_ipv4(address or number [, prefix])",
        summary: "An address as text, with the bits behind the prefix cleared; empty for what is no address.",
        takes: &[Accepts::Any, Accepts::Long],
        optional: 1,
        body: Body::Values(|values| {
            Value::text(written(values).map_or_else(String::new, |(address, _)| address.to_string()))
        }),
        examples: &[("format_ipv4('10.1.2.3', 16)", "10.1.0.0"), ("format_ipv4(258)", "0.0.1.2")],
        ..Function::NEW
    },
    Function {
        names: &["format_ipv4_mask"],
        usage: "format_ipv4_mask(address or number [, prefix])",
        summary: "An address as text in the notation of networks; empty for what is no address.",
        takes: &[Accepts::Any, Accepts::Long],
        optional: 1,
        body: Body::Values(|values| {
            Value::text(written(values).map_or_else(String::new, |(address, prefix)| format!("{address}/{prefix}")))
        }),
        examples: &[
            ("format_ipv4_mask('10.1.2.3', 16)", "10.1.0.0/16"),
            ("format_ipv4_mask('10.1.2.3')", "10.1.2.3/32"),
        ],
        ..Function::NEW
    },
];

/// An address and its prefix length, 32 unless given.
fn parse(written: &str) -> Option<(u32, u32)> {
    let (address, prefix) = match written.trim().split_once('/') {
        Some((address, prefix)) => (address, prefix.parse::<u32>().ok().filter(|bits| *bits <= 32)?),
        None => (written.trim(), 32),
    };
    Some((address.parse::<Ipv4Addr>().ok()?.into(), prefix))
}

fn mask(address: u32, prefix: u32) -> u32 {
    address & u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0)
}

fn equal(left: u32, right: u32, prefix: u32) -> bool {
    mask(left, prefix) == mask(right, prefix)
}

/// A prefix length given as an argument, 32 unless given; nothing when it is out of range.
fn prefix(values: &[Value<'_>], at: usize) -> Option<u32> {
    u32::try_from(long_or(values, at, 32)?).ok().filter(|bits| *bits <= 32)
}

fn masked(values: &[Value<'_>]) -> Option<(u32, u32)> {
    let (left, left_prefix) = parse(text(values, 0))?;
    let (right, right_prefix) = parse(text(values, 1))?;
    let prefix = prefix(values, 2)?.min(left_prefix).min(right_prefix);
    Some((mask(left, prefix), mask(right, prefix)))
}

fn matches<'a>(values: &[Value<'a>]) -> Value<'a> {
    masked(values).map_or(Value::Null, |(left, right)| Value::Bool(left == right))
}

fn written(values: &[Value<'_>]) -> Option<(Ipv4Addr, u32)> {
    let (address, own) = match values.first()? {
        Value::Long(_) => (u32::try_from(long(values, 0)?).ok()?, 32),
        other => parse(&other.to_text())?,
    };
    let prefix = prefix(values, 1)?.min(own);
    Some((mask(address, prefix).into(), prefix))
}
