//! Domains whose passwords another server checks.
//!
//! A wrong password of such a domain fails at its own federation server (AD FS or another) and never reaches Entra: no
//! export of Entra shows it, so rules that count failures are blind there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::table::{Cell, Column, Table, Tables};

/// The table of the federation servers' own sign-ins.
pub const SERVERS: &str = "ADFSSignInLogs";

/// Sign-ins of people.
const SIGNINS: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];

/// How TokenIssuerType begins for tokens of a federation server, its second factor included.
const ISSUER: &str = "ADFederationServices";

/// Accounts whose sign-ins must carry a federation server's token before their domain counts as federated, unless those
/// are half of the domain's: a single token may be forged.
const ACCOUNTS: usize = 2;

/// What the sign-ins of one domain show.
#[derive(Default)]
struct Seen {
    /// Successful sign-ins.
    all: u64,
    /// Those with a token of a federation server.
    federated: u64,
    /// Accounts of these.
    accounts: BTreeSet<String>,
}

/// Federated domains, each with what says so. `told` are those that the responder names.
pub fn domains(tables: &Tables, told: &[String]) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for table in SIGNINS.iter().filter_map(|name| tables.get(name)) {
        signins(table, &mut seen);
    }
    let shown = |seen: &Seen| seen.accounts.len() >= ACCOUNTS || (seen.federated > 0 && seen.federated * 2 >= seen.all);
    let mut found: BTreeMap<String, String> = seen
        .into_iter()
        .filter(|(_, seen)| shown(seen))
        .map(|(domain, seen)| {
            let why =
                format!("{} of {} successful sign-ins with a federation server's token", seen.federated, seen.all);
            (domain, why)
        })
        .collect();
    for (domain, federated) in audited(tables) {
        match federated {
            true => found.entry(domain).or_insert_with(|| "the directory audit shows it federated".into()),
            false => continue,
        };
    }
    let told = told.iter().map(|domain| domain.trim().trim_start_matches('@').to_lowercase());
    for domain in told.filter(|domain| !domain.is_empty()) {
        found.insert(domain, "named in the case file".into());
    }
    found
}

fn signins(table: &Table, seen: &mut BTreeMap<String, Seen>) {
    let column = |name: &str| table.schema().position(name).map(|at| table.column(at));
    let (result, user, issuer) = (column("ResultType"), column("UserPrincipalName"), column("TokenIssuerType"));
    let (incoming, details) = (column("IncomingTokenType"), column("AuthenticationDetails"));
    for row in 0..table.rows() {
        if text(result, row) != "0" {
            continue;
        }
        let user = text(user, row).to_lowercase();
        // A guest's password is checked by the guest's own organisation, whoever that is.
        let Some((_, domain)) = user.rsplit_once('@').filter(|_| !user.contains("#ext#")) else { continue };
        let issuer = text(issuer, row).get(..ISSUER.len()).is_some_and(|start| start.eq_ignore_ascii_case(ISSUER));
        let federated = issuer
            || text(incoming, row).to_lowercase().split([',', ' ']).any(|kind| matches!(kind, "saml11" | "saml20"))
            || step(text(details, row));
        let domain = seen.entry(domain.to_owned()).or_default();
        domain.all += 1;
        if federated {
            domain.federated += 1;
            domain.accounts.insert(user.clone());
        }
    }
}

fn text(column: Option<&Column>, row: usize) -> &str {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Text(text)) => text.trim(),
        _ => "",
    }
}

/// Whether a step of the authentication was left to a federation server.
fn step(details: &str) -> bool {
    if !details.contains("ederated") {
        return false;
    }
    let Ok(Value::Array(steps)) = serde_json::from_str(details) else { return false };
    let method = |step: &Value| step.get("authenticationMethod").and_then(Value::as_str).map(str::to_lowercase);
    steps.iter().any(|step| method(step).is_some_and(|method| method == "federated"))
}

/// Domains whose authentication the directory audit shows being set, and whether to federated by the last of it.
fn audited(tables: &Tables) -> BTreeMap<String, bool> {
    let mut found: BTreeMap<String, (i64, bool)> = BTreeMap::new();
    let Some(table) = tables.get("AuditLogs") else { return BTreeMap::new() };
    for row in 0..table.rows() {
        let text = |column| match table.cell(row, column) {
            Cell::Text(text) => text,
            _ => "",
        };
        let operation = text("OperationName").trim().trim_end_matches('.').to_lowercase();
        let settings = operation == "set federation settings on domain";
        if !(settings || operation == "set domain authentication") || text("Result").eq_ignore_ascii_case("failure") {
            continue;
        }
        let at = match table.cell(row, "TimeGenerated") {
            Cell::Integer(at) => at,
            _ => i64::MIN,
        };
        let Ok(Value::Array(targets)) = serde_json::from_str(text("TargetResources")) else { continue };
        for target in &targets {
            let name = target.get("displayName").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let changed = target.get("modifiedProperties").and_then(Value::as_array);
            let new: String = changed
                .into_iter()
                .flatten()
                .filter_map(|property| property.get("newValue").and_then(Value::as_str))
                .collect::<Vec<_>>()
                .join(" ")
                .to_lowercase();
            let federated = match (settings, new.contains("federated"), new.contains("managed")) {
                (true, _, _) | (false, true, _) => true,
                (false, false, true) => false,
                _ => continue,
            };
            if name.contains('.') && found.get(&name).is_none_or(|(known, _)| *known <= at) {
                found.insert(name, (at, federated));
            }
        }
    }
    found.into_iter().map(|(domain, (_, federated))| (domain, federated)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::table::Schema;

    fn tables(name: &str, rows: &[Value]) -> Tables {
        let rows: Vec<_> = rows.iter().filter_map(|row| row.as_object().cloned()).collect();
        let schema = Schema::known(name).unwrap_or_else(|| panic!("{name}"));
        let mut tables = Tables::default();
        tables.insert(Table::from_rows(schema, &rows).unwrap_or_else(|problem| panic!("{problem:?}")));
        tables
    }

    fn signin(user: &str, issuer: &str, details: &str) -> Value {
        json!({"TimeGenerated": "2026-03-01T10:00:00Z", "UserPrincipalName": user, "ResultType": "0",
            "TokenIssuerType": issuer, "AuthenticationDetails": details})
    }

    #[test]
    fn tokens_of_a_federation_server_name_the_domain() {
        let steps = "[{\"authenticationMethod\":\"Federated\",\"succeeded\":true}]";
        let signins = tables(
            "SigninLogs",
            &[
                signin("a@corp.example", "ADFederationServices", ""),
                signin("b@corp.example", "AzureAD", steps),
                signin("c@corp.example", "AzureAD", ""),
                signin("d@corp.example", "AzureAD", ""),
                signin("e@corp.example", "AzureAD", ""),
                signin("f@cloud.example", "ADFederationServices", ""),
                signin("g@cloud.example", "AzureAD", ""),
                signin("h@cloud.example", "AzureAD", ""),
                signin("i_other.example#EXT#@cloud.example", "ADFederationServices", ""),
            ],
        );
        let found = domains(&signins, &[]);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["corp.example"]);
        assert_eq!(found["corp.example"], "2 of 5 successful sign-ins with a federation server's token");
        let told = domains(&signins, &["@Old.Example".to_owned()]);
        assert_eq!(told["old.example"], "named in the case file");
    }

    #[test]
    fn the_audit_says_what_a_domain_became() {
        let set = |day: u32, domain: &str, new: &str| {
            json!({"TimeGenerated": format!("2026-03-{day:02}T10:00:00Z"), "OperationName": "Set domain authentication",
                "Result": "success", "TargetResources": [{"type": "Domain", "displayName": domain,
                "modifiedProperties": [{"displayName": "LiveType", "newValue": format!("[\"{new}\"]")}]}]})
        };
        let audit = tables(
            "AuditLogs",
            &[
                set(2, "a.example", "Federated"),
                set(1, "a.example", "Managed"),
                set(1, "b.example", "Federated"),
                set(3, "b.example", "Managed"),
            ],
        );
        assert_eq!(domains(&audit, &[]).keys().collect::<Vec<_>>(), ["a.example"]);
    }
}
