//! What the language consists of besides functions: operators, statements, the words between two values, tabular
//! functions and plugins. Declared once: the parser knows a keyword by this table, a refusal takes its words from it,
//! and `entrail explain` and the reference pages show it.

mod operators;
mod plugins;
mod statements;
mod words;

pub use operators::OPERATORS;
pub use plugins::PLUGINS;
pub use statements::{SOURCES, STATEMENTS};
pub use words::WORDS;

/// A part of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Name; other spellings after it.
    pub names: &'static [&'static str],
    /// How it is written.
    pub usage: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Whether it runs here.
    pub status: Status,
}

/// Whether a part of the language runs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    In,
    /// It is read and changes nothing; why that is right.
    NoEffect(&'static str),
    /// It is an error: why it cannot run here.
    Refused {
        /// What it needs, or why not.
        reason: &'static str,
        /// What to do instead.
        help: &'static str,
    },
}

const fn known(names: &'static [&'static str], usage: &'static str, summary: &'static str) -> Entry {
    Entry { names, usage, summary, status: Status::In }
}

const fn ignored(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    why: &'static str,
) -> Entry {
    Entry { names, usage, summary, status: Status::NoEffect(why) }
}

const fn refused(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    reason: &'static str,
    help: &'static str,
) -> Entry {
    Entry { names, usage, summary, status: Status::Refused { reason, help } }
}

/// Kinds of parts with their title, as the reference and `entrail explain` name them.
pub const KINDS: [(&str, &[Entry]); 5] = [
    ("operator", OPERATORS),
    ("statement", STATEMENTS),
    ("tabular function", SOURCES),
    ("scalar operator", WORDS),
    ("plugin", PLUGINS),
];

/// The entry of a table that has this name.
pub fn find(table: &'static [Entry], name: &str) -> Option<&'static Entry> {
    table.iter().find(|entry| entry.names.contains(&name))
}

/// Every name of a table, other spellings included.
pub fn names(table: &'static [Entry]) -> impl Iterator<Item = &'static str> {
    table.iter().flat_map(|entry| entry.names.iter().copied())
}

#[cfg(test)]
mod tests {
    /// Two entries of one name would hide one of them.
    #[test]
    fn every_name_is_declared_once() {
        for (kind, table) in super::KINDS {
            let mut names: Vec<&str> = super::names(table).collect();
            names.sort_unstable();
            let repeated: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(repeated.is_empty(), "{kind}: {repeated:?}");
        }
    }
}
