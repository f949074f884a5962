//! What a query runs against, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use polars::prelude::{AnyValue, DataFrame};

use super::Value;
use super::ast::Query;
use super::compiler::{Compiler, Env};
use super::places::Places;
use super::relation::Relation;
use crate::error::{Diagnostic, Diagnostics};
use crate::table::{Decimal, RecordId, Tables, Type};

/// A list that only the responder knows: the case file's `BreakGlass`, `VIP`, `TrustedNetworks`, ….
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watchlist {
    /// Column names; `SearchKey` is the first column's alias.
    pub columns: Vec<String>,
    /// Rows of text.
    pub rows: Vec<Vec<String>>,
}

impl Watchlist {
    /// A list of one column, `SearchKey`.
    pub fn of(values: impl IntoIterator<Item = String>) -> Watchlist {
        Watchlist { columns: vec!["SearchKey".into()], rows: values.into_iter().map(|value| vec![value]).collect() }
    }
}

/// What a query runs against.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// The evidence.
    pub tables: &'a Tables,
    /// What `now()` answers, in ticks: the evidence's last event, the end of a replay step, or `--as-of`.
    pub now: i64,
    /// Only rows whose TimeGenerated lies in `(start, end]`, in ticks; rows without a time are kept.
    pub window: Option<(i64, i64)>,
    /// Lists by name, for `_GetWatchlist`.
    pub watchlists: &'a BTreeMap<String, Watchlist>,
    /// Values that replace a top-level `let` of that name: thresholds of the case file, as KQL text.
    pub thresholds: &'a BTreeMap<String, String>,
    /// Where addresses are, for `geo_info_from_ip_address`.
    pub places: Option<Arc<Places>>,
    /// Whether every answer row names the records it was made from. Costs time; off for a first pass.
    pub lineage: bool,
}

/// What a query answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Column names and types, in order.
    pub columns: Vec<(String, Type)>,
    /// The rows, one polars column a KQL column.
    pub frame: DataFrame,
    /// With [`Context::lineage`]: the records each row was made from, in order and without repetition.
    pub origins: Vec<Vec<RecordId>>,
    /// Accepted, but worth saying.
    pub notes: Diagnostics,
}

/// What a query reads, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tables.
    pub tables: BTreeSet<String>,
    /// Columns of these tables: `(table, column)`.
    pub columns: BTreeSet<(String, String)>,
    /// Functions, operators' plugins included.
    pub functions: BTreeSet<String>,
    /// Watchlists, and [`super::PLACES`] where the database of places is asked.
    pub watchlists: BTreeSet<String>,
    /// Whether the answer can depend on where a window begins or ends: aggregates, joins, sorts, `now()`.
    pub windowed: bool,
}

impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.frame.height()
    }

    /// One cell.
    pub fn cell(&self, row: usize, column: usize) -> Value<'_> {
        let Some((_, ty)) = self.columns.get(column) else { return Value::Null };
        let Some(cell) = self.frame.columns().get(column).and_then(|c| c.get(row).ok()) else { return Value::Null };
        match (cell, ty) {
            (AnyValue::Boolean(v), _) => Value::Bool(v),
            (AnyValue::Int64(v), Type::Datetime) => Value::Datetime(v),
            (AnyValue::Int64(v), Type::Timespan) => Value::Timespan(v),
            (AnyValue::Int64(v), _) => Value::Long(v),
            (AnyValue::Float64(v), _) => Value::Real(v),
            (AnyValue::String(v), Type::Guid) => Value::Guid(v.into()),
            (AnyValue::String(v), Type::Dynamic) => Value::Dynamic(v.into()),
            (AnyValue::String(v), Type::Decimal) => Decimal::from_key(v).map_or(Value::Null, Value::Decimal),
            (AnyValue::String(v), _) => Value::String(v.into()),
            (AnyValue::StringOwned(v), ty) => match ty {
                Type::Guid => Value::Guid(v.to_string().into()),
                Type::Dynamic => Value::Dynamic(v.to_string().into()),
                Type::Decimal => Decimal::from_key(&v).map_or(Value::Null, Value::Decimal),
                _ => Value::String(v.to_string().into()),
            },
            (_, Type::String) => Value::String("".into()),
            _ => Value::Null,
        }
    }

    /// Position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }
}

/// Compiles and runs a query.
///
/// # Errors
/// Every problem found in the text, or the one that stopped its execution, with spans into `query`.
pub fn run(query: &str, context: &Context<'_>) -> Result<Answer, Diagnostics> {
    run_tree(&super::parse(query)?, context)
}

/// Compiles and runs a query that is parsed already.
///
/// # Errors
/// Every problem found, or the one that stopped its execution, with spans into the text that was parsed.
pub fn run_tree(query: &Query, context: &Context<'_>) -> Result<Answer, Diagnostics> {
    let (compiler, relation) = compile(query, context)?;
    let visible: Vec<String> = relation.columns.iter().filter(|col| !col.hidden).map(|col| col.name.clone()).collect();
    let relation = relation.keep(&visible);
    let mut frame = relation
        .frame
        .clone()
        .collect()
        .map_err(|error| vec![Diagnostic::plain(format!("the query failed while it ran: {error}"))])?;
    let origins = relation.lineage.as_ref().map(|lineage| lineage.records(&mut frame)).transpose();
    let origins = origins.map_err(|error| vec![Diagnostic::plain(error.to_string())])?.unwrap_or_default();
    let columns = relation.columns.iter().map(|col| (col.name.clone(), col.ty)).collect();
    Ok(Answer { columns, frame, origins, notes: compiler.notes.into_inner() })
}

fn compile<'a>(tree: &Query, context: &'a Context<'a>) -> Result<(Compiler<'a>, Relation), Diagnostics> {
    let compiler = Compiler::new(context);
    let relation = compiler.statements(tree, &Env::default(), true).and_then(|env| match &tree.body {
        Some(body) => compiler.relation(body, &env),
        None => Err(Diagnostic::plain("the query asks for nothing").help("end it with a table or a `print`")),
    });
    let mut problems = compiler.problems.take();
    match relation {
        Ok(relation) if problems.is_empty() => Ok((compiler, relation)),
        Ok(_) => Err(problems),
        Err(problem) => {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            Err(problems)
        }
    }
}

/// Compiles a query without running it and tells what it reads.
///
/// # Errors
/// Every problem found in the text, with spans into `query`.
pub fn check(query: &str, context: &Context<'_>) -> Result<Usage, Diagnostics> {
    let (compiler, _) = compile(&super::parse(query)?, context)?;
    let mut usage = compiler.usage.into_inner();
    super::views::resolve(&mut usage);
    Ok(usage)
}
