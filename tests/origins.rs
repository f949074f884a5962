//! Operators that make rows of their own still name the records these were made from.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::collections::BTreeMap;
use std::sync::Arc;

use entrail::kql::{self, Context};
use entrail::table::{Schema, Table, Tables, time};
use serde_json::json;

/// The record numbers behind each row of an answer over four sign-ins.
fn origins(query: &str) -> Vec<Vec<u64>> {
    let schema: Arc<Schema> = Schema::known("SigninLogs").expect("a table");
    let rows = [("anna", "00", "0"), ("bert", "01", "50126"), ("anna", "02", "50126"), ("anna", "26", "0")];
    let rows: Vec<_> = rows
        .iter()
        .map(|(user, hour, result)| {
            let (day, hour) = if *hour == "26" { ("02", "02") } else { ("01", *hour) };
            let time = format!("2026-01-{day}T{hour}:00:00Z");
            let row = json!({"TimeGenerated": time, "UserPrincipalName": user, "ResultType": result});
            row.as_object().expect("a row").clone()
        })
        .collect();
    let mut tables = Tables::default();
    tables.insert(Table::from_rows(schema, &rows).expect("rows that fit"));
    let context = Context {
        tables: &tables,
        now: time::parse_iso("2026-01-03T00:00:00Z").expect("a time"),
        window: None,
        watchlists: &BTreeMap::new(),
        thresholds: &BTreeMap::new(),
        places: None,
        lineage: true,
    };
    let answer = kql::run(query, &context).unwrap_or_else(|problems| panic!("{query}: {problems:?}"));
    assert_eq!(answer.origins.len(), answer.rows(), "{query}");
    answer.origins.iter().map(|records| records.iter().map(|record| record.number).collect()).collect()
}

#[test]
fn rows_made_of_several_rows_name_them_all() {
    let cases: [(&str, &[&[u64]]); 9] = [
        (
            "SigninLogs | make-series count() on TimeGenerated from datetime(2026-01-01) to datetime(2026-01-02) step 1h by UserPrincipalName",
            &[&[1, 3], &[2]],
        ),
        ("SigninLogs | top-nested 1 of UserPrincipalName by count()", &[&[1, 3, 4]]),
        ("SigninLogs | project UserPrincipalName, ResultType | evaluate pivot(ResultType)", &[&[1, 3, 4], &[2]]),
        (
            "SigninLogs | evaluate sequence_detect(TimeGenerated, 5h, 5h, a = (ResultType == '0'), b = (ResultType != '0'), UserPrincipalName)",
            &[&[1, 3]],
        ),
        (
            "SigninLogs | sort by TimeGenerated asc | scan with (step a: ResultType == '0'; step b: ResultType != '0';)",
            &[&[1], &[2], &[3], &[4]],
        ),
        ("SigninLogs | partition by UserPrincipalName (summarize count()) | top 1 by count_", &[&[1, 3, 4]]),
        ("SigninLogs | where ResultType != '0' | search 'anna'", &[&[3]]),
        ("SigninLogs | sample 1", &[&[1]]),
        ("SigninLogs | sort by TimeGenerated asc | where row_number() == 2", &[&[2]]),
    ];
    for (query, expected) in cases {
        assert_eq!(origins(query), expected, "{query}");
    }
}
