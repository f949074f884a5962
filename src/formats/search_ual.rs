//! Everything that carries AuditData in a field: Search-UnifiedAuditLog, the Purview portal, Graph's audit log query.

use super::audit_data::{GRAPH, PURVIEW, SEARCH, load_text};
use super::{Format, Record, Sink};

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
    load_text(record.any(&["AuditData", "AuditData_Raw"]), sink, shape)
}
