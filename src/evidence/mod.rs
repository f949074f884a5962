//! Evidence: files, what is inside them, and the ledger that accounts for every record.
//!
//! This layer knows files, archives, encodings and where a record begins and ends; it does not know what a record
//! means.

mod archive;
mod carrier;
mod chunks;
mod encoding;
mod first;
mod json;
mod manifest;
mod raw;
mod records;
mod scan;
mod strict;
mod verify;
mod walk;

pub use archive::{Container, Opened, Part, open};
pub use chunks::{Chunk, Chunks, Digested, Layout, Limits, decode};
pub use json::{Facts, prefix};
pub use manifest::{Entry, Manifest};
pub use raw::raw;
pub use records::{Item, Passed, each};
pub use strict::{Field, string};
pub use verify::{Check, verify};
pub use walk::{Found, Source, walk};

/// Bytes as lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
