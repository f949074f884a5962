//! The tabular operators, one file each: an operator and a relation make the next relation.

use super::ast::{Operator, OperatorKind};
use super::compiler::{Compiled, Compiler, Env};
use super::relation::Relation;
use crate::error::Diagnostic;

mod assign;
mod expand;
mod external;
mod filter;
mod generate;
mod invoke;
mod join;
mod make_series;
mod mvapply;
mod parse;
mod pick;
mod project;
pub mod search;
mod sort;
pub mod source;
mod summarize;
mod union;

/// Compiles one operator. `input` is what stands before the pipe; a source has none.
pub fn compile(c: &Compiler<'_>, operator: &Operator, input: Option<Relation>, env: &Env) -> Compiled<Relation> {
    let span = operator.span;
    use OperatorKind as K;
    match &operator.kind {
        K::Source(expr) => return source::table(c, expr, env),
        K::Print(columns) => return generate::print(c, columns, env),
        K::Range { name, from, to, step } => return generate::range(c, name, from, to, step.as_ref(), env),
        K::Datatable { columns, values } => return generate::datatable(c, columns, values, span, env),
        K::Externaldata { columns, uris, .. } => return external::compile(c, columns, uris, span, env),
        K::Union { settings, tables } => return union::compile(c, settings, tables, input, env, span),
        _ => {}
    }
    let Some(input) = input else {
        return Err(Diagnostic::error("this operator needs an input", span).help("write a table and a pipe before it"));
    };
    match &operator.kind {
        K::As(_) | K::Consume | K::Render => Ok(input),
        K::Where(expr) => filter::compile(c, expr, input, env),
        K::Extend(columns) => project::extend(c, columns, input, env),
        K::Serialize(columns) => {
            c.windowed();
            let relation = project::extend(c, columns, Relation { ordered: true, ..input }, env)?;
            Ok(relation)
        }
        K::Project(columns) => project::project(c, columns, input, env),
        K::ProjectAway(patterns) => Ok(project::away(patterns, input)),
        K::ProjectKeep(patterns) => project::keep(patterns, input),
        K::ProjectRename(pairs) => project::rename(pairs, input),
        K::ProjectReorder(orders) => Ok(project::reorder(orders, input)),
        K::Count => pick::count(c, input),
        K::Take(count) => pick::take(c, count, input, env),
        K::Distinct(columns) => pick::distinct(c, columns, input, env),
        K::Sort(keys) => sort::compile(c, keys, input, env),
        K::Top { count, by } => sort::top(c, count, by, input, env),
        K::Summarize { aggregates, by } => summarize::compile(c, aggregates, by, input, env),
        K::Join { settings, right, on } => join::join(c, settings, right, on, input, env, span),
        K::Lookup { settings, right, on } => join::lookup(c, settings, right, on, input, env, span),
        K::MvExpand { items, array, index, limit } => {
            expand::compile(c, items, *array, index.as_ref(), limit.as_ref(), input, env)
        }
        K::MvApply { items, index, limit, on } => {
            mvapply::compile(c, items, index.as_ref(), limit.as_ref(), on, input, env)
        }
        K::Parse { kind, flags, expr, pattern, only } => {
            parse::compile(c, &parse::Parse { kind: *kind, flags, expr, pattern, only: *only }, input, env, span)
        }
        K::Invoke { function, arguments } => invoke::compile(c, function, arguments, input, env, span),
        K::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings } => {
            let (from, to, inclusive) = (from.as_ref(), to.as_ref(), *inclusive);
            let parts = make_series::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings };
            make_series::compile(c, &parts, input, env)
        }
        _ => Err(Diagnostic::error("this operator is not supported yet", span)),
    }
}
