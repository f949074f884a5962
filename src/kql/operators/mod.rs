//! The tabular operators, one file each: an operator and a relation make the next relation.

use super::ast::{Operator, OperatorKind};
use super::batch;
use super::compiler::{Compiled, Compiler, Env};
use super::relation::Relation;
use crate::error::Diagnostic;

mod ahead;
mod assign;
mod expand;
mod external;
mod filter;
mod find;
mod generate;
mod getschema;
mod invoke;
mod join;
mod make_series;
mod mvapply;
mod nested;
mod parse;
mod parse_kv;
mod partition;
pub mod pattern;
mod pick;
mod plugins;
mod project;
mod reduce;
mod room;
mod sample;
mod scan;
pub mod search;
mod sort;
pub mod source;
mod summarize;
mod union;

pub use ahead::narrow;

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
        K::Evaluate { plugin, arguments, schema } => {
            return plugins::compile(c, plugin, arguments, schema.as_ref(), input, env, span);
        }
        K::Search { tables, case_sensitive, predicate } if input.is_none() => {
            return find::search(c, tables, *case_sensitive, predicate, None, env, span);
        }
        K::Find { withsource, tables, predicate, project } => {
            let parts = find::Find {
                withsource: withsource.as_ref(),
                tables,
                predicate: predicate.as_ref(),
                project: project.as_deref(),
            };
            return find::find(c, &parts, input, env, span);
        }
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
        K::ProjectByNames(names) => project::by_names(c, names, input, env),
        K::ProjectRename(pairs) => project::rename(pairs, input),
        K::ProjectReorder(orders) => Ok(project::reorder(orders, input)),
        K::Count(name) => pick::count(c, name.as_ref().map_or("Count", |name| &name.text), input),
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
        K::Search { tables, case_sensitive, predicate } => {
            find::search(c, tables, *case_sensitive, predicate, Some(input), env, span)
        }
        K::Getschema => getschema::compile(c, &input, span),
        K::Sample(count) => sample::sample(c, count, input, env),
        K::SampleDistinct { count, of } => sample::distinct(c, count, of, input, env),
        K::TopHitters { count, of, by } => sample::top_hitters(c, count, of, by.as_ref(), input, env),
        K::TopNested(levels) => nested::compile(c, levels, input, env),
        K::ParseKv { expr, keys, settings } => parse_kv::compile(c, expr, keys, settings, input, env),
        K::Reduce { by, settings } => reduce::compile(c, by, settings, input, env),
        K::Partition { by, with } => partition::partition(c, by, with, input, env),
        K::Facet { by, with } => {
            partition::first(c, "facet", &batch::facets(by, with.as_ref(), span), input, env, span)
        }
        K::Fork(legs) => partition::first(c, "fork", legs, input, env, span),
        K::Scan(steps) => scan::compile(c, steps, input, env),
        K::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings } => {
            let (from, to, inclusive) = (from.as_ref(), to.as_ref(), *inclusive);
            let parts = make_series::MakeSeries { aggregates, axis, from, to, step, inclusive, by, settings };
            make_series::compile(c, &parts, input, env)
        }
        _ => Err(Diagnostic::error("this operator is not supported yet", span)),
    }
}
