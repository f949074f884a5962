//! The filters that a table's rows meet first, as a query of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::kql::ast::{Assignment, BinaryOp, Expr, ExprKind, Operator, OperatorKind, ParsePiece};

/// Functions whose value depends on their arguments alone.
const PURE: &[&str] = &[
    "not",
    "tolower",
    "toupper",
    "tostring",
    "toint",
    "tolong",
    "todouble",
    "toreal",
    "tobool",
    "todatetime",
    "totimespan",
    "isempty",
    "isnotempty",
    "isnull",
    "isnotnull",
    "notempty",
    "notnull",
    "strlen",
    "parse_json",
    "todynamic",
    "extract_json",
    "extractjson",
    "array_length",
    "trim",
    "trim_start",
    "trim_end",
    "strcat",
    "split",
    "extract",
    "extract_all",
    "substring",
    "coalesce",
    "case",
    "iff",
    "iif",
    "ipv4_is_private",
    "ipv4_is_in_range",
    "ipv4_is_in_any_range",
    "ipv4_is_match",
    "ipv6_is_match",
    "hourofday",
    "dayofweek",
    "startofday",
    "bin",
    "set_has_element",
    "array_index_of",
    "bag_has_key",
    "bag_keys",
    "replace_string",
    "replace_regex",
    "indexof",
    "countof",
    "parse_url",
    "url_decode",
    "pack_array",
];

/// The operators that a table's rows meet first, as far as they depend on the row alone.
pub(super) struct Prefix<'s> {
    query: &'s str,
    /// Names bound by `let`, and whether to a literal.
    bound: &'s BTreeMap<&'s str, Option<(usize, usize)>>,
    /// Columns whose value is known here.
    known: BTreeSet<String>,
    steps: Vec<String>,
}

impl<'s> Prefix<'s> {
    /// Nothing yet, over these columns.
    pub(super) fn new(
        query: &'s str,
        bound: &'s BTreeMap<&'s str, Option<(usize, usize)>>,
        known: BTreeSet<String>,
    ) -> Prefix<'s> {
        Prefix { query, bound, known, steps: Vec::new() }
    }

    /// The steps as lines of a query; none where no filter is among them.
    pub(super) fn of(mut self, operators: &[&Operator]) -> Option<String> {
        let mut filters = 0;
        for operator in operators {
            match &operator.kind {
                OperatorKind::Where(expr) => {
                    let mut conditions = Vec::new();
                    self.conditions(expr, &mut conditions);
                    if !conditions.is_empty() {
                        filters = self.steps.len() + 1;
                        self.steps.push(format!("| where {}\n", conditions.join(" and ")));
                    }
                }
                OperatorKind::Extend(list) => {
                    if self.assign(list).is_none() {
                        break;
                    }
                }
                OperatorKind::Project(list) => {
                    let Some(kept) = self.assign(list) else { break };
                    self.known.retain(|name| kept.contains(name));
                }
                OperatorKind::ProjectRename(pairs) => {
                    let texts: Vec<String> = pairs
                        .iter()
                        .filter(|(_, old)| self.known.contains(&old.text))
                        .map(|(new, old)| format!("['{}'] = ['{}']", new.text, old.text))
                        .collect();
                    let renamed: Vec<bool> = pairs.iter().map(|(_, old)| self.known.remove(&old.text)).collect();
                    for ((new, _), known) in pairs.iter().zip(renamed) {
                        self.set(&new.text, known);
                    }
                    if !texts.is_empty() {
                        self.steps.push(format!("| extend {}\n", texts.join(", ")));
                    }
                }
                OperatorKind::MvExpand { items, index, .. } => {
                    for item in items {
                        let name = match (&item.name, &item.expr.kind) {
                            (Some(name), _) => &name.text,
                            (None, ExprKind::Name(name)) => name,
                            _ => return self.lines(filters),
                        };
                        self.known.remove(name);
                    }
                    index.iter().for_each(|name| self.set(&name.text, false));
                }
                OperatorKind::Parse { pattern, .. } => {
                    for piece in pattern {
                        if let ParsePiece::Column(name, _) = piece {
                            self.known.remove(&name.text);
                        }
                    }
                }
                OperatorKind::ProjectAway(_) | OperatorKind::ProjectReorder(_) | OperatorKind::Sort(_) => {}
                _ => break,
            }
        }
        self.lines(filters)
    }

    /// The steps up to the last filter.
    fn lines(&self, filters: usize) -> Option<String> {
        (filters > 0).then(|| self.steps[..filters].concat())
    }

    fn set(&mut self, name: &str, known: bool) {
        if known {
            self.known.insert(name.to_owned());
        } else {
            self.known.remove(name);
        }
    }

    /// The conditions of a filter that depend on the row alone.
    fn conditions(&self, expr: &Expr, found: &mut Vec<String>) {
        match &expr.kind {
            ExprKind::Binary(BinaryOp::And, a, b) => {
                self.conditions(a, found);
                self.conditions(b, found);
            }
            _ if self.pure(expr) => found.push(format!("({})", self.text(expr))),
            _ => {}
        }
    }

    /// Columns set: those that depend on the row alone become a step. Gives all names that are set to a known value;
    /// none where a name is not written.
    fn assign(&mut self, list: &[Assignment]) -> Option<BTreeSet<String>> {
        let mut texts = Vec::new();
        let mut kept = BTreeSet::new();
        let mut lost = Vec::new();
        for assignment in list {
            match (assignment.names.as_slice(), &assignment.expr.kind) {
                ([], ExprKind::Name(name)) => {
                    if self.known.contains(name) {
                        kept.insert(name.clone());
                    }
                }
                ([name], _) if !assignment.tuple => {
                    if self.pure(&assignment.expr) {
                        texts.push(format!("['{}'] = ({})", name.text, self.text(&assignment.expr)));
                        kept.insert(name.text.clone());
                    } else {
                        lost.push(name.text.clone());
                    }
                }
                _ => return None,
            }
        }
        lost.iter().for_each(|name| self.set(name, false));
        kept.iter().for_each(|name| self.set(name, true));
        if !texts.is_empty() {
            self.steps.push(format!("| extend {}\n", texts.join(", ")));
        }
        Some(kept)
    }

    fn text(&self, expr: &Expr) -> &str {
        self.query.get(expr.span.start..expr.span.end).unwrap_or_default()
    }

    /// Whether an expression depends on the row alone.
    fn pure(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Literal(..) | ExprKind::Typeof(_) => true,
            ExprKind::Name(name) => match self.bound.get(name.as_str()) {
                Some(literal) => literal.is_some() && !self.known.contains(name),
                None => self.known.contains(name),
            },
            ExprKind::Member(base, _) | ExprKind::Minus(base) => self.pure(base),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => self.pure(a) && self.pure(b),
            ExprKind::In(_, value, items) => self.pure(value) && items.iter().all(|item| self.pure(item)),
            ExprKind::Between { value, low, high, .. } => [value, low, high].into_iter().all(|e| self.pure(e)),
            ExprKind::Call(name, arguments) => {
                PURE.contains(&name.text.as_str())
                    && !self.bound.contains_key(name.text.as_str())
                    && arguments.iter().all(|argument| self.pure(&argument.value))
            }
            _ => false,
        }
    }
}
