//! Sign-ins as the Entra portal downloads them in CSV: users (interactive or not) and applications.

use super::record::quote;
use super::signin_tables::{CONSTANTS, Kind};
use super::{Form, Format, Plan, Rank, Record, Sink, Value};
use crate::table::Shape;

const SHAPE: &str = "portal sign-in CSV";
const WITH_STEPS: &str = "portal sign-in CSV with authentication details";

/// The column that takes the steps of the portal's AuthDetails file, and the tables that have both.
pub const STEPS_COLUMN: &str = "AuthenticationDetails";
/// The tables of user sign-ins; applications have no steps.
pub const STEPS_TABLES: [&str; 2] = ["SigninLogs", "AADNonInteractiveUserSignInLogs"];

/// The shape of a row that took its steps from the second file: what only they carry is no longer missing.
pub fn with_steps(shape: &Shape) -> Shape {
    let name = if shape.name == SHAPE { WITH_STEPS } else { &shape.name };
    let missing = shape.missing.iter().filter(|column| *column != STEPS_COLUMN);
    Shape { name: name.to_owned(), missing: missing.cloned().collect() }
}

/// User sign-ins; the interactive and the non-interactive download have the same header.
pub static USERS: Format = Format {
    name: "portal sign-in CSV",
    shapes: &[(SHAPE, Rank::Csv), (WITH_STEPS, Rank::Csv)],
    marks: |record| {
        let seen = record.form == Form::Csv
            && record.has_all(&["Request ID", "Username", "Application"])
            && (record.has("Date (UTC)") || record.has("Date") || record.has("Sign-in error code"));
        seen.then_some("has the header of the portal's sign-in download")
    },
    load: |record, sink| load(record, sink, false),
};

/// Sign-ins of service principals and managed identities.
pub static APPLICATIONS: Format = Format {
    name: "portal application sign-in CSV",
    shapes: &[],
    marks: |record| {
        let seen = record.form == Form::Csv
            && record.has_all(&["Request ID", "Service principal ID", "Application"])
            && (record.has("Date (UTC)") || record.has("Date"));
        seen.then_some("has the header of the portal's application sign-in download")
    },
    load: |record, sink| load(record, sink, true),
};

/// Header names and their columns; the rest needs care.
const COLUMNS: [(&str, &str); 38] = [
    ("Date (UTC)", "TimeGenerated"),
    ("Date (UTC)", "CreatedDateTime"),
    ("Date", "TimeGenerated"),
    ("Date", "CreatedDateTime"),
    ("Request ID", "Id"),
    ("User agent", "UserAgent"),
    ("Correlation ID", "CorrelationId"),
    ("User ID", "UserId"),
    ("User", "UserDisplayName"),
    ("User", "Identity"),
    ("Username", "UserPrincipalName"),
    ("User type", "UserType"),
    ("Unique token identifier", "UniqueTokenIdentifier"),
    ("Application", "AppDisplayName"),
    ("Application ID", "AppId"),
    ("App owner tenant ID", "AppOwnerTenantId"),
    ("Resource", "ResourceDisplayName"),
    ("Resource ID", "ResourceIdentity"),
    ("Resource tenant ID", "ResourceTenantId"),
    ("Resource owner tenant ID", "ResourceOwnerTenantId"),
    ("Home tenant ID", "HomeTenantId"),
    ("Home tenant name", "HomeTenantName"),
    ("IP address", "IPAddress"),
    ("IP address (seen by resource)", "IPAddressFromResourceProvider"),
    ("Client app", "ClientAppUsed"),
    ("Sign-in identifier", "SignInIdentifier"),
    ("Session ID", "SessionId"),
    ("Through Global Secure Access", "IsThroughGlobalSecureAccess"),
    ("Global Secure Access IP address", "GlobalSecureAccessIpAddress"),
    ("Autonomous system number", "AutonomousSystemNumber"),
    ("Flagged for review", "FlaggedForReview"),
    ("Token issuer name", "TokenIssuerName"),
    ("Latency", "ProcessingTimeInMilliseconds"),
    ("Latency", "ProcessingTimeInMs"),
    ("Service principal ID", "ServicePrincipalId"),
    ("Service principal name", "ServicePrincipalName"),
    ("Credential key ID", "ServicePrincipalCredentialKeyId"),
    ("Credential thumbprint", "ServicePrincipalCredentialThumbprint"),
];

/// Display words that stand for Graph's enumeration values.
const ENUMS: [(&str, &str); 7] = [
    ("Cross tenant access type", "CrossTenantAccessType"),
    ("Incoming token type", "IncomingTokenType"),
    ("Authentication Protocol", "AuthenticationProtocol"),
    ("Original transfer method", "OriginalTransferMethod"),
    ("Client credential type", "ClientCredentialType"),
    ("Authentication requirement", "AuthenticationRequirement"),
    ("Conditional Access", "ConditionalAccessStatus"),
];

fn plan(kind: Kind, record: &Record<'_>) -> Plan {
    let constants: Vec<_> = CONSTANTS.iter().copied().chain([("Category", kind.category())]).collect();
    let names = record.fields.iter().map(|(name, _)| name.as_ref());
    let mut also = vec![
        "ResultType",
        "ResultDescription",
        "Location",
        "LocationDetails",
        "DeviceDetail",
        "Status",
        "IsInteractive",
    ];
    also.extend(ENUMS.iter().filter(|(name, _)| record.has(name)).map(|(_, column)| *column));
    if record.has("Token issuer type") {
        also.push("TokenIssuerType");
    }
    if record.has("Multifactor authentication auth method") {
        also.push("MfaDetail");
    }
    if record.has("Token Protection - Sign In Session") {
        also.push("TokenProtectionStatusDetails");
    }
    Plan::bare(kind.table(), SHAPE).alias(&COLUMNS).constants(&constants).missing_beyond(names, &also)
}

fn load(record: &Record<'_>, sink: &mut Sink, application: bool) -> Result<(), String> {
    let file = sink.file.to_ascii_lowercase();
    let managed = !record.text("Managed Identity type").is_empty() && record.text("Managed Identity type") != "None";
    let kind = match () {
        () if application && (file.contains("msisignins") || managed) => Kind::ManagedIdentity,
        () if application => Kind::ServicePrincipal,
        () if file.contains("noninteractive") => Kind::NonInteractive,
        () => Kind::Interactive,
    };
    if !application && !file.contains("interactive") {
        sink.note("the header does not tell interactive from non-interactive sign-ins and the file name says nothing: read as interactive");
    }
    let plan = sink.plan(kind.table(), || plan(kind, record));
    let status = super::localised::status(record.text("Status"));
    let code = match record.text("Sign-in error code") {
        "" if status.eq_ignore_ascii_case("success") => "0",
        "None" => "0",
        code => code,
    };
    let reason = record.text("Failure reason");
    let mut row = sink.row(&plan);
    row.text("ResultType", code);
    if code != "0" {
        row.text("ResultDescription", reason);
    }
    row.text("IsInteractive", if kind == Kind::Interactive { "true" } else { "false" });
    place(&mut row, record.text("Location"));
    let object = |pairs: &[(&str, Value<'_>)]| {
        let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
        let parts: Vec<String> = filled.map(|(name, value)| format!("{}:{}", quote(name), value.to_json())).collect();
        format!("{{{}}}", parts.join(","))
    };
    let text = |name: &str| Value::Text(record.text(name).to_owned().into());
    let flag = |name: &str| match record.text(name) {
        t if t.eq_ignore_ascii_case("true") || t.eq_ignore_ascii_case("yes") => Value::Json("true".into()),
        t if t.eq_ignore_ascii_case("false") || t.eq_ignore_ascii_case("no") => Value::Json("false".into()),
        _ => Value::Null,
    };
    if !application {
        let number =
            if code.bytes().all(|b| b.is_ascii_digit()) { Value::Json(code.to_owned().into()) } else { Value::Null };
        let failure = if reason.is_empty() || reason == "Other." { Value::Null } else { text("Failure reason") };
        row.json(
            "Status",
            &object(&[
                ("errorCode", number),
                ("failureReason", failure),
                ("additionalDetails", text("Multifactor authentication result")),
            ]),
        );
        row.json(
            "DeviceDetail",
            &object(&[
                ("deviceId", text("Device ID")),
                ("operatingSystem", text("Operating System")),
                ("browser", text("Browser")),
                ("isCompliant", flag("Compliant")),
                ("isManaged", flag("Managed")),
                ("trustType", text("Join Type")),
            ]),
        );
        let method = [
            ("authMethod", text("Multifactor authentication auth method")),
            ("authDetail", text("Multifactor authentication auth detail")),
        ];
        if method.iter().any(|(_, value)| !value.is_empty()) {
            row.json("MfaDetail", &object(&method));
        }
        let protection = [
            ("signInSessionStatus", text("Token Protection - Sign In Session")),
            ("signInSessionStatusCode", text("Token Protection - Sign In Session StatusCode")),
        ];
        if protection.iter().any(|(_, value)| !value.is_empty()) {
            row.json("TokenProtectionStatusDetails", &object(&protection));
        }
    }
    if kind == Kind::ManagedIdentity {
        row.json(
            "ManagedServiceIdentity",
            &object(&[
                ("msiType", text("Managed Identity type")),
                ("associatedResourceId", text("Associated Resource Id")),
                ("federatedTokenId", text("Federated Token Id")),
                ("federatedTokenIssuer", text("Federated Token Issuer")),
            ]),
        );
    }
    for (name, column) in ENUMS {
        row.text(column, &word(record.text(name)));
    }
    row.text("TokenIssuerType", &record.text("Token issuer type").replace(' ', ""));
    if application {
        row.set("Identity", record.get("Service principal name"));
    }
    row.fill(record);
    row.close();
    Ok(())
}

/// `City, State, CC`, read from the right because a part may be missing.
fn place(row: &mut super::Row<'_>, text: &str) {
    if text.is_empty() {
        return;
    }
    let mut parts = text.rsplitn(3, ',').map(str::trim);
    let (country, state, city) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    row.text("Location", country);
    let (city, state) = match (city, state) {
        (Some(city), state) => (city, state.unwrap_or("")),
        (None, Some(city)) => (city, ""),
        (None, None) => ("", ""),
    };
    let parts = [("city", city), ("state", state), ("countryOrRegion", country)];
    let parts: Vec<String> =
        parts.iter().filter(|p| !p.1.is_empty()).map(|(name, value)| format!("\"{name}\":{}", quote(value))).collect();
    row.json("LocationDetails", &format!("{{{}}}", parts.join(",")));
}

/// The portal's display words as Graph's enumeration values: `Device code flow` is `deviceCodeFlow`.
fn word(display: &str) -> String {
    match display.to_ascii_lowercase().as_str() {
        "single-factor authentication" => return "singleFactorAuthentication".into(),
        "multifactor authentication" | "multi-factor authentication" => return "multiFactorAuthentication".into(),
        "oauth 2.0" | "oauth2" => return "oAuth2".into(),
        "saml 2.0" => return "saml20".into(),
        "saml 1.1" => return "saml11".into(),
        "ws-federation" => return "wsFederation".into(),
        "b2b collaboration" => return "b2bCollaboration".into(),
        "b2b direct connect" => return "b2bDirectConnect".into(),
        "primary refresh token (prt)" => return "primaryRefreshToken".into(),
        _ => {}
    }
    if !display.contains([' ', '-']) {
        let mut letters = display.chars();
        let first = letters.next().map(|c| c.to_ascii_lowercase());
        return if display.chars().all(char::is_uppercase) {
            display.to_lowercase()
        } else {
            first.into_iter().chain(letters).collect()
        };
    }
    let words = display.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let cased = words.enumerate().map(|(n, word)| {
        let mut letters = word.chars();
        let first: String = letters
            .next()
            .map_or_else(String::new, |c| if n == 0 { c.to_lowercase().collect() } else { c.to_uppercase().collect() });
        first + &letters.as_str().to_lowercase()
    });
    cased.collect()
}
