//! The page as a whole.

use entrail::report::FORMATS;

use crate::case::{self, Story};

/// The page of a story.
pub fn page(story: &Story) -> String {
    text(story, "report.html")
}

/// One of the files of a story.
pub fn text(story: &Story, name: &str) -> String {
    String::from_utf8(bytes(story, name)).unwrap()
}

pub fn bytes(story: &Story, name: &str) -> Vec<u8> {
    let format = FORMATS.iter().find(|format| format.file == name).unwrap();
    let mut out = Vec::new();
    (format.write)(&story.report(), &mut out).unwrap();
    out
}

/// The events of the page, as its script reads them.
pub fn data(page: &str) -> serde_json::Value {
    let start = page.find("id=\"events\">").unwrap() + "id=\"events\">".len();
    let end = start + page[start..].find("</script>").unwrap();
    serde_json::from_str(&page[start..end]).unwrap()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for name in FORMATS.map(|format| format.file) {
        assert_eq!(bytes(&case::breach(), name), bytes(&case::breach(), name), "{name}");
    }
}

#[test]
fn a_case_without_anything_is_a_report() {
    let story = Story::default();
    for name in FORMATS.map(|format| format.file) {
        bytes(&story, name);
    }
    assert!(page(&story).contains("No rule found anything"));
}

#[test]
fn the_page_says_what_was_found_and_what_could_not_be_judged() {
    let page = page(&case::breach());
    for said in [
        "The rules report 14 findings: 2 critical, 4 high, 1 medium and 7 low. They come from 8 of the 10 rules that could look.",
        "2 rules could not look",
        "1 rule could judge only part of the rows",
        "1 file was not recognised and not read.",
        "1,409 records read = 1,346 loaded + 61 duplicates + 2 rejected.",
        "SigninLogs has 1 day without a single row between its first and its last.",
        "category MicrosoftGraphActivityLogs",
        "clean on what could be judged",
        "baseline 17 of 30 days",
        "203.0.113[.]77",
        "T1110.003",
        "Password Spraying",
        "False positives",
        "exports/InteractiveSignIns_2026-05-01_2026-05-31.json, record ",
    ] {
        assert!(page.contains(said), "the page does not say: {said}");
    }
}

#[test]
fn nothing_in_the_page_leads_outside() {
    let page = page(&case::breach());
    let policy = page.split("http-equiv=\"Content-Security-Policy\" content=\"").nth(1).unwrap();
    assert!(policy.starts_with("default-src 'none';"));
    assert!(!policy.split('"').next().unwrap().contains("unsafe"));
    for outside in ["src=", "@import", "url(", " style=\"", "<link", "<iframe", "<img", "href=\"http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // The only addresses are names of XML vocabularies, which nobody fetches.
    for at in page.match_indices("://").map(|(at, _)| at) {
        assert!(page[..at + 20].ends_with("://www.w3.org/2000/s"), "{}", &page[at.saturating_sub(20)..at + 30]);
    }
}

#[test]
fn every_reference_in_the_page_has_its_place() {
    let page = page(&case::breach());
    for part in page.split("href=\"#").skip(1) {
        let target = part.split('"').next().unwrap();
        if target.contains('$') {
            continue; // built by the script
        }
        assert!(page.contains(&format!("id=\"{target}\"")), "no place for #{target}");
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id stands twice");
}

#[test]
fn the_script_gets_every_event_with_its_record() {
    let story = case::breach();
    let data = data(&page(&story));
    let events = story.report().timeline.events.len();
    assert_eq!(data["time"].as_array().unwrap().len(), events);
    assert_eq!(data["raw"].as_array().unwrap().len(), events);
    let texts = data["texts"].as_array().unwrap();
    for column in data["columns"].as_object().unwrap().values() {
        let keys = column.as_array().cloned().unwrap_or_else(|| vec![column.clone()]);
        assert!(keys.iter().all(|key| key.as_u64().unwrap() < texts.len() as u64));
    }
}

/// What a large case costs: run with `cargo test --release --test report -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_events() {
    let story = case::large(100_000);
    let clock = std::time::Instant::now();
    let report = story.report();
    println!("report: {} ms, {} events", clock.elapsed().as_millis(), report.timeline.events.len());
    for (name, write) in FORMATS.map(|format| (format.file, format.write)) {
        let clock = std::time::Instant::now();
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        println!("{name}: {} ms, {} bytes", clock.elapsed().as_millis(), out.len());
        std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("large-{name}")), out).unwrap();
    }
}

#[test]
fn an_account_says_what_was_new_for_it() {
    let story = case::breach();
    let report = story.report();
    let eva = report.profiles.iter().find(|profile| profile.name == "eva@contoso.example").unwrap();
    assert!(eva.before > 0);
    let novel: Vec<(&str, &str)> = eva.novel.iter().map(|novel| (novel.what, novel.value.as_str())).collect();
    assert_eq!(novel, [("address", "203.0.113.77"), ("country", "VN")]);
    let spread = &report.spreads["203.0.113.77"];
    assert_eq!((spread.signins, spread.accounts.len(), spread.succeeded.len()), (121, 12, 1));
    assert!(page(&story).contains("121 sign-ins of 12 accounts, 1 succeeded"));
}

#[test]
fn applications_of_microsoft_are_marked_among_the_indicators() {
    let story = case::breach();
    let report = story.report();
    let note = |id: &str| report.indicators.iter().find(|i| i.value.starts_with(id)).unwrap().note.clone();
    assert_eq!(note("00000002"), "Office 365 Exchange Online, an application of Microsoft");
    assert_eq!(note("7a0e62b4"), "Mail Sync Helper");
    assert_eq!(report.indicators[0].kind, "IP");
}

#[test]
fn incidents_and_looked_for_values_come_before_the_findings() {
    let story = case::breach();
    let page = page(&story);
    let place = |id: &str| page.find(&format!("<section id=\"{id}\"")).unwrap();
    assert!(place("incidents") < place("known") && place("known") < place("findings"));
    assert!(page.contains("198.51.100[.]200") && page.contains("in no row of the tables"));
    assert!(page.contains("TLP:AMBER"));
    let report = story.report();
    let first = &report.incidents[0];
    assert!(first.findings.len() > 3 && page.contains(&first.id));
    let json: serde_json::Value = serde_json::from_str(&text(&story, "findings.json")).unwrap();
    assert_eq!(json["incidents"][0]["score"], first.score);
    assert_eq!(json["incidents"][0]["findings"].as_array().map(Vec::len), Some(first.findings.len()));
    assert_eq!(json["iocs"][1]["seen"], serde_json::json!([]));
}
