//! What the language knows of tables: types and times.

#[path = "../../../src/table/decimal.rs"]
mod decimal;
#[path = "../../../src/table/time.rs"]
pub mod time;
#[path = "../../../src/table/types.rs"]
mod types;

pub use decimal::Decimal;
pub use types::*;
