//! The lanes of an incident: who is named when, coloured by tactic.

use super::at;
use super::chart::{self, Mark};
use crate::incident::{Incident, account_key};
use crate::report::{Report, account, clipped};
use crate::rules::attack::{TACTICS, Tactic, tactic};

/// Lanes of one incident.
const LANES: usize = 14;
/// The colour of what names no tactic.
const PLAIN: &str = "t15";
/// Classes of the tactics, in their order.
const COLOURS: [&str; 15] =
    ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10", "t11", "t12", "t13", "t14"];

/// The picture, and the tactics in it with their classes; empty for an incident of a single finding.
pub fn swim(report: &Report<'_>, incident: &Incident) -> (String, Vec<(&'static str, &'static str)>) {
    let mut lanes: Vec<(String, Vec<Mark>)> = Vec::new();
    let mut used: Vec<(&'static str, &'static str)> = Vec::new();
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for &position in &incident.findings {
        let Some(found) = report.findings.get(position) else { continue };
        let Some(begin) = found.finding.first else { continue };
        let end = found.finding.last.unwrap_or(begin);
        let class = colour(&found.finding.tactics);
        if !used.contains(&class) {
            used.push(class);
        }
        let mut names: Vec<String> = Vec::new();
        for entity in found.finding.entities.iter().filter(|entity| account::is_account(entity)) {
            let name = account_key(&account::name(entity));
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            names.extend(
                found.finding.entities.iter().find(|e| e.kind == "CloudApplication").map(|e| e.label().to_lowercase()),
            );
        }
        for name in names {
            let mark = Mark {
                span: (begin, end),
                severity: found.finding.severity,
                class: class.1,
                text: format!(
                    "{} {} · {} · {}",
                    found.label(),
                    clipped(&found.finding.title, 120),
                    class.0,
                    at(Some(begin))
                ),
                anchor: found.label(),
            };
            (first, last) = (first.min(begin), last.max(end));
            match lanes.iter_mut().find(|(known, _)| *known == name) {
                Some((_, marks)) => marks.push(mark),
                None => lanes.push((name, vec![mark])),
            }
        }
    }
    lanes.truncate(LANES);
    if incident.findings.len() < 2 || lanes.is_empty() {
        return (String::new(), Vec::new());
    }
    for (_, marks) in &mut lanes {
        marks.sort_by_key(|mark| mark.span);
    }
    let rank = |word: &str| TACTICS.iter().position(|tactic| tactic.name == word).unwrap_or(TACTICS.len());
    used.sort_by_key(|(word, _)| rank(word));
    (chart::lanes("Findings of the incident by account, coloured by tactic", (first, last), &lanes), used)
}

/// Word and class of the first tactic that a finding names.
fn colour(tactics: &[String]) -> (&'static str, &'static str) {
    let first: Option<&'static Tactic> = tactics.iter().find_map(|name| tactic(name));
    let position = first.and_then(|first| TACTICS.iter().position(|known| known == first));
    match (first, position.and_then(|position| COLOURS.get(position))) {
        (Some(first), Some(class)) => (first.name, class),
        _ => ("no tactic", PLAIN),
    }
}
