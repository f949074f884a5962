//! Identity Protection: risk detections, risky users and risky service principals, from Graph or as PowerShell CSV.

use std::sync::LazyLock;

use super::record::quote;
use super::{Form, Format, Plan, Rank, Record, Sink, Value};

const SHAPE: &str = "Graph risk";
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
