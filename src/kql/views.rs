//! Tables of Defender's advanced hunting that hold what tables of a workspace hold under other names.
//!
//! A query for `EntraIdSignInEvents` is answered from sign-in logs, so that hunting queries of either portal run over
//! the same exports. Meanings of the numbers are those of the advanced hunting reference
//! (<https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables>).

use std::collections::BTreeSet;

use super::ast::OperatorKind;
use super::context::Usage;
use crate::table::Schema;

/// One such table.
pub struct View {
    /// What it is and was called.
    names: &'static [&'static str],
    /// The workspace's tables, each with the text that stands for `{kind}` in the expressions.
    bases: &'static [(&'static str, &'static str)],
    /// Columns, and what they are of a row of any of the tables. One without a counterpart is an empty constant.
    columns: &'static [(&'static str, &'static str)],
}

const VIEWS: &[View] = &[
    View {
        names: &["EntraIdSignInEvents", "AADSignInEventsBeta"],
        bases: &[
            ("SigninLogs", "'[\"interactiveUser\"]'"),
            ("AADNonInteractiveUserSignInLogs", "'[\"nonInteractiveUser\"]'"),
        ],
        columns: &[
            ("Timestamp", "TimeGenerated"),
            ("Application", "AppDisplayName"),
            ("ApplicationId", "AppId"),
            ("LogonType", "{kind}"),
            ("ErrorCode", "toint(ResultType)"),
            ("CorrelationId", "CorrelationId"),
            ("SessionId", "SessionId"),
            ("AccountDisplayName", "UserDisplayName"),
            ("AccountObjectId", "UserId"),
            ("AccountUpn", "UserPrincipalName"),
            ("IsConfidentialClient", "bool(null)"),
            ("IsExternalUser", "int(null)"),
            ("IsGuestUser", "UserType =~ 'Guest'"),
            ("AlternateSignInName", "AlternateSignInName"),
            ("LastPasswordChangeTimestamp", "datetime(null)"),
            ("ResourceDisplayName", "ResourceDisplayName"),
            ("ResourceId", "ResourceIdentity"),
            ("ResourceTenantId", "ResourceTenantId"),
            ("DeviceName", "tostring(todynamic(DeviceDetail).displayName)"),
            ("AadDeviceId", "tostring(todynamic(DeviceDetail).deviceId)"),
            ("EntraIdDeviceId", "tostring(todynamic(DeviceDetail).deviceId)"),
            ("OSPlatform", "tostring(todynamic(DeviceDetail).operatingSystem)"),
            (
                "DeviceTrustType",
                "case(todynamic(DeviceDetail).trustType has 'hybrid', 'ServerAd', \
                 todynamic(DeviceDetail).trustType has 'registered', 'Workplace', \
                 todynamic(DeviceDetail).trustType has 'joined', 'AzureAd', \
                 tostring(todynamic(DeviceDetail).trustType))",
            ),
            ("IsManaged", "toint(tobool(tostring(todynamic(DeviceDetail).isManaged)))"),
            ("IsCompliant", "toint(tobool(tostring(todynamic(DeviceDetail).isCompliant)))"),
            ("AuthenticationProcessingDetails", "AuthenticationProcessingDetails"),
            ("AuthenticationRequirement", "AuthenticationRequirement"),
            (
                "TokenIssuerType",
                "case(TokenIssuerType =~ 'AzureAD', 0, TokenIssuerType =~ 'ADFederationServices', 1, int(null))",
            ),
            (
                "RiskLevelAggregated",
                "case(RiskLevelAggregated =~ 'none', 1, RiskLevelAggregated =~ 'low', 10, \
                 RiskLevelAggregated =~ 'medium', 50, RiskLevelAggregated =~ 'high', 100, 0)",
            ),
            (
                "RiskLevelDuringSignIn",
                "case(RiskLevelDuringSignIn =~ 'none', 1, RiskLevelDuringSignIn =~ 'low', 10, \
                 RiskLevelDuringSignIn =~ 'medium', 50, RiskLevelDuringSignIn =~ 'high', 100, 0)",
            ),
            ("RiskDetails", "int(null)"),
            (
                "RiskState",
                "case(RiskState =~ 'confirmedSafe', 1, RiskState =~ 'remediated', 2, RiskState =~ 'dismissed', 3, \
                 RiskState =~ 'atRisk', 4, RiskState =~ 'confirmedCompromised', 5, 0)",
            ),
            ("UserAgent", "UserAgent"),
            ("ClientAppUsed", "ClientAppUsed"),
            ("Browser", "tostring(todynamic(DeviceDetail).browser)"),
            ("ConditionalAccessPolicies", "tostring(ConditionalAccessPolicies)"),
            (
                "ConditionalAccessStatus",
                "case(ConditionalAccessStatus =~ 'success', 0, ConditionalAccessStatus =~ 'failure', 1, \
                 ConditionalAccessStatus =~ 'notApplied', 2, int(null))",
            ),
            ("IPAddress", "IPAddress"),
            ("Country", "tostring(todynamic(LocationDetails).countryOrRegion)"),
            ("State", "tostring(todynamic(LocationDetails).state)"),
            ("City", "tostring(todynamic(LocationDetails).city)"),
            ("Latitude", "tostring(todynamic(LocationDetails).geoCoordinates.latitude)"),
            ("Longitude", "tostring(todynamic(LocationDetails).geoCoordinates.longitude)"),
            ("NetworkLocationDetails", "NetworkLocationDetails"),
            ("RequestId", "Id"),
            ("ReportId", "Id"),
            ("EndpointCall", "''"),
            ("UniqueTokenId", "UniqueTokenIdentifier"),
        ],
    },
    View {
        names: &["EntraIdSpnSignInEvents", "AADSpnSignInEventsBeta"],
        bases: &[("AADServicePrincipalSignInLogs", "false"), ("AADManagedIdentitySignInLogs", "true")],
        columns: &[
            ("Timestamp", "TimeGenerated"),
            ("Application", "ServicePrincipalName"),
            ("ApplicationId", "AppId"),
            ("IsManagedIdentity", "{kind}"),
            ("ErrorCode", "toint(ResultType)"),
            ("CorrelationId", "CorrelationId"),
            ("ServicePrincipalName", "ServicePrincipalName"),
            ("ServicePrincipalId", "ServicePrincipalId"),
            ("ResourceDisplayName", "ResourceDisplayName"),
            ("ResourceId", "ResourceIdentity"),
            ("ResourceTenantId", "ResourceOwnerTenantId"),
            ("IPAddress", "IPAddress"),
            ("Country", "tostring(todynamic(LocationDetails).countryOrRegion)"),
            ("State", "tostring(todynamic(LocationDetails).state)"),
            ("City", "tostring(todynamic(LocationDetails).city)"),
            ("Latitude", "tostring(todynamic(LocationDetails).geoCoordinates.latitude)"),
            ("Longitude", "tostring(todynamic(LocationDetails).geoCoordinates.longitude)"),
            ("RequestId", "Id"),
            ("ReportId", "Id"),
        ],
    },
    View {
        names: &["GraphAPIAuditEvents", "GraphApiAuditEvents"],
        bases: &[("MicrosoftGraphActivityLogs", "''")],
        columns: &[
            ("Timestamp", "TimeGenerated"),
            ("IdentityProvider", "IdentityProvider"),
            ("ApiVersion", "ApiVersion"),
            ("ApplicationId", "AppId"),
            ("ClientRequestId", "ClientRequestId"),
            ("OperationId", "OperationId"),
            ("AccountObjectId", "coalesce(UserId, ServicePrincipalId)"),
            ("Location", "Location"),
            ("RequestDuration", "tostring(DurationMs)"),
            ("RequestMethod", "RequestMethod"),
            ("ResponseStatusCode", "tostring(ResponseStatusCode)"),
            ("Scopes", "Scopes"),
            ("EntityType", "iff(isnotempty(UserId), 'user', 'app')"),
            ("ReportId", "RequestId"),
            ("RequestUri", "RequestUri"),
            ("UniqueTokenIdentifier", "SignInActivityId"),
            ("RequestId", "RequestId"),
            ("IpAddress", "IPAddress"),
            ("ServicePrincipalId", "ServicePrincipalId"),
            ("TargetWorkload", "''"),
            ("ResponseSize", "tolong(ResponseSizeBytes)"),
            ("TenantId", "TenantId"),
            ("Type", "Type"),
            ("SourceSystem", "SourceSystem"),
        ],
    },
];

/// The view of a name.
pub fn named(name: &str) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.names.contains(&name))
}

impl View {
    /// The workspace's tables that it is read from.
    pub fn bases(&self) -> impl Iterator<Item = &'static str> {
        self.bases.iter().map(|(table, _)| *table)
    }

    /// The query that gives its rows. `TimeGenerated` is among the columns, for workspaces that stream the table.
    pub fn query(&self) -> String {
        let leg = |(table, kind): &(&str, &str)| {
            let columns = self.columns.iter().map(|(name, expr)| format!("{name} = {}", expr.replace("{kind}", kind)));
            let columns: Vec<String> = columns.collect();
            format!("({table} | project {}, TimeGenerated)", columns.join(", "))
        };
        format!("union {}", self.bases.iter().map(leg).collect::<Vec<_>>().join(", "))
    }

    /// The columns of the workspace's tables that a column is made from; none if it has no counterpart there.
    fn carriers(&self, column: &str) -> BTreeSet<(String, String)> {
        let mut carriers = BTreeSet::new();
        let Some((_, text)) = self.columns.iter().find(|(name, _)| *name == column) else { return carriers };
        for (table, kind) in self.bases {
            let Ok(tree) = super::parse(&format!("print {}", text.replace("{kind}", kind))) else { continue };
            let operators = tree.body.iter().flat_map(|body| &body.operators);
            let written = operators.filter_map(|operator| match &operator.kind {
                OperatorKind::Print(list) => list.first(),
                _ => None,
            });
            for assignment in written {
                let fields = Schema::known(table);
                let read = fields.iter().flat_map(|schema| &schema.fields).filter(|f| assignment.expr.reads(&f.name));
                carriers.extend(read.map(|field| ((*table).to_owned(), field.name.clone())));
            }
            // What kind of sign-in a row is, its table says.
            if text.contains("{kind}") {
                carriers.insert(((*table).to_owned(), "TimeGenerated".to_owned()));
            }
        }
        carriers
    }
}

/// Columns that were read of a view become those of the tables behind it. One that no table carries stays, under the
/// view's name.
pub fn resolve(usage: &mut Usage) {
    for (table, column) in std::mem::take(&mut usage.columns) {
        let view = named(&table).filter(|_| !usage.tables.contains(&table));
        let carriers = view.map(|view| view.carriers(&column)).unwrap_or_default();
        if carriers.is_empty() {
            usage.columns.insert((table, column));
        }
        usage.columns.extend(carriers);
    }
}

#[cfg(test)]
mod tests {
    use super::{VIEWS, named};
    use crate::table::Schema;

    #[test]
    fn every_documented_column_is_there() {
        for view in VIEWS {
            for schema in view.names.iter().filter_map(|name| Schema::known(name)) {
                for field in &schema.fields {
                    let there =
                        field.name == "TimeGenerated" || view.columns.iter().any(|(name, _)| *name == field.name);
                    assert!(there, "{} lacks {}", schema.table, field.name);
                }
            }
        }
    }

    #[test]
    fn columns_name_what_carries_them() {
        let view = named("AADSignInEventsBeta").map(|view| view.carriers("DeviceTrustType")).unwrap_or_default();
        let read: Vec<String> = view.into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
        assert_eq!(read, ["AADNonInteractiveUserSignInLogs.DeviceDetail", "SigninLogs.DeviceDetail"]);
        assert!(named("EntraIdSignInEvents").is_some_and(|view| view.carriers("EndpointCall").is_empty()));
    }
}
