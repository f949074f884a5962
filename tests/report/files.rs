//! The output folder.

use std::fs;
use std::path::{Path, PathBuf};

use entrail::report::{FORMATS, When, chosen, key_place, prepare, run_log, write_all, write_secret};

use crate::case;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn writes_its_files_and_nothing_else() {
    let place = folder();
    let dir = place.path().join("new/report");
    let output = prepare(&dir, false, &[]).unwrap();
    write_all(&case::breach().report(), &output, &chosen(&[])).unwrap();
    run_log(&output, &["entrail analyze".into()]).unwrap();
    let design = [
        "attack-layer.json",
        "findings.json",
        "manifest.json",
        "report.html",
        "report.xlsx",
        "run.log",
        "timeline.csv",
        "timeline.jsonl",
    ];
    assert_eq!(names(&dir), design);
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn formats_are_chosen_by_name() {
    let files = |given: &[&str]| chosen(&words(given)).iter().map(|format| format.file).collect::<Vec<_>>();
    assert_eq!(files(&["stix"]), ["manifest.json", "iocs.stix.json"]);
    assert_eq!(files(&["all"]).len(), FORMATS.len());
    let more = files(&["default", "markdown"]);
    assert_eq!(more.len(), files(&[]).len() + 1);
    assert!(more.contains(&"summary.md") && more.contains(&"report.html"));
    let mut unique: Vec<&str> = FORMATS.iter().flat_map(|format| [format.name, format.file]).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), FORMATS.len() * 2, "no name stands for two");
    assert_eq!(FORMATS.iter().filter(|format| format.when == When::Always).count(), 1);
}

#[test]
fn what_an_earlier_report_had_beside_is_removed() {
    let place = folder();
    let output = prepare(place.path(), false, &[]).unwrap();
    let story = case::breach();
    write_all(&story.report(), &output, &chosen(&words(&["default", "stix"]))).unwrap();
    fs::write(place.path().join("notes.txt"), "mine").unwrap();
    write_all(&story.report(), &output, &chosen(&words(&["markdown"]))).unwrap();
    assert_eq!(names(place.path()), ["manifest.json", "notes.txt", "summary.md"]);
}

#[test]
fn every_format_is_documented_with_its_file() {
    let docs = include_str!("../../docs/reports.md");
    for format in &FORMATS {
        let line = docs.lines().find(|line| line.starts_with(&format!("| `{}` |", format.file)));
        let line = line.unwrap_or_else(|| panic!("{} is not in docs/reports.md", format.file));
        assert!(line.contains(&format!("`{}`", format.name)), "{line}");
    }
}

#[test]
fn a_key_never_stands_beside_its_report() {
    let place = folder();
    let (report, evidence) = (place.path().join("report"), place.path().join("exports"));
    fs::create_dir(&evidence).unwrap();
    let given = [evidence.clone()];
    let told = |key: &Path| key_place(key, &report, &given).unwrap_err().message;
    assert!(told(&report.join("key.json")).contains("lies in the report's folder"));
    assert!(told(&place.path().join("exports/../report/deep/key.json")).contains("lies in the report's folder"));
    assert!(told(&evidence.join("key.json")).contains("lies in the evidence"));
    assert!(told(&place.path().join("none/key.json")).contains("does not exist"));
    let key = place.path().join("key.json");
    key_place(&key, &report, &given).unwrap();
    write_secret(&key, b"{}").unwrap();
    assert!(told(&key).contains("exists"));
    assert!(write_secret(&key, b"{}").is_err(), "a key is never overwritten");
}

#[test]
fn a_report_is_not_overwritten_unless_asked() {
    let place = folder();
    fs::write(place.path().join("report.html"), "older").unwrap();
    let refused = prepare(place.path(), false, &[]).unwrap_err();
    assert!(refused.message.contains("not empty"), "{refused}");
    assert!(refused.help.unwrap().contains("--force"));
    prepare(place.path(), true, &[]).unwrap();
    assert_eq!(fs::read_to_string(place.path().join("report.html")).unwrap(), "older", "preparing changes nothing");
}

#[test]
fn evidence_is_never_written_to() {
    let place = folder();
    let evidence = place.path().join("exports");
    fs::create_dir(&evidence).unwrap();
    fs::write(evidence.join("signins.json"), "[]").unwrap();
    let inside = evidence.join("report");
    for (dir, given) in [
        (evidence.clone(), evidence.clone()),
        (inside.clone(), evidence.clone()),
        (place.path().join("exports/../exports/report"), evidence.clone()),
        (evidence.clone(), evidence.join("signins.json")),
    ] {
        let refused = prepare(&dir, true, &[given]).unwrap_err();
        assert!(refused.message.contains("lies in the evidence"), "{refused}");
        assert!(!inside.exists());
    }
    prepare(&place.path().join("report"), false, &[evidence.clone(), evidence.join("signins.json")]).unwrap();
}

#[test]
fn a_file_is_not_a_folder() {
    let place = folder();
    let file = place.path().join("report");
    fs::write(&file, "").unwrap();
    assert!(prepare(&file, true, &[]).unwrap_err().message.contains("it is a file"));
    let below: PathBuf = file.join("deeper");
    assert!(prepare(&below, true, &[]).unwrap_err().message.contains("cannot write to the output folder"));
}

#[test]
fn a_failed_write_names_the_file_and_leaves_no_half() {
    let place = folder();
    let output = prepare(place.path(), false, &[]).unwrap();
    let full = || std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left on device");
    let told = output
        .write("timeline.csv", |out| {
            out.write_all(b"half")?;
            Err(full())
        })
        .unwrap_err();
    assert!(told.message.contains("timeline.csv"), "{told}");
    assert!(told.help.unwrap().contains("disk is full"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

/// Leaves a page to look at in the build folder: open it in a browser when the design changes.
#[test]
fn a_report_to_look_at() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let output = prepare(&dir, true, &[]).unwrap();
    let written = write_all(&case::breach().report(), &output, &chosen(&words(&["all"]))).unwrap();
    assert!(written.iter().all(|file| file.bytes > 0));
}
