//! Everything that carries AuditData in a field: Search-UnifiedAuditLog, the Purview portal, Graph's audit log query.

use super::audit_data::{GRAPH, PURVIEW, SEARCH, is_audit_data, load_text};
use super::record::quote;
use super::{Format, Record, Sink, Value};

/// Records around an AuditData field.
pub static FORMAT: Format = Format {
    name: "unified audit log export",
    shapes: &[],
    marks: |record| match () {
        () if !record.has("AuditData") => record.has("AuditData_Raw").then_some("has a column AuditData_Raw"),
        () if record.has("auditLogRecordType") => {
            Some("has auditData and auditLogRecordType as Graph's audit log query")
        }
        () if record.has("RecordId") => Some("has RecordId and AuditData as the Purview portal's export"),
        () if record.has("Operations") || record.has("UserIds") || record.has("CreationDate") => {
            Some("has Operations and AuditData as Search-UnifiedAuditLog's output")
        }
        () if record.get("AuditData").object().is_some_and(|inner| is_audit_data(&inner)) => {
            Some("has an AuditData object of the unified audit log")
        }
        () => None,
    },
    load,
};

fn load(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let shape = match () {
        () if record.has("auditLogRecordType") => GRAPH,
        () if record.has("RecordId") => PURVIEW,
        () => SEARCH,
    };
    let data = record.any(&["AuditData", "AuditData_Raw"]);
    match data.object() {
        // Graph may leave the data out: then its own fields are all there is.
        Some(inner) if shape == GRAPH && !inner.has("CreationTime") => {
            load_text(&Value::Text(completed(record).into()), sink, shape)
        }
        _ => load_text(data, sink, shape),
    }
}

/// Graph's fields around the data under their names in it.
fn completed(record: &Record<'_>) -> String {
    let names = [
        ("createdDateTime", "CreationTime"),
        ("id", "Id"),
        ("operation", "Operation"),
        ("service", "Workload"),
        ("auditLogRecordType", "RecordType"),
        ("userPrincipalName", "UserId"),
        ("userId", "UserKey"),
        ("userType", "UserType"),
        ("organizationId", "OrganizationId"),
        ("objectId", "ObjectId"),
        ("clientIp", "ClientIP"),
    ];
    let fields = names.iter().filter(|(field, _)| !record.get(field).is_empty());
    let fields = fields.map(|(field, name)| format!("{}:{}", quote(name), record.get(field).to_json()));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}
