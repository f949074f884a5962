//! Resource logs of Key Vault and Logic Apps: flattened into AzureDiagnostics, Key Vault also into its own table.

use std::sync::LazyLock;

use super::record::quote;
use super::{Plan, Record, Row, Sink, Value};

const SHAPE: &str = "diagnostic settings";

static DIAGNOSTICS: LazyLock<Plan> = LazyLock::new(|| Plan::bare("AzureDiagnostics", SHAPE).month_first());
static VAULT: LazyLock<Plan> = LazyLock::new(|| {
    Plan::new("AZKVAuditLogs", SHAPE)
        .alias(&[("tlsVersion", "Tlsversion")])
        .constants(&[("SourceSystem", "Azure")])
        .month_first()
});

/// Whether the record is about a key vault.
pub fn is_key_vault(record: &Record<'_>) -> bool {
    record.text("resourceId").to_ascii_uppercase().contains("/PROVIDERS/MICROSOFT.KEYVAULT/")
}

/// One part of a resource id: what follows `/NAME/`, upper case as Log Analytics has it.
pub fn part(id: &str, name: &str) -> String {
    let upper = id.to_ascii_uppercase();
    let found = upper.split_once(&format!("/{name}/")).map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    found.unwrap_or_default().to_owned()
}

/// Loads an AuditEvent or WorkflowRuntime record.
pub fn load(record: &Record<'_>, properties: &Record<'_>, sink: &mut Sink) {
    let id = record.text("resourceId");
    let mut row = sink.row(&DIAGNOSTICS);
    let workflow = record.text("category").eq_ignore_ascii_case("WorkflowRuntime");
    for (field, column) in [
        ("time", "TimeGenerated"),
        ("category", "Category"),
        ("operationName", "OperationName"),
        ("operationVersion", "OperationVersion"),
        ("resultType", "ResultType"),
        ("resultSignature", "ResultSignature"),
        ("resultDescription", "ResultDescription"),
        ("durationMs", "DurationMs"),
        ("callerIpAddress", "CallerIPAddress"),
        ("correlationId", "CorrelationId"),
        ("level", "Level"),
    ] {
        row.set(column, record.get(field));
    }
    row.text("ResourceId", &id.to_ascii_uppercase());
    row.text("_ResourceId", &id.to_ascii_lowercase());
    row.text("SubscriptionId", &part(id, "SUBSCRIPTIONS").to_ascii_lowercase());
    row.text("ResourceGroup", &part(id, "RESOURCEGROUPS"));
    let provider = part(id, "PROVIDERS");
    let kind = if provider.is_empty() { String::new() } else { part(id, &provider) };
    row.text("Resource", &if kind.is_empty() { String::new() } else { part(id, &kind) });
    row.text("ResourceType", &kind);
    let vault = record.text("category").eq_ignore_ascii_case("AuditEvent");
    row.text(
        "ResourceProvider",
        match () {
            () if !provider.is_empty() => &provider,
            () if vault => "MICROSOFT.KEYVAULT",
            () if workflow => "MICROSOFT.LOGIC",
            () => "",
        },
    );
    let mut extra = Vec::new();
    flatten(&mut row, "", properties, &mut extra, 0);
    if let Some(identity) = record.get("identity").object() {
        flatten(&mut row, "identity", &identity, &mut extra, 0);
    }
    row.text("workflowId_s", record.text("workflowId"));
    if !extra.is_empty() {
        row.json("AdditionalFields", &format!("{{{}}}", extra.join(",")));
    }
    row.close();
    if vault {
        let mut row = sink.row(&VAULT);
        for field in [
            "operationName",
            "operationVersion",
            "resultType",
            "resultSignature",
            "resultDescription",
            "durationMs",
            "callerIpAddress",
            "correlationId",
            "identity",
        ] {
            row.set(field_column(field), record.get(field));
        }
        row.set("TimeGenerated", record.get("time"));
        row.text("_ResourceId", &id.to_ascii_lowercase());
        row.fill(properties);
        row.close();
    }
}

fn field_column(field: &str) -> &'static str {
    match field {
        "operationName" => "OperationName",
        "operationVersion" => "OperationVersion",
        "resultType" => "ResultType",
        "resultSignature" => "ResultSignature",
        "resultDescription" => "ResultDescription",
        "durationMs" => "DurationMs",
        "callerIpAddress" => "CallerIpAddress",
        "correlationId" => "CorrelationId",
        _ => "Identity",
    }
}

/// Paths joined by `_`, runs of other signs as one `_`, with a suffix for the kind of value; what has no column goes to the rest.
fn flatten(row: &mut Row<'_>, prefix: &str, record: &Record<'_>, extra: &mut Vec<String>, depth: u8) {
    for (name, value) in &record.fields {
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        let name = name.collect::<Vec<_>>().join("_");
        let path = if prefix.is_empty() { name } else { format!("{prefix}_{name}") };
        if let Value::Json(raw) = value
            && raw.starts_with('{')
            && depth < 8
            && let Some(inner) = value.object()
        {
            flatten(row, &path, &inner, extra, depth + 1);
            continue;
        }
        let suffix = match value {
            Value::Null => continue,
            Value::Json(raw) if raw.starts_with(['t', 'f']) => "b",
            Value::Json(raw) if raw.starts_with(['[', '{']) => "s",
            Value::Json(_) => "d",
            Value::Text(text) if is_guid(text) => "g",
            Value::Text(_) => "s",
        };
        let column = format!("{path}_{suffix}");
        if row.knows(&column) {
            row.set(&column, value);
        } else {
            extra.push(format!("{}:{}", quote(&column), super::record::compact(&value.to_json())));
        }
    }
}

/// Whether a text looks like a GUID.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() })
}
