//! Series: filters, filling of gaps, statistics, Fourier transform.

use serde_json::{Value as Json, json};

use super::series::{all_numbers, items, number, numbers, reals};
use super::series_parts::parts;
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

const ARRAY: Accepts = Accepts::Dynamic;

/// What a function of a series leaves out.
const SERIES: Function =
    Function { takes: &[ARRAY], gives: Gives::Type(Type::Dynamic), naming: Naming::First, ..Function::NEW };

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["series_fir"],
        usage: "series_fir(series, filter [, normalize [, center]])",
        summary: "The series under a finite filter: sums of neighbours weighted by the filter.",
        takes: &[ARRAY, ARRAY, Accepts::Bool, Accepts::Bool],
        optional: 2,
        body: Body::Values(fir),
        examples: &[("series_fir(dynamic([1, 2, 4]), dynamic([1, -1]), false)", "[1.0,1.0,2.0]")],
        ..SERIES
    },
    Function {
        names: &["series_iir"],
        usage: "series_iir(series, numerators, denominators)",
        summary: "The series under an infinite filter, which feeds its results back.",
        takes: &[ARRAY, ARRAY, ARRAY],
        body: Body::Values(iir),
        examples: &[("series_iir(dynamic([1, 2, 3]), dynamic([1]), dynamic([1, -1]))", "[1.0,3.0,6.0]")],
        ..SERIES
    },
    Function {
        names: &["series_fill_forward"],
        usage: "series_fill_forward(series [, missing])",
        summary: "Gaps take the value before them.",
        takes: &[ARRAY, Accepts::Any],
        optional: 1,
        body: Body::Values(|v| fill(v, 1, &|cells, i| cells[..i].iter().rev().flatten().next().cloned())),
        examples: &[("series_fill_forward(dynamic([null, 1, null]))", "[null,1,1]")],
        ..SERIES
    },
    Function {
        names: &["series_fill_backward"],
        usage: "series_fill_backward(series [, missing])",
        summary: "Gaps take the value behind them.",
        takes: &[ARRAY, Accepts::Any],
        optional: 1,
        body: Body::Values(|v| fill(v, 1, &|cells, i| cells[i..].iter().flatten().next().cloned())),
        examples: &[("series_fill_backward(dynamic([null, 1, null]))", "[1,1,null]")],
        ..SERIES
    },
    Function {
        names: &["series_fill_const"],
        usage: "series_fill_const(series, value [, missing])",
        summary: "Gaps take a constant.",
        takes: &[ARRAY, Accepts::Any, Accepts::Any],
        optional: 1,
        body: Body::Values(|v| {
            let constant = v.get(1).map(Value::to_json);
            fill(v, 2, &|_, _| constant.clone())
        }),
        examples: &[("series_fill_const(dynamic([null, 1]), 0)", "[0,1]")],
        ..SERIES
    },
    Function {
        names: &["series_fill_linear"],
        usage: "series_fill_linear(series [, missing [, fillEdges [, constant]]])",
        summary: "Gaps lie on the line between their neighbours; the constant fills a series of nothing but gaps.",
        takes: &[ARRAY, Accepts::Any, Accepts::Bool, Accepts::Any],
        optional: 3,
        body: Body::Values(linear),
        examples: &[("series_fill_linear(dynamic([1, null, 4.0]))", "[1,2.5,4.0]")],
        ..SERIES
    },
    Function {
        names: &["series_stats"],
        usage: "series_stats(series [, ignoreNonfinite])",
        summary: "Columns min, min_idx, max, max_idx, avg, stdev and variance of a series.",
        takes: &[ARRAY, Accepts::Bool],
        optional: 1,
        body: Body::Scalar(|call| parts(call, &STATS, stats)),
        examples: &[("print x = dynamic([1, 3]) | project series_stats(x)", "1\t0\t3\t1\t2\t1.4142135623730951\t2")],
        ..SERIES
    },
    Function {
        names: &["series_stats_dynamic"],
        usage: "series_stats_dynamic(series [, ignoreNonfinite])",
        summary: "The statistics of a series as a bag, with sum and len.",
        takes: &[ARRAY, Accepts::Bool],
        optional: 1,
        naming: Naming::None,
        body: Body::Values(stats_bag),
        examples: &[("series_stats_dynamic(dynamic([1, 3])).max", "3.0")],
        ..SERIES
    },
    Function {
        names: &["series_outliers"],
        usage: "series_outliers(series [, kind [, ignore [, minPercentile [, maxPercentile]]]])",
        summary: "Scores of outlying: 0 inside the range of the percentiles, beyond 1.5 a mild and beyond 3 a strong outlier.",
        takes: &[ARRAY, Accepts::Text, Accepts::Any, Accepts::Real, Accepts::Real],
        optional: 4,
        body: Body::Values(outliers),
        examples: &[("series_outliers(dynamic([1, 2, 3, 4, 20]), 'tukey')[4]", "8.0")],
        ..SERIES
    },
    Function {
        names: &["series_fft"],
        usage: "series_fft(real [, imaginary])",
        summary: "Columns real and imag: the series in the frequency domain.",
        takes: &[ARRAY, ARRAY],
        optional: 1,
        body: Body::Scalar(|call| {
            parts(call, &[("real", Type::Dynamic), ("imag", Type::Dynamic)], |v| transform(v, false))
        }),
        examples: &[("print x = dynamic([3]) | project series_fft(x)", "[3.0]\t[0.0]")],
        ..SERIES
    },
    Function {
        names: &["series_ifft"],
        usage: "series_ifft(real [, imaginary])",
        summary: "Columns real and imag: a series back from the frequency domain.",
        takes: &[ARRAY, ARRAY],
        optional: 1,
        body: Body::Scalar(|call| {
            parts(call, &[("real", Type::Dynamic), ("imag", Type::Dynamic)], |v| transform(v, true))
        }),
        examples: &[("print x = dynamic([3]) | project series_ifft(x)", "[3.0]\t[0.0]")],
        ..SERIES
    },
];

const STATS: [(&str, Type); 7] = [
    ("min", Type::Real),
    ("min_idx", Type::Long),
    ("max", Type::Real),
    ("max_idx", Type::Long),
    ("avg", Type::Real),
    ("stdev", Type::Real),
    ("variance", Type::Real),
];

/// Longer series are not transformed: the work grows with the square.
const MAX_TRANSFORM: usize = 16_384;

fn fir<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(series), Some(filter)) = (numbers(values.first()), all_numbers(values.get(1))) else {
        return Value::Null;
    };
    let sum: f64 = filter.iter().sum();
    let default = filter.iter().all(|weight| *weight >= 0.0);
    let normalize = match values.get(2) {
        Some(Value::Bool(normalize)) => *normalize,
        _ => default,
    };
    // Weights that are negative cannot be made shares of one.
    if normalize && !default {
        return Value::Null;
    }
    let scale = if normalize && sum != 0.0 { sum } else { 1.0 };
    let shift = if matches!(values.get(3), Some(Value::Bool(true))) { filter.len() / 2 } else { 0 };
    let at =
        |i: usize, j: usize| (i + shift).checked_sub(j).and_then(|at| series.get(at)).copied().flatten().unwrap_or(0.0);
    let out =
        (0..series.len()).map(|i| filter.iter().enumerate().map(|(j, weight)| weight * at(i, j)).sum::<f64>() / scale);
    Value::json(&reals(out))
}

fn iir<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(series), Some(b), Some(a)) =
        (numbers(values.first()), all_numbers(values.get(1)), all_numbers(values.get(2)))
    else {
        return Value::Null;
    };
    let Some(first) = a.first().copied().filter(|first| *first != 0.0) else { return Value::Null };
    let mut out: Vec<f64> = Vec::with_capacity(series.len());
    for i in 0..series.len() {
        let given =
            b.iter().enumerate().filter_map(|(j, weight)| Some(weight * series.get(i.checked_sub(j)?)?.unwrap_or(0.0)));
        let fed = a.iter().enumerate().skip(1).filter_map(|(j, weight)| Some(weight * out.get(i.checked_sub(j)?)?));
        let next = (given.sum::<f64>() - fed.sum::<f64>()) / first;
        out.push(next);
    }
    Value::json(&reals(out))
}

/// Cells of a series; none where the value is missing: null, or what is said to stand for it.
fn gaps(values: &[Value<'_>], missing_at: usize) -> Option<(Vec<Option<Json>>, Json)> {
    let missing = values.get(missing_at).map_or(Json::Null, Value::to_json);
    let gap = |item: &Json| match (number(item), number(&missing)) {
        (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()),
        _ => *item == missing,
    };
    let cells = items(values.first())?.into_iter().map(|item| if gap(&item) { None } else { Some(item) });
    Some((cells.collect(), missing))
}

/// What stands in a gap, from all cells and the gap's place.
type Filler<'f> = dyn Fn(&[Option<Json>], usize) -> Option<Json> + 'f;

fn fill(values: &[Value<'_>], missing_at: usize, with: &Filler<'_>) -> Value<'static> {
    let Some((cells, missing)) = gaps(values, missing_at) else { return Value::Null };
    let filled = (0..cells.len()).map(|i| cells[i].clone().or_else(|| with(&cells, i)).unwrap_or(missing.clone()));
    Value::json(&Json::Array(filled.collect()))
}

fn linear<'a>(values: &[Value<'a>]) -> Value<'a> {
    let Some((cells, missing)) = gaps(values, 1) else { return Value::Null };
    let edges = !matches!(values.get(2), Some(Value::Bool(false)));
    let constant = values.get(3).map_or(json!(0.0), Value::to_json);
    if cells.iter().all(Option::is_none) {
        return Value::json(&Json::Array(vec![constant; cells.len()]));
    }
    let whole = cells.iter().flatten().all(Json::is_i64);
    let known: Vec<(usize, f64)> =
        cells.iter().enumerate().filter_map(|(i, cell)| Some((i, number(cell.as_ref()?)?))).collect();
    let fill = |i: usize| -> Json {
        let behind = known.partition_point(|(at, _)| *at < i);
        let after = known.get(behind);
        let before = behind.checked_sub(1).and_then(|at| known.get(at));
        let value = match (before, after) {
            (Some((a, x)), Some((b, y))) => x + (y - x) * (i - a) as f64 / (b - a) as f64,
            (Some((_, edge)), None) | (None, Some((_, edge))) if edges => *edge,
            _ => return missing.clone(),
        };
        if whole { Json::from(value.trunc() as i64) } else { Value::Real(value).to_json() }
    };
    let filled = cells.iter().enumerate().map(|(i, cell)| cell.clone().unwrap_or_else(|| fill(i)));
    Value::json(&Json::Array(filled.collect()))
}

struct Stats {
    min: (f64, usize),
    max: (f64, usize),
    sum: f64,
    count: usize,
    variance: f64,
}

fn measure(values: &[Value<'_>]) -> Option<Stats> {
    let ignore = matches!(values.get(1), Some(Value::Bool(true)));
    let mut known: Vec<(usize, f64)> = Vec::new();
    for (i, value) in numbers(values.first())?.into_iter().enumerate() {
        match value {
            Some(value) if value.is_finite() || !ignore => known.push((i, value)),
            Some(_) => {}
            None if ignore => {}
            None => return None,
        }
    }
    let (first, count) = (*known.first()?, known.len());
    let sum: f64 = known.iter().map(|(_, x)| x).sum();
    let mean = sum / count as f64;
    let squares: f64 = known.iter().map(|(_, x)| (x - mean) * (x - mean)).sum();
    let least = known.iter().fold(first, |a, b| if b.1 < a.1 { *b } else { a });
    let most = known.iter().fold(first, |a, b| if b.1 > a.1 { *b } else { a });
    let variance = if count > 1 { squares / (count - 1) as f64 } else { 0.0 };
    Some(Stats { min: (least.1, least.0), max: (most.1, most.0), sum, count, variance })
}

fn stats(values: &[Value<'_>]) -> Vec<Json> {
    let Some(s) = measure(values) else { return Vec::new() };
    let real = |x: f64| Value::Real(x).to_json();
    vec![
        real(s.min.0),
        json!(s.min.1),
        real(s.max.0),
        json!(s.max.1),
        real(s.sum / s.count as f64),
        real(s.variance.sqrt()),
        real(s.variance),
    ]
}

fn stats_bag<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(s), stats) = (measure(values), stats(values)) else { return Value::Null };
    let mut bag: serde_json::Map<String, Json> =
        STATS.iter().zip(stats).map(|((name, _), value)| ((*name).to_owned(), value)).collect();
    bag.insert("sum".into(), Value::Real(s.sum).to_json());
    bag.insert("len".into(), json!(s.count));
    Value::json(&Json::Object(bag))
}

/// The value below which a share of sorted values lies, between neighbours in proportion.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (sorted.get(place.floor() as usize), sorted.get(place.ceil() as usize));
    match (low, high) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => f64::NAN,
    }
}

/// Tukey's score: how many ranges between the percentiles a value lies outside of them.
pub(super) fn tukey(series: &[f64], of: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut sorted: Vec<f64> = of.iter().copied().filter(|x| x.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, low), quantile(&sorted, high));
    let range = high - low;
    let score = |x: f64| {
        let beyond = if x > high {
            x - high
        } else if x < low {
            x - low
        } else {
            0.0
        };
        if beyond == 0.0 { 0.0 } else { beyond / range }
    };
    series.iter().map(|x| score(*x)).collect()
}

fn outliers<'a>(values: &[Value<'a>]) -> Value<'a> {
    let Some(series) = numbers(values.first()) else { return Value::Null };
    let custom = values.get(1).is_none_or(|kind| kind.to_text() != "tukey");
    let ignore = values.get(2).and_then(Value::as_f64);
    let percentile = |at: usize, default: f64| values.get(at).and_then(Value::as_f64).unwrap_or(default) / 100.0;
    let (low, high) = if custom { (percentile(3, 10.0), percentile(4, 90.0)) } else { (0.25, 0.75) };
    let known: Vec<f64> = series.iter().flatten().copied().filter(|x| Some(*x) != ignore).collect();
    let plain: Vec<f64> = series.iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    let scores = tukey(&plain, &known, low, high);
    let out = scores.into_iter().zip(&series).map(|(score, x)| match x {
        Some(_) => Value::Real(score).to_json(),
        None => Json::Null,
    });
    Value::json(&Json::Array(out.collect()))
}

fn transform(values: &[Value<'_>], back: bool) -> Vec<Json> {
    let Some(real) = all_numbers(values.first()) else { return Vec::new() };
    let imaginary = all_numbers(values.get(1)).unwrap_or_else(|| vec![0.0; real.len()]);
    let length = real.len();
    if imaginary.len() != length || length > MAX_TRANSFORM || length == 0 {
        return Vec::new();
    }
    let sign = if back { 1.0 } else { -1.0 };
    let turn = sign * 2.0 * std::f64::consts::PI / length as f64;
    let (mut re, mut im) = (Vec::with_capacity(length), Vec::with_capacity(length));
    for k in 0..length {
        let (mut x, mut y) = (0.0, 0.0);
        for (n, (a, b)) in real.iter().zip(&imaginary).enumerate() {
            let (sin, cos) = (turn * ((k * n) % length) as f64).sin_cos();
            x += a * cos - b * sin;
            y += a * sin + b * cos;
        }
        let scale = if back { length as f64 } else { 1.0 };
        re.push(x / scale);
        im.push(y / scale);
    }
    vec![reals(re), reals(im)]
}
