//! The operators between two values.

use super::{Entry, known};

/// Every scalar operator; `!` before a word negates it.
pub const WORDS: &[Entry] = &[
    known(&["+", "-", "*", "/", "%"], "a + b", "arithmetic; whole numbers divide to whole numbers"),
    known(&["==", "!=", "<>"], "a == b", "equal or not; text with case"),
    known(&["=~", "!~"], "a =~ b", "equal or not; text without case"),
    known(&["<", "<=", ">", ">="], "a < b", "before or after"),
    known(&["and"], "a and b", "true when both are"),
    known(&["or"], "a or b", "true when one is"),
    known(&["between", "!between"], "x between (low .. high)", "within two ends, both included"),
    known(&["in", "!in"], "x in (a, b, …)", "one of a list, an array or a table's first column; text with case"),
    known(&["in~", "!in~"], "x in~ (a, b, …)", "as in, text without case"),
    known(
        &["has", "!has"],
        "text has \"term\"",
        "holds a whole term: letters and digits up to the next other character",
    ),
    known(&["has_cs", "!has_cs"], "text has_cs \"term\"", "as has, with case"),
    known(&["has_any", "!has_any"], "text has_any (\"a\", \"b\")", "holds one of several terms"),
    known(&["has_all", "!has_all"], "text has_all (\"a\", \"b\")", "holds all of several terms"),
    known(&["hasprefix", "!hasprefix"], "text hasprefix \"ter\"", "holds a term that begins so"),
    known(&["hasprefix_cs", "!hasprefix_cs"], "text hasprefix_cs \"ter\"", "as hasprefix, with case"),
    known(&["hassuffix", "!hassuffix"], "text hassuffix \"erm\"", "holds a term that ends so"),
    known(&["hassuffix_cs", "!hassuffix_cs"], "text hassuffix_cs \"erm\"", "as hassuffix, with case"),
    known(&["contains", "!contains"], "text contains \"er\"", "holds a text anywhere"),
    known(&["contains_cs", "!contains_cs"], "text contains_cs \"er\"", "as contains, with case"),
    known(&["startswith", "!startswith"], "text startswith \"ter\"", "begins so"),
    known(&["startswith_cs", "!startswith_cs"], "text startswith_cs \"ter\"", "as startswith, with case"),
    known(&["endswith", "!endswith"], "text endswith \"erm\"", "ends so"),
    known(&["endswith_cs", "!endswith_cs"], "text endswith_cs \"erm\"", "as endswith, with case"),
    known(&["matches regex"], "text matches regex @\"^a+$\"", "holds a match of a regular expression"),
];
