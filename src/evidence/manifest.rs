//! The chain of custody: every piece of evidence with its hash and what became of its records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One file, or one member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Entry {
    /// Path relative to the evidence argument, with `/`; a member of an archive follows after `!`.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Export shape it was recognised as; none where it is not ours.
    pub format: Option<String>,
    /// Why it was recognised so, or why not.
    pub reason: String,
    /// Rows kept per table; none of a table whose rows are all copies of others.
    pub tables: BTreeMap<String, u64>,
    /// Records read.
    pub records: u64,
    /// Records loaded; one that feeds two tables counts once.
    pub loaded: u64,
    /// Records left out because an equal or richer copy was loaded.
    pub duplicates: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// What a reader should know: rejected records with number and field, repairs, export caps, truncation.
    pub warnings: Vec<String>,
}

impl Entry {
    /// Whether every record is accounted for.
    pub fn balanced(&self) -> bool {
        self.records == self.loaded + self.duplicates + self.rejected
    }
}

/// All evidence of a case, in order of path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Manifest {
    /// Name and version of the program that wrote it.
    pub program: String,
    /// Evidence in the order that record ids refer to.
    pub evidence: Vec<Entry>,
    /// Further sources of a kept record: `(evidence, record)` of the duplicate → of the kept one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<((u32, u64), (u32, u64))>,
}
