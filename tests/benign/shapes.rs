//! The exports as their sources write them.

use std::path::Path;

use serde_json::{Value, json};

use crate::apps::AppSignin;
use crate::directory::Audit;
use crate::people::{Place, TENANT};
use crate::signins::Signin;
use crate::time::{american, iso};
use crate::unified::Record;

fn location(place: &Place) -> Value {
    json!({"city": place.city, "state": place.state, "countryOrRegion": place.country, "geoCoordinates": {"latitude": place.at.0, "longitude": place.at.1}})
}

fn reason(code: u32) -> &'static str {
    match code {
        0 => "Other.",
        50126 => "Error validating credentials due to invalid username or password.",
        50053 => "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
        50034 => "The user account does not exist in this directory.",
        50055 => "The password is expired.",
        50057 => "The user account is disabled.",
        50072 | 50074 | 50076 => "Strong Authentication is required.",
        50140 => "This error occurred due to 'Keep me signed in' interrupt when the user was signing-in.",
        500_121 => "Authentication failed during strong authentication request.",
        65001 | 90094 => {
            "Application X doesn't have permission to access application Y or the permission has been revoked."
        }
        7_000_215 => "Invalid client secret is provided.",
        _ => "The session is not valid or has expired.",
    }
}

fn interrupted(code: u32) -> bool {
    matches!(code, 50055 | 50058 | 50072 | 50074 | 50076 | 50097 | 50140 | 65001)
}

fn access(signin: &Signin) -> &'static str {
    if signin.code == 0 && signin.strong { "success" } else { "notApplied" }
}

fn device(signin: &Signin) -> Value {
    let own = !signin.device.is_empty();
    json!({"deviceId": signin.device, "displayName": null, "operatingSystem": signin.agent.system, "browser": signin.agent.browser, "isCompliant": own, "isManaged": own, "trustType": if own { "Azure AD joined" } else { "" }})
}

fn status(signin: &Signin) -> Value {
    let done = (signin.code == 0 && signin.strong).then_some("MFA requirement satisfied by claim in the token");
    json!({"errorCode": signin.code, "failureReason": reason(signin.code), "additionalDetails": done})
}

fn requirement(signin: &Signin) -> &'static str {
    if signin.strong { "multiFactorAuthentication" } else { "singleFactorAuthentication" }
}

fn crossing(signin: &Signin) -> &'static str {
    if signin.person.guest { "b2bCollaboration" } else { "none" }
}

/// Graph's answer to `/beta/auditLogs/signIns`.
pub fn graph(signin: &Signin) -> Value {
    let person = &signin.person;
    json!({"id": signin.id, "createdDateTime": iso(signin.time, 0), "userDisplayName": person.name, "userPrincipalName": person.upn, "userId": person.id,
        "appId": signin.app.1, "appDisplayName": signin.app.0, "ipAddress": signin.from.ip, "ipAddressFromResourceProvider": null, "clientAppUsed": signin.client,
        "userAgent": signin.agent.text, "correlationId": signin.correlation, "conditionalAccessStatus": access(signin), "originalRequestId": signin.id,
        "isInteractive": signin.interactive, "tokenIssuerName": "", "tokenIssuerType": "AzureAD", "clientCredentialType": "none", "processingTimeInMilliseconds": 210,
        "riskDetail": "none", "riskLevelAggregated": signin.risk, "riskLevelDuringSignIn": signin.risk, "riskState": "none", "riskEventTypes_v2": [],
        "resourceDisplayName": signin.resource.0, "resourceId": signin.resource.1, "resourceTenantId": TENANT, "homeTenantId": signin.home_tenant(), "homeTenantName": "",
        "authenticationMethodsUsed": [], "authenticationRequirement": requirement(signin), "signInIdentifier": person.upn, "signInIdentifierType": null, "servicePrincipalName": null,
        "signInEventTypes": ["interactiveUser"], "servicePrincipalId": "", "userType": if person.guest { "guest" } else { "member" }, "flaggedForReview": false,
        "isTenantRestricted": false, "autonomousSystemNumber": signin.from.place.network, "crossTenantAccessType": crossing(signin), "uniqueTokenIdentifier": signin.token,
        "incomingTokenType": "none", "authenticationProtocol": signin.protocol, "originalTransferMethod": "none", "sessionId": signin.session, "mfaDetail": null,
        "status": status(signin), "deviceDetail": device(signin), "location": location(signin.from.place), "appliedConditionalAccessPolicies": [],
        "authenticationProcessingDetails": [], "networkLocationDetails": [], "authenticationDetails": [], "authenticationRequirementPolicies": [], "sessionLifetimePolicies": []})
}

/// A line of diagnostic settings for sign-ins of people.
pub fn line(signin: &Signin) -> Value {
    let person = &signin.person;
    let category = if signin.interactive { "SignInLogs" } else { "NonInteractiveUserSignInLogs" };
    let properties = json!({"id": signin.id, "createdDateTime": iso(signin.time, 7).replace('Z', "+00:00"), "userDisplayName": person.name, "userPrincipalName": person.upn,
        "userId": person.id, "appId": signin.app.1, "appDisplayName": signin.app.0, "ipAddress": signin.from.ip, "status": status(signin), "clientAppUsed": signin.client,
        "userAgent": signin.agent.text, "deviceDetail": device(signin), "location": location(signin.from.place), "correlationId": signin.correlation,
        "conditionalAccessStatus": access(signin), "appliedConditionalAccessPolicies": [], "isInteractive": signin.interactive, "tokenIssuerType": "AzureAD",
        "authenticationProcessingDetails": [], "networkLocationDetails": [], "processingTimeInMilliseconds": 210, "riskLevelAggregated": signin.risk,
        "riskLevelDuringSignIn": signin.risk, "riskState": "none", "resourceDisplayName": signin.resource.0, "resourceId": signin.resource.1, "resourceTenantId": TENANT,
        "homeTenantId": signin.home_tenant(), "tenantId": TENANT, "authenticationDetails": [], "authenticationRequirement": requirement(signin),
        "userType": if person.guest { "Guest" } else { "Member" }, "autonomousSystemNumber": signin.from.place.network, "crossTenantAccessType": crossing(signin),
        "uniqueTokenIdentifier": signin.token, "incomingTokenType": "refreshToken", "authenticationProtocol": signin.protocol, "originalTransferMethod": "none",
        "sessionId": signin.session, "signInEventTypes": [if signin.interactive { "interactiveUser" } else { "nonInteractiveUser" }]});
    json!({"time": iso(signin.time, 7), "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"), "operationName": "Sign-in activity", "operationVersion": "1.0",
        "category": category, "tenantId": TENANT, "resultType": signin.code.to_string(), "resultSignature": "None", "resultDescription": reason(signin.code), "durationMs": 0,
        "callerIpAddress": signin.from.ip, "correlationId": signin.correlation, "identity": person.name, "Level": 4, "location": signin.from.place.country, "properties": properties})
}

/// A record of diagnostic settings for sign-ins of applications and managed identities.
pub fn app_line(signin: &AppSignin) -> Value {
    let kind = if signin.managed { "managedIdentity" } else { "servicePrincipal" };
    let category = if signin.managed { "ManagedIdentitySignInLogs" } else { "ServicePrincipalSignInLogs" };
    let properties = json!({"id": signin.id, "createdDateTime": iso(signin.time, 7).replace('Z', "+00:00"), "appId": signin.app, "ipAddress": signin.from.ip,
        "status": {"errorCode": signin.code}, "location": if signin.from.ip.is_empty() { json!({}) } else { location(signin.from.place) }, "correlationId": signin.id,
        "servicePrincipalId": signin.principal, "servicePrincipalName": signin.name, "servicePrincipalCredentialKeyId": signin.key, "resourceDisplayName": signin.resource.0,
        "resourceId": signin.resource.1, "resourceTenantId": TENANT, "homeTenantId": TENANT, "conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": [],
        "clientCredentialType": if signin.managed { "managedIdentity" } else { "clientSecret" }, "autonomousSystemNumber": signin.from.place.network,
        "uniqueTokenIdentifier": signin.token, "tenantId": TENANT, "signInEventTypes": [kind]});
    json!({"time": iso(signin.time, 7), "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"), "operationName": "Sign-in activity", "operationVersion": "1.0",
        "category": category, "tenantId": TENANT, "resultType": signin.code.to_string(), "resultSignature": "None", "resultDescription": reason(signin.code), "durationMs": 0,
        "correlationId": signin.id, "Level": 4, "location": signin.from.place.country, "properties": properties})
}

/// Header of the portal's download of interactive sign-ins.
const PORTAL: &str = "Date (UTC),Request ID,User agent,Correlation ID,User ID,User,Username,User type,Cross tenant access type,Incoming token type,Authentication Protocol,Unique token identifier,Original transfer method,Client credential type,Token Protection - Sign In Session,Token Protection - Sign In Session StatusCode,Application,Application ID ,App owner tenant ID,Resource,Resource ID ,Resource tenant ID,Resource owner tenant ID,Home tenant ID,Home tenant name,IP address,Location,Status,Sign-in error code,Failure reason,Client app,Device ID,Browser,Operating System,Compliant,Managed,Join Type,Multifactor authentication result,Multifactor authentication auth method,Multifactor authentication auth detail,Authentication requirement,Sign-in identifier,Session ID,IP address (seen by resource),Through Global Secure Access,Global Secure Access IP address,Autonomous system  number,Flagged for review,Token issuer type,Incoming token type,Token issuer name,Latency,Conditional Access,Managed Identity type,Associated Resource Id,Federated Token Id,Federated Token Issuer";

/// The portal's download, newest first.
pub fn portal<'a>(signins: impl DoubleEndedIterator<Item = &'a Signin>) -> String {
    let rows = signins.rev().map(|signin| {
        let person = &signin.person;
        let own = if signin.device.is_empty() { "false" } else { "true" };
        let state = if signin.code == 0 {
            "Success"
        } else if interrupted(signin.code) {
            "Interrupted"
        } else {
            "Failure"
        };
        let code = if signin.code == 0 { String::new() } else { signin.code.to_string() };
        let location =
            format!("{}, {}, {}", signin.from.place.city, signin.from.place.state, signin.from.place.country);
        let strong = if signin.strong { "Multifactor authentication" } else { "Single-factor authentication" };
        let done =
            if signin.strong && signin.code == 0 { "MFA requirement satisfied by claim in the token" } else { "" };
        let policy = if access(signin) == "success" { "Success" } else { "Not Applied" };
        let pairs = [
            ("Date (UTC)", iso(signin.time, 0)),
            ("Request ID", signin.id.clone()),
            ("User agent", signin.agent.text.into()),
            ("Correlation ID", signin.correlation.clone()),
            ("User ID", person.id.clone()),
            ("User", person.name.clone()),
            ("Username", person.upn.clone()),
            ("User type", if person.guest { "guest" } else { "member" }.into()),
            ("Cross tenant access type", crossing(signin).into()),
            ("Incoming token type", "none".into()),
            ("Authentication Protocol", signin.protocol.into()),
            ("Unique token identifier", signin.token.clone()),
            ("Original transfer method", "none".into()),
            ("Client credential type", "none".into()),
            ("Application", signin.app.0.into()),
            ("Application ID ", signin.app.1.into()),
            ("Resource", signin.resource.0.into()),
            ("Resource ID ", signin.resource.1.into()),
            ("Resource tenant ID", TENANT.into()),
            ("Home tenant ID", signin.home_tenant().into()),
            ("IP address", signin.from.ip.clone()),
            ("Location", location),
            ("Status", state.into()),
            ("Sign-in error code", code),
            ("Failure reason", reason(signin.code).into()),
            ("Client app", signin.client.into()),
            ("Device ID", signin.device.clone()),
            ("Browser", signin.agent.browser.into()),
            ("Operating System", signin.agent.system.into()),
            ("Compliant", own.into()),
            ("Managed", own.into()),
            ("Join Type", if own == "true" { "Azure AD joined" } else { "" }.into()),
            ("Multifactor authentication result", done.into()),
            ("Authentication requirement", strong.into()),
            ("Sign-in identifier", person.upn.clone()),
            ("Session ID", signin.session.clone()),
            ("Through Global Secure Access", "false".into()),
            ("Autonomous system  number", signin.from.place.network.to_string()),
            ("Flagged for review", "false".into()),
            ("Token issuer type", "AzureAD".into()),
            ("Latency", "210".into()),
            ("Conditional Access", policy.into()),
        ];
        let cell = |name: &str| {
            pairs.iter().find(|(known, _)| *known == name).map_or(String::new(), |(_, value)| value.clone())
        };
        PORTAL.split(',').map(cell).collect()
    });
    csv("\u{feff}", PORTAL.split(',').map(str::to_owned).collect(), rows)
}

/// Graph's answer to `/auditLogs/directoryAudits`.
pub fn audit(event: &Audit) -> Value {
    let details: Vec<Value> = event.details.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({"id": event.id, "category": event.category, "correlationId": event.correlation, "result": event.result, "resultReason": event.reason,
        "activityDisplayName": event.operation, "activityDateTime": iso(event.time, 7), "loggedByService": event.service, "operationType": event.kind, "userAgent": null,
        "initiatedBy": event.by, "targetResources": event.targets, "additionalDetails": details})
}

/// A line of diagnostic settings for the audit.
pub fn audit_line(event: &Audit) -> Value {
    json!({"time": iso(event.time, 7), "resourceId": format!("/tenants/{TENANT}/providers/Microsoft.aadiam"), "operationName": event.operation, "operationVersion": "1.0",
        "category": "AuditLogs", "tenantId": TENANT, "resultSignature": "None", "durationMs": 0, "correlationId": event.correlation, "level": "Informational", "properties": audit(event)})
}

/// What `Search-UnifiedAuditLog` and the Purview portal export.
pub fn unified(records: &[Record]) -> String {
    let text = |record: &Record, key: &str| record.data.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rows = records.iter().enumerate().map(|(n, record)| {
        let data = Value::Object(record.data.clone()).to_string();
        vec![
            record.kind.to_owned(),
            american(record.time),
            text(record, "UserId"),
            text(record, "Operation"),
            data,
            (n + 1).to_string(),
            records.len().to_string(),
            text(record, "Id"),
            "True".into(),
            "Unchanged".into(),
        ]
    });
    let header =
        "RecordType,CreationDate,UserIds,Operations,AuditData,ResultIndex,ResultCount,Identity,IsValid,ObjectState";
    csv("", header.split(',').map(str::to_owned).collect(), rows)
}

/// Graph's answer to `/identityProtection/riskDetections`.
pub fn risk(signin: &Signin, kind: &str, level: &str, state: &str, detail: &str) -> Value {
    json!({"id": signin.id.replace('-', ""), "riskEventType": kind, "riskLevel": level, "riskState": state, "riskDetail": detail, "source": "IdentityProtection",
        "detectionTimingType": "realtime", "activity": "signin", "ipAddress": signin.from.ip, "location": {"city": signin.from.place.city, "countryOrRegion": signin.from.place.country},
        "activityDateTime": iso(signin.time, 3), "detectedDateTime": iso(signin.time + 60_000, 3), "lastUpdatedDateTime": iso(signin.time + 3_600_000, 3), "userId": signin.person.id,
        "userDisplayName": signin.person.name, "userPrincipalName": signin.person.upn, "additionalInfo": "[]", "requestId": signin.id, "correlationId": signin.correlation})
}

fn csv(mark: &str, header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    out.write_record(&header).unwrap();
    rows.for_each(|row| out.write_record(&row).unwrap());
    format!("{mark}{}", String::from_utf8(out.into_inner().unwrap()).unwrap())
}

pub fn lines(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
