//! Which tables a query cannot do without.
//!
//! Tables of a union stand for each other: one with rows suffices. The right side of a join decides what comes out,
//! so it must be there, unless the join only adds columns (`leftouter`) and nothing after it filters.

use std::collections::BTreeSet;

use super::ast::{Assignment, Expr, ExprKind, LetValue, Operator, OperatorKind, Pipeline, Query, Statement};
use super::views;
use crate::error::Diagnostics;
use crate::table::Schema;

/// A condition on tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Need {
    /// Nothing: a literal table, a watchlist, a pattern of names.
    #[default]
    Nothing,
    /// Rows in this table.
    Table(String),
    /// One of these.
    Any(Vec<Need>),
    /// All of these.
    All(Vec<Need>),
}

impl Need {
    /// The tables whose lack makes it fail; none if it holds. `filled` says whether a table has rows.
    pub fn lacking(&self, filled: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
        match self {
            Need::Nothing => BTreeSet::new(),
            Need::Table(name) if filled(name) => BTreeSet::new(),
            Need::Table(name) => BTreeSet::from([name.clone()]),
            Need::All(all) => all.iter().flat_map(|need| need.lacking(filled)).collect(),
            Need::Any(any) => {
                let lacking: Vec<BTreeSet<String>> = any.iter().map(|need| need.lacking(filled)).collect();
                if lacking.iter().any(BTreeSet::is_empty) {
                    BTreeSet::new()
                } else {
                    lacking.into_iter().flatten().collect()
                }
            }
        }
    }
}

/// The condition under which a query can be judged.
///
/// # Errors
/// Every error of the syntax.
pub fn needs(query: &str) -> Result<Need, Diagnostics> {
    Ok(of_query(&super::parse(query)?, &mut Vec::new()).required)
}

/// What must be there, and what only adds columns as long as no filter follows.
#[derive(Debug, Clone, Default)]
struct Found {
    required: Need,
    adding: Vec<Need>,
}

impl Found {
    fn and(mut self, need: Need) -> Found {
        self.required = both(self.required, need);
        self
    }

    /// A filter follows: what was added may decide now.
    fn settled(self) -> Need {
        self.adding.into_iter().fold(self.required, both)
    }
}

fn both(a: Need, b: Need) -> Need {
    match (a, b) {
        (Need::Nothing, need) | (need, Need::Nothing) => need,
        (Need::All(mut all), need) => {
            all.push(need);
            Need::All(all)
        }
        (a, b) => Need::All(vec![a, b]),
    }
}

/// Bound names, the innermost last.
type Names = Vec<(String, Found)>;

fn of_query(query: &Query, names: &mut Names) -> Found {
    let outer = names.len();
    for statement in &query.statements {
        if let Statement::Let { name, value } = statement {
            let found = match value {
                LetValue::Expression(pipeline) => of_pipeline(pipeline, names),
                LetValue::Function(lambda) => of_query(&lambda.body, names),
            };
            names.push((name.text.clone(), found));
        }
    }
    let found = query.body.as_ref().map(|body| of_pipeline(body, names)).unwrap_or_default();
    names.truncate(outer);
    found
}

fn of_pipeline(pipeline: &Pipeline, names: &mut Names) -> Found {
    pipeline
        .operators
        .iter()
        .enumerate()
        .fold(Found::default(), |input, (at, operator)| of_operator(operator, input, at == 0, names))
}

fn of_operator(operator: &Operator, input: Found, first: bool, names: &mut Names) -> Found {
    let any = |tables: &[Pipeline], names: &mut Names| -> Vec<Need> {
        tables.iter().map(|table| of_pipeline(table, names).settled()).collect()
    };
    match &operator.kind {
        OperatorKind::Source(expr) => of_table(expr, names),
        OperatorKind::Union { tables, .. } => {
            let mut needs = any(tables, names);
            if !first {
                needs.push(input.settled());
            }
            Found { required: Need::Any(needs), adding: Vec::new() }
        }
        OperatorKind::Search { tables, .. } | OperatorKind::Find { tables, .. } => {
            let needs = any(tables, names);
            let need = if needs.is_empty() { Need::Nothing } else { Need::Any(needs) };
            Found { required: both(input.settled(), need), adding: Vec::new() }
        }
        OperatorKind::Join { settings, right, .. } => {
            joined(input, settings.word("kind") == Some("leftouter"), right, names)
        }
        OperatorKind::Lookup { settings, right, .. } => {
            joined(input, settings.word("kind").is_none_or(|kind| kind == "leftouter"), right, names)
        }
        OperatorKind::Where(expr) => {
            let need = of_scalar(expr, names);
            Found { required: both(input.settled(), need), adding: Vec::new() }
        }
        OperatorKind::Extend(list) | OperatorKind::Project(list) | OperatorKind::Print(list) => {
            let need = of_list(list, names);
            input.and(need)
        }
        OperatorKind::Summarize { aggregates, by } => {
            let need = both(of_list(aggregates, names), of_list(by, names));
            input.and(need)
        }
        OperatorKind::MvApply { on, .. } => {
            let need = of_pipeline(on, names).settled();
            input.and(need)
        }
        OperatorKind::Partition { with, .. } => {
            let need = of_pipeline(with, names).settled();
            input.and(need)
        }
        OperatorKind::Invoke { function, .. } => {
            let need = bound(&function.text, names).map(Found::settled).unwrap_or_default();
            input.and(need)
        }
        _ => input,
    }
}

/// `leftouter` adds columns; any other kind decides which rows there are.
fn joined(input: Found, adds: bool, right: &Pipeline, names: &mut Names) -> Found {
    let need = of_pipeline(right, names).settled();
    if adds {
        let mut found = input;
        found.adding.push(need);
        return found;
    }
    Found { required: both(input.settled(), need), adding: Vec::new() }
}

fn bound(name: &str, names: &Names) -> Option<Found> {
    names.iter().rev().find(|(known, _)| known == name).map(|(_, found)| found.clone())
}

/// An expression that stands for a table.
fn of_table(expr: &Expr, names: &mut Names) -> Found {
    match &expr.kind {
        ExprKind::Name(name) => bound(name, names).unwrap_or_else(|| named(name)),
        ExprKind::Pipeline(pipeline) => of_pipeline(pipeline, names),
        ExprKind::Member(_, name) => named(&name.text),
        ExprKind::Call(name, arguments) => {
            let own = bound(&name.text, names).unwrap_or_default();
            let literal = arguments.first().map(|argument| &argument.value.kind);
            match (name.text.as_str(), literal) {
                ("table", Some(ExprKind::Literal(value, _))) => named(&value.to_text()),
                _ => arguments.iter().fold(own, |found, argument| {
                    let inner = of_table(&argument.value, names);
                    Found { required: both(found.required, inner.required), adding: inner.adding }
                }),
            }
        }
        _ => Found::default(),
    }
}

fn named(name: &str) -> Found {
    let table = || Need::Table(name.to_owned());
    let need = match views::named(name) {
        Some(view) => Need::Any(view.bases().map(|base| Need::Table(base.to_owned())).chain([table()]).collect()),
        None if Schema::known(name).is_some() => table(),
        None => Need::Nothing,
    };
    Found { required: need, adding: Vec::new() }
}

fn of_list(list: &[Assignment], names: &mut Names) -> Need {
    list.iter().fold(Need::Nothing, |need, assignment| both(need, of_scalar(&assignment.expr, names)))
}

/// A scalar expression reaches tables through subqueries and names bound to them. A free name is a column.
fn of_scalar(expr: &Expr, names: &mut Names) -> Need {
    match &expr.kind {
        ExprKind::Name(name) => bound(name, names).map(Found::settled).unwrap_or_default(),
        ExprKind::Pipeline(pipeline) => match pipeline.as_expr() {
            Some(inner) => of_scalar(inner, names),
            None => of_pipeline(pipeline, names).settled(),
        },
        ExprKind::Member(base, _) | ExprKind::Minus(base) => of_scalar(base, names),
        ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => both(of_scalar(a, names), of_scalar(b, names)),
        ExprKind::Between { value, low, high, .. } => {
            [value, low, high].into_iter().fold(Need::Nothing, |need, part| both(need, of_scalar(part, names)))
        }
        ExprKind::In(_, value, list) => {
            list.iter().fold(of_scalar(value, names), |need, item| both(need, of_scalar(item, names)))
        }
        ExprKind::Call(name, arguments) => {
            let own = bound(&name.text, names).map(Found::settled).unwrap_or_default();
            arguments.iter().fold(own, |need, argument| both(need, of_scalar(&argument.value, names)))
        }
        _ => Need::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::needs;

    /// Tables that are missing when only these have rows.
    fn lacking(query: &str, filled: &[&str]) -> String {
        let need = needs(query).unwrap_or_default();
        need.lacking(&|name| filled.contains(&name)).into_iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_table_of_a_union_suffices() {
        let query = "union isfuzzy=true (SigninLogs | take 1), (AuditLogs | take 1)";
        assert_eq!(lacking(query, &["AuditLogs"]), "");
        assert_eq!(lacking(query, &[]), "AuditLogs SigninLogs");
        assert_eq!(lacking("SigninLogs | union AuditLogs", &["SigninLogs"]), "");
    }

    #[test]
    fn a_join_needs_both_sides_unless_it_only_adds_columns() {
        let inner = "let a = AuditLogs | take 1; SigninLogs | join kind=leftanti (a) on Id";
        assert_eq!(lacking(inner, &["SigninLogs"]), "AuditLogs");
        let adding = "SigninLogs | join kind=leftouter (AuditLogs) on Id";
        assert_eq!(lacking(adding, &["SigninLogs"]), "");
        let filtered = format!("{adding} | where Id1 == \"x\"");
        assert_eq!(lacking(&filtered, &["SigninLogs"]), "AuditLogs");
    }

    #[test]
    fn a_table_of_defender_is_there_when_one_behind_it_is() {
        assert_eq!(lacking("EntraIdSignInEvents | take 1", &["SigninLogs"]), "");
        assert_eq!(lacking("EntraIdSignInEvents | take 1", &["EntraIdSignInEvents"]), "");
        assert_eq!(lacking("GraphApiAuditEvents", &[]), "GraphApiAuditEvents MicrosoftGraphActivityLogs");
    }

    #[test]
    fn tables_behind_a_filter_are_found() {
        let query = "let known = AuditLogs | distinct Id; SigninLogs | where Id !in (known)";
        assert_eq!(lacking(query, &["SigninLogs"]), "AuditLogs");
        let query = "let f = (n:long) { AuditLogs | take n }; let x = toscalar(f(1)); SigninLogs | where Id == x";
        assert_eq!(lacking(query, &["SigninLogs"]), "AuditLogs");
        assert_eq!(lacking("SigninLogs | where Operation == 1", &["SigninLogs"]), "");
    }
}
