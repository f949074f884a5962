//! Accounts, addresses, applications, sessions, devices and user agents that the findings are about, each with what all
//! sign-ins say of it: before its first finding, and since.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::intrusion::device;
use super::{Account, Found, Indicator};
use crate::finding::Severity;
use crate::incident::account_key;
use crate::table::time::TICKS_PER_DAY;
use crate::table::{Cell, Once, Table, Tables};
use crate::timeline::{Fact, Group, Reader, Timeline, group};

/// Sign-ins of people and of applications.
const SIGNINS: [&str; 4] =
    ["SigninLogs", "AADNonInteractiveUserSignInLogs", "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs"];
/// Entities of one kind that get a page of their own.
const MOST: usize = 300;
/// Companions of one kind that are listed.
const COMPANIONS: usize = 12;

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words say it")]
pub enum Kind {
    Account,
    Address,
    Application,
    Session,
    Device,
    UserAgent,
}

impl Kind {
    /// All kinds, in the order they are told.
    pub const ALL: [Kind; 6] =
        [Kind::Account, Kind::Address, Kind::Application, Kind::Session, Kind::Device, Kind::UserAgent];

    /// The word for one.
    pub fn word(self) -> &'static str {
        ["account", "address", "application", "session", "device", "user agent"][self as usize]
    }
}

/// What keeps company with an entity, in the order it is told.
const FIELDS: [&str; 7] = ["account", "address", "country", "application", "client", "user agent", "device"];

/// One entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// What it is.
    pub kind: Kind,
    /// Its name, address or id.
    pub value: String,
    /// What else is known of it.
    pub note: String,
    /// Highest severity of its findings.
    pub severity: Severity,
    /// Its findings.
    pub findings: Vec<usize>,
    /// Its events in the timeline.
    pub events: Vec<usize>,
    /// First and last time among sign-ins and events, in ticks.
    pub span: Option<(i64, i64)>,
    /// First and last time of its findings: what came before is the baseline.
    pub window: Option<(i64, i64)>,
    /// Sign-ins in all, those that succeeded, and those before the window.
    pub signins: [u64; 3],
    /// Sign-ins by weekday and hour in UTC, before the window and since; of accounts only.
    pub weeks: Option<Box<[[[u64; 24]; 7]; 2]>>,
    /// What keeps company with it: kind, values most telling first, and how many are left out.
    pub company: Vec<(&'static str, Vec<Companion>, usize)>,
}

/// A value seen together with an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The value.
    pub value: String,
    /// Sign-ins with it, those that succeeded, and those before the window.
    pub signins: [u64; 3],
    /// First time, in ticks.
    pub first: i64,
    /// Never seen before the window, although the entity was.
    pub new: bool,
}

#[derive(Default)]
struct Sums<'a> {
    span: Option<(i64, i64)>,
    signins: [u64; 3],
    weeks: Box<[[[u64; 24]; 7]; 2]>,
    company: FxHashMap<(usize, &'a str), (i64, [u64; 3])>,
}

/// The entities that findings name, and the sessions and devices of events that matter: most severe first by kind.
pub fn dossiers(
    tables: &Tables,
    findings: &[Found<'_>],
    timeline: &Timeline,
    accounts: &[Account],
    indicators: &[Indicator],
) -> Vec<Dossier> {
    let mut dossiers = chosen(findings, timeline, accounts, indicators);
    let keys = keys(&dossiers);
    attach(&mut dossiers, findings, timeline, &keys);
    let mut sums: Vec<Sums<'_>> = dossiers.iter().map(|_| Sums::default()).collect();
    for table in SIGNINS.iter().filter_map(|name| tables.get(name)) {
        add(table, &keys, &dossiers, &mut sums);
    }
    for (dossier, sums) in dossiers.iter_mut().zip(sums) {
        finish(dossier, sums);
    }
    dossiers
}

fn blank(kind: Kind, value: &str, severity: Severity) -> Dossier {
    Dossier {
        kind,
        value: value.to_owned(),
        note: String::new(),
        severity,
        findings: Vec::new(),
        events: Vec::new(),
        span: None,
        window: None,
        signins: [0; 3],
        weeks: None,
        company: Vec::new(),
    }
}

fn chosen(findings: &[Found<'_>], timeline: &Timeline, accounts: &[Account], indicators: &[Indicator]) -> Vec<Dossier> {
    let mut found: Vec<Dossier> = accounts
        .iter()
        .take(MOST)
        .map(|account| Dossier {
            findings: account.findings.clone(),
            window: account.span,
            ..blank(Kind::Account, &account.name, account.severity)
        })
        .collect();
    for (kind, name) in [(Kind::Address, "IP"), (Kind::Application, "CloudApplication"), (Kind::UserAgent, "UserAgent")]
    {
        let listed = indicators.iter().filter(|indicator| indicator.kind == name).take(MOST);
        found.extend(listed.map(|indicator| Dossier {
            note: indicator.note.clone(),
            findings: indicator.findings.clone(),
            window: window(findings, &indicator.findings),
            ..blank(kind, &indicator.value, indicator.severity)
        }));
    }
    for (kind, fact) in [(Kind::Session, Fact::Session), (Kind::Device, Fact::Device)] {
        let mut seen: BTreeMap<&str, (Severity, BTreeSet<usize>)> = BTreeMap::new();
        for event in timeline.events.iter().filter(|event| event.severity >= Severity::Medium) {
            let value = event.facts.get(fact);
            if value.chars().count() >= 3 {
                let entry = seen.entry(value).or_default();
                entry.0 = entry.0.max(event.severity);
                entry.1.extend(&event.findings);
            }
        }
        let mut rows: Vec<Dossier> = seen
            .into_iter()
            .map(|(value, (severity, positions))| {
                let positions: Vec<usize> = positions.into_iter().collect();
                Dossier { window: window(findings, &positions), findings: positions, ..blank(kind, value, severity) }
            })
            .collect();
        rows.sort_by(|a, b| (b.severity, b.findings.len(), &a.value).cmp(&(a.severity, a.findings.len(), &b.value)));
        found.extend(rows.into_iter().take(MOST));
    }
    found
}

/// First and last time of some findings.
fn window(findings: &[Found<'_>], positions: &[usize]) -> Option<(i64, i64)> {
    let chosen = || positions.iter().filter_map(|&position| findings.get(position)).map(|found| found.finding);
    let first = chosen().filter_map(|finding| finding.first).min()?;
    Some((first, chosen().filter_map(|finding| finding.last.or(finding.first)).max().unwrap_or(first)))
}

/// Positions by kind and the spelling that logs are compared in. An application goes by its id and by its name.
fn keys(dossiers: &[Dossier]) -> FxHashMap<(Kind, String), usize> {
    let mut keys = FxHashMap::default();
    for (position, dossier) in dossiers.iter().enumerate() {
        keys.entry((dossier.kind, key(dossier.kind, &dossier.value))).or_insert(position);
    }
    for (position, dossier) in dossiers.iter().enumerate().filter(|(_, dossier)| dossier.kind == Kind::Application) {
        for name in dossier.note.split(", ").filter(|name| !name.is_empty() && !name.starts_with("an application of")) {
            keys.entry((Kind::Application, key(Kind::Application, name))).or_insert(position);
        }
    }
    keys
}

fn key(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Account => account_key(value),
        _ => value.trim().to_lowercase(),
    }
}

/// The events of each.
fn attach(
    dossiers: &mut [Dossier],
    findings: &[Found<'_>],
    timeline: &Timeline,
    keys: &FxHashMap<(Kind, String), usize>,
) {
    const FACTS: [(Kind, Fact); 7] = [
        (Kind::Account, Fact::User),
        (Kind::Address, Fact::Ip),
        (Kind::Application, Fact::AppId),
        (Kind::Application, Fact::App),
        (Kind::Session, Fact::Session),
        (Kind::Device, Fact::Device),
        (Kind::UserAgent, Fact::UserAgent),
    ];
    for (position, event) in timeline.events.iter().enumerate() {
        for (kind, fact) in FACTS {
            let value = event.facts.get(fact);
            let Some(&at) = (!value.is_empty()).then(|| keys.get(&(kind, key(kind, value)))).flatten() else {
                continue;
            };
            let Some(dossier) = dossiers.get_mut(at) else { continue };
            if dossier.events.last() == Some(&position) {
                continue;
            }
            dossier.events.push(position);
            if let Some(time) = event.time {
                dossier.span = Some(dossier.span.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
            }
        }
    }
    for dossier in dossiers.iter_mut().filter(|dossier| dossier.window.is_none()) {
        dossier.window = window(findings, &dossier.findings);
    }
}

/// The sign-ins of one table.
fn add<'a>(table: &'a Table, keys: &FxHashMap<(Kind, String), usize>, dossiers: &[Dossier], sums: &mut [Sums<'a>]) {
    const OF: [(Kind, &[&str]); 6] = [
        (Kind::Account, &["UserPrincipalName", "ServicePrincipalName"]),
        (Kind::Address, &["IPAddress"]),
        (Kind::Application, &["AppId", "AppDisplayName", "ServicePrincipalName"]),
        (Kind::Session, &["SessionId"]),
        (Kind::Device, &["DeviceDetail"]),
        (Kind::UserAgent, &["UserAgent"]),
    ];
    let reader = Reader::new(table);
    // Names repeat over and over: each spelling is folded once. Where no such entity is asked for, none is.
    let asked = OF.into_iter().filter(|(kind, _)| dossiers.iter().any(|dossier| dossier.kind == *kind));
    let mut known: Vec<(Kind, Vec<_>)> = asked
        .map(|(kind, columns)| {
            let of = |name: &&'static str| {
                let (name, column) = (*name, table.column(table.schema().position(name)?));
                Some(Once::new(column, move |text: &'a str| {
                    let value = value(text, name);
                    let position = (!value.is_empty()).then(|| keys.get(&(kind, key(kind, value)))).flatten();
                    position.map(|position| *position as u32)
                }))
            };
            (kind, columns.iter().filter_map(of).collect())
        })
        .collect();
    let mut hit: Vec<(Kind, usize)> = Vec::new();
    for row in 0..table.rows() {
        hit.clear();
        for (kind, columns) in &mut known {
            let found = columns.iter_mut().find_map(|column| column.at(row).flatten());
            hit.extend(found.map(|position| (*kind, position as usize)));
        }
        if hit.is_empty() {
            continue;
        }
        let Some(time) = reader.time(row).0 else { continue };
        let success = group(cell(table, row, "ResultType")) == Group::Success;
        let first = |columns: &[&str]| {
            columns.iter().map(|column| cell(table, row, column)).find(|value| !value.is_empty()).unwrap_or_default()
        };
        let company: [&'a str; FIELDS.len()] = [
            first(&["UserPrincipalName", "ServicePrincipalName"]),
            first(&["IPAddress"]),
            first(&["Location"]),
            first(&["AppDisplayName", "ResourceDisplayName"]),
            first(&["ClientAppUsed"]),
            first(&["UserAgent"]),
            first(&["DeviceDetail"]),
        ];
        for &(kind, position) in &hit {
            let (Some(sums), Some(dossier)) = (sums.get_mut(position), dossiers.get(position)) else { continue };
            let before = dossier.window.is_some_and(|(begin, _)| time < begin);
            let counted = [1, u64::from(success), u64::from(before)];
            sums.signins.iter_mut().zip(counted).for_each(|(sum, n)| *sum += n);
            sums.span = Some(sums.span.map_or((time, time), |(a, b)| (a.min(time), b.max(time))));
            if kind == Kind::Account {
                // 0001-01-01 was a Monday.
                let weekday = (time / TICKS_PER_DAY).rem_euclid(7) as usize;
                let hour = (time.rem_euclid(TICKS_PER_DAY) / (TICKS_PER_DAY / 24)) as usize;
                sums.weeks[usize::from(!before)][weekday][hour.min(23)] += 1;
            }
            for (field, value) in company.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
                if FIELDS.get(field).is_some_and(|word| *word == kind.word()) {
                    continue;
                }
                let entry = sums.company.entry((field, value)).or_insert((time, [0; 3]));
                entry.0 = entry.0.min(time);
                entry.1.iter_mut().zip(counted).for_each(|(sum, n)| *sum += n);
            }
        }
    }
}

/// The text in a cell; of a DeviceDetail the device's id.
fn cell<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => value(text, column),
        _ => "",
    }
}

fn value<'a>(text: &'a str, column: &str) -> &'a str {
    if column == "DeviceDetail" { device(text) } else { text }
}

fn finish(dossier: &mut Dossier, sums: Sums<'_>) {
    if let Some((first, last)) = sums.span {
        dossier.span = Some(dossier.span.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
    }
    dossier.signins = sums.signins;
    if dossier.kind == Kind::Account && sums.signins[0] > 0 {
        dossier.weeks = Some(sums.weeks);
    }
    let begin = dossier.window.map_or(i64::MAX, |(begin, _)| begin);
    let known = sums.signins[2] > 0;
    let mut fields: Vec<Vec<Companion>> = vec![Vec::new(); FIELDS.len()];
    for ((field, value), (first, signins)) in sums.company {
        if let Some(list) = fields.get_mut(field) {
            list.push(Companion { value: value.to_owned(), signins, first, new: known && first >= begin });
        }
    }
    for (word, mut list) in FIELDS.into_iter().zip(fields).filter(|(_, list)| !list.is_empty()) {
        list.sort_by(|a, b| (b.new, b.signins, &a.value).cmp(&(a.new, a.signins, &b.value)));
        let more = list.len().saturating_sub(COMPANIONS);
        list.truncate(COMPANIONS);
        dossier.company.push((word, list, more));
    }
}
