//! What the sign-ins say of the accounts and addresses that findings name: what was new, and who else was there.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Account, Indicator};
use crate::table::{Cell, Table, Tables};
use crate::timeline::{Group, Reader, group};

/// Tables of sign-ins by people.
const SIGNINS: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];
/// Columns whose values make a habit, and the word for them.
const HABITS: [(&str, &str); 5] = [
    ("IPAddress", "address"),
    ("Location", "country"),
    ("AppDisplayName", "application"),
    ("ClientAppUsed", "client"),
    ("UserAgent", "user agent"),
];
/// Accounts that are looked at, most severe first.
const ACCOUNTS: usize = 500;

/// An account before and since its first finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// Name.
    pub name: String,
    /// Sign-ins in the evidence.
    pub signins: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Sign-ins before its first finding: without any, nothing can be called new.
    pub before: u64,
    /// Time of the first and the last sign-in, in ticks.
    pub span: Option<(i64, i64)>,
    /// What was first seen with its first finding or later, in order of time.
    pub novel: Vec<Novel>,
}

/// A value not seen before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Novel {
    /// First time, in ticks.
    pub first: i64,
    /// What kind of value.
    pub what: &'static str,
    /// The value.
    pub value: String,
    /// Sign-ins with it.
    pub signins: u64,
}

/// What all sign-ins say of one address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// Sign-ins from it.
    pub signins: u64,
    /// Accounts that tried.
    pub accounts: BTreeSet<String>,
    /// Accounts that succeeded.
    pub succeeded: BTreeSet<String>,
}

#[derive(Default)]
struct Habit<'a> {
    signins: u64,
    successes: u64,
    before: u64,
    span: Option<(i64, i64)>,
    values: FxHashMap<(usize, &'a str), (i64, u64)>,
}

/// Profiles of the accounts, and the spread of each address among the indicators.
pub fn profiles(
    tables: &Tables,
    accounts: &[Account],
    indicators: &[Indicator],
) -> (Vec<Profile>, BTreeMap<String, Spread>) {
    let named: FxHashMap<String, usize> =
        accounts.iter().take(ACCOUNTS).enumerate().map(|(i, account)| (account.name.to_lowercase(), i)).collect();
    let mut habits: Vec<Habit<'_>> = accounts.iter().take(ACCOUNTS).map(|_| Habit::default()).collect();
    let wanted = indicators.iter().filter(|indicator| indicator.kind == "IP");
    let mut spreads: BTreeMap<String, Spread> =
        wanted.map(|indicator| (indicator.value.clone(), Spread::default())).collect();
    for table in SIGNINS.iter().filter_map(|name| tables.get(name)) {
        let reader = Reader::new(table);
        // Names repeat over and over: each spelling is folded once.
        let mut known: FxHashMap<&str, Option<usize>> = FxHashMap::default();
        for row in 0..table.rows() {
            let name = text(table, row, "UserPrincipalName");
            let success = group(text(table, row, "ResultType")) == Group::Success;
            if let Some(spread) = spreads.get_mut(text(table, row, "IPAddress")) {
                spread.signins += 1;
                if !spread.accounts.contains(name) {
                    spread.accounts.insert(name.to_owned());
                }
                if success && !spread.succeeded.contains(name) {
                    spread.succeeded.insert(name.to_owned());
                }
            }
            let position = *known.entry(name).or_insert_with(|| named.get(&name.to_lowercase()).copied());
            let Some((habit, account)) = position.and_then(|i| habits.get_mut(i).zip(accounts.get(i))) else {
                continue;
            };
            habit.signins += 1;
            habit.successes += u64::from(success);
            let Some(time) = reader.time(row).0 else { continue };
            habit.before += u64::from(account.span.is_some_and(|(first, _)| time < first));
            let (first, last) = habit.span.unwrap_or((time, time));
            habit.span = Some((first.min(time), last.max(time)));
            for (kind, (column, _)) in HABITS.iter().enumerate() {
                let value = text(table, row, column);
                if !value.is_empty() {
                    let seen = habit.values.entry((kind, value)).or_insert((time, 0));
                    seen.0 = seen.0.min(time);
                    seen.1 += 1;
                }
            }
        }
    }
    let profiles = habits.into_iter().zip(accounts).map(|(habit, account)| profile(habit, account)).collect();
    (profiles, spreads)
}

fn profile(habit: Habit<'_>, account: &Account) -> Profile {
    let since = account.span.map_or(i64::MAX, |(first, _)| first);
    let mut novel: Vec<Novel> = habit
        .values
        .into_iter()
        .filter(|(_, (first, _))| habit.before > 0 && *first >= since)
        .map(|((kind, value), (first, signins))| Novel {
            first,
            what: HABITS.get(kind).map_or("", |(_, word)| word),
            value: value.to_owned(),
            signins,
        })
        .collect();
    novel.sort();
    Profile {
        name: account.name.clone(),
        signins: habit.signins,
        successes: habit.successes,
        before: habit.before,
        span: habit.span,
        novel,
    }
}

fn text<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}
