//! What a reader wants to know of an event, whatever table it stands in.

/// One thing to know of an event. Each is declared here once: name, meaning, and where tables keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the declaration below carries the meaning")]
pub enum Fact {
    Operation,
    Result,
    Code,
    Reason,
    User,
    UserId,
    App,
    AppId,
    Resource,
    Ip,
    Asn,
    Country,
    City,
    UserAgent,
    Client,
    Device,
    Session,
    Token,
    Correlation,
    Target,
    Details,
    Item,
}

/// Name of a fact in every output, its meaning, and the columns that hold it, best first. A path goes on into a
/// column that holds JSON; `[]` stands for the elements of an array, `[k=v]` for those whose `k` is `v`.
struct Declared {
    fact: Fact,
    name: &'static str,
    meaning: &'static str,
    paths: &'static [&'static str],
}

const fn declare(fact: Fact, name: &'static str, meaning: &'static str, paths: &'static [&'static str]) -> Declared {
    Declared { fact, name, meaning, paths }
}

const DECLARED: [Declared; 22] = [
    declare(
        Fact::Operation,
        "operation",
        "What was done, as the log names it",
        &[
            "ActivityDisplayName",
            "Operation",
            "ActionType",
            "RiskEventType",
            "AlertName",
            "OperationNameValue",
            "RequestMethod",
            "OperationName",
        ],
    ),
    declare(
        Fact::Result,
        "result",
        "success, failure or interrupted for sign-ins; else as logged",
        &[
            "Result",
            "ResultStatus",
            "RawEventData.ResultStatus",
            "ActivityStatusValue",
            "RiskState",
            "ResponseStatusCode",
            "ProvisioningStatusInfo.status",
            "Status",
        ],
    ),
    declare(Fact::Code, "result_code", "Result code of a sign-in (AADSTS)", &["ResultType"]),
    declare(
        Fact::Reason,
        "reason",
        "Why it ended so",
        &["ResultReason", "ResultDescription", "Status.failureReason", "RiskDetail", "RawEventData.LogonError"],
    ),
    declare(
        Fact::User,
        "user",
        "Who did it: user principal name, else the acting application",
        &[
            "UserPrincipalName",
            "InitiatedBy.user.userPrincipalName",
            "RawEventData.UserId",
            "Caller",
            "InitiatedBy.app.displayName",
            "InitiatedBy.user.displayName",
            "UserId_",
            "UserId",
            "AccountDisplayName",
            "ServicePrincipalName",
            "UserDisplayName",
            "CompromisedEntity",
            "Identity",
            "AppId",
        ],
    ),
    declare(
        Fact::UserId,
        "user_id",
        "Object id of who did it",
        &[
            "InitiatedBy.user.id",
            "AccountObjectId",
            "InitiatedBy.app.servicePrincipalId",
            "UserKey",
            "UserId",
            "ServicePrincipalId",
        ],
    ),
    declare(
        Fact::App,
        "app",
        "Application used",
        &[
            "AppDisplayName",
            "ServicePrincipalName",
            "InitiatedBy.app.displayName",
            "OfficeWorkload",
            "RawEventData.Workload",
            "Application",
            "LoggedByService",
            "ProductName",
            "ResourceProviderValue",
        ],
    ),
    declare(
        Fact::AppId,
        "app_id",
        "Application (client) id",
        &[
            "AppId",
            "InitiatedBy.app.appId",
            "ClientAppId",
            "AppAccessContext.ClientAppId",
            "RawEventData.AppAccessContext.ClientAppId",
            "OAuthAppId",
        ],
    ),
    declare(Fact::Resource, "resource", "Resource signed in to", &["ResourceDisplayName", "_ResourceId", "ResourceId"]),
    declare(
        Fact::Ip,
        "src_ip",
        "Address it came from, without port",
        &[
            "IPAddress",
            "IpAddress",
            "CallerIpAddress",
            "CallerIPAddress",
            "Client_IPAddress",
            "ClientIP",
            "ActorIpAddress",
            "InitiatedBy.user.ipAddress",
            "RawEventData.ClientIPAddress",
            "RawEventData.ClientIP",
            "RawEventData.ActorIpAddress",
            "AdditionalDetails[key=ipaddr].value",
        ],
    ),
    declare(Fact::Asn, "asn", "Autonomous system number of the address", &["AutonomousSystemNumber", "ISP"]),
    declare(
        Fact::Country,
        "country",
        "Country of the address as the log gives it, two letters",
        &["LocationDetails.countryOrRegion", "Location.countryOrRegion", "CountryCode", "Location"],
    ),
    declare(
        Fact::City,
        "city",
        "City of the address as the log gives it",
        &["LocationDetails.city", "Location.city", "City"],
    ),
    declare(
        Fact::UserAgent,
        "user_agent",
        "User agent",
        &["UserAgent", "AdditionalDetails[key=User-Agent].value", "RawEventData.UserAgent", "ClientInfoString"],
    ),
    declare(
        Fact::Client,
        "client",
        "Kind of client and what was asked of the user",
        &["ClientAppUsed", "ClientProcessName", "AuthenticationRequirement", "ClientCredentialType"],
    ),
    declare(
        Fact::Device,
        "device",
        "Device name or id",
        &["DeviceDetail.displayName", "DeviceDetail.deviceId", "DeviceId"],
    ),
    declare(
        Fact::Session,
        "session_id",
        "Session id, shared by all tokens of one sign-in",
        &[
            "SessionId",
            "AppAccessContext.AADSessionId",
            "RawEventData.AppAccessContext.AADSessionId",
            "RawEventData.SessionId",
        ],
    ),
    declare(
        Fact::Token,
        "token_id",
        "Unique token identifier, shared with the activity done with the token",
        &[
            "UniqueTokenIdentifier",
            "SignInActivityId",
            "UniqueTokenId",
            "AppAccessContext.UniqueTokenId",
            "RawEventData.AppAccessContext.UniqueTokenId",
        ],
    ),
    declare(Fact::Correlation, "correlation_id", "Correlation id", &["CorrelationId"]),
    declare(
        Fact::Target,
        "target",
        "What it was done to",
        &[
            "TargetResources[].userPrincipalName",
            "TargetResources[].displayName",
            "TargetResources[].id",
            "OfficeObjectId",
            "RawEventData.ObjectId",
            "ObjectName",
            "RequestUri",
            "MailboxOwnerUPN",
            "TargetIdentity.displayName",
            "ResourceDisplayName",
            "_ResourceId",
        ],
    ),
    declare(
        Fact::Details,
        "details",
        "Changed properties or parameters",
        &[
            "Parameters",
            "RawEventData.Parameters",
            "ModifiedProperties",
            "RawEventData.ModifiedProperties",
            "OperationProperties",
            "AdditionalInfo",
            "ConditionalAccessStatus",
            "Description",
        ],
    ),
    declare(
        Fact::Item,
        "event_id",
        "Id of the event in its log",
        &[
            "Id",
            "OfficeId",
            "SourceRecordId",
            "RawEventData.Id",
            "ReportId",
            "RequestId",
            "EventDataId",
            "SystemAlertId",
        ],
    ),
];

impl Fact {
    /// How many there are.
    pub const COUNT: usize = DECLARED.len();

    /// All facts, in the order of output columns.
    pub fn all() -> impl Iterator<Item = Fact> {
        DECLARED.iter().map(|declared| declared.fact)
    }

    /// Name in every output.
    pub fn name(self) -> &'static str {
        DECLARED[self as usize].name
    }

    /// What it says.
    pub fn meaning(self) -> &'static str {
        DECLARED[self as usize].meaning
    }

    /// Where tables keep it, best first.
    pub(super) fn paths(self) -> &'static [&'static str] {
        DECLARED[self as usize].paths
    }
}

/// The facts of one event; empty text where a fact is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    values: [String; Fact::COUNT],
}

impl Facts {
    /// The value of a fact, empty where it is not known.
    pub fn get(&self, fact: Fact) -> &str {
        &self.values[fact as usize]
    }

    /// Sets a fact.
    pub fn set(&mut self, fact: Fact, value: impl Into<String>) {
        self.values[fact as usize] = value.into();
    }

    /// What a finding's own row says, by the names that tables use.
    pub fn from_columns(row: &[(String, String)]) -> Facts {
        let mut facts = Facts::default();
        for fact in Fact::all() {
            let found = fact.paths().iter().find_map(|path| row.iter().find(|(name, _)| name == path));
            if let Some((_, value)) = found {
                facts.set(fact, value.clone());
            }
        }
        facts
    }

    /// Takes from another telling of the same event what this one lacks or only says `none` to.
    pub(super) fn complete(&mut self, other: &Facts) {
        for (mine, theirs) in self.values.iter_mut().zip(&other.values) {
            let vague = |text: &str| text.is_empty() || text.eq_ignore_ascii_case("none");
            if vague(mine) && !vague(theirs) {
                mine.clone_from(theirs);
            }
        }
    }

    /// Who did what to what, from where, with which result, on one line.
    pub fn sentence(&self, table: &str) -> String {
        let get = |fact| self.get(fact);
        let who = if get(Fact::User).is_empty() { "An unnamed actor" } else { get(Fact::User) };
        let mut text = who.to_owned();
        if table.contains("SignIn") || table.contains("Signin") {
            text.push_str(if get(Fact::Result) == "success" { " signed in to " } else { " tried to sign in to " });
            text.push_str(if get(Fact::App).is_empty() { "an unnamed application" } else { get(Fact::App) });
        } else {
            text.push_str(": ");
            text.push_str(get(Fact::Operation).trim());
            if !get(Fact::Target).is_empty() {
                text.push_str(" on ");
                text.push_str(get(Fact::Target));
            }
        }
        if !get(Fact::Ip).is_empty() {
            text.push_str(" from ");
            text.push_str(get(Fact::Ip));
            if !get(Fact::Country).is_empty() {
                text.push_str(&format!(" ({})", get(Fact::Country)));
            }
        }
        if !get(Fact::Result).is_empty() {
            text.push_str(": ");
            text.push_str(get(Fact::Result));
            if !matches!(get(Fact::Code), "" | "0") {
                text.push_str(&format!(" {}", get(Fact::Code)));
            }
            if !get(Fact::Reason).is_empty() {
                text.push_str(", ");
                text.push_str(get(Fact::Reason));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_stand_in_the_order_of_the_facts() {
        for (position, declared) in DECLARED.iter().enumerate() {
            assert_eq!(declared.fact as usize, position, "{}", declared.name);
        }
    }
}
