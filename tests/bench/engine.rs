//! A query over sign-ins beside the same thing written by hand with polars, in one run.
//!
//! `cargo bench --bench engine [-- --rows 5000000 --repeat 7]` builds a table of that many sign-ins in memory. The query
//! filters, takes a value out of a dynamic column and summarizes. The expressions by hand do the same over ready
//! columns: for them the value out of the dynamic column stands in a column of its own already.

mod arguments;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, bail};
use arguments::{Arguments, median};
use entrail::kql::{self, Context};
use entrail::table::{Cell, RecordId, Schema, Shape, TICKS_PER_SECOND, TableBuilder, Tables, time};
use polars::prelude::{Column, DataFrame, IntoLazy, NamedFrom, Series, col, len, lit};

const QUERY: &str = "SigninLogs
| where ResultType != 0 and AppDisplayName startswith 'app 1'
| extend System = tostring(DeviceDetail.operatingSystem)
| summarize Failures = count(), Users = dcount(UserPrincipalName) by System, ResultType";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(&["rows", "repeat"])?;
    let (rows, repeat) = (arguments.number("rows", 5_000, 5_000_000), arguments.number("repeat", 1, 7));
    let (table, ready) = signins(rows)?;
    let mut tables = Tables::default();
    tables.insert(table);
    let context = Context {
        tables: &tables,
        now: time::parse_iso("2026-04-01T00:00:00Z").context("a time")?,
        window: None,
        watchlists: &BTreeMap::new(),
        thresholds: &BTreeMap::new(),
        lineage: false,
        places: None,
    };
    let ask = || kql::run(QUERY, &context).map_err(|problems| anyhow::anyhow!("{problems:?}"));
    let (asked, written) = (ask()?.rows(), by_hand(&ready)?.height());
    if asked != written {
        bail!("the query answers {asked} rows, the expressions {written}");
    }
    let (mut query, mut hand) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let begun = Instant::now();
        ask()?;
        query.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        by_hand(&ready)?;
        hand.push(begun.elapsed().as_secs_f64());
    }
    let (query, hand) = (median(query), median(hand));
    println!("{rows} rows, {asked} groups, medians of {repeat}");
    println!("query    {:>8.1} ms", query * 1e3);
    println!("by hand  {:>8.1} ms", hand * 1e3);
    println!("ratio    {:>8.2}", query / hand);
    Ok(())
}

/// Spreads numbers, the same in every run.
fn spread(number: usize, salt: u64) -> usize {
    let mixed = (number as u64 ^ (salt << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33) as usize
}

/// The table that the query reads, and the columns that the expressions read: 8,000 users, 60 applications, 900 devices.
fn signins(rows: usize) -> anyhow::Result<(entrail::table::Table, DataFrame)> {
    let schema = Schema::known("SigninLogs").context("no schema for SigninLogs")?;
    let place = |name: &str| schema.position(name).with_context(|| format!("SigninLogs has no {name}"));
    let (at, code, app) = (place("TimeGenerated")?, place("ResultType")?, place("AppDisplayName")?);
    let (user, device) = (place("UserPrincipalName")?, place("DeviceDetail")?);
    let mut builder = TableBuilder::new(schema);
    let shape = builder.shape(&Shape { name: "generated".into(), missing: Vec::new() });
    let (mut codes, mut apps, mut users, mut systems) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let start = time::parse_iso("2026-03-01T00:00:00Z").context("a time")?;
    for row in 0..rows {
        let result =
            if spread(row, 1).is_multiple_of(5) { ["50126", "50053", "50074"][spread(row, 2) % 3] } else { "0" };
        let name = format!("App {}", spread(row, 3) % 60);
        let who = format!("user{}@contoso.com", spread(row, 4) % 8000);
        let number = spread(row, 5) % 900;
        let system = format!("Windows {}", 7 + number % 5);
        let detail = format!(
            r#"{{"deviceId":"","displayName":"PC-{number}","operatingSystem":"{system}","browser":"Edge 1{}","isCompliant":true}}"#,
            number % 40,
        );
        builder.set(at, Cell::Integer(start + row as i64 * TICKS_PER_SECOND / 2));
        builder.set(code, Cell::Text(result));
        builder.set(app, Cell::Text(&name));
        builder.set(user, Cell::Text(&who));
        builder.set(device, Cell::Text(&detail));
        builder.close(RecordId { evidence: 0, number: row as u64 + 1 }, shape);
        codes.push(result);
        apps.push(name);
        users.push(who);
        systems.push(system);
    }
    let text = |name: &str, values: &[String]| Column::from(Series::new(name.into(), values));
    let columns = vec![
        Column::from(Series::new("ResultType".into(), codes)),
        text("AppDisplayName", &apps),
        text("UserPrincipalName", &users),
        text("System", &systems),
    ];
    Ok((builder.finish(), DataFrame::new(rows, columns)?))
}

/// The query as somebody who knows polars would write it.
fn by_hand(ready: &DataFrame) -> anyhow::Result<DataFrame> {
    let failed = col("ResultType").neq(lit("0"));
    let app = col("AppDisplayName").str().to_lowercase().str().starts_with(lit("app 1"));
    Ok(ready
        .clone()
        .lazy()
        .filter(failed.and(app))
        .group_by([col("System"), col("ResultType")])
        .agg([len().alias("Failures"), col("UserPrincipalName").n_unique().alias("Users")])
        .collect()?)
}
