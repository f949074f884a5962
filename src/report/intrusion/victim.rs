//! Accounts and applications that the intruder used or tried.

use std::collections::{BTreeMap, BTreeSet};

use super::foothold::Foothold;
use super::measure::Measure;
use super::trace::{Login, Trace};
use crate::finding::{Finding, Severity};
use crate::incident::account_key;
use crate::report::{Report, account};
use crate::table::{Cell, Table};
use crate::timeline::{Fact, Group};

/// How far the intruder came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum State {
    /// A finding rated high or critical names it; nothing from the followed addresses does.
    #[default]
    Named,
    /// Sign-ins failed.
    Tried,
    /// The password was right, and something else stopped it.
    PasswordKnown,
    /// The intruder made it: an invited guest, an added user.
    Own,
    /// A sign-in succeeded, or something was done in its name.
    Accessed,
}

impl State {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            State::Accessed => "accessed",
            State::Own => "made by the intruder",
            State::PasswordKnown => "password known, stopped",
            State::Tried => "tried",
            State::Named => "named by a finding only",
        }
    }
}

/// One account or application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Victim {
    /// Name as first met.
    pub name: String,
    /// Whether it is a person's; else an application's.
    pub person: bool,
    /// How far the intruder came.
    pub state: State,
    /// First and last success or action from the followed addresses, in ticks.
    pub span: Option<(i64, i64)>,
    /// Sign-ins that succeeded, were interrupted and failed.
    pub signins: [u64; 3],
    /// Rows of other logs in its name.
    pub actions: u64,
    /// Successes that needed one factor only, and all that say how many were needed.
    pub single_factor: (u64, u64),
    /// Addresses, countries, networks and user agents of what succeeded.
    pub addresses: BTreeSet<String>,
    /// Countries.
    pub countries: BTreeSet<String>,
    /// Autonomous systems.
    pub networks: BTreeSet<String>,
    /// User agents.
    pub agents: BTreeSet<String>,
    /// Sessions.
    pub sessions: BTreeSet<String>,
    /// Applications signed in to.
    pub apps: BTreeSet<String>,
    /// Risk detections of the account in the evidence.
    pub risk: u64,
    /// Its findings, and the highest severity among them.
    pub findings: Vec<usize>,
    /// Highest severity.
    pub severity: Severity,
    /// The last measure taken on it: time and what it was.
    pub contained: Option<(i64, &'static str)>,
    /// Successes and actions from the followed addresses after that.
    pub after: u64,
}

impl Victim {
    fn used(&mut self, time: Option<i64>) {
        self.state = State::Accessed;
        let Some(time) = time else { return };
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}

/// Everybody concerned: those that came furthest first, then by severity and name.
pub(super) fn victims(report: &Report<'_>, trace: &Trace<'_>) -> Vec<Victim> {
    let mut found: BTreeMap<String, Victim> = BTreeMap::new();
    for login in &trace.logins {
        let victim = entry(&mut found, login.who(), login.person);
        signed_in(victim, login);
    }
    for deed in &trace.deeds {
        let who = deed.facts.get(Fact::User);
        let operation = deed.facts.get(Fact::Operation);
        if who.is_empty() || operation.eq_ignore_ascii_case("UserLoginFailed") {
            continue;
        }
        let victim = entry(&mut found, who, who.contains('@'));
        victim.used(deed.time);
        victim.actions += 1;
        for (set, fact) in [
            (&mut victim.addresses, Fact::Ip),
            (&mut victim.countries, Fact::Country),
            (&mut victim.agents, Fact::UserAgent),
            (&mut victim.sessions, Fact::Session),
        ] {
            keep(set, deed.facts.get(fact));
        }
    }
    for (position, listed) in report.findings.iter().enumerate() {
        for name in listed.finding.entities.iter().filter(|e| account::is_account(e)).map(account::name) {
            name_it(&mut found, &name, position, listed.finding);
        }
    }
    risks(report, &mut found);
    let mut victims: Vec<Victim> = found.into_values().collect();
    victims.sort_by(|a, b| {
        let rank = |v: &Victim| (std::cmp::Reverse(v.state), !v.person, std::cmp::Reverse(v.severity));
        rank(a).cmp(&rank(b)).then_with(|| (a.span, &a.name).cmp(&(b.span, &b.name)))
    });
    victims
}

fn entry<'m>(found: &'m mut BTreeMap<String, Victim>, name: &str, person: bool) -> &'m mut Victim {
    let victim = found.entry(account_key(name)).or_default();
    if victim.name.is_empty() {
        name.clone_into(&mut victim.name);
        victim.person = person;
    }
    victim
}

/// A finding adds to those known; a serious one makes its accounts known.
fn name_it(found: &mut BTreeMap<String, Victim>, name: &str, position: usize, finding: &Finding) {
    let key = account_key(name);
    if finding.severity >= Severity::High && key.contains('@') {
        entry(found, name, true);
    }
    let Some(victim) = found.get_mut(&key) else { return };
    victim.severity = victim.severity.max(finding.severity);
    if victim.findings.last() != Some(&position) {
        victim.findings.push(position);
    }
}

fn keep(set: &mut BTreeSet<String>, value: &str) {
    if !value.is_empty() && !set.contains(value) {
        set.insert(value.to_owned());
    }
}

fn signed_in(victim: &mut Victim, login: &Login<'_>) {
    if let Some(count) = victim.signins.get_mut(login.ended as usize) {
        *count += 1;
    }
    match login.ended {
        Group::Success => victim.used(login.time),
        Group::Interrupted => victim.state = victim.state.max(State::PasswordKnown),
        Group::Failure => victim.state = victim.state.max(State::Tried),
    }
    if login.ended == Group::Failure {
        return;
    }
    let required = login.text("AuthenticationRequirement");
    if login.ended == Group::Success && !required.is_empty() {
        victim.single_factor.0 += u64::from(required.eq_ignore_ascii_case("singleFactorAuthentication"));
        victim.single_factor.1 += 1;
    }
    keep(&mut victim.addresses, login.text("IPAddress"));
    keep(&mut victim.countries, login.text("Location"));
    keep(&mut victim.networks, login.text("AutonomousSystemNumber"));
    keep(&mut victim.agents, login.text("UserAgent"));
    if login.ended == Group::Success {
        keep(&mut victim.sessions, login.text("SessionId"));
        let app = login.text(if login.person { "AppDisplayName" } else { "ResourceDisplayName" });
        keep(&mut victim.apps, app);
    }
}

fn risks(report: &Report<'_>, found: &mut BTreeMap<String, Victim>) {
    let Some(table) = report.input.tables.get("AADUserRiskEvents") else { return };
    for row in 0..table.rows() {
        if let Some(victim) = found.get_mut(&account_key(cell(table, row, "UserPrincipalName"))) {
            victim.risk += 1;
        }
    }
}

fn cell<'a>(table: &'a Table, row: usize, column: &str) -> &'a str {
    match table.cell(row, column) {
        Cell::Text(text) => text,
        _ => "",
    }
}

/// Accounts that the intruder made are nobody's that was accessed.
pub(super) fn made(victims: &mut [Victim], footholds: &[Foothold]) {
    let new = footholds.iter().filter(|foothold| foothold.theirs && foothold.what == "New account");
    let names: BTreeSet<String> = new.flat_map(|foothold| foothold.target.split(", ").map(account_key)).collect();
    for victim in victims.iter_mut().filter(|victim| names.contains(&account_key(&victim.name))) {
        victim.state = State::Own;
    }
}

/// Notes the last measure on each account, and what came after it.
pub(super) fn contain(victims: &mut [Victim], measures: &[Measure], trace: &Trace<'_>) {
    for victim in victims.iter_mut() {
        let key = account_key(&victim.name);
        let last = measures
            .iter()
            .filter(|measure| measure.stops && !measure.by_intruder && measure.on == key)
            .filter_map(|measure| Some((measure.time?, measure.what)))
            .max();
        let Some((time, _)) = last else { continue };
        victim.contained = last;
        let later = |at: Option<i64>| at.is_some_and(|at| at > time);
        let logins = trace
            .logins
            .iter()
            .filter(|login| login.ended == Group::Success && later(login.time) && account_key(login.who()) == key);
        let deeds =
            trace.deeds.iter().filter(|deed| later(deed.time) && account_key(deed.facts.get(Fact::User)) == key);
        victim.after = (logins.count() + deeds.count()) as u64;
    }
}
