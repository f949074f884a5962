//! `hll` and `tdigest`: values kept for questions that come later.

use std::sync::Arc;

use super::basic::{only, predicate};
use super::{Aggregate, Produced, fold, prefixed};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Accepts;
use crate::kql::scalar::Scalar;
use crate::kql::sketch::{self, Digest};
use crate::table::Type;

pub(super) const AGGREGATES: &[Aggregate] = &[
    Aggregate {
        names: &["hll"],
        usage: "hll(expr [, accuracy])",
        summary: "The distinct values, for dcount_hll and hll_merge; exact here.",
        takes: (1, 2),
        body: |call| distinct(call, None),
        examples: &[("datatable(a:long)[1, 2, 1] | summarize h = hll(a) | project dcount_hll(h)", "2")],
    },
    Aggregate {
        names: &["hll_if"],
        usage: "hll_if(expr, predicate [, accuracy])",
        summary: "The distinct values of the rows for which the predicate is true.",
        takes: (2, 3),
        body: |call| distinct(call, Some(predicate(call, 1)?)),
        examples: &[("datatable(a:long)[1, 2, 3] | summarize h = hll_if(a, a > 1) | project dcount_hll(h)", "2")],
    },
    Aggregate {
        names: &["hll_merge"],
        usage: "hll_merge(hll)",
        summary: "The distinct values of all rows' results of hll().",
        takes: (1, 1),
        body: |call| {
            let kernel = Arc::new(|lists: &[Vec<Value<'_>>]| sketch::unite(lists.first().map_or(&[], Vec::as_slice)));
            let plan = fold(kernel, &call.arguments, &[Accepts::Dynamic], Type::Dynamic);
            Ok(vec![Produced::new(prefixed("hll_merge", call.argument(0)), plan, Type::Dynamic)])
        },
        examples: &[(
            "range x from 1 to 6 step 1 | summarize h = hll(x % 4) by x % 2 | summarize m = hll_merge(h) | project dcount_hll(m)",
            "4",
        )],
    },
    Aggregate {
        names: &["tdigest"],
        usage: "tdigest(expr [, weight])",
        summary: "The values in order, for percentile_tdigest and its like; exact here.",
        takes: (1, 2),
        body: |call| {
            let kernel = Arc::new(|lists: &[Vec<Value<'_>>]| match lists.first() {
                Some(values) => Digest::of(values, lists.get(1)).write(),
                None => Digest::of(&[], None).write(),
            });
            let plan = fold(kernel, &call.arguments, &[Accepts::Any, Accepts::Real], Type::Dynamic);
            Ok(vec![Produced::new(prefixed("tdigest", call.argument(0)), plan, Type::Dynamic)])
        },
        examples: &[(
            "range x from 1 to 10 step 1 | summarize t = tdigest(x) | project percentile_tdigest(t, 50)",
            "5",
        )],
    },
    Aggregate {
        names: &["tdigest_merge", "merge_tdigest", "merge_tdigests"],
        usage: "tdigest_merge(tdigest)",
        summary: "The values of all rows' results of tdigest().",
        takes: (1, 1),
        body: |call| {
            let kernel =
                Arc::new(|lists: &[Vec<Value<'_>>]| Digest::merge(lists.first().map_or(&[], Vec::as_slice)).write());
            let plan = fold(kernel, &call.arguments, &[Accepts::Dynamic], Type::Dynamic);
            Ok(vec![Produced::new(prefixed("merge_tdigests", call.argument(0)), plan, Type::Dynamic)])
        },
        examples: &[(
            "range x from 1 to 10 step 1 | summarize t = tdigest(x) by x % 2 | summarize m = tdigest_merge(t) | project percentile_tdigest(m, 90)",
            "9",
        )],
    },
];

fn distinct(call: &Call<'_, '_>, predicate: Option<Scalar>) -> Compiled<Vec<Produced>> {
    let value = &call.arguments[0];
    let input = Scalar::computed(only(value, &predicate), value.ty);
    let kernel = Arc::new(|lists: &[Vec<Value<'_>>]| sketch::distinct(lists.iter().flatten()));
    let plan = fold(kernel, &[input], &[Accepts::Any], Type::Dynamic);
    let prefix = if predicate.is_some() { "hll_if" } else { "hll" };
    Ok(vec![Produced::new(prefixed(prefix, Some(value)), plan, Type::Dynamic)])
}
