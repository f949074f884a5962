//! Inventories of users: what the tenant holds, not what happened in it.

use super::{Form, Format, Plan, Rank};

const SHAPE: &str = "user inventory";

/// Users as Graph, PowerShell or a collector lists them.
pub static FORMAT: Format = Format {
    name: "user inventory",
    shapes: &[(SHAPE, Rank::Csv)],
    marks: |record| {
        let seen = record.has_all(&["userPrincipalName", "accountEnabled"])
            && record.has("displayName")
            && (record.has("id") || record.has("UserId"))
            && !record.has("TimeGenerated");
        seen.then_some("has userPrincipalName and accountEnabled as a list of users")
    },
    load: |record, sink| {
        let plan = sink.plan("IdentityInfo", || {
            let plan = Plan::bare("IdentityInfo", SHAPE).alias(&[
                ("id", "AccountObjectId"),
                ("userPrincipalName", "AccountUPN"),
                ("displayName", "AccountDisplayName"),
                ("mail", "MailAddress"),
                ("jobTitle", "JobTitle"),
                ("department", "Department"),
                ("city", "City"),
                ("country", "Country"),
                ("state", "State"),
                ("accountEnabled", "IsAccountEnabled"),
                ("userType", "UserType"),
                ("givenName", "GivenName"),
                ("surname", "Surname"),
                ("mobilePhone", "Phone"),
                ("companyName", "CompanyName"),
                ("createdDateTime", "AccountCreationTime"),
                ("onPremisesSecurityIdentifier", "AccountSID"),
                ("employeeId", "EmployeeId"),
            ]);
            let names = record.fields.iter().map(|(name, _)| name.as_ref());
            if record.form == Form::Csv { plan.missing_beyond(names, &[]) } else { plan }
        });
        let mut row = sink.row(&plan);
        row.set("AccountObjectId", record.any(&["id", "UserId"]));
        row.fill(record);
        row.close();
        Ok(())
    },
};
