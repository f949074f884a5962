//! What an intruder did, as the page's tables.

use super::data::origins;
use super::{Link, at, count, cut, links};
use crate::report::intrusion::{Foothold, Measure, Reached, Remains, Shared, State, Victim};
use crate::report::summary::{apart, many};
use crate::report::{Report, clipped, defang};

/// Rows of one table.
const ROWS: usize = 500;
/// Names in one cell.
const NAMES: usize = 8;

/// All sections about the intrusion.
pub struct Sections {
    /// What everything here rests on.
    pub basis: String,
    pub daily: Vec<String>,
    pub accounts: Vec<AccountRow>,
    pub tried: String,
    pub footholds: Vec<FootholdRow>,
    pub data: Vec<DataRow>,
    pub shared: Vec<SharedRow>,
    pub measures: Vec<MeasureRow>,
    pub after: Vec<String>,
    pub advice: Vec<AdviceRow>,
    pub notice: Vec<(&'static str, String)>,
    /// What an empty section is to be read with.
    pub cover: String,
}

/// An account or application that was used.
pub struct AccountRow {
    pub name: String,
    pub entity: String,
    pub kind: &'static str,
    pub state: &'static str,
    pub links: Vec<Link>,
    pub more: String,
    pub span: String,
    pub factor: String,
    pub signins: String,
    pub risk: String,
    pub sessions: String,
    pub from: Vec<String>,
    pub countries: String,
    pub agents: Vec<String>,
    pub active: String,
}

/// Something left behind.
pub struct FootholdRow {
    pub when: String,
    pub what: &'static str,
    pub target: String,
    pub details: String,
    pub by: String,
    pub theirs: bool,
    pub remains: &'static str,
    pub said: String,
    pub links: Vec<Link>,
    pub more: String,
    pub origin: String,
}

/// Data reached.
pub struct DataRow {
    pub what: &'static str,
    pub place: String,
    pub by: String,
    pub records: String,
    pub items: Vec<String>,
    pub item_count: String,
    pub said: String,
    pub span: String,
}

/// A shared value.
pub struct SharedRow {
    pub what: &'static str,
    pub value: String,
    pub here: String,
    pub elsewhere: String,
    pub signins: String,
}

/// A measure.
pub struct MeasureRow {
    pub when: String,
    pub what: &'static str,
    pub on: String,
    pub by: String,
    pub note: &'static str,
}

/// Something to do.
pub struct AdviceRow {
    pub text: String,
    pub on: Vec<String>,
    pub on_more: String,
    pub links: Vec<Link>,
    pub more: String,
}

/// The sections.
pub fn sections(report: &Report<'_>, page: &super::entity::Index) -> Sections {
    let found = &report.intrusion;
    let followed: Vec<String> =
        found.suspects.iter().filter(|s| s.followed()).map(|s| defang(&s.address.to_string())).collect();
    let daily = found.suspects.iter().filter(|suspect| !suspect.followed()).map(|suspect| {
        format!(
            "{} is named by an incident, but {} succeeded from it more than a day before: it is taken as an address of \
             daily life, and nothing is followed from it.",
            defang(&suspect.address.to_string()),
            many(suspect.before, "sign-in", "sign-ins")
        )
    });
    let shown = found.victims.iter().filter(|victim| victim.state != State::Tried);
    let tried = found.victims.iter().filter(|victim| victim.state == State::Tried);
    let tried: Vec<String> = tried.map(|victim| victim.name.clone()).collect();
    Sections {
        basis: match followed.as_slice() {
            [] => "No incident is rated high or critical, or none of theirs names an address that is not one of daily \
                   life: there is nothing to follow."
                .to_owned(),
            list => format!(
                "Followed from {} of the incidents rated high or critical: {}.",
                many(list.len() as u64, "address", "addresses"),
                few(list.iter())
            ),
        },
        daily: daily.take(NAMES).collect(),
        accounts: shown.take(ROWS).map(|victim| account(report, victim, page)).collect(),
        tried: if tried.is_empty() { String::new() } else { format!("Only tried: {}.", few(tried.iter())) },
        footholds: found.footholds.iter().take(ROWS).map(|foothold| left(report, foothold)).collect(),
        data: found.reached.iter().take(ROWS).map(data).collect(),
        shared: found.shared.iter().take(ROWS).map(shared).collect(),
        measures: found.measures.iter().take(ROWS).map(measure).collect(),
        after: found.victims.iter().filter_map(after).collect(),
        advice: found
            .advice
            .iter()
            .map(|advice| {
                let (links, more) = links(report, &advice.findings);
                AdviceRow {
                    text: advice.text.clone(),
                    on: advice.on.iter().take(2 * NAMES).map(|name| cut(name)).collect(),
                    on_more: rest(advice.on.len(), 2 * NAMES),
                    links,
                    more,
                }
            })
            .collect(),
        notice: notice(report),
        cover: cover(report),
    }
}

/// The first names, and how many more.
fn few<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let total = names.len();
    let shown: Vec<String> = names.take(NAMES).map(|name| clipped(name, 120).into_owned()).collect();
    let more = rest(total, NAMES);
    if more.is_empty() { shown.join(", ") } else { format!("{} {more}", shown.join(", ")) }
}

fn rest(total: usize, shown: usize) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        n => format!("and {} more", count(n as u64)),
    }
}

fn span(span: Option<(i64, i64)>) -> String {
    match span {
        Some((first, last)) if last > first => format!("{} – {}", at(Some(first)), at(Some(last))),
        Some((first, _)) => at(Some(first)),
        None => String::new(),
    }
}

fn account(report: &Report<'_>, victim: &Victim, page: &super::entity::Index) -> AccountRow {
    let (links, more) = links(report, &victim.findings);
    let [ok, stopped, failed] = victim.signins;
    let mut signins = vec![format!("{} succeeded", count(ok))];
    for (n, word) in [(stopped, "interrupted"), (failed, "failed")] {
        if n > 0 {
            signins.push(format!("{} {word}", count(n)));
        }
    }
    if victim.actions > 0 {
        signins.push(many(victim.actions, "action", "actions"));
    }
    AccountRow {
        entity: page.anchor(if victim.person { "account" } else { "application" }, &victim.name),
        name: cut(&victim.name),
        kind: if victim.person { "" } else { "application" },
        state: victim.state.words(),
        links,
        more,
        span: span(victim.span),
        factor: match victim.single_factor {
            (_, 0) => "not said".to_owned(),
            (0, all) => format!("second factor in {}", count(all)),
            (single, all) if single == all => "one factor".to_owned(),
            (single, all) => format!("one factor in {} of {}", count(single), count(all)),
        },
        signins: signins.join(", "),
        risk: if victim.risk > 0 { many(victim.risk, "risk detection", "risk detections") } else { String::new() },
        sessions: if victim.sessions.is_empty() {
            String::new()
        } else {
            many(victim.sessions.len() as u64, "session", "sessions")
        },
        from: victim.addresses.iter().take(NAMES).map(|address| defang(address)).collect(),
        countries: {
            let networks = victim.networks.iter().map(|network| format!("AS{network}"));
            victim.countries.iter().cloned().chain(networks).take(NAMES).collect::<Vec<_>>().join(", ")
        },
        agents: victim.agents.iter().take(3).map(|agent| clipped(agent, 120).into_owned()).collect(),
        active: active(victim),
    }
}

/// Whether the intruder may still be in.
fn active(victim: &Victim) -> String {
    match (victim.state, victim.contained) {
        (State::Accessed, None) => "no containment seen".to_owned(),
        (_, None) => String::new(),
        (_, Some((time, what))) if victim.after > 0 => {
            format!("{what} {}; {} from the addresses after it", at(Some(time)), many(victim.after, "event", "events"))
        }
        (_, Some((time, what))) => format!("{what} {}; nothing from the addresses after it", at(Some(time))),
    }
}

fn left(report: &Report<'_>, foothold: &Foothold) -> FootholdRow {
    let (links, more) = links(report, &foothold.findings);
    let (remains, said) = match &foothold.remains {
        Remains::Present(said) => ("yes", said.clone()),
        Remains::Removed(time, operation) => ("removed", format!("{} ({})", at(Some(*time)), cut(operation))),
        Remains::Unknown(said) => ("cannot tell", said.clone()),
    };
    let from = if foothold.from.is_empty() { String::new() } else { format!(" from {}", defang(&foothold.from)) };
    FootholdRow {
        when: at(foothold.time),
        what: foothold.what,
        target: cut(&foothold.target),
        details: cut(&foothold.details),
        by: cut(&format!("{}{from}", foothold.by)),
        theirs: foothold.theirs,
        remains,
        said,
        links,
        more,
        origin: report
            .timeline
            .events
            .get(foothold.event)
            .map(|event| cut(&origins(report, event)))
            .unwrap_or_default(),
    }
}

fn data(reached: &Reached) -> DataRow {
    let mut said = Vec::new();
    if reached.synced > 0 {
        said.push(format!(
            "{} synchronised a folder whole: take it as read",
            many(reached.synced, "record", "records")
        ));
    }
    if reached.throttled > 0 {
        said.push(format!("{} throttled: more was read than is told", many(reached.throttled, "record", "records")));
    }
    DataRow {
        what: reached.what,
        place: cut(&reached.place),
        by: few(reached.by.iter().collect::<Vec<_>>().into_iter()),
        records: count(reached.records),
        items: reached.items.iter().take(50).map(|item| cut(item)).collect(),
        item_count: if reached.items.is_empty() { "not named".to_owned() } else { count(reached.items.len() as u64) },
        said: said.join("; "),
        span: span(reached.span),
    }
}

fn shared(shared: &Shared) -> SharedRow {
    let list = |set: &std::collections::BTreeSet<String>| few(set.iter().collect::<Vec<_>>().into_iter());
    SharedRow {
        what: shared.what,
        value: cut(&shared.value),
        here: list(&shared.here),
        elsewhere: if shared.elsewhere.is_empty() {
            "nobody in these logs".to_owned()
        } else {
            format!("{}: {}", many(shared.elsewhere.len() as u64, "account", "accounts"), list(&shared.elsewhere))
        },
        signins: count(shared.signins),
    }
}

fn measure(measure: &Measure) -> MeasureRow {
    MeasureRow {
        when: at(measure.time),
        what: measure.what,
        on: cut(&measure.on),
        by: cut(&measure.by),
        note: if measure.by_intruder { "from a followed address: the intruder's own" } else { "" },
    }
}

/// What came after containment.
fn after(victim: &Victim) -> Option<String> {
    let (time, what) = victim.contained.filter(|_| victim.after > 0)?;
    Some(format!(
        "{}: {what} {} UTC, and {} from the followed addresses after it.",
        cut(&victim.name),
        at(Some(time)),
        many(victim.after, "success or action", "successes or actions")
    ))
}

/// The facts that a notification needs.
fn notice(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let found = &report.intrusion;
    let places = |word: &str| {
        let list: Vec<&String> = found
            .reached
            .iter()
            .filter(|reached| reached.what.starts_with(word))
            .map(|reached| &reached.place)
            .collect();
        let mut list: Vec<&String> = list;
        list.sort_unstable();
        list.dedup();
        if list.is_empty() {
            "none seen in the logs supplied".to_owned()
        } else {
            format!("{}: {}", list.len(), few(list.into_iter()))
        }
    };
    let people: Vec<&String> = found.people(State::Accessed).map(|victim| &victim.name).collect();
    let (first, last) = found.span.unzip();
    vec![
        ("First and last event", match found.span {
            Some((begin, end)) => format!("{} – {} UTC, {}", at(first), at(last), apart(end - begin)),
            None => "no event from a followed address".to_owned(),
        }),
        ("Accounts of people accessed", match people.len() {
            0 => "none seen in the logs supplied".to_owned(),
            n => format!("{n} of {}: {}", count(found.population as u64), few(people.into_iter())),
        }),
        ("Mailboxes reached", places("mail")),
        ("Places with files opened or taken", places("files")),
        ("Categories of personal data", "not in the logs: the owners of the mailboxes and places have to say what they held".to_owned()),
        ("Strength of the evidence", "successful sign-ins and actions from the followed addresses, each with file, record and hash on the timeline".to_owned()),
    ]
}

/// Which logs an empty section rests on.
fn cover(report: &Report<'_>) -> String {
    let tables: Vec<String> =
        report.coverage.tables.iter().filter(|covered| covered.rows > 0).map(|covered| covered.table.clone()).collect();
    if tables.is_empty() {
        "no logs were supplied".to_owned()
    } else {
        format!("the logs supplied are {}", few(tables.iter()))
    }
}
