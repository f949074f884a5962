//! Originals and their replacements, and the one place that replaces.

use std::collections::HashMap;
use std::net::IpAddr;

use aho_corasick::AhoCorasick;

use super::json;
use super::token::{Token, tokens};

/// One original with what stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// `mail`, `name`, `address`, `id`, `domain`, `device`, ….
    pub kind: &'static str,
    /// As it was first met.
    pub original: String,
    /// What stands for it.
    pub replacement: String,
}

/// All replacements of a report.
#[derive(Debug, Default)]
pub struct Book {
    /// In the order in which they were first met.
    pub list: Vec<Replaced>,
    pub(super) guids: HashMap<String, String>,
    pub(super) mails: HashMap<String, String>,
    pub(super) addresses: HashMap<IpAddr, IpAddr>,
    pub(super) sids: HashMap<String, String>,
    terms: Option<AhoCorasick>,
    /// What stands for each term, in the order of the automaton's patterns.
    texts: Vec<String>,
}

impl Book {
    /// Sets the words and names that are replaced wherever they stand as a whole term, in any letter case.
    pub(super) fn set_terms(&mut self, terms: Vec<(String, String)>) {
        let patterns = terms.iter().map(|(original, _)| original);
        self.terms = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns).ok();
        self.texts = terms.into_iter().map(|(_, replacement)| replacement).collect();
    }

    /// A text without originals; none where it holds none. JSON stays JSON.
    pub fn replace(&self, text: &str) -> Option<String> {
        if text.is_empty() {
            None
        } else if json::is_json(text) {
            json::rewrite(text, &|inner| self.replace(inner))
        } else {
            self.plain(text)
        }
    }

    /// The same, as text in any case.
    pub fn text(&self, text: &str) -> String {
        self.replace(text).unwrap_or_else(|| text.to_owned())
    }

    fn plain(&self, text: &str) -> Option<String> {
        let mut spans: Vec<(usize, usize, String)> = Vec::new();
        for (range, token) in tokens(text) {
            if let Some(replacement) = self.token(&token) {
                spans.push((range.start, range.end, replacement));
            }
        }
        let mut terms: Vec<(usize, usize, &String)> = Vec::new();
        if let Some(automaton) = &self.terms {
            for found in automaton.find_overlapping_iter(text) {
                let replacement = self.texts.get(found.pattern().as_usize());
                if let Some(replacement) = replacement.filter(|_| whole(text, found.start(), found.end())) {
                    terms.push((found.start(), found.end(), replacement));
                }
            }
        }
        // The leftmost, and of those the longest.
        terms.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let own = spans.len();
        let (mut reached, mut next) = (0, 0);
        for (start, end, replacement) in terms {
            while spans.get(next).is_some_and(|(_, to, _)| next < own && *to <= start) {
                next += 1;
            }
            let taken = next < own && spans.get(next).is_some_and(|(from, _, _)| *from < end);
            if start >= reached && !taken {
                spans.push((start, end, replacement.clone()));
                reached = end;
            }
        }
        if spans.is_empty() {
            return None;
        }
        spans.sort_by_key(|(start, _, _)| *start);
        let mut out = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for (start, end, replacement) in spans {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(&replacement);
            at = end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Some(out)
    }

    fn token(&self, token: &Token) -> Option<String> {
        match token {
            Token::Guid(guid, hyphens) => {
                let replacement = self.guids.get(guid)?;
                Some(if *hyphens { replacement.clone() } else { replacement.replace('-', "") })
            }
            Token::Mail(mail, encoded) => {
                let replacement = self.mails.get(mail)?;
                Some(if *encoded { replacement.replacen('@', "%40", 1) } else { replacement.clone() })
            }
            Token::Address(address, mapped) => {
                let replacement = self.addresses.get(address)?;
                Some(if *mapped { format!("::ffff:{replacement}") } else { replacement.to_string() })
            }
            Token::Sid(sid) => self.sids.get(sid).cloned(),
        }
    }
}

/// Whether a term stands by itself: no letter or digit touches it.
fn whole(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let after = text.get(end..).and_then(|text| text.chars().next());
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}
