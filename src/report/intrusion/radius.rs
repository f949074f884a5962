//! What else shares a user agent, a session or a device with the sign-ins from the followed addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::trace::{PEOPLE, Trace, text};
use crate::report::Report;
use crate::timeline::{Group, group};

/// Values that are looked for elsewhere.
const MOST: usize = 200;

/// A value that the intruder's sign-ins have, and who else has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// What kind of value.
    pub what: &'static str,
    /// The value.
    pub value: String,
    /// Accounts with it from the followed addresses.
    pub here: BTreeSet<String>,
    /// Accounts with it from other addresses.
    pub elsewhere: BTreeSet<String>,
    /// Sign-ins with it from other addresses.
    pub signins: u64,
    /// Other addresses.
    pub addresses: BTreeSet<String>,
}

/// Sessions, devices and user agents of the intruder's successful sign-ins, in that order; rare ones first.
pub(super) fn shared(report: &Report<'_>, trace: &Trace<'_>) -> Vec<Shared> {
    let mut found: BTreeMap<(usize, String), Shared> = BTreeMap::new();
    for login in trace.logins.iter().filter(|login| login.person && login.ended == Group::Success) {
        for (rank, what, value) in keys(|column| login.text(column)) {
            if found.len() >= MOST && !found.contains_key(&(rank, value.to_owned())) {
                continue;
            }
            let entry = found.entry((rank, value.to_owned())).or_default();
            entry.what = what;
            value.clone_into(&mut entry.value);
            entry.here.insert(login.who().to_lowercase());
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    for table in PEOPLE.iter().filter_map(|name| report.input.tables.get(name)) {
        for row in 0..table.rows() {
            if group(text(table, row, "ResultType")) != Group::Success || trace.follows(text(table, row, "IPAddress")) {
                continue;
            }
            for (rank, _, value) in keys(|column| text(table, row, column)) {
                let Some(entry) = found.get_mut(&(rank, value.to_owned())) else { continue };
                entry.signins += 1;
                for (set, column) in [(&mut entry.elsewhere, "UserPrincipalName"), (&mut entry.addresses, "IPAddress")]
                {
                    let value = text(table, row, column).to_lowercase();
                    if !value.is_empty() {
                        set.insert(value);
                    }
                }
            }
        }
    }
    let mut rows: Vec<(usize, Shared)> = found.into_iter().map(|((rank, _), shared)| (rank, shared)).collect();
    rows.sort_by(|a, b| (a.0, a.1.elsewhere.len(), &a.1.value).cmp(&(b.0, b.1.elsewhere.len(), &b.1.value)));
    rows.into_iter().map(|(_, shared)| shared).collect()
}

/// Session, device and user agent of a sign-in, as far as it names them.
fn keys<'a>(text: impl Fn(&str) -> &'a str) -> impl Iterator<Item = (usize, &'static str, &'a str)> {
    let device = device(text("DeviceDetail"));
    [(0, "session", text("SessionId")), (1, "device", device), (2, "user agent", text("UserAgent"))]
        .into_iter()
        .filter(|(_, _, value)| !value.is_empty())
}

/// The device id in a DeviceDetail, without reading it as JSON: it is asked of every row.
pub(in crate::report) fn device(detail: &str) -> &str {
    let Some((_, rest)) = detail.split_once("\"deviceId\"") else { return "" };
    let rest = rest.trim_start_matches([' ', ':']);
    rest.strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_device_id_is_found() {
        assert_eq!(super::device(r#"{"a":1,"deviceId": "d-1","x":""}"#), "d-1");
        assert_eq!(super::device(r#"{"deviceId":"","x":"y"}"#), "");
        assert_eq!(super::device(r#"{"deviceId":null}"#), "");
    }
}
