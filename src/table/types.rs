//! The ten scalar types of Kusto and how each is held in a column.

use polars::prelude::DataType;

/// Ticks of 100 ns in a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// 1970-01-01 in ticks since 0001-01-01.
pub const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
/// 0001-01-01T00:00:00, the first instant of `datetime`.
pub const MIN_TICKS: i64 = 0;
/// 9999-12-31T23:59:59.9999999, the last instant of `datetime`.
pub const MAX_TICKS: i64 = 3_155_378_975_999_999_999;

/// A scalar type of Kusto
/// (<https://learn.microsoft.com/kusto/query/scalar-data-types/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// True, false or null.
    Bool,
    /// 32-bit integer; held in 64 bits.
    Int,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point.
    Real,
    /// Kusto's 128-bit decimal; held as text in the order of the numbers ([`super::Decimal`]).
    Decimal,
    /// Text. Never null: a missing string is the empty string.
    String,
    /// 100 ns ticks since 0001-01-01 UTC.
    Datetime,
    /// 100 ns ticks.
    Timespan,
    /// Held as text in lower case.
    Guid,
    /// JSON text; dynamic null is a null cell.
    Dynamic,
}

impl Type {
    /// All types, in the order of the language reference.
    pub const ALL: [Type; 10] = [
        Type::Bool,
        Type::Datetime,
        Type::Decimal,
        Type::Dynamic,
        Type::Guid,
        Type::Int,
        Type::Long,
        Type::Real,
        Type::String,
        Type::Timespan,
    ];

    /// The type's name in KQL; also the suffix that `union` gives to columns whose types clash.
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::Decimal => "decimal",
            Type::String => "string",
            Type::Datetime => "datetime",
            Type::Timespan => "timespan",
            Type::Guid => "guid",
            Type::Dynamic => "dynamic",
        }
    }

    /// Reads a type name, the language's aliases included.
    ///
    /// ```
    /// use entrail::table::Type;
    /// assert_eq!(Type::parse("double"), Some(Type::Real));
    /// assert_eq!(Type::parse("blob"), None);
    /// ```
    pub fn parse(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "int" | "int32" => Type::Int,
            "long" | "int64" => Type::Long,
            "real" | "double" => Type::Real,
            "decimal" => Type::Decimal,
            "string" => Type::String,
            "datetime" | "date" => Type::Datetime,
            "timespan" | "time" => Type::Timespan,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            "dynamic" => Type::Dynamic,
            _ => return None,
        })
    }

    /// The polars type that holds it.
    pub fn dtype(self) -> DataType {
        match self {
            Type::Bool => DataType::Boolean,
            Type::Int | Type::Long | Type::Datetime | Type::Timespan => DataType::Int64,
            Type::Real => DataType::Float64,
            Type::String | Type::Guid | Type::Dynamic | Type::Decimal => DataType::String,
        }
    }

    /// Whether arithmetic applies: int, long, real, decimal.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real | Type::Decimal)
    }

    /// The .NET type that `getschema` reports.
    pub fn dotnet(self) -> &'static str {
        match self {
            Type::Bool => "System.SByte",
            Type::Int => "System.Int32",
            Type::Long => "System.Int64",
            Type::Real => "System.Double",
            Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
            Type::String => "System.String",
            Type::Datetime => "System.DateTime",
            Type::Timespan => "System.TimeSpan",
            Type::Guid => "System.Guid",
            Type::Dynamic => "System.Object",
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
