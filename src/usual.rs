//! What the sign-ins show as usual: addresses that many share day by day, countries, networks, service accounts.
//!
//! These are suggestions with the figures behind them, never verdicts: an intruder who stays for months becomes
//! usual too.

pub mod federated;
pub mod own;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::table::{Cell, TICKS_PER_SECOND, Table, Tables};

/// Sign-ins of people.
const TABLES: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];
const DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// An address that accounts signed in from successfully.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Successful sign-ins.
    pub signins: u64,
    /// Accounts.
    pub users: usize,
    /// Days on which more than one account did.
    pub shared_days: usize,
}

/// A network, country or application with its successful sign-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share<T> {
    /// Which.
    pub what: T,
    /// Successful sign-ins.
    pub signins: u64,
    /// Accounts.
    pub users: usize,
}

/// What is usual, everything with most sign-ins first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usual {
    /// Accounts that signed in successfully.
    pub users: usize,
    /// Days on which an account did.
    pub days: usize,
    /// Addresses.
    pub addresses: Vec<Address>,
    /// Networks: /24 of IPv4, /48 of IPv6.
    pub networks: Vec<Share<IpNet>>,
    /// Countries as the logs name them.
    pub countries: Vec<Share<String>>,
    /// Applications by id and by name, in lower case.
    pub apps: Vec<Share<String>>,
    /// Accounts of directory synchronisation, in lower case.
    pub sync: Vec<Share<String>>,
    /// Roles that the directory audit shows being given, by account in lower case.
    pub roles: BTreeMap<String, BTreeSet<String>>,
}

impl Usual {
    /// Reads it from the sign-ins and the directory audit.
    pub fn of(tables: &Tables) -> Usual {
        let mut sums = Sums::default();
        for table in TABLES.iter().filter_map(|name| tables.get(name)) {
            sums.add(table);
        }
        Usual { roles: roles::given(tables), ..sums.finish() }
    }

    /// Addresses likely to be the organisation's: on more than one day more than one account signed in from there.
    pub fn shared(&self) -> impl Iterator<Item = &Address> {
        self.addresses.iter().filter(|address| address.shared_days > 1)
    }

    /// Addresses so common that they tell nobody apart: at least three accounts, and more than one of them on at
    /// least half of the days. An intruder's address passes neither within a few weeks.
    pub fn common_addresses(&self) -> BTreeSet<IpAddr> {
        let often = |address: &&Address| address.users >= 3 && address.shared_days * 2 >= self.days;
        self.shared().filter(often).map(|address| address.address).collect()
    }

    /// Applications that at least five accounts and a tenth of all use.
    pub fn common_apps(&self) -> impl Iterator<Item = &str> {
        let enough = 5.max(self.users.div_ceil(10));
        self.apps.iter().filter(move |app| app.users >= enough).map(|app| app.what.as_str())
    }
}

/// Distinct texts by number.
#[derive(Default)]
struct Names {
    numbers: FxHashMap<String, u32>,
    texts: Vec<String>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(&known) = self.numbers.get(text) {
            return known;
        }
        let number = self.texts.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

/// Sign-ins by one thing, and which accounts.
#[derive(Default)]
struct Tally {
    names: Names,
    signins: Vec<u64>,
    users: FxHashSet<(u32, u32)>,
}

impl Tally {
    fn add(&mut self, what: &str, user: u32) -> u32 {
        let number = self.names.number(what);
        let wanted = self.names.texts.len();
        self.signins.resize(wanted, 0);
        if let Some(count) = self.signins.get_mut(number as usize) {
            *count += 1;
        }
        self.users.insert((number, user));
        number
    }

    fn finish(self) -> Vec<Share<String>> {
        let mut users = vec![0; self.signins.len()];
        for (number, _) in self.users {
            if let Some(count) = users.get_mut(number as usize) {
                *count += 1;
            }
        }
        let rows = self.names.texts.into_iter().zip(self.signins).zip(users);
        let mut shares: Vec<_> = rows.map(|((what, signins), users)| Share { what, signins, users }).collect();
        shares.sort_by(|a, b| (b.signins, &a.what).cmp(&(a.signins, &b.what)));
        shares
    }
}

#[derive(Default)]
struct Sums {
    users: Names,
    days: BTreeSet<i64>,
    addresses: Tally,
    networks: Tally,
    countries: Tally,
    apps: Tally,
    sync: Tally,
    /// Address, day, account.
    daily: FxHashSet<(u32, i64, u32)>,
}

impl Sums {
    fn add(&mut self, table: &Table) {
        let column = |name: &str| table.schema().position(name).map(|at| table.column(at));
        let (result, user, time) = (column("ResultType"), column("UserPrincipalName"), column("TimeGenerated"));
        let (address, country) = (column("IPAddress"), column("Location"));
        let (app, app_id) = (column("AppDisplayName"), column("AppId"));
        let mut parsed: FxHashMap<String, Option<(String, String)>> = FxHashMap::default();
        for row in 0..table.rows() {
            let text = |column: Option<&'_ crate::table::Column>| match column.map(|column| column.cell(row)) {
                Some(Cell::Text(text)) => text.trim().to_lowercase(),
                _ => String::new(),
            };
            let name = text(user);
            if text(result) != "0" || name.is_empty() {
                continue;
            }
            let user = self.users.number(&name);
            for key in [text(app), text(app_id)].iter().filter(|key| !key.is_empty()) {
                self.apps.add(key, user);
            }
            if name.starts_with("sync_") {
                self.sync.add(&name, user);
                continue;
            }
            let country = text(country).to_uppercase();
            if country.len() == 2 {
                self.countries.add(&country, user);
            }
            let Some(Cell::Integer(at)) = time.map(|column| column.cell(row)) else { continue };
            let day = at.div_euclid(DAY);
            self.days.insert(day);
            let written = text(address);
            let Some((address, network)) = parsed.entry(written).or_insert_with_key(|text| places(text)) else {
                continue;
            };
            let number = self.addresses.add(address, user);
            self.networks.add(network, user);
            self.daily.insert((number, day, user));
        }
    }

    fn finish(self) -> Usual {
        let mut together: BTreeMap<u32, BTreeMap<i64, usize>> = BTreeMap::new();
        for (address, day, _) in self.daily {
            *together.entry(address).or_default().entry(day).or_default() += 1;
        }
        let numbers = self.addresses.names.numbers.clone();
        let shared = |text: &str| {
            let days = numbers.get(text).and_then(|number| together.get(number));
            days.map_or(0, |days| days.values().filter(|users| **users > 1).count())
        };
        let address = |share: Share<String>| {
            let address = share.what.parse().ok()?;
            let shared_days = shared(&share.what);
            Some(Address { address, signins: share.signins, users: share.users, shared_days })
        };
        let network = |share: Share<String>| {
            Some(Share { what: share.what.parse().ok()?, signins: share.signins, users: share.users })
        };
        Usual {
            users: self.users.texts.len(),
            days: self.days.len(),
            addresses: self.addresses.finish().into_iter().filter_map(address).collect(),
            networks: self.networks.finish().into_iter().filter_map(network).collect(),
            countries: self.countries.finish(),
            apps: self.apps.finish(),
            sync: self.sync.finish(),
            roles: BTreeMap::new(),
        }
    }
}

/// An address and the network around it, as text.
fn places(text: &str) -> Option<(String, String)> {
    let address: IpAddr = text.parse().ok()?;
    let address = address.to_canonical();
    let network = match address {
        IpAddr::V4(v4) => IpNet::V4(Ipv4Net::new(v4, 24).ok()?.trunc()),
        IpAddr::V6(v6) => IpNet::V6(Ipv6Net::new(v6, 48).ok()?.trunc()),
    };
    Some((address.to_string(), network.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::table::Schema;

    fn table(name: &str, rows: &[Value]) -> Table {
        let rows: Vec<Map<String, Value>> = rows.iter().filter_map(|row| row.as_object().cloned()).collect();
        Table::from_rows(Schema::known(name).unwrap_or_else(|| panic!("{name}")), &rows)
            .unwrap_or_else(|e| panic!("{e:?}"))
    }

    fn signin(day: u32, user: &str, ip: &str, result: &str) -> Value {
        json!({"TimeGenerated": format!("2026-03-{day:02}T10:00:00Z"), "UserPrincipalName": user, "IPAddress": ip,
            "ResultType": result, "Location": "DE", "AppDisplayName": "Payroll"})
    }

    #[test]
    fn shared_addresses_have_several_accounts_on_several_days() {
        let mut rows = Vec::new();
        for day in 1..=4 {
            for user in ["a@example.com", "b@example.com", "c@example.com"] {
                rows.push(signin(day, user, "192.0.2.10", "0"));
            }
            rows.push(signin(day, "d@example.com", "2001:db8::1", "0"));
            rows.push(signin(day, "Sync_DC1@example.com", "192.0.2.99", "0"));
        }
        rows.push(signin(4, "a@example.com", "203.0.113.7", "0"));
        rows.push(signin(4, "b@example.com", "203.0.113.7", "0"));
        rows.push(signin(4, "c@example.com", "203.0.113.7", "50126"));
        let mut tables = Tables::default();
        tables.insert(table("SigninLogs", &rows));
        let usual = Usual::of(&tables);
        let shared: Vec<_> = usual.shared().map(|a| (a.address.to_string(), a.users, a.shared_days)).collect();
        assert_eq!(shared, [("192.0.2.10".to_owned(), 3, 4)]);
        assert_eq!(usual.common_addresses().len(), 1);
        assert_eq!((usual.days, usual.users), (4, 5));
        assert_eq!(usual.sync[0].what, "sync_dc1@example.com");
        assert_eq!(usual.networks[0].what.to_string(), "192.0.2.0/24");
        assert_eq!(usual.countries[0], Share { what: "DE".into(), signins: 18, users: 4 });
        assert_eq!(usual.common_apps().collect::<Vec<_>>(), ["payroll"]);
    }

    #[test]
    fn given_roles_are_read_from_the_audit() {
        let row = json!({"TimeGenerated": "2026-03-01T10:00:00Z", "OperationName": "Add member to role",
            "TargetResources": [{"type": "User", "userPrincipalName": "Adm@example.com",
                "modifiedProperties": [{"displayName": "Role.DisplayName", "newValue": "\"Global Administrator\""}]}]});
        let mut tables = Tables::default();
        tables.insert(table("AuditLogs", &[row]));
        let roles = Usual::of(&tables).roles;
        assert_eq!(roles["adm@example.com"], BTreeSet::from(["Global Administrator".to_owned()]));
    }
}
