//! Tables under the Azure Monitor schema, held as columns.
//!
//! This layer knows types, schemas and columns; it knows nothing of exports or of KQL, and both meet here.

mod column;
mod decimal;
mod once;
mod rows;
mod schema;
mod spool;
mod tables;
mod text;
pub mod time;
mod types;

pub use column::{Builder, Cell, Column};
pub use decimal::Decimal;
pub use once::Once;
pub use schema::{Field, Schema};
pub use spool::Spool;
pub use tables::{RECORD, RecordId, Shape, Table, TableBuilder, Tables};
pub use types::{MAX_TICKS, MIN_TICKS, TICKS_PER_SECOND, Type, UNIX_EPOCH_TICKS};
