//! What all sign-in shapes share: the sibling tables, and the columns that sign-in properties go to.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{Plan, Value};

/// The kinds of sign-in, one table each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user at the keyboard.
    Interactive,
    /// A client on behalf of a user.
    NonInteractive,
    /// An application by its own credential.
    ServicePrincipal,
    /// An Azure resource by its identity.
    ManagedIdentity,
    /// Through federation servers.
    Adfs,
    /// One of Microsoft's own services at another of them.
    MicrosoftServicePrincipal,
}

/// All kinds, in the order of the plans made by [`plans`].
pub const KINDS: [Kind; 6] = [
    Kind::Interactive,
    Kind::NonInteractive,
    Kind::ServicePrincipal,
    Kind::ManagedIdentity,
    Kind::Adfs,
    Kind::MicrosoftServicePrincipal,
];

impl Kind {
    /// The Azure Monitor table.
    pub fn table(self) -> &'static str {
        match self {
            Kind::Interactive => "SigninLogs",
            Kind::NonInteractive => "AADNonInteractiveUserSignInLogs",
            Kind::ServicePrincipal => "AADServicePrincipalSignInLogs",
            Kind::ManagedIdentity => "AADManagedIdentitySignInLogs",
            Kind::Adfs => "ADFSSignInLogs",
            Kind::MicrosoftServicePrincipal => "MicrosoftServicePrincipalSignInLogs",
        }
    }

    /// The diagnostic category.
    pub fn category(self) -> &'static str {
        match self {
            Kind::Interactive => "SignInLogs",
            Kind::NonInteractive => "NonInteractiveUserSignInLogs",
            Kind::ServicePrincipal => "ServicePrincipalSignInLogs",
            Kind::ManagedIdentity => "ManagedIdentitySignInLogs",
            Kind::Adfs => "ADFSSignInLogs",
            Kind::MicrosoftServicePrincipal => "MicrosoftServicePrincipalSignInLogs",
        }
    }

    /// By diagnostic category, in any letter case.
    pub fn of_category(category: &str) -> Option<Kind> {
        KINDS.into_iter().find(|kind| kind.category().eq_ignore_ascii_case(category))
    }
}

/// Sign-in properties whose column has another name; the rest go by name.
pub const PROPERTIES: [(&str, &str); 12] = [
    ("createdDateTime", "CreatedDateTime"),
    ("resourceId", "ResourceIdentity"),
    ("location", "LocationDetails"),
    ("appliedConditionalAccessPolicies", "ConditionalAccessPolicies"),
    ("processingTimeInMilliseconds", "ProcessingTimeInMilliseconds"),
    ("processingTimeInMilliseconds", "ProcessingTimeInMs"),
    ("userDisplayName", "UserDisplayName"),
    ("userDisplayName", "Identity"),
    ("riskLevelDuringSignin", "RiskLevelDuringSignIn"),
    ("tenantId", "AADTenantId"),
    ("status", "Status"),
    ("appliedConditionalAccessPolicy", "ConditionalAccessPolicies"),
];

/// What Log Analytics writes into every sign-in row.
pub const CONSTANTS: [(&str, &str); 7] = [
    ("OperationName", "Sign-in activity"),
    ("OperationVersion", "1.0"),
    ("ResultSignature", "None"),
    ("Resource", "Microsoft.aadiam"),
    ("ResourceGroup", "Microsoft.aadiam"),
    ("SourceSystem", "Azure AD"),
    ("DurationMs", "0"),
];

/// Columns that Graph v1.0 does not know: only beta, diagnostic settings and Log Analytics carry them.
pub const BETA_ONLY: [&str; 46] = [
    "Agent",
    "AppliedEventListeners",
    "AppOwnerTenantId",
    "AuthenticationAppPolicyEvaluationDetails",
    "AuthenticationContextClassReferences",
    "AuthenticationDetails",
    "AuthenticationMethodsUsed",
    "AuthenticationProcessingDetails",
    "AuthenticationProtocol",
    "AuthenticationRequirement",
    "AuthenticationRequirementPolicies",
    "AutonomousSystemNumber",
    "ClientCredentialType",
    "ClientSessionId",
    "ConditionalAccessAudiences",
    "CrossTenantAccessType",
    "FederatedCredentialId",
    "FlaggedForReview",
    "GlobalSecureAccessIpAddress",
    "HomeTenantName",
    "IncomingTokenType",
    "IPAddressFromResourceProvider",
    "IsTenantRestricted",
    "IsThroughGlobalSecureAccess",
    "ManagedServiceIdentity",
    "MfaDetail",
    "NetworkLocationDetails",
    "OriginalRequestId",
    "OriginalTransferMethod",
    "ProcessingTimeInMilliseconds",
    "ProcessingTimeInMs",
    "ResourceOwnerTenantId",
    "ResourceServicePrincipalId",
    "ServicePrincipalCredentialKeyId",
    "ServicePrincipalCredentialThumbprint",
    "SessionId",
    "SessionLifetimePolicies",
    "SignInEventTypes",
    "SignInIdentifier",
    "SignInIdentifierType",
    "TokenIssuerName",
    "TokenIssuerType",
    "TokenProtectionStatusDetails",
    "UniqueTokenIdentifier",
    "UserType",
    "AlternateSignInName",
];

/// One plan a kind, in the order of [`KINDS`].
pub type Plans = LazyLock<Vec<Plan>>;

/// The plans of a shape: `time` says whether createdDateTime also is TimeGenerated.
pub fn plans(shape: &'static str, time: bool, missing: &[&str]) -> Vec<Plan> {
    let make = |kind: Kind| {
        let mut properties = PROPERTIES.to_vec();
        if time {
            properties.push(("createdDateTime", "TimeGenerated"));
        }
        let constants: Vec<_> = CONSTANTS.iter().copied().chain([("Category", kind.category())]).collect();
        Plan::new(kind.table(), shape).alias(&properties).constants(&constants).missing(missing)
    };
    KINDS.into_iter().map(make).collect()
}

/// The plan of a kind.
pub fn of(plans: &'static Plans, kind: Kind) -> &'static Plan {
    &plans[kind as usize]
}

/// One text or number inside a JSON object, without taking the rest apart.
pub fn inside<'a>(object: &'a Value<'_>, name: &str) -> Cow<'a, str> {
    let Value::Json(raw) = object else {
        return object.object().map_or("".into(), |record| record.text(name).to_owned().into());
    };
    match sonic_rs::get(raw.as_ref(), [name]) {
        Ok(found) => match Value::from_raw(found.as_raw_cow().into_owned().into()) {
            Value::Null => "".into(),
            Value::Text(text) | Value::Json(text) => text,
        },
        // Names in another letter case.
        Err(_) => object.object().map_or("".into(), |record| record.text(name).to_owned().into()),
    }
}
