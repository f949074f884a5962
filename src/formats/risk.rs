//! Identity Protection: risk detections, risky users and risky service principals, from Graph or as PowerShell CSV.

use std::sync::LazyLock;

use super::record::quote;
use super::{Form, Format, Plan, Rank, Record, Sink, Value};

const SHAPE: &str = "Graph risk";
const EARLY: &str = "Graph identity risk events";
const CSV: &str = "PowerShell risk CSV";

/// Risk detections of users and service principals.
pub static DETECTIONS: Format = Format {
    name: "risk detections",
    shapes: &[(SHAPE, Rank::GraphV1), (CSV, Rank::Csv)],
    marks: |record| {
        let seen = record.has("riskEventType")
            && (record.has("detectedDateTime") || record.has("activityDateTime"))
            && !record.has("TimeGenerated");
        seen.then_some("has riskEventType and detectedDateTime as Graph's riskDetection")
    },
    load: detection,
};

/// Risk events of Graph's beta before 2020, under names of their own.
pub static LEGACY: Format = Format {
    name: "identity risk events",
    shapes: &[(EARLY, Rank::GraphV1)],
    marks: |record| {
        let seen = record.has_all(&["riskEventDateTime", "riskEventStatus", "riskLevel"]);
        seen.then_some("has riskEventDateTime and riskEventStatus as Graph's identityRiskEvent")
    },
    load: early,
};

/// The state of users.
pub static USERS: Format = Format {
    name: "risky users",
    shapes: &[],
    marks: |record| {
        let seen = record.has("riskLastUpdatedDateTime")
            && record.has("riskState")
            && (record.has("userPrincipalName") || record.has("userDisplayName"))
            && !record.has("TimeGenerated");
        seen.then_some("has riskLastUpdatedDateTime and riskState as Graph's riskyUser")
    },
    load: |record, sink| state(record, sink, &USER_PLANS),
};

/// The state of service principals.
pub static PRINCIPALS: Format = Format {
    name: "risky service principals",
    shapes: &[],
    marks: |record| {
        let seen = record.has("riskLastUpdatedDateTime")
            && record.has("riskState")
            && record.has("appId")
            && !record.has("TimeGenerated");
        seen.then_some("has riskLastUpdatedDateTime and appId as Graph's riskyServicePrincipal")
    },
    load: |record, sink| state(record, sink, &PRINCIPAL_PLANS),
};

type Pair = LazyLock<[Plan; 2]>;

fn pair(table: &'static str, operation: &'static str, aliases: &[(&str, &str)]) -> [Plan; 2] {
    [SHAPE, CSV].map(|shape| {
        Plan::new(table, shape).alias(aliases).constants(&[("OperationName", operation), ("SourceSystem", "Azure AD")])
    })
}

static USER_EVENTS: Pair = Pair::new(|| pair("AADUserRiskEvents", "User Risk Detection", &[]));
static PRINCIPAL_EVENTS: Pair =
    Pair::new(|| pair("AADServicePrincipalRiskEvents", "Service Principal Risk Detection", &[]));
static USER_PLANS: Pair = Pair::new(|| {
    pair(
        "AADRiskyUsers",
        "Risky user",
        &[("riskLastUpdatedDateTime", "RiskLastUpdatedDateTime"), ("riskLastUpdatedDateTime", "TimeGenerated")],
    )
});
static PRINCIPAL_PLANS: Pair = Pair::new(|| {
    pair(
        "AADRiskyServicePrincipals",
        "Risky service principal",
        &[("riskLastUpdatedDateTime", "RiskLastUpdatedDateTime"), ("riskLastUpdatedDateTime", "TimeGenerated")],
    )
});

fn of<'a>(plans: &'a Pair, record: &Record<'_>) -> &'a Plan {
    &plans[usize::from(record.form == Form::Csv)]
}

fn state(record: &Record<'_>, sink: &mut Sink, plans: &'static Pair) -> Result<(), String> {
    let mut row = sink.row(of(plans, record));
    row.fill(record);
    row.close();
    Ok(())
}

fn detection(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let principal = !record.text("servicePrincipalId").is_empty();
    let mut row = sink.row(of(if principal { &PRINCIPAL_EVENTS } else { &USER_EVENTS }, record));
    if record.form == Form::Csv && (record.has("City") || record.has("CountryOrRegion")) {
        let parts = [("city", "City"), ("state", "State"), ("countryOrRegion", "CountryOrRegion")];
        let parts: Vec<String> =
            parts.iter().map(|(name, field)| format!("\"{name}\":{}", quote(record.text(field)))).collect();
        row.json("Location", &format!("{{{}}}", parts.join(",")));
    }
    row.fill(record);
    let when = record.any(&["lastUpdatedDateTime", "detectedDateTime", "activityDateTime"]);
    row.set("TimeGenerated", if matches!(when, Value::Null) { record.get("createdDateTime") } else { when });
    row.close();
    Ok(())
}

static EARLY_PLAN: LazyLock<Plan> = LazyLock::new(|| {
    Plan::new("AADUserRiskEvents", EARLY)
        .alias(&[
            ("riskEventDateTime", "ActivityDateTime"),
            ("createdDateTime", "DetectedDateTime"),
            ("closedDateTime", "LastUpdatedDateTime"),
            ("riskEventStatus", "RiskState"),
        ])
        .constants(&[("OperationName", "User Risk Detection"), ("SourceSystem", "Azure AD")])
        .missing(&[
            "CorrelationId",
            "RequestId",
            "RiskDetail",
            "Source",
            "Activity",
            "DetectionTimingType",
            "TokenIssuerType",
            "AdditionalInfo",
        ])
});

/// Each kind of event was a list and a type of its own; the words of its status are not those of today's state.
fn early(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let mut row = sink.row(&EARLY_PLAN);
    let kind = record.any(&["riskEventType", "riskType"]);
    let of_type = record.text("@odata.type").rsplit('.').next().unwrap_or_default();
    row.text("RiskEventType", if kind.is_empty() { of_type } else { kind.as_str() });
    row.fill(record);
    row.set("TimeGenerated", record.any(&["createdDateTime", "riskEventDateTime"]));
    row.close();
    Ok(())
}
