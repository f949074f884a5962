//! `evaluate`: the plugins of the language, one file or small family each.

mod activity;
mod bag_unpack;
mod detect;
mod ip_lookup;
mod patterns;
mod pivot;
mod reshape;
mod rolling;

use crate::error::{Diagnostic, Span, nearest};
use crate::kql::Value;
use crate::kql::ast::{Argument, ExprKind, Name};
use crate::kql::catalog::{self, PLUGINS, Status};
use crate::kql::compare::convert;
use crate::kql::compiler::{Compiled, Compiler, Env, Scope};
use crate::kql::relation::{Col, Relation};
use crate::kql::scalar::Scalar;
use crate::table::Type;

/// A call of a plugin.
pub struct Plugin<'p, 'a> {
    /// The compiler.
    pub c: &'p Compiler<'a>,
    /// Its name as written.
    pub name: &'p Name,
    /// Arguments as written.
    pub arguments: &'p [Argument],
    /// Declared result columns; `true` keeps those of the input.
    pub schema: Option<&'p (bool, Vec<(Name, Type)>)>,
    /// The rows before the pipe.
    pub input: Relation,
    /// Bound names.
    pub env: &'p Env,
    /// Bytes of the operator.
    pub span: Span,
}

impl Plugin<'_, '_> {
    /// An argument by position among the unnamed, or by name.
    fn argument(&self, position: usize, name: &str) -> Option<&Argument> {
        let named = self.arguments.iter().find(|a| a.name.as_ref().is_some_and(|n| n.text.eq_ignore_ascii_case(name)));
        named.or_else(|| self.arguments.get(position).filter(|argument| argument.name.is_none()))
    }

    fn missing(&self, name: &str) -> Diagnostic {
        Diagnostic::error(format!("`{}` needs the argument {name}", self.name.text), self.span)
    }

    /// An argument over the rows.
    fn scalar(&self, position: usize, name: &str) -> Compiled<Scalar> {
        let argument = self.argument(position, name).ok_or_else(|| self.missing(name))?;
        self.c.scalar(&argument.value, &Scope::over(self.env, &self.input))
    }

    /// A column of the input.
    fn column(&self, position: usize, name: &str) -> Compiled<Col> {
        let argument = self.argument(position, name).ok_or_else(|| self.missing(name))?;
        let scalar = self.c.scalar(&argument.value, &Scope::over(self.env, &self.input))?;
        let found = scalar.name.as_deref().and_then(|name| self.input.find(name)).cloned();
        found.ok_or_else(|| Diagnostic::error(format!("{name} is a column of the input"), argument.value.span))
    }

    /// A constant argument; `~` stands for the default.
    fn constant(&self, position: usize, name: &str) -> Compiled<Option<Value<'static>>> {
        match self.argument(position, name) {
            Some(argument) => {
                let (value, _) = self.c.constant(&argument.value, self.env)?;
                Ok((value.to_text() != "~").then_some(value))
            }
            None => Ok(None),
        }
    }

    /// The columns named by all further arguments.
    fn columns_from(&self, position: usize) -> Compiled<Vec<Col>> {
        (position..self.arguments.len()).map(|position| self.column(position, "column")).collect()
    }

    /// The error at an argument.
    fn error(&self, position: usize, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message, self.arguments.get(position).map_or(self.span, |argument| argument.value.span))
    }
}

/// Compiles `evaluate plugin(…) : schema`.
pub fn compile(
    c: &Compiler<'_>,
    name: &Name,
    arguments: &[Argument],
    schema: Option<&(bool, Vec<(Name, Type)>)>,
    input: Option<Relation>,
    env: &Env,
    span: Span,
) -> Compiled<Relation> {
    c.windowed();
    c.usage.borrow_mut().functions.insert(name.text.clone());
    if let Some(Status::Refused { reason, help }) = catalog::find(PLUGINS, &name.text).map(|entry| entry.status) {
        return Err(Diagnostic::error(format!("`{}` {reason}", name.text), name.span).help(help));
    }
    let Some(input) = input else {
        return Err(Diagnostic::error("this plugin needs an input", span).help("write a table and a pipe before it"));
    };
    let groups = input.groups.clone();
    let p = Plugin { c, name, arguments, schema, input, env, span };
    let result = match name.text.as_str() {
        "bag_unpack" => return bag_unpack::compile(&p),
        "pivot" => pivot::compile(&p)?,
        "narrow" => reshape::narrow(&p),
        "schema_merge" => reshape::schema_merge(&p)?,
        "estimate_rows_count" => reshape::rows_count(&p)?,
        "identity" => p.input,
        "preview" => reshape::preview(&p)?,
        "rows_near" => reshape::rows_near(&p)?,
        "dcount_intersect" => reshape::dcount_intersect(&p)?,
        "ipv4_lookup" => ip_lookup::compile(&p, false)?,
        "ipv6_lookup" => ip_lookup::compile(&p, true)?,
        "rolling_percentile" => rolling::compile(&p)?,
        "active_users_count" => activity::active_users(&p)?,
        "activity_counts_metrics" => activity::counts(&p)?,
        "activity_metrics" => activity::metrics(&p)?,
        "activity_engagement" => activity::engagement(&p)?,
        "new_activity_metrics" => activity::new_metrics(&p)?,
        "session_count" => activity::sessions(&p)?,
        "sliding_window_counts" => activity::sliding(&p)?,
        "sequence_detect" => detect::sequence_detect(&p)?,
        "funnel_sequence_completion" => detect::funnel_completion(&p)?,
        "basket" => patterns::basket(&p)?,
        "diffpatterns" => patterns::diffpatterns(&p)?,
        "autocluster" => patterns::autocluster(&p)?,
        _ => {
            let problem = Diagnostic::error(format!("unknown plugin `{}`", name.text), name.span);
            return Err(match nearest(&name.text, catalog::names(PLUGINS)) {
                Some(near) if near != name.text => problem.help(format!("did you mean `{near}`?")),
                _ => problem.help("this plugin is not supported"),
            });
        }
    };
    debug_assert!(result.groups == groups);
    match schema {
        Some(schema) => Ok(declared(schema, result)),
        None => Ok(result),
    }
}

/// The columns that the query declares: converted, and null where the plugin does not give them.
fn declared((keep, columns): &(bool, Vec<(Name, Type)>), result: Relation) -> Relation {
    let mut computed = Vec::new();
    if *keep {
        let others = result.columns.iter().filter(|col| !columns.iter().any(|(name, _)| name.text == col.name));
        computed.extend(others.map(|col| (crate::kql::relation::column(&col.name), col.clone())));
    }
    for (name, ty) in columns {
        let scalar = match result.find(&name.text) {
            Some(col) => convert(Scalar::column(&col.name, col.ty), *ty),
            None => Scalar::null(*ty),
        };
        computed.push((scalar.expr, Col::new(&name.text, *ty)));
    }
    Relation { open: false, extensible: false, ..result.with(computed) }
}

/// Whether an argument is a table.
fn is_table(p: &Plugin<'_, '_>, argument: &Argument) -> bool {
    matches!(argument.value.kind, ExprKind::Pipeline(_)) || p.c.is_tabular(&argument.value, p.env)
}
