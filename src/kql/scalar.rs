//! Scalar expressions as polars expressions with a Kusto type.

use polars::prelude::{DataType, Expr as Plan, LiteralValue, NULL, lit};

use super::Value;
use super::relation::column;
use crate::table::Type;

/// A compiled scalar expression.
#[derive(Debug, Clone)]
pub struct Scalar {
    /// The polars expression; its column has the physical type of `ty`.
    pub expr: Plan,
    /// Kusto type.
    pub ty: Type,
    /// Its value, when it depends on no row.
    pub constant: Option<Value<'static>>,
    /// The name a column takes that holds it and was given none.
    pub name: Option<String>,
    /// Several columns at once, as `series_stats` gives: suffix of the name and value. Empty for a plain value.
    pub parts: Vec<(String, Scalar)>,
}

impl Scalar {
    /// A constant.
    pub fn literal(value: Value<'static>, ty: Type) -> Scalar {
        let value = if ty == Type::Decimal { value.as_decimal().map_or(Value::Null, Value::Decimal) } else { value };
        let expr = match &value {
            Value::Null if ty == Type::String => lit(""),
            Value::Null => lit(NULL).cast(ty.dtype()),
            Value::Bool(v) => lit(*v),
            // Polars' bare literals have no width of their own and would take that of their surroundings.
            Value::Long(v) if ty.dtype() == DataType::Float64 => lit(*v as f64).cast(DataType::Float64),
            Value::Long(v) | Value::Datetime(v) | Value::Timespan(v) => lit(*v).cast(DataType::Int64),
            Value::Real(v) => lit(*v).cast(DataType::Float64),
            Value::Decimal(v) => lit(v.key()),
            Value::String(v) | Value::Guid(v) | Value::Dynamic(v) => lit(v.to_string()),
        };
        let value = if value.is_null() && ty == Type::String { Value::text("") } else { value };
        Scalar { expr, ty, constant: Some(value), name: None, parts: Vec::new() }
    }

    /// A typed null; for string the empty string.
    pub fn null(ty: Type) -> Scalar {
        Scalar::literal(Value::Null, ty)
    }

    /// A column of the input.
    pub fn column(name: &str, ty: Type) -> Scalar {
        Scalar { expr: column(name), ty, constant: None, name: Some(name.to_owned()), parts: Vec::new() }
    }

    /// Something that depends on the row.
    pub fn computed(expr: Plan, ty: Type) -> Scalar {
        Scalar { expr, ty, constant: None, name: None, parts: Vec::new() }
    }

    /// The same with another name.
    pub fn named(mut self, name: Option<String>) -> Scalar {
        self.name = name;
        self
    }

    /// Whether it is a constant null; an empty string is not.
    pub fn is_null(&self) -> bool {
        matches!(self.constant, Some(Value::Null))
            || matches!(&self.expr, Plan::Literal(LiteralValue::Scalar(s)) if s.is_null())
    }

    /// The text of a constant string.
    pub fn as_text(&self) -> Option<&str> {
        match &self.constant {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}
