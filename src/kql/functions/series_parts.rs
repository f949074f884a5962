//! Functions that give several columns at once.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::{Accepts, apply};
use crate::kql::scalar::Scalar;
use crate::kql::{Value, convert};
use crate::table::Type;

/// One column for each part, named `function_argument_part`; a row without a result has nulls.
pub(super) fn parts(
    call: &Call<'_, '_>,
    names: &'static [(&'static str, Type)],
    kernel: fn(&[Value<'_>]) -> Vec<Json>,
) -> Compiled<Scalar> {
    let accepts = |argument: &Scalar| if argument.ty == Type::Dynamic { Accepts::Dynamic } else { Accepts::Any };
    let accepts: Vec<Accepts> = call.arguments.iter().map(accepts).collect();
    let own = call.arguments.first().and_then(|argument| argument.name.clone()).unwrap_or_default();
    let stem = if own.is_empty() { call.name.text.clone() } else { format!("{}_{own}", call.name.text) };
    let mut parts: Vec<(String, Scalar)> = Vec::new();
    for (position, (name, ty)) in names.iter().enumerate() {
        let ty = *ty;
        let pick = Arc::new(move |values: &[Value<'_>]| match kernel(values).get(position) {
            Some(part) => convert::cast(&Value::json(part), ty).into_owned(),
            None => Value::Null,
        });
        let name = format!("{stem}_{name}");
        parts.push((name.clone(), apply(pick, &call.arguments, &accepts, ty).named(Some(name))));
    }
    let first = parts.first().map_or_else(|| Scalar::null(Type::Dynamic), |(_, first)| first.clone());
    Ok(Scalar { parts, ..first })
}
