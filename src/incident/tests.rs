use super::*;
use crate::finding::Entity;

fn entity(kind: &str, pairs: &[(&str, &str)]) -> Entity {
    let identifiers = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Entity { kind: kind.to_owned(), identifiers }
}

fn who(name: &str) -> Entity {
    entity("Account", &[("FullName", name)])
}

fn ip(address: &str) -> Entity {
    entity("IP", &[("Address", address)])
}

/// A finding `hours` after the beginning of everything.
fn found(id: &str, severity: Severity, hours: i64, tactic: &str, entities: &[Entity]) -> Finding {
    let at = Some(hours * 3600 * TICKS_PER_SECOND);
    Finding {
        id: id.into(),
        rule: format!("rule-{id}"),
        title: format!("Title of {id}"),
        severity,
        sentence: String::new(),
        first: at,
        last: at,
        entities: entities.to_vec(),
        tactics: vec![tactic.into()],
        techniques: Vec::new(),
        row: Vec::new(),
        sources: Vec::new(),
        alerts: 1,
        limits: Vec::new(),
        iocs: Vec::new(),
    }
}

fn joined(findings: &[Finding]) -> Vec<Incident> {
    let common = Common {
        networks: vec!["192.0.2.0/24".parse().unwrap_or_default()],
        apps: ["azure portal".to_owned()].into(),
        ..Common::default()
    };
    correlate(&findings.iter().collect::<Vec<_>>(), &[], &common, WINDOW)
}

fn story() -> Vec<Finding> {
    vec![
        found("rule", Severity::High, 170, "Collection", &[who("ada@example.com"), ip("203.0.113.9")]),
        found("spray", Severity::Critical, 0, "CredentialAccess", &[who("ada@example.com"), ip("203.0.113.7")]),
        found("risk", Severity::Medium, 2, "InitialAccess", &[who("ADA@example.com"), ip("203.0.113.9:443")]),
        found("role", Severity::High, 90, "PrivilegeEscalation", &[who("bo@example.com"), ip("203.0.113.9")]),
        found("reset", Severity::Informational, 91, "Impact", &[who("bo@example.com"), ip("192.0.2.10")]),
        found("travel", Severity::Low, 3, "InitialAccess", &[who("cleo@example.com"), ip("192.0.2.10")]),
    ]
}

#[test]
fn a_chain_comes_out_whole_and_in_order() {
    let incidents = joined(&story());
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let one = &incidents[0];
    assert_eq!(one.findings, [1, 2, 3, 4, 0]);
    assert_eq!(one.attached, BTreeSet::from([4]));
    assert_eq!((one.score, one.severity), (190, Severity::Critical));
    assert_eq!(one.accounts, ["ada@example.com", "bo@example.com"]);
    assert_eq!(one.addresses, ["203.0.113.9", "203.0.113.7"]);
    assert_eq!(
        one.title,
        "ada@example.com and bo@example.com, from 203.0.113.9 and 203.0.113.7: initial access to collection"
    );
    let phases: Vec<_> = one.phases.iter().map(|tactic| tactic.name).collect();
    assert_eq!(phases, ["Initial Access", "Privilege Escalation", "Credential Access", "Collection"]);
}

#[test]
fn the_name_does_not_depend_on_the_order_of_findings() {
    let mut turned = story();
    turned.reverse();
    assert_eq!(joined(&story())[0].id, joined(&turned)[0].id);
}

#[test]
fn what_everybody_shares_joins_nothing() {
    let portal = entity("CloudApplication", &[("Name", "Azure Portal")]);
    let findings = [
        found("a", Severity::High, 0, "Persistence", &[who("ada@example.com"), ip("192.0.2.10"), portal.clone()]),
        found("b", Severity::High, 1, "Persistence", &[who("bo@example.com"), ip("192.0.2.10"), portal]),
        found("c", Severity::High, 2, "Persistence", &[who("Sync_DC1_0123@example.com")]),
        found("d", Severity::High, 3, "Persistence", &[who("Sync_DC1_0123@example.com")]),
    ];
    assert!(joined(&findings).iter().all(|incident| incident.findings.len() == 1));
}

#[test]
fn a_long_pause_parts_and_low_findings_alone_are_no_incident() {
    let ada = || [who("ada@example.com")];
    let far = [
        found("a", Severity::High, 0, "Persistence", &ada()),
        found("b", Severity::High, 24 * 5, "Persistence", &ada()),
    ];
    assert_eq!(joined(&far).len(), 2);
    let low =
        [found("a", Severity::Low, 0, "Persistence", &ada()), found("b", Severity::Low, 1, "Persistence", &ada())];
    assert!(joined(&low).is_empty());
}

#[test]
fn guests_service_principals_and_sessions_are_recognised() {
    let mut session = found("d", Severity::Medium, 4, "Collection", &[]);
    session.row = vec![("SessionId".into(), "5F1F-session".into())];
    let app = entity("CloudApplication", &[("Name", "Payroll"), ("AppId", "aaaaaaaa-0000-4000-8000-000000000001")]);
    let findings = [
        found("a", Severity::Medium, 1, "Persistence", &[who("Eve_example.net#EXT#@example.com"), who("Payroll")]),
        found("b", Severity::Medium, 2, "Persistence", &[who("eve@example.net")]),
        found("c", Severity::Medium, 3, "Persistence", &[app]),
        session,
    ];
    let sessions = [BTreeSet::new(), BTreeSet::from(["5f1f-SESSION".to_owned()])];
    let incidents = correlate(&findings.iter().collect::<Vec<_>>(), &sessions, &Common::default(), WINDOW);
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].findings, [0, 1, 2, 3]);
}

#[test]
fn a_finding_with_very_many_accounts_joins_through_none() {
    let crowd: Vec<Entity> = (0..30).map(|n| who(&format!("user{n}@example.com"))).collect();
    let findings = [
        found("a", Severity::High, 0, "CredentialAccess", &crowd),
        found("b", Severity::High, 1, "Persistence", &[who("user7@example.com")]),
    ];
    assert_eq!(joined(&findings).len(), 2);
}
