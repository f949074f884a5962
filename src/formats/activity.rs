//! Azure activity: ARM REST and the command line tools, PowerShell objects, and diagnostic settings.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::diagnostic_resource::part;
use super::signin_tables::inside;
use super::{Form, Format, Plan, Rank, Record, Row, Sink, Value};

const REST: &str = "ARM activity";
const DIAGNOSTIC: &str = "diagnostic settings";

/// Management events as Azure Resource Manager lists them.
pub static FORMAT: Format = Format {
    name: "ARM activity",
    shapes: &[(REST, Rank::GraphBeta)],
    marks: |record| {
        let operation = matches!(record.get("operationName"), Value::Json(raw) if raw.starts_with('{'));
        let seen = record.form == Form::Json
            && !record.has("TimeGenerated")
            && ((record.has("eventTimestamp") && record.has("operationName"))
                || (operation && (record.has("caller") || record.has("claims"))));
        seen.then_some("has eventTimestamp, caller and operationName as Azure Resource Manager's events")
    },
    load: rest,
};

static REST_PLAN: LazyLock<Plan> = LazyLock::new(|| {
    Plan::bare("AzureActivity", REST)
        .alias(&[
            ("eventTimestamp", "TimeGenerated"),
            ("correlationId", "CorrelationId"),
            ("eventDataId", "EventDataId"),
            ("level", "Level"),
            ("caller", "Caller"),
            ("claims", "Claims"),
            ("claims", "Claims_d"),
            ("authorization", "Authorization"),
            ("authorization", "Authorization_d"),
            ("httpRequest", "HTTPRequest"),
            ("properties", "Properties"),
            ("properties", "Properties_d"),
            ("resourceGroupName", "ResourceGroup"),
            ("subscriptionId", "SubscriptionId"),
            ("operationId", "OperationId"),
            ("submissionTimestamp", "EventSubmissionTimestamp"),
        ])
        .constants(&[("SourceSystem", "Azure")])
});
static DIAGNOSTIC_PLAN: LazyLock<Plan> =
    LazyLock::new(|| Plan::bare("AzureActivity", DIAGNOSTIC).constants(&[("SourceSystem", "Azure")]).month_first());

/// `{value, localizedValue}` or a plain text.
fn named<'a>(value: &'a Value<'_>) -> Cow<'a, str> {
    match value {
        Value::Json(raw) if raw.starts_with('{') => inside(value, "value"),
        _ => value.as_str().into(),
    }
}

/// The status words of current workspaces: Start, Accept, Success, Failure.
pub fn status(word: &str) -> &str {
    match word.to_ascii_lowercase().as_str() {
        "started" | "start" => "Start",
        "accepted" | "accept" => "Accept",
        "succeeded" | "success" => "Success",
        "failed" | "failure" => "Failure",
        _ => word,
    }
}

/// Columns that are parts of the resource id.
pub fn resource(row: &mut Row<'_>, id: &str) {
    row.text("ResourceId", id);
    row.text("_ResourceId", &id.to_ascii_lowercase());
    row.text("Resource", id.rsplit('/').next().unwrap_or_default());
    row.text("ResourceGroup", &part(id, "RESOURCEGROUPS"));
    row.text("SubscriptionId", &part(id, "SUBSCRIPTIONS").to_ascii_lowercase());
    row.text("ResourceProviderValue", &part(id, "PROVIDERS"));
}

fn rest(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let mut row = sink.row(&REST_PLAN);
    row.text("OperationNameValue", &named(record.get("operationName")).to_ascii_uppercase());
    row.text("ActivityStatusValue", status(&named(record.get("status"))));
    row.text("ActivitySubstatusValue", &named(record.any(&["subStatus", "substatus"])));
    row.text("CategoryValue", &named(record.any(&["category", "eventSource"])));
    row.text("ResourceProviderValue", &named(record.get("resourceProviderName")).to_ascii_uppercase());
    let address = inside(record.get("httpRequest"), "clientIpAddress").into_owned();
    row.text(
        "CallerIpAddress",
        &if address.is_empty() { inside(record.get("claims"), "ipaddr").into_owned() } else { address },
    );
    row.text("Hierarchy", &inside(record.get("properties"), "hierarchy"));
    row.fill(record);
    resource(&mut row, record.any(&["resourceId", "resourceUri"]).as_str());
    row.close();
    Ok(())
}

/// A record of the activity log's own diagnostic settings.
pub fn load_diagnostic(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let identity = record.get("identity");
    let identity = identity.object();
    let inner = |name: &str| identity.as_ref().map_or(Value::Null, |i| super::record::owned(i.get(name).clone()));
    let (claims, authorization) = (inner("claims"), inner("authorization"));
    // Events that a service raises itself have the claims without a name around them.
    let bare = claims.is_empty() && record.text("identity").contains("/identity/claims/");
    let claims = if bare { super::record::owned(record.get("identity").clone()) } else { claims };
    let mut row = sink.row(&DIAGNOSTIC_PLAN);
    for (field, column) in [
        ("time", "TimeGenerated"),
        ("correlationId", "CorrelationId"),
        ("callerIpAddress", "CallerIpAddress"),
        ("level", "Level"),
    ] {
        row.set(column, record.get(field));
    }
    row.text("OperationNameValue", &record.text("operationName").to_ascii_uppercase());
    row.text("ActivityStatusValue", status(record.text("resultType")));
    let signature = record.text("resultSignature");
    row.text("ActivitySubstatusValue", signature.split_once('.').map_or(signature, |(_, detail)| detail));
    row.set("CategoryValue", properties.get("eventCategory"));
    row.set("CategoryValue", record.get("category"));
    row.text("Caller", &caller(&claims, record.get("identity")));
    row.set("Caller", record.get("caller"));
    for column in ["Claims", "Claims_d"] {
        row.set(column, &claims);
    }
    for column in ["Authorization", "Authorization_d"] {
        row.set(column, &authorization);
    }
    let events = properties.get("eventProperties");
    let events = if events.is_empty() { record.get("properties") } else { events };
    for column in ["Properties", "Properties_d"] {
        row.set(column, events);
    }
    for (field, column) in [
        ("eventDataId", "EventDataId"),
        ("httpRequest", "HTTPRequest"),
        ("operationId", "OperationId"),
        ("submissionTimestamp", "EventSubmissionTimestamp"),
        ("hierarchy", "Hierarchy"),
    ] {
        row.set(column, properties.get(field));
    }
    let id = record.text("resourceId");
    resource(&mut row, if id.is_empty() { properties.text("entity") } else { id });
    row.close();
}

/// Who: the user by name, else the object, else the application.
pub fn caller<'a>(claims: &'a Value<'_>, identity: &'a Value<'_>) -> Cow<'a, str> {
    const NAMES: [&str; 8] = [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "upn",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "name",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/spn",
        "http://schemas.microsoft.com/identity/claims/objectidentifier",
        "appid",
    ];
    let found = NAMES.iter().map(|name| inside(claims, name)).find(|text| !text.is_empty());
    found.unwrap_or_else(|| if let Value::Text(text) = identity { text.as_ref().into() } else { "".into() })
}
