//! Diagnostics: what went wrong, where, and what to do about it.
//!
//! A [`Diagnostic`] is plain data. It knows a byte range of some text but not the text itself, so that the
//! same value can be rendered against a query, or shifted into the YAML file that holds the query.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A byte range of a source text, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Accepted, but the reader should know.
    Note,
    /// The work cannot be done as asked.
    Error,
}

/// One message for a person: what was found, where, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or note.
    pub gravity: Gravity,
    /// One line: what is wrong.
    pub message: String,
    /// Where in the source text, if it can be said.
    pub span: Option<Span>,
    /// A few words under the marked text.
    pub label: String,
    /// What to do: a suggestion, or the accepted alternatives.
    pub help: Option<String>,
}

/// One or several diagnostics: a compiler reports all it can find in one run.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error with a span and no further words.
    pub fn error(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic {
            gravity: Gravity::Error,
            message: message.into(),
            span: Some(span),
            label: String::new(),
            help: None,
        }
    }

    /// An error that concerns no particular text.
    pub fn plain(message: impl Into<String>) -> Diagnostic {
        Diagnostic { span: None, ..Diagnostic::error(message, Span::default()) }
    }

    /// A note: accepted, but worth saying.
    pub fn note(message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic { gravity: Gravity::Note, ..Diagnostic::error(message, span) }
    }

    /// Adds the words under the marked text.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Moves the span by `offset` bytes: a query inside a larger file.
    pub fn shifted(mut self, offset: usize) -> Diagnostic {
        self.span = self.span.map(|s| Span::new(s.start + offset, s.end + offset));
        self
    }

    /// Line and column, both from 1, of the start of the span in `source`.
    ///
    /// ```
    /// use entrail::error::{Diagnostic, Span};
    /// let found = Diagnostic::error("unknown column", Span::new(5, 6));
    /// assert_eq!(found.position("ab\ncde"), Some((2, 3)));
    /// ```
    pub fn position(&self, source: &str) -> Option<(usize, usize)> {
        let start = floor(source, self.span?.start);
        let before = &source[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((line, column))
    }

    /// Renders the message with the source lines it points to. `origin` is the file's name.
    pub fn render(&self, origin: &str, source: &str, color: bool) -> String {
        let level = match self.gravity {
            Gravity::Error => Level::ERROR,
            Gravity::Note => Level::NOTE,
        };
        let mut group =
            level.primary_title(self.message.as_str()).elements(std::iter::empty::<annotate_snippets::Element<'_>>());
        if let Some(span) = self.span {
            let start = floor(source, span.start);
            let end = floor(source, span.end.max(start)).max(start);
            let mark = AnnotationKind::Primary.span(start..end).label(self.label.as_str());
            group = group.element(Snippet::source(source).path(origin).annotation(mark));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group]).to_string()
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.label.is_empty() {
            write!(f, " ({})", self.label)?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The candidate nearest to `name` by edit distance, when it is near enough to be a likely slip.
///
/// ```
/// assert_eq!(entrail::error::nearest("UserPrincipleName", ["UserId", "UserPrincipalName"]), Some("UserPrincipalName"));
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}
