//! Series: lines and polynomials fitted by least squares.

use serde_json::{Value as Json, json};

use super::series::{all_numbers, reals};
use super::series_parts::parts;
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::table::Type;

const ARRAY: Accepts = Accepts::Dynamic;
const BAG: Function =
    Function { takes: &[ARRAY], gives: Gives::Type(Type::Dynamic), naming: Naming::None, ..Function::NEW };

const LINE: [(&str, Type); 6] = [
    ("rsquare", Type::Real),
    ("slope", Type::Real),
    ("variance", Type::Real),
    ("rvariance", Type::Real),
    ("interception", Type::Real),
    ("line_fit", Type::Dynamic),
];

const TWO_LINES: [(&str, Type); 15] = [
    ("rsquare", Type::Real),
    ("split_idx", Type::Long),
    ("variance", Type::Real),
    ("rvariance", Type::Real),
    ("line_fit", Type::Dynamic),
    ("right_rsquare", Type::Real),
    ("right_slope", Type::Real),
    ("right_interception", Type::Real),
    ("right_variance", Type::Real),
    ("right_rvariance", Type::Real),
    ("left_rsquare", Type::Real),
    ("left_slope", Type::Real),
    ("left_interception", Type::Real),
    ("left_variance", Type::Real),
    ("left_rvariance", Type::Real),
];

const POLYNOMIAL: [(&str, Type); 5] = [
    ("rsquare", Type::Real),
    ("coefficients", Type::Dynamic),
    ("variance", Type::Real),
    ("rvariance", Type::Real),
    ("poly_fit", Type::Dynamic),
];

/// The highest degree of a polynomial; beyond it rounding decides.
const MAX_DEGREE: i64 = 12;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["series_fit_line"],
        usage: "series_fit_line(series)",
        summary: "Columns rsquare, slope, variance, rvariance, interception and line_fit of the fitted line.",
        body: Body::Scalar(|call| parts(call, &LINE, line)),
        examples: &[("print y = dynamic([1, 3, 5]) | project series_fit_line(y)", "1\t2\t4\t0\t1\t[1.0,3.0,5.0]")],
        ..BAG
    },
    Function {
        names: &["series_fit_line_dynamic"],
        usage: "series_fit_line_dynamic(series)",
        summary: "The fitted line as a bag.",
        body: Body::Values(|values| bag(&LINE, line(values))),
        examples: &[("series_fit_line_dynamic(dynamic([1, 3, 5])).slope", "2.0")],
        ..BAG
    },
    Function {
        names: &["series_fit_2lines"],
        usage: "series_fit_2lines(series)",
        summary: "Columns of the two lines that fit best, left and right of a split.",
        body: Body::Scalar(|call| parts(call, &TWO_LINES, two_lines)),
        examples: &[(
            "print y = dynamic([1, 2, 3, 9, 7, 5]) | extend series_fit_2lines(y) | project series_fit_2lines_y_split_idx, series_fit_2lines_y_right_slope",
            "3\t-2",
        )],
        ..BAG
    },
    Function {
        names: &["series_fit_2lines_dynamic"],
        usage: "series_fit_2lines_dynamic(series)",
        summary: "The two fitted lines as a bag with bags left and right.",
        body: Body::Values(two_lines_bag),
        examples: &[("series_fit_2lines_dynamic(dynamic([1, 2, 3, 9, 7, 5])).split_idx", "3")],
        ..BAG
    },
    Function {
        names: &["series_fit_poly"],
        usage: "series_fit_poly(y [, x [, degree]])",
        summary: "Columns rsquare, coefficients (highest power first), variance, rvariance and poly_fit of the fitted polynomial.",
        takes: &[ARRAY, ARRAY, Accepts::Long],
        optional: 2,
        body: Body::Scalar(|call| parts(call, &POLYNOMIAL, polynomial)),
        examples: &[(
            "print y = dynamic([1, 2, 5, 10]) | extend series_fit_poly(y, dynamic([0, 1, 2, 3]), 2) | project round(series_fit_poly_y_rsquare, 6)",
            "1",
        )],
        ..BAG
    },
];

fn bag<'a>(names: &[(&'static str, Type)], parts: Vec<Json>) -> Value<'a> {
    if parts.is_empty() {
        return Value::Null;
    }
    let entries = names.iter().zip(parts).map(|((name, _), value)| ((*name).to_owned(), value));
    Value::json(&Json::Object(entries.collect()))
}

/// A fitted line and what is left beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) interception: f64,
    rsquare: f64,
    variance: f64,
    rvariance: f64,
    residue: f64,
}

/// Sums of squares as sample variances.
fn sample(squares: f64, count: usize) -> f64 {
    if count > 1 { squares / (count - 1) as f64 } else { 0.0 }
}

fn explained(residue: f64, total: f64) -> f64 {
    if total == 0.0 { if residue == 0.0 { 1.0 } else { 0.0 } } else { 1.0 - residue / total }
}

/// The line through `y` over 0, 1, 2, ….
pub(super) fn fit(y: &[f64]) -> Line {
    let count = y.len() as f64;
    let (mx, my) = ((count - 1.0) / 2.0, y.iter().sum::<f64>() / count);
    let spread: f64 = (0..y.len()).map(|i| (i as f64 - mx).powi(2)).sum();
    let product: f64 = y.iter().enumerate().map(|(i, y)| (i as f64 - mx) * (y - my)).sum();
    let slope = if spread > 0.0 { product / spread } else { 0.0 };
    let interception = my - slope * mx;
    let total: f64 = y.iter().map(|y| (y - my).powi(2)).sum();
    let residue: f64 = y.iter().enumerate().map(|(i, y)| (y - slope * i as f64 - interception).powi(2)).sum();
    Line {
        slope,
        interception,
        rsquare: explained(residue, total),
        variance: sample(total, y.len()),
        rvariance: sample(residue, y.len()),
        residue,
    }
}

impl Line {
    fn points(&self, count: usize) -> impl Iterator<Item = f64> + '_ {
        (0..count).map(|i| self.slope * i as f64 + self.interception)
    }
}

fn real(value: f64) -> Json {
    Value::Real(value).to_json()
}

fn line(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = all_numbers(values.first()).filter(|y| !y.is_empty()) else { return Vec::new() };
    let line = fit(&y);
    vec![
        real(line.rsquare),
        real(line.slope),
        real(line.variance),
        real(line.rvariance),
        real(line.interception),
        reals(line.points(y.len())),
    ]
}

/// The best split: where the lines on both sides leave least.
fn best_split(y: &[f64]) -> Option<(usize, Line, Line)> {
    let splits = (1..y.len()).map(|split| (split, fit(&y[..split]), fit(&y[split..])));
    splits.min_by(|a, b| (a.1.residue + a.2.residue).total_cmp(&(b.1.residue + b.2.residue)))
}

fn two_lines(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = all_numbers(values.first()) else { return Vec::new() };
    let Some((split, left, right)) = best_split(&y) else { return Vec::new() };
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let residue = left.residue + right.residue;
    let mut out = vec![
        real(explained(residue, total)),
        json!(split),
        real(sample(total, y.len())),
        real(sample(residue, y.len())),
        reals(left.points(split).chain(right.points(y.len() - split)).collect::<Vec<f64>>()),
    ];
    for side in [right, left] {
        out.extend([side.rsquare, side.slope, side.interception, side.variance, side.rvariance].map(real));
    }
    out
}

fn two_lines_bag<'a>(values: &[Value<'a>]) -> Value<'a> {
    let parts = two_lines(values);
    if parts.is_empty() {
        return Value::Null;
    }
    let mut bag = serde_json::Map::new();
    for ((name, _), value) in TWO_LINES.iter().zip(parts) {
        match name.split_once('_').filter(|(side, _)| *side == "left" || *side == "right") {
            Some((side, own)) => {
                if let Json::Object(inner) = bag.entry(side.to_owned()).or_insert_with(|| json!({})) {
                    inner.insert(own.to_owned(), value);
                }
            }
            None => {
                bag.insert((*name).to_owned(), value);
            }
        }
    }
    Value::json(&Json::Object(bag))
}

fn polynomial(values: &[Value<'_>]) -> Vec<Json> {
    let Some(y) = all_numbers(values.first()).filter(|y| !y.is_empty()) else { return Vec::new() };
    let x = match values.get(1) {
        Some(value) if !value.is_null() => match abscissae(value) {
            Some(x) if x.len() == y.len() => x,
            _ => return Vec::new(),
        },
        _ => (0..y.len()).map(|i| i as f64).collect(),
    };
    let degree = values.get(2).and_then(Value::as_i64).unwrap_or(1);
    if !(1..=MAX_DEGREE).contains(&degree) || degree as usize >= y.len() {
        return Vec::new();
    }
    // Centred and scaled, so that high powers stay comparable; the coefficients are turned back afterwards.
    let count = x.len() as f64;
    let centre = x.iter().sum::<f64>() / count;
    let scale = x.iter().map(|x| (x - centre).abs()).fold(0.0, f64::max);
    let scale = if scale > 0.0 { scale } else { 1.0 };
    let scaled: Vec<f64> = x.iter().map(|x| (x - centre) / scale).collect();
    let Some(inner) = least_squares(&scaled, &y, degree as usize) else { return Vec::new() };
    let at = |t: f64| inner.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let fitted: Vec<f64> = scaled.iter().map(|t| at(*t)).collect();
    let mean = y.iter().sum::<f64>() / count;
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let residue: f64 = y.iter().zip(&fitted).map(|(y, f)| (y - f).powi(2)).sum();
    let mut coefficients = expand(&inner, centre, scale);
    coefficients.reverse();
    vec![
        real(explained(residue, total)),
        reals(coefficients),
        real(sample(total, y.len())),
        real(sample(residue, y.len())),
        reals(fitted),
    ]
}

/// Numbers, or times as seconds since the first.
fn abscissae(value: &Value<'_>) -> Option<Vec<f64>> {
    if let Some(numbers) = all_numbers(Some(value)) {
        return Some(numbers);
    }
    let items = super::series::items(Some(value))?;
    let times: Option<Vec<i64>> =
        items.iter().map(|item| item.as_str().and_then(crate::kql::convert::datetime)).collect();
    let times = times?;
    let first = times.first().copied()?;
    Some(times.iter().map(|time| (time - first) as f64 / crate::table::TICKS_PER_SECOND as f64).collect())
}

/// Coefficients, lowest power first, by the normal equations.
fn least_squares(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let size = degree + 1;
    let mut rows: Vec<Vec<f64>> = vec![vec![0.0; size + 1]; size];
    for (x, y) in x.iter().zip(y) {
        let powers: Vec<f64> = (0..size).map(|power| x.powi(power as i32)).collect();
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, power) in powers.iter().enumerate() {
                row[j] += powers[i] * power;
            }
            row[size] += powers[i] * y;
        }
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        if rows[pivot][column].abs() < 1e-12 {
            return None;
        }
        rows.swap(column, pivot);
        let above = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(row, _)| *row != column) {
            let factor = row[column] / above[column];
            row.iter_mut().zip(&above).skip(column).for_each(|(cell, above)| *cell -= factor * above);
        }
    }
    Some((0..size).map(|i| rows[i][size] / rows[i][i]).collect())
}

/// The polynomial in `(x - centre) / scale` as one in `x`, lowest power first.
fn expand(inner: &[f64], centre: f64, scale: f64) -> Vec<f64> {
    let mut out = vec![0.0; inner.len()];
    let mut power = vec![1.0];
    for coefficient in inner {
        for (at, factor) in power.iter().enumerate() {
            if let Some(sum) = out.get_mut(at) {
                *sum += coefficient * factor;
            }
        }
        // The next power: times (x - centre) / scale.
        let mut next = vec![0.0; power.len() + 1];
        for (at, factor) in power.iter().enumerate() {
            next[at + 1] += factor / scale;
            next[at] -= factor * centre / scale;
        }
        power = next;
    }
    out
}
