//! The replay beside its definition: every step run over everything, one after the other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken property stops the test

use std::collections::{BTreeMap, BTreeSet};

use entrail::detect::{Options, detect};
use entrail::finding::Outcome;
use entrail::kql::{self, Context};
use entrail::progress::Progress;
use entrail::rules::{Rule, load};
use entrail::table::{RecordId, Schema, TICKS_PER_SECOND, Table, Tables, UNIX_EPOCH_TICKS, time};
use proptest::prelude::*;

const HOUR: i64 = 3600 * TICKS_PER_SECOND;

/// queryFrequency and queryPeriod in hours, and the query: what published rules are made of.
const RULES: [(i64, i64, &str); 11] = [
    (
        6,
        6,
        "SigninLogs | where ResultType == \"50126\" | summarize N = count(), StartTime = min(TimeGenerated) by UserPrincipalName | where N >= 2",
    ),
    (
        4,
        12,
        "let back = 12h; SigninLogs | where TimeGenerated > ago(back) | where ResultType in (\"50126\", \"50053\") and isnotempty(IPAddress) | summarize Users = dcount(UserPrincipalName), N = count() by IPAddress | where Users > 1",
    ),
    (
        6,
        24,
        "let recent = SigninLogs | where TimeGenerated > ago(6h) | where ResultType == \"0\"; let before = SigninLogs | where TimeGenerated between (ago(24h) .. ago(6h)) | where ResultType == \"0\" | distinct UserPrincipalName, IPAddress; recent | join kind=leftanti before on UserPrincipalName, IPAddress | project TimeGenerated, UserPrincipalName, IPAddress",
    ),
    (
        4,
        8,
        "SigninLogs | where ResultType == \"50126\" | project Failed = TimeGenerated, UserPrincipalName, IPAddress | join kind=inner (SigninLogs | where ResultType == \"0\" | project Succeeded = TimeGenerated, UserPrincipalName) on UserPrincipalName | where Succeeded > Failed | project Failed, Succeeded, UserPrincipalName, IPAddress",
    ),
    (
        6,
        12,
        "let f = (name:string, code:string) { table(name) | where TimeGenerated >= ago(12h) | where ResultType == code | summarize N = count() by UserPrincipalName, Type }; union isfuzzy=true f(\"SigninLogs\", \"50126\"), f(\"AADNonInteractiveUserSignInLogs\", \"50126\") | where N > 1",
    ),
    (
        6,
        18,
        "let failed = materialize(SigninLogs | where ResultType != \"0\" | project TimeGenerated, UserPrincipalName, IPAddress); let many = toscalar(failed | count); failed | summarize N = count() by UserPrincipalName | extend Share = N * 100 / many | where Share > 40",
    ),
    (
        3,
        6,
        "AuditLogs | where OperationName has \"role\" | extend Actor = tolower(tostring(InitiatedBy.user.userPrincipalName)) | where Actor startswith \"a\" | mv-expand TargetResources | extend Target = tostring(TargetResources.displayName) | summarize Targets = make_set(Target), StartTime = min(TimeGenerated) by Actor",
    ),
    (
        6,
        12,
        "AuditLogs | where Result == \"success\" | extend Actor = tolower(tostring(InitiatedBy.user.userPrincipalName)) | project Changed = TimeGenerated, Actor, OperationName | join kind=inner (SigninLogs | extend Actor = tolower(UserPrincipalName) | where ResultType == \"50126\" | summarize Failures = count() by Actor) on Actor | project Changed, Actor, OperationName, Failures",
    ),
    (
        6,
        24,
        "SigninLogs | where ResultType == \"50126\" | make-series N = count() on TimeGenerated from ago(24h) to now() step 6h by UserPrincipalName | extend Most = toscalar(print 1) | mv-expand N to typeof(long) | where N > 1 | project UserPrincipalName, N",
    ),
    (
        5,
        10,
        "SigninLogs | where TimeGenerated >= startofday(ago(10h)) | extend Age = bin(now() - TimeGenerated, 5h) | where ResultType == \"50126\" | summarize N = count() by UserPrincipalName, Age | where N > 1",
    ),
    (
        6,
        12,
        "SigninLogs | where ResultType == \"50126\" | summarize arg_max(TimeGenerated, *) by UserPrincipalName | project TimeGenerated, UserPrincipalName, IPAddress | sort by UserPrincipalName asc | serialize Row = row_number()",
    ),
];

fn rule(number: usize) -> Rule {
    let (frequency, period, query) = RULES[number];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rule.yaml");
    let text = format!(
        "id: rule\nname: Rule\nseverity: Low\nkind: Scheduled\nqueryFrequency: {frequency}h\nqueryPeriod: {period}h\n\
         triggerOperator: gt\ntriggerThreshold: 0\nquery: |\n  {query}\n"
    );
    std::fs::write(&path, text).unwrap();
    load(&[path]).rules.remove(0)
}

/// What a hit is told by: its row, its alerts, its records and its limits.
type Told = (Vec<(String, String)>, u64, Vec<RecordId>, Vec<String>);

/// A row with the alerts it was in, the records behind it and the most of the period that a run saw.
type Hit = (u64, BTreeSet<RecordId>, Option<i64>);

/// The definition.
fn naive(rule: &Rule, tables: &Tables) -> Vec<Told> {
    let schedule = rule.schedule.unwrap();
    let nothing = BTreeMap::new();
    let thresholds = BTreeMap::new();
    let context = |now: i64, lineage: bool| Context {
        tables,
        now,
        window: Some((now - schedule.period, now)),
        watchlists: &nothing,
        thresholds: &thresholds,
        lineage,
        places: None,
    };
    let read = kql::check(&rule.query, &context(0, false)).unwrap().tables;
    // Where nothing at all raises an alert, runs reach over all of the evidence; else over what the rule reads.
    let silent = Context { window: Some((i64::MIN, i64::MIN)), ..context(UNIX_EPOCH_TICKS, false) };
    let silent = kql::run(&rule.query, &silent).unwrap().rows() > 0;
    let spans = |names: &BTreeSet<String>| -> Vec<(i64, i64)> {
        names.iter().filter_map(|name| tables.get(name)).filter_map(|table| table.span("TimeGenerated")).collect()
    };
    let own = spans(&read).iter().map(|span| span.0).min();
    let read: BTreeSet<String> = if silent { tables.iter().map(|(name, _)| name.to_owned()).collect() } else { read };
    let spans = spans(&read);
    let (Some(first), Some(last)) = (spans.iter().map(|s| s.0).min(), spans.iter().map(|s| s.1).max()) else {
        return Vec::new();
    };
    let mut hits: BTreeMap<Vec<(String, String)>, Hit> = BTreeMap::new();
    let mut now = UNIX_EPOCH_TICKS + (first - UNIX_EPOCH_TICKS).div_euclid(schedule.frequency) * schedule.frequency;
    loop {
        if now >= first {
            step(rule, &context(now, true), own, &mut hits);
        }
        if now >= last {
            break;
        }
        now += schedule.frequency;
    }
    let told = hits.into_iter().map(|(row, (alerts, records, best))| {
        let limit = best.map(|seen| format!("baseline {} of {} hours", seen / HOUR, schedule.period / HOUR));
        (row, alerts, records.into_iter().collect(), limit.into_iter().collect())
    });
    told.collect()
}

fn step(rule: &Rule, context: &Context<'_>, first: Option<i64>, hits: &mut BTreeMap<Vec<(String, String)>, Hit>) {
    let schedule = rule.schedule.unwrap();
    let answer = kql::run(&rule.query, context).unwrap_or_else(|problems| panic!("{problems:?}"));
    let rows: Vec<Vec<(String, String)>> = (0..answer.rows())
        .map(|row| {
            let names = answer.columns.iter().enumerate();
            let cells =
                names.map(|(column, (name, _))| (name.clone(), answer.cell(row, column).to_text().into_owned()));
            cells.filter(|(_, text)| !text.is_empty()).collect()
        })
        .collect();
    let (start, end) = context.window.unwrap();
    let partly = first.filter(|first| schedule.period > schedule.frequency && start < *first).map(|first| end - first);
    let new = rows.iter().any(|row| !hits.contains_key(row));
    let mut seen = BTreeSet::new();
    for (at, row) in rows.iter().enumerate() {
        if seen.insert(row) {
            let hit = hits.entry(row.clone()).or_insert((0, BTreeSet::new(), partly));
            hit.0 += 1;
            hit.2 = hit.2.zip(partly).map(|(a, b)| a.max(b));
        }
        // The records are asked of runs that give a row for the first time.
        if new {
            hits.get_mut(row).unwrap().1.extend(&answer.origins[at]);
        }
    }
}

fn replayed(rule: &Rule, tables: &Tables) -> Vec<Told> {
    let verdict = detect(std::slice::from_ref(rule), tables, &Options::default(), &Progress::silent()).remove(0);
    let mut told: Vec<Told> = match verdict.outcome {
        Outcome::Hits(findings) => findings
            .into_iter()
            .map(|finding| {
                let records = finding.sources.iter().map(|s| RecordId { evidence: s.evidence, number: s.record });
                (finding.row, finding.alerts, records.collect(), finding.limits)
            })
            .collect(),
        Outcome::Clean => Vec::new(),
        Outcome::NotEvaluable { .. } => Vec::new(),
        Outcome::Failed(problems) => panic!("{problems:?}"),
    };
    told.sort();
    told
}

/// Minute of three days or none, user, address, result.
type Row = (Option<u16>, u8, u8, u8);

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((prop::option::weighted(0.97, 0..4320_u16), 0..4_u8, 0..3_u8, 0..4_u8), 1..most)
}

fn tables(interactive: &[Row], quiet: &[Row], audits: &[Row]) -> Tables {
    let begin = time::parse_iso("2026-03-01T01:00:00Z").unwrap();
    let when = |minute: &Option<u16>| minute.map(|minute| time::iso(begin + i64::from(minute) * 60 * TICKS_PER_SECOND));
    let user = |n: u8| format!("{}@example.com", ["ana", "Ben", "carl", "Ada"][usize::from(n)]);
    let mut tables = Tables::default();
    for (name, rows) in [("SigninLogs", interactive), ("AADNonInteractiveUserSignInLogs", quiet)] {
        let rows: Vec<_> = rows
            .iter()
            .map(|(minute, who, address, result)| {
                let result = ["0", "50126", "50126", "50053"][usize::from(*result)];
                let row = serde_json::json!({"TimeGenerated": when(minute), "UserPrincipalName": user(*who), "Type": name,
                    "IPAddress": format!("203.0.113.{address}"), "ResultType": result});
                row.as_object().cloned().unwrap()
            })
            .collect();
        tables.insert(Table::from_rows(Schema::known(name).unwrap(), &rows).unwrap());
    }
    let rows: Vec<_> = audits
        .iter()
        .map(|(minute, who, target, operation)| {
            let operation = ["Add member to role", "Update user", "Remove member from role", "Add user"][usize::from(*operation)];
            let row = serde_json::json!({"TimeGenerated": when(minute), "OperationName": operation, "Result": if *who == 3 { "failure" } else { "success" },
                "InitiatedBy": {"user": {"userPrincipalName": user(*who)}}, "TargetResources": [{"displayName": format!("t{target}")}, {"displayName": "x"}]});
            row.as_object().cloned().unwrap()
        })
        .collect();
    tables.insert(Table::from_rows(Schema::known("AuditLogs").unwrap(), &rows).unwrap());
    tables
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn replay_is_every_step_over_everything(
        number in 0..RULES.len(), interactive in rows(40), quiet in rows(8), audits in rows(16),
    ) {
        let (rule, tables) = (rule(number), tables(&interactive, &quiet, &audits));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).stack_size(entrail::detect::STACK).build().unwrap();
        let expected = pool.install(|| naive(&rule, &tables));
        prop_assert_eq!(replayed(&rule, &tables), expected, "{}", rule.query);
    }
}
