//! A page of its own for each account, address, application, session, device and user agent.

use rustc_hash::FxHashMap;

use super::{Link, at, chart, count, cut, links};
use crate::finding::Severity;
use crate::incident::account_key;
use crate::report::summary::many;
use crate::report::{Companion, Dossier, Kind, Report, clipped, defang};

/// Events that a page lists without the script.
const EVENTS: usize = 12;
/// Pages with events and pictures, and pages in all: the rest stands in the tables.
const RICH: usize = 120;
const SHOWN: usize = 600;
/// Accounts with heat maps.
const WEEKS: usize = 25;

/// Where each entity stands in the page.
pub struct Index(FxHashMap<(Kind, String), usize>);

impl Index {
    pub fn new(report: &Report<'_>) -> Index {
        let mut places = FxHashMap::default();
        for (position, dossier) in report.entities.iter().take(SHOWN).enumerate() {
            // An application goes by its id and by its name.
            let names = dossier.note.split(", ").filter(|name| dossier.kind == Kind::Application && !name.is_empty());
            for name in std::iter::once(dossier.value.as_str()).chain(names) {
                places.entry((dossier.kind, fold(dossier.kind, name))).or_insert(position);
            }
        }
        Index(places)
    }

    /// The anchor of an entity, empty where it has no page.
    pub fn anchor(&self, kind: &str, value: &str) -> String {
        let kind = Kind::ALL.into_iter().find(|known| known.word() == kind);
        let position = kind.and_then(|kind| self.0.get(&(kind, fold(kind, value))));
        position.map(|position| anchor(*position)).unwrap_or_default()
    }
}

fn fold(kind: Kind, value: &str) -> String {
    if kind == Kind::Account { account_key(value) } else { value.to_lowercase() }
}

fn anchor(position: usize) -> String {
    format!("E{}", position + 1)
}

/// Entities of one kind.
pub struct Group {
    pub title: &'static str,
    pub pages: Vec<View>,
}

/// One entity.
pub struct View {
    pub anchor: String,
    pub kind: &'static str,
    pub name: String,
    /// The value as the timeline's filter takes it, and the filter's name; empty where it has none.
    pub filter: &'static str,
    pub raw: String,
    pub note: String,
    pub severity: Severity,
    pub links: Vec<Link>,
    pub more: String,
    pub head: String,
    pub facts: Vec<(&'static str, String)>,
    pub company: Vec<Company>,
    pub weeks: Vec<(String, String)>,
    pub events: Vec<EventLine>,
    pub events_more: String,
}

/// Values of one kind seen with an entity.
pub struct Company {
    pub what: &'static str,
    pub rows: Vec<CompanyRow>,
    pub more: String,
}

/// One such value.
pub struct CompanyRow {
    pub value: String,
    pub anchor: String,
    pub since: String,
    pub before: String,
    pub first: String,
    pub new: bool,
}

/// One event of the timeline.
pub struct EventLine {
    pub time: String,
    pub severity: Severity,
    pub text: String,
}

/// The pages by kind, and how many are left out.
pub fn groups(report: &Report<'_>, index: &Index) -> (Vec<Group>, usize) {
    let titles = ["Accounts", "Addresses", "Applications", "Sessions", "Devices", "User agents"];
    let mut weeks = 0;
    let mut groups: Vec<Group> = titles.into_iter().map(|title| Group { title, pages: Vec::new() }).collect();
    for (position, dossier) in report.entities.iter().take(SHOWN).enumerate() {
        let picture = dossier.severity >= Severity::Medium && weeks < WEEKS && dossier.weeks.is_some();
        weeks += usize::from(picture);
        if let Some(group) = groups.get_mut(dossier.kind as usize) {
            let rich = group.pages.len() < RICH;
            group.pages.push(view(report, index, position, dossier, rich, picture));
        }
    }
    groups.retain(|group| !group.pages.is_empty());
    (groups, report.entities.len().saturating_sub(SHOWN))
}

fn shown(kind: &str, value: &str) -> String {
    if kind == "address" { defang(value) } else { cut(value) }
}

fn view(report: &Report<'_>, index: &Index, position: usize, dossier: &Dossier, rich: bool, picture: bool) -> View {
    let (links, more) = links(report, &dossier.findings);
    let kind = dossier.kind.word();
    let [all, ok, before] = dossier.signins;
    let mut facts = Vec::new();
    if let Some((first, last)) = dossier.span {
        facts.push(("First and last seen", format!("{} – {} UTC", at(Some(first)), at(Some(last)))));
    }
    if let Some((first, last)) = dossier.window {
        facts.push(("Its findings", format!("{} – {} UTC", at(Some(first)), at(Some(last)))));
    }
    if all > 0 {
        facts.push(("Sign-ins", format!("{}, {} succeeded", count(all), count(ok))));
        facts.push((
            "Baseline",
            match before {
                0 => "no sign-in before its first finding: nothing can be called new".to_owned(),
                n => format!("{} before its first finding, {} since", many(n, "sign-in", "sign-ins"), count(all - n)),
            },
        ));
    }
    let filter = match dossier.kind {
        Kind::Account => "user",
        Kind::Address => "src_ip",
        Kind::Application => "app",
        Kind::Session | Kind::Device | Kind::UserAgent => "text",
    };
    let raw = match dossier.kind {
        Kind::Application if !dossier.note.is_empty() => dossier.note.split(", ").next().unwrap_or_default(),
        _ => &dossier.value,
    };
    let events = dossier.events.iter().take(if rich { EVENTS } else { 0 });
    let events = events.filter_map(|event| report.timeline.events.get(*event)).map(|event| EventLine {
        time: at(event.time),
        severity: event.severity,
        text: cut(&event.message),
    });
    let events: Vec<EventLine> = events.collect();
    let seen = dossier.span.map(|(first, last)| {
        let (first, last) = (chart::day(first), chart::day(last));
        if first == last { format!(" · {first}") } else { format!(" · {first} – {last}") }
    });
    View {
        anchor: anchor(position),
        kind,
        name: shown(kind, &dossier.value),
        filter,
        raw: clipped(raw, 200).into_owned(),
        note: cut(&dossier.note),
        severity: dossier.severity,
        head: format!(
            "{}, {}{}",
            many(dossier.findings.len() as u64, "finding", "findings"),
            many(dossier.events.len() as u64, "event", "events"),
            seen.unwrap_or_default()
        ),
        links,
        more,
        facts,
        company: dossier.company.iter().map(|(what, list, more)| company(index, what, list, *more)).collect(),
        weeks: if picture { weeks(dossier) } else { Vec::new() },
        events_more: match dossier.events.len() - events.len() {
            0 => String::new(),
            n => format!("{} more on the timeline", count(n as u64)),
        },
        events,
    }
}

fn company(index: &Index, what: &'static str, list: &[Companion], more: usize) -> Company {
    let row = |companion: &Companion| CompanyRow {
        anchor: match what {
            "account" | "address" | "application" | "device" | "user agent" => index.anchor(what, &companion.value),
            _ => String::new(),
        },
        value: shown(what, &companion.value),
        since: format!("{} ({} succeeded)", count(companion.signins[0]), count(companion.signins[1])),
        before: count(companion.signins[2]),
        first: at(Some(companion.first)),
        new: companion.new,
    };
    Company {
        what,
        rows: list.iter().map(row).collect(),
        more: if more > 0 { format!("and {} more", count(more as u64)) } else { String::new() },
    }
}

/// Heat maps before the first finding and since, where there is something to draw.
fn weeks(dossier: &Dossier) -> Vec<(String, String)> {
    let Some(weeks) = &dossier.weeks else { return Vec::new() };
    let words = ["before its first finding", "since its first finding"];
    let some = |week: &[[u64; 24]; 7]| week.iter().flatten().any(|n| *n > 0);
    weeks
        .iter()
        .zip(words)
        .filter(|(week, _)| some(week))
        .map(|(week, words)| {
            let title = format!("Sign-ins of {} {words}, by weekday and hour, UTC", cut(&dossier.value));
            (format!("Sign-ins {words}, by weekday and hour, UTC"), chart::week(&title, week))
        })
        .collect()
}
