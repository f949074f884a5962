//! Finds the identities of a case: by their form in every text, and by their place where only the place tells, as with
//! the name of a person.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::json::is_json;
use super::token::{Token, tokens};
use crate::table::{Cell, Table, Tables};
use crate::usual::own;

/// What an identity is, where its place tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Display name, given name or surname of a person.
    Person,
    /// Account name without a domain.
    Account,
    /// Name of a device.
    Device,
    /// Id that is no GUID.
    Id,
}

/// Columns and properties whose value is an identity, in lower case.
const PLACES: [(&str, Kind); 27] = [
    ("userdisplayname", Kind::Person),
    ("accountdisplayname", Kind::Person),
    ("targetuserdisplayname", Kind::Person),
    ("givenname", Kind::Person),
    ("surname", Kind::Person),
    ("firstname", Kind::Person),
    ("lastname", Kind::Person),
    ("accountname", Kind::Account),
    ("samaccountname", Kind::Account),
    ("onpremisessamaccountname", Kind::Account),
    ("mailnickname", Kind::Account),
    ("username", Kind::Account),
    ("devicename", Kind::Device),
    ("devicedisplayname", Kind::Device),
    ("computername", Kind::Device),
    ("computer", Kind::Device),
    ("hostname", Kind::Device),
    ("machinename", Kind::Device),
    ("workstationname", Kind::Device),
    ("clientmachinename", Kind::Device),
    ("targetdevicename", Kind::Device),
    ("userkey", Kind::Id),
    ("puid", Kind::Id),
    ("netid", Kind::Id),
    ("onpremisesimmutableid", Kind::Id),
    ("immutableid", Kind::Id),
    ("sourceanchor", Kind::Id),
];

/// A word in at least this many names of Microsoft's applications is one of its own words, such as Teams.
const COMMON: usize = 10;

/// Columns whose values are the words of the logs themselves, never free text. A name that is one of these words tells nobody apart,
/// and replacing it would spoil the text.
const VOCABULARY: [&str; 22] = [
    "ActionType",
    "ActivityDisplayName",
    "AuthenticationRequirement",
    "Category",
    "CategoryValue",
    "ClientAppUsed",
    "ConditionalAccessStatus",
    "LoggedByService",
    "OfficeWorkload",
    "Operation",
    "OperationName",
    "OperationNameValue",
    "RecordType",
    "ResourceProviderValue",
    "Result",
    "ResultSignature",
    "ResultType",
    "RiskEventType",
    "RiskLevel",
    "RiskState",
    "SourceSystem",
    "Type",
];

/// Columns of one row that tell of one person: principal name and display name.
const PAIRS: [(&str, &str); 4] = [
    ("UserPrincipalName", "UserDisplayName"),
    ("AccountUPN", "AccountDisplayName"),
    ("AccountUpn", "AccountDisplayName"),
    ("UserPrincipalName", "Identity"),
];

/// Tables whose column `Identity` is the name of a person; in others it may be that of an application.
const NAMED_IDENTITY: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];

/// Hosts that carry the name of a tenant.
static TENANT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([a-z0-9][a-z0-9-]*?)(?:-my|-admin)?\.(?:(?:mail\.)?onmicrosoft\.com|sharepoint\.com)\b").ok()
});

/// What was found, each in the order in which it was first met.
#[derive(Debug, Default)]
pub struct Found {
    /// Mail addresses and principal names in lower case, with the first spelling.
    pub mails: Vec<(String, String)>,
    /// GUIDs in lower case.
    pub guids: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Security ids.
    pub sids: Vec<String>,
    /// Names by place, with the principal name that stands beside it where there is one.
    pub names: Vec<(Kind, String, Option<String>)>,
    /// Names of tenants, in lower case.
    pub tenants: Vec<String>,
    /// Words that are not names, in lower case.
    pub vocabulary: HashSet<String>,
    seen: HashSet<(u8, String)>,
    named: HashMap<(Kind, String), usize>,
}

impl Found {
    /// Looks through all tables: row by row, so that the order is that of the evidence.
    pub fn tables(&mut self, tables: &Tables) {
        let mut counted: HashMap<String, usize> = HashMap::new();
        for word in own::keys().flat_map(|key| words(&key).into_iter().collect::<HashSet<_>>()) {
            *counted.entry(word).or_default() += 1;
        }
        self.vocabulary.extend(counted.into_iter().filter(|(_, names)| *names >= COMMON).map(|(word, _)| word));
        for (name, table) in tables.iter() {
            self.vocabulary.insert(name.to_lowercase());
            for field in &table.schema().fields {
                self.vocabulary.insert(field.name.to_lowercase());
            }
            self.pairs(name, table);
            for (position, field) in table.schema().fields.iter().enumerate() {
                let words_only = VOCABULARY.contains(&field.name.as_str());
                for text in table.column(position).texts() {
                    if words_only {
                        self.vocabulary.insert(text.to_lowercase());
                        self.vocabulary.extend(words(text));
                    }
                    self.text(&field.name, text);
                }
            }
        }
    }

    /// Names beside principal names: both get one number.
    fn pairs(&mut self, name: &str, table: &Table) {
        for (principal, display) in PAIRS {
            let has = |column| table.schema().position(column).is_some();
            if !has(principal) || !has(display) || (display == "Identity" && !NAMED_IDENTITY.contains(&name)) {
                continue;
            }
            let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
            for row in 0..table.rows() {
                let (Cell::Text(mail), Cell::Text(name)) = (table.cell(row, principal), table.cell(row, display))
                else {
                    continue;
                };
                if known.insert((mail, name)) {
                    self.leaf("", mail);
                    self.name(Kind::Person, name, Some(mail));
                }
            }
        }
    }

    /// Looks through one text that stands at a named place.
    pub fn text(&mut self, place: &str, text: &str) {
        if text.is_empty() {
        } else if is_json(text) {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                self.value(place, &value);
            }
        } else {
            self.leaf(place, text);
        }
    }

    fn value(&mut self, place: &str, value: &Value) {
        match value {
            Value::String(text) => self.text(place, text),
            Value::Array(items) => items.iter().for_each(|item| self.value(place, item)),
            Value::Object(properties) => {
                let get = |name: &str| properties.get(name).and_then(Value::as_str).unwrap_or_default();
                let display = get("displayName");
                if !display.is_empty() {
                    let principal = Some(get("userPrincipalName")).filter(|name| !name.is_empty());
                    match (get("type").to_lowercase().as_str(), place.to_lowercase().as_str()) {
                        ("device", _) | (_, "devicedetail") => self.name(Kind::Device, display, None),
                        ("user", _) | (_, "user") => self.name(Kind::Person, display, principal),
                        _ if principal.is_some() => self.name(Kind::Person, display, principal),
                        _ => {}
                    }
                }
                for (name, inner) in properties {
                    self.leaf("", name);
                    self.value(name, inner);
                }
            }
            _ => {}
        }
    }

    fn leaf(&mut self, place: &str, text: &str) {
        let tokens = tokens(text);
        let whole = matches!(tokens.as_slice(), [(range, _)] if range.len() == text.len());
        for (range, token) in tokens {
            match token {
                Token::Guid(guid, _) => {
                    if self.first(0, &guid) {
                        self.guids.push(guid);
                    }
                }
                Token::Mail(mail, _) => {
                    if self.first(1, &mail) {
                        self.mails.push((mail, text.get(range).unwrap_or_default().to_owned()));
                    }
                }
                Token::Address(address, _) => {
                    if self.first(2, &address.to_string()) {
                        self.addresses.push(address);
                    }
                }
                Token::Sid(sid) => {
                    if self.first(3, &sid) {
                        self.sids.push(sid);
                    }
                }
            }
        }
        for captures in TENANT.iter().flat_map(|form| form.captures_iter(text)) {
            let label = captures.get(1).map(|label| label.as_str().to_lowercase()).unwrap_or_default();
            if self.first(4, &label) {
                self.tenants.push(label);
            }
        }
        let lower = place.to_ascii_lowercase();
        if let Some((_, kind)) = PLACES.iter().find(|(name, _)| *name == lower && !whole) {
            self.name(*kind, text, None);
        }
    }

    fn name(&mut self, kind: Kind, text: &str, principal: Option<&str>) {
        let text = text.trim();
        // Applications act under the same columns as people.
        if text.is_empty() || tokens(text).iter().any(|(range, _)| range.len() == text.len()) || own_name(text) {
            return;
        }
        let key = (kind, text.to_lowercase());
        match self.named.get(&key).and_then(|&at| self.names.get_mut(at)) {
            Some((_, _, known)) => {
                if known.is_none() {
                    *known = principal.map(str::to_lowercase);
                }
            }
            None => {
                self.named.insert(key, self.names.len());
                self.names.push((kind, text.to_owned(), principal.map(str::to_lowercase)));
            }
        }
    }

    fn first(&mut self, what: u8, text: &str) -> bool {
        self.seen.insert((what, text.to_owned()))
    }
}

/// Whether this is the name of one of Microsoft's applications.
fn own_name(text: &str) -> bool {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| own::keys().collect());
    NAMES.contains(&text.to_lowercase())
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
