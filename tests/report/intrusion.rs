//! What an intruder did: accounts, what was left behind, data, containment, advice.

use entrail::report::{Remains, State};
use serde_json::{Value, json};

use crate::case::{self, Story, table};
use crate::page::page;

/// The breach with more rows in a table.
fn with(name: &str, evidence: u32, rows: Vec<Value>) -> Story {
    let mut story = case::breach();
    story.tables.insert(table(name, evidence, rows));
    story
}

/// A row of the directory audit, in other records than those that findings name.
fn audit(at: &str, operation: &str, by: &str, ip: &str, target: &str) -> Value {
    json!({
        "TimeGenerated": at, "ActivityDateTime": at, "ActivityDisplayName": operation, "OperationName": operation,
        "Id": format!("{at}{operation}"), "Result": "success",
        "InitiatedBy": {"user": {"userPrincipalName": by, "ipAddress": ip}},
        "TargetResources": [{"displayName": target, "userPrincipalName": if target.contains('@') { json!(target) } else { Value::Null }, "modifiedProperties": []}],
    })
}

#[test]
fn the_accessed_are_told_from_the_tried() {
    let story = case::breach();
    let report = story.report();
    let found = &report.intrusion;
    let followed: Vec<String> = found.suspects.iter().filter(|s| s.followed()).map(|s| s.address.to_string()).collect();
    assert_eq!(followed, ["203.0.113.78", "203.0.113.77"]);
    let used: Vec<&str> = found.people(State::Accessed).map(|victim| victim.name.as_str()).collect();
    assert_eq!(used, ["eva@contoso.example"]);
    assert_eq!((found.population, found.people(State::Tried).count()), (12, 11));
    let eva = found.people(State::Accessed).next().unwrap();
    assert_eq!((eva.signins, eva.single_factor), ([1, 0, 10], (1, 1)));
    assert!(eva.countries.contains("VN") && eva.actions >= 5);
    let page = page(&story);
    for said in [
        "1 of 12 accounts was accessed from 203.0.113.78 and 203.0.113.77: eva@contoso.example.",
        "a dwell time of 47 hours",
        "11 other accounts were only tried.",
        "Confidence: high",
        "no containment seen",
        "Microsoft Graph: its activity log is not among the evidence",
    ] {
        assert!(page.contains(said), "the page does not say: {said}");
    }
}

#[test]
fn what_was_left_behind_says_whether_it_remains() {
    let story = case::breach();
    let report = story.report();
    let kinds: Vec<&str> = report.intrusion.footholds.iter().map(|foothold| foothold.what).collect();
    assert_eq!(
        kinds,
        ["Sign-in method", "Consent", "Credential of an application", "New account", "Role", "Inbox rule"]
    );
    assert!(report.intrusion.footholds.iter().all(|f| f.theirs && matches!(f.remains, Remains::Unknown(_))));

    // The unified log carries removals as well; an inventory lists what is left.
    let later = "2026-05-22T08:00:00Z";
    let mut story = with(
        "CloudAppEvents",
        7,
        vec![
            json!({"TimeGenerated": later, "ActionType": "Remove service principal.", "RawEventData": {"Id": "c1", "UserId": "it@contoso.example", "ObjectId": "Mail Sync Helper"}}),
        ],
    );
    story.tables.insert(table("IdentityInfo", 8, vec![json!({
        "TimeGenerated": "2026-05-30T00:00:00Z", "AccountUPN": "mallory@attacker.example", "AssignedRoles": ["Global Administrator"],
    })]));
    let report = story.report();
    let state = |what: &str| &report.intrusion.footholds.iter().find(|f| f.what == what).unwrap().remains;
    assert!(matches!(state("Consent"), Remains::Removed(_, how) if how.starts_with("Remove service principal")));
    assert!(matches!(state("Role"), Remains::Present(said) if said.contains("users with roles")));
    assert!(matches!(state("New account"), Remains::Present(_)));
    assert!(page(&story).contains("<b>removed</b>"));
}

#[test]
fn inventories_say_what_is_left() {
    let mut story = case::breach();
    story.tables.insert(table(
        "InboxRules",
        10,
        vec![json!({
            "MailboxOwnerUPN": "eva@contoso.example", "RuleName": "other", "IsEnabled": true,
        })],
    ));
    story.tables.insert(table(
        "OAuthPermissionGrants",
        11,
        vec![json!({
            "ClientDisplayName": "Mail Sync Helper", "Permission": "Mail.ReadWrite Mail.Send",
        })],
    ));
    story.tables.insert(table(
        "DirectoryRoleAssignments",
        12,
        vec![json!({
            "RoleName": "Global Administrator", "PrincipalUPN": "mallory_attacker.example#EXT#@contoso.example",
        })],
    ));
    let report = story.report();
    let state = |what: &str| &report.intrusion.footholds.iter().find(|f| f.what == what).unwrap().remains;
    assert!(matches!(state("Consent"), Remains::Present(said) if said.ends_with("Mail.ReadWrite Mail.Send")));
    assert!(matches!(state("Role"), Remains::Present(said) if said.contains("role assignments")));
    assert!(matches!(state("Inbox rule"), Remains::Unknown(said) if said.contains("rules of this mailbox")));
}

#[test]
fn addresses_of_daily_life_are_not_followed() {
    let mut story = case::breach();
    let mut rows: Vec<Value> = Vec::new();
    for number in 0..3 {
        let at = "2026-05-03T09:00:00Z";
        let mut row = case::signin(at, "bo@contoso.example", "203.0.113.78", "NL", "0", "Teams", 90_000 + number);
        row["LocationDetails"] = json!("");
        rows.push(row);
    }
    story.tables.insert(table("AADNonInteractiveUserSignInLogs", 9, rows));
    let report = story.report();
    let suspect = report.intrusion.suspects.iter().find(|s| s.address.to_string() == "203.0.113.78").unwrap();
    assert_eq!((suspect.before, suspect.followed()), (3, false));
    assert!(page(&story).contains("taken as an address of daily life"));
}

#[test]
fn data_and_containment_are_read_from_all_rows() {
    let at = |minute: u32| format!("2026-05-20T03:{minute:02}:00Z");
    let mail = |minute: u32, sync: &str, throttled: &str| {
        json!({
            "TimeGenerated": at(minute), "Operation": "MailItemsAccessed", "UserId": "eva@contoso.example", "MailboxOwnerUPN": "eva@contoso.example",
            "ClientIP": "203.0.113.78", "OfficeId": format!("m{minute}"), "OfficeWorkload": "Exchange",
            "Folders": format!("[{{\"FolderItems\":[{{\"InternetMessageId\":\"<{minute}@contoso.example>\"}}]}}]"),
            "OperationProperties": [{"Name": "MailAccessType", "Value": sync}, {"Name": "IsThrottled", "Value": throttled}],
        })
    };
    let mut story = with(
        "OfficeActivity",
        20,
        vec![
            mail(1, "Bind", "False"),
            mail(2, "Sync", "True"),
            mail(3, "Bind", "False"),
            json!({
                "TimeGenerated": at(9), "Operation": "FileDownloaded", "UserId": "eva@contoso.example", "ClientIP": "203.0.113.78", "OfficeId": "f1",
                "Site_Url": "https://contoso.sharepoint.example/sites/hr/", "SourceFileName": "salaries.xlsx", "OfficeWorkload": "SharePoint",
            }),
        ],
    );
    story.tables.insert(table(
        "AuditLogs",
        21,
        vec![
            audit(
                "2026-05-20T02:00:00Z",
                "Reset user password",
                "it@contoso.example",
                "198.51.100.20",
                "eva@contoso.example",
            ),
            audit(
                "2026-05-20T02:01:00Z",
                "Reset user password",
                "it@contoso.example",
                "198.51.100.20",
                "lea@contoso.example",
            ),
        ],
    ));
    let report = story.report();
    let found = &report.intrusion;
    let reached: Vec<_> = found
        .reached
        .iter()
        .map(|r| (r.what, r.place.as_str(), r.records, r.items.len(), r.synced, r.throttled))
        .collect();
    assert_eq!(
        reached,
        [
            ("mail opened", "eva@contoso.example", 3, 3, 1, 1),
            ("files taken", "https://contoso.sharepoint.example/sites/hr", 1, 1, 0, 0),
        ]
    );
    let measures: Vec<_> = found.measures.iter().map(|m| (m.what, m.on.as_str(), m.by_intruder)).collect();
    assert_eq!(measures, [("password reset", "eva@contoso.example", false)]);
    let eva = found.people(State::Accessed).next().unwrap();
    assert_eq!(eva.after, 4, "four rows after the reset");
    let page = page(&story);
    assert!(page.contains("1 record synchronised a folder whole") && page.contains("1 record throttled"));
    assert!(page.contains("4 successes or actions from the followed addresses after it"));
}

#[test]
fn every_recommendation_names_what_it_is_about() {
    let report = case::breach();
    let report = report.report();
    assert!(report.intrusion.advice.len() >= 6);
    assert!(report.intrusion.advice.iter().all(|advice| !advice.on.is_empty() || !advice.findings.is_empty()));
    assert!(report.intrusion.advice[0].on.contains(&"eva@contoso.example".to_owned()));
}

#[test]
fn a_case_without_an_incident_says_so() {
    let story = Story::default();
    assert_eq!(story.report().intrusion, entrail::report::Intrusion { population: 0, ..Default::default() });
    let page = page(&story);
    for section in ["compromised", "persistence", "data", "radius", "containment", "advice", "notification", "entities"]
    {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    assert!(page.contains("no logs were supplied"));
}

#[test]
fn entities_tell_the_usual_from_the_new() {
    let story = case::breach();
    let report = story.report();
    let eva = report.entities.iter().find(|one| one.value == "eva@contoso.example").unwrap();
    assert!(eva.signins[2] > 10 && eva.weeks.is_some());
    let addresses = &eva.company.iter().find(|(what, ..)| *what == "address").unwrap().1;
    assert!(addresses[0].new && addresses[0].value == "203.0.113.77");
    assert!(!addresses[1].new);
    let agent = report.entities.iter().find(|one| one.kind == entrail::report::Kind::UserAgent).unwrap();
    assert_eq!(agent.company[0].0, "account", "who else used it");
    assert_eq!(agent.company[0].1.len() + agent.company[0].2, 12);
    let page = page(&story);
    assert!(page.contains("never seen before"));
    assert!(page.contains("since its first finding, by weekday and hour, UTC"));
}

#[test]
fn statistics_name_what_cannot_be_counted() {
    let mut story = case::breach();
    let said = page(&story);
    for text in [
        "Authentication methods: not evaluable",
        "no export carries the policies of a sign-in",
        "Countries",
        "Germany",
        "<title>Vietnam: 121 sign-ins, 1 succeeded</title>",
    ] {
        assert!(said.contains(text), "the page does not say: {text}");
    }
    let at = "2026-05-04T12:00:00Z";
    let row = |app: &str, result: &str, number: usize| {
        let mut row = case::signin(at, "ada@contoso.example", "198.51.100.20", "NL", "0", app, number);
        row["ConditionalAccessPolicies"] = json!([{"displayName": "MFA", "result": result}]);
        row["ConditionalAccessStatus"] = json!(result);
        row["AuthenticationDetails"] = json!("[{\"authenticationMethod\":\"Password\",\"succeeded\":true}]");
        row["DeviceDetail"] = json!({"browser": "Edge 120.0", "operatingSystem": "Windows10", "deviceId": ""});
        row
    };
    story.tables.insert(table(
        "SigninLogs",
        0,
        vec![row("Payroll", "notApplied", 1), row("Mail", "success", 2), row("Mail", "notApplied", 3)],
    ));
    story.tables.insert(table("AuditLogs", 1, vec![json!({
        "TimeGenerated": at, "OperationName": "Add member to role completed (PIM activation)", "LoggedByService": "PIM", "Result": "success",
        "InitiatedBy": {"user": {"userPrincipalName": "ada@contoso.example"}},
    })]));
    let report = story.report();
    let uncovered: Vec<&str> = report.statistics.uncovered.iter().flatten().map(|count| count.value.as_str()).collect();
    assert_eq!(uncovered, ["Payroll"]);
    let top = |what: &str| report.statistics.rankings.iter().find(|r| r.what == what).unwrap().rows[0].value.clone();
    assert_eq!([top("Browser"), top("System"), top("Method")], ["Edge", "Windows", "Password"]);
    assert_eq!(report.statistics.services[0].0, "Privileged Identity Management");
}
