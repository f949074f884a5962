//! Evidence: files, what is inside them, and the ledger that accounts for every record.

mod manifest;

pub use manifest::{Entry, Manifest};
