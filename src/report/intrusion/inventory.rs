//! What the inventories of the evidence say of something left behind. They have no time of their own: they are taken
//! as of the export.

use super::foothold::{Foothold, Remains, property};
use super::trace::text;
use crate::incident::account_key;
use crate::report::Report;
use crate::table::{Cell, Table};
use crate::timeline::Reader;

/// What an inventory says, where one of its kind is among the evidence.
pub(super) fn inventory(report: &Report<'_>, foothold: &Foothold) -> Option<Remains> {
    let table = |name: &str| report.input.tables.get(name).filter(|table| table.rows() > 0).map(AsRef::as_ref);
    match foothold.what {
        "Role" => role(table("DirectoryRoleAssignments"), table("IdentityInfo"), foothold),
        "New account" => account(table("IdentityInfo")?, foothold),
        "Inbox rule" => Some(rule(table("InboxRules")?, foothold)),
        "Consent" | "Permission of an application" => Some(grant(table("OAuthPermissionGrants")?, foothold)),
        "Device" => Some(device(table("Devices")?, foothold)),
        "Conditional Access" => Some(policy(table("ConditionalAccessPolicies")?, foothold)),
        _ => None,
    }
}

fn rows<'a>(table: &'a Table, fits: impl Fn(usize) -> bool + 'a) -> impl Iterator<Item = usize> + 'a {
    (0..table.rows()).filter(move |row| fits(*row))
}

/// The parts of what it was set up on, in the spelling to compare in.
fn targets(foothold: &Foothold) -> Vec<String> {
    foothold.target.split(", ").map(account_key).filter(|key| !key.is_empty()).collect()
}

fn verdict(listed: bool, what: &str) -> Remains {
    if listed {
        Remains::Present(format!("the inventory of {what} lists it"))
    } else {
        Remains::Unknown(format!("the inventory of {what} does not list it"))
    }
}

fn role(assignments: Option<&Table>, users: Option<&Table>, foothold: &Foothold) -> Option<Remains> {
    let (keys, role) = (targets(foothold), property(&foothold.details, "Role.DisplayName").to_lowercase());
    if let Some(table) = assignments {
        let fits = |row: usize| {
            let names = ["PrincipalUPN", "PrincipalDisplayName"].map(|column| account_key(text(table, row, column)));
            let same = text(table, row, "RoleName").to_lowercase() == role || role.is_empty();
            same && names.iter().any(|name| keys.contains(name))
        };
        return Some(verdict(rows(table, fits).next().is_some(), "role assignments"));
    }
    let table = users?;
    let row = later(table, foothold, &keys)?;
    Some(verdict(
        !role.is_empty() && text(table, row, "AssignedRoles").to_lowercase().contains(&role),
        "users with roles",
    ))
}

fn account(table: &Table, foothold: &Foothold) -> Option<Remains> {
    let row = later(table, foothold, &targets(foothold))?;
    Some(Remains::Present(match table.cell(row, "IsAccountEnabled") {
        Cell::Bool(false) => "the inventory of users lists it, disabled".to_owned(),
        _ => "the inventory of users lists it".to_owned(),
    }))
}

/// The last row of an account. A list from before the event says nothing of it.
fn later(table: &Table, foothold: &Foothold, keys: &[String]) -> Option<usize> {
    let reader = Reader::new(table);
    let fits = |row: &usize| {
        let known = reader.time(*row).0.zip(foothold.time);
        keys.contains(&account_key(text(table, *row, "AccountUPN")))
            && known.is_none_or(|(listed, made)| listed >= made)
    };
    (0..table.rows()).rfind(fits)
}

/// A rule by its mailbox and name; a rule's target ends in both, `…/mara@example.com\name`.
fn rule(table: &Table, foothold: &Foothold) -> Remains {
    let target = foothold.target.rsplit('/').next().unwrap_or_default().to_lowercase();
    let (mailbox, name) = target.split_once('\\').unwrap_or((target.as_str(), ""));
    let owner = account_key(&foothold.by);
    let mut unnamed = false;
    for row in 0..table.rows() {
        let listed = account_key(text(table, row, "MailboxOwnerUPN"));
        let local = listed.split('@').next().unwrap_or_default();
        let theirs = listed == owner || listed == mailbox || !local.is_empty() && local == mailbox;
        if theirs && !name.is_empty() && text(table, row, "RuleName").to_lowercase() == name {
            return match table.cell(row, "IsEnabled") {
                Cell::Bool(false) => Remains::Present("the inventory of inbox rules lists it, switched off".to_owned()),
                _ => verdict(true, "inbox rules"),
            };
        }
        unnamed |= theirs && name.is_empty();
    }
    if unnamed {
        return Remains::Unknown("the inventory lists rules of this mailbox: compare them".to_owned());
    }
    verdict(false, "inbox rules")
}

fn grant(table: &Table, foothold: &Foothold) -> Remains {
    let keys = targets(foothold);
    let mut found = rows(table, |row| {
        ["ClientDisplayName", "AppId", "ClientObjectId"]
            .iter()
            .any(|column| keys.contains(&text(table, row, column).to_lowercase()))
    });
    match found.next() {
        Some(row) => Remains::Present(format!(
            "the inventory of grants lists it: {}",
            crate::report::clipped(text(table, row, "Permission"), 120)
        )),
        None => verdict(false, "grants"),
    }
}

fn device(table: &Table, foothold: &Foothold) -> Remains {
    let keys = targets(foothold);
    let columns = ["DisplayName", "DeviceId", "ObjectId"];
    let mut found =
        rows(table, |row| columns.iter().any(|column| keys.contains(&text(table, row, column).to_lowercase())));
    match found.next().map(|row| table.cell(row, "IsEnabled")) {
        Some(Cell::Bool(false)) => Remains::Present("the inventory of devices lists it, disabled".to_owned()),
        found => verdict(found.is_some(), "devices"),
    }
}

/// A policy is there whatever was done to it: its state says whether the change is.
fn policy(table: &Table, foothold: &Foothold) -> Remains {
    let keys = targets(foothold);
    let mut found = rows(table, |row| {
        ["DisplayName", "Id"].iter().any(|column| keys.contains(&text(table, row, column).to_lowercase()))
    });
    match found.next() {
        Some(row) => {
            let excluded = text(table, row, "ExcludeUsers");
            Remains::Unknown(format!(
                "the inventory lists the policy as {}, excluded users: {}; compare with the record",
                text(table, row, "State"),
                if excluded.is_empty() { "none".into() } else { crate::report::clipped(excluded, 160) }
            ))
        }
        None => verdict(false, "Conditional Access policies"),
    }
}
