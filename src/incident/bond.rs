//! What joins findings: the accounts, addresses, applications and sessions that they name.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::finding::{Entity, Finding};

/// A finding that names more of a kind than this joins nothing through that kind: a spray against a thousand
/// accounts says nothing of any single one.
const MOST: usize = 20;

/// Columns whose values are the key of one session or token.
const SESSIONS: [&str; 6] =
    ["sessionid", "aadsessionid", "uniquetokenidentifier", "uniquetokenid", "signinactivityid", "uti"];

/// Accounts that stand for a machine or for Microsoft rather than for somebody.
const NOBODY: [&str; 12] = [
    "app@sharepoint",
    "sharepoint\\system",
    "system",
    "nt authority\\system",
    "nt service\\msexchangeadminapi",
    "not available",
    "unknown",
    "anonymous",
    "none",
    "microsoft.online.workflows",
    "azure ad",
    "-",
];
/// Beginnings of such accounts: directory synchronisation, workload actors, Microsoft's own service principals.
const NOBODY_BEGINS: [&str; 5] =
    ["sync_", "nt authority\\system ", "urn:spo:", "microsoft.", "adtoaadsyncserviceaccount"];

/// What many share, so that it joins nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Common {
    /// Networks of the organisation.
    pub networks: Vec<IpNet>,
    /// Addresses that many accounts use day by day.
    pub addresses: BTreeSet<IpAddr>,
    /// Names and ids of applications that everybody uses, in lower case.
    pub apps: BTreeSet<String>,
    /// Service accounts in lower case, beside those known to be none's.
    pub accounts: BTreeSet<String>,
}

impl Common {
    /// Whether an address says nothing about who is behind it: the organisation's, or not of the internet.
    pub fn address(&self, address: IpAddr) -> bool {
        let local = match address {
            IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || (v6.segments()[0] & 0xfe00) == 0xfc00,
        };
        local || self.addresses.contains(&address) || self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether an account, as [`account_key`] gives it, is nobody's.
    pub(super) fn account(&self, key: &str) -> bool {
        NOBODY.contains(&key) || NOBODY_BEGINS.iter().any(|start| key.starts_with(start)) || self.accounts.contains(key)
    }

    /// Whether an application, in lower case, is used by everybody.
    pub(super) fn app(&self, key: &str) -> bool {
        self.apps.contains(key)
    }
}

/// One thing that joins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bond {
    Account(String),
    Address(IpAddr),
    App(String),
    Session(String),
}

/// Everything of a finding that may join it to others.
pub(super) fn bonds(finding: &Finding, sessions: &BTreeSet<String>, common: &Common) -> BTreeSet<Bond> {
    let mut kinds: [BTreeSet<Bond>; 4] = Default::default();
    for entity in &finding.entities {
        for (rank, bond) in of(entity, common) {
            if let Some(kind) = kinds.get_mut(rank) {
                kind.insert(bond);
            }
        }
    }
    let cells = finding.row.iter().filter(|(name, _)| SESSIONS.contains(&name.to_lowercase().as_str()));
    let keys = cells.map(|(_, value)| value).chain(sessions).map(|key| key.trim().to_lowercase());
    kinds[3].extend(keys.filter(|key| key.len() >= 8 && !key.starts_with("00000000-")).map(Bond::Session));
    kinds.into_iter().filter(|kind| kind.len() <= MOST).flatten().collect()
}

/// Bonds of an entity, each with the number of its kind.
fn of(entity: &Entity, common: &Common) -> Vec<(usize, Bond)> {
    let get = |key: &str| entity.identifiers.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let mut bonds = Vec::new();
    match entity.kind.as_str() {
        "Account" | "Mailbox" | "MailCluster" => {
            let name = account_key(entity.label());
            if !name.is_empty() && !common.account(&name) {
                // A service principal acts under its application's name.
                bonds.push(if name.contains('@') {
                    (0, Bond::Account(name))
                } else if common.app(&name) {
                    return Vec::new();
                } else {
                    (2, Bond::App(name))
                });
            }
            bonds.extend(get("AadUserId").map(|id| (0, Bond::Account(id.to_lowercase()))));
        }
        "IP" => {
            let address = get("Address").and_then(address).filter(|address| !common.address(*address));
            bonds.extend(address.map(|address| (1, Bond::Address(address))));
        }
        "CloudApplication" => {
            let keys = ["AppId", "Name"].into_iter().filter_map(get).map(str::to_lowercase);
            bonds.extend(keys.filter(|key| !common.app(key)).map(|key| (2, Bond::App(key))));
        }
        _ => {}
    }
    bonds
}

/// An account in the one spelling that all logs' spellings lead to: lower case, and a guest by the address it was
/// invited under.
///
/// ```
/// use entrail::incident::account_key;
/// assert_eq!(account_key("Eve.Doe_example.net#EXT#@contoso.example"), "eve.doe@example.net");
/// assert_eq!(account_key("Ada@Example.com"), "ada@example.com");
/// ```
pub fn account_key(name: &str) -> String {
    let name = name.trim().to_lowercase();
    match name.split_once("#ext#").and_then(|(guest, _)| guest.rsplit_once('_')) {
        Some((local, domain)) if domain.contains('.') => format!("{local}@{domain}"),
        _ => name,
    }
}

/// The address in a text, with or without a port.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.parse().ok();
    let found: Option<IpAddr> = plain.or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|with| with.ip()));
    found.map(|address| address.to_canonical())
}
