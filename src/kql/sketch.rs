//! What `hll` and `tdigest` leave behind for later questions. Kusto's are approximate; these are exact: the distinct
//! values, and the sorted values with their weights. They are bags, so that nothing else is taken for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::Value;
use super::aggregates::rank;
use crate::table::{MAX_TICKS, MIN_TICKS, Type};

const DISTINCT: &str = "hll";
const DIGEST: &str = "tdigest";
const KIND: &str = "type";

/// The distinct values among these; null where there are none.
pub fn distinct<'v>(values: impl Iterator<Item = &'v Value<'v>>) -> Value<'static> {
    let known: BTreeMap<String, Json> = values
        .filter(|value| !value.is_null())
        .map(|value| {
            let json = value.to_json();
            (json.to_string(), json)
        })
        .collect();
    if known.is_empty() {
        return Value::Null;
    }
    Value::json(&Json::Object(Map::from_iter([(DISTINCT.to_owned(), known.into_values().collect())])))
}

fn members(value: &Value<'_>, key: &str) -> Option<(Vec<Json>, Map<String, Json>)> {
    let Value::Dynamic(json) = value else { return None };
    let mut bag: Map<String, Json> = serde_json::from_str(json).ok()?;
    match bag.remove(key)? {
        Json::Array(items) => Some((items, bag)),
        _ => None,
    }
}

/// How many distinct values were seen.
pub fn count(sketch: &Value<'_>) -> Option<i64> {
    members(sketch, DISTINCT).map(|(items, _)| items.len() as i64)
}

/// The distinct values of several sketches; what is no sketch is left out.
pub fn unite(sketches: &[Value<'_>]) -> Value<'static> {
    let items = sketches.iter().filter_map(|sketch| members(sketch, DISTINCT)).flat_map(|(items, _)| items);
    let items: Vec<Value<'static>> = items.map(|item| Value::json(&item)).collect();
    distinct(items.iter())
}

/// Numbers or times with their weights, in order.
pub struct Digest {
    values: Vec<(f64, f64)>,
    ty: Type,
}

impl Digest {
    /// A digest of values and, where given, weights; nulls are left out.
    pub fn of(values: &[Value<'_>], weights: Option<&Vec<Value<'_>>>) -> Digest {
        let ty = values.iter().find(|value| !value.is_null()).map_or(Type::Real, Value::ty);
        let weigh = |row: usize| weights.map_or(Some(1.0), |weights| weights.get(row).and_then(Value::as_f64));
        let numbers = values.iter().enumerate();
        let pairs =
            numbers.filter_map(|(row, value)| Some((number(value)?, weigh(row).filter(|weight| *weight > 0.0)?)));
        Digest::sorted(pairs.collect(), ty)
    }

    fn sorted(mut values: Vec<(f64, f64)>, ty: Type) -> Digest {
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        values.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Digest { values, ty }
    }

    /// Reads what [`Digest::write`] wrote.
    pub fn read(value: &Value<'_>) -> Option<Digest> {
        let (items, rest) = members(value, DIGEST)?;
        let pair = |item: &Json| Some((item.get(0)?.as_f64()?, item.get(1)?.as_f64()?));
        let ty = rest.get(KIND).and_then(Json::as_str).and_then(Type::parse).unwrap_or(Type::Real);
        Some(Digest::sorted(items.iter().filter_map(pair).collect(), ty))
    }

    /// The digest as a dynamic value; null without values.
    pub fn write(&self) -> Value<'static> {
        if self.values.is_empty() {
            return Value::Null;
        }
        let pairs = self.values.iter().map(|(value, weight)| Json::from(vec![plain(*value), plain(*weight)]));
        let members = [(KIND.to_owned(), Json::from(self.ty.name())), (DIGEST.to_owned(), pairs.collect())];
        Value::json(&Json::Object(Map::from_iter(members)))
    }

    /// All values of several digests; what is no digest is left out.
    pub fn merge(digests: &[Value<'_>]) -> Digest {
        let digests: Vec<Digest> = digests.iter().filter_map(Digest::read).collect();
        let ty = digests.first().map_or(Type::Real, |digest| digest.ty);
        Digest::sorted(digests.into_iter().flat_map(|digest| digest.values).collect(), ty)
    }

    /// The value at a percentile, of the type that the digest was made of.
    pub fn percentile(&self, percent: f64) -> Value<'static> {
        let Some(value) = rank(&self.values, percent) else { return Value::Null };
        match self.ty {
            Type::Datetime => Some(value as i64)
                .filter(|at| (MIN_TICKS..=MAX_TICKS).contains(at))
                .map_or(Value::Null, Value::Datetime),
            Type::Timespan => Value::Timespan(value as i64),
            Type::Long => Value::Long(value as i64),
            _ => Value::Real(value),
        }
    }

    /// The weight of the values that do not exceed this one.
    pub fn rank_of(&self, value: &Value<'_>) -> Option<f64> {
        let limit = number(value)?;
        Some(self.values.iter().take_while(|(value, _)| *value <= limit).map(|(_, weight)| weight).sum())
    }

    /// The weight of all values.
    pub fn total(&self) -> f64 {
        self.values.iter().map(|(_, weight)| weight).sum()
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Datetime(v) | Value::Timespan(v) => Some(*v as f64),
        Value::Dynamic(_) => super::convert::cast(value, Type::Real).as_f64(),
        other => other.as_f64(),
    }
    .filter(|number| !number.is_nan())
}

/// A number as JSON, without a fraction where it has none.
fn plain(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9e15 { Json::from(number as i64) } else { Json::from(number) }
}
