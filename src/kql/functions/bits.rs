//! Integers bit by bit.

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

const fn two(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: for<'a> fn(&[Value<'a>]) -> Value<'a>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Long, Accepts::Long],
        gives: Gives::Type(Type::Long),
        naming: Naming::First,
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

const ONE: &[Accepts] = &[Accepts::Long];

pub(super) const FUNCTIONS: &[Function] = &[
    two(
        &["binary_and"],
        "binary_and(a, b)",
        "The bits that both have.",
        |v| both(v, |a, b| Some(a & b)),
        &[("binary_and(12, 10)", "8")],
    ),
    two(
        &["binary_or"],
        "binary_or(a, b)",
        "The bits that one has.",
        |v| both(v, |a, b| Some(a | b)),
        &[("binary_or(12, 10)", "14")],
    ),
    two(
        &["binary_xor"],
        "binary_xor(a, b)",
        "The bits that only one has.",
        |v| both(v, |a, b| Some(a ^ b)),
        &[("binary_xor(12, 10)", "6")],
    ),
    two(
        &["binary_shift_left"],
        "binary_shift_left(number, count)",
        "The bits moved up, the count taken modulo 64; null for a negative count.",
        |v| both(v, |a, b| (b >= 0).then(|| a << (b % 64))),
        &[("binary_shift_left(1, 4)", "16"), ("binary_shift_left(1, -1)", "null")],
    ),
    two(
        &["binary_shift_right"],
        "binary_shift_right(number, count)",
        "The bits moved down, the count taken modulo 64; null for a negative count.",
        |v| both(v, |a, b| (b >= 0).then(|| a >> (b % 64))),
        &[("binary_shift_right(16, 2)", "4")],
    ),
    Function {
        takes: ONE,
        ..two(
            &["binary_not"],
            "binary_not(number)",
            "Every bit turned.",
            |v| match v {
                [Value::Long(a)] => Value::Long(!a),
                _ => Value::Null,
            },
            &[("binary_not(100)", "-101")],
        )
    },
    Function {
        takes: ONE,
        ..two(
            &["bitset_count_ones"],
            "bitset_count_ones(number)",
            "How many bits are set.",
            |v| match v {
                [Value::Long(a)] => Value::Long(a.count_ones().into()),
                _ => Value::Null,
            },
            &[("bitset_count_ones(42)", "3")],
        )
    },
];

fn both(values: &[Value<'_>], f: impl Fn(i64, i64) -> Option<i64>) -> Value<'static> {
    match values {
        [Value::Long(a), Value::Long(b)] => f(*a, *b).map_or(Value::Null, Value::Long),
        _ => Value::Null,
    }
}
