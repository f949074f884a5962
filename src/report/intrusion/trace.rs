//! Rows of all tables that came from the followed addresses.

use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Suspect;
use crate::table::{Cell, RecordId, Table, Tables};
use crate::timeline::{Fact, Facts, Group, Reader, group};

/// Sign-ins of people.
pub(super) const PEOPLE: [&str; 3] = ["SigninLogs", "AADNonInteractiveUserSignInLogs", "ADFSSignInLogs"];
/// Sign-ins of applications.
const APPLICATIONS: [&str; 2] = ["AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs"];
/// Logs of what was done once signed in. The typed table of a record comes before the catch-all.
const ACTIVITY: [&str; 8] = [
    "AuditLogs",
    "OfficeActivity",
    "CloudAppEvents",
    "AzureActivity",
    "MicrosoftGraphActivityLogs",
    "AADGraphActivityLogs",
    "AZKVAuditLogs",
    "AzureDiagnostics",
];
/// Columns that may hold the address, whole, with a port, or inside JSON.
const ADDRESSES: [&str; 9] = [
    "IPAddress",
    "IpAddress",
    "CallerIpAddress",
    "CallerIPAddress",
    "Client_IPAddress",
    "ClientIP",
    "ActorIpAddress",
    "InitiatedBy",
    "RawEventData",
];

/// One sign-in from a followed address.
pub(super) struct Login<'a> {
    pub table: &'a Table,
    pub row: usize,
    pub time: Option<i64>,
    pub ended: Group,
    pub person: bool,
}

impl<'a> Login<'a> {
    pub fn text(&self, column: &str) -> &'a str {
        text(self.table, self.row, column)
    }

    /// The account or application that signed in.
    pub fn who(&self) -> &'a str {
        let name = self.text(if self.person { "UserPrincipalName" } else { "ServicePrincipalName" });
        if name.is_empty() { self.text(if self.person { "UserId" } else { "AppId" }) } else { name }
    }
}

/// One row of another log from a followed address.
pub(super) struct Deed {
    pub table: &'static str,
    pub row: usize,
    pub record: RecordId,
    pub time: Option<i64>,
    pub facts: Facts,
}

/// Everything from the followed addresses.
pub(super) struct Trace<'a> {
    pub logins: Vec<Login<'a>>,
    pub deeds: Vec<Deed>,
    followed: FxHashSet<IpAddr>,
}

impl<'a> Trace<'a> {
    pub fn follow(tables: &'a Tables, suspects: &[Suspect]) -> Trace<'a> {
        let followed = suspects.iter().filter(|suspect| suspect.followed()).map(|suspect| suspect.address).collect();
        let mut trace = Trace { logins: Vec::new(), deeds: Vec::new(), followed };
        if trace.followed.is_empty() {
            return trace;
        }
        let kinds = PEOPLE.iter().map(|name| (name, true)).chain(APPLICATIONS.iter().map(|name| (name, false)));
        for (table, person) in kinds.filter_map(|(name, person)| Some((tables.get(name)?, person))) {
            trace.logins(table, person);
        }
        let mut told = FxHashSet::default();
        for name in ACTIVITY {
            if let Some(table) = tables.get(name) {
                trace.activity(name, table, &mut told);
            }
        }
        trace.deeds.sort_by_key(|deed| (deed.time.is_none(), deed.time, deed.record));
        trace
    }

    fn logins(&mut self, table: &'a Table, person: bool) {
        let reader = Reader::new(table);
        let mut known: FxHashMap<&str, bool> = FxHashMap::default();
        for row in 0..table.rows() {
            let written = text(table, row, "IPAddress");
            if *known.entry(written).or_insert_with(|| address(written).is_some_and(|ip| self.followed.contains(&ip))) {
                let ended = group(text(table, row, "ResultType"));
                self.logins.push(Login { table, row, time: reader.time(row).0, ended, person });
            }
        }
    }

    fn activity(&mut self, name: &'static str, table: &Table, told: &mut FxHashSet<RecordId>) {
        let needles: Vec<String> = self.followed.iter().map(IpAddr::to_string).collect();
        let columns: Vec<usize> = ADDRESSES.iter().filter_map(|column| table.schema().position(column)).collect();
        let reader = Reader::new(table);
        for row in 0..table.rows() {
            let record = table.record(row);
            // Reading all facts of a row costs far more than looking for the address in its text.
            let named = columns.iter().any(|column| match table.column(*column).cell(row) {
                Cell::Text(text) => needles.iter().any(|needle| text.contains(needle.as_str())),
                _ => false,
            });
            if !named || told.contains(&record) {
                continue;
            }
            let facts = reader.facts(row);
            if address(facts.get(Fact::Ip)).is_some_and(|ip| self.followed.contains(&ip)) {
                told.insert(record);
                self.deeds.push(Deed { table: name, row, record, time: reader.time(row).0, facts });
            }
        }
    }

    /// Whether an address is followed.
    pub fn follows(&self, written: &str) -> bool {
        address(written).is_some_and(|ip| self.followed.contains(&ip))
    }

    /// First and last time.
    pub fn span(&self) -> Option<(i64, i64)> {
        let times = || self.logins.iter().filter_map(|l| l.time).chain(self.deeds.iter().filter_map(|d| d.time));
        Some((times().min()?, times().max()?))
    }
}

/// The address in a text, with or without a port.
fn address(written: &str) -> Option<IpAddr> {
    let plain = written.trim().parse::<IpAddr>().ok();
    let found = plain.or_else(|| written.trim().parse::<std::net::SocketAddr>().ok().map(|with| with.ip()));
    found.map(|ip| ip.to_canonical())
}

/// The text in a cell.
pub(super) fn text<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}
