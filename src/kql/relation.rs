//! A tabular value while a query is compiled: a lazy frame and what KQL knows of its columns.

use std::sync::Arc;

use polars::prelude::{Expr, LazyFrame, PlSmallStr};

use super::lineage::Lineage;
use crate::table::{RECORD, Type};

/// A column of a relation. Its name is the name of the polars column, too.
#[derive(Debug, Clone, PartialEq)]
pub struct Col {
    /// Case-sensitive name.
    pub name: String,
    /// Kusto type.
    pub ty: Type,
    /// The evidence table it comes from unchanged, for the account of what a query reads.
    pub table: Option<Arc<str>>,
    /// Workspace columns such as `_BilledSize`, which an answer shows only when they are asked for.
    pub hidden: bool,
}

impl Col {
    /// A computed column.
    pub fn new(name: impl Into<String>, ty: Type) -> Col {
        Col { name: name.into(), ty, table: None, hidden: false }
    }
}

/// A lazy frame and its KQL columns. Columns whose name begins with `#` are the engine's own.
#[derive(Clone)]
pub struct Relation {
    /// The plan.
    pub frame: LazyFrame,
    /// Columns in order.
    pub columns: Vec<Col>,
    /// Whether row order means something: after sort, top, range, serialize.
    pub ordered: bool,
    /// Hidden columns whose values split the rows: the subquery of `mv-apply` and `partition` runs once for each.
    pub groups: Vec<String>,
    /// Where [`RECORD`] is carried: what its numbers mean.
    pub lineage: Option<Lineage>,
    /// Whether columns may exist that are not known before the data is seen (`bag_unpack`): an unknown name is null.
    pub open: bool,
    /// Whether the rows come from a table to which a workspace adds columns as it meets them: see [`added`].
    pub extensible: bool,
    /// The name that `as` has just given these rows: the operator right behind it tells them apart by it.
    pub called: Option<String>,
}

/// The type of a column that a workspace adds to AzureDiagnostics when a resource sends a new field: told by its
/// suffix (<https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics>).
pub fn added(name: &str) -> Option<Type> {
    match name.rsplit_once('_') {
        Some((stem, suffix)) if !stem.is_empty() => Some(match suffix {
            "s" => Type::String,
            "g" => Type::Guid,
            "d" => Type::Real,
            "b" => Type::Bool,
            "t" => Type::Datetime,
            _ => return None,
        }),
        // Sent by Automation and by application gateways; types of the list of tables name them only with a suffix.
        None if name == "Message" => Some(Type::String),
        _ => None,
    }
}

/// A column by its exact name; polars' own constructor reads `^…$` and `*` as patterns.
pub fn column(name: &str) -> Expr {
    Expr::Column(PlSmallStr::from_str(name))
}

impl Relation {
    /// A relation of these columns.
    pub fn new(frame: LazyFrame, columns: Vec<Col>) -> Relation {
        Relation {
            frame,
            columns,
            ordered: false,
            groups: Vec::new(),
            lineage: None,
            open: false,
            extensible: false,
            called: None,
        }
    }

    /// A column by name.
    pub fn find(&self, name: &str) -> Option<&Col> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A column as a query may call it: Defender says `Timestamp` where the workspace says TimeGenerated.
    pub fn called(&self, name: &str) -> Option<&Col> {
        let alias = || (name == "Timestamp").then(|| self.find("TimeGenerated")).flatten();
        self.find(name).or_else(alias)
    }

    /// Whether a column that is not here may still be meant: it is null then.
    pub fn may_have(&self, name: &str) -> Option<Type> {
        if self.open {
            return Some(Type::Dynamic);
        }
        added(name).filter(|_| self.extensible)
    }

    /// Names of the engine's own columns that every operator must carry along.
    pub fn carried(&self) -> Vec<String> {
        let mut names = self.groups.clone();
        if self.lineage.is_some() {
            names.push(RECORD.to_owned());
        }
        names
    }

    /// The group columns as expressions.
    pub fn group_keys(&self) -> Vec<Expr> {
        self.groups.iter().map(|name| column(name)).collect()
    }

    /// The same rows with these columns in this order, computed by these expressions.
    ///
    /// Computes first and selects by name afterwards, so that constants take the height of the frame.
    pub fn with(self, computed: Vec<(Expr, Col)>) -> Relation {
        let carried = self.carried();
        // Two steps through hidden names: an expression may read a column that another one replaces.
        let hidden: Vec<Expr> =
            computed.iter().enumerate().map(|(i, (expr, _))| expr.clone().alias(format!("#c{i}"))).collect();
        let renamed =
            computed.iter().enumerate().map(|(i, (_, col))| column(&format!("#c{i}")).alias(col.name.as_str()));
        let select: Vec<Expr> = renamed.chain(carried.iter().map(|name| column(name))).collect();
        let frame = self.frame.clone().with_columns(hidden).select(select);
        Relation { frame, columns: computed.into_iter().map(|(_, col)| col).collect(), ..self }
    }

    /// The same rows with these columns added or replaced in place.
    pub fn extend(self, computed: Vec<(Expr, Col)>) -> Relation {
        let expressions: Vec<Expr> = computed.iter().map(|(expr, col)| expr.clone().alias(col.name.as_str())).collect();
        let mut columns = self.columns.clone();
        for (_, col) in computed {
            match columns.iter_mut().find(|known| known.name == col.name) {
                Some(known) => *known = col,
                None => columns.push(col),
            }
        }
        Relation { frame: self.frame.clone().with_columns(expressions), columns, ..self }
    }

    /// The columns with these names, unchanged, in this order.
    pub fn keep(self, names: &[String]) -> Relation {
        let carried = self.carried();
        let select: Vec<Expr> = names.iter().chain(&carried).map(|name| column(name)).collect();
        let columns = names.iter().filter_map(|name| self.find(name).cloned()).collect();
        Relation { frame: self.frame.clone().select(select), columns, ..self }
    }

    /// `name`, or the first of `name1`, `name2`, … that no column has.
    pub fn fresh(&self, name: &str) -> String {
        fresh(name, |candidate| self.find(candidate).is_some())
    }
}

/// `name`, or the first of `name1`, `name2`, … that is not taken.
pub fn fresh(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    (1..).map(|n| format!("{name}{n}")).find(|candidate| !taken(candidate)).unwrap_or_default()
}
