//! Which rows of a table a query can be interested in, whenever it runs.
//!
//! A query that is run again and again over moving windows filters the same rows each time. Where every mention of
//! a table is followed by filters that depend on nothing but the row, these filters alone say which rows can
//! matter, and the rest need not be looked at again. A filter that depends on more is left to the query: without it
//! more rows are kept, never fewer. Anything not recognised means: all rows.

mod mentions;
mod prefix;

use std::collections::{BTreeMap, BTreeSet};

use super::ast::Operator;
use super::lex::{Kind, Token, lex};
use crate::table::Schema;
pub(super) use mentions::Mentions;
use prefix::Prefix;

/// Words that name tables in ways that are not followed here.
const OTHER_WAYS: [&str; 7] = ["search", "find", "workspace", "database", "cluster", "macro", "declare"];

/// For each table that can be sifted: the queries that together give every row of it that can matter.
pub fn sift(query: &str, tables: &BTreeSet<String>) -> BTreeMap<String, Vec<String>> {
    let (tokens, problems) = lex(query);
    let Ok(tree) = super::parse(query) else { return BTreeMap::new() };
    if !problems.is_empty() || unclear(&tokens) {
        return BTreeMap::new();
    }
    let mut mentions = Mentions::default();
    mentions.query(&tree);
    let bound = bindings(&tokens);
    let written =
        |word: &str| tokens.iter().filter(|token| matches!(&token.kind, Kind::Name(name) if name == word)).count();
    // `table(name)` may name any of them.
    let any: Vec<&Vec<&Operator>> = mentions.of("table").collect();
    if any.len() != written("table") {
        return BTreeMap::new();
    }
    let lets: String = bound.values().flatten().map(|(from, to)| format!("{};\n", &query[*from..*to])).collect();
    let mut found = BTreeMap::new();
    for table in tables {
        let Some(schema) = Schema::known(table).filter(|schema| schema.field("TimeGenerated").is_some()) else {
            continue;
        };
        let own: Vec<&Vec<&Operator>> = mentions.of(table).collect();
        if own.len() != written(table) || bound.contains_key(table.as_str()) || own.len() + any.len() == 0 {
            continue;
        }
        let columns: BTreeSet<String> = schema.fields.iter().map(|field| field.name.clone()).collect();
        let prefixes: Option<BTreeSet<String>> =
            own.iter().chain(&any).map(|operators| Prefix::new(query, &bound, columns.clone()).of(operators)).collect();
        if let Some(prefixes) = prefixes {
            let whole = |prefix: String| format!("{lets}{table}\n{prefix}| project TimeGenerated");
            found.insert(table.clone(), prefixes.into_iter().map(whole).collect());
        }
    }
    found
}

/// Watchlists that a query can do without: each mention of them is a leg of a `union isfuzzy=true`.
pub fn optional_lists(query: &str) -> BTreeSet<String> {
    let Ok(tree) = super::parse(query) else { return BTreeSet::new() };
    let mut mentions = Mentions::default();
    mentions.query(&tree);
    let needed: BTreeSet<&String> = mentions.lists.iter().filter(|(_, fuzzy)| !fuzzy).map(|(list, _)| list).collect();
    let lists = mentions.lists.iter().map(|(list, _)| list);
    lists.filter(|list| !needed.contains(list)).cloned().collect()
}

/// Words that read or give columns without naming them.
const WHOLE: [&str; 8] = ["search", "find", "getschema", "evaluate", "facet", "invoke", "pack_all", "narrow"];

/// Whether a query reads columns by their names alone, so that columns of these tables that it does not name cannot
/// change its answer except by standing in it.
pub fn by_name(query: &str, tables: &BTreeSet<String>) -> bool {
    let (tokens, problems) = lex(query);
    let whole = |token: &Token| match &token.kind {
        Kind::Symbol(symbol) => *symbol == "*",
        Kind::Name(name) => WHOLE.contains(&name.as_str()),
        _ => false,
    };
    // A bound name that a column hides would come to light without the column.
    let bound = bindings(&tokens);
    let hidden = |table: &String| {
        Schema::known(table).is_some_and(|schema| bound.keys().any(|name| schema.field(name).is_some()))
    };
    problems.is_empty() && !tokens.iter().any(whole) && !tables.iter().any(hidden)
}

/// Whether tables are named in ways that are not followed.
fn unclear(tokens: &[Token]) -> bool {
    let name = |at: usize| match tokens.get(at).map(|token| &token.kind) {
        Some(Kind::Name(name)) => Some(name.as_str()),
        _ => None,
    };
    let wild = |at: usize| {
        let star = matches!(tokens.get(at + 1).map(|t| &t.kind), Some(Kind::Symbol("*")));
        let touches = tokens.get(at + 1).is_some_and(|next| next.span.start == tokens[at].span.end);
        star && (touches || name(at) == Some("union"))
    };
    (0..tokens.len()).any(|at| name(at).is_some_and(|word| OTHER_WAYS.contains(&word) || wild(at)))
}

/// Names bound by `let`: the bytes of the statement where it binds a literal once, none otherwise. Inside a function a
/// `let` is left alone: thresholds of the case file replace only those of the query itself.
fn bindings(tokens: &[Token]) -> BTreeMap<&str, Option<(usize, usize)>> {
    let mut bound = BTreeMap::new();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            Kind::Symbol("{") => depth += 1,
            Kind::Symbol("}") => depth = depth.saturating_sub(1),
            _ => {}
        }
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
        let statement =
            rest[..length].last().filter(|_| literal && depth == 0).map(|last| (token.span.start, last.span.end));
        let again = bound.contains_key(target.as_str());
        bound.insert(target.as_str(), statement.filter(|_| !again));
    }
    bound
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
        let expected = "let codes = dynamic([\"50126\"]);\nlet n = 3;\nSigninLogs\n| where (ResultType in (codes))\n| project TimeGenerated";
        assert_eq!(sifted(query), [expected], "what asks for the time is left out");
        assert_eq!(
            sifted(&query.replace("ago(1d)\n| where", "ago(1d) and")),
            [expected],
            "as a part of a condition, too"
        );
        assert!(sifted(&query.replace("| where ResultType", "| where Nobody")).is_empty(), "no column of the table");
    }

    #[test]
    fn columns_computed_from_the_row_are_followed() {
        let query = "SigninLogs | extend Code = toint(ResultType), Age = now() - TimeGenerated | where Code == 1 and Age > 1d | count";
        assert_eq!(
            sifted(query),
            ["SigninLogs\n| extend ['Code'] = (toint(ResultType))\n| where (Code == 1)\n| project TimeGenerated"]
        );
        assert!(
            sifted("SigninLogs | extend ResultType = strcat(ResultType, now()) | where ResultType == 1").is_empty()
        );
        assert!(sifted("SigninLogs | project UserPrincipalName | where ResultType == 1").is_empty());
        let expanded =
            "AuditLogs | mv-expand TargetResources | where TargetResources.type == \"User\" and Result == \"success\"";
        assert_eq!(sifted(expanded), ["AuditLogs\n| where (Result == \"success\")\n| project TimeGenerated"]);
    }

    #[test]
    fn lists_of_a_fuzzy_union_are_optional() {
        let optional = |query| super::optional_lists(query).into_iter().collect::<Vec<_>>();
        let told = "let told = union isfuzzy=true (datatable(SearchKey:string)[]), (_GetWatchlist('Countries') | project SearchKey);\nSigninLogs | where Location in (told)";
        assert_eq!(optional(told), ["Countries"]);
        assert!(
            optional("SigninLogs | where UserPrincipalName in ((_GetWatchlist('VIP') | project SearchKey))").is_empty()
        );
        assert!(
            optional(&format!("{told} | join (_GetWatchlist('Countries')) on $left.Location == $right.SearchKey"))
                .is_empty()
        );
    }

    #[test]
    fn columns_by_name_alone() {
        let tables = BTreeSet::from(["SigninLogs".to_string()]);
        let by_name = |query| super::by_name(query, &tables);
        assert!(by_name("SigninLogs | where ResultType == 0 | summarize count() by UserPrincipalName"));
        assert!(!by_name("SigninLogs | summarize arg_max(TimeGenerated, *) by UserPrincipalName"));
        assert!(!by_name("let ResultType = 1; SigninLogs | where ResultType == 0"));
        assert!(!by_name("search in (SigninLogs) \"x\""));
    }

    #[test]
    fn every_mention_must_be_filtered() {
        assert_eq!(
            sifted("SigninLogs | where ResultType == \"0\" | join (SigninLogs | where Id has \"x\") on Id").len(),
            2
        );
        assert!(sifted("SigninLogs | where ResultType == \"0\" | join (SigninLogs) on Id").is_empty());
        assert!(sifted("union Sign* | where ResultType == \"0\"").is_empty());
        assert!(
            sifted("let f = (T:(*)) { T | count }; SigninLogs | where ResultType == \"0\" | union f(SigninLogs)")
                .is_empty()
        );
        assert!(
            sifted("SigninLogs | where ResultType == \"0\" | as T | join T on Id | join SigninLogs on Id").is_empty()
        );
    }

    #[test]
    fn filters_after_a_union_and_behind_a_table_by_name() {
        assert_eq!(
            sifted("union SigninLogs, (AuditLogs | where Result == \"x\") | where OperationName == \"y\"").len(),
            2
        );
        let function = "let f = (name:string) { table(name) | where TimeGenerated > ago(1d) | where OperationName has \"x\" };\nunion f(\"SigninLogs\"), f(\"AuditLogs\")";
        assert_eq!(sifted(function).len(), 2);
        let bare = "SigninLogs | where ResultType == \"0\" | union table(\"SigninLogs\")";
        assert!(sifted(bare).is_empty());
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
