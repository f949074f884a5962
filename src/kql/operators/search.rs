//! Looking into every column: `where * has "x"`, `search`, `find`.

use crate::error::{Diagnostic, Span};
use crate::kql::ast::{Expr, InOp, TextOp};
use crate::kql::compiler::{Compiled, Compiler, Scope};
use crate::kql::scalar::Scalar;
use crate::kql::{membership, text};
use crate::table::Type;

/// `* has "x"`: whether any column fits; negated, whether none does.
pub fn any_column(c: &Compiler<'_>, op: TextOp, negated: bool, right: &Expr, scope: &Scope<'_>) -> Compiled<Scalar> {
    let needle = c.scalar(right, scope)?;
    let found = over_columns(right.span, scope, |column| text::compile(op, false, column, needle.clone(), right.span))?;
    Ok(if negated { Scalar::computed(found.expr.not(), Type::Bool) } else { found })
}

/// `* in ("x", …)` and `* has_any (…)`.
pub fn any_column_in(op: InOp, list: Vec<Scalar>, span: Span, scope: &Scope<'_>) -> Compiled<Scalar> {
    over_columns(span, scope, |column| membership::compile(op, column, list.clone(), span))
}

/// Each column alone; any of them suffices.
pub fn over_columns(span: Span, scope: &Scope<'_>, test: impl Fn(Scalar) -> Compiled<Scalar>) -> Compiled<Scalar> {
    let input = scope.input.ok_or_else(|| Diagnostic::error("`*` needs columns", span))?;
    let mut found = Scalar::literal(crate::kql::Value::Bool(false), Type::Bool);
    for col in &input.columns {
        let tested = test(Scalar::column(&col.name, col.ty))?;
        found = Scalar::computed(found.expr.or(tested.expr), Type::Bool);
    }
    Ok(found)
}
