//! Identities that can be told by their form: object ids, mail addresses and user principal names, IP addresses and
//! Windows security ids.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What a piece of text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A GUID in lower case with hyphens; whether the text has them.
    Guid(String, bool),
    /// A mail address or user principal name in lower case; whether its `@` is written `%40`.
    Mail(String, bool),
    /// An IP address; whether it is an IPv4 address inside IPv6.
    Address(IpAddr, bool),
    /// A security id of a domain or a directory.
    Sid(String),
}

/// The forms; one that is found is looked at again by hand, for an expression cannot look behind itself.
static FORMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let label = r"[\p{L}\p{N}][\p{L}\p{N}-]*";
    let mail = format!(r"(?P<mail>[\p{{L}}\p{{N}}_][\p{{L}}\p{{N}}._+#'^~!-]*(?:@|%40){label}(?:\.{label})+)");
    let hex = "[0-9A-Fa-f]";
    let guid = format!("(?P<guid>{hex}{{8}}-{hex}{{4}}-{hex}{{4}}-{hex}{{4}}-{hex}{{12}}|{hex}{{32}})");
    let sid = r"(?P<sid>S-1-[0-9]+(?:-[0-9]+){4,})";
    let run = "(?P<run>[0-9A-Fa-f:.]*(?:[0-9][.][0-9]|:)[0-9A-Fa-f:.]*)";
    Regex::new(&format!("{mail}|{guid}|{sid}|{run}")).ok()
});

/// The identities in a text, in order, none overlapping another.
pub fn tokens(text: &str) -> Vec<(Range<usize>, Token)> {
    let mut found = Vec::new();
    for captures in FORMS.iter().flat_map(|forms| forms.captures_iter(text)) {
        if let Some(mail) = captures.name("mail") {
            let written = mail.as_str();
            let encoded = !written.contains('@');
            found.push((mail.range(), Token::Mail(written.replacen("%40", "@", 1).to_lowercase(), encoded)));
        } else if let Some(guid) = captures.name("guid") {
            if !beside(text, &guid.range(), |c| c.is_ascii_hexdigit()) {
                let written = guid.as_str().to_ascii_lowercase();
                let hyphens = written.contains('-');
                let whole = if hyphens { written } else { hyphenated(&written) };
                found.push((guid.range(), Token::Guid(whole, hyphens)));
            }
        } else if let Some(sid) = captures.name("sid") {
            if !beside(text, &sid.range(), char::is_alphanumeric) {
                found.push((sid.range(), Token::Sid(sid.as_str().to_owned())));
            }
        } else if let Some(run) = captures.name("run") {
            addresses(text, run.range(), &mut found);
        }
    }
    found
}

fn hyphenated(digits: &str) -> String {
    let group = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)].join("-")
}

/// Whether a character of a kind stands right before or after a range.
fn beside(text: &str, range: &Range<usize>, kind: impl Fn(char) -> bool) -> bool {
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    before.is_some_and(&kind) || after.is_some_and(&kind)
}

/// Addresses in a run of hexadecimal digits, colons and dots: the whole of it, or IPv4 between its colons.
fn addresses(text: &str, run: Range<usize>, found: &mut Vec<(Range<usize>, Token)>) {
    let written = text.get(run.clone()).unwrap_or_default();
    let trimmed = written.trim_end_matches('.');
    let whole = run.start..run.start + trimmed.len();
    if trimmed.matches(':').count() >= 2 && !beside(text, &whole, char::is_alphanumeric) {
        // An address that ends with `::` keeps both colons; one that only ends a sentence does not parse with them.
        for text in [trimmed, trimmed.trim_end_matches(':')] {
            if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
                let token = match address.to_ipv4_mapped() {
                    Some(inner) => Token::Address(IpAddr::V4(inner), true),
                    None => Token::Address(IpAddr::V6(address), false),
                };
                found.push((run.start..run.start + text.len(), token));
                return;
            }
        }
    }
    let mut start = run.start;
    for part in written.split(':') {
        let inner = part.trim_matches('.');
        let begin = start + (part.len() - part.trim_start_matches('.').len());
        let range = begin..begin + inner.len();
        if let Ok(address) = inner.parse::<Ipv4Addr>()
            && !beside(text, &range, char::is_alphanumeric)
            && !version(text, range.start)
        {
            found.push((range, Token::Address(IpAddr::V4(address), false)));
        }
        start += part.len() + 1;
    }
}

/// Whether what stands here is the version of a product: `Chrome/120.0.0.0`.
fn version(text: &str, at: usize) -> bool {
    let mut before = text.get(..at).unwrap_or_default().chars().rev();
    before.next() == Some('/') && before.next().is_some_and(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|(range, _)| &text[range]).collect()
    }

    #[test]
    fn forms_are_found_within_text() {
        for (text, wanted) in [
            ("Directory_e655b583-0753-4a99-a183-8b9c60a29b61_F1D0D", vec!["e655b583-0753-4a99-a183-8b9c60a29b61"]),
            ("203.0.113.78:51234", vec!["203.0.113.78"]),
            ("[2001:db8::1]:443", vec!["2001:db8::1"]),
            ("from ::ffff:198.51.100.7, twice.", vec!["::ffff:198.51.100.7"]),
            ("Chrome/120.0.0.0 Safari/537.36", vec![]),
            ("at 12:30:45 on 2026-05-04", vec![]),
            ("https://198.51.100.7/x", vec!["198.51.100.7"]),
            ("UPN=eva.lund@contoso.example; ok", vec!["eva.lund@contoso.example"]),
            ("m_x.example#EXT#@contoso.onmicrosoft.com", vec!["m_x.example#EXT#@contoso.onmicrosoft.com"]),
            ("personal%2Feva%40contoso.example", vec!["2Feva%40contoso.example"]),
            ("S-1-12-1-1234-5678-9012-3456", vec!["S-1-12-1-1234-5678-9012-3456"]),
            ("0123456789abcdef0123456789abcdef", vec!["0123456789abcdef0123456789abcdef"]),
            ("Add::Nothing 10.0.19041.1", vec![]),
            ("failed from 198.51.100.7. Then", vec!["198.51.100.7"]),
            ("198.51.100.0/24", vec!["198.51.100.0"]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }
}
