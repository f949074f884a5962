//! Where a query names tables, and what happens to their rows first.

use crate::kql::ast::{
    Argument, Assignment, Expr, ExprKind, LetValue, Operator, OperatorKind, Pipeline, Query, Statement,
};

/// Where tables are named, each with the operators that its rows meet first.
#[derive(Default)]
pub(in crate::kql) struct Mentions<'q> {
    found: Vec<(String, Vec<&'q Operator>)>,
    /// Watchlists, and whether a query does without: they stand in a fuzzy union.
    pub(in crate::kql) lists: Vec<(String, bool)>,
}

/// The watchlist that a call reads.
fn list(expr: &Expr) -> Option<String> {
    let ExprKind::Call(name, arguments) = &expr.kind else { return None };
    let known = matches!(name.text.as_str(), "_GetWatchlist" | "_GetWatchlistAlias");
    match arguments.first().filter(|_| known).map(|argument| &argument.value.kind) {
        Some(ExprKind::Literal(value, _)) => Some(value.to_text().into_owned()),
        _ => None,
    }
}

/// The watchlist that a leg of a union begins with, in parentheses or not.
fn leg(pipeline: &Pipeline) -> Option<String> {
    match &pipeline.operators.first()?.kind {
        OperatorKind::Source(Expr { kind: ExprKind::Pipeline(inner), .. }) => leg(inner),
        OperatorKind::Source(expr) => list(expr),
        _ => None,
    }
}

impl<'q> Mentions<'q> {
    /// The operators behind each mention of a name.
    pub(in crate::kql) fn of(&self, name: &str) -> impl Iterator<Item = &Vec<&'q Operator>> {
        self.found.iter().filter(move |(table, _)| table == name).map(|(_, operators)| operators)
    }

    /// All names in order, each with the operators behind it.
    pub(in crate::kql) fn all(&self) -> impl Iterator<Item = &(String, Vec<&'q Operator>)> {
        self.found.iter()
    }

    /// Everything that a query names.
    pub(in crate::kql) fn query(&mut self, query: &'q Query) {
        for statement in &query.statements {
            match statement {
                Statement::Let { value: LetValue::Expression(pipeline), .. } => self.pipeline(pipeline, &[]),
                Statement::Let { value: LetValue::Function(lambda), .. } => self.query(&lambda.body),
                _ => {}
            }
        }
        if let Some(body) = &query.body {
            self.pipeline(body, &[]);
        }
    }

    /// A pipeline and the operators that its rows meet after it.
    fn pipeline(&mut self, pipeline: &'q Pipeline, after: &[&'q Operator]) {
        let Some((first, rest)) = pipeline.operators.split_first() else { return };
        let rest: Vec<&Operator> = rest.iter().chain(after.iter().copied()).collect();
        match &first.kind {
            OperatorKind::Source(expr) => self.source(expr, rest),
            OperatorKind::Union { settings, tables } => {
                let fuzzy = settings.flag("isfuzzy") && tables.len() > 1;
                for table in tables {
                    match leg(table).filter(|_| fuzzy) {
                        Some(list) => self.lists.push((list, true)),
                        None => self.pipeline(table, &rest),
                    }
                }
            }
            _ => self.operator(first),
        }
        pipeline.operators.iter().skip(1).for_each(|operator| self.operator(operator));
    }

    fn source(&mut self, expr: &'q Expr, rest: Vec<&'q Operator>) {
        match &expr.kind {
            ExprKind::Name(name) => self.found.push((name.clone(), rest)),
            ExprKind::Pipeline(pipeline) => self.pipeline(pipeline, &rest),
            ExprKind::Call(name, arguments) if name.text == "table" => {
                self.found.push((name.text.clone(), rest));
                arguments.iter().for_each(|argument| self.expr(&argument.value));
            }
            _ => self.expr(expr),
        }
    }

    /// Tables named inside an operator.
    fn operator(&mut self, operator: &'q Operator) {
        match &operator.kind {
            OperatorKind::Join { right, on, .. } | OperatorKind::Lookup { right, on, .. } => {
                self.pipeline(right, &[]);
                on.iter().for_each(|expr| self.expr(expr));
            }
            OperatorKind::Union { tables, .. } => tables.iter().for_each(|table| self.pipeline(table, &[])),
            OperatorKind::Where(expr) | OperatorKind::Source(expr) => self.expr(expr),
            OperatorKind::Extend(list) | OperatorKind::Project(list) | OperatorKind::Print(list) => self.list(list),
            OperatorKind::Summarize { aggregates, by } => {
                self.list(aggregates);
                self.list(by);
            }
            OperatorKind::MvApply { on, .. } | OperatorKind::Partition { with: on, .. } => self.pipeline(on, &[]),
            _ => {}
        }
    }

    fn list(&mut self, list: &'q [Assignment]) {
        list.iter().for_each(|assignment| self.expr(&assignment.expr));
    }

    fn expr(&mut self, expr: &'q Expr) {
        match &expr.kind {
            ExprKind::Pipeline(pipeline) => self.pipeline(pipeline, &[]),
            ExprKind::Member(base, _) | ExprKind::Minus(base) => self.expr(base),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::In(_, value, items) => {
                self.expr(value);
                items.iter().for_each(|item| self.expr(item));
            }
            ExprKind::Between { value, low, high, .. } => [value, low, high].into_iter().for_each(|e| self.expr(e)),
            ExprKind::Call(name, arguments) => {
                self.lists.extend(list(expr).map(|list| (list, false)));
                if name.text == "table" {
                    self.found.push((name.text.clone(), Vec::new()));
                }
                arguments.iter().for_each(|argument: &Argument| self.expr(&argument.value));
            }
            // A table as an argument, or a column: where it is a table, it is one without filters.
            ExprKind::Name(name) => self.found.push((name.clone(), Vec::new())),
            _ => {}
        }
    }
}
