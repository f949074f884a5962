//! A case larger than memory: what leaves memory is read back as it was, and what would not fit fails alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use entrail::ingest::{Ingested, Options, ingest};
use entrail::kql::{self, Context};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/exports")
}

fn load(memory: Option<u64>) -> Ingested {
    ingest(&[samples()], &Options { memory, ..Options::default() }, &|_| {}).unwrap()
}

fn answer(read: &Ingested, query: &str) -> Result<String, String> {
    let (none, same) = (BTreeMap::new(), BTreeMap::new());
    let context = Context {
        tables: &read.tables,
        now: read.tables.span().unwrap().1,
        window: None,
        watchlists: &none,
        thresholds: &same,
        lineage: true,
        places: None,
    };
    let answer = kql::run(query, &context).map_err(|problems| format!("{problems:?}"))?;
    Ok(format!("{:?} {:?}", answer.frame, answer.origins))
}

#[test]
fn tables_that_left_memory_are_the_same() {
    let (whole, small) = (load(None), load(Some(64 << 10)));
    assert_eq!(whole.spooled, 0);
    assert!(small.spooled > 64 << 10, "{} bytes went to files", small.spooled);
    assert_eq!(whole.manifest, small.manifest);
    for (name, table) in whole.tables.iter() {
        let other = small.tables.get(name).unwrap();
        assert_eq!(table.rows(), other.rows());
        for row in 0..table.rows() {
            assert_eq!(table.record(row), other.record(row));
            for field in &table.schema().fields {
                assert_eq!(table.cell(row, &field.name), other.cell(row, &field.name), "{name} {row} {}", field.name);
            }
        }
    }
    let mut free = small;
    free.tables.limit(u64::MAX);
    for query in [
        "SigninLogs | where UserAgent has 'Chrome' | summarize count() by UserPrincipalName, tostring(DeviceDetail.browser)",
        "union SigninLogs, AADNonInteractiveUserSignInLogs | summarize dcount(Id), max(TimeGenerated) by ResultType",
        "AuditLogs | mv-expand TargetResources | extend who = tostring(TargetResources.id) | summarize make_set(OperationName) by who",
        "CloudAppEvents | extend raw = parse_json(RawEventData) | project TimeGenerated, tostring(raw.Id), _ItemId",
    ] {
        assert_eq!(answer(&whole, query).unwrap(), answer(&free, query).unwrap(), "{query}");
    }
}

#[test]
fn a_plan_that_does_not_fit_fails_with_the_figure_and_a_smaller_one_runs() {
    let mut read = load(None);
    read.tables.limit(300 << 10);
    let wide = answer(&read, "SigninLogs | sort by UserAgent asc | where RiskState != 'x'").unwrap_err();
    for part in ["columns and", "rows of SigninLogs would take about", "--memory allows 1 MiB", "project"] {
        assert!(wide.contains(part), "{part}: {wide}");
    }
    let narrow = answer(&read, "SigninLogs | where ResultType == '50126' | count");
    assert!(narrow.is_ok(), "{narrow:?}");
}

#[test]
fn a_join_whose_pairs_do_not_fit_fails_with_the_figure_and_a_narrower_one_runs() {
    let mut read = load(None);
    read.tables.limit(8 << 20);
    let rows = "SigninLogs | project Type, Id, UserPrincipalName";
    for kind in ["inner", "leftouter", "rightouter", "fullouter"] {
        let all = answer(&read, &format!("{rows} | join kind={kind} ({rows}) on Type | count")).unwrap_err();
        for part in ["the join pairs rows", "times, which would take about", "--memory allows 8 MiB", "distinct"] {
            assert!(all.contains(part), "{kind}, {part}: {all}");
        }
        // Keys without a value pair up like any other.
        let none = format!("{rows} | extend None = long(null)");
        let nothing = answer(&read, &format!("{none} | join kind={kind} ({none}) on None | count")).unwrap_err();
        assert!(nothing.contains("the join pairs rows"), "{kind}: {nothing}");
        let own = answer(&read, &format!("{rows} | join kind={kind} ({rows}) on Id, Type | count"));
        assert!(own.is_ok(), "{kind}: {own:?}");
    }
    read.tables.limit(u64::MAX);
    let free = answer(&read, &format!("{rows} | join kind=inner ({rows}) on Id | count")).unwrap();
    read.tables.limit(8 << 20);
    assert_eq!(answer(&read, &format!("{rows} | join kind=inner ({rows}) on Id | count")).unwrap(), free);
}

#[test]
fn an_expansion_that_does_not_fit_fails_with_the_figure_and_a_smaller_one_runs() {
    let mut read = load(None);
    read.tables.limit(8 << 20);
    let rows = "SigninLogs | project Id";
    let many =
        answer(&read, &format!("{rows} | mv-expand Hour = range(0, 5000, 1) to typeof(long) | count")).unwrap_err();
    for part in
        ["mv-expand makes more than", "rows, which would take more than", "--memory allows 8 MiB", "filter before"]
    {
        assert!(many.contains(part), "{part}: {many}");
    }
    let few = answer(&read, &format!("{rows} | mv-expand Hour = range(0, 5, 1) to typeof(long) | count"));
    assert!(few.is_ok(), "{few:?}");
    let limited = answer(&read, &format!("{rows} | mv-expand Hour = range(0, 5000, 1) limit 3 | count"));
    assert!(limited.is_ok(), "{limited:?}");
}

#[test]
fn temporary_files_lie_where_they_are_asked_for_and_vanish() {
    let place = tempfile::tempdir().unwrap();
    let options = Options { memory: Some(64 << 10), temp: Some(place.path().to_owned()), ..Options::default() };
    let read = ingest(&[samples()], &options, &|_| {}).unwrap();
    assert!(read.spooled > 0);
    drop(read);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);

    let nowhere = Options { temp: Some(place.path().join("gone")), ..options };
    let problem = ingest(&[samples()], &nowhere, &|_| {}).unwrap_err().to_string();
    assert!(problem.contains("gone") && problem.contains("do not fit into memory"), "{problem}");
}
