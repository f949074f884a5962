//! The addresses that the intrusion is followed from.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::trace::{PEOPLE, text};
use crate::finding::Severity;
use crate::report::Report;
use crate::table::time::TICKS_PER_DAY;
use crate::timeline::{Group, Reader, group};

/// An address of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The address.
    pub address: IpAddr,
    /// Successful sign-ins of people from it more than a day before its incident: with any, it is an address of
    /// daily life and nothing is followed from it.
    pub before: u64,
}

impl Suspect {
    /// Whether what is done from it is taken as the intruder's.
    pub fn followed(&self) -> bool {
        self.before == 0
    }
}

/// The addresses of the incidents rated high or critical, each once, in the order of the incidents.
pub(super) fn suspects(report: &Report<'_>) -> Vec<Suspect> {
    let mut found: Vec<Suspect> = Vec::new();
    let mut since: FxHashMap<IpAddr, (usize, i64)> = FxHashMap::default();
    for incident in report.incidents.iter().filter(|incident| incident.severity >= Severity::High) {
        let begin = incident.first.unwrap_or(i64::MIN);
        for address in incident.addresses.iter().filter_map(|text| text.parse::<IpAddr>().ok()) {
            let position = found.len();
            let entry = since.entry(address).or_insert((position, begin));
            entry.1 = entry.1.min(begin);
            if entry.0 == position {
                found.push(Suspect { address, before: 0 });
            }
        }
    }
    for table in PEOPLE.iter().filter_map(|name| report.input.tables.get(name)) {
        let reader = Reader::new(table);
        let mut known: FxHashMap<&str, Option<(usize, i64)>> = FxHashMap::default();
        for row in 0..table.rows() {
            let written = text(table, row, "IPAddress");
            let listed = known.entry(written).or_insert_with(|| {
                written.parse::<IpAddr>().ok().and_then(|ip| since.get(&ip.to_canonical()).copied())
            });
            let Some((position, begin)) = *listed else { continue };
            let early = reader.time(row).0.is_some_and(|time| time < begin.saturating_sub(TICKS_PER_DAY));
            if early
                && group(text(table, row, "ResultType")) == Group::Success
                && let Some(suspect) = found.get_mut(position)
            {
                suspect.before += 1;
            }
        }
    }
    found
}
