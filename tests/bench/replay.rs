//! Scheduled rules over a month of sign-ins, played again hour by hour.
//!
//! `cargo bench --bench replay -- --rows 1000000` makes that many sign-ins of 5,000 people over March 2026 in memory and
//! runs rules written as published ones are: thresholds over an hour or a day, `ago()`, functions of a table's name, joins
//! of successes with failures, baselines of fourteen days. It prints runs, findings and seconds of each, alone on all cores.

mod arguments;

use std::time::Instant;

use anyhow::{Context as _, bail};
use arguments::Arguments;
use entrail::detect::{Options, detect};
use entrail::finding::Outcome;
use entrail::progress::Progress;
use entrail::rules::{Rule, load};
use entrail::table::{Cell, RecordId, Schema, Shape, TICKS_PER_SECOND, TableBuilder, Tables, time};

/// Days of the month.
const DAYS: u64 = 31;

/// Name, queryFrequency, queryPeriod and query.
const RULES: [(&str, &str, &str, &str); 7] = [
    (
        "failures of a user in an hour",
        "1h",
        "1h",
        "SigninLogs | where ResultType in (\"50126\", \"50053\") | summarize Failures = count(), StartTime = min(TimeGenerated) by UserPrincipalName | where Failures >= 8",
    ),
    (
        "spray, over the last day",
        "1h",
        "1d",
        "let lookback = 1d; let spray = (tableName:string) { table(tableName) | where TimeGenerated > ago(lookback) | where ResultType == \"50126\" | summarize Users = dcount(UserPrincipalName), StartTime = min(TimeGenerated) by IPAddress, Type | where Users >= 25 }; union isfuzzy=true spray(\"SigninLogs\"), spray(\"AADNonInteractiveUserSignInLogs\")",
    ),
    (
        "success after failures",
        "1h",
        "2h",
        "let failed = SigninLogs | where ResultType == \"50126\" | summarize Failures = count(), Last = max(TimeGenerated) by UserPrincipalName, IPAddress | where Failures >= 5; SigninLogs | where ResultType == \"0\" | join kind=inner failed on UserPrincipalName, IPAddress | where TimeGenerated > Last | project TimeGenerated, UserPrincipalName, IPAddress, Failures",
    ),
    (
        "all sign-ins by country, a day, hourly",
        "1h",
        "1d",
        "SigninLogs | where ResultType == \"0\" | summarize Countries = dcount(Location), StartTime = min(TimeGenerated) by UserPrincipalName | where Countries >= 6",
    ),
    (
        "new country against fourteen days, daily",
        "1d",
        "14d",
        "let recent = SigninLogs | where TimeGenerated > ago(1d) | where ResultType == \"0\" | summarize StartTime = min(TimeGenerated) by UserPrincipalName, Location; let before = SigninLogs | where TimeGenerated between (ago(14d) .. ago(1d)) | where ResultType == \"0\" | distinct UserPrincipalName, Location; recent | join kind=leftanti before on UserPrincipalName, Location | join kind=inner (before | distinct UserPrincipalName) on UserPrincipalName | where Location in (\"KP\", \"IR\")",
    ),
    (
        "new country against fourteen days, hourly",
        "1h",
        "14d",
        "let recent = SigninLogs | where TimeGenerated > ago(1h) | where ResultType == \"0\" | summarize StartTime = min(TimeGenerated) by UserPrincipalName, Location; let before = SigninLogs | where TimeGenerated between (ago(14d) .. ago(1h)) | where ResultType == \"0\" | distinct UserPrincipalName, Location; recent | join kind=leftanti before on UserPrincipalName, Location | where Location in (\"KP\", \"IR\")",
    ),
    (
        "failures by day, series",
        "1d",
        "14d",
        "SigninLogs | where ResultType == \"50126\" | make-series Failures = count() on TimeGenerated from startofday(ago(14d)) to startofday(now()) step 1d by AppDisplayName | extend (anomalies, score, baseline) = series_decompose_anomalies(Failures, 5, -1, 'linefit') | mv-expand TimeGenerated to typeof(datetime), Failures to typeof(long), anomalies to typeof(double) | where anomalies > 0 and TimeGenerated > ago(1d)",
    ),
];

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::read(&["rows", "only"])?;
    let (rows, only) = (arguments.number("rows", 2_000, 1_000_000) as u64, arguments.all("only"));
    let begun = Instant::now();
    let tables = tables(rows)?;
    println!("{rows} sign-ins of {DAYS} days in {:.1} s", begun.elapsed().as_secs_f64());
    println!("{:>6}  {:>8}  {:>9}  {:>9}  rule", "runs", "findings", "seconds", "ms a run");
    let folder = tempfile::tempdir()?;
    let mut total = 0.0;
    for (number, (name, frequency, period, query)) in RULES.iter().enumerate() {
        if !only.is_empty() && !only.contains(&(number + 1)) {
            continue;
        }
        let rule = rule(folder.path(), number, name, frequency, period, query)?;
        let runs = if *frequency == "1h" { DAYS * 24 } else { DAYS };
        let begun = Instant::now();
        let verdict = detect(std::slice::from_ref(&rule), &tables, &Options::default(), &Progress::silent()).remove(0);
        let seconds = begun.elapsed().as_secs_f64();
        total += seconds;
        let findings = match verdict.outcome {
            Outcome::Hits(findings) => findings.len(),
            Outcome::Clean => 0,
            Outcome::NotEvaluable { missing, .. } => bail!("{name}: not evaluable: {missing:?}"),
            Outcome::Failed(problems) => bail!("{name}: {problems:?}"),
        };
        println!("{runs:>6}  {findings:>8}  {seconds:>9.2}  {:>9.2}  {name}", seconds * 1000.0 / runs as f64);
    }
    println!("{total:.1} s in all on {} threads", rayon::current_num_threads());
    Ok(())
}

fn rule(
    folder: &std::path::Path,
    number: usize,
    name: &str,
    frequency: &str,
    period: &str,
    query: &str,
) -> anyhow::Result<Rule> {
    let path = folder.join(format!("{number}.yaml"));
    let text = format!(
        "id: bench-{number}\nname: {name}\nseverity: Medium\nkind: Scheduled\nqueryFrequency: {frequency}\nqueryPeriod: {period}\n\
         triggerOperator: gt\ntriggerThreshold: 0\nquery: |\n  {}\n",
        query.replace("; ", ";\n  ")
    );
    std::fs::write(&path, text)?;
    let loaded = load(&[path]);
    loaded.rules.into_iter().next().with_context(|| format!("{name} is not a rule: {:?}", loaded.broken))
}

/// Spreads numbers, the same in every run.
fn spread(number: u64, salt: u64) -> u64 {
    let mixed = (number ^ (salt << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

/// Sign-ins in order of time: 5,000 people, 3 in 100 fail, mostly from where they always are; a spray and a brute force.
fn tables(rows: u64) -> anyhow::Result<Tables> {
    const APPS: [&str; 6] = [
        "OfficeHome",
        "Office 365 Exchange Online",
        "Microsoft Teams Web Client",
        "Azure Portal",
        "Microsoft Office",
        "One Outlook Web",
    ];
    const COUNTRIES: [&str; 8] = ["DE", "NL", "SE", "DK", "FR", "PL", "US", "GB"];
    let schema = Schema::known("SigninLogs").context("no schema of sign-ins")?;
    let at = |name: &str| schema.position(name).with_context(|| format!("no column {name}"));
    let (when, user, result, address) =
        (at("TimeGenerated")?, at("UserPrincipalName")?, at("ResultType")?, at("IPAddress")?);
    let (app, country, id, agent, kind) =
        (at("AppDisplayName")?, at("Location")?, at("Id")?, at("UserAgent")?, at("Type")?);
    let mut builder = TableBuilder::new(schema.clone());
    let shape = builder.shape(&Shape { name: "generated".into(), missing: Vec::new() });
    let first = time::parse_iso("2026-03-01T00:00:00Z").context("a time")?;
    for number in 0..rows {
        let ticks = first + (number as i128 * (DAYS * 86_400) as i128 * TICKS_PER_SECOND as i128 / rows as i128) as i64;
        let mut who = spread(number, 1) % 5000;
        let mut failed = spread(number, 2).is_multiple_of(33);
        let mut from = format!("10.{}.{}.{}", who / 250, who % 250, spread(number, 3) % 3);
        let mut place = COUNTRIES
            [(who % 4 + u64::from(spread(number, 4).is_multiple_of(50)) * (spread(number, 5) % 8)) as usize % 8];
        // Half a day of spraying, and an hour of guessing, from countries that nobody works in.
        if number > rows / 2 && number < rows / 2 + rows / 62 && number.is_multiple_of(20) {
            (failed, from, place) = (true, "203.0.113.7".into(), "KP");
        }
        if number > rows / 3 && number < rows / 3 + rows / 744 && number.is_multiple_of(10) {
            (who, failed, from, place) = (77, !number.is_multiple_of(200), "203.0.113.9".into(), "IR");
        }
        builder.set(when, Cell::Integer(ticks));
        builder.set(user, Cell::Text(&format!("user{who}@example.com")));
        builder.set(result, Cell::Text(if failed { "50126" } else { "0" }));
        builder.set(address, Cell::Text(&from));
        builder.set(app, Cell::Text(APPS[(spread(number, 6) % 6) as usize]));
        builder.set(country, Cell::Text(place));
        builder.set(id, Cell::Text(&format!("{:016x}", spread(number, 7))));
        builder.set(
            agent,
            Cell::Text(if who.is_multiple_of(2) { "Mozilla/5.0 (Windows NT 10.0)" } else { "Mozilla/5.0 (iPhone)" }),
        );
        builder.set(kind, Cell::Text("SigninLogs"));
        builder.close(RecordId { evidence: 0, number: number + 1 }, shape);
    }
    let mut tables = Tables::default();
    tables.insert(builder.finish());
    Ok(tables)
}
