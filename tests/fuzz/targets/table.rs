//! What the language knows of tables: types and times.

#[path = "../../../src/table/time.rs"]
pub mod time;
#[path = "../../../src/table/types.rs"]
mod types;

pub use types::*;
