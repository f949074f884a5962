//! Where a piece of a query stands in the YAML file that holds it.
//!
//! The query is a scalar of any style: a block with `|` or `>` loses its indentation, a quoted one its escapes.
//! What no style changes is the order of the characters that are neither space nor escape. So the query is laid
//! along the file's text, character by character, skipping in the file what the query does not have.

use crate::error::Span;

/// The span of `source` that holds `span` of `query`, when the query's scalar begins at byte `start`.
pub(super) fn place(query: &str, source: &str, start: usize, span: Span) -> Span {
    let mut raw = source.get(start..).unwrap_or("").char_indices().peekable();
    skip_header(&mut raw);
    let (mut from, mut to) = (None, None);
    let mut last = start;
    for (at, wanted) in query.char_indices() {
        if at >= span.end && from.is_some() {
            break;
        }
        if wanted.is_whitespace() {
            continue;
        }
        let Some((found, c)) = raw.by_ref().find(|(_, c)| *c == wanted) else { break };
        let found = start + found;
        if at >= span.start && from.is_none() {
            from = Some(found);
        }
        if at >= span.start && at < span.end.max(span.start + 1) {
            to = Some(found + c.len_utf8());
        }
        last = found + c.len_utf8();
    }
    let from = from.unwrap_or(last);
    Span::new(from, to.unwrap_or(from).max(from))
}

/// A block scalar may begin with its header, `|` or `>` and indicators, which ends with the line.
fn skip_header(raw: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    if raw.peek().is_some_and(|(_, c)| matches!(c, '|' | '>')) {
        raw.by_ref().find(|(_, c)| *c == '\n');
    }
}

#[cfg(test)]
mod tests {
    use super::place;
    use crate::error::Span;

    fn placed(query: &str, source: &str, start: &str, word: &str) -> (usize, String) {
        let at = query.find(word).unwrap_or_default();
        let span = place(query, source, source.find(start).unwrap_or_default(), Span::new(at, at + word.len()));
        (source[..span.start].matches('\n').count() + 1, source[span.start..span.end].to_string())
    }

    #[test]
    fn finds_the_word_in_every_style_of_scalar() {
        let query = "T\n| where x == \"a b\"\n\n| take nn\n";
        let block = "id: 1\nquery: |\n  T\n  | where x == \"a b\"\n\n  | take nn\n";
        assert_eq!(placed(query, block, "|\n", "nn"), (6, "nn".into()));
        assert_eq!(placed(query, block, "T\n", "\"a b\""), (4, "\"a b\"".into()));
        let quoted = "query: \"T\\n| where x == \\\"a b\\\"\\n\\n| take nn\\n\"\n";
        assert_eq!(placed(query, quoted, "\"T", "take"), (1, "take".into()));
    }

    #[test]
    fn the_end_of_the_query_is_after_its_last_character() {
        let span = place("T | where", "query: T | where\n", 7, Span::new(9, 9));
        assert_eq!(span, Span::new(16, 16));
    }
}
