//! The scalar functions, each declared once: name, signature, documentation, examples and body stand together,
//! and help text, generated documentation, tests and the compiler read the same declaration.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Value;
use super::compiler::{Call, Compiled};
pub use super::kernel::Accepts;
use super::kernel::Kernel;
use super::scalar::Scalar;
use crate::table::Type;

mod arguments;
mod array_order;
mod arrays;
mod bags;
mod bins;
mod bits;
mod calendar;
mod codepoints;
mod conversion;
mod date_parts;
mod encoding;
mod extract;
mod format_time;
mod geodesy;
mod geohash;
mod hash;
mod ip_text;
mod ipv4;
mod ipv6;
mod jsonpath;
mod logic;
mod math;
mod numbers;
mod patterns;
mod pieces;
mod records;
mod series;
mod series_decompose;
mod series_fit;
mod series_parts;
mod series_shape;
mod session;
mod sets;
mod shapes;
mod sizes;
mod sketches;
mod special;
mod strings;
mod units;
mod url;
mod useragent;
mod window;
mod wkt;
mod xml;
mod zones;

/// Every family of functions. A new family is one file and one line here.
const FAMILIES: &[&[Function]] = &[
    array_order::FUNCTIONS,
    arrays::FUNCTIONS,
    bags::FUNCTIONS,
    bins::FUNCTIONS,
    bits::FUNCTIONS,
    calendar::FUNCTIONS,
    codepoints::FUNCTIONS,
    conversion::FUNCTIONS,
    date_parts::FUNCTIONS,
    encoding::FUNCTIONS,
    extract::FUNCTIONS,
    format_time::FUNCTIONS,
    geodesy::FUNCTIONS,
    geohash::FUNCTIONS,
    hash::FUNCTIONS,
    ip_text::FUNCTIONS,
    ipv4::FUNCTIONS,
    ipv6::FUNCTIONS,
    jsonpath::FUNCTIONS,
    logic::FUNCTIONS,
    math::FUNCTIONS,
    numbers::FUNCTIONS,
    patterns::FUNCTIONS,
    pieces::FUNCTIONS,
    records::FUNCTIONS,
    series::FUNCTIONS,
    series_decompose::FUNCTIONS,
    series_fit::FUNCTIONS,
    series_shape::FUNCTIONS,
    session::FUNCTIONS,
    sets::FUNCTIONS,
    shapes::FUNCTIONS,
    sizes::FUNCTIONS,
    sketches::FUNCTIONS,
    special::FUNCTIONS,
    strings::FUNCTIONS,
    units::FUNCTIONS,
    url::FUNCTIONS,
    useragent::FUNCTIONS,
    window::FUNCTIONS,
    wkt::FUNCTIONS,
    xml::FUNCTIONS,
    zones::FUNCTIONS,
];

/// A scalar function.
pub struct Function {
    /// Name; aliases after it.
    pub names: &'static [&'static str],
    /// How it is called: `substring(source, start [, length])`.
    pub usage: &'static str,
    /// What it gives, in one sentence.
    pub summary: &'static str,
    /// What each argument is turned into.
    pub takes: &'static [Accepts],
    /// How many of the last arguments may be left out.
    pub optional: usize,
    /// Further arguments of this kind, any number.
    pub rest: Option<Accepts>,
    /// Type of the result.
    pub gives: Gives,
    /// How a column is named that holds the result and got no name.
    pub naming: Naming,
    /// What it does.
    pub body: Body,
    /// Expressions and what `print` shows for them; they run as tests.
    pub examples: &'static [(&'static str, &'static str)],
}

impl Function {
    /// What a declaration leaves out.
    pub const NEW: Function = Function {
        names: &[],
        usage: "",
        summary: "",
        takes: &[],
        optional: 0,
        rest: None,
        gives: Gives::Type(Type::String),
        naming: Naming::None,
        body: Body::Values(|_| Value::Null),
        examples: &[],
    };
}

/// Type of a function's result.
pub enum Gives {
    /// Always this.
    Type(Type),
    /// That of the argument at this position.
    Argument(usize),
    /// The type that holds all arguments from this position on.
    Common(usize),
}

/// Name of an unnamed result (Kusto's rule, `traps` of column naming).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `Column1`, `print_0`.
    None,
    /// That of the first argument: `tostring(x)` is `x`.
    First,
    /// `function_argument`: `strlen_x`.
    Prefixed,
    /// A word of its own and the argument: `tree_x`.
    Called(&'static str),
    /// Always this name.
    Fixed(&'static str),
    /// What the body gave its result.
    Own,
}

/// What a function does.
pub enum Body {
    /// Maps the values of a row to a value.
    Values(for<'a> fn(&[Value<'a>]) -> Value<'a>),
    /// Prepares the mapping from what is constant, as when a regular expression is compiled once.
    Prepared(fn(&Call<'_, '_>) -> Compiled<Kernel>),
    /// Builds the expression itself.
    Scalar(fn(&Call<'_, '_>) -> Compiled<Scalar>),
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| all().flat_map(|function| function.names.iter().map(move |name| (*name, function))).collect());

/// Every function, family by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// A function by name or alias.
pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    /// Two entries of one name would hide one of them.
    #[test]
    fn every_name_is_declared_once() {
        let mut names: Vec<&str> = super::all().flat_map(|function| function.names.iter().copied()).collect();
        names.sort_unstable();
        let repeated: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(repeated.is_empty(), "{repeated:?}");
    }
}
