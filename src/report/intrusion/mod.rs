//! What an intruder did, as far as the logs tell: which accounts were used, what was left behind, what was reached,
//! and what was done about it.
//!
//! All of it starts from the addresses of the incidents rated high or critical. An address that people signed in
//! from successfully before its incident is one of daily life and starts nothing. What is done from the remaining
//! ones is taken as one party's; every table says so, and each line names its records or findings.

mod advice;
mod foothold;
mod inventory;
mod kinds;
mod measure;
mod radius;
mod reached;
mod suspects;
mod trace;
mod victim;

pub use advice::Advice;
pub use foothold::{Foothold, Remains};
pub use measure::Measure;
pub use radius::Shared;
pub(super) use radius::device;
pub use reached::Reached;
pub use suspects::Suspect;
pub use victim::{State, Victim};

use super::Report;

/// The intrusion as a whole; everything is empty where no incident is rated high.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intrusion {
    /// Addresses that the incidents rated high or critical name, in the order of the incidents.
    pub suspects: Vec<Suspect>,
    /// Accounts and applications that were used, tried or named, those used first.
    pub victims: Vec<Victim>,
    /// Accounts of people that signed in at all, the used ones included: the N of "n of N".
    pub population: usize,
    /// What was left behind, in order of time.
    pub footholds: Vec<Foothold>,
    /// Data that was read, taken, sent or deleted.
    pub reached: Vec<Reached>,
    /// What else shares a user agent, a session or a device with the intruder's sign-ins.
    pub shared: Vec<Shared>,
    /// What was done against it, in order of time.
    pub measures: Vec<Measure>,
    /// What to do next.
    pub advice: Vec<Advice>,
    /// First and last event from the addresses, in ticks.
    pub span: Option<(i64, i64)>,
}

impl Intrusion {
    /// Accounts of people in a state.
    pub fn people(&self, state: State) -> impl Iterator<Item = &Victim> {
        self.victims.iter().filter(move |victim| victim.person && victim.state == state)
    }

    /// Applications that were used.
    pub fn applications(&self) -> impl Iterator<Item = &Victim> {
        self.victims.iter().filter(|victim| !victim.person && victim.state == State::Accessed)
    }

    /// Whether there is something to tell.
    pub fn is_empty(&self) -> bool {
        self.suspects.is_empty() && self.victims.is_empty() && self.footholds.is_empty()
    }
}

/// Follows the addresses through all tables.
pub fn intrusion(report: &Report<'_>) -> Intrusion {
    let suspects = suspects::suspects(report);
    let trace = trace::Trace::follow(report.input.tables, &suspects);
    let mut victims = victim::victims(report, &trace);
    let measures = measure::measures(report, &trace, &victims);
    victim::contain(&mut victims, &measures, &trace);
    let footholds = foothold::footholds(report, &trace, &victims);
    victim::made(&mut victims, &footholds);
    let reached = reached::reached(report, &trace);
    let shared = radius::shared(report, &trace);
    let mut population = report.statistics.signed_in.clone();
    for own in victims.iter().filter(|victim| victim.state == State::Own) {
        population.remove(&own.name.to_lowercase());
    }
    let used = victims.iter().filter(|victim| victim.person && victim.state == State::Accessed);
    population.extend(used.map(|victim| victim.name.to_lowercase()));
    let mut found = Intrusion {
        span: trace.span(),
        suspects,
        victims,
        population: population.len(),
        footholds,
        reached,
        shared,
        measures,
        advice: Vec::new(),
    };
    found.advice = advice::advice(report, &found);
    found
}
