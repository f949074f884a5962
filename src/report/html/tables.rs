//! The page's tables as plain rows.

use super::data::origins;
use super::{Link, at, count, cut, links};
use crate::finding::Severity;
use crate::report::Report;
use crate::report::summary::many;
use crate::timeline::Fact;

/// One line of the timeline as the page shows it without its script.
pub struct EventRow {
    pub time: String,
    pub severity: Severity,
    pub links: Vec<Link>,
    pub operation: String,
    pub result: String,
    pub user: String,
    pub ip: String,
    pub app: String,
    pub target: String,
    pub origin: String,
}

/// The first events.
pub fn events(report: &Report<'_>, limit: usize) -> Vec<EventRow> {
    let row = |event: &crate::timeline::Event| {
        let fact = |fact| cut(event.facts.get(fact));
        let told = [event.facts.get(Fact::Result), event.facts.get(Fact::Code)];
        let told: Vec<&str> = told.into_iter().filter(|text| !text.is_empty() && *text != "0").collect();
        EventRow {
            time: at(event.time),
            severity: event.severity,
            links: links(report, &event.findings).0,
            operation: if fact(Fact::Operation).is_empty() { cut(&event.message) } else { fact(Fact::Operation) },
            result: cut(&told.join(" ")),
            user: fact(Fact::User),
            ip: fact(Fact::Ip),
            app: fact(Fact::App),
            target: fact(Fact::Target),
            origin: cut(&origins(report, event)),
        }
    };
    report.timeline.events.iter().take(limit).map(row).collect()
}

/// An account that findings name.
pub struct AccountRow {
    pub name: String,
    /// Where its own page is, empty where it has none.
    pub entity: String,
    pub severity: Severity,
    pub links: Vec<Link>,
    pub more: String,
    pub span: String,
    pub events: String,
    pub addresses: Vec<String>,
    pub countries: Vec<String>,
    /// What all its sign-ins say, in a sentence; empty where there are none.
    pub habit: String,
    pub novel: Vec<NovelRow>,
    /// How many new values are left out.
    pub novel_more: String,
}

/// Something that the account was not seen with before.
pub struct NovelRow {
    pub when: String,
    pub what: &'static str,
    pub value: String,
    pub signins: String,
}

/// New values that an account's part shows.
const NOVEL: usize = 20;

/// Accounts, most severe first.
pub fn accounts(report: &Report<'_>, index: &super::entity::Index) -> Vec<AccountRow> {
    let new = |novel: &crate::report::Novel| NovelRow {
        when: at(Some(novel.first)),
        what: novel.what,
        value: cut(&novel.value),
        signins: many(novel.signins, "sign-in", "sign-ins"),
    };
    let row = |(position, account): (usize, &crate::report::Account)| {
        let (links, more) = links(report, &account.findings);
        let profile = report.profiles.get(position);
        let novel = profile.map_or(&[][..], |profile| &profile.novel);
        AccountRow {
            entity: index.anchor("account", &account.name),
            name: cut(&account.name),
            severity: account.severity,
            links,
            more,
            span: account
                .span
                .map(|(first, last)| format!("{} – {}", at(Some(first)), at(Some(last))))
                .unwrap_or_default(),
            events: count(account.events as u64),
            addresses: account.addresses.iter().take(12).map(|address| cut(address)).collect(),
            countries: account.countries.iter().take(12).map(|country| cut(country)).collect(),
            habit: profile.filter(|profile| profile.signins > 0).map(habit).unwrap_or_default(),
            novel: novel.iter().take(NOVEL).map(new).collect(),
            novel_more: match novel.len().saturating_sub(NOVEL) {
                0 => String::new(),
                n => format!("and {} more", count(n as u64)),
            },
        }
    };
    report.accounts.iter().enumerate().take(1_000).map(row).collect()
}

/// What the sign-ins of an account amount to.
fn habit(profile: &crate::report::Profile) -> String {
    let span =
        profile.span.map(|(first, last)| format!(", {} – {}", at(Some(first)), at(Some(last)))).unwrap_or_default();
    let basis = match profile.before {
        0 => " None is older than its first finding, so nothing can be called new.".to_owned(),
        n => format!(" Before its first finding: {}.", count(n)),
    };
    format!("{}, {} successful{span}.{basis}", many(profile.signins, "sign-in", "sign-ins"), count(profile.successes))
}

/// A tactic with the techniques that findings name.
pub struct TacticRow {
    pub name: &'static str,
    pub id: &'static str,
    pub techniques: Vec<TechniqueCell>,
}

/// A technique.
pub struct TechniqueCell {
    pub id: String,
    pub name: String,
    pub severity: Severity,
    pub findings: String,
    pub links: Vec<Link>,
    pub more: String,
}

/// Tactics in order.
pub fn attack(report: &Report<'_>) -> Vec<TacticRow> {
    let cell = |technique: &crate::report::Technique| {
        let (links, more) = links(report, &technique.findings);
        TechniqueCell {
            id: cut(&technique.id),
            name: technique.name.clone(),
            severity: technique.severity,
            findings: many(technique.findings.len() as u64, "finding", "findings"),
            links,
            more,
        }
    };
    let row = |column: &crate::report::Column| TacticRow {
        name: column.tactic.name,
        id: column.tactic.id,
        techniques: column.techniques.iter().map(cell).collect(),
    };
    report.attack.iter().map(row).collect()
}

/// An indicator, defanged.
pub struct IndicatorRow {
    pub kind: String,
    /// Where its own page is, empty where it has none.
    pub entity: String,
    pub value: String,
    pub note: String,
    pub severity: Severity,
    pub links: Vec<Link>,
    pub more: String,
    pub accounts: usize,
    pub events: String,
    pub span: String,
    /// For addresses: what all sign-ins from it say.
    pub spread: String,
}

fn spread(spread: &crate::report::Spread) -> String {
    format!(
        "{} of {}, {} succeeded",
        many(spread.signins, "sign-in", "sign-ins"),
        many(spread.accounts.len() as u64, "account", "accounts"),
        count(spread.succeeded.len() as u64)
    )
}

/// Indicators, most severe first.
pub fn indicators(report: &Report<'_>, index: &super::entity::Index) -> Vec<IndicatorRow> {
    let row = |indicator: &crate::report::Indicator| {
        let (links, more) = links(report, &indicator.findings);
        IndicatorRow {
            entity: match indicator.kind.as_str() {
                "IP" => index.anchor("address", &indicator.value),
                "CloudApplication" => index.anchor("application", &indicator.value),
                _ => String::new(),
            },
            kind: match indicator.kind.as_str() {
                "IP" => "Address".to_owned(),
                "CloudApplication" => "Application".to_owned(),
                "UserAgent" => "User agent".to_owned(),
                kind => cut(kind),
            },
            value: cut(&indicator.defanged()),
            note: cut(&indicator.note),
            severity: indicator.severity,
            links,
            more,
            accounts: indicator.accounts.len(),
            spread: report
                .spreads
                .get(&indicator.value)
                .filter(|s| indicator.kind == "IP" && s.signins > 0)
                .map(spread)
                .unwrap_or_default(),
            events: count(indicator.events as u64),
            span: indicator
                .span
                .map(|(first, last)| format!("{} – {}", at(Some(first)), at(Some(last))))
                .unwrap_or_default(),
        }
    };
    report.indicators.iter().take(1_000).map(row).collect()
}
