//! What a rule cannot see: tables without rows, lists that nobody gave, columns that an export shape cannot carry.

use std::collections::BTreeSet;

use super::Scene;
use crate::finding::Outcome;
use crate::kql::{self, Usage};
use crate::rules::Rule;
use crate::table::Table;
use crate::usual::federated;

/// What a rule can look at.
pub(super) struct Sight {
    /// Why it cannot run at all.
    pub blocked: Option<Outcome>,
    /// What finding nothing means when no row carries all columns that the rule reads.
    pub nothing_judged: Option<Outcome>,
    /// Rows that lack a column the rule reads.
    pub unjudged: u64,
    /// Rows in all.
    pub considered: u64,
    /// Tables that it could not look at beside those it could.
    pub limits: Vec<String>,
}

/// The tag of rules that count wrong passwords.
pub const COUNTS_FAILURES: &str = "failures";

/// The list of the case file that names federated domains.
pub(super) const FEDERATED: &str = "FederatedDomains";

pub(super) fn sight(rule: &Rule, usage: &Usage, scene: &Scene<'_>) -> Sight {
    let rows = |name: &str| scene.tables.get(name).map_or(0, |table| table.rows());
    let (present, absent): (Vec<&str>, Vec<&str>) =
        usage.tables.iter().map(String::as_str).partition(|name| rows(name) > 0);
    let optional = kql::optional_lists(&rule.query);
    let lists: Vec<&str> = usage
        .watchlists
        .difference(&optional)
        .map(String::as_str)
        .filter(|name| !scene.options.watchlists.contains_key(*name))
        .filter(|name| *name != kql::PLACES || scene.options.places.is_none())
        .collect();
    let list = |name: &&str| match *name {
        kql::PLACES => "the places of addresses".to_owned(),
        name => format!("watchlist {name}"),
    };
    let supplied = |name: &&str| match *name {
        kql::PLACES => {
            "name an MMDB file of cities in the case file (--case): places = \"GeoLite2-City.mmdb\"".to_owned()
        }
        name => format!("give the list {name} in the case file (--case)"),
    };
    let mut missing: Vec<String> = lists.iter().map(list).collect();
    let mut remedy: Vec<String> = lists.iter().map(supplied).collect();
    let lacking = kql::needs(&rule.query).unwrap_or_default().lacking(&|name| rows(name) > 0);
    let needed: Vec<&str> = match present.is_empty() {
        true => absent.clone(),
        false => absent.iter().copied().filter(|name| lacking.contains(*name)).collect(),
    };
    missing.extend(needed.iter().map(|name| format!("table {name}")));
    remedy.extend(needed.iter().map(|name| supply(name)));
    // A column of a table of Defender's that the workspace's tables behind it do not have.
    for (table, column) in usage.columns.iter().filter(|(table, _)| !usage.tables.contains(table)) {
        missing.push(format!("column {table}.{column}"));
        remedy.push(format!("export {table} from advanced hunting: the workspace's own tables lack the column"));
    }
    let beside = absent.iter().filter(|name| !needed.contains(name));
    let mut limits: Vec<String> =
        beside.map(|name| format!("not looked at: {name} has no rows ({})", supply(name))).collect();
    if rule.tags.iter().any(|tag| tag == COUNTS_FAILURES) && rows(federated::SERVERS) == 0 {
        limits.extend(scene.federated.iter().map(|(domain, why)| {
            let remedy = supply(federated::SERVERS);
            format!("not judged: domain {domain}, whose wrong passwords never reach Entra ({why}); {remedy}")
        }));
    }
    let mut seen = BTreeSet::new();
    remedy.retain(|line| seen.insert(line.clone()));
    let (mut unjudged, mut considered) = (0, 0);
    let mut shapes = BTreeSet::new();
    for table in present.iter().filter_map(|name| scene.tables.get(name)) {
        let name = &table.schema().table;
        let read: Vec<&str> = usage.columns.iter().filter(|(of, _)| of == name).map(|(_, c)| c.as_str()).collect();
        let blind = table.unjudged(&read) as u64;
        unjudged += blind;
        considered += table.rows() as u64;
        if blind == table.rows() as u64 {
            shapes.extend(unfilled(table, &read));
        }
    }
    let nothing_judged = (considered > 0 && unjudged == considered).then(|| Outcome::NotEvaluable {
        missing: shapes
            .iter()
            .map(|(column, shape)| format!("column {column}, which a {shape} cannot carry"))
            .collect(),
        remedy: present.iter().map(|name| format!("{}, in a richer shape", supply(name))).collect(),
    });
    let blocked = (!missing.is_empty()).then_some(Outcome::NotEvaluable { missing, remedy });
    Sight { blocked, nothing_judged, unjudged, considered, limits }
}

/// Which of the columns which shapes lack.
fn unfilled(table: &Table, read: &[&str]) -> BTreeSet<(String, String)> {
    let name = &table.schema().table;
    let shapes = (0..table.rows()).filter_map(|row| table.shape(row));
    shapes
        .flat_map(|shape| {
            let columns = shape.missing.iter().filter(|column| read.contains(&column.as_str()));
            columns.map(|column| (format!("{name}.{column}"), shape.name.clone()))
        })
        .collect()
}

/// Which export fills a table.
fn supply(table: &str) -> String {
    let export = match table {
        "SigninLogs" => "interactive user sign-ins (Entra portal, Graph signIns, diagnostic settings or Log Analytics)",
        "AADNonInteractiveUserSignInLogs" => {
            "non-interactive user sign-ins (portal download or Graph beta with signInEventTypes)"
        }
        "AADServicePrincipalSignInLogs" => {
            "service principal sign-ins (portal download or Graph beta with signInEventTypes)"
        }
        "AADManagedIdentitySignInLogs" => {
            "managed identity sign-ins (portal download or Graph beta with signInEventTypes)"
        }
        "AuditLogs" => "Entra audit logs (portal, Graph directoryAudits, diagnostic settings or Log Analytics)",
        "AADUserRiskEvents" => "Identity Protection risk detections (Graph riskDetections)",
        "AADRiskyUsers" => "Identity Protection risky users (Graph riskyUsers)",
        "AADRiskyServicePrincipals" | "AADServicePrincipalRiskEvents" => "Identity Protection workload identity risk",
        "CloudAppEvents" => "the unified audit log (Purview audit search or Search-UnifiedAuditLog)",
        "OfficeActivity" => "the unified audit log with Exchange, SharePoint and Teams records",
        "AzureActivity" => "Azure activity logs of the subscriptions",
        "MicrosoftGraphActivityLogs" => "Graph activity logs (diagnostic settings)",
        "AzureDiagnostics" | "AZKVAuditLogs" => "resource logs (diagnostic settings)",
        "ADFSSignInLogs" => "AD FS sign-ins (Connect Health, diagnostic settings)",
        "SecurityAlert" | "SecurityIncident" => "alerts and incidents (Log Analytics, or Graph security)",
        "IdentityInfo" => "the IdentityInfo table (Log Analytics)",
        "BehaviorAnalytics" => "the BehaviorAnalytics table (Log Analytics, Sentinel with UEBA)",
        other => return format!("export the table {other} from Log Analytics"),
    };
    format!("export {export}")
}
