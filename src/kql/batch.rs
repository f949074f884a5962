//! Texts that ask for several tables: statements parted by `;`, `fork` and `facet`.
//!
//! Each becomes a query of its own with the statements before it, so nothing behind the parser knows of several
//! tables. Names and order are Kusto's: the `with` table of a facet stands before those of its columns.

use std::collections::BTreeSet;

use super::ast::{Argument, Assignment, Expr, ExprKind, Name, Operator, OperatorKind, Pipeline, Query};
use crate::error::{Diagnostics, Span};

/// One table of a text, as a query of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What the text calls it (`as`, the leg of a `fork`, the column of a `facet`), else `Table_` and its position.
    /// No two parts of a text have the same.
    pub name: String,
    /// The query.
    pub query: Query,
}

/// The tables that a text asks for, in order. A text of one table is one part.
///
/// # Errors
/// Every syntax error found, with spans into `source`.
pub fn parts(source: &str) -> Result<Vec<Part>, Diagnostics> {
    let mut found = Vec::new();
    for query in super::parse::statements(source)? {
        unfold(query, None, &mut found);
    }
    let mut taken = BTreeSet::new();
    let named = found.into_iter().enumerate().map(|(at, (name, query))| {
        let name = name.map_or_else(|| format!("Table_{}", at + 1), |name| name.text);
        let numbered = (1usize..).map(|n| format!("{name}{n}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
        let name = free.unwrap_or(name);
        taken.insert(name.clone());
        Part { name, query }
    });
    Ok(named.collect())
}

/// The queries of one body, whose last operator may be a `fork` or a `facet`; within their legs as well.
fn unfold(mut query: Query, given: Option<Name>, found: &mut Vec<(Option<Name>, Query)>) {
    let Some(body) = query.body.take() else {
        found.push((given, query));
        return;
    };
    let (operators, span) = (body.operators, body.span);
    let legs = match operators.as_slice() {
        [.., Operator { kind: OperatorKind::Fork(legs), .. }] => legs.clone(),
        [.., Operator { kind: OperatorKind::Facet { by, with }, span }] => facets(by, with.as_ref(), *span),
        _ => Vec::new(),
    };
    let Some((_, before)) = operators.split_last().filter(|_| !legs.is_empty()) else {
        let named = match operators.last() {
            Some(Operator { kind: OperatorKind::As(name), .. }) => Some(name.clone()),
            _ => None,
        };
        query.body = Some(Pipeline { operators, span });
        found.push((named.or(given), query));
        return;
    };
    for (name, leg) in legs {
        let operators = before.iter().cloned().chain(leg.operators).collect();
        let one = Query { statements: query.statements.clone(), body: Some(Pipeline { operators, span }) };
        unfold(one, name, found);
    }
}

/// The legs of a `facet`: what the `with` clause says, then the number of rows of each value, column by column.
pub(super) fn facets(by: &[Expr], with: Option<&Pipeline>, span: Span) -> Vec<(Option<Name>, Pipeline)> {
    let with = with.map(|with| (Some(Name { text: "with".into(), span }), with.clone()));
    let columns = by.iter().map(|column| {
        let name = match &column.kind {
            ExprKind::Name(name) => name.as_str(),
            _ => "",
        };
        let call = ExprKind::Call(Name { text: "count".into(), span }, Vec::<Argument>::new());
        let names = vec![Name { text: format!("count_{name}"), span }];
        let count = Assignment { names, tuple: false, expr: Expr { kind: call, span } };
        let kind = OperatorKind::Summarize { aggregates: vec![count], by: vec![column.clone().into()] };
        let leg = Pipeline { operators: vec![Operator { kind, span }], span };
        ((!name.is_empty()).then(|| Name { text: name.to_owned(), span: column.span }), leg)
    });
    with.into_iter().chain(columns).collect()
}
