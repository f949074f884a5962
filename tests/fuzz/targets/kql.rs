//! The front half of the language, without the engine behind it.

#[path = "../../../src/kql/ast.rs"]
pub mod ast;
#[path = "../../../src/kql/catalog/mod.rs"]
pub mod catalog;
#[path = "../../../src/kql/convert.rs"]
pub mod convert;
#[path = "../../../src/kql/lex.rs"]
pub mod lex;
#[path = "../../../src/kql/parse/mod.rs"]
mod parse;
#[path = "../../../src/kql/print.rs"]
pub mod print;
#[path = "../../../src/kql/value.rs"]
mod value;

pub use parse::parse;
pub use value::{Value, real, undress};
