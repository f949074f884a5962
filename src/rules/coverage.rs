//! What the pack is to look for, and what no export can show: `queries/coverage.toml`.
//!
//! Rules name the detections that they cover in their `tags`, so that a rule and what it is for stand in one file.

use serde::Deserialize;

/// The file is built in as the rules are.
const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/queries/coverage.toml"));

/// The list of detections and of what is not observable, each in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// What an incident response looks for.
    #[serde(rename = "detection")]
    pub detections: Vec<Detection>,
    /// What happens without a trace in any export.
    pub not_observable: Vec<NotObservable>,
}

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detection {
    /// A letter and two digits, as rules write it in their `tags`.
    pub id: String,
    /// What it is, in a few words.
    pub name: String,
    /// Where no rule can cover it: why, and what stands for it.
    pub otherwise: Option<String>,
}

/// Something that exports do not show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotObservable {
    /// What it is, in a few words.
    pub what: String,
    /// Why it cannot be seen, and where to look instead.
    pub why: String,
}

/// The list that is built in. A test holds the file to what this reads.
pub fn coverage() -> Coverage {
    toml::from_str(TEXT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a broken list stops the test

    use super::{Coverage, TEXT, coverage};

    #[test]
    fn the_list_can_be_read() {
        let read: Coverage = toml::from_str(TEXT).unwrap();
        assert_eq!(read, coverage());
        assert_eq!(read.detections.len(), 146);
        assert!(read.not_observable.iter().any(|unseen| unseen.what == "Custom mail forms"));
    }
}
