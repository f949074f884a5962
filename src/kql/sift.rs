//! Which rows of a table a query can be interested in, whenever it runs.
//!
//! A query that is run again and again over moving windows filters the same rows each time. Where every mention of
//! a table is followed by filters that depend on nothing but the row, these filters alone say which rows can
//! matter, and the rest need not be looked at again. Anything not recognised means: all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::lex::{Kind, Token, lex};
use crate::table::Schema;

/// Words and functions of a filter whose value depends on the row alone.
const PURE: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "has",
    "has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "hassuffix",
    "contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "matches",
    "regex",
    "between",
    "true",
    "false",
    "dynamic",
    "datetime",
    "tolower",
    "toupper",
    "tostring",
    "toint",
    "tolong",
    "todouble",
    "toreal",
    "tobool",
    "isempty",
    "isnotempty",
    "isnull",
    "isnotnull",
    "strlen",
    "parse_json",
    "todynamic",
    "array_length",
    "trim",
    "strcat",
    "split",
    "extract",
    "substring",
    "coalesce",
    "iff",
    "iif",
    "ipv4_is_private",
    "ipv4_is_in_range",
    "hourofday",
    "dayofweek",
    "set_has_element",
    "array_index_of",
    "replace_string",
    "indexof",
];

/// Words that name tables in ways that are not followed here.
const OTHER_WAYS: [&str; 8] = ["table", "search", "find", "workspace", "database", "cluster", "macro", "declare"];

/// For each table that can be sifted: the queries that together give every row of it that can matter.
pub fn sift(query: &str, tables: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let (tokens, problems) = lex(query);
    let name = |at: usize| match tokens.get(at).map(|token| &token.kind) {
        Some(Kind::Name(name)) => Some(name.as_str()),
        _ => None,
    };
    let symbol =
        |at: usize, wanted: &str| matches!(tokens.get(at).map(|t| &t.kind), Some(Kind::Symbol(s)) if *s == wanted);
    let wild = |at: usize| {
        let touches = tokens.get(at + 1).is_some_and(|next| next.span.start == tokens[at].span.end);
        symbol(at + 1, "*") && (touches || name(at) == Some("union"))
    };
    let unclear = (0..tokens.len()).any(|at| name(at).is_some_and(|word| OTHER_WAYS.contains(&word) || wild(at)));
    if !problems.is_empty() || unclear {
        return BTreeMap::new();
    }
    let bound = bindings(&tokens);
    let mut found = BTreeMap::new();
    for table in tables {
        let Some(schema) = Schema::known(table) else { continue };
        let mentions: Vec<usize> = (0..tokens.len()).filter(|&at| name(at) == Some(table)).collect();
        let filters: Option<Vec<String>> = mentions
            .iter()
            .map(|&at| {
                let own = |word: &str| match bound.get(word) {
                    Some(literal) => literal.is_some(),
                    None => schema.field(word).is_some(),
                };
                let filters = filters(&tokens, at + 1, &own);
                let (first, last) = (filters.first()?, filters.last()?);
                let lets: String =
                    bound.values().flatten().map(|(from, to)| format!("{};\n", &query[*from..*to])).collect();
                Some(format!("{lets}{table}\n| {}\n| project TimeGenerated", &query[first.0..last.1]))
            })
            .collect();
        if let Some(filters) = filters.filter(|filters| !filters.is_empty() && schema.field("TimeGenerated").is_some())
        {
            found.insert(table.clone(), filters);
        }
    }
    found
}

/// Names bound by `let`: the bytes of the statement where it binds a literal once, none otherwise.
fn bindings(tokens: &[Token]) -> BTreeMap<&str, Option<(usize, usize)>> {
    let mut bound = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Name(name) = &token.kind else { continue };
        // A parameter, or a column of a literal table.
        if matches!(tokens.get(at + 1).map(|t| &t.kind), Some(Kind::Symbol(":"))) {
            bound.insert(name.as_str(), None);
        }
        if name != "let" {
            continue;
        }
        let Some(Kind::Name(target)) = tokens.get(at + 1).map(|t| &t.kind) else { continue };
        let rest = tokens.get(at + 3..).unwrap_or(&[]);
        let length = rest.iter().take_while(|t| !matches!(t.kind, Kind::Symbol(";") | Kind::End)).count();
        let literal = rest[..length].iter().all(|t| match &t.kind {
            Kind::Name(word) => matches!(word.as_str(), "dynamic" | "true" | "false"),
            Kind::Symbol(symbol) => matches!(*symbol, "(" | ")" | "[" | "]" | "," | "-"),
            _ => true,
        });
        let statement = rest[..length].last().filter(|_| literal).map(|last| (token.span.start, last.span.end));
        let again = bound.contains_key(target.as_str());
        bound.insert(target.as_str(), statement.filter(|_| !again));
    }
    bound
}

/// The bytes of each filter that directly follows, as far as they depend on the row alone.
fn filters(tokens: &[Token], mut at: usize, own: &dyn Fn(&str) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    loop {
        let pipe = matches!(tokens.get(at).map(|t| &t.kind), Some(Kind::Symbol("|")));
        let word =
            tokens.get(at + 1).filter(|t| matches!(&t.kind, Kind::Name(word) if word == "where" || word == "filter"));
        let (true, Some(word)) = (pipe, word) else { return found };
        let Some(end) = filter_end(tokens, at + 2, own) else { return found };
        found.push((word.span.start, tokens[end - 1].span.end));
        at = end;
    }
}

/// The token after a filter's expression; none where it depends on more than the row.
fn filter_end(tokens: &[Token], from: usize, own: &dyn Fn(&str) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for at in from..tokens.len() {
        match &tokens[at].kind {
            Kind::End => return Some(at),
            Kind::Symbol("|" | ";" | ",") if depth == 0 => return Some(at),
            Kind::Symbol(")" | "]" | "}") if depth == 0 => return Some(at),
            Kind::Symbol("|" | ";" | "{" | "=>") => return None,
            Kind::Symbol("(" | "[") => depth += 1,
            Kind::Symbol(")" | "]") => depth -= 1,
            Kind::Name(word) => {
                let member = matches!(tokens[at - 1].kind, Kind::Symbol("."));
                let called = matches!(tokens.get(at + 1).map(|t| &t.kind), Some(Kind::Symbol("(")));
                let known = PURE.contains(&word.as_str()) || (!called && own(word));
                if !member && !known {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::sift;

    fn sifted(query: &str) -> Vec<String> {
        let tables = BTreeSet::from(["SigninLogs".to_string(), "AuditLogs".to_string()]);
        sift(query, &tables).into_values().flatten().collect()
    }

    #[test]
    fn leading_filters_of_the_row_alone() {
        let query = "let codes = dynamic([\"50126\"]);\nlet n = 3;\nSigninLogs\n| where TimeGenerated > ago(1d)\n| where ResultType in (codes)\n| take 1";
        assert!(sifted(query).is_empty(), "the first filter asks for the time");
        let query = query.replace("| where TimeGenerated > ago(1d)\n", "");
        assert_eq!(
            sifted(&query),
            [
                "let codes = dynamic([\"50126\"]);\nlet n = 3;\nSigninLogs\n| where ResultType in (codes)\n| project TimeGenerated"
            ]
        );
    }

    #[test]
    fn every_mention_must_be_filtered() {
        assert_eq!(
            sifted("SigninLogs | where ResultType == \"0\" | join (SigninLogs | where Id has \"x\") on Id").len(),
            2
        );
        assert!(sifted("SigninLogs | where ResultType == \"0\" | join (SigninLogs) on Id").is_empty());
        assert!(sifted("union Sign* | where ResultType == \"0\"").is_empty());
        assert!(sifted("SigninLogs | where ResultType == \"0\" | union table(\"SigninLogs\")").is_empty());
    }

    #[test]
    fn what_is_not_the_row_alone_is_left_to_the_query() {
        assert!(sifted("let x = AuditLogs | distinct Id; SigninLogs | where Id in (x)").is_empty());
        assert!(sifted("SigninLogs | where Id in ((AuditLogs | project Id))").is_empty());
        assert!(sifted("let f = (ResultType:string) { SigninLogs | where ResultType == \"0\" }; f(\"1\")").is_empty());
        assert!(sifted("SigninLogs | where f(ResultType)").is_empty());
        let path = "SigninLogs | where Status.errorCode == 1 and LocationDetails[\"city\"] =~ \"x\" | count";
        assert_eq!(sifted(path).len(), 1);
    }
}
