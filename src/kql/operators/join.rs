//! `join` and `lookup`.

use polars::prelude::{Expr as Plan, JoinCoalesce, JoinType, MaintainOrderJoin, UniqueKeepStrategy, by_name, lit};

use super::room;
use crate::error::{Diagnostic, Span, nearest};
use crate::kql::ast::{BinaryOp, Expr, ExprKind, Pipeline, Settings};
use crate::kql::compare::{common, convert};
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation, column, fresh};
use crate::kql::scalar::Scalar;
use crate::table::{RECORD, Type};

/// The kinds of `join`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inner,
    InnerUnique,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    RightSemi,
    LeftAnti,
    RightAnti,
}

/// Spellings of the kinds.
const KINDS: [(&str, Kind); 14] = [
    ("inner", Kind::Inner),
    ("innerunique", Kind::InnerUnique),
    ("leftouter", Kind::LeftOuter),
    ("left", Kind::LeftOuter),
    ("rightouter", Kind::RightOuter),
    ("right", Kind::RightOuter),
    ("fullouter", Kind::FullOuter),
    ("outer", Kind::FullOuter),
    ("leftsemi", Kind::LeftSemi),
    ("rightsemi", Kind::RightSemi),
    ("leftanti", Kind::LeftAnti),
    ("anti", Kind::LeftAnti),
    ("rightanti", Kind::RightAnti),
    ("leftantisemi", Kind::LeftAnti),
];

/// `join kind=… (right) on …`; without a kind the left side is first made unique by key.
pub fn join(
    c: &Compiler<'_>,
    settings: &Settings,
    right: &Pipeline,
    on: &[Expr],
    input: Relation,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let kind = kind(settings, Kind::InnerUnique, span)?;
    let right = c.relation(right, env)?;
    combine(c, kind, input, right, on, env, span, false)
}

/// `lookup kind=… (right) on …`: as a left outer join that keeps the keys once.
pub fn lookup(
    c: &Compiler<'_>,
    settings: &Settings,
    right: &Pipeline,
    on: &[Expr],
    input: Relation,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    let kind = kind(settings, Kind::LeftOuter, span)?;
    if !matches!(kind, Kind::LeftOuter | Kind::Inner) {
        return Err(Diagnostic::error("lookup is leftouter or inner", span));
    }
    let right = c.relation(right, env)?;
    combine(c, kind, input, right, on, env, span, true)
}

/// Whether a join first makes its left side unique.
pub fn is_unique(settings: &Settings) -> bool {
    settings.word("kind").is_none_or(|word| word.eq_ignore_ascii_case("innerunique"))
}

fn kind(settings: &Settings, default: Kind, span: Span) -> Compiled<Kind> {
    let Some(word) = settings.word("kind") else { return Ok(default) };
    let word = word.to_ascii_lowercase();
    if word == "rightantisemi" {
        return Ok(Kind::RightAnti);
    }
    let known = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    known.ok_or_else(|| {
        let problem = Diagnostic::error(format!("`{word}` is not a kind of join"), span);
        match nearest(&word, KINDS.map(|(name, _)| name)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(
                "use inner, innerunique, leftouter, rightouter, fullouter, leftsemi, rightsemi, leftanti or rightanti",
            ),
        }
    })
}

/// The pairs of keys of the conditions.
fn keys(
    c: &Compiler<'_>,
    on: &[Expr],
    left: &Relation,
    right: &Relation,
    env: &Env,
    span: Span,
) -> Compiled<Vec<(Scalar, Scalar)>> {
    if on.is_empty() {
        return Err(Diagnostic::error("a join needs `on`", span)
            .help("for example: on UserId, or on $left.Id == $right.UserId"));
    }
    let mut pairs = Vec::new();
    let mut pending: Vec<&Expr> = on.iter().rev().collect();
    while let Some(expr) = pending.pop() {
        match &expr.kind {
            ExprKind::Binary(BinaryOp::And, a, b) => {
                pending.push(b);
                pending.push(a);
            }
            ExprKind::Binary(BinaryOp::Equal, a, b) => {
                let (a, b) = if side(a) == Some(false) || side(b) == Some(true) { (b, a) } else { (a, b) };
                pairs.push((key(c, a, left, env)?, key(c, b, right, env)?));
            }
            ExprKind::Name(_) => pairs.push((key(c, expr, left, env)?, key(c, expr, right, env)?)),
            _ => {
                let problem = Diagnostic::error("a join compares columns for equality", expr.span);
                return Err(problem.help("write $left.a == $right.b; filter by anything else after the join"));
            }
        }
    }
    Ok(pairs)
}

/// `$left.…` is true, `$right.…` false.
fn side(expr: &Expr) -> Option<bool> {
    let ExprKind::Member(base, _) = &expr.kind else { return None };
    match &base.kind {
        ExprKind::Name(name) if name == "$left" => Some(true),
        ExprKind::Name(name) if name == "$right" => Some(false),
        ExprKind::Member(..) => side(base),
        _ => None,
    }
}

/// A key: a column of one side, `$left.` and `$right.` taken off.
fn key(c: &Compiler<'_>, expr: &Expr, relation: &Relation, env: &Env) -> Compiled<Scalar> {
    fn bare(expr: &Expr) -> Expr {
        let ExprKind::Member(base, name) = &expr.kind else { return expr.clone() };
        match &base.kind {
            ExprKind::Name(side) if side == "$left" || side == "$right" => {
                Expr { kind: ExprKind::Name(name.text.clone()), span: name.span }
            }
            _ => Expr { kind: ExprKind::Member(Box::new(bare(base)), name.clone()), span: expr.span },
        }
    }
    c.scalar(&bare(expr), &Scope::over(env, relation))
}

#[allow(clippy::too_many_arguments)]
fn combine(
    c: &Compiler<'_>,
    kind: Kind,
    left: Relation,
    right: Relation,
    on: &[Expr],
    env: &Env,
    span: Span,
    once: bool,
) -> Compiled<Relation> {
    c.windowed();
    let pairs = keys(c, on, &left, &right, env, span)?;
    let grouped = !left.groups.is_empty();
    if grouped && matches!(kind, Kind::RightOuter | Kind::FullOuter | Kind::RightSemi | Kind::RightAnti) {
        return Err(Diagnostic::error("this kind of join is not supported inside mv-apply or partition", span));
    }
    let mut left_keys: Vec<Plan> = Vec::new();
    let mut right_keys: Vec<Plan> = Vec::new();
    for (a, b) in &pairs {
        let ty = match (a.ty, b.ty) {
            (x, y) if x == y => x,
            (x, y) if x.is_number() && y.is_number() => common([x, y].into_iter()),
            (Type::Datetime | Type::Timespan | Type::Bool, other)
            | (other, Type::Datetime | Type::Timespan | Type::Bool)
                if !matches!(other, Type::Dynamic | Type::String) =>
            {
                return Err(Diagnostic::error(format!("cannot join {} with {}", a.ty, b.ty), span)
                    .help("convert one side before the join"));
            }
            _ => Type::String,
        };
        left_keys.push(convert(a.clone(), ty).expr);
        right_keys.push(convert(b.clone(), ty).expr);
    }
    let named = |keys: Vec<Plan>| -> Vec<Plan> {
        keys.into_iter().enumerate().map(|(i, key)| key.alias(format!("#j{i}"))).collect()
    };
    let key_names: Vec<String> = (0..pairs.len()).map(|i| format!("#j{i}")).collect();
    let key_columns: Vec<Plan> = key_names.iter().map(|name| column(name)).collect();
    let mut left_frame = left.frame.clone().with_columns(named(left_keys));
    // The right side's columns get names of their own; clashes are settled when the result is named.
    let hidden: Vec<String> = (0..right.columns.len()).map(|i| format!("#r{i}")).collect();
    let mut select: Vec<Plan> =
        right.columns.iter().zip(&hidden).map(|(col, name)| column(&col.name).alias(name.as_str())).collect();
    select.extend(key_columns.iter().cloned());
    if right.lineage.is_some() {
        select.push(column(RECORD).alias("#rrecord"));
    }
    let right_frame = right.frame.clone().with_columns(named(right_keys)).select(select);
    let kept_left: Vec<Col> = left.columns.clone();
    let plain = |frame: polars::prelude::LazyFrame,
                 other: polars::prelude::LazyFrame,
                 how: JoinType,
                 order: MaintainOrderJoin| {
        frame
            .join_builder()
            .with(other)
            .left_on(key_columns.clone())
            .right_on(key_columns.clone())
            .how(how)
            .coalesce(JoinCoalesce::KeepColumns)
            .join_nulls(true)
            .maintain_order(order)
            .suffix("#right")
            .finish()
    };
    match kind {
        Kind::LeftSemi | Kind::LeftAnti => {
            let how = if kind == Kind::LeftSemi { JoinType::Semi } else { JoinType::Anti };
            let frame = plain(left_frame, right_frame, how, MaintainOrderJoin::Left);
            let names: Vec<String> = kept_left.iter().map(|col| col.name.clone()).collect();
            return Ok(Relation { frame, ordered: false, ..left }.keep(&names));
        }
        Kind::RightSemi | Kind::RightAnti => {
            let how = if kind == Kind::RightSemi { JoinType::Semi } else { JoinType::Anti };
            let frame = plain(right_frame, left_frame, how, MaintainOrderJoin::Left);
            let mut select: Vec<Plan> =
                right.columns.iter().zip(&hidden).map(|(col, name)| column(name).alias(col.name.as_str())).collect();
            if right.lineage.is_some() {
                select.push(column("#rrecord").alias(RECORD));
            }
            return Ok(Relation { frame: frame.select(select), ordered: false, ..right });
        }
        _ => {}
    }
    if kind == Kind::InnerUnique {
        // Any row of a key may survive; here it is the first.
        let subset: Vec<String> = left.groups.iter().chain(&key_names).cloned().collect();
        left_frame = left_frame.unique_stable(Some(by_name(subset, true, false)), UniqueKeepStrategy::First);
    }
    let width = left.columns.len() + right.columns.len() + 2 * pairs.len();
    left_frame = match kind {
        Kind::InnerUnique => left_frame,
        _ => room::pairing(c, left_frame, &right_frame, &key_columns, width),
    };
    let (how, order) = match kind {
        Kind::LeftOuter => (JoinType::Left, MaintainOrderJoin::LeftRight),
        Kind::RightOuter => (JoinType::Right, MaintainOrderJoin::RightLeft),
        Kind::FullOuter => (JoinType::Full, MaintainOrderJoin::LeftRight),
        _ => (JoinType::Inner, MaintainOrderJoin::LeftRight),
    };
    let frame = plain(left_frame, right_frame, how, order);
    let left_may_miss = matches!(kind, Kind::RightOuter | Kind::FullOuter);
    let right_may_miss = matches!(kind, Kind::LeftOuter | Kind::FullOuter);
    let value = |name: &str, ty: Type, may_miss: bool| {
        let plan = column(name);
        if may_miss && ty == Type::String { plan.fill_null(lit("")) } else { plan }
    };
    let mut computed: Vec<(Plan, Col)> =
        kept_left.iter().map(|col| (value(&col.name, col.ty, left_may_miss), col.clone())).collect();
    for (col, hidden) in right.columns.iter().zip(&hidden) {
        let is_key = once && pairs.iter().any(|(_, b)| b.name.as_deref() == Some(col.name.as_str()));
        if is_key {
            continue;
        }
        let name = fresh(&col.name, |n| computed.iter().any(|(_, known)| known.name == n));
        computed.push((value(hidden, col.ty, right_may_miss), Col { name, ..col.clone() }));
    }
    let frame = match left.lineage.as_ref().filter(|_| right.lineage.is_some()) {
        Some(lineage) => frame.with_column(lineage.pair(RECORD, "#rrecord")),
        None => frame,
    };
    let joined = Relation {
        frame,
        ordered: false,
        open: left.open || right.open,
        extensible: left.extensible || right.extensible,
        ..left
    };
    Ok(joined.with(computed))
}
