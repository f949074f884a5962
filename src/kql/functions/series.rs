//! Series: arithmetic, comparisons and sums over numeric arrays, element by element.

use serde_json::Value as Json;

use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

const ARRAY: Accepts = Accepts::Dynamic;

/// A function of one series.
const fn unary(
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
        takes: &[ARRAY],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

/// A function of two series.
const fn binary(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    gives: Type,
    body: for<'a> fn(&[Value<'a>]) -> Value<'a>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[ARRAY, ARRAY],
        gives: Gives::Type(gives),
        body: Body::Values(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    unary(
        &["series_abs"],
        "series_abs(series)",
        "Absolute values.",
        |v| each(v, f64::abs),
        &[("series_abs(dynamic([-1.5, 2]))", "[1.5,2.0]")],
    ),
    unary(
        &["series_acos"],
        "series_acos(series)",
        "Arc cosines.",
        |v| each(v, f64::acos),
        &[("series_acos(dynamic([1]))", "[0.0]")],
    ),
    unary(
        &["series_asin"],
        "series_asin(series)",
        "Arc sines.",
        |v| each(v, f64::asin),
        &[("series_asin(dynamic([0]))", "[0.0]")],
    ),
    unary(
        &["series_atan"],
        "series_atan(series)",
        "Arc tangents.",
        |v| each(v, f64::atan),
        &[("series_atan(dynamic([0]))", "[0.0]")],
    ),
    unary(
        &["series_cos"],
        "series_cos(series)",
        "Cosines.",
        |v| each(v, f64::cos),
        &[("series_cos(dynamic([0]))", "[1.0]")],
    ),
    unary(
        &["series_sin"],
        "series_sin(series)",
        "Sines.",
        |v| each(v, f64::sin),
        &[("series_sin(dynamic([0]))", "[0.0]")],
    ),
    unary(
        &["series_tan"],
        "series_tan(series)",
        "Tangents.",
        |v| each(v, f64::tan),
        &[("series_tan(dynamic([0]))", "[0.0]")],
    ),
    unary(
        &["series_exp"],
        "series_exp(series)",
        "Powers of e.",
        |v| each(v, f64::exp),
        &[("series_exp(dynamic([0]))", "[1.0]")],
    ),
    unary(
        &["series_log"],
        "series_log(series)",
        "Natural logarithms.",
        |v| each(v, f64::ln),
        &[("series_log(dynamic([1]))", "[0.0]")],
    ),
    unary(
        &["series_ceiling"],
        "series_ceiling(series)",
        "Least whole numbers not below the values.",
        |v| each(v, f64::ceil),
        &[("series_ceiling(dynamic([1.2]))", "[2.0]")],
    ),
    unary(
        &["series_floor"],
        "series_floor(series)",
        "Greatest whole numbers not above the values.",
        |v| each(v, f64::floor),
        &[("series_floor(dynamic([1.8]))", "[1.0]")],
    ),
    unary(
        &["series_sign"],
        "series_sign(series)",
        "-1, 0 or 1 by sign.",
        |v| each(v, |x| if x == 0.0 { 0.0 } else { x.signum() }),
        &[("series_sign(dynamic([-3, 0]))", "[-1.0,0.0]")],
    ),
    binary(
        &["series_add"],
        "series_add(a, b)",
        "Sums, element by element.",
        Type::Dynamic,
        |v| pairs(v, |a, b| a + b, true),
        &[("series_add(dynamic([1, 2]), dynamic([3, 4.5]))", "[4,6.5]")],
    ),
    binary(
        &["series_subtract"],
        "series_subtract(a, b)",
        "Differences, element by element.",
        Type::Dynamic,
        |v| pairs(v, |a, b| a - b, true),
        &[("series_subtract(dynamic([1, 2]), dynamic([3]))", "[-2,null]")],
    ),
    binary(
        &["series_multiply"],
        "series_multiply(a, b)",
        "Products, element by element.",
        Type::Dynamic,
        |v| pairs(v, |a, b| a * b, true),
        &[("series_multiply(dynamic([1, 2]), dynamic([3, 4]))", "[3,8]")],
    ),
    binary(
        &["series_divide"],
        "series_divide(a, b)",
        "Quotients, element by element.",
        Type::Dynamic,
        |v| pairs(v, |a, b| a / b, false),
        &[("series_divide(dynamic([1, 2]), dynamic([2, 4]))", "[0.5,0.5]")],
    ),
    binary(
        &["series_pow"],
        "series_pow(a, b)",
        "Powers, element by element.",
        Type::Dynamic,
        |v| pairs(v, f64::powf, false),
        &[("series_pow(dynamic([2, 3]), dynamic([2, 1]))", "[4.0,3.0]")],
    ),
    binary(
        &["series_equals"],
        "series_equals(a, b)",
        "Whether elements are equal.",
        Type::Dynamic,
        |v| compare(v, |a, b| a == b),
        &[("series_equals(dynamic([1, 2]), dynamic([1, 3]))", "[true,false]")],
    ),
    binary(
        &["series_not_equals"],
        "series_not_equals(a, b)",
        "Whether elements differ.",
        Type::Dynamic,
        |v| compare(v, |a, b| a != b),
        &[("series_not_equals(dynamic([1, 2]), dynamic([1, 3]))", "[false,true]")],
    ),
    binary(
        &["series_less"],
        "series_less(a, b)",
        "Whether elements of the first are less.",
        Type::Dynamic,
        |v| compare(v, |a, b| a < b),
        &[("series_less(dynamic([1, 2]), dynamic([1, 3]))", "[false,true]")],
    ),
    binary(
        &["series_less_equals"],
        "series_less_equals(a, b)",
        "Whether elements of the first are not greater.",
        Type::Dynamic,
        |v| compare(v, |a, b| a <= b),
        &[("series_less_equals(dynamic([1, 4]), dynamic([1, 3]))", "[true,false]")],
    ),
    binary(
        &["series_greater"],
        "series_greater(a, b)",
        "Whether elements of the first are greater.",
        Type::Dynamic,
        |v| compare(v, |a, b| a > b),
        &[("series_greater(dynamic([1, 4]), dynamic([1, 3]))", "[false,true]")],
    ),
    binary(
        &["series_greater_equals"],
        "series_greater_equals(a, b)",
        "Whether elements of the first are not less.",
        Type::Dynamic,
        |v| compare(v, |a, b| a >= b),
        &[("series_greater_equals(dynamic([1, 2]), dynamic([1, 3]))", "[true,false]")],
    ),
    Function {
        names: &["series_sum"],
        usage: "series_sum(series)",
        summary: "Sum of the elements.",
        takes: &[ARRAY],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|v| fold(v, |x| x.iter().sum())),
        examples: &[("series_sum(dynamic([1, 2, 3]))", "6")],
        ..Function::NEW
    },
    Function {
        names: &["series_product"],
        usage: "series_product(series)",
        summary: "Product of the elements.",
        takes: &[ARRAY],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|v| fold(v, |x| x.iter().product())),
        examples: &[("series_product(dynamic([1, 2, 4]))", "8")],
        ..Function::NEW
    },
    Function {
        names: &["series_magnitude"],
        usage: "series_magnitude(series)",
        summary: "Square root of the sum of squares.",
        takes: &[ARRAY],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|v| fold(v, |x| x.iter().map(|x| x * x).sum::<f64>().sqrt())),
        examples: &[("series_magnitude(dynamic([3, 4]))", "5")],
        ..Function::NEW
    },
    Function {
        names: &["series_dot_product"],
        usage: "series_dot_product(a, b)",
        summary: "Sum of the products of elements; one of the two may be a number.",
        takes: &[ARRAY, ARRAY],
        gives: Gives::Type(Type::Real),
        body: Body::Values(dot),
        examples: &[
            ("series_dot_product(dynamic([1, 2]), dynamic([3, 4]))", "11"),
            ("series_dot_product(dynamic([1, 2]), 2)", "6"),
        ],
        ..Function::NEW
    },
    binary(
        &["series_pearson_correlation"],
        "series_pearson_correlation(a, b)",
        "Pearson's correlation of two series.",
        Type::Real,
        pearson,
        &[("series_pearson_correlation(dynamic([1, 2, 3]), dynamic([2, 4, 6]))", "1")],
    ),
    Function {
        names: &["series_cosine_similarity"],
        usage: "series_cosine_similarity(a, b [, magnitudeOfA, magnitudeOfB])",
        summary: "Cosine of the angle between two vectors.",
        takes: &[ARRAY, ARRAY, Accepts::Real, Accepts::Real],
        optional: 2,
        gives: Gives::Type(Type::Real),
        body: Body::Values(cosine),
        examples: &[("series_cosine_similarity(dynamic([1, 0]), dynamic([3, 0]))", "1")],
        ..Function::NEW
    },
];

/// The elements of an array as JSON; none where the value is no array.
pub(super) fn items(value: Option<&Value<'_>>) -> Option<Vec<Json>> {
    match value {
        Some(Value::Dynamic(json)) => match serde_json::from_str(json) {
            Ok(Json::Array(items)) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

/// The number of an element; text such as `NaN` is how JSON holds what it cannot write.
pub(super) fn number(item: &Json) -> Option<f64> {
    match item {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The numbers of an array, null where an element is none.
pub(super) fn numbers(value: Option<&Value<'_>>) -> Option<Vec<Option<f64>>> {
    Some(items(value)?.iter().map(number).collect())
}

/// The numbers of an array of nothing but numbers.
pub(super) fn all_numbers(value: Option<&Value<'_>>) -> Option<Vec<f64>> {
    numbers(value)?.into_iter().collect()
}

/// An array of reals.
pub(super) fn reals(values: impl IntoIterator<Item = f64>) -> Json {
    Json::Array(values.into_iter().map(|value| Value::Real(value).to_json()).collect())
}

fn each(values: &[Value<'_>], f: fn(f64) -> f64) -> Value<'static> {
    let Some(series) = numbers(values.first()) else { return Value::Null };
    let mapped = series.into_iter().map(|x| x.map_or(Json::Null, |x| Value::Real(f(x)).to_json()));
    Value::json(&Json::Array(mapped.collect()))
}

fn zip(values: &[Value<'_>], f: &dyn Fn(&Json, &Json) -> Json) -> Value<'static> {
    let (a, b) = (items(values.first()), items(values.get(1)));
    let length = a.iter().chain(&b).map(Vec::len).max().unwrap_or_default();
    let (Some(a), Some(b)) =
        (a.or_else(|| spread(values.first(), length)), b.or_else(|| spread(values.get(1), length)))
    else {
        return Value::Null;
    };
    let at = |items: &[Json], i: usize| items.get(i).cloned().unwrap_or(Json::Null);
    Value::json(&Json::Array((0..length).map(|i| f(&at(&a, i), &at(&b, i))).collect()))
}

/// A number in the place of a series stands for that many of it.
fn spread(value: Option<&Value<'_>>, length: usize) -> Option<Vec<Json>> {
    let Some(Value::Dynamic(json)) = value else { return None };
    let item: Json = serde_json::from_str(json).ok()?;
    (length > 0 && item.is_number()).then(|| vec![item; length])
}

/// Pairs of numbers up to the end of the shorter series; a place where either is no number does not count.
fn paired(values: &[Value<'_>]) -> Option<Vec<(f64, f64)>> {
    let (a, b) = (items(values.first()), items(values.get(1)));
    let length = a.iter().chain(&b).map(Vec::len).min()?;
    let (a, b) = (a.or_else(|| spread(values.first(), length))?, b.or_else(|| spread(values.get(1), length))?);
    (length > 0).then(|| a.iter().zip(&b).filter_map(|(a, b)| Some((number(a)?, number(b)?))).collect())
}

/// Whole numbers stay whole where `whole` says so.
fn pairs(values: &[Value<'_>], f: fn(f64, f64) -> f64, whole: bool) -> Value<'static> {
    zip(values, &|a, b| match (number(a), number(b)) {
        (Some(x), Some(y)) => {
            let result = f(x, y);
            if whole && a.is_i64() && b.is_i64() && result.abs() < 9e15 {
                Json::from(result as i64)
            } else {
                Value::Real(result).to_json()
            }
        }
        _ => Json::Null,
    })
}

fn compare(values: &[Value<'_>], f: fn(f64, f64) -> bool) -> Value<'static> {
    zip(values, &|a, b| match (number(a), number(b)) {
        (Some(a), Some(b)) => Json::Bool(f(a, b)),
        _ => Json::Null,
    })
}

fn fold(values: &[Value<'_>], f: fn(&[f64]) -> f64) -> Value<'static> {
    // The sum of no reals is -0 in Rust.
    all_numbers(values.first()).map_or(Value::Null, |series| Value::Real(f(&series) + 0.0))
}

fn dot(values: &[Value<'_>]) -> Value<'static> {
    // The sum of no reals is -0 in Rust.
    paired(values).map_or(Value::Null, |pairs| Value::Real(pairs.iter().map(|(x, y)| x * y).sum::<f64>() + 0.0))
}

fn pearson<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(a), Some(b)) = (all_numbers(values.first()), all_numbers(values.get(1))) else { return Value::Null };
    if a.len() != b.len() || a.is_empty() {
        return Value::Null;
    }
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(&a), mean(&b));
    let product: f64 = a.iter().zip(&b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    let spread = |x: &[f64], m: f64| x.iter().map(|x| (x - m) * (x - m)).sum::<f64>();
    Value::Real(product / (spread(&a, ma) * spread(&b, mb)).sqrt())
}

fn cosine<'a>(values: &[Value<'a>]) -> Value<'a> {
    let Some(pairs) = paired(values) else { return Value::Null };
    let norm = |given: Option<&Value<'_>>, of: fn(&(f64, f64)) -> f64| {
        given.and_then(Value::as_f64).unwrap_or_else(|| pairs.iter().map(|pair| of(pair).powi(2)).sum::<f64>().sqrt())
    };
    let product: f64 = pairs.iter().map(|(x, y)| x * y).sum();
    Value::Real(product / (norm(values.get(2), |pair| pair.0) * norm(values.get(3), |pair| pair.1)))
}
