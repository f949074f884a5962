//! Records of diagnostic settings: storage blobs and Event Hub. One envelope, and a category that names the table.

use std::sync::LazyLock;

use super::signin_tables::{self, Kind, Plans, inside, of};
use super::{Form, Format, Plan, Rank, Record, Row, Sink, Value, activity, audit_graph, diagnostic_resource};

const SHAPE: &str = "diagnostic settings";
/// The Defender streaming API writes the same envelope.
pub(super) const STREAM: &str = "Defender streaming";

/// All categories that have a table here.
pub static FORMAT: Format = Format {
    name: "diagnostic settings",
    shapes: &[(SHAPE, Rank::Diagnostic), (STREAM, Rank::LogAnalytics)],
    marks: |record| {
        let named = matches!(record.get("operationName"), Value::Text(_) | Value::Null);
        let seen = record.form == Form::Json
            && named
            && (record.has("properties") || record.has("resourceId") || (record.has("time") && own(record)))
            && !record.has("activityDisplayName")
            && !record.has("eventTimestamp")
            // A table's own rows, also with the portal's `[UTC]` behind the name.
            && !record.fields.iter().any(|(name, _)| {
                name.get(..13).is_some_and(|head| head.eq_ignore_ascii_case("TimeGenerated"))
            })
            && (record.has("properties") || !record.has("SourceSystem"))
            && matches!(record.get("category"), Value::Text(_))
            && loader(record.text("category")).is_some()
            && (!is_read(record) || diagnostic_resource::is_key_vault(record));
        seen.then_some("has the envelope of diagnostic settings and a known category")
    },
    load: |record, sink| {
        let Some(loader) = loader(record.text("category")) else { return Err("unknown category".into()) };
        let properties = record.get("properties").object().unwrap_or(Record {
            fields: Vec::new(),
            form: Form::Json,
            raw: "",
            tight: false,
        });
        loader(record, &properties, sink);
        Ok(())
    },
};

/// Whether the category is a name that only these logs have: then the envelope needs nothing else. The activity log's
/// are words that mark nothing.
fn own(record: &Record<'_>) -> bool {
    let category = record.text("category");
    category.len() > 8
        && ["Logs", "RiskEvents", "RiskyUsers", "RiskyAgents", "RiskyServicePrincipals"]
            .iter()
            .any(|end| category.ends_with(end))
}

/// Whether the record claims an operation that Azure's activity log does not hold. Resource Manager's operations end in
/// read, write, delete or action, and the Administrative category has all of them but the first. (Reads of a vault's
/// secrets do exist: the vault's own log has them.)
fn is_read(record: &Record<'_>) -> bool {
    let verb = record.text("operationName").rsplit_once('/').map(|(_, verb)| verb);
    let logged = |verb: &str| ["write", "delete", "action"].iter().any(|known| verb.eq_ignore_ascii_case(known));
    record.text("category").eq_ignore_ascii_case("Administrative") && verb.is_some_and(|verb| !logged(verb))
}

type Loader = fn(&Record<'_>, &Record<'_>, &mut Sink);

/// The loader of a category, in any letter case.
fn loader(category: &str) -> Option<Loader> {
    if Kind::of_category(category).is_some() {
        return Some(signin);
    }
    Some(match category.to_ascii_lowercase().as_str() {
        "auditlogs" => audit,
        "provisioninglogs" => |e, p, s| plain(&PROVISIONING, e, p, s),
        "riskyusers" => |e, p, s| plain(&RISKY_USERS, e, p, s),
        "userriskevents" => |e, p, s| plain(&USER_RISK, e, p, s),
        "riskyserviceprincipals" => |e, p, s| plain(&RISKY_PRINCIPALS, e, p, s),
        "serviceprincipalriskevents" => |e, p, s| plain(&PRINCIPAL_RISK, e, p, s),
        "riskyagents" => |e, p, s| plain(&RISKY_AGENTS, e, p, s),
        "agentriskevents" => |e, p, s| plain(&AGENT_RISK, e, p, s),
        "customsecurityattributeauditlogs" => |e, p, s| plain(&ATTRIBUTES, e, p, s),
        "remotenetworkhealthlogs" => |e, p, s| plain(&REMOTE_NETWORKS, e, p, s),
        "networkaccessalerts" => |e, p, s| plain(&NETWORK_ALERTS, e, p, s),
        "networkaccesstrafficlogs" => |e, p, s| plain(&TRAFFIC, e, p, s),
        "enrichedoffice365auditlogs" => |e, p, s| plain(&ENRICHED, e, p, s),
        "microsoftgraphactivitylogs" => graph_activity,
        "azureadgraphactivitylogs" => |e, p, s| plain(&AAD_GRAPH, e, p, s),
        "auditevent" | "workflowruntime" => diagnostic_resource::load,
        "administrative" | "security" | "servicehealth" | "alert" | "recommendation" | "policy" | "autoscale"
        | "resourcehealth" | "action" | "write" | "delete" => |e, p, s| {
            if !is_read(e) {
                activity::load_diagnostic(e, p, s);
            }
            if diagnostic_resource::is_key_vault(e) {
                diagnostic_resource::load(e, p, s);
            }
        },
        "advancedhunting-cloudappevents" => cloud_app,
        _ => return None,
    })
}

/// Envelope fields and their columns; properties never overrule them.
const ENVELOPE: [(&str, &str); 12] = [
    ("time", "TimeGenerated"),
    ("resourceId", "ResourceId"),
    ("operationName", "OperationName"),
    ("operationVersion", "OperationVersion"),
    ("resultType", "ResultType"),
    ("resultSignature", "ResultSignature"),
    ("resultDescription", "ResultDescription"),
    ("durationMs", "DurationMs"),
    ("correlationId", "CorrelationId"),
    ("level", "Level"),
    ("tenantId", "AADTenantId"),
    ("identity", "Identity"),
];

fn envelope(row: &mut Row<'_>, record: &Record<'_>) {
    for (field, column) in ENVELOPE {
        row.set(column, record.get(field));
    }
}

static SIGNINS: Plans =
    Plans::new(|| signin_tables::plans(SHAPE, false, &[]).into_iter().map(Plan::month_first).collect());

fn signin(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let Some(kind) = Kind::of_category(record.text("category")) else { return };
    let mut row = sink.row(of(&SIGNINS, kind));
    // properties.correlationId equals the envelope's; the identity of the envelope is the display name.
    envelope(&mut row, record);
    row.text("Category", kind.category());
    row.set("Location", record.get("location"));
    let status = properties.get("status");
    row.text("ResultType", &inside(status, "errorCode"));
    row.fill(properties);
    row.set("TimeGenerated", properties.get("createdDateTime"));
    row.set("IPAddress", record.get("callerIpAddress"));
    row.close();
}

static AUDIT: LazyLock<Plan> = LazyLock::new(|| {
    Plan::new("AuditLogs", SHAPE)
        .alias(&audit_graph::PROPERTIES)
        .skip(&["tenantId"])
        .constants(&audit_graph::CONSTANTS)
        .month_first()
});

static INTUNE: LazyLock<Plan> = LazyLock::new(|| Plan::bare("IntuneAuditLogs", SHAPE).month_first());

/// Intune's audits come under the same category, and have a table of their own.
fn intune(record: &Record<'_>, sink: &mut Sink) {
    let mut row = sink.row(&INTUNE);
    for (field, column) in ENVELOPE {
        row.set(column, record.get(field));
    }
    row.set("Category", record.get("category"));
    row.set("Properties", record.get("properties"));
    row.close();
}

fn audit(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let of_intune = properties.has("AuditEventId") && properties.has("ActivityResultStatus");
    if of_intune {
        intune(record, sink);
    }
    let mut row = sink.row(&AUDIT);
    envelope(&mut row, record);
    if of_intune {
        // Its category is a number that means nothing here.
        row.text("Category", "Intune");
        row.text("LoggedByService", "Microsoft Intune");
        row.set("Id", properties.get("AuditEventId"));
        row.set("ActivityDateTime", properties.get("ActivityDate"));
        row.set("Result", record.get("resultType"));
        row.set("AdditionalDetails", properties.get("Actor"));
        row.set("TargetResources", properties.get("Targets"));
    }
    if let Some(half) = audit_graph::initiator(properties.get("initiatedBy")) {
        row.json("InitiatedBy", &half);
    }
    row.fill(properties);
    row.set("TimeGenerated", properties.get("activityDateTime"));
    row.set("ActivityDisplayName", record.get("operationName"));
    row.close();
}

macro_rules! category {
    ($name:ident, $table:literal, [$($pair:expr),* $(,)?]) => {
        static $name: LazyLock<Plan> = LazyLock::new(|| {
            Plan::new($table, SHAPE).alias(&[$($pair),*]).constants(&[("SourceSystem", "Azure AD"), ("Category", $table)]).month_first()
        });
    };
}

category!(
    PROVISIONING,
    "AADProvisioningLogs",
    [
        ("durationInMilliseconds", "DurationMs"),
        ("statusInfo", "ProvisioningStatusInfo"),
        ("provisioningStatusInfo", "ProvisioningStatusInfo"),
        ("action", "ProvisioningAction"),
        ("provisioningAction", "ProvisioningAction"),
        ("sourceSystem", "SourceSystem"),
        ("tenantId", "AADTenantId"),
    ]
);
category!(RISKY_USERS, "AADRiskyUsers", []);
category!(USER_RISK, "AADUserRiskEvents", []);
category!(RISKY_PRINCIPALS, "AADRiskyServicePrincipals", []);
category!(PRINCIPAL_RISK, "AADServicePrincipalRiskEvents", []);
category!(RISKY_AGENTS, "AADRiskyAgents", []);
category!(AGENT_RISK, "AADAgentRiskEvents", []);
category!(ATTRIBUTES, "AADCustomSecurityAttributeAuditLogs", [("operationType", "AADOperationType")]);
category!(REMOTE_NETWORKS, "RemoteNetworkHealthLogs", []);
category!(NETWORK_ALERTS, "NetworkAccessAlerts", []);
category!(TRAFFIC, "NetworkAccessTraffic", []);
category!(ENRICHED, "EnrichedMicrosoft365AuditLogs", []);
category!(
    AAD_GRAPH,
    "AADGraphActivityLogs",
    [
        ("timeGenerated", "TimeGenerated"),
        ("httpMethod", "RequestMethod"),
        ("httpStatusCode", "ResponseStatusCode"),
        ("issuedAt", "TokenIssuedAt"),
    ]
);
category!(
    GRAPH,
    "MicrosoftGraphActivityLogs",
    [
        ("timeGenerated", "TimeGenerated"),
        ("tenantId", "AadTenantId"),
        ("C_Sid", "SessionId"),
        ("C_DeviceId", "DeviceId"),
    ]
);

/// Categories whose properties go by name, under the envelope's time and result.
fn plain(plan: &'static Plan, record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let mut row = sink.row(plan);
    row.set("TimeGenerated", record.get("time"));
    row.set("OperationName", record.get("operationName"));
    row.set("OperationVersion", record.get("operationVersion"));
    row.set("ResultType", record.get("resultType"));
    row.set("Category", record.get("category"));
    row.fill(properties);
    row.set("CorrelationId", record.get("correlationId"));
    row.set("DurationMs", record.get("durationMs"));
    row.set("AADTenantId", record.get("tenantId"));
    row.set("ResultSignature", record.get("resultSignature"));
    row.set("ResultDescription", record.get("resultDescription"));
    row.set("IpAddress", record.get("callerIpAddress"));
    row.set("CallerIpAddress", record.get("callerIpAddress"));
    row.set("Identity", record.get("identity"));
    row.set("Level", record.get("level"));
    row.close();
}

fn graph_activity(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let mut row = sink.row(&GRAPH);
    row.fill(properties);
    row.set("UserId", properties.get("UserPrincipalObjectID"));
    row.set("TimeGenerated", record.get("time"));
    row.set("IPAddress", record.get("callerIpAddress"));
    row.set("DurationMs", record.get("durationMs"));
    row.set("ResponseStatusCode", record.get("resultSignature"));
    row.set("OperationId", record.get("correlationId"));
    row.set("AadTenantId", record.get("tenantId"));
    row.set("Location", record.get("location"));
    row.close();
}

static CLOUD_APP: LazyLock<Plan> =
    LazyLock::new(|| Plan::new("CloudAppEvents", STREAM).alias(&[("Timestamp", "TimeGenerated")]));

fn cloud_app(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let mut row = sink.row(&CLOUD_APP);
    row.fill(properties);
    row.set("TimeGenerated", record.get("time"));
    row.close();
}
