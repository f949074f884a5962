//! An invented case: a month of a small tenant, and a breach in it.

use std::collections::{BTreeMap, BTreeSet};

use entrail::error::Diagnostic;
use entrail::evidence::{Entry, Manifest};
use entrail::finding::{Entity, Finding, Outcome, Severity, Source, Verdict};
use entrail::hunt::{Known, Seen};
use entrail::report::{Case, Input, Report, RuleInfo};
use entrail::table::{RecordId, Schema, Shape, Table, TableBuilder, Tables, time};
use serde_json::{Map, Value, json};

/// Owns what a report borrows.
#[derive(Default)]
pub struct Story {
    pub case: Case,
    pub manifest: Manifest,
    pub tables: Tables,
    pub verdicts: Vec<Verdict>,
    pub rules: Vec<RuleInfo>,
    pub techniques: BTreeMap<String, String>,
    pub known: Vec<Known>,
}

impl Story {
    pub fn report(&self) -> Report<'_> {
        Report::new(Input {
            case: &self.case,
            manifest: &self.manifest,
            tables: &self.tables,
            verdicts: &self.verdicts,
            rules: &self.rules,
            techniques: &self.techniques,
            known: &self.known,
        })
    }
}

/// A table whose rows are the records of one piece of evidence, numbered from 1.
pub fn table(name: &str, evidence: u32, rows: Vec<Value>) -> Table {
    let rows: Vec<Map<String, Value>> = rows.into_iter().filter_map(|row| row.as_object().cloned()).collect();
    let schema = Schema::known(name).expect("a known table");
    let plain = Table::from_rows(schema.clone(), &rows).expect("rows that fit");
    let mut builder = TableBuilder::new(schema.clone());
    let shape = builder.shape(&Shape { name: "rows".into(), missing: Vec::new() });
    for row in 0..plain.rows() {
        (0..schema.fields.len()).for_each(|column| builder.set(column, plain.column(column).cell(row)));
        builder.close(RecordId { evidence, number: row as u64 + 1 }, shape);
    }
    builder.finish()
}

pub fn entity(kind: &str, pairs: &[(&str, &str)]) -> Entity {
    let identifiers = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Entity { kind: kind.to_owned(), identifiers }
}

pub fn finding(id: &str, rule: &str, severity: Severity, title: &str, first: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        rule: rule.to_owned(),
        title: title.to_owned(),
        severity,
        sentence: String::new(),
        first: time::parse_iso(first),
        last: time::parse_iso(first),
        entities: Vec::new(),
        tactics: Vec::new(),
        techniques: Vec::new(),
        row: Vec::new(),
        sources: Vec::new(),
        alerts: 1,
        limits: Vec::new(),
        iocs: Vec::new(),
    }
}

pub fn sources(records: impl IntoIterator<Item = u64>) -> Vec<Source> {
    records.into_iter().map(|record| Source { evidence: 0, record }).collect()
}

pub fn verdict(rule: &str, outcome: Outcome) -> Verdict {
    Verdict {
        rule: rule.to_owned(),
        outcome,
        unjudged: 0,
        considered: 10_000,
        tables: BTreeSet::from(["SigninLogs".to_owned()]),
        limits: Vec::new(),
        millis: 0,
    }
}

pub fn signin(at: &str, user: &str, ip: &str, country: &str, code: &str, app: &str, number: usize) -> Value {
    json!({
        "TimeGenerated": at, "CreatedDateTime": at, "Id": format!("00000000-0000-0000-0000-{number:012}"),
        "UserPrincipalName": user, "UserId": format!("u-{user}"), "IPAddress": ip, "Location": country,
        "ResultType": code, "AppDisplayName": app, "AppId": "00000002-0000-0ff1-ce00-000000000000",
        "ClientAppUsed": if number.is_multiple_of(9) { "Mobile Apps and Desktop clients" } else { "Browser" },
        "UserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "CorrelationId": format!("c-{number}"),
        "AuthenticationRequirement": "singleFactorAuthentication", "AutonomousSystemNumber": "64500",
        "LocationDetails": {"city": "Utrecht", "countryOrRegion": country},
    })
}

/// A spray that succeeds, a consent, a secret, a guest made admin, a mail rule; a month of ordinary days around it.
pub fn breach() -> Story {
    let people = ["ada", "bo", "cleo", "dirk", "eva", "finn", "gus", "hana", "ines", "jan", "kim", "lea"];
    let apps =
        ["Office 365 Exchange Online", "Microsoft Teams", "SharePoint Online", "Azure Portal", "Contoso Payroll"];
    let mut rows = Vec::new();
    for day in 1..=31_usize {
        let weekend = (day + 3) % 7 >= 5;
        if day == 9 {
            continue;
        }
        for i in 0..if weekend { 6 } else { 46 } {
            let person = people[(i * 7 + day) % people.len()];
            let at = format!("2026-05-{day:02}T{:02}:{:02}:00Z", 6 + (i * 5 + day) % 12, (i * 13) % 60);
            let code = match (i + day) % 23 {
                0 => "50126",
                1 => "50140",
                2 => "50074",
                _ => "0",
            };
            let country = if i % 17 == 0 { "DE" } else { "NL" };
            rows.push(signin(
                &at,
                &format!("{person}@contoso.example"),
                "198.51.100.20",
                country,
                code,
                apps[(i + day) % 5],
                rows.len(),
            ));
        }
    }
    let quiet = rows.len();
    for i in 0..120 {
        let at = format!("2026-05-18T0{}:{:02}:{:02}Z", 1 + i / 60, i % 60, (i * 7) % 60);
        let user = format!("{}@contoso.example", people[i % people.len()]);
        rows.push(signin(&at, &user, "203.0.113.77", "VN", "50126", apps[0], quiet + i));
    }
    rows.push(signin("2026-05-18T03:04:11Z", "eva@contoso.example", "203.0.113.77", "VN", "0", apps[0], quiet + 120));
    let sprayed = quiet as u64 + 1..=quiet as u64 + 121;
    let mut tables = Tables::default();
    tables.insert(table("SigninLogs", 0, rows));
    let audit = |at: &str,
                 name: &str,
                 user: &str,
                 ip: &str,
                 target: &str,
                 property: &str,
                 old: &str,
                 new: &str,
                 id: &str| {
        json!({
            "TimeGenerated": at, "ActivityDateTime": at, "ActivityDisplayName": name, "OperationName": name, "Id": id,
            "Result": "success", "LoggedByService": "Core Directory", "CorrelationId": format!("k-{id}"),
            "InitiatedBy": {"user": {"userPrincipalName": user, "id": "u", "ipAddress": ip}},
            "TargetResources": [{"displayName": target, "id": "t", "modifiedProperties": [{"displayName": property, "oldValue": old, "newValue": new}]}],
        })
    };
    let eva = "eva@contoso.example";
    tables.insert(table(
        "AuditLogs",
        1,
        vec![
            audit(
                "2026-05-18T03:11:40Z",
                "User registered security info",
                eva,
                "203.0.113.77",
                eva,
                "StrongAuthenticationMethod",
                "[]",
                "[{\"MethodType\":6}]",
                "a1",
            ),
            audit(
                "2026-05-18T03:26:02Z",
                "Consent to application",
                eva,
                "203.0.113.77",
                "Mail Sync Helper",
                "ConsentContext.IsAdminConsent",
                "",
                "\"False\"",
                "a2",
            ),
            audit(
                "2026-05-19T22:14:30Z",
                "Update application – Certificates and secrets management ",
                eva,
                "203.0.113.78",
                "Contoso Payroll",
                "KeyDescription",
                "[\"[KeyIdentifier=1]\"]",
                "[\"[KeyIdentifier=1]\",\"[KeyIdentifier=2]\"]",
                "a3",
            ),
            audit(
                "2026-05-20T01:02:00Z",
                "Invite external user",
                eva,
                "203.0.113.78",
                "mallory@attacker.example",
                "UserType",
                "",
                "\"Guest\"",
                "a4",
            ),
            audit(
                "2026-05-20T01:05:45Z",
                "Add member to role",
                eva,
                "203.0.113.78",
                "mallory@attacker.example",
                "Role.DisplayName",
                "",
                "\"Global Administrator\"",
                "a5",
            ),
        ],
    ));
    tables.insert(table("OfficeActivity", 2, vec![json!({
        "TimeGenerated": "2026-05-20T02:31:09Z", "Operation": "New-InboxRule", "UserId": eva, "ClientIP": "203.0.113.78:51234",
        "OfficeWorkload": "Exchange", "RecordType": "ExchangeAdmin", "ResultStatus": "True", "OfficeId": "o1",
        "Parameters": "[{\"Name\":\"ForwardTo\",\"Value\":\"drop@attacker.example\"},{\"Name\":\"DeleteMessage\",\"Value\":\"True\"}]",
    })]));
    tables.insert(table("AADRiskyUsers", 3, vec![json!({
        "TimeGenerated": "2026-05-28T10:00:00Z", "UserPrincipalName": eva, "RiskLevel": "high", "RiskState": "atRisk", "Id": "r1",
        "RiskLastUpdatedDateTime": "2026-05-18T04:00:00Z",
    })]));

    let account = |name: &str| entity("Account", &[("FullName", name)]);
    let ip = |address: &str| entity("IP", &[("Address", address)]);
    let mut spray =
        finding("spray-1", "spray", Severity::Critical, "Password spray that succeeded", "2026-05-18T01:00:00Z");
    spray.last = time::parse_iso("2026-05-18T03:04:11Z");
    spray.sentence = "203.0.113.77 (VN) failed to sign in to 12 accounts 120 times between 01:00 and 02:59, and then signed in as eva@contoso.example at 03:04.".into();
    spray.entities = vec![
        account(eva),
        ip("203.0.113.77"),
        entity(
            "CloudApplication",
            &[("AppId", "00000002-0000-0ff1-ce00-000000000000"), ("Name", "Office 365 Exchange Online")],
        ),
    ];
    spray.tactics = vec!["CredentialAccess".into(), "InitialAccess".into()];
    spray.techniques = vec!["T1110.003".into(), "T1078.004".into()];
    spray.sources = sources(sprayed.clone());
    spray.alerts = 3;
    spray.row = vec![
        ("IPAddress".into(), "203.0.113.77".into()),
        ("FailedAccounts".into(), "12".into()),
        ("Failures".into(), "120".into()),
        ("SucceededAs".into(), eva.into()),
    ];
    let other = |id: &str,
                 rule: &str,
                 severity,
                 title: &str,
                 first: &str,
                 sentence: &str,
                 evidence: u32,
                 record: u64,
                 tactics: &[&str],
                 techniques: &[&str],
                 more: Vec<Entity>| {
        let mut found = finding(id, rule, severity, title, first);
        found.sentence = sentence.into();
        found.entities = [vec![account(eva)], more].concat();
        found.tactics = tactics.iter().map(|t| (*t).to_owned()).collect();
        found.techniques = techniques.iter().map(|t| (*t).to_owned()).collect();
        found.sources = vec![Source { evidence, record }];
        found.row = vec![("InitiatedBy".into(), eva.into()), ("TargetDisplayName".into(), title.into())];
        found
    };
    let hijack = other(
        "hijack-1",
        "hijack",
        Severity::High,
        "Security info registered after a suspicious sign-in",
        "2026-05-18T03:11:40Z",
        "eva@contoso.example registered a new sign-in method from 203.0.113.77, seven minutes after the first sign-in from that address.",
        1,
        1,
        &["Persistence"],
        &["T1556.006"],
        vec![ip("203.0.113.77")],
    );
    let consent = other(
        "consent-1",
        "consent",
        Severity::High,
        "Consent without admin to Mail Sync Helper",
        "2026-05-18T03:26:02Z",
        "eva@contoso.example let the application Mail Sync Helper read and send mail (Mail.ReadWrite, Mail.Send, offline_access) without an administrator.",
        1,
        2,
        &["CredentialAccess", "Persistence"],
        &["T1528"],
        vec![entity(
            "CloudApplication",
            &[("AppId", "7a0e62b4-93c7-4b1f-9d6f-f0f0b5e2a911"), ("Name", "Mail Sync Helper")],
        )],
    );
    let secret = other(
        "secret-1",
        "secret",
        Severity::High,
        "New secret on Contoso Payroll",
        "2026-05-19T22:14:30Z",
        "eva@contoso.example added a second secret to the application Contoso Payroll from 203.0.113.78.",
        1,
        3,
        &["Persistence", "PrivilegeEscalation"],
        &["T1098.001"],
        vec![ip("203.0.113.78")],
    );
    let guest = other(
        "guest-1",
        "guest",
        Severity::Medium,
        "Guest invited",
        "2026-05-20T01:02:00Z",
        "eva@contoso.example invited mallory@attacker.example as a guest.",
        1,
        4,
        &["Persistence"],
        &["T1136.003"],
        vec![account("mallory@attacker.example")],
    );
    let mut role = other(
        "role-1",
        "role",
        Severity::Critical,
        "Global Administrator given outside PIM",
        "2026-05-20T01:05:45Z",
        "eva@contoso.example made the guest mallory@attacker.example Global Administrator, outside PIM.",
        1,
        5,
        &["PrivilegeEscalation"],
        &["T1098.003"],
        vec![account("mallory@attacker.example"), ip("203.0.113.78")],
    );
    role.limits = vec!["baseline 17 of 30 days".into()];
    let rule = other(
        "mail-1",
        "mailrule",
        Severity::High,
        "Inbox rule forwards and deletes",
        "2026-05-20T02:31:09Z",
        "eva@contoso.example made an inbox rule that forwards to drop@attacker.example and deletes the message.",
        2,
        1,
        &["Collection", "DefenseEvasion"],
        &["T1114.003", "T1564.008"],
        vec![ip("203.0.113.78")],
    );
    let single: Vec<Finding> = (0..7)
        .map(|i| {
            let at = format!("2026-05-{:02}T09:1{i}:00Z", 4 + i * 3);
            let mut found =
                finding(&format!("single-{i}"), "single", Severity::Low, "Single factor from an unknown country", &at);
            let user = format!("{}@contoso.example", people[i]);
            found.sentence =
                format!("{user} signed in with one factor from Germany, a country not named as the organisation's.");
            found.entities = vec![account(&user), ip("198.51.100.20")];
            found.tactics = vec!["InitialAccess".into()];
            found.techniques = vec!["T1078.004".into()];
            found.sources = sources([i as u64 * 40 + 3, i as u64 * 40 + 5]);
            found
        })
        .collect();

    let describe = |id: &str, name: &str, severity| {
        RuleInfo {
        id: id.into(),
        name: name.into(),
        severity,
        description: "One address fails on many accounts and then gets in: the attacker guesses one common password for each account, so that none is locked.\n\n## How to judge\n- Was the address seen with the account before the first failure?\n- Did the sign-in that succeeded ask for a second factor, and was it given?\n\n## False positives\nA shared egress of a company or a VPN, on which more accounts succeed than fail.\n\n## What to do\n1. Revoke the sessions of the account and reset its password.\n2. Look for what the account did afterwards: the timeline below has it.".into(),
        tactics: vec!["CredentialAccess".into()],
        techniques: vec!["T1110.003".into()],
        query: "let threshold = 5;\nSigninLogs\n| where ResultType == \"50126\"\n| summarize Failures = count(), Accounts = dcount(UserPrincipalName) by IPAddress, bin(TimeGenerated, 24h)\n| where Accounts >= threshold".into(),
        path: format!("queries/identity/{id}.yaml"),
        version: "1.0.0".into(),
    }
    };
    let rules = vec![
        describe("spray", "Password spray", Severity::High),
        describe("hijack", "Account hijack", Severity::High),
        describe("consent", "Consent without admin", Severity::High),
        describe("secret", "New credential on an existing application", Severity::High),
        describe("guest", "Guest invited", Severity::Medium),
        describe("role", "Privileged role outside PIM", Severity::Critical),
        describe("mailrule", "Mail rule that forwards or deletes", Severity::High),
        describe("single", "Single factor sign-in", Severity::Low),
        describe("lockout", "Lockouts", Severity::Medium),
        describe("mfa", "MFA failures", Severity::Medium),
        describe("breakglass", "Break-glass account used", Severity::High),
        describe("graph", "Mass reading through Microsoft Graph", Severity::High),
        describe("broken", "Rule that failed", Severity::Low),
    ];
    let blind = Outcome::NotEvaluable {
        missing: vec!["table MicrosoftGraphActivityLogs".into()],
        remedy: vec!["Diagnostic settings: category MicrosoftGraphActivityLogs, to storage or Log Analytics".into()],
    };
    let no_list = Outcome::NotEvaluable {
        missing: vec!["watchlist BreakGlass".into()],
        remedy: vec!["A case file with the list of break-glass accounts (--case)".into()],
    };
    let mut mfa = verdict("mfa", Outcome::Clean);
    mfa.unjudged = 412;
    mfa.limits = vec!["AADNonInteractiveUserSignInLogs has no rows".into()];
    let verdicts = vec![
        verdict("spray", Outcome::Hits(vec![spray])),
        verdict("hijack", Outcome::Hits(vec![hijack])),
        verdict("consent", Outcome::Hits(vec![consent])),
        verdict("secret", Outcome::Hits(vec![secret])),
        verdict("guest", Outcome::Hits(vec![guest])),
        verdict("role", Outcome::Hits(vec![role])),
        verdict("mailrule", Outcome::Hits(vec![rule])),
        verdict("single", Outcome::Hits(single)),
        verdict("lockout", Outcome::Clean),
        mfa,
        verdict("breakglass", no_list),
        verdict("graph", blind),
        verdict(
            "broken",
            Outcome::Failed(vec![Diagnostic::plain("unknown column ResultTyp").help("did you mean ResultType?")]),
        ),
    ];
    let names = [
        ("T1110.003", "Password Spraying"),
        ("T1078.004", "Cloud Accounts"),
        ("T1556.006", "Multi-Factor Authentication"),
        ("T1528", "Steal Application Access Token"),
        ("T1098.001", "Additional Cloud Credentials"),
        ("T1136.003", "Cloud Account"),
        ("T1098.003", "Additional Cloud Roles"),
        ("T1114.003", "Email Forwarding Rule"),
        ("T1564.008", "Email Hiding Rules"),
    ];
    let entry = |path: &str,
                 format: Option<&str>,
                 table: &str,
                 records: u64,
                 duplicates: u64,
                 rejected: u64,
                 warnings: &[&str]| Entry {
        path: path.into(),
        bytes: records * 1_873 + 91,
        sha256: format!(
            "{:064x}",
            (path.len() as u128 + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834_u128)
        ),
        format: format.map(str::to_owned),
        reason: if format.is_some() {
            "header of the export".into()
        } else {
            "neither JSON nor CSV: first bytes are those of a Word document".into()
        },
        tables: if table.is_empty() {
            BTreeMap::new()
        } else {
            BTreeMap::from([(table.to_owned(), records - duplicates - rejected)])
        },
        records,
        loaded: records - duplicates - rejected,
        duplicates,
        rejected,
        warnings: warnings.iter().map(|w| (*w).to_owned()).collect(),
    };
    let manifest = Manifest {
        program: "entrail 0.1.0".into(),
        evidence: vec![
            entry(
                "exports/InteractiveSignIns_2026-05-01_2026-05-31.json",
                Some("Graph signIns, beta"),
                "SigninLogs",
                1_402,
                61,
                2,
                &[
                    "record 771: CreatedDateTime is 12:36 PM, a time without a date; expected ISO 8601",
                    "record 772: errorCode is a list; expected a number",
                ],
            ),
            entry("exports/AuditLogs_2026-05.csv", Some("portal audit CSV"), "AuditLogs", 5, 0, 0, &[]),
            entry("exports/ual/search-1.csv", Some("Search-UnifiedAuditLog CSV"), "OfficeActivity", 1, 0, 0, &[]),
            entry("exports/risky-users.json", Some("Graph riskyUsers"), "AADRiskyUsers", 1, 0, 0, &[]),
            entry("exports/notes.docx", None, "", 0, 0, 0, &[]),
        ],
        copies: Vec::new(),
    };
    Story {
        case: Case {
            name: "Contoso, suspected account takeover, May 2026".into(),
            marking: "TLP:AMBER".into(),
            assumptions: vec![
                "now() is 2026-05-31 17:45:00 UTC, the time of the last event".into(),
                "ingestion_time() is TimeGenerated".into(),
            ],
            ..Case::default()
        },
        known: vec![
            Known {
                value: "203.0.113.77".into(),
                seen: vec![Seen {
                    table: "SigninLogs".into(),
                    rows: 14,
                    span: time::parse_iso("2026-05-18T01:00:00Z").zip(time::parse_iso("2026-05-18T02:00:00Z")),
                }],
            },
            Known { value: "198.51.100.200".into(), seen: Vec::new() },
        ],
        manifest,
        tables,
        verdicts,
        rules,
        techniques: names.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect(),
    }
}

/// One finding for each thousand of `events` sign-ins.
pub fn large(events: usize) -> Story {
    let rows = (0..events).map(|i| {
        let second = i * 20;
        let at = format!(
            "2026-05-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 86_400 % 31,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        );
        let user = format!("user{}@contoso.example", i * 7 % 900);
        let ip = format!("203.0.113.{}", i * 13 % 250);
        signin(
            &at,
            &user,
            &ip,
            if i % 5 == 0 { "VN" } else { "NL" },
            if i % 3 == 0 { "0" } else { "50126" },
            "Office 365 Exchange Online",
            i,
        )
    });
    let mut tables = Tables::default();
    tables.insert(table("SigninLogs", 0, rows.collect()));
    let findings = (0..events / 1_000).map(|i| {
        let severity = Severity::ALL[i % 5];
        let mut found = finding(&format!("f{i}"), "spray", severity, "Password spray", "2026-05-04T12:00:00Z");
        found.sentence = format!("203.0.113.{i} failed on many accounts.");
        found.entities = vec![entity("IP", &[("Address", &format!("203.0.113.{i}"))])];
        found.sources = sources((i as u64 * 1_000..).take(1_000).map(|record| record + 1));
        found
    });
    Story { tables, verdicts: vec![verdict("spray", Outcome::Hits(findings.collect()))], ..Story::default() }
}
