//! Functions of real numbers: roots, powers, logarithms, angles; and the tests for NaN and infinity.

use std::f64::consts::PI;

use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

/// A function of one real that lends its argument's name.
pub(super) const fn real(
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
        takes: &[Accepts::Real],
        gives: Gives::Type(Type::Real),
        naming: Naming::First,
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

const fn test(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: for<'a> fn(&[Value<'a>]) -> Value<'a>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function { gives: Gives::Type(Type::Bool), naming: Naming::None, ..real(names, usage, summary, body, examples) }
}

pub(super) const FUNCTIONS: &[Function] = &[
    real(
        &["sqrt"],
        "sqrt(x)",
        "Square root; NaN of a negative number.",
        |v| over(v, |x| Some(x.sqrt())),
        &[("sqrt(256)", "16"), ("isnan(sqrt(-1))", "true")],
    ),
    real(&["exp"], "exp(x)", "e to the power of x.", |v| over(v, |x| Some(x.exp())), &[("exp(0)", "1")]),
    real(&["exp2"], "exp2(x)", "2 to the power of x.", |v| over(v, |x| Some(x.exp2())), &[("exp2(3)", "8")]),
    Function {
        naming: Naming::None,
        ..real(
            &["exp10"],
            "exp10(x)",
            "10 to the power of x.",
            |v| over(v, |x| Some(10f64.powf(x))),
            &[("exp10(3)", "1000")],
        )
    },
    real(
        &["log"],
        "log(x)",
        "Natural logarithm; null of a negative number.",
        |v| over(v, |x| logarithm(x, f64::ln)),
        &[("log(1)", "0"), ("log(-1)", "null")],
    ),
    real(
        &["log2"],
        "log2(x)",
        "Logarithm to base 2; null of a negative number.",
        |v| over(v, |x| logarithm(x, f64::log2)),
        &[("log2(8)", "3")],
    ),
    real(
        &["log10"],
        "log10(x)",
        "Logarithm to base 10; null of a negative number.",
        |v| over(v, |x| logarithm(x, f64::log10)),
        &[("log10(1000)", "3")],
    ),
    real(&["sin"], "sin(x)", "Sine of an angle in radians.", |v| over(v, |x| Some(x.sin())), &[("sin(0)", "0")]),
    real(&["cos"], "cos(x)", "Cosine of an angle in radians.", |v| over(v, |x| Some(x.cos())), &[("cos(0)", "1")]),
    real(&["tan"], "tan(x)", "Tangent of an angle in radians.", |v| over(v, |x| Some(x.tan())), &[("tan(0)", "0")]),
    Function {
        naming: Naming::None,
        ..real(
            &["cot"],
            "cot(x)",
            "Cotangent of an angle in radians.",
            |v| over(v, |x| Some(1.0 / x.tan())),
            &[("round(cot(1), 6)", "0.642093")],
        )
    },
    real(
        &["asin"],
        "asin(x)",
        "The angle whose sine is x; null outside -1 to 1.",
        |v| over(v, |x| (x.abs() <= 1.0).then(|| x.asin())),
        &[("asin(0)", "0"), ("asin(2)", "null")],
    ),
    real(
        &["acos"],
        "acos(x)",
        "The angle whose cosine is x; null outside -1 to 1.",
        |v| over(v, |x| (x.abs() <= 1.0).then(|| x.acos())),
        &[("acos(1)", "0")],
    ),
    real(&["atan"], "atan(x)", "The angle whose tangent is x.", |v| over(v, |x| Some(x.atan())), &[("atan(0)", "0")]),
    Function {
        takes: &[Accepts::Real, Accepts::Real],
        ..real(
            &["atan2"],
            "atan2(y, x)",
            "The angle of the point (x, y).",
            |v| over_two(v, f64::atan2),
            &[("round(atan2(1, 1), 6)", "0.785398")],
        )
    },
    Function {
        takes: &[Accepts::Real, Accepts::Real],
        naming: Naming::None,
        ..real(
            &["pow"],
            "pow(base, exponent)",
            "The base to the power of the exponent.",
            |v| over_two(v, f64::powf),
            &[("pow(2, 10)", "1024")],
        )
    },
    Function {
        naming: Naming::None,
        ..real(
            &["degrees"],
            "degrees(x)",
            "Radians as degrees.",
            |v| over(v, |x| Some(180.0 / PI * x)),
            &[("degrees(pi())", "180")],
        )
    },
    Function {
        naming: Naming::None,
        ..real(
            &["radians"],
            "radians(x)",
            "Degrees as radians.",
            |v| over(v, |x| Some(PI / 180.0 * x)),
            &[("radians(180) == pi()", "true")],
        )
    },
    Function {
        naming: Naming::None,
        ..real(
            &["sign"],
            "sign(x)",
            "-1, 0 or 1, as the number is negative, zero or positive.",
            |v| over(v, |x| Some(if x == 0.0 { 0.0 } else { x.signum() })),
            &[("sign(-42)", "-1"), ("sign(0)", "0")],
        )
    },
    Function {
        takes: &[],
        naming: Naming::None,
        ..real(&["pi"], "pi()", "The number pi.", |_| Value::Real(PI), &[("round(pi(), 4)", "3.1416")])
    },
    test(
        &["isnan"],
        "isnan(x)",
        "Whether the number is NaN.",
        |v| truth(v, f64::is_nan),
        &[("isnan(0.0 / 0.0)", "true"), ("isnan(1.0)", "false")],
    ),
    test(
        &["isinf"],
        "isinf(x)",
        "Whether the number is infinite.",
        |v| truth(v, f64::is_infinite),
        &[("isinf(1.0 / 0.0)", "true")],
    ),
    test(
        &["isfinite"],
        "isfinite(x)",
        "Whether the number is neither NaN nor infinite.",
        |v| truth(v, f64::is_finite),
        &[("isfinite(1.5)", "true"), ("isfinite(0.0 / 0.0)", "false")],
    ),
];

/// The function of a real; null of null and where the function is.
pub(super) fn over(values: &[Value<'_>], f: impl Fn(f64) -> Option<f64>) -> Value<'static> {
    match values {
        [Value::Real(x)] => f(*x).map_or(Value::Null, Value::Real),
        _ => Value::Null,
    }
}

fn over_two(values: &[Value<'_>], f: impl Fn(f64, f64) -> f64) -> Value<'static> {
    match values {
        [Value::Real(a), Value::Real(b)] => Value::Real(f(*a, *b)),
        _ => Value::Null,
    }
}

fn logarithm(x: f64, f: fn(f64) -> f64) -> Option<f64> {
    (x >= 0.0 || x.is_nan()).then(|| f(x))
}

fn truth(values: &[Value<'_>], f: impl Fn(f64) -> bool) -> Value<'static> {
    match values {
        [Value::Real(x)] => Value::Bool(f(*x)),
        _ => Value::Null,
    }
}
