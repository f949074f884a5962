//! `getschema`: the columns as rows.

use super::source::ready;
use crate::error::{Diagnostic, Span};
use crate::kql::Value;
use crate::kql::compiler::{Compiled, Compiler};
use crate::kql::relation::{Col, Relation};
use crate::table::Type;

/// Name, position and types of each column.
pub fn compile(c: &Compiler<'_>, input: &Relation, span: Span) -> Compiled<Relation> {
    if !input.groups.is_empty() {
        return Err(Diagnostic::error("getschema cannot stand in a subquery that runs by group", span));
    }
    let shown: Vec<&Col> = input.columns.iter().filter(|col| !col.hidden).collect();
    let text = |value: &dyn Fn(&Col) -> String| shown.iter().map(|col| Value::text(value(col))).collect::<Vec<_>>();
    let columns = vec![
        (Col::new("ColumnName", Type::String), text(&|col| col.name.clone())),
        (Col::new("ColumnOrdinal", Type::Int), (0..shown.len() as i64).map(Value::Long).collect()),
        (Col::new("DataType", Type::String), text(&|col| col.ty.dotnet().to_owned())),
        (Col::new("ColumnType", Type::String), text(&|col| col.ty.name().to_owned())),
    ];
    Ok(Relation { ordered: true, ..ready(c, columns, shown.len(), span)? })
}
