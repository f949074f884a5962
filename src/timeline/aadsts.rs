//! What the result codes of sign-ins mean.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// Meanings by code, in own words; codes and symbols from Microsoft's reference of authentication error codes.
const CLASSES: &str = include_str!("../table/reference/aadsts_class.json");

#[derive(Deserialize, Default)]
struct File {
    codes: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    group: String,
    meaning: Option<String>,
}

static CODES: LazyLock<BTreeMap<String, Entry>> =
    LazyLock::new(|| serde_json::from_str::<File>(CLASSES).unwrap_or_default().codes);

/// How a sign-in ended, as far as a reader of a picture wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Signed in.
    Success,
    /// A step of a normal flow, or a second factor that was asked for: the password was right.
    Interrupted,
    /// Refused.
    Failure,
}

impl Group {
    /// The three groups, best first.
    pub const ALL: [Group; 3] = [Group::Success, Group::Interrupted, Group::Failure];

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Group::Success => "success",
            Group::Interrupted => "interrupted",
            Group::Failure => "failure",
        }
    }
}

/// The group of a result code; a code that is not known is a failure.
pub fn group(code: &str) -> Group {
    match CODES.get(code).map(|entry| entry.group.as_str()) {
        Some("ok") => Group::Success,
        Some("int") => Group::Interrupted,
        // These three ask for the second factor and say nothing of its outcome.
        _ if matches!(code, "50072" | "50074" | "50076" | "50079") => Group::Interrupted,
        _ if code == "0" => Group::Success,
        _ => Group::Failure,
    }
}

/// What a result code means, in a few words.
///
/// ```
/// assert!(entrail::timeline::meaning("50126").is_some());
/// assert!(entrail::timeline::meaning("no code").is_none());
/// ```
pub fn meaning(code: &str) -> Option<&'static str> {
    CODES.get(code).and_then(|entry| entry.meaning.as_deref())
}
