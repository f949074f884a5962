//! Questions to what the aggregates `hll` and `tdigest` kept.

use std::sync::Arc;

use serde_json::Value as Json;

use super::arrays::{array, elements};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::ast::ExprKind;
use crate::kql::compare::convert;
use crate::kql::kernel::apply;
use crate::kql::sketch::{self, Digest};
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["dcount_hll"],
        usage: "dcount_hll(hll)",
        summary: "How many distinct values hll() saw.",
        takes: &[Accepts::Dynamic],
        gives: Gives::Type(Type::Long),
        naming: Naming::Prefixed,
        body: Body::Values(|values| values.first().and_then(sketch::count).map_or(Value::Null, Value::Long)),
        examples: &[("range x from 1 to 9 step 1 | summarize h = hll(x % 3) | project dcount_hll(h)", "3")],
        ..Function::NEW
    },
    Function {
        names: &["hll_merge"],
        usage: "hll_merge(hll, hll [, …])",
        summary: "The distinct values of several results of hll().",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::Fixed("hll_merged_result"),
        body: Body::Values(sketch::unite),
        examples: &[(
            "range x from 1 to 3 step 1 | summarize a = hll(x), b = hll(x + 1) | project dcount_hll(hll_merge(a, b))",
            "4",
        )],
        ..Function::NEW
    },
    Function {
        names: &["percentile_tdigest"],
        usage: "percentile_tdigest(tdigest, percentile [, typeof(type)])",
        summary: "The value at a percentile of what tdigest() kept.",
        takes: &[Accepts::Dynamic, Accepts::Real, Accepts::Any],
        optional: 1,
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::Prefixed,
        body: Body::Scalar(|call| {
            let kernel = Arc::new(|values: &[Value<'_>]| match values {
                [digest, Value::Real(percent)] if (0.0..=100.0).contains(percent) => Digest::read(digest)
                    .map_or(Value::Null, |digest| Value::json(&digest.percentile(*percent).to_json())),
                _ => Value::Null,
            });
            let found = apply(kernel, &call.arguments[..2], &[Accepts::Dynamic, Accepts::Real], Type::Dynamic);
            match call.written.get(2).map(|written| &written.value.kind) {
                None => Ok(found),
                Some(ExprKind::Typeof(types)) if types.len() == 1 => {
                    Ok(convert(found, types.first().map_or(Type::Dynamic, |(_, ty)| *ty)))
                }
                Some(_) => Err(call.error(2, "the third argument is a type").help("write typeof(long)")),
            }
        }),
        examples: &[(
            "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 90, typeof(long))",
            "9",
        )],
        ..Function::NEW
    },
    Function {
        names: &["percentiles_array_tdigest", "percentile_array_tdigest"],
        usage: "percentiles_array_tdigest(tdigest, percentile [, …]) or (tdigest, array)",
        summary: "The values at these percentiles of what tdigest() kept.",
        takes: &[Accepts::Dynamic, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::Called("percentile_tdigest"),
        body: Body::Values(|values| {
            let Some(digest) = values.first().and_then(Digest::read) else { return Value::Null };
            let wanted =
                values.iter().skip(1).flat_map(|value| elements(Some(value)).unwrap_or_else(|| vec![value.to_json()]));
            let found =
                wanted.map(|percent| match percent.as_f64().filter(|percent| (0.0..=100.0).contains(percent)) {
                    Some(percent) => digest.percentile(percent).to_json(),
                    None => Json::Null,
                });
            array(found.collect())
        }),
        examples: &[(
            "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentiles_array_tdigest(t, 10, 90)",
            "[1,9]",
        )],
        ..Function::NEW
    },
    Function {
        names: &["percentrank_tdigest"],
        usage: "percentrank_tdigest(tdigest, value)",
        summary: "How many percent of the values do not exceed this one.",
        takes: &[Accepts::Dynamic, Accepts::Any],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| {
            let [digest, value] = values else { return Value::Null };
            let Some(digest) = Digest::read(digest).filter(|digest| digest.total() > 0.0) else { return Value::Null };
            digest.rank_of(value).map_or(Value::Null, |rank| Value::Real(rank / digest.total() * 100.0))
        }),
        examples: &[(
            "range x from 1 to 200 step 1 | summarize t = tdigest(x) | project percentrank_tdigest(t, 50)",
            "25",
        )],
        ..Function::NEW
    },
    Function {
        names: &["rank_tdigest"],
        usage: "rank_tdigest(tdigest, value)",
        summary: "How many of the values do not exceed this one.",
        takes: &[Accepts::Dynamic, Accepts::Any],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| {
            let [digest, value] = values else { return Value::Null };
            Digest::read(digest).and_then(|digest| digest.rank_of(value)).map_or(Value::Null, Value::Real)
        }),
        examples: &[("range x from 1 to 200 step 1 | summarize t = tdigest(x) | project rank_tdigest(t, 50)", "50")],
        ..Function::NEW
    },
    Function {
        names: &["tdigest_merge", "merge_tdigest", "merge_tdigests"],
        usage: "tdigest_merge(tdigest, tdigest [, …])",
        summary: "The values of several results of tdigest().",
        takes: &[Accepts::Dynamic, Accepts::Dynamic],
        rest: Some(Accepts::Dynamic),
        gives: Gives::Type(Type::Dynamic),
        naming: Naming::Fixed("tdigests_merge_result"),
        body: Body::Values(|values| Digest::merge(values).write()),
        examples: &[(
            "range x from 1 to 3 step 1 | summarize a = tdigest(x), b = tdigest(x + 10) | project percentile_tdigest(tdigest_merge(a, b), 100)",
            "13",
        )],
        ..Function::NEW
    },
];
