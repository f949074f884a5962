//! The case file: what only the responder knows. Lists reach rules as watchlists and in no other way, thresholds
//! replace a rule's top-level `let` of the same name. `docs/writing-queries.md` shows a whole one.

pub mod suggest;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;

use crate::error::{Diagnostic, Diagnostics, Span};
use crate::kql::{Places, Watchlist};
use crate::table::time;

/// What the responder knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    /// Name of the case, for the report.
    pub name: Option<String>,
    /// Traffic light protocol or another marking, for the report's head.
    pub marking: Option<String>,
    /// Ids of the tenant under investigation.
    pub tenant_ids: Vec<String>,
    /// Its domains.
    pub domains: Vec<String>,
    /// What `now()` means, in ticks.
    pub as_of: Option<i64>,
    /// Time zone for display and for input without one.
    pub timezone: Option<chrono_tz::Tz>,
    /// Lists by name.
    pub watchlists: BTreeMap<String, Watchlist>,
    /// Thresholds by name, as KQL text.
    pub thresholds: BTreeMap<String, String>,
    /// Where addresses are, and the file that says so.
    pub places: Option<Arc<Places>>,
    /// Passwords of encrypted archives. They come from the command line only and are written to no output.
    pub passwords: Vec<String>,
    /// Bytes of memory that a run may take, from the command line.
    pub memory: Option<u64>,
    /// Folder of temporary files, from the command line.
    pub temp: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    name: Option<String>,
    marking: Option<String>,
    as_of: Option<toml::Value>,
    timezone: Option<String>,
    places: Option<toml::Spanned<String>>,
    tenant: Tenant,
    lists: BTreeMap<String, toml::Spanned<toml::Value>>,
    watchlists: BTreeMap<String, toml::Spanned<External>>,
    thresholds: BTreeMap<String, toml::Spanned<toml::Value>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Tenant {
    ids: Vec<String>,
    domains: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct External {
    file: String,
    search_key: Option<String>,
}

impl Case {
    /// Reads a case file; files that it names are looked for beside it.
    ///
    /// # Errors
    /// Everything that is wrong with it, with spans into `source`.
    pub fn read(source: &str, folder: &Path) -> Result<Case, Diagnostics> {
        let file: File = toml::from_str(source).map_err(|error| {
            let message = error.message().lines().next().unwrap_or("not valid TOML").to_string();
            let span = error.span().map(|range| Span::new(range.start, range.end));
            let help =
                "a case file has name, marking, as_of, timezone, places, [tenant], [lists], [watchlists.Name] and [thresholds]";
            vec![Diagnostic { span, ..Diagnostic::plain(message) }.help(help)]
        })?;
        let mut problems = Diagnostics::new();
        let mut case = Case { name: file.name, marking: file.marking, ..Case::default() };
        case.as_of = file.as_of.as_ref().and_then(|written| {
            let text = written.as_str().map_or_else(|| written.to_string(), str::to_string);
            let time = time::parse_iso(&text);
            if time.is_none() {
                problems.push(
                    Diagnostic::plain(format!("as_of = {text:?} is not a time")).help("write 2026-05-04T12:00:00Z"),
                );
            }
            time
        });
        case.timezone = file.timezone.as_ref().and_then(|name| {
            let zone = name.parse().ok();
            if zone.is_none() {
                problems.push(
                    Diagnostic::plain(format!("timezone = {name:?} is no time zone"))
                        .help("write an IANA name: Europe/Berlin, America/New_York, UTC"),
                );
            }
            zone
        });
        if let Some(written) = &file.places {
            let path = folder.join(written.get_ref());
            let read = std::fs::read(&path).map_err(|error| format!("cannot be read: {error}")).and_then(Places::read);
            match read {
                Ok(places) => case.places = Some(Arc::new(places)),
                Err(why) => problems.push(
                    Diagnostic::error(format!("places: {} {why}", path.display()), span(written))
                        .help("name a database of cities in MaxMind's format, such as GeoLite2-City.mmdb"),
                ),
            }
        }
        for (name, ids) in [("TenantIds", &file.tenant.ids), ("TenantDomains", &file.tenant.domains)] {
            if !ids.is_empty() {
                case.watchlists.insert(name.into(), Watchlist::of(ids.iter().cloned()));
            }
        }
        (case.tenant_ids, case.domains) = (file.tenant.ids, file.tenant.domains);
        for (name, written) in &file.lists {
            let values = written.get_ref().as_array().and_then(|items| items.iter().map(scalar).collect());
            let values: Option<Vec<String>> = values;
            match values {
                Some(values) => {
                    case.watchlists.insert(name.clone(), Watchlist::of(values));
                }
                None => problems.push(
                    Diagnostic::error(format!("the list {name} is not a list of texts"), span(written))
                        .help(format!("write {name} = [\"first\", \"second\"], or name a CSV file: [watchlists.{name}] file = \"{name}.csv\"")),
                ),
            }
        }
        for (name, written) in &file.watchlists {
            if file.lists.contains_key(name) {
                problems.push(Diagnostic::error(format!("the list {name} is given twice"), span(written)));
            }
            match external(written.get_ref(), folder) {
                Ok(list) => {
                    case.watchlists.insert(name.clone(), list);
                }
                Err(why) => problems.push(Diagnostic::error(format!("the watchlist {name}: {why}"), span(written))),
            }
        }
        for (name, written) in &file.thresholds {
            match scalar(written.get_ref()) {
                Some(text) => {
                    case.thresholds.insert(name.clone(), text);
                }
                None => problems.push(
                    Diagnostic::error(format!("the threshold {name} is not one value"), span(written))
                        .help("write a number, or KQL in quotes: \"1h\", \"datetime(2026-05-04)\", \"'text'\""),
                ),
            }
        }
        if problems.is_empty() { Ok(case) } else { Err(problems) }
    }

    /// The networks of the list TrustedNetworks; entries that are none are told by [`Case::assumptions`].
    pub fn networks(&self) -> Vec<IpNet> {
        self.trusted().filter_map(|(_, network)| network).collect()
    }

    /// The entries of the list TrustedNetworks, each with the network that it names, if it names one.
    fn trusted(&self) -> impl Iterator<Item = (&str, Option<IpNet>)> {
        let rows = self.watchlists.get("TrustedNetworks").map(|list| list.rows.as_slice()).unwrap_or_default();
        let read = |text: &String| text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
        rows.iter().filter_map(|row| row.first()).map(move |text| (text.as_str(), read(text)))
    }

    /// What a run takes from this file, one line each, for the report's assumptions.
    pub fn assumptions(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.as_of.map(|at| format!("now() is {} for rules without a schedule", time::iso(at))));
        lines.extend(self.timezone.map(|zone| format!("times without a zone are in {zone}")));
        lines.extend(self.places.as_ref().map(|places| format!("places of addresses from {}", places.edition())));
        let strays = self.trusted().filter(|(_, network)| network.is_none());
        lines.extend(strays.map(|(text, _)| {
            format!("TrustedNetworks: {text:?} is no address or network such as 192.0.2.0/24; it excuses nothing")
        }));
        for (name, list) in &self.watchlists {
            let shown: Vec<String> = list.rows.iter().take(20).map(|row| row.join(" | ")).collect();
            let more = list.rows.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            lines.push(format!("list {name}: {}{more}", shown.join(", ")));
        }
        lines.extend(self.thresholds.iter().map(|(name, text)| format!("threshold {name} = {text}")));
        lines
    }
}

fn span<T>(written: &toml::Spanned<T>) -> Span {
    Span::new(written.span().start, written.span().end)
}

/// One value as text; none for lists and tables.
fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
        other => Some(other.to_string()),
    }
}

/// A watchlist in a CSV file with a header row. Its search key is the column named so, or the first.
fn external(named: &External, folder: &Path) -> Result<Watchlist, String> {
    let path = folder.join(&named.file);
    let bytes = std::fs::read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", path.display()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let bad = |error: csv::Error| format!("{} is not CSV: {error}", path.display());
    let mut columns: Vec<String> = reader.headers().map_err(bad)?.iter().map(|name| name.trim().to_string()).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(bad)?;
        rows.push((0..columns.len()).map(|at| record.get(at).unwrap_or("").to_string()).collect::<Vec<String>>());
    }
    if let Some(key) = &named.search_key {
        let Some(at) = columns.iter().position(|column| column == key) else {
            return Err(format!("{} has no column {key}; its columns are {}", path.display(), columns.join(", ")));
        };
        columns[..=at].rotate_right(1);
        rows.iter_mut().for_each(|row| row[..=at].rotate_right(1));
    }
    Ok(Watchlist { columns, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_thresholds() {
        let source = "marking = \"TLP:AMBER\"\ntimezone = \"Europe/Berlin\"\nas_of = 2026-05-04T12:00:00Z\n[tenant]\ndomains = [\"example.com\"]\n\
                      [lists]\nBreakGlass = [\"a@example.com\", \"b@example.com\"]\n[thresholds]\nfailures = 7\nwindow = \"2h\"\n";
        let case = Case::read(source, Path::new(".")).unwrap_or_default();
        assert_eq!(case.watchlists["BreakGlass"].rows.len(), 2);
        assert_eq!(case.watchlists["TenantDomains"].rows, [["example.com"]]);
        assert_eq!((case.thresholds["failures"].as_str(), case.thresholds["window"].as_str()), ("7", "2h"));
        assert!(case.as_of.is_some() && case.timezone.is_some());
        assert_eq!(case.marking.as_deref(), Some("TLP:AMBER"));
    }

    #[test]
    fn a_trusted_entry_that_is_no_network_is_told() {
        let source = "[lists]\nTrustedNetworks = [\"192.0.2.0/24\", \"198.51.100.0/33\", \"203.0.113.7\"]\n";
        let case = Case::read(source, Path::new(".")).unwrap_or_default();
        assert_eq!(case.networks().len(), 2);
        let told: Vec<String> =
            case.assumptions().into_iter().filter(|line| line.contains("excuses nothing")).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("198.51.100.0/33"), "{told:?}");
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let source =
            "[lists]\nVIP = \"a@example.com\"\n[watchlists.Known]\nfile = \"none.csv\"\n[thresholds]\nx = [1]\n";
        let found = Case::read(source, Path::new(".")).err().unwrap_or_default();
        assert_eq!(found.len(), 3);
        let lines: Vec<_> = found.iter().filter_map(|d| d.position(source)).map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 3, 6]);
        let unknown = Case::read("list = 1\n", Path::new(".")).err().unwrap_or_default();
        assert!(unknown[0].message.contains("list"), "{unknown:?}");
    }
}
