//! Indicators that the responder brings: addresses, networks and terms, looked for in any text.

mod walk;

use std::net::{IpAddr, SocketAddr};

use aho_corasick::{AhoCorasick, MatchKind};
use ipnet::IpNet;

use crate::error::{Diagnostic, Diagnostics, Span};

/// Fewer characters than this are found everywhere and mean nothing.
const SHORTEST: usize = 3;

/// A list of values to look for.
#[derive(Debug, Clone)]
pub struct Iocs {
    values: Vec<String>,
    networks: Vec<(usize, IpNet)>,
    /// Which value each pattern of the automaton stands for.
    owners: Vec<usize>,
    automaton: Option<AhoCorasick>,
}

impl Iocs {
    /// Reads a list: one value a line; an empty line, or what follows `#` at the beginning of a line or after a
    /// space, is a comment. `203[.]0[.]113[.]7` and `hxxps://` are read as they are meant.
    ///
    /// # Errors
    /// A network that is none, a value too short to mean anything, no value at all; with the place in `source`.
    pub fn parse(source: &str) -> Result<Iocs, Diagnostics> {
        let mut values: Vec<String> = Vec::new();
        let mut problems = Diagnostics::new();
        let mut at = 0;
        for line in source.split_inclusive('\n') {
            let span = Span::new(at, at + line.trim_end().len());
            at += line.len();
            let text = line.trim_start_matches('\u{feff}');
            let text = if text.trim_start().starts_with('#') { "" } else { text };
            let text = refang(text.split(" #").next().unwrap_or_default().split("\t#").next().unwrap_or_default());
            if text.is_empty() {
                continue;
            }
            match fault(&text) {
                Some(fault) => problems.push(Diagnostic::error(fault, span).help(
                    "one value a line: an address, a network, an account, an application or session id, a user agent",
                )),
                None if values.iter().any(|known| known.eq_ignore_ascii_case(&text)) => {}
                None => values.push(text),
            }
        }
        if values.is_empty() && problems.is_empty() {
            let help = "write one value a line; lines that begin with # are comments";
            problems.push(Diagnostic::plain("the list holds no value to look for").help(help));
        }
        if problems.is_empty() { Ok(Iocs::of(values)) } else { Err(problems) }
    }

    /// One value, as `entrail hunt` takes it.
    ///
    /// # Errors
    /// As [`Iocs::parse`].
    pub fn one(value: &str) -> Result<Iocs, Diagnostics> {
        let text = refang(value);
        match fault(&text) {
            Some(fault) => Err(vec![Diagnostic::plain(fault).help("name an address, a network, an account or an id")]),
            None => Ok(Iocs::of(vec![text])),
        }
    }

    fn of(values: Vec<String>) -> Iocs {
        let (mut networks, mut patterns, mut owners) = (Vec::new(), Vec::new(), Vec::new());
        for (position, value) in values.iter().enumerate() {
            if let Some(network) = network(value) {
                networks.push((position, network));
                continue;
            }
            for pattern in spellings(value) {
                owners.push(position);
                patterns.push(pattern);
            }
        }
        let build = || {
            AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&patterns).ok()
        };
        let automaton = if patterns.is_empty() { None } else { build() };
        Iocs { values, networks, owners, automaton }
    }

    /// The values, in the order of the list.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Positions of the values that a text holds as whole terms, ascending.
    pub fn within(&self, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(text) {
                if let Some(owner) = self.owners.get(hit.pattern().as_usize())
                    && whole(text, hit.start(), hit.end())
                {
                    found.push(*owner);
                }
            }
        }
        if !self.networks.is_empty() {
            for address in addresses(text) {
                let inside = self.networks.iter().filter(|(_, network)| network.contains(&address));
                found.extend(inside.map(|(position, _)| *position));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Values and where a cell holds them: a path into JSON, or nothing where the cell is plain text.
    pub fn places(&self, text: &str) -> Vec<(usize, String)> {
        walk::places(self, text)
    }
}

/// The value as it is logged, without the brackets that keep people from clicking it.
fn refang(text: &str) -> String {
    let text = text.trim().replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[@]", "@");
    match text.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("hxxp") => format!("http{}", text.get(4..).unwrap_or_default()),
        _ => text,
    }
}

/// What is wrong with a value.
fn fault(text: &str) -> Option<String> {
    if text.chars().count() < SHORTEST {
        return Some(format!("{text:?} is too short to look for"));
    }
    let (address, prefix) = text.split_once('/')?;
    let numeric = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    (address.parse::<IpAddr>().is_ok() && numeric && network(text).is_none())
        .then(|| format!("{text:?} is not a network: the length of its prefix is too large"))
}

/// The network that a value names; an address is a network of one.
fn network(text: &str) -> Option<IpNet> {
    let alone = text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    alone.or_else(|| text.parse::<IpNet>().ok())
}

/// How logs spell a value: a guest's address is also written as the guest's name in the inviting tenant.
fn spellings(value: &str) -> Vec<String> {
    match value.split_once('@') {
        Some((local, domain)) if domain.contains('.') && !value.contains('#') => {
            vec![value.to_owned(), format!("{local}_{domain}#EXT#")]
        }
        _ => vec![value.to_owned()],
    }
}

/// Whether what stands around a find does not make it a part of a longer term: letters, digits, and the marks that
/// hold names and addresses together.
fn whole(text: &str, start: usize, end: usize) -> bool {
    let (before, found, after) = (text.get(..start), text.get(start..end), text.get(end..));
    let (Some(before), Some(found), Some(after)) = (before, found, after) else { return false };
    let solid = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let glue = |c: Option<char>| c.is_some_and(|c| matches!(c, '.' | '-'));
    let mut left = before.chars().rev();
    let mut right = after.chars();
    let (near_left, near_right) = (left.next(), right.next());
    let opens = !solid(found.chars().next()) || !(solid(near_left) || glue(near_left) && solid(left.next()));
    let closes = !solid(found.chars().next_back()) || !(solid(near_right) || glue(near_right) && solid(right.next()));
    opens && closes
}

/// Addresses in a text, with and without a port.
fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    let part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    let word = |c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '_' | '-');
    text.split(move |c: char| !word(c))
        .filter(move |token| token.len() > 2 && token.contains(['.', ':']) && token.chars().all(part))
        .filter_map(|token| {
            let token = token.trim_end_matches('.');
            let plain = token.parse::<IpAddr>().ok();
            let found = plain.or_else(|| token.parse::<SocketAddr>().ok().map(|with| with.ip()));
            found.map(|address| address.to_canonical())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Iocs {
        Iocs::parse(text).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[test]
    fn terms_match_whole_and_in_any_letter_case() {
        let iocs = list("eve@example.net\nnode-fetch/1.0\n203.0.113.7\n");
        for (text, expected) in [
            ("Eve@Example.NET", vec![0]),
            ("mail to <eve@example.net>.", vec![0]),
            ("steve@example.net", vec![]),
            ("a.eve@example.net", vec![]),
            ("eve@example.net.au", vec![]),
            ("eve_example.net#EXT#@contoso.example", vec![0]),
            ("UA: node-fetch/1.0 (+x)", vec![1]),
            ("203.0.113.7:443", vec![2]),
            ("from [203.0.113.7]", vec![2]),
            ("::ffff:203.0.113.7", vec![2]),
            ("203.0.113.77", vec![]),
            ("1.203.0.113.7", vec![]),
            ("v203.0.113.7", vec![]),
        ] {
            assert_eq!(iocs.within(text), expected, "{text}");
        }
    }

    #[test]
    fn networks_hold_addresses_however_written() {
        let iocs = list("198.51.100.0/24 # the intruder's\n2001:db8::/32\n\n# done\nhxxp://evil[.]example/x");
        assert_eq!(iocs.values(), ["198.51.100.0/24", "2001:db8::/32", "http://evil.example/x"]);
        assert_eq!(iocs.within("a 198.51.100.77, b [2001:0DB8:0:0::1]:443"), [0, 1]);
        assert!(iocs.within("198.51.101.1").is_empty());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let source = "203.0.113.7\n203.0.113.0/40\nx\n";
        let found = Iocs::parse(source).err().unwrap_or_default();
        let lines: Vec<_> = found.iter().filter_map(|d| d.position(source)).map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 3]);
        assert!(Iocs::parse("# nothing\n").is_err());
    }

    #[test]
    fn places_lead_into_json() {
        let iocs = list("eve@example.net");
        let text = r#"{"targets":[{"upn":"x"},{"upn":"eve@example.net"}],"old":"[\"a\",\"eve@example.net\"]"}"#;
        let expected = [(0, ".targets[1].upn".to_owned()), (0, ".old[1]".to_owned())];
        assert_eq!(iocs.places(text), expected);
        assert_eq!(iocs.places("eve@example.net"), [(0, String::new())]);
        assert_eq!(iocs.places(r#"{"m":"first line\neve@example.net"}"#), [(0, ".m".to_owned())]);
    }
}
