//! How a query uses the time at which it runs.
//!
//! A query that asks for the time only to compare it with TimeGenerated answers the same as before as long as no row
//! has crossed one of these distances since.

use std::collections::{BTreeMap, BTreeSet};

use super::Value;
use super::ast::{Assignment, BinaryOp, Expr, ExprKind, LetValue, Operator, OperatorKind, Statement};
use super::lex::{Kind, Token, lex};
use super::sift::Mentions;
use crate::error::Span;
use crate::table::Schema;

/// A value known apart from the time of the run, in ticks.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// So long after the run.
    At(i64),
    /// So long.
    Long(i64),
}

/// The distances from `now()`, in ticks, at which a query compares TimeGenerated; none where it uses `now()` or
/// `ago()` in any other way. `replaced` are names whose `let` something else stands for.
pub fn clocks(query: &str, replaced: &BTreeSet<&str>) -> Option<BTreeSet<i64>> {
    let (tokens, problems) = lex(query);
    let tree = super::parse(query).ok().filter(|_| problems.is_empty())?;
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut uses = Uses::default();
    for statement in &tree.statements {
        let Statement::Let { name, value } = statement else { continue };
        if known.contains_key(&name.text) || replaced.contains(name.text.as_str()) {
            return None;
        }
        if let LetValue::Expression(pipeline) = value
            && let Some(expr) = pipeline.as_expr()
            && let Some(value) = evaluate(expr, &known)
        {
            known.insert(name.text.clone(), value);
            uses.spans.push(expr.span);
            uses.spans.push(name.span);
        }
    }
    let mut mentions = Mentions::default();
    mentions.query(&tree);
    for operators in mentions.all().filter(|(name, _)| timed(name)).map(|(_, operators)| operators) {
        uses.of(operators, &known);
    }
    let clock = |token: &Token| match &token.kind {
        Kind::Name(name) if matches!(name.as_str(), "now" | "ago") => true,
        Kind::Name(name) => matches!(known.get(name), Some(Known::At(_))),
        _ => false,
    };
    let within = |token: &&Token| uses.spans.iter().any(|s| s.start <= token.span.start && token.span.end <= s.end);
    tokens.iter().filter(|token| clock(token)).all(|token| within(&token)).then_some(uses.distances)
}

/// Whether a name stands for rows with a TimeGenerated.
fn timed(name: &str) -> bool {
    name == "table" || Schema::known(name).is_some_and(|schema| schema.field("TimeGenerated").is_some())
}

fn evaluate(expr: &Expr, known: &BTreeMap<String, Known>) -> Option<Known> {
    match &expr.kind {
        ExprKind::Literal(Value::Timespan(ticks), _) => Some(Known::Long(*ticks)),
        ExprKind::Name(name) => known.get(name).copied(),
        ExprKind::Call(name, arguments) => {
            let sign = match name.text.as_str() {
                "now" => 1,
                "ago" => -1,
                _ => return None,
            };
            match arguments.as_slice() {
                [] if sign > 0 => Some(Known::At(0)),
                [one] => match evaluate(&one.value, known)? {
                    Known::Long(ticks) => Some(Known::At(ticks.checked_mul(sign)?)),
                    Known::At(_) => None,
                },
                _ => None,
            }
        }
        ExprKind::Binary(op @ (BinaryOp::Add | BinaryOp::Subtract), a, b) => {
            let sign = if *op == BinaryOp::Add { 1 } else { -1 };
            match (evaluate(a, known)?, evaluate(b, known)?) {
                (Known::At(a), Known::Long(b)) => Some(Known::At(a.checked_add(b.checked_mul(sign)?)?)),
                (Known::Long(a), Known::Long(b)) => Some(Known::Long(a.checked_add(b.checked_mul(sign)?)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Comparisons of TimeGenerated with the time of the run.
#[derive(Default)]
struct Uses {
    distances: BTreeSet<i64>,
    /// Bytes of the other sides of the comparisons.
    spans: Vec<Span>,
}

impl Uses {
    /// The filters that rows meet while their TimeGenerated is still their own.
    fn of(&mut self, operators: &[&Operator], known: &BTreeMap<String, Known>) {
        for operator in operators {
            match &operator.kind {
                OperatorKind::Where(expr) => self.conditions(expr, known),
                OperatorKind::Extend(list) if list.iter().all(leaves_time) => {}
                OperatorKind::Project(list) if list.iter().all(leaves_time) => {}
                OperatorKind::ProjectAway(_) | OperatorKind::ProjectReorder(_) | OperatorKind::Sort(_) => {}
                _ => return,
            }
        }
    }

    fn conditions(&mut self, expr: &Expr, known: &BTreeMap<String, Known>) {
        let time = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if name == "TimeGenerated");
        match &expr.kind {
            ExprKind::Binary(BinaryOp::And | BinaryOp::Or, a, b) => {
                self.conditions(a, known);
                self.conditions(b, known);
            }
            ExprKind::Binary(
                BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual,
                a,
                b,
            ) => {
                let other = if time(a) { b } else { a };
                if (time(a) || time(b))
                    && let Some(Known::At(ticks)) = evaluate(other, known)
                {
                    self.distances.insert(ticks);
                    self.spans.push(other.span);
                }
            }
            ExprKind::Between { value, low, high, .. } if time(value) => {
                let Some(Known::At(from)) = evaluate(low, known) else { return };
                let to = match evaluate(high, known) {
                    Some(Known::At(to)) => to,
                    Some(Known::Long(ticks)) => from.saturating_add(ticks),
                    None => return,
                };
                self.distances.extend([from, to]);
                self.spans.extend([low.span, high.span]);
            }
            _ => {}
        }
    }
}

/// Whether an assignment leaves TimeGenerated as it is.
fn leaves_time(assignment: &Assignment) -> bool {
    match assignment.names.as_slice() {
        [] => matches!(assignment.expr.kind, ExprKind::Name(_)),
        names => names.iter().all(|name| name.text != "TimeGenerated"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::table::TICKS_PER_SECOND;

    /// In hours.
    fn clocks(query: &str) -> Option<Vec<i64>> {
        let found = super::clocks(query, &BTreeSet::from(["given"]))?;
        Some(found.into_iter().map(|ticks| ticks / (3600 * TICKS_PER_SECOND)).collect())
    }

    #[test]
    fn comparisons_with_the_time_of_the_run() {
        assert_eq!(clocks("SigninLogs | where ResultType == 0 | count"), Some(vec![]));
        assert_eq!(clocks("SigninLogs | where TimeGenerated > ago(1d) and ResultType == 0 | count"), Some(vec![-24]));
        let baseline = "let back = 14d; let start = ago(back); let recent = now() - 1h;\n\
            SigninLogs | where TimeGenerated between (start .. recent)\n\
            | join (SigninLogs | where Id has \"x\" | where recent <= TimeGenerated) on Id";
        assert_eq!(clocks(baseline), Some(vec![-336, -1]));
        let named = "let f = (t:string) { table(t) | where TimeGenerated between (ago(2d) .. 1d) }; f(\"SigninLogs\")";
        assert_eq!(clocks(named), Some(vec![-48, -24]));
    }

    #[test]
    fn any_other_use_is_not_known() {
        for query in [
            "SigninLogs | extend Age = now() - TimeGenerated",
            "SigninLogs | where TimeGenerated > startofday(ago(1d))",
            "SigninLogs | summarize TimeGenerated = min(TimeGenerated) by bin(TimeGenerated, 1d) | where TimeGenerated > ago(1d)",
            "let start = ago(1d); SigninLogs | where TimeGenerated > start | extend Since = start",
            "let given = 1d; SigninLogs | where TimeGenerated > ago(given)",
            "SigninLogs | make-series count() on TimeGenerated from ago(1d) to now() step 1h",
            "let f = (d:timespan) { SigninLogs | where TimeGenerated > ago(d) }; f(1d)",
        ] {
            assert_eq!(clocks(query), None, "{query}");
        }
    }
}
