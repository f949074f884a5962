//! The summary that ends a run.

use entrail::report::{Clock, Look, terminal};

use crate::case;

#[test]
fn it_fits_and_says_what_matters() {
    let story = case::breach();
    let lines = terminal(&story.report(), Look { width: 100, color: false });
    assert!(lines.iter().all(|line| line.chars().count() <= 100));
    let text = lines.join("\n");
    for said in [
        "4 files read, 1 not recognised; 1,409 records",
        "critical 2, from 2 rules",
        "low 7, from 1 rule",
        "of 1,409 records on the timeline: ",
        "first event 2026-05-01 11:32:00, last event 2026-05-20 02:31:09",
        "days with most events: 2026-05-18 (12",
        "F1   2026-05-18 01:00:00  203.0.113.77 (VN) failed",
        "and 2 more in the report",
        "eva@contoso.example  8 findings",
        "could not look: Break-glass account used: watchlist BreakGlass",
        "failed: Rule that failed: unknown column ResultTyp",
        "in part: MFA failures: 412 of 10,000 rows not judged",
        "not read: exports/notes.docx",
        "IOC 203.0.113.77: 14 rows in SigninLogs, 2026-05-18 01:00:00",
        "1 value is in no row",
        "I1 critical, score",
    ] {
        assert!(text.contains(said), "missing: {said}\n{text}");
    }
}

#[test]
fn colours_only_when_wanted() {
    let story = case::breach();
    let plain = terminal(&story.report(), Look { width: 100, color: false }).join("\n");
    assert!(!plain.contains('\u{1b}'));
    let coloured = terminal(&story.report(), Look { width: 100, color: true }).join("\n");
    assert!(coloured.contains("\u{1b}[1;31m"));
}

#[test]
fn times_are_shown_in_the_zone_that_was_asked_for() {
    let mut story = case::breach();
    story.case.clock = Clock::new(chrono_tz::Europe::Berlin);
    let text = terminal(&story.report(), Look { width: 200, color: false }).join("\n");
    assert!(text.contains("times in Europe/Berlin"), "{text}");
    assert!(text.contains("2026-05-18 03:00:00+02:00"), "{text}");
    assert!(!text.contains("2026-05-18 01:00:00 "), "{text}");
    let files = |story: &case::Story| crate::page::bytes(story, "timeline.csv");
    assert_eq!(files(&story), files(&case::breach()), "files stay in UTC");
}

#[test]
fn a_run_without_findings_says_so() {
    let text = terminal(&case::Story::default().report(), Look::default()).join("\n");
    assert!(text.contains("0 files read") && text.contains("none; see below"), "{text}");
}
