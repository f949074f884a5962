//! Rows of the tables themselves: Log Analytics and Sentinel CSV, query API JSON, az CLI, data export, advanced hunting.

use super::signin_tables::Kind;
use super::{Form, Format, Plan, Rank, Record, Sink};
use crate::table::Schema;

const SHAPE: &str = "Log Analytics";

/// Columns under their own names.
pub static FORMAT: Format = Format {
    name: "Log Analytics",
    shapes: &[(SHAPE, Rank::LogAnalytics)],
    marks: |record| {
        let table = table(record)?;
        let schema = Schema::known(&table)?;
        let is_column = |name: &str| {
            schema.position(name).is_some() || schema.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
        };
        let known = record.fields.iter().filter(|(name, _)| is_column(column(name))).count();
        let share = known * 2 >= record.fields.len() || known >= 20;
        (share && known >= 5).then_some("has the column names of a Log Analytics table")
    },
    load,
};

/// Tables that workspaces fill from other vendors' clouds, from hosts and from network devices: beginnings of their names.
/// They are no logs of Entra ID, Microsoft 365 or Azure, whoever exported them.
const FOREIGN: [&str; 25] = [
    "ABAP",
    "ASim",
    "AWS",
    "CommonSecurityLog",
    "CrowdStrike",
    "Dns",
    "GCP",
    "Google",
    "Heartbeat",
    "InsightsMetrics",
    "Kube",
    "LinuxAudit",
    "Okta",
    "Oracle",
    "Perf",
    "Qualys",
    "Salesforce",
    "SecurityEvent",
    "Syslog",
    "VMBoundPort",
    "VMComputer",
    "VMConnection",
    "VMProcess",
    "W3CIISLog",
    "WindowsEvent",
];

/// The table that a row names although its rows are not loaded.
pub fn foreign<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let name = ["Type", "$table", "TableName"].iter().map(|field| record.text(field)).find(|name| !name.is_empty())?;
    let known = Schema::known(name).is_some() && FOREIGN.iter().any(|head| name.starts_with(head));
    // A custom table's name ends so, and nothing else is known of it.
    let custom = name.ends_with("_CL") && record.has("TenantId") && !name.contains(char::is_whitespace);
    (known || custom).then_some(name)
}

/// A header name without what the portal appends for the time zone.
fn column(name: &str) -> &str {
    let name = name.trim();
    let ends = |mark: &str| {
        let (head, tail) = name.split_at_checked(name.len().checked_sub(mark.len())?)?;
        tail.eq_ignore_ascii_case(mark).then_some(head)
    };
    let name = ends("[UTC]").or_else(|| ends("[Local Time]")).unwrap_or(name).trim_end();
    if name.eq_ignore_ascii_case("Timestamp") { "TimeGenerated" } else { name }
}

/// The table by its own name, else by category, else by the columns that only it has.
fn table(record: &Record<'_>) -> Option<String> {
    if foreign(record).is_some() {
        return None;
    }
    for field in ["Type", "$table", "TableName"] {
        let name = record.text(field);
        if Schema::known(name).is_some() {
            return Some(name.to_owned());
        }
    }
    let has = |names: &[&str]| {
        names.iter().all(|name| record.fields.iter().any(|(found, _)| column(found).eq_ignore_ascii_case(name)))
    };
    if !(has(&["TimeGenerated"]) || has(&["OperationName"]) || has(&["Operation"])) {
        return None;
    }
    if let Some(kind) = Kind::of_category(record.text("Category")) {
        return Some(kind.table().to_owned());
    }
    let known: [(&str, &[&str]); 14] = [
        ("AzureActivity", &["ActivityStatus", "Caller", "ResourceProvider"]),
        ("CloudAppEvents", &["ActionType", "RawEventData"]),
        ("OfficeActivity", &["OfficeWorkload", "Operation"]),
        ("AuditLogs", &["InitiatedBy", "TargetResources", "LoggedByService"]),
        (
            "AADNonInteractiveUserSignInLogs",
            &["ResultType", "UserPrincipalName", "AppDisplayName", "ProcessingTimeInMs"],
        ),
        ("SigninLogs", &["ResultType", "UserPrincipalName", "AppDisplayName"]),
        ("AADManagedIdentitySignInLogs", &["ResultType", "ServicePrincipalId", "ManagedServiceIdentity"]),
        ("AADServicePrincipalSignInLogs", &["ResultType", "ServicePrincipalId", "ServicePrincipalCredentialKeyId"]),
        ("AzureActivity", &["OperationNameValue"]),
        ("MicrosoftGraphActivityLogs", &["RequestUri", "RequestMethod", "SignInActivityId"]),
        ("AADUserRiskEvents", &["RiskEventType", "UserPrincipalName"]),
        ("AADRiskyUsers", &["RiskLastUpdatedDateTime", "UserPrincipalName"]),
        ("AADProvisioningLogs", &["JobId", "ProvisioningAction"]),
        ("AzureDiagnostics", &["ResourceProvider", "ResourceType", "Category", "SubscriptionId"]),
    ];
    known.iter().find(|(_, names)| has(names)).map(|(table, _)| (*table).to_owned())
}

fn load(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let Some(table) = table(record) else { return Err("names no table, and its columns fit none".into()) };
    let fixed = record.form == Form::Json;
    let plan = sink.plan(&table, || {
        let plan = Plan::own(&table, SHAPE);
        let schema = plan.schema.clone();
        let plan = plan.alias(&aliases(record, &schema));
        let names = record.fields.iter().map(|(name, _)| name.as_ref());
        if fixed { plan } else { plan.missing_beyond(names, &[]) }
    });
    let mut row = sink.row(&plan);
    row.fill(record);
    if !record.fields.iter().any(|(name, _)| column(name).eq_ignore_ascii_case("TimeGenerated")) {
        // Columns were chosen without it: the event's own time is in its place where there is one.
        row.set("TimeGenerated", record.any(&["CreatedDateTime", "ActivityDateTime"]));
    }
    row.close();
    Ok(())
}

/// Header names that are not spelled as the column, whatever the letter case.
fn aliases<'a>(record: &'a Record<'_>, schema: &'a Schema) -> Vec<(&'a str, &'a str)> {
    let odd = record.fields.iter().filter(|(name, _)| column(name) != name.as_ref());
    odd.filter_map(|(name, _)| {
        let known = schema.fields.iter().find(|field| field.name.eq_ignore_ascii_case(column(name)))?;
        Some((name.as_ref(), known.name.as_str()))
    })
    .collect()
}
