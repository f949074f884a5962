//! Accounts that the directory audit shows being given a role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::table::{Cell, Table, Tables};

/// Beginnings of the audit's names for giving a role, permanently or for a time.
const GIVEN: [&str; 3] = ["Add member to role", "Add eligible member to role", "Add scoped member to role"];

/// Roles by account, as far as the audit names both.
pub(super) fn given(tables: &Tables) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(table) = tables.get("AuditLogs") else { return found };
    for row in 0..table.rows() {
        let named = |column| matches!(table.cell(row, column), Cell::Text(t) if GIVEN.iter().any(|g| t.starts_with(g)));
        if named("OperationName") || named("ActivityDisplayName") {
            read(table, row, &mut found);
        }
    }
    found
}

fn read(table: &Table, row: usize, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let Cell::Text(text) = table.cell(row, "TargetResources") else { return };
    let Ok(Value::Array(targets)) = serde_json::from_str(text) else { return };
    let plain = |value: &Value| value.as_str().unwrap_or_default().trim_matches('"').trim().to_owned();
    let roles: BTreeSet<String> = targets
        .iter()
        .flat_map(|target| {
            let properties = target.get("modifiedProperties").and_then(Value::as_array);
            let changed = properties.into_iter().flatten().filter(|property| {
                property.get("displayName").and_then(Value::as_str).is_some_and(|name| name == "Role.DisplayName")
            });
            let kind = target.get("type").and_then(Value::as_str);
            let whole = (kind == Some("Role")).then(|| target.get("displayName").map(plain)).flatten();
            changed.filter_map(|property| property.get("newValue").map(plain)).chain(whole).collect::<Vec<_>>()
        })
        .filter(|role| !role.is_empty())
        .collect();
    for target in &targets {
        let account = target.get("userPrincipalName").map(plain).unwrap_or_default().to_lowercase();
        if account.contains('@') {
            found.entry(account).or_default().extend(roles.iter().cloned());
        }
    }
}
