//! `mv-apply`: a subquery over the elements of each row.
//!
//! The subquery is compiled once, for all rows at the same time: a hidden number tells the rows apart, and every
//! operator keeps groups of rows with different numbers apart.

use polars::prelude::{Expr as Plan, JoinCoalesce, JoinType, MaintainOrderJoin};

use super::expand;
use crate::kql::ast::{Expansion, Expr, Name, Operator, OperatorKind, Pipeline};
use crate::kql::compiler::{Compiled, Compiler, Env};
use crate::kql::relation::{Col, Relation, column};

/// Expands, runs the subquery for each row, and puts the outer columns in front of its result.
pub fn compile(
    c: &Compiler<'_>,
    items: &[Expansion],
    index: Option<&Name>,
    limit: Option<&Expr>,
    on: &Pipeline,
    input: Relation,
    env: &Env,
) -> Compiled<Relation> {
    let row = c.hidden("apply");
    let outer = Relation { frame: input.frame.clone().with_row_index(row.as_str(), None), ..input.clone() };
    let mut groups = input.groups.clone();
    groups.push(row.clone());
    let numbered = Relation { groups, ..outer.clone() };
    let expanded = expand::compile(c, items, false, index, limit, numbered, env)?;
    let before: Vec<Col> = expanded.columns.clone();
    let result = c.fold(Some(expanded), &on.operators, env)?;
    let keeps_rows = on.operators.iter().all(keeps_columns);
    let lineage = result.lineage.clone();
    if keeps_rows {
        let names: Vec<String> = result.columns.iter().map(|col| col.name.clone()).collect();
        return Ok(Relation { groups: input.groups.clone(), ordered: false, ..result }.keep(&names));
    }
    // The subquery made rows of its own: the outer columns come back by the row's number.
    let replaced =
        |name: &str| before.iter().any(|col| col.name == name && outer.find(name).is_none_or(|own| own != col));
    let kept: Vec<Col> =
        outer.columns.iter().filter(|col| result.find(&col.name).is_none() && !replaced(&col.name)).cloned().collect();
    let mut select: Vec<Plan> =
        kept.iter().enumerate().map(|(i, col)| column(&col.name).alias(format!("#o{i}"))).collect();
    select.push(column(&row));
    let frame = result
        .frame
        .clone()
        .join_builder()
        .with(outer.frame.clone().select(select))
        .left_on([column(&row)])
        .right_on([column(&row)])
        .how(JoinType::Inner)
        .coalesce(JoinCoalesce::CoalesceColumns)
        .maintain_order(MaintainOrderJoin::LeftRight)
        .finish();
    let mut computed: Vec<(Plan, Col)> =
        kept.into_iter().enumerate().map(|(i, col)| (column(&format!("#o{i}")), col)).collect();
    computed.extend(result.columns.iter().map(|col| (column(&col.name), col.clone())));
    let joined = Relation {
        frame,
        columns: Vec::new(),
        ordered: false,
        groups: input.groups.clone(),
        lineage,
        open: result.open,
        extensible: result.extensible,
        called: None,
    };
    Ok(joined.with(computed))
}

/// Whether an operator passes the outer columns on.
fn keeps_columns(operator: &Operator) -> bool {
    matches!(
        operator.kind,
        OperatorKind::Where(_)
            | OperatorKind::Extend(_)
            | OperatorKind::Sort(_)
            | OperatorKind::Top { .. }
            | OperatorKind::Take(_)
            | OperatorKind::MvExpand { .. }
            | OperatorKind::Parse { .. }
            | OperatorKind::Serialize(_)
    )
}
