//! Several queries in one file, as published collections have them: a query for each portal, one after the other.
//!
//! The portals run the query that the cursor stands in and take a blank line for its end. So a file that is no query
//! as a whole is cut where a new one begins, behind a blank line or a semicolon, if every part is one.

use std::ops::Range;

use crate::kql;

/// The parts of a text that are queries of their own, in order; the whole text unless it can be cut.
pub(super) fn queries(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    while let Some(part) = text.get(start..) {
        let Err(problems) = kql::parse(part) else {
            parts.push(start..text.len());
            return parts;
        };
        let end = problems.iter().filter_map(|problem| problem.span).find_map(|span| cut(part, span.start));
        let Some(end) = end.filter(|end| part.get(..*end).is_some_and(|query| kql::parse(query).is_ok())) else {
            break;
        };
        parts.push(start..start + end);
        start += end;
    }
    Vec::from([Range { start: 0, end: text.len() }])
}

/// Where the query ends before the one that begins at `at`: behind what stands before the last comments and blank
/// lines. None where nothing parts them.
fn cut(text: &str, at: usize) -> Option<usize> {
    let before = text.get(..at)?;
    if !before.rsplit('\n').next()?.trim().is_empty() {
        return None;
    }
    let mut end = before.len();
    let mut blank = false;
    for line in before.split_inclusive('\n').rev() {
        let written = line.trim();
        blank |= written.is_empty() && line.ends_with('\n');
        if !written.is_empty() && !written.starts_with("//") {
            // A comment that follows on the query's last lines stays with it.
            let parted = blank || written.ends_with(';');
            return (parted && end > 0).then_some(end);
        }
        end -= line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::queries;

    fn parts(text: &str) -> Vec<&str> {
        queries(text).into_iter().filter_map(|part| text.get(part)).collect()
    }

    #[test]
    fn a_blank_line_parts_queries() {
        let text = "// one\nT\n\n| take 1\n\n// two\nlet n = 2;\nU | take n\n";
        assert_eq!(parts(text), ["// one\nT\n\n| take 1\n", "\n// two\nlet n = 2;\nU | take n\n"]);
        assert_eq!(parts("T | take 1;\nU | take 2;\n\nV"), ["T | take 1;\n", "U | take 2;\n", "\nV"]);
    }

    #[test]
    fn what_is_no_row_of_queries_stays_whole() {
        for text in ["T | take 1", "T\nU", "T\n\nwhere x == 1", "T | take\n\nU", "", "T | where (\n\nU"] {
            assert_eq!(parts(text), [text]);
        }
    }
}
