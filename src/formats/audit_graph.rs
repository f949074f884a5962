//! Directory audits as Microsoft Graph lists them, and as the portal downloads them in JSON.

use std::sync::LazyLock;

use super::signin_tables::inside;
use super::{Form, Format, Plan, Rank, Record, Sink, Value};

const SHAPE: &str = "Graph directory audits";
const SDK: &str = "PowerShell directory audits";

/// Directory audits in Graph's field names.
pub static FORMAT: Format = Format {
    name: "Graph directory audits",
    shapes: &[(SHAPE, Rank::GraphV1), (SDK, Rank::Sdk)],
    marks: |record| {
        let camel = record
            .fields
            .iter()
            .any(|(key, _)| key.starts_with('a') && key.eq_ignore_ascii_case("activityDisplayName"));
        let seen = record.form == Form::Json
            && camel
            && ["initiatedBy", "targetResources", "loggedByService", "activityDateTime"]
                .iter()
                .filter(|n| record.has(n))
                .count()
                >= 2
            && !record.has("TimeGenerated");
        seen.then_some("has activityDisplayName, initiatedBy and targetResources as Graph's directoryAudit")
    },
    load: |record, sink| load_as(record, sink, &PLAN),
};

/// Properties of an audit whose column has another name.
pub const PROPERTIES: [(&str, &str); 2] =
    [("operationType", "AADOperationType"), ("targetResource", "TargetResources")];

/// What Log Analytics writes into every audit row.
pub const CONSTANTS: [(&str, &str); 6] = [
    ("OperationVersion", "1.0"),
    ("ResultSignature", "None"),
    ("Resource", "Microsoft.aadiam"),
    ("ResourceGroup", "Microsoft.aadiam"),
    ("SourceSystem", "Azure AD"),
    ("DurationMs", "0"),
];

fn plan(shape: &str) -> Plan {
    Plan::new("AuditLogs", shape)
        .alias(&PROPERTIES)
        .alias(&[
            ("activityDateTime", "ActivityDateTime"),
            ("activityDateTime", "TimeGenerated"),
            ("activityDisplayName", "ActivityDisplayName"),
            ("activityDisplayName", "OperationName"),
        ])
        .constants(&CONSTANTS)
}

static PLAN: LazyLock<Plan> = LazyLock::new(|| plan(SHAPE));
static SDK_PLAN: LazyLock<Plan> = LazyLock::new(|| plan(SDK));

/// A PowerShell object, its names already in Graph's spelling.
pub fn load_sdk(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    load_as(record, sink, &SDK_PLAN)
}

fn load_as(record: &Record<'_>, sink: &mut Sink, plan: &'static Plan) -> Result<(), String> {
    let by = record.get("initiatedBy");
    let mut row = sink.row(plan);
    if let Some(half) = initiator(by) {
        row.json("InitiatedBy", &half);
    }
    let identity = by.object().map(|by| {
        let app = inside(by.get("app"), "displayName").into_owned();
        if app.is_empty() { inside(by.get("user"), "displayName").into_owned() } else { app }
    });
    row.text("Identity", identity.as_deref().unwrap_or_default());
    row.text("Result", &record.text("result").to_ascii_lowercase());
    row.fill(record);
    row.close();
    Ok(())
}

/// The initiator without its null half, as Log Analytics has it; none where there is nothing to drop.
pub fn initiator(by: &Value<'_>) -> Option<String> {
    let record = by.object()?;
    if !record.fields.iter().any(|(_, value)| *value == Value::Null) {
        return None;
    }
    let kept = record.fields.iter().filter(|(_, value)| *value != Value::Null);
    let parts: Vec<String> = kept
        .map(|(name, value)| format!("{}:{}", super::record::quote(name), super::record::compact(&value.to_json())))
        .collect();
    Some(format!("{{{}}}", parts.join(",")))
}
