//! What the sign-in logs say as a whole, findings or not.

mod services;

use std::collections::{BTreeMap, BTreeSet};

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

/// The most frequent values of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// What is counted, as a heading.
    pub title: &'static str,
    /// What one line is.
    pub what: &'static str,
    /// The lines; empty where no sign-in says it.
    pub rows: Vec<Count>,
    /// Different values in all.
    pub values: usize,
}

/// Sign-ins by country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Country {
    /// Sign-ins.
    pub signins: u64,
    /// Those that succeeded.
    pub successes: u64,
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
    /// Sign-ins by what they say, the list of each kind in a fixed order.
    pub rankings: Vec<Ranking>,
    /// Sign-ins by country code.
    pub countries: BTreeMap<String, Country>,
    /// Applications that no Conditional Access policy was ever applied to, among sign-ins whose export carries the
    /// policies; none where no export does.
    pub uncovered: Option<Vec<Count>>,
    /// What services of the directory did, by service.
    pub services: Vec<(&'static str, Vec<Count>)>,
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

/// What is counted of each sign-in, in the order it is told.
const RANKED: [(&str, &str); 11] = [
    ("Why sign-ins failed or were interrupted", "Result code"),
    ("Accounts with most failures", "Account"),
    ("Accounts with most sign-ins", "Account"),
    ("Countries", "Country"),
    ("Applications", "Application"),
    ("Kinds of client", "Client"),
    ("Browsers", "Browser"),
    ("Operating systems", "System"),
    ("Authentication methods", "Method"),
    ("Factors required", "Requirement"),
    ("Conditional Access", "Result"),
];

/// Counts the sign-ins of people.
pub fn statistics(tables: &Tables, steps: Option<Steps>) -> Statistics {
    let mut found =
        Statistics { over_time: vec![[0; 3]; steps.map_or(0, |steps| steps.count)], ..Statistics::default() };
    let mut tallies: [Tally<'_>; RANKED.len()] = Default::default();
    let mut policies = Policies::default();
    let mut succeeded = FxHashSet::default();
    for table in SIGNINS.iter().filter_map(|name| tables.get(name)) {
        let reader = Reader::new(table);
        for row in 0..table.rows() {
            found.total += 1;
            let account = text(table, row, "UserPrincipalName");
            let code = text(table, row, "ResultType");
            let ended = group(code);
            let device = text(table, row, "DeviceDetail");
            let country = text(table, row, "Location");
            let app = text(table, row, "AppDisplayName");
            if ended == Group::Success {
                succeeded.insert(account);
            }
            let values = [
                if ended == Group::Success { "" } else { code },
                if ended == Group::Failure { account } else { "" },
                account,
                country,
                app,
                text(table, row, "ClientAppUsed"),
                product(inside(device, "browser")),
                product(inside(device, "operatingSystem")),
                "",
                text(table, row, "AuthenticationRequirement"),
                text(table, row, "ConditionalAccessStatus"),
            ];
            for (tally, value) in tallies.iter_mut().zip(values) {
                tally.add(value, account);
            }
            for part in text(table, row, "AuthenticationDetails").split("\"authenticationMethod\"").skip(1) {
                tallies[8].add(quoted(part), account);
            }
            policies.add(table, row, app, account);
            if !country.is_empty() {
                let entry = match found.countries.get_mut(country) {
                    Some(entry) => entry,
                    None => found.countries.entry(country.to_owned()).or_default(),
                };
                entry.signins += 1;
                entry.successes += u64::from(ended == Group::Success);
            }
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
    found.accounts = succeeded.len() as u64;
    found.signed_in = succeeded.into_iter().map(str::to_lowercase).collect();
    let explain = |what: &str, value: &str| match what {
        "Result code" => meaning(value).unwrap_or("not in the list of known codes").to_owned(),
        _ => String::new(),
    };
    let ranked = RANKED.into_iter().zip(tallies).map(|((title, what), tally)| Ranking {
        title,
        what,
        values: tally.counts.len(),
        rows: tally.top(|value| explain(what, value)),
    });
    found.rankings = ranked.collect();
    found.uncovered = policies.uncovered();
    found.services = services::services(tables);
    found
}

/// Applications by whether a policy was ever applied to them, among sign-ins whose export carries the policies.
#[derive(Default)]
struct Policies<'a> {
    told: bool,
    covered: FxHashSet<&'a str>,
    bare: Tally<'a>,
}

impl<'a> Policies<'a> {
    fn add(&mut self, table: &'a Table, row: usize, app: &'a str, account: &'a str) {
        let listed = ["ConditionalAccessPolicies", "AppliedConditionalAccessPolicies"]
            .map(|column| text(table, row, column))
            .into_iter()
            .find(|list| list.len() > 2);
        let Some(list) = listed else { return };
        self.told = true;
        let applied = list.split("\"result\"").skip(1).any(|part| matches!(quoted(part), "success" | "failure"));
        if applied {
            self.covered.insert(app);
        } else {
            self.bare.add(app, account);
        }
    }

    fn uncovered(mut self) -> Option<Vec<Count>> {
        if !self.told {
            return None;
        }
        self.bare.counts.retain(|app, _| !self.covered.contains(app));
        Some(self.bare.top(|_| String::new()))
    }
}

/// The text of a key in JSON text, without reading the whole: it is asked of every row.
fn inside<'a>(json: &'a str, key: &str) -> &'a str {
    json.match_indices(key)
        .find_map(|(at, _)| {
            let before = json.get(..at)?;
            let rest = json.get(at + key.len()..)?.strip_prefix('"')?;
            before.ends_with('"').then(|| quoted(rest))
        })
        .unwrap_or_default()
}

/// The text value after a key.
fn quoted(rest: &str) -> &str {
    let rest = rest.trim_start_matches([' ', ':']);
    rest.strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

/// A product without its version: `Chrome 109.0.0` is Chrome, `Ios 18.3` is Ios.
fn product(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ' | '_'))
}

fn text<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{inside, product};

    #[test]
    fn devices_are_read() {
        let detail = r#"{"deviceId":"", "operatingSystem": "Ios 18.3","browser":"Mobile Safari"}"#;
        assert_eq!(product(inside(detail, "operatingSystem")), "Ios");
        assert_eq!(inside(detail, "browser"), "Mobile Safari");
        assert_eq!(inside(detail, "system"), "");
        assert_eq!(product("Edge 120.0.1"), "Edge");
    }
}
