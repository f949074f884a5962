//! Sign-ins as Microsoft Graph lists them, v1.0 and beta, and as the portal downloads them in JSON.

use super::signin_tables::{BETA_ONLY, Kind, Plans, inside, of, plans};
use super::{Form, Format, Rank, Record, Sink};

const BETA: &str = "Graph sign-ins (beta or portal JSON)";
const V1: &str = "Graph sign-ins (v1.0)";
pub(super) const SDK: &str = "PowerShell sign-ins";

/// Sign-ins in Graph's field names.
pub static FORMAT: Format = Format {
    name: "Graph sign-ins",
    shapes: &[(BETA, Rank::GraphBeta), (V1, Rank::GraphV1), (SDK, Rank::Sdk)],
    marks,
    load: |record, sink| {
        let beta =
            record.has("signInEventTypes") || record.has("authenticationRequirement") || record.has("tokenIssuerType");
        load_as(record, sink, if beta { &BETA_PLANS } else { &V1_PLANS })
    },
};

static BETA_PLANS: Plans = Plans::new(|| plans(BETA, true, &[]));
static V1_PLANS: Plans = Plans::new(|| plans(V1, true, &BETA_ONLY));
static SDK_PLANS: Plans = Plans::new(|| plans(SDK, true, &[]));
static SDK_V1_PLANS: Plans = Plans::new(|| plans(SDK, true, &BETA_ONLY));

fn marks(record: &Record<'_>) -> Option<&'static str> {
    let camel =
        |name: &str| record.fields.iter().any(|(key, _)| key.eq_ignore_ascii_case(name) && key.starts_with('c'));
    // A query that selects properties may leave the application out.
    let selected = || record.has_all(&["userPrincipalName", "status", "conditionalAccessStatus"]);
    let seen = record.form == Form::Json
        && camel("createdDateTime")
        && (record.has("appId") || record.has("appDisplayName") || selected())
        && ["status", "conditionalAccessStatus", "deviceDetail", "ipAddress"].iter().any(|name| record.has(name))
        && !record.has("TimeGenerated")
        && !record.has("auditLogRecordType");
    seen.then_some("has createdDateTime, appId and status as Graph's signIn")
}

/// The kind of sign-in by what Graph says about it.
pub fn kind(record: &Record<'_>) -> Kind {
    let types = record.text("signInEventTypes");
    let says = |word: &str| types.contains(word);
    match () {
        () if says("managedIdentity") => Kind::ManagedIdentity,
        () if says("servicePrincipal") => Kind::ServicePrincipal,
        () if says("nonInteractiveUser") => Kind::NonInteractive,
        () if says("interactiveUser") => Kind::Interactive,
        () if record.text("isInteractive") == "false"
            && record.text("userId").is_empty()
            && !record.text("servicePrincipalId").is_empty() =>
        {
            Kind::ServicePrincipal
        }
        () if record.text("isInteractive") == "false" => Kind::NonInteractive,
        () => Kind::Interactive,
    }
}

/// A PowerShell object, its names already in Graph's spelling.
pub fn load_sdk(record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
    let beta = record.has("signInEventTypes") || record.has("authenticationRequirement");
    load_as(record, sink, if beta { &SDK_PLANS } else { &SDK_V1_PLANS })
}

fn load_as(record: &Record<'_>, sink: &mut Sink, plans: &'static Plans) -> Result<(), String> {
    let kind = kind(record);
    let plan = of(plans, kind);
    let status = record.get("status");
    let code = inside(status, "errorCode");
    let mut row = sink.row(plan);
    row.text("ResultType", &code);
    if !code.is_empty() && code != "0" {
        row.text("ResultDescription", &inside(status, "failureReason"));
    }
    row.text("Location", &inside(record.get("location"), "countryOrRegion"));
    match record.text("userType") {
        "member" => row.text("UserType", "Member"),
        "guest" => row.text("UserType", "Guest"),
        _ => {}
    }
    if kind == Kind::ServicePrincipal || kind == Kind::ManagedIdentity {
        row.set("Identity", record.get("servicePrincipalName"));
    }
    row.fill(record);
    row.set("AlternateSignInName", record.get("signInIdentifier"));
    row.close();
    Ok(())
}
