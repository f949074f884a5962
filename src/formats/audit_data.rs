//! Records of the unified audit log (AuditData): every one to CloudAppEvents, those of Exchange, SharePoint, OneDrive
//! and Teams also to OfficeActivity.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::diagnostic_resource::is_guid;
use super::record::{repair, shallow};
use super::signin_tables::inside;
use super::{Form, Format, Plan, Rank, Record, Sink, Value};

const BARE: &str = "AuditData";
pub(super) const SEARCH: &str = "Search-UnifiedAuditLog";
pub(super) const PURVIEW: &str = "Purview audit CSV";
pub(super) const GRAPH: &str = "Graph audit log query";

/// Bare AuditData objects: the management API and collectors.
pub static FORMAT: Format = Format {
    name: "AuditData",
    shapes: &[(BARE, Rank::Diagnostic), (GRAPH, Rank::GraphBeta), (SEARCH, Rank::Sdk), (PURVIEW, Rank::Csv)],
    marks: |record| {
        (record.form == Form::Json && is_audit_data(record))
            .then_some("has CreationTime, Operation and Workload as the unified audit log")
    },
    load: |record, sink| load(record, sink, BARE),
};

/// The same inside what Elastic's shippers wrap around it.
pub static ELASTIC: Format = Format {
    name: "AuditData in an Elastic event",
    shapes: &[],
    marks: |record| {
        let seen = record.form == Form::Json && wrapped(record).is_some();
        seen.then_some("holds an AuditData object in an Elastic event")
    },
    load: |record, sink| {
        let Some(text) = wrapped(record) else { return Err("no AuditData in it".into()) };
        let inner = Record::parse(&text)?;
        load(&inner, sink, BARE)
    },
};

/// Whether an object is an audit record by its names.
pub fn is_audit_data(record: &Record<'_>) -> bool {
    // Where somebody selected fields, these three are what nobody leaves out.
    let selected = record.form == Form::Json && record.has_all(&["Operation", "UserId"]);
    record.has("CreationTime")
        && (record.has("RecordType") || record.has("Workload") || selected)
        && ["Id", "Operation"].iter().any(|name| record.has(name))
        && ["Id", "OrganizationId", "UserId", "UserKey"].iter().any(|name| record.has(name))
        && !record.has("TimeGenerated")
        && !record.has("AuditData")
}

/// The audit record in an event. Where the event holds its original JSON, that text is the evidence and nothing else;
/// what the shipper took apart stands in only where there is no original, or only the shipper's own rendering of it.
fn wrapped(record: &Record<'_>) -> Option<String> {
    let is_one = |text: &String| {
        text.starts_with('{') && shallow(text) && Record::parse(text).is_ok_and(|inner| is_audit_data(&inner))
    };
    let originals = [record.path("event.original").as_str().to_owned(), record.text("event.original").to_owned()];
    if let Some(original) = originals.into_iter().find(|text| text.starts_with("{\"")) {
        return Some(original).filter(is_one);
    }
    [record.get("o365audit").to_json().into_owned(), completed(record)].into_iter().find(is_one)
}

/// The object under `o365.audit`, with the fields that the shipper moved elsewhere put back.
fn completed(record: &Record<'_>) -> String {
    let inner = record.path("o365.audit");
    let Some(body) = inner.as_str().trim().strip_suffix('}') else { return String::new() };
    let Some(audit) = inner.object() else { return String::new() };
    let moved = [
        ("Operation", "event.action"),
        ("Workload", "event.provider"),
        ("Id", "event.id"),
        ("ClientIP", "client.address"),
    ];
    let mut text = body.to_owned();
    for (name, path) in moved {
        let value = record.path(path);
        if !audit.has(name) && !value.is_empty() {
            text.push_str(&format!(",{}:{}", super::record::quote(name), value.to_json()));
        }
    }
    text.push('}');
    text
}

/// Reads an AuditData object from a cell or field that holds it as text or as an object.
pub fn load_text(value: &Value<'_>, sink: &mut Sink, shape: &'static str) -> Result<(), String> {
    let mut text: Cow<'_, str> = value.as_str().trim().into();
    // Escaped twice: the cell holds a JSON string that holds the object.
    if text.starts_with('"')
        && let Ok(inner) = sonic_rs::from_str::<String>(&text)
    {
        text = inner.into();
    }
    if !text.starts_with('{') {
        return Err("AuditData holds no JSON object".into());
    }
    if !shallow(&text) {
        return Err("AuditData is nested too deeply".into());
    }
    let fixed;
    let inner = match Record::parse(&text) {
        Ok(inner) => inner,
        Err(error) => {
            fixed = repair(&text);
            Record::parse(&fixed).map_err(|_| {
                let cut = if text.len() >= 32_700 {
                    "; it is as long as a spreadsheet cell can be: it was cut there, export again without a spreadsheet"
                } else {
                    ""
                };
                format!("AuditData is not valid JSON ({error}){cut}")
            })?
        }
    };
    load(&inner, sink, shape)
}

/// CloudAppEvents columns that only Defender's own enrichment fills.
const ENRICHED: [&str; 19] = [
    "ActivityObjects",
    "ActivityType",
    "AppInstanceId",
    "AuditSource",
    "City",
    "CountryCode",
    "DeviceType",
    "IPCategory",
    "IPTags",
    "IsAnonymousProxy",
    "IsImpersonated",
    "ISP",
    "LastSeenForUser",
    "OAuthAppId",
    "OSPlatform",
    "SessionData",
    "UncommonForUser",
    "UserAgentTags",
    "AdditionalFields",
];

fn cloud(shape: &str) -> Plan {
    Plan::bare("CloudAppEvents", shape)
        .alias(&[
            ("CreationTime", "TimeGenerated"),
            ("Operation", "ActionType"),
            ("Id", "ReportId"),
            ("UserId", "AccountId"),
            ("UserId", "AccountDisplayName"),
            ("ObjectId", "ObjectName"),
            ("UserAgent", "UserAgent"),
        ])
        .missing(&ENRICHED)
}

fn office(shape: &str) -> Plan {
    let mut aliases = vec![
        ("CreationTime", "TimeGenerated"),
        ("Id", "OfficeId"),
        ("Id", "SourceRecordId"),
        ("Workload", "OfficeWorkload"),
        ("ObjectId", "OfficeObjectId"),
        ("ClientIPAddress", "Client_IPAddress"),
        ("Site", "Site_"),
        ("SourceName", "Source_Name"),
        ("EventData", "Event_Data"),
        ("Target", "AADTarget"),
        ("AzureActiveDirectoryEventType", "AzureActiveDirectory_EventType"),
        ("ResultStatus", "ResultStatus"),
        ("ResultStatus", "ResultReasonType"),
        ("OrganizationId", "OrganizationId"),
        ("OrganizationId", "OrganizationId_"),
        ("OrganizationId", "OfficeTenantId"),
        ("SiteUrl", "Site_Url"),
        ("SiteUrl", "Site_Url_"),
    ];
    for twin in ["UserId", "ClientIP", "SourceFileName", "SourceRelativeUrl"] {
        let copy: &'static str = match twin {
            "UserId" => "UserId_",
            "ClientIP" => "ClientIP_",
            "SourceFileName" => "SourceFileName_",
            _ => "SourceRelativeUrl_",
        };
        aliases.extend([(twin, twin), (twin, copy)]);
    }
    Plan::new("OfficeActivity", shape).alias(&aliases).constants(&[("SourceSystem", "OfficeActivityManager")])
}

const SHAPES: [&str; 4] = [BARE, SEARCH, PURVIEW, GRAPH];
static PLANS: LazyLock<Vec<(Plan, Plan)>> =
    LazyLock::new(|| SHAPES.iter().map(|shape| (cloud(shape), office(shape))).collect());

/// Defender's name and number of the application behind a workload.
fn application(workload: &str) -> (&'static str, &'static str) {
    match workload {
        "Exchange" => ("Microsoft Exchange Online", "20893"),
        "SharePoint" => ("Microsoft SharePoint Online", "20892"),
        "OneDrive" => ("Microsoft OneDrive for Business", "15600"),
        "MicrosoftTeams" => ("Microsoft Teams", "28375"),
        _ => ("Microsoft 365", "11161"),
    }
}

/// Puts an AuditData object into its tables, under the name of the shape that it came in.
pub fn load(record: &Record<'_>, sink: &mut Sink, shape: &'static str) -> Result<(), String> {
    let at = SHAPES.iter().position(|known| *known == shape).unwrap_or_default();
    let Some((cloud, office)) = PLANS.get(at) else { return Err("unknown shape".into()) };
    let workload = record.text("Workload");
    let (app, number) = application(workload);
    let user_type = record.text("UserType");
    let mut row = sink.row(cloud);
    row.json("RawEventData", record.raw);
    row.text("Application", app);
    row.text("ApplicationId", number);
    let key = record.text("UserKey");
    row.text("AccountObjectId", if is_guid(key) { key } else { "" });
    let user = user_name(user_type);
    row.text("AccountType", user);
    row.text("IsAdminOperation", if matches!(user_type, "2" | "3") || user == "Admin" { "true" } else { "false" });
    row.text(
        "IsExternalUser",
        if user == "Guest" || record.text("UserId").contains("#EXT#") { "true" } else { "false" },
    );
    let address = record.any(&["ClientIP", "ClientIPAddress", "ActorIpAddress", "Client_IPAddress"]);
    row.text("IPAddress", without_port(address.as_str()));
    row.fill(record);
    row.text("UserAgent", &extended(record, "UserAgent"));
    row.set("UserAgent", record.get("ClientInfoString"));
    row.close();
    if matches!(workload, "Exchange" | "SharePoint" | "OneDrive" | "MicrosoftTeams") {
        let mut row = sink.row(office);
        row.text("RecordType", record_type(record.text("RecordType")));
        row.text("UserType", user);
        row.text("Logon_Type", logon_type(record.text("LogonType")));
        match record.text("ExternalAccess") {
            "true" => row.text("ExternalAccess", "True"),
            "false" => row.text("ExternalAccess", "False"),
            _ => {}
        }
        row.fill(record);
        row.close();
    }
    Ok(())
}

/// A value of ExtendedProperties or DeviceProperties by name.
fn extended(record: &Record<'_>, name: &str) -> String {
    let list = record.get("ExtendedProperties");
    for pair in list.array() {
        if inside(&pair, "Name") == name {
            return inside(&pair, "Value").into_owned();
        }
    }
    String::new()
}

/// An address without the port that Exchange appends: only `v4:port` and `[v6]:port` have one.
pub fn without_port(address: &str) -> &str {
    if let Some(inner) = address.strip_prefix('[') {
        return inner.split(']').next().unwrap_or(inner);
    }
    match address.split_once(':') {
        Some((host, port)) if host.contains('.') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => address,
    }
}

fn user_name(number: &str) -> &str {
    match number {
        "0" => "Regular",
        "1" => "Reserved",
        "2" => "Admin",
        "3" => "DcAdmin",
        "4" => "System",
        "5" => "Application",
        "6" => "ServicePrincipal",
        "7" => "CustomPolicy",
        "8" => "SystemPolicy",
        "9" => "PartnerTechnician",
        "10" => "Guest",
        other => other,
    }
}

fn logon_type(number: &str) -> &str {
    match number {
        "0" => "Owner",
        "1" => "Admin",
        "2" => "Delegated",
        "3" => "Transport",
        "4" => "SystemService",
        "5" => "BestAccess",
        "6" => "DelegatedAdmin",
        other => other,
    }
}

/// The names of record types that go to OfficeActivity; a number without a name stays a number, as in Sentinel.
fn record_type(number: &str) -> &str {
    match number {
        "1" => "ExchangeAdmin",
        "2" => "ExchangeItem",
        "3" => "ExchangeItemGroup",
        "4" => "SharePoint",
        "6" => "SharePointFileOperation",
        "7" => "OneDrive",
        "8" => "AzureActiveDirectory",
        "9" => "AzureActiveDirectoryAccountLogon",
        "10" => "DataCenterSecurityCmdlet",
        "11" => "ComplianceDLPSharePoint",
        "13" => "ComplianceDLPExchange",
        "14" => "SharePointSharingOperation",
        "15" => "AzureActiveDirectoryStsLogon",
        "18" => "SecurityComplianceCenterEOPCmdlet",
        "19" => "ExchangeAggregatedOperation",
        "20" => "PowerBIAudit",
        "21" => "CRM",
        "22" => "Yammer",
        "23" => "SkypeForBusinessCmdlets",
        "24" => "Discovery",
        "25" => "MicrosoftTeams",
        "28" => "ThreatIntelligence",
        "30" => "MicrosoftFlow",
        "31" => "AeD",
        "32" => "MicrosoftStream",
        "33" => "ComplianceDLPSharePointClassification",
        "35" => "Project",
        "36" => "SharePointListOperation",
        "37" => "SharePointCommentOperation",
        "38" => "DataGovernance",
        "40" => "SecurityComplianceAlerts",
        "41" => "ThreatIntelligenceUrl",
        "42" => "SecurityComplianceInsights",
        "44" => "WorkplaceAnalytics",
        "45" => "PowerAppsApp",
        "47" => "ThreatIntelligenceAtpContent",
        "49" => "TeamsHealthcare",
        "50" => "ExchangeItemAggregated",
        "51" => "HygieneEvent",
        "52" => "DataInsightsRestApiAudit",
        "54" => "SharePointListItemOperation",
        "55" => "SharePointContentTypeOperation",
        "56" => "SharePointFieldOperation",
        "57" => "MicrosoftTeamsAdmin",
        "58" => "HRSignal",
        "59" => "MicrosoftTeamsDevice",
        "60" => "MicrosoftTeamsAnalytics",
        "61" => "InformationWorkerProtection",
        "62" => "Campaign",
        "64" => "AirInvestigation",
        "66" => "MicrosoftForms",
        "68" => "ComplianceSupervisionExchange",
        "147" => "CoreReportingSettings",
        other => other,
    }
}
