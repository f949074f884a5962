//! IPv6 addresses and networks. An IPv4 address stands for the one it is mapped to (`::ffff:a.b.c.d`), its prefix
//! for one 96 bits longer. Of several prefixes the shortest counts; what is no address gives null.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::arguments::{long_or, text, texts};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["ipv6_compare"],
        usage: "ipv6_compare(left, right [, prefix])",
        summary: "-1, 0 or 1 as the first address stands before, at or behind the second, by the bits of the prefix.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Values(|values| match masked(values) {
            Some((left, right)) => Value::Long(left.cmp(&right) as i64),
            None => Value::Null,
        }),
        examples: &[("ipv6_compare('fe80::1', 'fe80::2')", "-1"), ("ipv6_compare('10.0.0.1', '::ffff:a00:1')", "0")],
        ..Function::NEW
    },
    Function {
        names: &["ipv6_is_match"],
        usage: "ipv6_is_match(left, right [, prefix])",
        summary: "Whether two addresses are equal in the bits of the prefix.",
        takes: &[Accepts::Text, Accepts::Text, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Bool),
        body: Body::Values(matches),
        examples: &[("ipv6_is_match('fe80::1/64', 'fe80::2')", "true")],
        ..Function::NEW
    },
    Function {
        names: &["ipv6_is_in_range"],
        usage: "ipv6_is_in_range(address, range)",
        summary: "Whether an address lies in a network.",
        takes: &[Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(matches),
        examples: &[("ipv6_is_in_range('2001:db8::1', '2001:db8::/32')", "true")],
        ..Function::NEW
    },
    Function {
        names: &["ipv6_is_in_any_range"],
        usage: "ipv6_is_in_any_range(address, range or array [, …])",
        summary: "Whether an address lies in one of several networks; null for what is no address.",
        takes: &[Accepts::Text, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| {
            let Some((address, prefix)) = parse(text(values, 0)) else { return Value::Null };
            let written = texts(values.get(1..).unwrap_or_default());
            let ranges: Vec<(u128, u32)> = written.iter().filter_map(|range| parse(range)).collect();
            if ranges.is_empty() && !written.is_empty() {
                return Value::Null;
            }
            Value::Bool(ranges.iter().any(|(network, length)| {
                let bits = prefix.min(*length);
                mask(address, bits) == mask(*network, bits)
            }))
        }),
        examples: &[("ipv6_is_in_any_range('2001:db8::1', dynamic(['fe80::/10', '2001:db8::/32']))", "true")],
        ..Function::NEW
    },
    Function {
        names: &["parse_ipv6"],
        usage: "parse_ipv6(address)",
        summary: "An address in full: eight groups of four digits; a network's bits behind the prefix are cleared.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| written(strict(text(values, 0)))),
        examples: &[("parse_ipv6('fe80::1')", "fe80:0000:0000:0000:0000:0000:0000:0001"), ("parse_ipv6('x')", "")],
        ..Function::NEW
    },
    Function {
        names: &["parse_ipv6_mask"],
        usage: "parse_ipv6_mask(address, prefix)",
        summary: "An address in full, with the bits behind the prefix cleared.",
        takes: &[Accepts::Text, Accepts::Long],
        body: Body::Values(|values| {
            let found = parse(text(values, 0)).zip(prefix(values, 1));
            written(found.map(|((address, own), given)| (address, own.min(given))))
        }),
        examples: &[("parse_ipv6_mask('fe80::ffff', 120)", "fe80:0000:0000:0000:0000:0000:0000:ff00")],
        ..Function::NEW
    },
];

/// As `parse`, but `::1.2.3.4` stays what it is, and a prefix behind four numbers counts no more than their bits.
fn strict(written: &str) -> Option<(u128, u32)> {
    let (bits, prefix) = parse(written)?;
    let (address, suffix) = written.trim().split_once('/').unwrap_or((written.trim(), "0"));
    if address.contains('.') && suffix.parse::<u32>().is_ok_and(|bits| bits > 32) {
        return None;
    }
    Some((address.parse::<Ipv6Addr>().map_or(bits, u128::from), prefix))
}

/// An address and its prefix length, 128 unless given.
fn parse(written: &str) -> Option<(u128, u32)> {
    let (address, suffix) = match written.trim().split_once('/') {
        Some((address, suffix)) => (address, Some(suffix.parse::<u32>().ok()?)),
        None => (written.trim(), None),
    };
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        let prefix = suffix.unwrap_or(32);
        return (prefix <= 32).then(|| (u128::from(v4.to_ipv6_mapped()), prefix + 96));
    }
    // A zone such as %eth0 names an interface and is no part of the address.
    let bare = address.split_once('%').map_or(address, |(bare, _)| bare);
    let bits = u128::from(bare.parse::<Ipv6Addr>().ok()?);
    let dotted = bare.contains('.');
    let low = u32::try_from(bits & u128::from(u32::MAX)).ok()?;
    let bits = if dotted && bits >> 32 == 0 { u128::from(Ipv4Addr::from(low).to_ipv6_mapped()) } else { bits };
    let prefix = match suffix {
        Some(short) if dotted && short <= 32 => short + 96,
        other => other.unwrap_or(128),
    };
    (prefix <= 128).then_some((bits, prefix))
}

fn mask(address: u128, prefix: u32) -> u128 {
    address & u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0)
}

/// A prefix length given as an argument, 128 unless given; nothing when it is out of range.
fn prefix(values: &[Value<'_>], at: usize) -> Option<u32> {
    u32::try_from(long_or(values, at, 128)?).ok().filter(|bits| *bits <= 128)
}

fn masked(values: &[Value<'_>]) -> Option<(u128, u128)> {
    let (left, left_prefix) = parse(text(values, 0))?;
    let (right, right_prefix) = parse(text(values, 1))?;
    let prefix = prefix(values, 2)?.min(left_prefix).min(right_prefix);
    Some((mask(left, prefix), mask(right, prefix)))
}

fn matches<'a>(values: &[Value<'a>]) -> Value<'a> {
    masked(values).map_or(Value::Null, |(left, right)| Value::Bool(left == right))
}

fn written<'a>(found: Option<(u128, u32)>) -> Value<'a> {
    let Some((address, prefix)) = found else { return Value::text("") };
    let groups = Ipv6Addr::from(mask(address, prefix)).segments().map(|group| format!("{group:04x}"));
    Value::text(groups.join(":"))
}
