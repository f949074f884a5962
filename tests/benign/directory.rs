//! The directory's audit: a service desk, three administrators and some developers at work.

use serde_json::{Value, json};

use crate::apps::Apps;
use crate::people::{Company, MOVED, Person, TENANT};
use crate::random::Random;
use crate::time::{at, iso, workday};

/// One audit event.
#[derive(Debug, Clone)]
pub struct Audit {
    pub time: i64,
    pub operation: &'static str,
    pub category: &'static str,
    pub service: &'static str,
    pub kind: &'static str,
    pub by: Value,
    pub targets: Vec<Value>,
    pub result: &'static str,
    pub reason: String,
    pub details: Vec<(&'static str, String)>,
    pub correlation: String,
    pub id: String,
}

/// Who did it, from the place of work; the time decides which address that has.
pub fn by(person: &Person) -> Value {
    json!({"user": {"id": person.id, "displayName": person.name, "userPrincipalName": person.upn, "ipAddress": [person.office.ip, person.desk(MOVED).ip],
        "userType": if person.guest { "Guest" } else { "Member" }, "homeTenantId": null, "homeTenantName": null}, "app": null})
}

/// The same from home.
fn by_home(person: &Person) -> Value {
    let mut who = by(person);
    who["user"]["ipAddress"] = json!([person.home.ip, person.later.ip]);
    who
}

pub fn by_app(name: &str, principal: &str) -> Value {
    json!({"user": null, "app": {"appId": null, "displayName": name, "servicePrincipalId": principal, "servicePrincipalName": null}})
}

/// A target with its changed properties: name, before, after.
pub fn target(kind: &str, name: &str, id: &str, upn: Option<&str>, changed: &[(&str, &str, &str)]) -> Value {
    let text = |value: &str| if value.is_empty() { Value::Null } else { json!(value) };
    let changed: Vec<Value> = changed
        .iter()
        .map(|(name, old, new)| json!({"displayName": name, "oldValue": text(old), "newValue": text(new)}))
        .collect();
    json!({"id": id, "displayName": name, "type": kind, "userPrincipalName": upn, "groupType": null, "modifiedProperties": changed})
}

pub fn to(person: &Person, changed: &[(&str, &str, &str)]) -> Value {
    target("User", &person.name, &person.id, Some(&person.upn), changed)
}

pub struct Directory<'a> {
    random: &'a mut Random,
    pub all: Vec<Audit>,
}

const LICENCES: &str = "9d0c1f1e-6a52-4f3b-8a41-1d2e3f405162";
const PIM: &str = "01fc33a7-78ba-4d2f-a4b7-768e336e890e";

impl<'a> Directory<'a> {
    pub fn new(random: &'a mut Random) -> Directory<'a> {
        Directory { random, all: Vec::new() }
    }

    /// An event; the caller changes what is different.
    pub fn add(
        &mut self,
        time: i64,
        operation: &'static str,
        category: &'static str,
        by: Value,
        targets: Vec<Value>,
    ) -> &mut Audit {
        let kind = match operation.split(' ').next() {
            Some("Add" | "Invite" | "Register") => "Add",
            Some("Remove" | "Delete") => "Delete",
            Some("Consent") => "Assign",
            _ => "Update",
        };
        let correlation = self.random.guid();
        let id =
            format!("Directory_{correlation}_{:05X}_{:08}", self.random.below(1 << 20), self.random.below(100_000_000));
        let time = time + self.random.below(40_000) as i64;
        let mut by = by;
        let address = by["user"]["ipAddress"].get(usize::from(time >= at(MOVED, 0, 0))).cloned();
        if let Some(address) = address {
            by["user"]["ipAddress"] = address;
        }
        self.all.push(Audit {
            time,
            operation,
            category,
            service: "Core Directory",
            kind,
            by,
            targets,
            result: "success",
            reason: String::new(),
            details: Vec::new(),
            correlation,
            id,
        });
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    pub fn ordinary(&mut self, company: &Company) {
        let staff = &company.staff;
        for day in (2..=31).filter(|day| workday(*day)) {
            let desk = self.random.pick(&company.helpdesk).clone();
            for _ in 0..2 + self.random.below(4) {
                let (person, hour, minute) =
                    (self.random.pick(staff).clone(), 8 + self.random.below(8) as i64, self.random.below(60) as i64);
                let group = *self.random.pick(&["Sales", "Finance", "All staff", "Project Heron", "Warehouse"]);
                let named = format!("\"{group}\"");
                self.add(
                    at(day, hour, minute),
                    "Add member to group",
                    "GroupManagement",
                    by(&desk),
                    vec![to(&person, &[("Group.DisplayName", "", &named)])],
                )
                .kind = "Assign";
            }
            for _ in 0..2 {
                let (person, minute) = (self.random.pick(staff).clone(), self.random.below(60) as i64);
                self.add(
                    at(day, 6, minute),
                    "Change user license",
                    "UserManagement",
                    by_app("Microsoft Azure AD Group-Based Licensing", LICENCES),
                    vec![to(&person, &[("AssignedLicense", "[]", "[\"SPE_E3\"]")])],
                );
                self.add(
                    at(day, 6, minute),
                    "Update user",
                    "UserManagement",
                    by(&company.sync),
                    vec![to(&person, &[("Department", "[\"Sales\"]", "[\"Export\"]")])],
                );
            }
            if self.random.percent(70) {
                let person = self.random.pick(staff).clone();
                self.add(at(day, 9, 40), "Reset user password", "UserManagement", by(&desk), vec![to(&person, &[])])
                    .reason = "Successfully completed reset.".into();
                let changed = self.add(
                    at(day, 9, 52),
                    "Change user password",
                    "UserManagement",
                    by(&person),
                    vec![to(&person, &[])],
                );
                changed.service = "Core Directory";
            }
            if self.random.percent(45) {
                let person = self.random.pick(&staff[2..56]).clone();
                let device = format!("LDS-{:04}", self.random.below(10_000));
                let id = self.random.guid();
                self.add(
                    at(day, 10, 12),
                    "Register device",
                    "Device",
                    by_app("Device Registration Service", "163b648b-025e-455b-9937-a7f39a65d171"),
                    vec![target("Device", &device, &id, None, &[]), to(&person, &[])],
                )
                .service = "Device Registration Service";
                self.add(
                    at(day, 10, 13),
                    "Add registered owner to device",
                    "Device",
                    by_app("Device Registration Service", "163b648b-025e-455b-9937-a7f39a65d171"),
                    vec![
                        to(&person, &[("Device.DisplayName", "", &format!("\"{device}\""))]),
                        target("Device", &device, &id, None, &[]),
                    ],
                );
                self.add(
                    at(day, 10, 15),
                    "Add BitLocker key",
                    "KeyManagement",
                    by(&person),
                    vec![target("Device", &device, &id, None, &[])],
                )
                .service = "Core Directory";
            }
            if day % 4 == 0 {
                self.self_service(day, &staff[30 + day as usize % 10]);
            }
            let admin = &company.admins[day as usize % 3];
            let role = [
                "Exchange Administrator",
                "User Administrator",
                "Cloud Application Administrator",
                "Conditional Access Administrator",
                "Global Administrator",
            ][day as usize % 5];
            self.activation(day, admin, role);
        }
    }

    /// A forgotten password, reset by its owner in the office.
    fn self_service(&mut self, day: i64, person: &Person) {
        for (minute, operation, service) in [
            (0, "Self-service password reset flow activity progress", "Self-service Password Management"),
            (3, "Reset password (self-service)", "Self-service Password Management"),
        ] {
            self.add(at(day, 11, minute), operation, "UserManagement", by(person), vec![to(person, &[])]).service =
                service;
        }
    }

    /// A role taken for some hours.
    fn activation(&mut self, day: i64, admin: &Person, role: &str) {
        let id = self.random.guid();
        let named = format!("\"{role}\"");
        let asked = self.add(
            at(day, 8, 50),
            "Add member to role completed (PIM activation)",
            "RoleManagement",
            by(admin),
            vec![target("Role", role, &id, None, &[]), to(admin, &[])],
        );
        (asked.service, asked.reason) = ("PIM", "CHG-2041 weekly window".into());
        self.add(
            at(day, 8, 50),
            "Add member to role",
            "RoleManagement",
            by_app("MS-PIM", PIM),
            vec![to(admin, &[("Role.DisplayName", "", &named)]), target("Role", "", &id, None, &[])],
        )
        .kind = "Assign";
        self.add(
            at(day, 12, 50),
            "Remove member from role",
            "RoleManagement",
            by_app("MS-PIM", PIM),
            vec![to(admin, &[("Role.DisplayName", &named, "")]), target("Role", "", &id, None, &[])],
        )
        .kind = "Unassign";
        self.add(
            at(day, 12, 50),
            "Remove member from role (PIM activation expired)",
            "RoleManagement",
            by_app("MS-PIM", PIM),
            vec![target("Role", role, &id, None, &[]), to(admin, &[])],
        )
        .service = "PIM";
    }

    /// Who comes, who goes, who changes the telephone.
    pub fn people(&mut self, company: &Company) {
        let staff = &company.staff;
        let desk = &company.helpdesk[0];
        for (n, person) in staff[56..60].iter().enumerate() {
            let minute = 10 + 4 * n as i64;
            self.add(
                at(6, 6, minute),
                "Add user",
                "UserManagement",
                by(&company.sync),
                vec![to(person, &[("AccountEnabled", "[]", "[true]"), ("UserType", "[]", "[\"Member\"]")])],
            );
            self.add(at(6, 13, minute), "Reset user password", "UserManagement", by(desk), vec![to(person, &[])]);
            self.add(
                at(6, 13, minute + 1),
                "Add member to group",
                "GroupManagement",
                by(desk),
                vec![to(person, &[("Group.DisplayName", "", "\"All staff\"")])],
            );
            let pass = self.add(
                at(9, 7, 2),
                "Admin registered security info",
                "UserManagement",
                by(desk),
                vec![to(person, &[])],
            );
            (pass.service, pass.reason) =
                ("Authentication Methods", "Admin registered temporary access pass method for user".into());
            let started = self.add(
                at(9, 7, 26),
                "User started security info registration",
                "UserManagement",
                by(person),
                vec![to(person, &[])],
            );
            (started.service, started.reason) =
                ("Authentication Methods", "User started the registration for Microsoft Authenticator".into());
            let done = self.add(
                at(9, 7, 29),
                "User registered security info",
                "UserManagement",
                by(person),
                vec![to(person, &[])],
            );
            (done.service, done.reason) =
                ("Authentication Methods", "User registered Authenticator App with Notification and Code".into());
        }
        for person in &staff[0..2] {
            self.add(
                at(20, 17, 0),
                "Disable account",
                "UserManagement",
                by(desk),
                vec![to(person, &[("AccountEnabled", "[true]", "[false]")])],
            );
            self.add(
                at(20, 17, 1),
                "Update StsRefreshTokenValidFrom Timestamp",
                "UserManagement",
                by(desk),
                vec![to(person, &[])],
            );
            self.add(
                at(20, 17, 3),
                "Remove member from group",
                "GroupManagement",
                by(desk),
                vec![to(person, &[("Group.DisplayName", "\"All staff\"", "")])],
            );
            self.add(at(27, 17, 0), "Delete user", "UserManagement", by(desk), vec![to(person, &[])]);
        }
        // A new telephone at home, and a lost one that the service desk takes off the account.
        for (time, operation, reason) in [
            (
                at(13, 19, 10),
                "User started security info registration",
                "User started the registration for Microsoft Authenticator",
            ),
            (
                at(13, 19, 14),
                "User registered security info",
                "User registered Authenticator App with Notification and Code",
            ),
            (at(13, 19, 40), "User deleted security info", "User deleted Authenticator App with Notification and Code"),
        ] {
            let event = self.add(time, operation, "UserManagement", by_home(&staff[30]), vec![to(&staff[30], &[])]);
            (event.service, event.reason) = ("Authentication Methods", reason.into());
        }
        for (time, operation, reason) in [
            (at(18, 9, 15), "Admin deleted security info", "Admin deleted Authenticator App method for user"),
            (at(18, 9, 20), "Admin registered security info", "Admin registered temporary access pass method for user"),
        ] {
            let event = self.add(time, operation, "UserManagement", by(desk), vec![to(&staff[34], &[])]);
            (event.service, event.reason) = ("Authentication Methods", reason.into());
        }
        let renewed = self.add(
            at(18, 9, 31),
            "User registered security info",
            "UserManagement",
            by(&staff[34]),
            vec![to(&staff[34], &[])],
        );
        (renewed.service, renewed.reason) =
            ("Authentication Methods", "User registered Authenticator App with Notification and Code".into());
        let passkey = self.add(
            at(25, 9, 31),
            "User registered security info",
            "UserManagement",
            by(&staff[47]),
            vec![to(&staff[47], &[])],
        );
        (passkey.service, passkey.reason) = ("Authentication Methods", "User registered Fido2 security key".into());
        for day in [4, 23] {
            self.add(
                at(day, 14, 5),
                "Read BitLocker key",
                "KeyManagement",
                by(desk),
                vec![target("Device", "LDS-0417", "c0ffee00-0417-4000-8000-000000000417", None, &[])],
            );
        }
        // Stale devices, tidied once.
        for n in 0..18 {
            let (name, id) = (format!("LDS-1{n:03}"), self.random.guid());
            self.add(
                at(26, 15, n / 4),
                "Delete device",
                "Device",
                by(&company.admins[1]),
                vec![target("Device", &name, &id, None, &[])],
            );
        }
        for (n, guest) in company.guests.iter().enumerate() {
            let inviter = &staff[12 + n];
            let mail = format!("{}@partner.example", guest.name.replace(' ', "."));
            let invited = self.add(
                at(3 + 2 * n as i64, 10, 0),
                "Invite external user",
                "UserManagement",
                by(inviter),
                vec![to(guest, &[])],
            );
            (invited.service, invited.details) = ("Invited Users", vec![("invitedUserEmailAddress", mail)]);
            self.add(
                at(3 + 2 * n as i64, 13, 30),
                "Redeem external user invite",
                "UserManagement",
                by_home(guest),
                vec![to(guest, &[])],
            )
            .service = "Invited Users";
            self.add(
                at(4 + 2 * n as i64, 9, 0),
                "Add member to group",
                "GroupManagement",
                by(inviter),
                vec![to(guest, &[("Group.DisplayName", "", "\"Project Heron\"")])],
            );
        }
    }

    /// Policies and settings, in announced windows.
    pub fn policies(&mut self, company: &Company) {
        let admin = &company.admins[0];
        let policy = |name: &str, state: &str, excluded: &[&str]| {
            json!({"id": "5b0e7d14-92c3-4a6f-b1d8-3e4f50617283", "displayName": name, "state": state,
                "conditions": {"applications": {"includeApplications": ["All"]}, "users": {"includeUsers": ["All"], "excludeGroups": excluded},
                    "clientAppTypes": ["all"], "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
                "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}})
            .to_string()
        };
        let target_of = |before: &str, after: &str| {
            vec![target(
                "Policy",
                "Second factor outside the offices",
                "5b0e7d14-92c3-4a6f-b1d8-3e4f50617283",
                None,
                &[("ConditionalAccessPolicy", before, after)],
            )]
        };
        let emergency = "f1e2d3c4-0000-4000-8000-00000000e3e3";
        let plain = policy("MFA outside offices", "enabled", &[emergency]);
        let renamed = policy("Second factor outside the offices", "enabled", &[emergency]);
        let trial = policy("Compliant devices for finance", "enabledForReportingButNotEnforced", &[emergency]);
        let enforced = policy("Compliant devices for finance", "enabled", &[emergency]);
        for (day, operation, before, after) in [
            (5, "Update conditional access policy", plain.as_str(), renamed.as_str()),
            (12, "Add conditional access policy", "", trial.as_str()),
            (26, "Update conditional access policy", trial.as_str(), enforced.as_str()),
        ] {
            self.add(at(day, 9, 20), operation, "Policy", by(admin), target_of(before, after)).service =
                "Conditional Access";
        }
        let ranges = |more: &str| {
            format!(
                "{{\"displayName\":\"Offices\",\"isTrusted\":true,\"ipRanges\":[{{\"cidrAddress\":\"192.0.2.0/26\"}}{more}]}}"
            )
        };
        self.add(
            at(19, 9, 35),
            "Update named location",
            "Policy",
            by(admin),
            vec![target(
                "NamedLocation",
                "Offices",
                "7a7a7a7a-1111-4000-8000-000000000001",
                None,
                &[("NamedLocation", &ranges(""), &ranges(",{\"cidrAddress\":\"192.0.2.64/27\"}"))],
            )],
        )
        .service = "Conditional Access";
        let methods = self.add(
            at(19, 9, 50),
            "Authentication Methods Policy Update",
            "ApplicationManagement",
            by(admin),
            vec![target(
                "Policy",
                "Authentication Methods Policy",
                TENANT,
                None,
                &[(
                    "AuthenticationMethodsPolicy",
                    "{\"fido2\":{\"state\":\"disabled\"}}",
                    "{\"fido2\":{\"state\":\"enabled\"}}",
                )],
            )],
        );
        methods.service = "Authentication Methods";
        let domain = target(
            "Domain",
            "alderfinch-shop.example",
            TENANT,
            None,
            &[("Name", "[\"\"]", "[\"alderfinch-shop.example\"]")],
        );
        self.add(at(5, 9, 40), "Add unverified domain", "DirectoryManagement", by(admin), vec![domain.clone()]);
        self.add(at(5, 10, 25), "Verify domain", "DirectoryManagement", by(admin), vec![domain]);
        // A colleague becomes eligible for a role, approved.
        let theo = &company.admins[1];
        let eligible = self.add(
            at(12, 9, 5),
            "Add eligible member to role in PIM completed (permanent)",
            "RoleManagement",
            by(admin),
            vec![
                target("Role", "Intune Administrator", "3a2c62db-5318-420d-8d74-23affee5d9d5", None, &[]),
                to(theo, &[]),
            ],
        );
        (eligible.service, eligible.reason) = ("PIM", "CHG-2077 device team".into());
        self.add(
            at(12, 9, 5),
            "Add eligible member to role",
            "RoleManagement",
            by_app("MS-PIM", PIM),
            vec![to(theo, &[("Role.DisplayName", "", "\"Intune Administrator\"")])],
        )
        .kind = "Assign";
    }

    /// Applications of the developers and of suppliers.
    pub fn applications(&mut self, company: &Company, apps: &Apps) {
        let developer = &company.staff[40];
        let secrets = "Update application – Certificates and secrets management ";
        for (n, app) in apps.own.iter().enumerate() {
            // Registered long ago; the last one this month.
            if n == 3 {
                self.add(
                    at(16, 13, 0),
                    "Add application",
                    "ApplicationManagement",
                    by(developer),
                    vec![target(
                        "Application",
                        &app.name,
                        &app.object,
                        None,
                        &[("DisplayName", "[]", &format!("[\"{}\"]", app.name))],
                    )],
                );
                self.add(
                    at(16, 13, 0),
                    "Add service principal",
                    "ApplicationManagement",
                    by(developer),
                    vec![target("ServicePrincipal", &app.name, &app.principal, None, &[])],
                );
            }
            let key = |id: &str, name: &str| {
                format!("[KeyIdentifier={id},KeyType=Password,KeyUsage=Verify,DisplayName={name}]")
            };
            let both = json!([key(&app.old, "2025"), key(&app.new, "2026")]).to_string();
            let (before, after) =
                (json!([key(&app.old, "2025")]).to_string(), json!([key(&app.new, "2026")]).to_string());
            let day = 10 + n as i64 * 2 + 1;
            let first = if n == 3 { "[]".to_owned() } else { before };
            let added = if n == 3 { after.clone() } else { both.clone() };
            let time = if n == 3 { at(16, 13, 20) } else { at(day, 13, 20) };
            self.add(
                time,
                secrets,
                "ApplicationManagement",
                by(developer),
                vec![target(
                    "Application",
                    &app.name,
                    &app.object,
                    None,
                    &[("KeyDescription", &first, &added), ("Included Updated Properties", "", "\"KeyDescription\"")],
                )],
            );
            if n < 3 {
                self.add(
                    at(day + 1, 14, 0),
                    secrets,
                    "ApplicationManagement",
                    by(developer),
                    vec![target(
                        "Application",
                        &app.name,
                        &app.object,
                        None,
                        &[("KeyDescription", &both, &after), ("Included Updated Properties", "", "\"KeyDescription\"")],
                    )],
                );
            }
        }
        let web = &apps.own[0];
        self.add(at(18, 10, 45), "Update application", "ApplicationManagement", by(developer), vec![target("Application", &web.name, &web.object, None, &[("AppAddress", "[{\"AddressType\":0,\"Address\":\"https://portal.alderfinch.example/auth\"}]", "[{\"AddressType\":0,\"Address\":\"https://portal.alderfinch.example/auth\"},{\"AddressType\":0,\"Address\":\"http://localhost:3000/auth\"}]")])]);
        self.add(
            at(18, 10, 50),
            "Add owner to application",
            "ApplicationManagement",
            by(developer),
            vec![
                to(&company.staff[41], &[("Application.DisplayName", "", &format!("\"{}\"", web.name))]),
                target("Application", &web.name, &web.object, None, &[]),
            ],
        );
        for (day, person, name, scope) in [
            (3, 18, "Calendar Polls", "openid profile User.Read"),
            (11, 19, "Whiteboard", "User.Read Calendars.Read offline_access"),
            (24, 21, "Travel Desk", "openid email profile"),
        ] {
            self.consent(at(day, 14, 10), &company.staff[person], name, scope, false);
        }
        self.consent(at(16, 11, 0), &company.admins[0], "Diagram Studio", "User.Read Files.Read openid profile", true);
        let reader = &apps.own[2];
        self.add(
            at(12, 9, 30),
            "Add app role assignment to service principal",
            "ApplicationManagement",
            by(&company.admins[0]),
            vec![
                target(
                    "ServicePrincipal",
                    "Microsoft Graph",
                    "7d5c1a2b-0000-4000-8000-00000000face",
                    None,
                    &[
                        ("AppRole.Value", "", "\"User.Read.All\""),
                        ("ServicePrincipal.DisplayName", "", &format!("\"{}\"", reader.name)),
                        ("ServicePrincipal.ObjectID", "", &format!("\"{}\"", reader.principal)),
                    ],
                ),
                target("ServicePrincipal", &reader.name, &reader.principal, None, &[]),
            ],
        );
    }

    fn consent(&mut self, time: i64, person: &Person, name: &str, scope: &str, all: bool) {
        let (principal, grant, resource, app) =
            (self.random.guid(), self.random.guid(), self.random.guid(), self.random.guid());
        let kind = if all { "AllPrincipals" } else { "Principal" };
        let permissions = format!(
            "\"[] => [[Id: {grant}, CreatedDateTime: {}, ClientId: {principal}, PrincipalId: {}, ResourceId: {resource}, ConsentType: {kind}, Scope: {scope}, LastModifiedDateTime: ]]; \"",
            iso(time, 0),
            if all { "" } else { &person.id }
        );
        let flag = if all { "\"True\"" } else { "\"False\"" };
        self.add(
            time,
            "Consent to application",
            "ApplicationManagement",
            by(person),
            vec![target(
                "ServicePrincipal",
                name,
                &principal,
                None,
                &[
                    ("ConsentContext.IsAdminConsent", "", flag),
                    ("ConsentContext.IsAppOnly", "", "\"False\""),
                    ("ConsentContext.OnBehalfOfAll", "", flag),
                    ("ConsentContext.Tags", "", "\"WindowsAzureActiveDirectoryIntegratedApp\""),
                    ("ConsentAction.Permissions", "", &permissions),
                    ("TargetId.ServicePrincipalNames", "", &format!("\"{app}\"")),
                ],
            )],
        );
    }
}
