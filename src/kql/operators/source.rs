//! Where rows come from: tables of the evidence, bound names, calls, watchlists.

use std::sync::Arc;

use polars::prelude::{
    AnonymousScan, AnonymousScanArgs, DataFrame, Field, IntoLazy, LazyFrame, NamedFrom, PolarsError, PolarsResult,
    ScanArgsAnonymous,
};
use polars::prelude::{Column, DataType, IntoColumn, Schema as PolarsSchema, SchemaRef, Series, col};

use super::pattern;
use crate::error::{Diagnostic, Span, nearest};
use crate::kql::Value;
use crate::kql::ast::{Argument, Expr, ExprKind, Pattern};
use crate::kql::compiler::{Binding, Compiled, Compiler, Env, Scope};
use crate::kql::context::Usage;
use crate::kql::lineage::Lineage;
use crate::kql::relation::{Col, Relation, column};
use crate::kql::views::{self, View};
use crate::table::{RECORD, Schema, Table, TableBuilder, Type};

/// `materialize` computes at once what has at most so many columns. A whole table, filtered, stays a plan: it is cheap
/// to plan again, and only the columns that are read later are ever built.
const NARROW: usize = 40;

/// Columns that a live workspace keeps out of `*`.
const HIDDEN: [&str; 5] = ["_ItemId", "_SubscriptionId", "_TimeReceived", "_IsBillable", "_BilledSize"];

/// Whether a name is a table of the evidence or one that the Azure Monitor schema knows.
pub fn is_table(c: &Compiler<'_>, name: &str) -> bool {
    c.context.tables.get(name).is_some() || Schema::known(name).is_some() || views::named(name).is_some()
}

/// Whether a function gives a table.
pub fn is_table_function(name: &str) -> bool {
    matches!(name, "table" | "materialize" | "view" | "_GetWatchlist" | "_GetWatchlistAlias")
}

/// Whether `name("…").Table` names a table elsewhere: one machine holds them all.
pub fn is_scope(name: &str) -> bool {
    matches!(name, "workspace" | "database" | "cluster" | "app" | "resource" | "adx" | "arg")
}

/// The relation that an expression stands for.
pub fn table(c: &Compiler<'_>, expr: &Expr, env: &Env) -> Compiled<Relation> {
    if let Some(invoked) = pattern::invoked(expr, env) {
        return pattern::compile(c, &invoked, expr.span, env);
    }
    match &expr.kind {
        ExprKind::Pipeline(pipeline) => c.relation(pipeline, env),
        ExprKind::Name(name) => match env.find(name) {
            Some(Binding::Table(relation)) => Ok(relation.as_ref().clone()),
            Some(Binding::Function(..)) => call(c, name, &[], expr.span, env),
            Some(Binding::Pattern(..)) => Err(Diagnostic::error(format!("`{name}` is a pattern"), expr.span)
                .help(format!("give it its arguments: {name}(\"…\")"))),
            Some(Binding::Scalar(_)) if let Some(told) = c.told(name) => Err(told),
            Some(Binding::Scalar(_)) => Err(Diagnostic::error(format!("`{name}` is a value, not a table"), expr.span)
                .help("a pipeline begins with a table")),
            Some(Binding::Restriction(_)) | None => evidence(c, name, expr.span, env),
        },
        ExprKind::Member(base, member) if matches!(&base.kind, ExprKind::Call(name, _) if is_scope(&name.text)) => {
            c.note(Diagnostic::note("all tables are read from the evidence at hand", base.span));
            evidence(c, &member.text, member.span, env)
        }
        // `cluster("x").database("y").Table`
        ExprKind::Member(base, member) if matches!(&base.kind, ExprKind::Member(..)) => {
            evidence(c, &member.text, member.span, env)
        }
        ExprKind::Call(name, arguments) => call(c, &name.text, arguments, expr.span, env),
        _ => Err(Diagnostic::error("expected a table", expr.span)
            .help("a pipeline begins with a table, `print`, `range` or `datatable`")),
    }
}

fn call(c: &Compiler<'_>, name: &str, arguments: &[Argument], span: Span, env: &Env) -> Compiled<Relation> {
    if let Some(Binding::Function(lambda, captured)) = env.find(name) {
        let (lambda, captured) = (lambda.clone(), captured.clone());
        let inner = c.enter(&lambda, &captured, arguments, &Scope::constant(env), span)?;
        let Some(body) = &lambda.body.body else {
            return Err(Diagnostic::error("the function has no result", lambda.span));
        };
        return c.relation(body, &inner);
    }
    let first = arguments.first().map(|argument| &argument.value);
    match (name, first) {
        ("table", Some(argument)) => {
            let (value, _) = c.constant(argument, env)?;
            evidence(c, &value.to_text(), argument.span, env)
        }
        ("materialize" | "view", Some(argument)) => {
            let relation = match &argument.kind {
                ExprKind::Pipeline(pipeline) => c.relation(pipeline, env)?,
                _ => table(c, argument, env)?,
            };
            if name == "materialize" && relation.columns.len() <= NARROW {
                return c.settled(relation, span);
            }
            Ok(relation)
        }
        ("_GetWatchlist" | "_GetWatchlistAlias", Some(argument)) => {
            let (value, _) = c.constant(argument, env)?;
            watchlist(c, &value.to_text(), argument.span)
        }
        _ if is_scope(name) => Err(Diagnostic::error(format!("`{name}(…)` needs a table behind it"), span)),
        _ => {
            let names = env.names();
            let problem = Diagnostic::error(format!("`{name}` is not a tabular function"), span);
            Err(match nearest(name, names) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("functions saved in a workspace are not part of an export: bind it with `let`"),
            })
        }
    }
}

/// A list of the case file as a table of text.
fn watchlist(c: &Compiler<'_>, name: &str, span: Span) -> Compiled<Relation> {
    c.usage.borrow_mut().watchlists.insert(name.to_owned());
    let empty = crate::kql::Watchlist { columns: vec!["SearchKey".into()], rows: Vec::new() };
    let list = c.context.watchlists.get(name).unwrap_or_else(|| {
        c.note(
            Diagnostic::note(format!("there is no watchlist `{name}`"), span)
                .help("name it in the case file: --case case.toml"),
        );
        &empty
    });
    let mut columns: Vec<Column> = Vec::new();
    let cell = |row: &Vec<String>, i: usize| row.get(i).cloned().unwrap_or_default();
    for (i, name) in list.columns.iter().enumerate() {
        let values: Vec<String> = list.rows.iter().map(|row| cell(row, i)).collect();
        columns.push(Series::new(name.as_str().into(), values).into_column());
    }
    if !list.columns.iter().any(|name| name == "SearchKey") {
        let values: Vec<String> = list.rows.iter().map(|row| cell(row, 0)).collect();
        columns.push(Series::new("SearchKey".into(), values).into_column());
    }
    let cols = columns.iter().map(|column| Col::new(column.name().as_str(), Type::String)).collect();
    let frame = DataFrame::new(list.rows.len(), columns).map_err(|e| Diagnostic::error(e.to_string(), span))?;
    let relation = Relation { open: true, ..Relation::new(frame.lazy(), cols) };
    Ok(with_lineage(c, relation))
}

/// Rows that no record stands behind still need the column when lineage is carried.
pub fn with_lineage(c: &Compiler<'_>, relation: Relation) -> Relation {
    if !c.context.lineage {
        return relation;
    }
    Relation { frame: relation.frame.with_column(Lineage::none()), lineage: Some(c.lineage.clone()), ..relation }
}

/// A table of the evidence, restricted to the context's window.
pub fn evidence(c: &Compiler<'_>, name: &str, span: Span, env: &Env) -> Compiled<Relation> {
    if !env.sees(name) {
        return Err(Diagnostic::error(format!("`{name}` is not among what `restrict access` names"), span));
    }
    let found = c.context.tables.get(name).cloned();
    if let Some(seen) = views::named(name).filter(|_| found.as_ref().is_none_or(|table| table.rows() == 0)) {
        return view(c, seen, name, span);
    }
    let table = match (found, Schema::known(name)) {
        (Some(table), _) => table,
        (None, Some(schema)) => Arc::new(TableBuilder::new(schema).finish()),
        (None, None) => {
            let bound = env.names();
            let mut known: Vec<&str> = Schema::names().collect();
            known.extend(bound);
            let problem = Diagnostic::error(format!("unknown table `{name}`"), span);
            return Err(match nearest(name, known) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("tables are those of Azure Monitor and Defender; bind others with `let`"),
            });
        }
    };
    c.usage.borrow_mut().tables.insert(name.to_owned());
    let schema = table.schema().clone();
    let label: Arc<str> = name.into();
    let columns: Vec<Col> = schema
        .fields
        .iter()
        .map(|field| Col {
            name: field.name.clone(),
            ty: field.ty,
            table: Some(label.clone()),
            hidden: HIDDEN.contains(&field.name.as_str()),
        })
        .collect();
    let timed = schema.field("TimeGenerated").is_some_and(|field| field.ty == Type::Datetime);
    let mut fields: Vec<Field> =
        schema.fields.iter().map(|f| Field::new(f.name.as_str().into(), f.ty.dtype())).collect();
    fields.push(Field::new(RECORD.into(), DataType::UInt64));
    let window = c.context.window.filter(|_| timed);
    let room = c.context.tables.room();
    let scan = Arc::new(Scan { table, schema: Arc::new(PolarsSchema::from_iter(fields)), window, room });
    let arguments = ScanArgsAnonymous { schema: Some(scan.schema.clone()), name: "evidence", ..Default::default() };
    let frame = LazyFrame::anonymous_scan(scan, arguments).map_err(|e| Diagnostic::error(e.to_string(), span))?;
    let names: Vec<polars::prelude::Expr> = columns.iter().map(|c| column(&c.name)).collect();
    let lineage = c.context.lineage.then(|| c.lineage.clone());
    let frame = frame.select(names.into_iter().chain(lineage.iter().map(|_| col(RECORD))).collect::<Vec<_>>());
    Ok(Relation { lineage, extensible: name == "AzureDiagnostics", ..Relation::new(frame, columns) })
}

/// Every table with rows whose name fits a pattern.
pub fn loaded(c: &Compiler<'_>, pattern: &Pattern) -> Vec<String> {
    let tables = c.context.tables.iter();
    let fitting = tables.filter(|(name, table)| pattern.matches(name) && table.rows() > 0);
    fitting.map(|(name, _)| name.to_owned()).collect()
}

/// A table of Defender's, read from the tables of a workspace.
fn view(c: &Compiler<'_>, view: &View, name: &str, span: Span) -> Compiled<Relation> {
    let bases: Vec<&str> = view.bases().collect();
    c.note(Diagnostic::note(format!("{name} is read from {}", bases.join(" and ")), span));
    let here = |mut problem: Diagnostic| {
        problem.span = Some(span);
        problem
    };
    let tree = crate::kql::parse(&view.query()).map_err(|problems| {
        here(problems.into_iter().next().unwrap_or_else(|| Diagnostic::plain("the table cannot be read")))
    })?;
    // What the view reads of its tables is not what the query reads.
    let before = c.usage.borrow().clone();
    let body = tree.body.as_ref().ok_or_else(|| Diagnostic::error("the table cannot be read", span))?;
    let mut relation = c.relation(body, &Env::default()).map_err(here)?;
    let mut usage = c.usage.borrow_mut();
    let tables = std::mem::take(&mut usage.tables);
    *usage = Usage { tables, ..before };
    let label: Arc<str> = name.into();
    for col in &mut relation.columns {
        col.table = Some(label.clone());
        col.hidden = col.name == "TimeGenerated";
    }
    Ok(relation)
}

/// Every known table whose name fits a pattern; only those with rows where any has.
pub fn matching(c: &Compiler<'_>, pattern: &Pattern) -> Vec<String> {
    let loaded = loaded(c, pattern);
    if !loaded.is_empty() {
        return loaded;
    }
    Schema::described().filter(|name| pattern.matches(name)).map(str::to_owned).collect()
}

/// Reads only the columns that the optimised plan asks for, and only the rows of the window.
struct Scan {
    table: Arc<Table>,
    schema: SchemaRef,
    window: Option<(i64, i64)>,
    /// Bytes of memory that the query may take.
    room: Option<u64>,
}

impl Scan {
    /// Refuses a plan that would not fit into memory, before it takes any.
    fn fits(&self, names: &[&str], rows: usize) -> PolarsResult<()> {
        let (needed, room) = (self.table.weight(names, rows), self.room.unwrap_or(u64::MAX));
        if needed <= room {
            return Ok(());
        }
        let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
        Err(PolarsError::ComputeError(
            format!(
                "{} columns and {rows} rows of {} would take about {} MiB, and --memory allows {} MiB; name the columns \
                 that are needed with `project`, look at a shorter time, or allow more with --memory",
                names.len(),
                self.table.schema().table,
                mebibytes(needed),
                mebibytes(room)
            )
            .into(),
        ))
    }
}

impl AnonymousScan for Scan {
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn scan(&self, options: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let rows = self.window.map(|(start, end)| self.table.within(start, end));
        let rows = rows.as_deref();
        let names: Vec<&str> = match &options.with_columns {
            Some(names) => names.iter().map(|name| name.as_str()).collect(),
            None => self.schema.iter_names().map(|name| name.as_str()).collect(),
        };
        self.fits(&names, rows.map_or(self.table.rows(), <[u32]>::len))?;
        let frame = self.table.frame(&names, rows)?;
        Ok(match options.n_rows {
            Some(rows) => frame.head(Some(rows)),
            None => frame,
        })
    }

    fn schema(&self, _: Option<usize>) -> PolarsResult<SchemaRef> {
        Ok(self.schema.clone())
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }
}

/// A relation of ready columns.
pub fn ready(
    c: &Compiler<'_>,
    columns: Vec<(Col, Vec<Value<'static>>)>,
    rows: usize,
    span: Span,
) -> Compiled<Relation> {
    let mut cols = Vec::new();
    let mut series = Vec::new();
    for (col, values) in columns {
        let mut collector = crate::kql::kernel::Collector::new(col.ty, rows);
        for value in values {
            let value = if col.ty == Type::String && value.is_null() { Value::text("") } else { value };
            collector.push(crate::kql::convert::cast(&value, col.ty));
        }
        series.push(collector.finish().with_name(col.name.as_str().into()).into_column());
        cols.push(col);
    }
    let frame = DataFrame::new(rows, series).map_err(|error| Diagnostic::error(error.to_string(), span))?;
    Ok(with_lineage(c, Relation::new(frame.lazy(), cols)))
}
