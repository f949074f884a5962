//! A pseudonymised report names nobody, and says the same otherwise.

use std::collections::BTreeMap;
use std::io::Read;

use entrail::report::{FORMATS, Look, Pseudonyms, Report, terminal};
use serde_json::json;

use crate::case::{self, Story, entity, finding, sources, table, verdict};
use entrail::finding::{Outcome, Severity};

/// The bytes of an output; of a workbook those of its parts.
fn contents(report: &Report<'_>, file: &str) -> Vec<u8> {
    let format = FORMATS.iter().find(|format| format.file == file).unwrap();
    let mut out = Vec::new();
    (format.write)(report, &mut out).unwrap();
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(&out)) else { return out };
    let mut whole = Vec::new();
    for part in 0..archive.len() {
        archive.by_index(part).unwrap().read_to_end(&mut whole).unwrap();
    }
    whole
}

/// Where one of these texts still stands, in any letter case.
fn leaks(story: &Story, originals: &[&str]) -> Vec<String> {
    let original = story.report();
    let pseudonyms = Pseudonyms::of(&original.input);
    let report = Report::new(pseudonyms.input(&original.input));
    let mut found = Vec::new();
    let mut look = |name: &str, text: &str| {
        let text = text.to_lowercase();
        for original in originals.iter().filter(|original| text.contains(&original.to_lowercase())) {
            let at = text.find(&original.to_lowercase()).unwrap();
            let around: String = text.chars().skip(text[..at].chars().count().saturating_sub(40)).take(100).collect();
            found.push(format!("{original} in {name}: {around}"));
        }
    };
    for format in &FORMATS {
        look(format.file, &String::from_utf8_lossy(&contents(&report, format.file)));
    }
    look("the terminal", &terminal(&report, Look { width: 200, color: false }).join("\n"));
    found
}

#[test]
fn nobody_is_named_in_any_output() {
    let originals = [
        "contoso.example",
        "eva@",
        "mallory",
        "attacker.example",
        "203.0.113.77",
        "203.0.113[.]77",
        "203.0.113.78",
        "198.51.100",
        "7a0e62b4-93c7",
        "00000000-0000-0000-0000-000000000001",
    ];
    assert_eq!(leaks(&case::breach(), &originals), Vec::<String>::new());
}

#[test]
fn the_report_says_the_same_otherwise() {
    let story = case::breach();
    let plain = story.report();
    let pseudonyms = Pseudonyms::of(&plain.input);
    let report = Report::new(pseudonyms.input(&plain.input));
    assert_eq!(report.counts, plain.counts);
    assert_eq!(report.coverage, plain.coverage);
    let shape = |report: &Report<'_>| {
        let incidents: Vec<_> = report
            .incidents
            .iter()
            .map(|i| (i.score, i.findings.clone(), i.accounts.len(), i.addresses.len()))
            .collect();
        let events: Vec<_> =
            report.timeline.events.iter().map(|e| (e.time, e.findings.clone(), e.records.clone())).collect();
        (incidents, events, report.accounts.len(), report.indicators.len(), report.statistics.signed_in.len())
    };
    assert_eq!(shape(&report), shape(&plain));
    // What anybody may know stays readable.
    let file = String::from_utf8(contents(&report, "findings.json")).unwrap();
    assert!(file.contains("00000002-0000-0ff1-ce00-000000000000") && file.contains("Office 365 Exchange Online"));
    assert!(file.contains("\"file\": \"exports/ual/search-1.csv\""));
}

#[test]
fn the_key_leads_back_and_is_the_same_each_time() {
    let story = case::breach();
    let report = story.report();
    let pseudonyms = Pseudonyms::of(&report.input);
    let key: serde_json::Value = serde_json::from_str(&pseudonyms.key()).unwrap();
    let list = key["replacements"].as_array().unwrap();
    let back: BTreeMap<&str, &str> =
        list.iter().map(|one| (one["replacement"].as_str().unwrap(), one["original"].as_str().unwrap())).collect();
    assert_eq!(back.len(), list.len(), "no two originals share a replacement");
    let eva = list.iter().find(|one| one["original"] == "eva@contoso.example").unwrap();
    let shown = String::from_utf8(contents(&Report::new(pseudonyms.input(&report.input)), "findings.json")).unwrap();
    assert!(shown.contains(eva["replacement"].as_str().unwrap()));
    assert_eq!(Pseudonyms::of(&report.input).key(), pseudonyms.key());
}

/// One account in all the ways that logs write it.
#[test]
fn every_spelling_of_an_account_is_replaced() {
    let at = "2026-05-04T12:00:00Z";
    let mut story = Story::default();
    story.tables.insert(table(
        "SigninLogs",
        0,
        vec![json!({
            "TimeGenerated": at, "CreatedDateTime": at, "Id": "e655b583-0753-4a99-a183-8b9c60a29b61", "ResultType": "0",
            "UserPrincipalName": "Ren\u{e9}.Okafor@Fabrikam.onmicrosoft.com", "UserDisplayName": "Ren\u{e9} Okafor",
            "UserId": "571CE01C-C9F1-4FA1-A955-68B71E6F89D6", "IPAddress": "2001:DB8:0:0::7", "Location": "DE",
            "UserAgent": "Mozilla/5.0 Chrome/120.0.0.0", "AppDisplayName": "Office 365 Exchange Online",
            "DeviceDetail": {"displayName": "FAB-NB-0042", "operatingSystem": "Windows 10"},
        })],
    ));
    story.tables.insert(table(
        "OfficeActivity",
        1,
        vec![json!({
            "TimeGenerated": at, "Operation": "FileAccessed", "UserId": "ren\u{e9}.okafor@fabrikam.onmicrosoft.com",
            "ClientIP": "[2001:db8::7]:443", "OfficeWorkload": "OneDrive", "RecordType": "SharePointFileOperation",
            "OfficeObjectId": "https://fabrikam-my.sharepoint.com/personal/ren\u{e9}_okafor_fabrikam_onmicrosoft_com/Documents/a.docx",
            "Parameters": "[{\"Name\":\"Identity\",\"Value\":\"{\\\"who\\\":\\\"Ren\\\\u00e9 Okafor\\\",\\\"id\\\":\\\"571ce01cc9f14fa1a95568b71e6f89d6\\\"}\"}]",
        })],
    ));
    let mut found = finding("f", "rule", Severity::High, "Of Ren\u{e9} Okafor on fab-nb-0042", at);
    found.sentence = "REN\u{c9}.OKAFOR@FABRIKAM.ONMICROSOFT.COM from 2001:db8::7 (Fabrikam)".into();
    found.entities =
        vec![entity("Account", &[("Name", "ren\u{e9}.okafor"), ("UPNSuffix", "fabrikam.onmicrosoft.com")])];
    found.sources = vec![sources([1])[0].clone(), entrail::finding::Source { evidence: 1, record: 1 }];
    story.verdicts = vec![verdict("rule", Outcome::Hits(vec![found]))];
    let originals = ["okafor", "fabrikam", "ren\u{e9}", "571ce01c", "2001:db8", "fab-nb", "e655b583"];
    assert_eq!(leaks(&story, &originals), Vec::<String>::new());
    let original = story.report();
    let pseudonyms = Pseudonyms::of(&original.input);
    let report = Report::new(pseudonyms.input(&original.input));
    let event = String::from_utf8(contents(&report, "timeline.jsonl")).unwrap();
    assert!(event.contains("Chrome/120.0.0.0"), "the version of a browser is no address: {event}");
    assert_eq!(report.timeline.events.len(), 2);
}
