//! `externaldata`: lists that a query would fetch from the network.

use super::source::ready;
use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::ast::{Expr, Name};
use crate::kql::compiler::{Compiled, Compiler, Env};
use crate::kql::relation::{Col, Relation};
use crate::table::Type;

/// The rows of the list that the case file maps the address to; without one, none, and the query is told to depend
/// on it, so that a rule is not evaluable instead of clean.
pub fn compile(c: &Compiler<'_>, columns: &[(Name, Type)], uris: &[Expr], span: Span, env: &Env) -> Compiled<Relation> {
    let mut rows: Vec<Vec<Value<'static>>> = Vec::new();
    for uri in uris {
        let (address, _) = c.constant(uri, env)?;
        let address = address.to_text().into_owned();
        c.usage.borrow_mut().watchlists.insert(address.clone());
        match c.context.watchlists.get(&address) {
            Some(list) => rows.extend(list.rows.iter().map(|row| {
                let cell = |i: usize| row.get(i).map_or(Value::Null, |text| Value::text(text.as_str()));
                (0..columns.len()).map(cell).collect()
            })),
            None => c.note(
                Diagnostic::note(format!("{address} is not fetched: there is no network here"), uri.span)
                    .help("map the address to a local CSV file in the case file's [watchlists]"),
            ),
        }
    }
    let made = columns.iter().enumerate().map(|(i, (name, ty))| {
        let cells = rows.iter().map(|row| row.get(i).cloned().unwrap_or(Value::Null)).collect();
        (Col::new(&name.text, *ty), cells)
    });
    ready(c, made.collect(), rows.len(), span)
}
