//! What the sign-in logs say as a whole, findings or not.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::coverage::Steps;
use crate::table::time::TICKS_PER_DAY;
use crate::table::{Cell, Table, Tables};
use crate::timeline::{Group, Reader, group, meaning};

/// Tables of sign-ins by people. Those of applications follow other habits and would drown them.
const SIGNINS: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];
/// How many lines a list shows.
const TOP: usize = 10;

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The value.
    pub value: String,
    /// What it means, where that needs saying.
    pub meaning: String,
    /// Sign-ins.
    pub events: u64,
    /// Different accounts.
    pub accounts: u64,
}

/// Sign-ins of people, counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Sign-ins.
    pub total: u64,
    /// Accounts that signed in successfully at least once.
    pub accounts: u64,
    /// Their names in lower case.
    pub signed_in: BTreeSet<String>,
    /// Successes, interrupted and failed sign-ins in each step of the coverage.
    pub over_time: Vec<[u64; 3]>,
    /// Sign-ins by weekday, Monday first, and hour of the day in UTC.
    pub week: [[u64; 24]; 7],
    /// Most frequent result codes other than success.
    pub errors: Vec<Count>,
    /// Most frequent countries.
    pub countries: Vec<Count>,
    /// Most frequent applications.
    pub apps: Vec<Count>,
    /// Most frequent kinds of client.
    pub clients: Vec<Count>,
    /// Accounts with most failures.
    pub failing: Vec<Count>,
}

#[derive(Default)]
struct Tally<'a> {
    counts: FxHashMap<&'a str, (u64, FxHashSet<&'a str>)>,
}

impl<'a> Tally<'a> {
    fn add(&mut self, value: &'a str, account: &'a str) {
        if value.is_empty() {
            return;
        }
        let entry = self.counts.entry(value).or_default();
        entry.0 += 1;
        entry.1.insert(account);
    }

    /// The most frequent values; of equally frequent ones the first by name.
    fn top(self, explain: impl Fn(&str) -> String) -> Vec<Count> {
        let mut all: Vec<(&str, u64, u64)> =
            self.counts.into_iter().map(|(value, (events, accounts))| (value, events, accounts.len() as u64)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let count = |(value, events, accounts): (&str, u64, u64)| Count {
            value: value.to_owned(),
            meaning: explain(value),
            events,
            accounts,
        };
        all.into_iter().take(TOP).map(count).collect()
    }
}

/// Counts the sign-ins of people.
pub fn statistics(tables: &Tables, steps: Option<Steps>) -> Statistics {
    let mut found =
        Statistics { over_time: vec![[0; 3]; steps.map_or(0, |steps| steps.count)], ..Statistics::default() };
    let (mut errors, mut countries, mut apps) = (Tally::default(), Tally::default(), Tally::default());
    let (mut clients, mut failing) = (Tally::default(), Tally::default());
    let mut succeeded = FxHashSet::default();
    for table in SIGNINS.iter().filter_map(|name| tables.get(name)) {
        let reader = Reader::new(table);
        for row in 0..table.rows() {
            found.total += 1;
            let account = text(table, row, "UserPrincipalName");
            let code = text(table, row, "ResultType");
            let ended = group(code);
            match ended {
                Group::Success => {
                    succeeded.insert(account);
                }
                Group::Interrupted => errors.add(code, account),
                Group::Failure => {
                    errors.add(code, account);
                    failing.add(account, account);
                }
            }
            countries.add(text(table, row, "Location"), account);
            apps.add(text(table, row, "AppDisplayName"), account);
            clients.add(text(table, row, "ClientAppUsed"), account);
            let Some(time) = reader.time(row).0 else { continue };
            let step = steps.and_then(|steps| steps.of(time));
            if let Some(counts) = step.and_then(|step| found.over_time.get_mut(step)) {
                counts[ended as usize] += 1;
            }
            // 0001-01-01 was a Monday.
            let weekday = (time / TICKS_PER_DAY).rem_euclid(7) as usize;
            let hour = (time.rem_euclid(TICKS_PER_DAY) / (TICKS_PER_DAY / 24)) as usize;
            found.week[weekday][hour.min(23)] += 1;
        }
    }
    let plain = |_: &str| String::new();
    found.accounts = succeeded.len() as u64;
    found.signed_in = succeeded.into_iter().map(str::to_lowercase).collect();
    found.errors = errors.top(|code| meaning(code).unwrap_or("not in the list of known codes").to_owned());
    found.countries = countries.top(plain);
    found.apps = apps.top(plain);
    found.clients = clients.top(plain);
    found.failing = failing.top(plain);
    found
}

fn text<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}
