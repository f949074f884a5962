//! Containment and recovery seen in the logs.

use super::kinds::{is, plain};
use super::trace::{Trace, text};
use super::{State, Victim};
use crate::incident::account_key;
use crate::report::Report;
use crate::timeline::{Fact, Reader};

/// One measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// When, in ticks.
    pub time: Option<i64>,
    /// What was done.
    pub what: &'static str,
    /// The operation as the log names it.
    pub operation: String,
    /// On which account or application, in the spelling of [`account_key`].
    pub on: String,
    /// Who did it.
    pub by: String,
    /// Whether it came from a followed address: an intruder who tidies up contains nothing.
    pub by_intruder: bool,
    /// Whether it stops the account's sign-ins for the time being.
    pub stops: bool,
}

struct Kind {
    what: &'static str,
    operations: &'static [&'static str],
    stops: bool,
}

const fn kind(what: &'static str, stops: bool, operations: &'static [&'static str]) -> Kind {
    Kind { what, operations, stops }
}

const KINDS: [Kind; 11] = [
    kind("account disabled", true, &["disable account"]),
    kind("account deleted", true, &["delete user", "hard delete user"]),
    kind(
        "password reset",
        true,
        &[
            "reset user password",
            "reset password",
            "change user password",
            "change password",
            "admin started password reset",
        ],
    ),
    kind(
        "sessions revoked",
        true,
        &[
            "update stsrefreshtokenvalidfrom",
            "revoke sign in sessions",
            "revoke all refresh tokens",
            "invalidate all refresh tokens",
        ],
    ),
    kind(
        "confirmed as compromised",
        true,
        &["confirmaccountcompromised", "confirm user compromised", "confirmcompromised"],
    ),
    kind("sign-in method removed", false, &["user deleted security info", "admin deleted security info"]),
    kind("role taken", false, &["remove member from role", "remove eligible member from role"]),
    kind(
        "application removed",
        true,
        &["delete application", "hard delete application", "remove service principal", "hard delete service principal"],
    ),
    kind(
        "permission taken",
        false,
        &[
            "remove delegated permission grant",
            "remove oauth2permissiongrant",
            "remove app role assignment from service principal",
        ],
    ),
    kind("credential removed", false, &["remove service principal credentials"]),
    kind("inbox rule removed", false, &["remove-inboxrule", "disable-inboxrule"]),
];

/// Logs that tell of measures, and the column that names the operation.
const LOGS: [(&str, &str); 3] =
    [("AuditLogs", "OperationName"), ("OfficeActivity", "Operation"), ("CloudAppEvents", "ActionType")];

/// Measures on accounts and applications that were used, or whose password is known, and on what they set up, since
/// the first event from the followed addresses.
pub(super) fn measures(report: &Report<'_>, trace: &Trace<'_>, victims: &[Victim]) -> Vec<Measure> {
    let Some((begin, _)) = trace.span() else { return Vec::new() };
    let concerned = victims.iter().filter(|victim| victim.state >= State::PasswordKnown);
    let mut keys: Vec<String> = concerned.map(|victim| account_key(&victim.name)).collect();
    let made = trace.deeds.iter().flat_map(|deed| deed.facts.get(Fact::Target).split(", ").map(account_key));
    keys.extend(made.filter(|key| !key.is_empty()));
    keys.sort_unstable();
    keys.dedup();
    let mut found = Vec::new();
    let mut told = std::collections::BTreeSet::new();
    for (name, column) in LOGS {
        let Some(table) = report.input.tables.get(name) else { continue };
        let reader = Reader::new(table);
        for row in 0..table.rows() {
            let operation = text(table, row, column);
            let lower = plain(operation);
            let Some(kind) = KINDS.iter().find(|kind| is(&lower, kind.operations)) else { continue };
            if reader.time(row).0.is_none_or(|time| time < begin) || !told.insert(table.record(row)) {
                continue;
            }
            let facts = reader.facts(row);
            let mut targets: Vec<String> = facts.get(Fact::Target).split(", ").map(account_key).collect();
            if name != "AuditLogs" {
                targets = vec![account_key(facts.get(Fact::User))];
            }
            let Some(on) = targets.into_iter().find(|target| keys.binary_search(target).is_ok()) else { continue };
            found.push(Measure {
                time: reader.time(row).0,
                what: kind.what,
                operation: operation.trim().to_owned(),
                on,
                by: facts.get(Fact::User).to_owned(),
                by_intruder: trace.follows(facts.get(Fact::Ip)),
                stops: kind.stops,
            });
        }
    }
    found.sort_by(|a, b| (a.time, &a.on, a.what).cmp(&(b.time, &b.on, b.what)));
    found
}
