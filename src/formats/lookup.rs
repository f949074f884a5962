//! Inventories beside that of users: roles, devices, OAuth permissions, inbox rules, Conditional Access policies, and those
//! of `lookup_directory`. They say what was there, not what happened, and become lookup tables of entrail's own that rules
//! and queries can join.

use super::lookup_directory::{APPLICATIONS, CREDENTIALS, GROUPS, MEMBERS, PRINCIPALS};
use super::record::owned;
use super::{Form, Format, Plan, Rank, Record, Sink, Value, lookup_credentials};

/// A kind of inventory.
pub struct Inventory {
    pub table: &'static str,
    pub shape: &'static str,
    /// What its marks say.
    pub why: &'static str,
    /// Names that mark it together; one list must be there whole.
    pub marks: &'static [&'static [&'static str]],
    /// Fields, also nested ones by their path, and their columns. Where several fill a column, the first that holds
    /// something does.
    pub fields: &'static [(&'static str, &'static str)],
}

const ROLES: Inventory = Inventory {
    table: "DirectoryRoleAssignments",
    shape: "inventory of role assignments",
    why: "has the names of an inventory of role assignments",
    marks: &[
        &["Role", "UserName", "UserId"],
        &["RoleName", "AssignmentType", "AssignmentStatus"],
        &["roleDefinitionId", "principalId", "directoryScopeId"],
        &["AdminGroupName", "Members", "ObjectId"],
    ],
    fields: &[
        ("Role", "RoleName"),
        ("RoleName", "RoleName"),
        ("roleDefinition.displayName", "RoleName"),
        ("AdminGroupName", "RoleName"),
        ("roleDefinitionId", "RoleId"),
        ("UserId", "PrincipalId"),
        ("principalId", "PrincipalId"),
        ("ObjectId", "PrincipalId"),
        ("UserName", "PrincipalUPN"),
        ("UserPrincipalName", "PrincipalUPN"),
        ("principal.userPrincipalName", "PrincipalUPN"),
        ("DisplayName", "PrincipalDisplayName"),
        ("principal.displayName", "PrincipalDisplayName"),
        ("Members", "PrincipalDisplayName"),
        ("MemberType", "PrincipalType"),
        ("principal.@odata.type", "PrincipalType"),
        ("AssignmentType", "AssignmentType"),
        ("AssignmentStatus", "AssignmentStatus"),
        ("status", "AssignmentStatus"),
        ("SourceType", "SourceType"),
        ("SourceName", "SourceName"),
        ("StartDateTime", "StartDateTime"),
        ("EndDateTime", "EndDateTime"),
        ("DirectoryScopeId", "DirectoryScopeId"),
        ("AccountEnabled", "IsAccountEnabled"),
        ("Department", "Department"),
        ("JobTitle", "JobTitle"),
        ("CreatedDateTime", "AccountCreationTime"),
        ("LastInteractiveSignIn", "LastSignInTime"),
        ("LastNonInteractiveSignIn", "LastNonInteractiveSignInTime"),
        ("OnPremisesSynced", "OnPremisesSynced"),
    ],
};

const DEVICES: Inventory = Inventory {
    table: "Devices",
    shape: "inventory of devices",
    why: "has the names of an inventory of devices",
    marks: &[&["deviceId", "displayName", "operatingSystem", "trustType", "accountEnabled"]],
    fields: &[
        ("deviceId", "DeviceId"),
        ("ObjectId", "ObjectId"),
        ("id", "ObjectId"),
        ("displayName", "DisplayName"),
        ("accountEnabled", "IsEnabled"),
        ("operatingSystem", "OperatingSystem"),
        ("operatingSystemVersion", "OperatingSystemVersion"),
        ("trustType", "TrustType"),
        ("isCompliant", "IsCompliant"),
        ("isManaged", "IsManaged"),
        ("isRooted", "IsRooted"),
        ("managementType", "ManagementType"),
        ("mdmAppId", "MdmAppId"),
        ("enrollmentType", "EnrollmentType"),
        ("deviceOwnership", "DeviceOwnership"),
        ("deviceCategory", "DeviceCategory"),
        ("profileType", "ProfileType"),
        ("manufacturer", "Manufacturer"),
        ("model", "Model"),
        ("registeredOwners", "RegisteredOwners"),
        ("registeredUsers", "RegisteredUsers"),
        ("createdDateTime", "CreatedDateTime"),
        ("registrationDateTime", "CreatedDateTime"),
        ("LastSignInDateTime", "LastSignInDateTime"),
        ("approximateLastSignInDateTime", "LastSignInDateTime"),
        ("onPremisesSyncEnabled", "OnPremisesSyncEnabled"),
        ("SecurityIdentifier", "SecurityIdentifier"),
        ("onPremisesSecurityIdentifier", "SecurityIdentifier"),
    ],
};

const GRANTS: Inventory = Inventory {
    table: "OAuthPermissionGrants",
    shape: "inventory of OAuth permission grants",
    why: "has the names of an inventory of OAuth permission grants",
    marks: &[
        &["PermissionType", "ClientObjectId", "ResourceObjectId", "Permission"],
        &["clientId", "consentType", "resourceId", "scope"],
        &["appRoleId", "principalId", "resourceId"],
    ],
    fields: &[
        ("PermissionType", "PermissionType"),
        ("AppId", "AppId"),
        ("ClientObjectId", "ClientObjectId"),
        ("clientId", "ClientObjectId"),
        ("AppDisplayName", "ClientDisplayName"),
        ("ClientDisplayName", "ClientDisplayName"),
        ("ResourceObjectId", "ResourceObjectId"),
        ("resourceId", "ResourceObjectId"),
        ("ResourceDisplayName", "ResourceDisplayName"),
        ("Permission", "Permission"),
        ("scope", "Permission"),
        ("appRoleId", "Permission"),
        ("ConsentType", "ConsentType"),
        ("PrincipalObjectId", "PrincipalObjectId"),
        ("PrincipalDisplayName", "PrincipalDisplayName"),
        ("CreatedDateTime", "CreatedDateTime"),
        ("AddedDateTime", "CreatedDateTime"),
        ("CreationTimestamp", "CreatedDateTime"),
        ("ExpiryTime", "ExpiryTime"),
        ("AppOwnerOrganizationId", "AppOwnerOrganizationId"),
        ("PublisherDisplayName", "PublisherDisplayName"),
        ("PublisherName", "PublisherDisplayName"),
        ("VerifiedPublisherId", "VerifiedPublisherId"),
        ("ApplicationStatus", "ApplicationStatus"),
        ("SignInAudience", "SignInAudience"),
        ("ReplyUrls", "ReplyUrls"),
        ("Homepage", "Homepage"),
        ("ApplicationType", "ApplicationType"),
    ],
};

const RULES: Inventory = Inventory {
    table: "InboxRules",
    shape: "inventory of inbox rules",
    why: "has the names of an inventory of inbox rules",
    marks: &[
        &["RuleName", "ForwardTo", "RedirectTo", "MoveToFolder"],
        &["displayName", "sequence", "actions", "isEnabled"],
        &["RuleIdentity", "ForwardTo", "RedirectTo", "MailboxOwnerId"],
    ],
    fields: &[
        ("UserPrincipalName", "MailboxOwnerUPN"),
        ("UserName", "MailboxOwnerUPN"),
        ("MailboxOwnerId", "MailboxOwnerUPN"),
        ("RuleName", "RuleName"),
        ("Name", "RuleName"),
        ("displayName", "RuleName"),
        ("RuleId", "RuleId"),
        ("RuleIdentity", "RuleId"),
        ("id", "RuleId"),
        ("Enabled", "IsEnabled"),
        ("isEnabled", "IsEnabled"),
        ("Priority", "Priority"),
        ("Sequence", "Priority"),
        ("ForwardTo", "ForwardTo"),
        ("actions.forwardTo", "ForwardTo"),
        ("ForwardAsAttachmentTo", "ForwardAsAttachmentTo"),
        ("ForwardAsAttachment", "ForwardAsAttachmentTo"),
        ("actions.forwardAsAttachmentTo", "ForwardAsAttachmentTo"),
        ("RedirectTo", "RedirectTo"),
        ("actions.redirectTo", "RedirectTo"),
        ("MoveToFolder", "MoveToFolder"),
        ("actions.moveToFolder", "MoveToFolder"),
        ("CopyToFolder", "CopyToFolder"),
        ("actions.copyToFolder", "CopyToFolder"),
        ("DeleteMessage", "DeleteMessage"),
        ("Delete", "DeleteMessage"),
        ("actions.delete", "DeleteMessage"),
        ("PermanentDelete", "PermanentDelete"),
        ("SoftDeleteMessage", "PermanentDelete"),
        ("actions.permanentDelete", "PermanentDelete"),
        ("MarkAsRead", "MarkAsRead"),
        ("actions.markAsRead", "MarkAsRead"),
        ("StopProcessingRules", "StopProcessingRules"),
        ("actions.stopProcessingRules", "StopProcessingRules"),
        ("From", "From"),
        ("conditions.fromAddresses", "From"),
        ("SubjectContainsWords", "SubjectContainsWords"),
        ("SubjectContains", "SubjectContainsWords"),
        ("conditions.subjectContains", "SubjectContainsWords"),
        ("BodyContainsWords", "BodyContainsWords"),
        ("BodyContains", "BodyContainsWords"),
        ("conditions.bodyContains", "BodyContainsWords"),
        ("SubjectOrBodyContainsWords", "SubjectOrBodyContainsWords"),
        ("conditions.bodyOrSubjectContains", "SubjectOrBodyContainsWords"),
        ("HasAttachment", "HasAttachment"),
        ("HasAttachments", "HasAttachment"),
        ("conditions.hasAttachments", "HasAttachment"),
        ("Description", "Description"),
        ("InError", "InError"),
        ("hasError", "InError"),
        ("conditions", "Conditions"),
        ("actions", "Actions"),
    ],
};

const POLICIES: Inventory = Inventory {
    table: "ConditionalAccessPolicies",
    shape: "inventory of Conditional Access policies",
    why: "has the names of an inventory of Conditional Access policies",
    marks: &[
        &["displayName", "state", "conditions", "grantControls"],
        &["DisplayName", "State", "IncludeUsers", "BuiltInControls", "ClientAppTypes"],
    ],
    fields: &[
        ("id", "Id"),
        ("displayName", "DisplayName"),
        ("state", "State"),
        ("createdDateTime", "CreatedDateTime"),
        ("modifiedDateTime", "ModifiedDateTime"),
        ("description", "Description"),
        ("IncludeUsers", "IncludeUsers"),
        ("conditions.users.includeUsers", "IncludeUsers"),
        ("ExcludeUsers", "ExcludeUsers"),
        ("conditions.users.excludeUsers", "ExcludeUsers"),
        ("IncludeGroups", "IncludeGroups"),
        ("conditions.users.includeGroups", "IncludeGroups"),
        ("ExcludeGroups", "ExcludeGroups"),
        ("conditions.users.excludeGroups", "ExcludeGroups"),
        ("IncludeRoles", "IncludeRoles"),
        ("conditions.users.includeRoles", "IncludeRoles"),
        ("ExcludeRoles", "ExcludeRoles"),
        ("conditions.users.excludeRoles", "ExcludeRoles"),
        ("IncludeApplications", "IncludeApplications"),
        ("conditions.applications.includeApplications", "IncludeApplications"),
        ("ExcludeApplications", "ExcludeApplications"),
        ("conditions.applications.excludeApplications", "ExcludeApplications"),
        ("UserActions", "UserActions"),
        ("conditions.applications.includeUserActions", "UserActions"),
        ("ClientAppTypes", "ClientAppTypes"),
        ("conditions.clientAppTypes", "ClientAppTypes"),
        ("IncludePlatforms", "IncludePlatforms"),
        ("conditions.platforms.includePlatforms", "IncludePlatforms"),
        ("ExcludePlatforms", "ExcludePlatforms"),
        ("conditions.platforms.excludePlatforms", "ExcludePlatforms"),
        ("IncludeLocations", "IncludeLocations"),
        ("conditions.locations.includeLocations", "IncludeLocations"),
        ("ExcludeLocations", "ExcludeLocations"),
        ("conditions.locations.excludeLocations", "ExcludeLocations"),
        ("UserRiskLevels", "UserRiskLevels"),
        ("conditions.userRiskLevels", "UserRiskLevels"),
        ("SignInRiskLevels", "SignInRiskLevels"),
        ("conditions.signInRiskLevels", "SignInRiskLevels"),
        ("ServicePrincipalRiskLevels", "ServicePrincipalRiskLevels"),
        ("conditions.servicePrincipalRiskLevels", "ServicePrincipalRiskLevels"),
        ("DeviceFilterMode", "DeviceFilterMode"),
        ("conditions.devices.deviceFilter.mode", "DeviceFilterMode"),
        ("DeviceFilterRule", "DeviceFilterRule"),
        ("conditions.devices.deviceFilter.rule", "DeviceFilterRule"),
        ("GrantOperator", "GrantOperator"),
        ("grantControls.operator", "GrantOperator"),
        ("BuiltInControls", "BuiltInControls"),
        ("grantControls.builtInControls", "BuiltInControls"),
        ("CustomAuthenticationFactors", "CustomAuthenticationFactors"),
        ("grantControls.customAuthenticationFactors", "CustomAuthenticationFactors"),
        ("TermsOfUse", "TermsOfUse"),
        ("grantControls.termsOfUse", "TermsOfUse"),
        ("SignInFrequency", "SignInFrequency"),
        ("sessionControls.signInFrequency", "SignInFrequency"),
        ("PersistentBrowser", "PersistentBrowser"),
        ("sessionControls.persistentBrowser", "PersistentBrowser"),
        ("CloudAppSecurity", "CloudAppSecurity"),
        ("sessionControls.cloudAppSecurity", "CloudAppSecurity"),
        ("ApplicationEnforcedRestrictions", "ApplicationEnforcedRestrictions"),
        ("sessionControls.applicationEnforcedRestrictions", "ApplicationEnforcedRestrictions"),
        ("DisableResilienceDefaults", "DisableResilienceDefaults"),
        ("sessionControls.disableResilienceDefaults", "DisableResilienceDefaults"),
        ("conditions", "Conditions"),
        ("grantControls", "GrantControls"),
        ("sessionControls", "SessionControls"),
    ],
};

static ALL: [&Inventory; 10] =
    [&ROLES, &DEVICES, &GRANTS, &RULES, &POLICIES, &CREDENTIALS, &MEMBERS, &PRINCIPALS, &APPLICATIONS, &GROUPS];

/// The whole header of a collector's list of applications: less than these would mark anything.
const REGISTRATIONS: [&str; 4] = ["Id", "DisplayName", "AppId", "CreatedDateTime"];

/// What the tenant holds beside its users.
pub static FORMAT: Format = Format {
    name: "inventory",
    shapes: &[
        (ROLES.shape, Rank::Csv),
        (DEVICES.shape, Rank::Csv),
        (GRANTS.shape, Rank::Csv),
        (RULES.shape, Rank::Csv),
        (POLICIES.shape, Rank::Csv),
        (CREDENTIALS.shape, Rank::Csv),
        (MEMBERS.shape, Rank::Csv),
        (PRINCIPALS.shape, Rank::Csv),
        (APPLICATIONS.shape, Rank::Csv),
        (GROUPS.shape, Rank::Csv),
    ],
    marks: |record| of(record).map(|inventory| inventory.why),
    load: |record, sink| match of(record) {
        Some(inventory) => inventory.load(record, sink),
        None => Err("no inventory that is known".into()),
    },
};

fn of(record: &Record<'_>) -> Option<&'static Inventory> {
    // A table's own export and events have these; an inventory is of no time.
    if ["TimeGenerated", "Timestamp", "time", "Operation", "RecordType", "category"].iter().any(|name| record.has(name))
    {
        return None;
    }
    if record.fields.len() == REGISTRATIONS.len() && record.has_all(&REGISTRATIONS) {
        return Some(&APPLICATIONS);
    }
    ALL.iter().find(|inventory| inventory.marks.iter().any(|marks| record.has_all(marks))).copied()
}

impl Inventory {
    fn load(&self, record: &Record<'_>, sink: &mut Sink) -> Result<(), String> {
        let plan = sink.plan(self.table, || {
            let plan = Plan::bare(self.table, self.shape);
            // A header says what a table carries; an object leaves out what is empty.
            if record.form == Form::Csv {
                let columns = self.fields.iter().filter(|(field, _)| record.has(field)).map(|(_, column)| *column);
                plan.missing_beyond(std::iter::empty(), &columns.collect::<Vec<_>>())
            } else {
                plan
            }
        });
        let mut row = sink.row(&plan);
        // An application role is held by the client itself: its principal is no user.
        let own = self.table == GRANTS.table && record.has("appRoleId");
        for (field, column) in self.fields.iter().filter(|(_, column)| !(own && column.starts_with("Principal"))) {
            let value = if field.contains('.') { nested(record, field) } else { record.get(field).clone() };
            row.set(column, &value);
        }
        if self.table == GRANTS.table && !record.has("PermissionType") {
            row.text("PermissionType", if own { "Application" } else { "Delegated" });
            if own {
                row.set("ClientObjectId", record.get("principalId"));
                row.set("ClientDisplayName", record.get("principalDisplayName"));
            } else {
                row.set("PrincipalObjectId", record.get("principalId"));
            }
        }
        row.close();
        if self.table == APPLICATIONS.table {
            lookup_credentials::load(record, "application", sink);
        } else if self.table == PRINCIPALS.table {
            lookup_credentials::load(record, "service principal", sink);
        }
        Ok(())
    }
}

/// The value at a path; where one name holds a dot itself, as `@odata.type` does, the rest is one name.
fn nested<'r>(record: &Record<'r>, path: &str) -> Value<'r> {
    match path.split_once(".@") {
        Some((outer, inner)) => {
            let held = record.get(outer).object();
            held.map_or(Value::Null, |held| owned(held.get(&format!("@{inner}")).clone()))
        }
        None => record.path(path),
    }
}
