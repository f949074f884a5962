//! Indicators: what the findings name that can be searched for elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::account::is_account;
use super::defang;
use crate::finding::{Finding, Severity};
use crate::timeline::{Fact, Timeline};
use crate::usual::own;

/// One indicator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indicator {
    /// Sentinel's entity type, or `UserAgent`.
    pub kind: String,
    /// The value as logged.
    pub value: String,
    /// What else the entity says, for example the name of an application.
    pub note: String,
    /// Highest severity of its findings.
    pub severity: Severity,
    /// Positions of its findings.
    pub findings: Vec<usize>,
    /// Accounts of the timeline seen with it, ascending.
    pub accounts: BTreeSet<String>,
    /// Events of the timeline that carry it.
    pub events: usize,
    /// Time of the first and the last of these events, in ticks.
    pub span: Option<(i64, i64)>,
}

impl Indicator {
    /// The value as it may stand in a letter.
    pub fn defanged(&self) -> String {
        match self.kind.as_str() {
            "IP" | "URL" | "DNS" | "MailMessage" => defang(&self.value),
            _ if self.value.contains("://") => defang(&self.value),
            _ => self.value.clone(),
        }
    }
}

/// Everything but accounts that findings name, and the user agents of events that matter, most severe first.
pub fn indicators(findings: &[&Finding], timeline: &Timeline) -> Vec<Indicator> {
    let mut found: BTreeMap<(String, String), Indicator> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        for entity in finding.entities.iter().filter(|entity| !is_account(entity)) {
            let label = entity.identifiers.get("AppId").map_or(entity.label(), String::as_str);
            if label.is_empty() {
                continue;
            }
            let indicator = found.entry((entity.kind.clone(), label.to_owned())).or_default();
            indicator.kind.clone_from(&entity.kind);
            label.clone_into(&mut indicator.value);
            let others = entity.identifiers.values().filter(|value| *value != label && !value.is_empty());
            indicator.note = others.cloned().collect::<Vec<_>>().join(", ");
            indicator.severity = indicator.severity.max(finding.severity);
            if indicator.findings.last() != Some(&position) {
                indicator.findings.push(position);
            }
        }
    }
    for event in &timeline.events {
        let fact = |fact| event.facts.get(fact);
        let mut keys = vec![("IP", fact(Fact::Ip)), ("CloudApplication", fact(Fact::AppId))];
        let agent = fact(Fact::UserAgent);
        if event.severity >= Severity::High && !agent.is_empty() {
            keys.push(("UserAgent", agent));
            let known = found.entry(("UserAgent".into(), agent.into())).or_default();
            known.kind = "UserAgent".into();
            known.value = agent.into();
            known.severity = known.severity.max(event.severity);
            known.findings.extend(&event.findings);
        }
        for (kind, value) in keys {
            let Some(indicator) = found.get_mut(&(kind.to_owned(), value.to_owned())) else { continue };
            indicator.events += 1;
            if !fact(Fact::User).is_empty() {
                indicator.accounts.insert(fact(Fact::User).to_owned());
            }
            if let Some(time) = event.time {
                let (first, last) = indicator.span.unwrap_or((time, time));
                indicator.span = Some((first.min(time), last.max(time)));
            }
        }
    }
    let mut indicators: Vec<Indicator> = found.into_values().collect();
    for indicator in &mut indicators {
        indicator.findings.sort_unstable();
        indicator.findings.dedup();
    }
    for indicator in indicators.iter_mut().filter(|indicator| indicator.kind == "CloudApplication") {
        if own::name(&indicator.value).is_some() {
            indicator.note = [indicator.note.as_str(), "an application of Microsoft"]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(", ");
        }
    }
    // The map gave them in order of kind and value, and the sort is stable. Addresses say most, user agents least.
    let rank = |kind: &str| match kind {
        "IP" => 0,
        "UserAgent" => 2,
        _ => 1,
    };
    indicators.sort_by_key(|indicator| (std::cmp::Reverse(indicator.severity), rank(&indicator.kind)));
    indicators
}
