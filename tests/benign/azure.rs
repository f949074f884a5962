//! Subscriptions at work: deployments, test machines, vaults.

use serde_json::{Value, json};

use crate::apps::{App, Apps};
use crate::people::{Company, From, Person, TENANT};
use crate::random::Random;
use crate::time::{DAY, at, iso, workday};

const SUBSCRIPTION: &str = "7c1f9e55-3b0a-4d68-9f24-5ae1b3c8d706";

/// Who acts: a person or an application.
enum Actor<'a> {
    Person(&'a Person),
    App(&'a App),
}

pub struct Azure<'a> {
    random: &'a mut Random,
    pub activity: Vec<(i64, Value)>,
    pub vault: Vec<(i64, Value)>,
}

impl<'a> Azure<'a> {
    pub fn new(random: &'a mut Random) -> Azure<'a> {
        Azure { random, activity: Vec::new(), vault: Vec::new() }
    }

    fn act(&mut self, time: i64, actor: &Actor<'_>, operation: &str, resource: &str) {
        let time = time + self.random.below(20_000) as i64;
        let from = match actor {
            Actor::Person(person) => person.desk(time / DAY + 1),
            Actor::App(app) => &app.from,
        };
        let claims = match actor {
            Actor::Person(person) => {
                json!({"name": person.name, "ipaddr": from.ip, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": person.upn, "http://schemas.microsoft.com/identity/claims/objectidentifier": person.id})
            }
            Actor::App(app) => {
                json!({"appid": app.app, "idtyp": "app", "http://schemas.microsoft.com/identity/claims/objectidentifier": app.principal})
            }
        };
        let resource = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{resource}");
        for (kind, signature) in [("Start", "Started."), ("Success", "Succeeded.OK")] {
            let record = json!({"time": iso(time + if kind == "Start" { 0 } else { 4_000 }, 7), "resourceId": resource.to_uppercase(), "operationName": operation.to_uppercase(),
                "category": "Administrative", "resultType": kind, "resultSignature": signature, "callerIpAddress": from.ip, "correlationId": self.random.guid(),
                "identity": {"authorization": {"action": operation, "scope": resource}, "claims": claims}, "level": "Information",
                "properties": {"statusCode": "OK", "eventDataId": self.random.guid()}, "tenantId": TENANT});
            self.activity.push((time, record));
        }
    }

    fn secret(&mut self, time: i64, app: &App, from: &From, operation: &str, secret: &str) {
        let time = time + self.random.below(5_000) as i64;
        let record = json!({"time": iso(time, 7), "category": "AuditEvent", "operationName": operation, "resultType": "Success", "resultSignature": "OK", "durationMs": "14",
            "callerIpAddress": from.ip, "correlationId": self.random.guid(), "identity": {"claim": {"http://schemas.microsoft.com/identity/claims/objectidentifier": app.principal, "appid": app.app}},
            "properties": {"id": format!("https://afx-prod.vault.example/secrets/{secret}"), "httpStatusCode": 200, "isAccessPolicyMatch": true, "requestUri": format!("https://afx-prod.vault.example/secrets/{secret}"), "tlsVersion": "TLS1_3"},
            "resourceId": format!("/SUBSCRIPTIONS/{}/RESOURCEGROUPS/RG-PROD/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/AFX-PROD", SUBSCRIPTION.to_uppercase())});
        self.vault.push((time, record));
    }

    pub fn ordinary(&mut self, company: &Company, apps: &Apps) {
        let pipeline = &apps.own[1];
        for day in 1..=31 {
            // The pipeline builds a test environment each night and takes it down again.
            let build = &pipeline.from.clone();
            for n in 0..6 {
                self.act(
                    at(day, 1, n),
                    &Actor::App(pipeline),
                    "Microsoft.Resources/deployments/write",
                    &format!("rg-e2e/providers/Microsoft.Resources/deployments/e2e-{day}-{n}"),
                );
                self.act(
                    at(day, 1, 20 + n),
                    &Actor::App(pipeline),
                    "Microsoft.Web/sites/write",
                    &format!("rg-e2e/providers/Microsoft.Web/sites/e2e-{n}"),
                );
            }
            for n in 0..6 {
                self.act(
                    at(day, 3, 0),
                    &Actor::App(pipeline),
                    "Microsoft.Web/sites/delete",
                    &format!("rg-e2e/providers/Microsoft.Web/sites/e2e-{n}"),
                );
            }
            self.act(
                at(day, 3, 5),
                &Actor::App(pipeline),
                "Microsoft.Resources/subscriptions/resourceGroups/delete",
                "rg-e2e",
            );
            self.act(
                at(day, 1, 31),
                &Actor::App(pipeline),
                "Microsoft.Storage/storageAccounts/listKeys/action",
                "rg-prod/providers/Microsoft.Storage/storageAccounts/afxprod",
            );
            // The web application reads its secrets, the pipeline those of a release.
            for (hour, secret) in [(0, "db"), (8, "mail"), (16, "db")] {
                self.secret(at(day, hour, 12), &apps.identity, &apps.identity.from, "SecretGet", secret);
            }
            if day % 7 == 4 {
                for n in 0..24 {
                    self.secret(at(day, 10, 2), pipeline, build, "SecretGet", &format!("release-{n}"));
                }
                self.secret(at(day, 10, 1), pipeline, build, "SecretList", "");
            }
            if !workday(day) {
                continue;
            }
            let developer = &company.staff[40 + day as usize % 3];
            let machine = format!("rg-dev/providers/Microsoft.Compute/virtualMachines/dev-{}", day % 3);
            self.act(
                at(day, 8, 20),
                &Actor::Person(developer),
                "Microsoft.Compute/virtualMachines/start/action",
                &machine,
            );
            self.act(
                at(day, 17, 40),
                &Actor::Person(developer),
                "Microsoft.Compute/virtualMachines/deallocate/action",
                &machine,
            );
            if day % 9 == 2 {
                self.act(
                    at(day, 10, 30),
                    &Actor::Person(developer),
                    "Microsoft.Storage/storageAccounts/listKeys/action",
                    "rg-dev/providers/Microsoft.Storage/storageAccounts/afxdev",
                );
            }
        }
        let (developer, admin) = (&company.staff[41], &company.admins[0]);
        self.act(
            at(10, 9, 10),
            &Actor::Person(developer),
            "Microsoft.Compute/virtualMachines/write",
            "rg-dev/providers/Microsoft.Compute/virtualMachines/dev-3",
        );
        self.act(
            at(10, 9, 12),
            &Actor::Person(developer),
            "Microsoft.Network/networkSecurityGroups/write",
            "rg-dev/providers/Microsoft.Network/networkSecurityGroups/dev-3-nsg",
        );
        self.act(
            at(25, 15, 10),
            &Actor::Person(developer),
            "Microsoft.Compute/virtualMachines/delete",
            "rg-dev/providers/Microsoft.Compute/virtualMachines/dev-3",
        );
        self.act(
            at(12, 9, 15),
            &Actor::Person(admin),
            "Microsoft.Authorization/roleAssignments/write",
            "rg-dev/providers/Microsoft.Authorization/roleAssignments/2d0c",
        );
        self.act(at(19, 10, 15), &Actor::Person(admin), "Microsoft.Insights/diagnosticSettings/write", "rg-prod/providers/Microsoft.KeyVault/vaults/afx-prod/providers/microsoft.insights/diagnosticSettings/to-workspace");
        self.act(
            at(19, 10, 40),
            &Actor::Person(admin),
            "Microsoft.KeyVault/vaults/write",
            "rg-prod/providers/Microsoft.KeyVault/vaults/afx-prod",
        );
        self.act(
            at(24, 11, 20),
            &Actor::Person(&company.staff[42]),
            "Microsoft.Compute/virtualMachines/runCommand/action",
            "rg-dev/providers/Microsoft.Compute/virtualMachines/dev-1",
        );
    }
}
