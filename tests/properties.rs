//! Properties that hold for every text and every table, on generated ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken property stops the test

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use entrail::kql::{self, Context, lex, print};
use entrail::table::{Tables, time};
use proptest::prelude::*;
use proptest::sample::select;

/// Queries of the pack, and of the golden cases: real text of every operator.
static QUERIES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    gather(&root.join("queries"), &mut files);
    gather(&root.join("tests/kql"), &mut files);
    files.sort();
    let mut queries = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable file").replace("\r\n", "\n");
        if file.extension().is_some_and(|e| e == "txt") {
            let blocks = text.split("===\n").filter_map(|block| block.split_once("\n---\n"));
            queries
                .extend(blocks.filter_map(|(head, _)| head.trim_start().split_once('\n')).map(|(_, q)| q.to_owned()));
        } else if let Some((_, rest)) = text.split_once("\nquery: |\n") {
            let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
            queries.push(lines.map(|line| line.strip_prefix("  ").unwrap_or(line)).collect::<Vec<_>>().join("\n"));
        }
    }
    queries
});

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            gather(&path, found);
        } else if name.ends_with(".txt") || (name.ends_with(".yaml") && !name.ends_with(".test.yaml")) {
            found.push(path);
        }
    }
}

/// A tree as text without its bytes: two texts of one query differ in nothing else.
fn bare(tree: &kql::ast::Query) -> String {
    let text = format!("{tree:?}");
    let mut parts = text.split("Span { start: ");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out.push_str(part.split_once(" }").map_or("", |(_, rest)| rest));
    }
    out
}

/// Prints a query that parses, parses that, and compares the trees.
fn round_trip(query: &str) -> Result<bool, String> {
    let Ok(tree) = kql::parse(query) else { return Ok(false) };
    let printed = print::print(&tree);
    let again = kql::parse(&printed).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(|p| p.render("printed", &printed, false)).collect();
        format!("{query}\n--- printed\n{printed}\n--- does not parse\n{}", problems.join("\n"))
    })?;
    let (first, second) = (bare(&tree), bare(&again));
    if first == second {
        return Ok(true);
    }
    let at = first.bytes().zip(second.bytes()).take_while(|(a, b)| a == b).count();
    let show = |text: &str| text.chars().skip(at.saturating_sub(60)).take(200).collect::<String>();
    Err(format!("{query}\n--- printed\n{printed}\n--- differ\n{}\n{}", show(&first), show(&second)))
}

#[test]
fn printing_a_real_query_parses_to_the_same_tree() {
    let mut wrong = Vec::new();
    let mut parsed = 0;
    for query in QUERIES.iter() {
        match round_trip(query) {
            Ok(known) => parsed += usize::from(known),
            Err(problem) => wrong.push(problem),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), QUERIES.len(), wrong[0]);
    assert!(parsed > 200, "only {parsed} queries parse");
}

/// Scalar expressions over the columns of [`table`].
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec!["n", "r", "s", "t", "b", "d", "['odd name']", "null_like"]).prop_map(str::to_owned),
        any::<i32>().prop_map(|n| n.to_string()),
        (-1000i32..1000).prop_map(|n| format!("{}.5", n)),
        "[ a-c\\PC]{0,6}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        select(vec![
            "true",
            "false",
            "1d",
            "90s",
            "datetime(2026-05-04T01:02:03.4567891Z)",
            "dynamic({\"a\":[1,{\"b\":null}]})",
            "int(null)",
            "long(-9223372036854775808)",
            "real(nan)",
            "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let symbols = vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "==",
            "!=",
            "=~",
            "!~",
            "<",
            "<=",
            ">",
            ">=",
            "and",
            "or",
            "has",
            "!has_cs",
            "contains",
            "startswith",
            "!endswith",
            "matches regex",
            "hasprefix",
        ];
        prop_oneof![
            (select(symbols), two.clone()).prop_map(|(op, (a, b))| format!("({a} {op} {b})")),
            (select(vec!["in", "!in", "in~", "has_any", "!has_all"]), two.clone(), inner.clone())
                .prop_map(|(op, (a, b), c)| format!("({a} {op} ({b}, {c}))")),
            (inner.clone(), two.clone()).prop_map(|(a, (b, c))| format!("({a} between ({b} .. {c}))")),
            (select(vec!["strlen", "tostring", "isnotempty", "not", "toint"]), inner.clone())
                .prop_map(|(f, a)| format!("{f}({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("d.x[{a}]")),
            two.prop_map(|(a, b)| format!("iff({a}, x={b}, (T | take 1))")),
        ]
    })
}

/// Operators after a pipe.
fn operators() -> impl Strategy<Value = String> {
    let e = expression();
    let one = (
        select(vec![
            "where @",
            "extend x = @, @",
            "project n, y = @",
            "summarize count(), z = max(@) by s, @",
            "sort by @ asc, @",
            "top 3 by @ desc nulls first",
            "mv-expand k = @ to typeof(long) limit 4",
            "join kind=leftanti (U | where @) on n",
            "parse kind=regex flags=i s with * \"a\" w:long 'b'",
            "project-reorder n asc, a* granny-desc",
            "as Q",
            "union withsource=w (V | extend @), W*",
            "lookup (U) on $left.n == $right.m",
            "top-nested 2 of @ by sum(@)",
            "make-series c = count() default=0 on t from @ to @ step 1d by s",
            "distinct *",
            "count",
            "take 7",
            "scan with_match_id=m declare (x:long = 1) with (step a output=none: @ => x = @; step b optional: @;)",
            "partition by s (where @ | take 2)",
            "mv-apply v = d to typeof(string) on (where @)",
            "render timechart",
            "evaluate pivot(s, count()) : (*, q:long)",
            "parse-kv s as (a:long, ['b c']:string) with (pair_delimiter=';')",
            "serialize rn = row_number()",
            "sample-distinct 4 of s",
            "search kind=case_sensitive @",
            "getschema",
            "make-series a = avg(n) on t in range(@, @, 1h)",
            "reduce by s with threshold=0.4 , characters='x'",
            "facet by s with (take 1)",
            "fork (count) (take 1)",
            "project-away a*, ['b c']",
            "invoke f(@)",
        ]),
        prop::collection::vec(e, 3),
    )
        .prop_map(|(shape, parts)| {
            let mut parts = parts.into_iter();
            shape.split('@').enumerate().fold(String::new(), |text, (at, piece)| {
                let part = if at == 0 { String::new() } else { parts.next().unwrap_or_else(|| "n".into()) };
                text + &part + piece
            })
        });
    prop::collection::vec(one, 1..4).prop_map(|all| all.join(" | "))
}

/// Fifty rows of every type, with nulls, on which a filter may be tried.
fn table(rows: &[(Option<i64>, Option<i32>, String)]) -> String {
    let long = |n: &Option<i64>| n.map_or("long(null)".to_owned(), |n| format!("long({n})"));
    let cells: Vec<String> = rows
        .iter()
        .map(|(n, r, s)| {
            let real = r.map_or("real(null)".to_owned(), |r| format!("real({r}.25)"));
            let s = s.replace('\\', "\\\\").replace('"', "\\\"");
            let time = r.map_or("datetime(null)".to_owned(), |r| format!("datetime(2026-05-04) + {r}s"));
            let time = if time.contains('+') {
                format!("datetime(2026-05-{:02})", r.unwrap_or(0).rem_euclid(28) + 1)
            } else {
                time
            };
            let b = ["true", "false", "bool(null)"][(n.unwrap_or(2)).rem_euclid(3) as usize];
            format!("{}, {real}, \"{s}\", {time}, {b}, dynamic({{\"x\": [{}, \"{s}\"]}})", long(n), r.unwrap_or(7))
        })
        .collect();
    format!("datatable (n:long, r:real, s:string, t:datetime, b:bool, d:dynamic) [{}]", cells.join(",\n"))
}

fn rows() -> impl Strategy<Value = Vec<(Option<i64>, Option<i32>, String)>> {
    prop::collection::vec((prop::option::of(-5i64..5), prop::option::of(-9i32..9), "[abA ._-]{0,4}"), 1..30)
}

/// Predicates that compile over [`table`]; parts may repeat and contradict each other, which an optimiser must not
/// take for false where it is null.
fn predicate() -> impl Strategy<Value = String> {
    let parts = [
        "n + 1 > 1",
        "n - 1 == 1",
        "n > 1",
        "n < 1",
        "n <= 1",
        "n == 1",
        "n != 1",
        "r + 1 <= 2.5",
        "s == 'a'",
        "s =~ 'A'",
        "s has 'a'",
        "s contains 'b'",
        "b",
        "t > datetime(2026-05-09)",
        "n in (1, 2, 3)",
        "s in~ ('A', 'b')",
        "isempty(s)",
        "d.x[0] > 3",
        "tostring(d.x[1]) has_any ('a', 'b')",
        "s !contains '_'",
        "s matches regex 'a+b'",
        "n < r",
        "strlen(s) > 1",
        "toint(d.x[0]) == n",
        "n % 2 == 0",
    ];
    let joints = prop::collection::vec(any::<(bool, bool, bool)>(), 4);
    (prop::collection::vec(select(parts.to_vec()), 1..=4), joints).prop_map(|(parts, joints)| {
        let not = |text: String, negated: bool| if negated { format!("not({text})") } else { text };
        parts.into_iter().zip(joints).fold(String::new(), |text, (part, (both, inner, outer))| {
            let part = not(part.to_owned(), inner);
            let word = if both { "and" } else { "or" };
            not(if text.is_empty() { part } else { format!("({text} {word} {part})") }, outer)
        })
    })
}

fn answer(query: &str) -> Result<Vec<String>, String> {
    let tables = Tables::default();
    let context = Context {
        tables: &tables,
        now: time::parse_iso("2026-05-04T12:00:00Z").expect("a time"),
        window: None,
        watchlists: &BTreeMap::new(),
        thresholds: &BTreeMap::new(),
        places: None,
        lineage: false,
    };
    let answer = kql::run(query, &context)
        .map_err(|problems| problems.iter().map(|p| p.render("query", query, false) + "\n").collect::<String>())?;
    Ok((0..answer.rows())
        .map(|row| (0..answer.columns.len()).map(|c| format!("{:?}\t", answer.cell(row, c))).collect())
        .collect())
}

/// Text that a lexer might stumble over: pieces of the language, and any character.
fn debris() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "|",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "{{",
            "}}",
            "\"",
            "'",
            "@\"",
            "```",
            "~~~",
            "h'",
            "\\",
            "\\u12",
            "0x",
            "1.",
            "1e",
            "1d",
            "..",
            "=>",
            "//",
            "\n",
            "let",
            "=",
            "datatable",
            "dynamic(",
            "datetime(",
            "-",
            "--",
            "in~",
            "!",
            "mv-expand",
            "summarize",
            "by",
            "union",
            "*",
            "declare pattern",
            "scan with (step",
            "externaldata",
            "range",
            "find in (",
            "parse",
            "with",
            "typeof(",
            "print",
            ",",
            ";",
            ":",
            ".",
            "$left",
            "T",
            "toscalar(",
            "evaluate",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" ").replace("  ", ""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_a_generated_query_parses_to_the_same_tree(text in operators()) {
        let query = format!("let f = (x:long, T:(*)) {{ T | where n > x }};\nT | {text}");
        let known = round_trip(&query).map_err(TestCaseError::fail)?;
        prop_assert!(known, "does not parse: {query}\n{:?}", kql::parse(&query).err());
    }

    #[test]
    fn the_lexer_and_parser_never_panic_on_debris(text in debris()) {
        let (tokens, _) = lex::lex(&text);
        prop_assert!(tokens.iter().all(|token| text.get(token.span.start..token.span.end).is_some()));
        for problem in kql::parse(&text).err().unwrap_or_default() {
            problem.render("query", &text, false);
        }
        round_trip(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn the_parser_never_panics_on_a_mutated_query(
        which in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(), insert in debris(), how in 0..4
    ) {
        let query = which.get(QUERIES.as_slice());
        let chars: Vec<char> = query.chars().collect();
        let (a, b) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let text = |part: &[char]| part.iter().collect::<String>();
        let mutated = match how {
            0 => text(&chars[..a]) + &insert + &text(&chars[a..]),
            1 => text(&chars[..a]) + &text(&chars[b..]),
            2 => text(&chars[..b]) + &text(&chars[a..]),
            _ => text(&chars[..a]) + other.get(QUERIES.as_slice()).as_str(),
        };
        for problem in kql::parse(&mutated).err().unwrap_or_default() {
            problem.render("query", &mutated, false);
        }
        round_trip(&mutated).map_err(TestCaseError::fail)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each row is where the predicate is true, where it is false, or where it is null.
    #[test]
    fn a_filter_partitions_the_rows(rows in rows(), predicate in predicate()) {
        let query = |filter: &str| format!("{}\n{filter}", table(&rows));
        let run = |filter: String| answer(&query(&filter)).map_err(TestCaseError::fail);
        let mut parts = run(format!("| where {predicate}"))?;
        parts.extend(run(format!("| where not({predicate})"))?);
        parts.extend(run(format!("| where isnull({predicate})"))?);
        let mut whole = run(String::new())?;
        parts.sort();
        whole.sort();
        prop_assert_eq!(parts, whole, "{}", predicate);
    }
}

/// Pipelines whose answer has a fixed order, over [`table`]; `@` is a predicate.
fn pipelines() -> impl Strategy<Value = String> {
    let shapes = select(vec![
        "where @",
        "summarize count(), sum(n), max(r), min(t), dcount(s), countif(@) by s | sort by s asc",
        "extend x = strcat(s, tostring(n)), y = d.x[0] | where @",
        "summarize make_set(n), take_any(b), make_list(s), arg_max(t, *) by bin(n, 2) | sort by n asc nulls first",
        "serialize i = row_number(), p = prev(s), c = row_cumsum(n)",
        "mv-expand v = d.x to typeof(string) | summarize count() by v | sort by v asc",
        "summarize p = percentile(n, 50), sd = stdev(r), l = make_bag(d) by b | sort by b asc",
        "top 4 by r asc nulls last, s asc, n asc, t asc | project n, s",
        "distinct s, b | sort by s asc, b asc",
        "as T | join kind=leftouter (T | where @ | summarize c = count() by s) on s | summarize sum(c) by s | sort by s asc",
        "parse s with a \"b\" c | summarize count() by a, c | sort by a asc, c asc",
        "make-series c = count() default=0 on t from datetime(2026-05-01) to datetime(2026-06-01) step 7d by b | sort by b asc",
        "scan with (step one: @; step two output=last: n > 0;)",
    ]);
    (shapes, predicate()).prop_map(|(shape, predicate)| shape.replace('@', &predicate))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows that come in several pieces answer like the same rows in one.
    #[test]
    fn answers_do_not_depend_on_chunks(rows in rows(), cuts in prop::collection::vec(0usize..30, 0..4), query in pipelines()) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).chain([0, rows.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<String> = cuts.windows(2).map(|ends| format!("({})", table(&rows[ends[0]..ends[1]]))).collect();
        let whole = answer(&format!("{}\n| {query}", table(&rows))).map_err(TestCaseError::fail)?;
        let parts = answer(&format!("union {}\n| {query}", pieces.join(", "))).map_err(TestCaseError::fail)?;
        prop_assert_eq!(whole, parts, "{}", query);
    }
}

/// The program with its own and the dataframes' pool of this size.
fn with_threads(threads: &str, query: &str) -> Vec<u8> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_entrail"))
        .args(["--threads", threads, "query", "--format", "jsonl", query])
        .env("POLARS_MAX_THREADS", threads)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn answers_do_not_depend_on_threads() {
    let rows = "range n from 1 to 20000 step 1 | extend k = hash_md5(tostring(n % 97)), r = n * 0.1, \
        t = datetime(2026-05-04) + n * 1s, d = bag_pack('a', n % 5, 'b', tostring(n))";
    for query in [
        "summarize count(), sum(r), avg(r), stdev(r), make_set(n % 7), dcount(n), arg_max(t, *) by k",
        "summarize take_any(n), make_list(n, 3), make_bag(d), percentile(r, 90) by k",
        "where k has 'a' or d.a == 2 | top 50 by k",
        "as T | join kind=inner (T | where n % 1000 == 0) on k | take 100",
        "distinct k, tostring(d.a)",
        "summarize c = count() by bin(t, 1h), tostring(d.a) | serialize s = row_cumsum(c)",
    ] {
        let query = format!("{rows} | {query}");
        let one = with_threads("1", &query);
        assert!(!one.is_empty() && one == with_threads("4", &query), "{query}");
    }
}
