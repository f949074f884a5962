//! Provisioning summaries as Microsoft Graph lists them.

use std::sync::LazyLock;

use super::signin_tables::inside;
use super::{Form, Format, Plan, Rank};

const SHAPE: &str = "Graph provisioning";

/// What user provisioning did between directories.
pub static FORMAT: Format = Format {
    name: "Graph provisioning",
    shapes: &[(SHAPE, Rank::GraphV1)],
    marks: |record| {
        let seen = record.form == Form::Json
            && record.has_all(&["jobId", "changeId"])
            && !record.has("TimeGenerated")
            && ["provisioningAction", "action", "statusInfo", "provisioningStatusInfo"]
                .iter()
                .any(|name| record.has(name));
        seen.then_some("has jobId, changeId and provisioningAction as Graph's provisioningObjectSummary")
    },
    load: |record, sink| {
        let mut row = sink.row(&PLAN);
        let status = record.any(&["provisioningStatusInfo", "statusInfo"]);
        row.text("ResultType", &inside(status, "status"));
        row.set("ProvisioningStatusInfo", status);
        row.set("ProvisioningAction", record.any(&["provisioningAction", "action"]));
        row.fill(record);
        row.set("CorrelationId", record.get("changeId"));
        row.close();
        Ok(())
    },
};

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    Plan::new("AADProvisioningLogs", SHAPE)
        .alias(&[
            ("activityDateTime", "TimeGenerated"),
            ("durationInMilliseconds", "DurationMs"),
            ("tenantId", "AADTenantId"),
            ("sourceSystem", "SourceSystem"),
        ])
        .constants(&[
            ("Category", "ProvisioningLogs"),
            ("OperationName", "Provisioning activity"),
            ("OperationVersion", "1.0"),
        ])
});
