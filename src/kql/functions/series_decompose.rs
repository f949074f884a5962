//! Series: periods, seasonality, trend, and what does not fit them.

use serde_json::{Value as Json, json};

use super::series::{all_numbers, numbers, reals};
use super::series_fit::fit;
use super::series_parts::parts;
use super::series_shape::{quantile, tukey};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

const ARRAY: Accepts = Accepts::Dynamic;
const SERIES: Function =
    Function { takes: &[ARRAY], gives: Gives::Type(Type::Dynamic), naming: Naming::None, ..Function::NEW };
/// The score from which on a period counts, unless said.
const SEASONAL: f64 = 0.6;
/// Scores below it are no anomalies, unless said.
const ANOMALY: f64 = 1.5;
/// Longer series are not searched for periods: the work grows with the square.
const MAX_SEARCH: usize = 16_384;

const PERIODS: [(&str, Type); 2] = [("periods", Type::Dynamic), ("scores", Type::Dynamic)];
const DETECTED: [(&str, Type); 2] = [("periods", Type::Dynamic), ("periods_scores", Type::Dynamic)];
const COMPONENTS: [(&str, Type); 4] =
    [("baseline", Type::Dynamic), ("seasonal", Type::Dynamic), ("trend", Type::Dynamic), ("residual", Type::Dynamic)];
const ANOMALIES: [(&str, Type); 3] =
    [("ad_flag", Type::Dynamic), ("ad_score", Type::Dynamic), ("baseline", Type::Dynamic)];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["series_periods_detect"],
        usage: "series_periods_detect(series, minPeriod, maxPeriod, count)",
        summary: "Columns periods and scores: the most significant periods, and 0 where there are fewer.",
        takes: &[ARRAY, Accepts::Real, Accepts::Real, Accepts::Long],
        body: Body::Scalar(|call| parts(call, &DETECTED, detect)),
        examples: &[(
            "print y = dynamic([1, 5, 9, 2, 1, 5, 9, 2, 1, 5, 9, 2, 1, 5, 9, 2]) | extend (p, s) = series_periods_detect(y, 0, 8, 1) | project p",
            "[4]",
        )],
        ..SERIES
    },
    Function {
        names: &["series_periods_validate"],
        usage: "series_periods_validate(series, period [, period …])",
        summary: "Columns periods and scores: how well each period fits, from 0 to 1.",
        takes: &[ARRAY, Accepts::Real],
        rest: Some(Accepts::Real),
        body: Body::Scalar(|call| parts(call, &PERIODS, validate)),
        examples: &[(
            "print y = dynamic([1, 5, 9, 2, 1, 5, 9, 2]) | extend (p, s) = series_periods_validate(y, 4) | project p",
            "[4.0]",
        )],
        ..SERIES
    },
    Function {
        names: &["series_seasonal"],
        usage: "series_seasonal(series [, period])",
        summary: "The seasonal part: the median of each place in the period, which is found when not given.",
        takes: &[ARRAY, Accepts::Long],
        optional: 1,
        body: Body::Values(seasonal),
        examples: &[("series_seasonal(dynamic([1, 4, 3, 6]), 2)", "[2.0,5.0,2.0,5.0]")],
        ..SERIES
    },
    Function {
        names: &["series_decompose"],
        usage: "series_decompose(series [, seasonality [, trend [, testPoints [, threshold]]]])",
        summary: "Columns baseline, seasonal, trend and residual; the baseline is seasonal and trend together.",
        takes: &[ARRAY, Accepts::Any, Accepts::Text, Accepts::Long, Accepts::Real],
        optional: 4,
        body: Body::Scalar(|call| parts(call, &COMPONENTS, decompose)),
        examples: &[(
            "print y = dynamic([1, 4, 1, 4]) | extend (b, s, t, r) = series_decompose(y, 2) | project r",
            "[0.0,0.0,0.0,0.0]",
        )],
        ..SERIES
    },
    Function {
        names: &["series_decompose_anomalies"],
        usage: "series_decompose_anomalies(series [, threshold [, seasonality [, trend [, testPoints [, method [, threshold]]]]]])",
        summary: "Columns ad_flag (1 above, -1 below, 0 as expected), ad_score and baseline.",
        takes: &[ARRAY, Accepts::Real, Accepts::Any, Accepts::Text, Accepts::Long, Accepts::Text, Accepts::Real],
        optional: 6,
        body: Body::Scalar(|call| parts(call, &ANOMALIES, anomalies)),
        examples: &[(
            "print y = dynamic([1, 2, 1, 2, 1, 2, 1, 90, 1, 2, 1, 2]) | extend (f, s, b) = series_decompose_anomalies(y, 1.5, 0) | project f",
            "[0,0,0,0,0,0,0,1,0,0,0,0]",
        )],
        ..SERIES
    },
    Function {
        names: &["series_decompose_forecast"],
        usage: "series_decompose_forecast(series, points [, seasonality [, trend [, threshold]]])",
        summary: "The series' baseline, its last points forecast from the points before them.",
        takes: &[ARRAY, Accepts::Long, Accepts::Any, Accepts::Text, Accepts::Real],
        optional: 3,
        body: Body::Values(forecast),
        examples: &[("series_decompose_forecast(dynamic([1, 2, 3, 4, 0, 0]), 2, 0, 'linefit')[5]", "6.0")],
        ..SERIES
    },
];

/// How alike a series is to itself moved by a period: 1 for the same, near 0 for chance.
fn alike(y: &[f64], period: usize) -> f64 {
    let count = y.len();
    if period == 0 || period >= count {
        return 0.0;
    }
    let mean = y.iter().sum::<f64>() / count as f64;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    if total == 0.0 {
        return 0.0;
    }
    let moved: f64 = y.iter().zip(&y[period..]).map(|(a, b)| (a - mean) * (b - mean)).sum();
    // Long periods overlap less; half of that is made good, so that chance does not win.
    (moved / total * (count as f64 / (count - period) as f64).sqrt()).clamp(0.0, 1.0)
}

/// Periods that are hills of likeness, best first; multiples of a better one are its echoes.
fn periods(y: &[f64], least: f64, most: f64, count: usize) -> Vec<(usize, f64)> {
    if y.len() > MAX_SEARCH {
        return Vec::new();
    }
    let most = (most.max(0.0) as usize).min(y.len() / 2);
    let likeness: Vec<f64> = (0..=(most + 1).min(y.len())).map(|period| alike(y, period)).collect();
    let at = |period: usize| likeness.get(period).copied().unwrap_or(0.0);
    // Two points make no shape.
    let mut hills: Vec<(usize, f64)> = (3..=most)
        .filter(|period| *period as f64 >= least)
        .filter(|period| at(*period) > at(period - 1) && at(*period) >= at(period + 1) && at(*period) >= SEASONAL)
        .map(|period| (period, at(period)))
        .collect();
    hills.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut chosen: Vec<(usize, f64)> = Vec::new();
    for hill in hills {
        if chosen.len() < count && !chosen.iter().any(|(better, _)| hill.0.is_multiple_of(*better)) {
            chosen.push(hill);
        }
    }
    chosen
}

fn detect(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = all_numbers(values.first()) else { return Vec::new() };
    let real = |at: usize, default: f64| values.get(at).and_then(Value::as_f64).unwrap_or(default);
    let count = real(3, 1.0).clamp(0.0, 64.0) as usize;
    let mut found = periods(&y, real(1, 0.0), real(2, y.len() as f64 / 2.0), count);
    found.resize(count, (0, 0.0));
    vec![
        Json::Array(found.iter().map(|(period, _)| json!(period)).collect()),
        reals(found.iter().map(|(_, score)| *score)),
    ]
}

fn validate(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = all_numbers(values.first()) else { return Vec::new() };
    let asked: Vec<f64> = values.iter().skip(1).filter_map(Value::as_f64).collect();
    // A period is a hill of likeness above what noise reaches once in twenty; the bounds are those of the reference.
    let chance = 1.96 / (y.len() as f64).sqrt();
    let score = |period: &f64| {
        let place = period.round().max(0.0) as usize;
        if place < 4 || place > y.len() / 2 {
            return 0.0;
        }
        let here = alike(&y, place);
        let hill = here >= alike(&y, place - 1) && here >= alike(&y, place + 1);
        if hill && here > chance { here } else { 0.0 }
    };
    let scores: Vec<f64> = asked.iter().map(score).collect();
    vec![reals(asked), reals(scores)]
}

/// The median of each place in a period, repeated over `length`: a single peak does not bend the season.
fn season(y: &[f64], period: usize, length: usize) -> Vec<f64> {
    let mut places: Vec<Vec<f64>> = vec![Vec::new(); period];
    for (i, y) in y.iter().enumerate() {
        if let Some(place) = places.get_mut(i % period) {
            place.push(*y);
        }
    }
    let medians: Vec<f64> = places
        .into_iter()
        .map(|mut place| {
            place.sort_by(f64::total_cmp);
            if place.is_empty() { 0.0 } else { quantile(&place, 0.5) }
        })
        .collect();
    (0..length).map(|i| medians.get(i % period).copied().unwrap_or(0.0)).collect()
}

fn seasonal<'a>(values: &[Value<'a>]) -> Value<'a> {
    let Some(y) = all_numbers(values.first()) else { return Value::Null };
    let asked = values.get(1).and_then(Value::as_i64).filter(|period| *period > 0);
    let period = match asked {
        Some(period) => usize::try_from(period).ok().filter(|period| *period <= y.len()),
        None => periods(&y, 0.0, y.len() as f64, 1).first().map(|(period, _)| *period),
    };
    Value::json(&match period {
        Some(period) => reals(season(&y, period, y.len())),
        None => reals(vec![0.0; y.len()]),
    })
}

/// Seasonal part and trend over the whole length, learnt from all but the last `test` points.
fn components(y: &[f64], seasonality: i64, trend: &str, test: usize, threshold: f64) -> (Vec<f64>, Vec<f64>) {
    let learn = y.get(..y.len().saturating_sub(test)).unwrap_or_default();
    if learn.is_empty() {
        return (vec![0.0; y.len()], vec![0.0; y.len()]);
    }
    let mean = learn.iter().sum::<f64>() / learn.len() as f64;
    let trend: Vec<f64> = match trend {
        "none" => vec![0.0; y.len()],
        "linefit" => {
            let line = fit(learn);
            (0..y.len()).map(|i| line.slope * i as f64 + line.interception).collect()
        }
        _ => vec![mean; y.len()],
    };
    let flat: Vec<f64> = learn.iter().zip(&trend).map(|(y, trend)| y - trend).collect();
    let period = match seasonality {
        0 => None,
        period if period > 0 => usize::try_from(period).ok().filter(|period| *period <= learn.len()),
        _ => periods(&flat, 0.0, flat.len() as f64, 1)
            .first()
            .filter(|(_, score)| *score >= threshold)
            .map(|(period, _)| *period),
    };
    let seasonal = match period {
        Some(period) => season(&flat, period, y.len()),
        None => vec![0.0; y.len()],
    };
    (seasonal, trend)
}

/// Gaps count as 0, as make-series fills them.
fn filled(value: Option<&Value<'_>>) -> Option<Vec<f64>> {
    let y: Vec<f64> = numbers(value)?.into_iter().map(|x| x.filter(|x| x.is_finite()).unwrap_or(0.0)).collect();
    (!y.is_empty()).then_some(y)
}

fn option(values: &[Value<'_>], at: usize) -> Option<f64> {
    values.get(at).and_then(|value| Accepts::Number.coerce(value.clone()).as_f64())
}

fn word(values: &[Value<'_>], at: usize, default: &str) -> String {
    values.get(at).map(|word| word.to_text().into_owned()).filter(|word| !word.is_empty()).unwrap_or(default.to_owned())
}

fn points(values: &[Value<'_>], at: usize) -> usize {
    option(values, at).map_or(0, |points| points.max(0.0) as usize)
}

fn decompose(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = filled(values.first()) else { return Vec::new() };
    let seasonality = option(values, 1).unwrap_or(-1.0) as i64;
    let threshold = option(values, 4).unwrap_or(SEASONAL);
    let (seasonal, trend) = components(&y, seasonality, &word(values, 2, "avg"), points(values, 3), threshold);
    let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(a, b)| a + b).collect();
    let residual: Vec<f64> = y.iter().zip(&baseline).map(|(y, base)| y - base).collect();
    vec![reals(baseline), reals(seasonal), reals(trend), reals(residual)]
}

fn anomalies(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = filled(values.first()) else { return Vec::new() };
    let threshold = option(values, 1).unwrap_or(ANOMALY);
    let seasonality = option(values, 2).unwrap_or(-1.0) as i64;
    let test = points(values, 4);
    let (low, high) = if word(values, 5, "ctukey") == "tukey" { (0.25, 0.75) } else { (0.1, 0.9) };
    let significant = option(values, 6).unwrap_or(SEASONAL);
    let (seasonal, trend) = components(&y, seasonality, &word(values, 3, "avg"), test, significant);
    let baseline: Vec<f64> = seasonal.iter().zip(&trend).map(|(a, b)| a + b).collect();
    let residual: Vec<f64> = y.iter().zip(&baseline).map(|(y, base)| y - base).collect();
    let learn = residual.get(..residual.len().saturating_sub(test)).unwrap_or(&residual);
    let scores: Vec<f64> = tukey(&residual, learn, low, high);
    let flag = |score: &f64| {
        json!(if *score >= threshold {
            1
        } else if *score <= -threshold {
            -1
        } else {
            0
        })
    };
    vec![Json::Array(scores.iter().map(flag).collect()), reals(scores.iter().copied()), reals(baseline)]
}

fn forecast<'a>(values: &[Value<'a>]) -> Value<'a> {
    let Some(y) = filled(values.first()) else { return Value::Null };
    let seasonality = option(values, 2).unwrap_or(-1.0) as i64;
    let threshold = option(values, 4).unwrap_or(SEASONAL);
    let trend = word(values, 3, "linefit");
    let (seasonal, trend) = components(&y, seasonality, &trend, points(values, 1), threshold);
    Value::json(&reals(seasonal.iter().zip(&trend).map(|(a, b)| a + b)))
}
