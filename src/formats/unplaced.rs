//! What a record is that no table takes: a file that is not loaded is still named for what it holds.

use super::envelope::held;
use super::{Form, Record, Value, log_analytics};

/// Names that mark a kind together, and what the kind is. The first that fits decides.
const KINDS: &[(&[&str], &str)] = &[
    (&["contentUri", "contentId", "contentType"], LISTING),
    (&["SenderAddress", "RecipientAddress", "Status"], "a message trace of Exchange Online"),
    (&["sender_address", "recipient_status"], "a message trace of Exchange Online"),
    (&["roleDefinitionId", "principalId"], "an inventory of role assignments"),
    (&["roleTemplateId", "displayName"], "an inventory of directory roles"),
    (&["rolePermissions", "displayName"], "an inventory of role definitions"),
    (&["AdminGroupName", "Members"], "an inventory of role members"),
    (&["deviceName", "managedDeviceOwnerType"], "an inventory of managed devices"),
    (&["RuleName", "ForwardTo", "RedirectTo"], "an inventory of inbox rules"),
    (&["displayName", "sequence", "actions", "isEnabled"], "an inventory of inbox rules"),
    (&["RuleIdentity", "RedirectTo"], "an inventory of inbox rules"),
    (&["Name", "State", "Priority", "Mode"], "an inventory of mail flow rules"),
    (&["IncludeUsers", "BuiltInControls", "ClientAppTypes"], "an inventory of Conditional Access policies"),
    (&["FullAccessUsers", "SendAsUsers"], "an inventory of mailbox permissions"),
    (&["AuditBypassEnabled", "DefaultAuditSet"], "an inventory of mailbox audit settings"),
    (
        &["CmdletName", "CmdletParameters", "RunDate"],
        "Exchange's own admin audit log, which the unified audit log replaced",
    ),
    (
        &["LogonUserDisplayName", "OperationResult", "LastAccessed"],
        "Exchange's own mailbox audit log, which the unified audit log replaced",
    ),
    (&["RecordIdentity", "Activity", "Happened"], "an export of Purview's activity explorer"),
    (&["azureTenantId", "vendorInformation"], "security alerts of Graph's first edition"),
    (&["eventVersion", "eventSource", "awsRegion"], "AWS CloudTrail records"),
    (&["eventType", "published", "outcome"], "Okta system log records"),
    (&["logName", "protoPayload"], "Google Cloud audit records"),
    (&["metricName", "timeGrain", "resourceId"], "metrics of an Azure resource"),
    (&["macAddress", "operationName", "resourceId"], "flows of a network security group"),
    (&["componentName", "activityOperationType", "actor"], "audits of Intune from Graph"),
    (&["objectSchemaType", "objectEventType", "workspaceInfo"], "incidents that Sentinel sends to an automation"),
    (&["machineId", "requestor", "computerDnsName"], "actions on machines of Defender for Endpoint"),
    (&["computerDnsName", "onboardingStatus", "exposureLevel"], "an inventory of Defender for Endpoint's machines"),
    (&["isMfaRegistered", "userPrincipalName"], "an inventory of registered authentication methods"),
    (&["MFAstatus", "user"], "an inventory of registered authentication methods"),
    (&["appId", "AppOwnerOrganizationId"], "an inventory of service principals"),
    (&["incidentId", "classification", "determination"], "Defender incidents or alerts"),
    (&["incidentWebUrl", "determination"], "Defender incidents"),
    (&["providerAlertId", "title"], "Defender alerts"),
    (&["activityGroupName", "azureTenantId"], "security alerts of Graph's first edition"),
    (&["EventID", "ProviderName", "Channel"], "Windows event log records"),
    (&["StatusDate", "WorkloadDisplayName"], "service health of Microsoft 365"),
    (
        &["Timestamp", "AccountUpn", "ErrorCode", "ApplicationId"],
        "sign-ins of Defender's advanced hunting (EntraIdSignInEvents, before AADSignInEventsBeta; export SigninLogs and its siblings instead)",
    ),
    (
        &["Timestamp", "RequestUri", "RequestMethod", "TargetWorkload"],
        "requests to Graph of Defender's advanced hunting (GraphAPIAuditEvents; export MicrosoftGraphActivityLogs instead)",
    ),
    (&["Timestamp", "ReportId"], "rows of Defender's advanced hunting other than CloudAppEvents"),
    (
        &["Activity type", "App", "IP address"],
        "activities from the portal of Defender for Cloud Apps (search the unified audit log instead)",
    ),
    (&["class_uid", "metadata"], "events that a tool rewrote into OCSF (load the export that they were made from)"),
    (&["essentials", "alertContext"], "alerts of Azure Monitor"),
    (&["authenticationType", "isVerified", "isDefault"], "an inventory of domains"),
    (&["verifiedDomains", "displayName"], "properties of the organisation"),
    (&["isTrusted", "displayName"], "an inventory of named locations"),
    (&["receivedDateTime", "bodyPreview"], "messages of a mailbox"),
    (&["parentFolderId", "totalItemCount"], "folders of a mailbox"),
    (&["messageType", "chatId"], "messages of Teams"),
    (&["$schema", "resources"], "a template of Azure Resource Manager"),
    (&["id", "name", "type", "properties"], "objects of Azure Resource Manager, such as incidents of Sentinel"),
];

const LISTING: &str =
    "a list of content blobs of the management API without their content: fetch what each contentUri names";

/// What an unknown record looks like: a kind that is known not to be loaded, its category, or its first names.
pub fn describe(record: &Record<'_>) -> String {
    described(record, 3)
}

/// The same, with the number of carriers that may still be looked into.
fn described(record: &Record<'_>, depth: u8) -> String {
    if let Some(shipped) = shipped(record) {
        return shipped.into();
    }
    if let Value::Text(category) = record.get("category")
        && record.form == Form::Json
        && (record.has("properties") || record.has("resourceId"))
    {
        return resource_log(record, category);
    }
    if let Some(table) = log_analytics::foreign(record) {
        return format!("rows of the workspace table {table}, which no table here takes");
    }
    if let Some((_, what)) = KINDS.iter().find(|(names, _)| record.has_all(names)) {
        return if *what == LISTING { LISTING.into() } else { format!("{what}, which no table here takes") };
    }
    // What another tool carried is described, not the tool's own names.
    if depth > 0
        && let Some((text, place)) = held(record)
        && let Ok(inner) = Record::parse(&text)
    {
        return format!("in the field {place:?}: {}", described(&inner, depth - 1));
    }
    if record.fields.is_empty() {
        return "an empty object".into();
    }
    let names: Vec<&str> = record.fields.iter().take(8).map(|(name, _)| name.as_ref()).collect();
    let more = if record.fields.len() > names.len() { ", …" } else { "" };
    format!("no known export shape has these names: {}{more}", names.join(", "))
}

/// Events that a shipper took apart: its fields are its own, and what it left out cannot be told from what was empty.
pub fn shipped(record: &Record<'_>) -> Option<&'static str> {
    let held = record.path("event.original");
    let original = record.has("event.original") || !held.is_empty();
    let common = record.has("@timestamp")
        && (record.has("ecs")
            || record.has("event")
            || record.fields.iter().any(|(name, _)| name.starts_with("event.") || name.starts_with("azure.")));
    match () {
        () if held.object().is_some() && record.has("o365audit") => {
            Some("an event whose event.original is no record of the unified audit log")
        }
        () if original && record.has("o365audit") => Some(
            "an event whose event.original is damaged: the copy that a shipper took apart is not evidence of the record; export it again",
        ),
        () if common => {
            Some("events that a shipper rewrote into Elastic's common schema: load the export that they were made from")
        }
        () => None,
    }
}

fn resource_log(record: &Record<'_>, category: &str) -> String {
    let lower = category.to_ascii_lowercase();
    if let Some(table) = lower.strip_prefix("advancedhunting-") {
        let name = category.get(category.len() - table.len()..).unwrap_or(category);
        return format!("Defender streaming of {name}; of Defender's tables only CloudAppEvents is loaded");
    }
    if lower == "administrative" {
        let operation = record.text("operationName");
        return format!(
            "operation {operation:?} under category {category:?}: Azure's activity log holds writes, deletes and actions only, so this is none of its records"
        );
    }
    match lower.as_str() {
        "storageread" | "storagewrite" | "storagedelete" => {
            format!(
                "diagnostic records of category {category:?} (requests to a storage account), which no table here takes"
            )
        }
        _ => format!("diagnostic records of category {category:?}, which no table here takes"),
    }
}
