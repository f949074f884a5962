//! Who did what to whom in an incident: addresses to accounts to what they touched, as a picture and as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::chart::ellipsis;
use super::escape::escaped;
use crate::finding::Severity;
use crate::incident::{Incident, account_key};
use crate::report::summary::{count, many};
use crate::report::{Report, defang};
use crate::timeline::{Event, Fact};

/// Nodes in one column.
const NODES: usize = 12;
/// Lines of the table.
const LINES: usize = 300;
/// So many accounts that were only tried become one node.
const CROWD: usize = 3;
/// Height of a node.
const TALL: f64 = 38.0;
/// Where each column begins, and the width of the picture.
const COLUMNS: [f64; 3] = [6.0, 330.0, 690.0];
const WIDTH: f64 = 960.0;
/// Characters that fit into a column.
const FITS: [usize; 3] = [26, 38, 34];

/// What led from one to another.
#[derive(Default)]
struct Edge {
    events: u64,
    severity: Severity,
    deeds: BTreeMap<String, u64>,
}

/// One line of the table.
pub struct Line {
    pub from: String,
    pub to: String,
    pub what: String,
    pub events: String,
    pub severity: Severity,
}

/// The picture and the table; empty where nothing leads anywhere.
pub fn graph(report: &Report<'_>, incident: &Incident) -> (String, Vec<Line>) {
    let mut edges = Edges::new();
    let mut add = |column: usize, from: &str, to: &str, what: String, event: &Event| {
        if from.is_empty() || to.is_empty() || from == to {
            return;
        }
        let edge = edges.entry((column, from.to_owned(), to.to_owned())).or_default();
        edge.events += 1;
        edge.severity = edge.severity.max(event.severity);
        *edge.deeds.entry(what).or_default() += 1;
    };
    for event in &report.timeline.events {
        if !event.findings.iter().any(|position| incident.findings.contains(position)) {
            continue;
        }
        let fact = |fact| event.facts.get(fact);
        let (who, address) = (account_key(fact(Fact::User)), defang(fact(Fact::Ip)));
        let who = named(&who, fact(Fact::User));
        let operation = fact(Fact::Operation).trim();
        let signin = operation.to_lowercase().ends_with("sign-in");
        let told = if signin { format!("{operation}: {}", fact(Fact::Result)) } else { "acted".to_owned() };
        add(0, &address, &who, told, event);
        let touched = if signin { fact(Fact::App) } else { fact(Fact::Target) };
        for target in touched.split(", ").take(3) {
            let key = named(&account_key(target), target);
            if signin && fact(Fact::Result) != "success" {
                continue;
            }
            add(1, &who, &key, operation.to_owned(), event);
        }
    }
    let lines: Vec<Line> = edges
        .iter()
        .take(LINES)
        .map(|((_, from, to), edge)| Line {
            from: super::clipped(from, 200).into_owned(),
            to: super::clipped(to, 200).into_owned(),
            what: super::clipped(&deeds(edge), 300).into_owned(),
            events: count(edge.events),
            severity: edge.severity,
        })
        .collect();
    let edges = crowd(edges);
    (if edges.is_empty() { String::new() } else { draw(incident, &edges) }, lines)
}

type Edges = BTreeMap<(usize, String, String), Edge>;

/// Accounts that were only tried, and did nothing, drawn as one.
fn crowd(edges: Edges) -> Edges {
    let failed = |edge: &Edge| edge.deeds.keys().all(|what| what.ends_with(": failure"));
    let mut tried: BTreeMap<String, bool> = BTreeMap::new();
    for ((column, from, to), edge) in &edges {
        if *column == 0 {
            *tried.entry(to.clone()).or_insert(true) &= failed(edge);
        } else {
            tried.insert(from.clone(), false);
        }
    }
    tried.retain(|_, only| *only);
    if tried.len() < CROWD {
        return edges;
    }
    let name = format!("{} accounts, only tried", count(tried.len() as u64));
    let mut drawn = Edges::new();
    for ((column, from, to), edge) in edges {
        let to = if column == 0 && tried.contains_key(&to) { name.clone() } else { to };
        let kept = drawn.entry((column, from, to)).or_default();
        kept.events += edge.events;
        kept.severity = kept.severity.max(edge.severity);
        for (what, n) in edge.deeds {
            *kept.deeds.entry(what).or_default() += n;
        }
    }
    drawn
}

/// An account in the spelling of its key, anything else as written.
fn named(key: &str, written: &str) -> String {
    // A rule or a file goes by its own name: where it stands is in the table of persistence and in the record.
    let own = written.trim().rsplit('/').next().unwrap_or(written).trim();
    if key.contains('@') && !written.contains('/') {
        key.to_owned()
    } else if own.is_empty() {
        written.trim().to_owned()
    } else {
        own.to_owned()
    }
}

fn deeds(edge: &Edge) -> String {
    let parts = edge.deeds.iter().map(|(what, n)| if *n > 1 { format!("{what} ×{}", count(*n)) } else { what.clone() });
    parts.collect::<Vec<_>>().join(", ")
}

/// Names of each column: those with most events first, and what an actor touches on the right unless it acts itself.
fn columns(edges: &Edges) -> [Vec<String>; 3] {
    let mut weights: [BTreeMap<&str, (Severity, u64)>; 3] = Default::default();
    let mut weigh = |column: usize, name, edge: &Edge| {
        if let Some(weights) = weights.get_mut(column) {
            let entry: &mut (Severity, u64) = weights.entry(name).or_default();
            *entry = (entry.0.max(edge.severity), entry.1 + edge.events);
        }
    };
    for ((column, from, to), edge) in edges {
        weigh(*column, from.as_str(), edge);
        weigh(*column + 1, to.as_str(), edge);
    }
    let actors: Vec<String> = weights.get(1).map(|w| w.keys().map(|k| (*k).to_owned()).collect()).unwrap_or_default();
    let mut columns = weights.map(|weights| {
        let mut names: Vec<(&str, (Severity, u64))> = weights.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        names.into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    });
    columns[2].retain(|name| !actors.contains(name));
    columns.iter_mut().for_each(|names| names.truncate(NODES));
    columns
}

fn draw(incident: &Incident, edges: &Edges) -> String {
    let columns = columns(edges);
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let height = rows as f64 * TALL + 8.0;
    let place = |name: &str| {
        columns.iter().enumerate().find_map(|(column, names)| {
            let row = names.iter().position(|known| known == name)?;
            // Short columns stand in the middle.
            let top = (rows - names.len()) as f64 * TALL / 2.0 + 4.0;
            Some((column, top + (row as f64 + 0.5) * TALL))
        })
    };
    let mut svg = format!(
        r#"<svg class="graph" viewBox="0 0 {WIDTH} {height}" role="img"><title>Who did what to whom: {}</title><desc>{} between addresses, accounts and what they touched. The table below says the same.</desc>"#,
        escaped(&ellipsis(&incident.title, 160)),
        many(edges.len() as u64, "connection", "connections")
    );
    for ((_, from, to), edge) in edges {
        let (Some((a, ya)), Some((b, yb))) = (place(from), place(to)) else { continue };
        let text_end = |column: usize, name: &str| {
            let shown = ellipsis(name, FITS.get(column).copied().unwrap_or(30));
            COLUMNS.get(column).copied().unwrap_or(0.0) + 14.0 + shown.chars().count() as f64 * 7.1
        };
        let x1 = text_end(a, from).min(COLUMNS.get(a + 1).copied().unwrap_or(WIDTH) - 16.0) + 4.0;
        let x2 = COLUMNS.get(b).copied().unwrap_or(0.0) - 4.0;
        let wide = 1.0 + (edge.events as f64).ln_1p() * 0.45;
        let path = if a == b {
            // Two of one column: a bow on the right.
            let (x1, x2) = (x1, text_end(b, to) + 4.0);
            let bow = x1.max(x2) + 36.0;
            format!("M{x1:.1},{ya:.1}C{bow:.1},{ya:.1} {bow:.1},{yb:.1} {x2:.1},{yb:.1}")
        } else {
            let middle = (x1 + x2) / 2.0;
            format!("M{x1:.1},{ya:.1}C{middle:.1},{ya:.1} {middle:.1},{yb:.1} {x2:.1},{yb:.1}")
        };
        let _ = write!(
            svg,
            r#"<path class="edge s-{}" stroke-width="{wide:.1}" d="{path}"><title>{}</title></path>"#,
            edge.severity.word(),
            escaped(&ellipsis(&format!("{from} → {to}: {}", deeds(edge)), 400))
        );
    }
    for (column, names) in columns.iter().enumerate() {
        let (x, fits) = (COLUMNS.get(column).copied().unwrap_or(0.0), FITS.get(column).copied().unwrap_or(30));
        for name in names {
            let Some((_, y)) = place(name) else { continue };
            let into: Vec<String> = edges
                .iter()
                .filter(|((_, _, to), _)| to == name && column > 0)
                .flat_map(|(_, edge)| edge.deeds.keys().cloned())
                .filter(|what| what != "acted")
                .collect();
            let under = match into.as_slice() {
                [] => String::new(),
                [one] => one.clone(),
                [one, rest @ ..] => format!("{one}, {} more", rest.len()),
            };
            let _ = write!(
                svg,
                r#"<g><title>{}</title><circle class="node n{column}" cx="{:.1}" cy="{:.1}" r="4.5"/><text class="lane" x="{:.1}" y="{:.1}">{}</text><text class="axis" x="{:.1}" y="{:.1}">{}</text></g>"#,
                escaped(&ellipsis(name, 300)),
                x + 4.0,
                y,
                x + 14.0,
                y + if under.is_empty() { 4.0 } else { 0.0 },
                escaped(&ellipsis(name, fits)),
                x + 14.0,
                y + 13.0,
                escaped(&ellipsis(&under, fits + 6))
            );
        }
    }
    svg.push_str("</svg>");
    svg
}
