//! The output folder.

use std::fs;
use std::path::{Path, PathBuf};

use entrail::report::{FILES, prepare, run_log, write_all};

use crate::case;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn writes_its_files_and_nothing_else() {
    let place = folder();
    let dir = place.path().join("new/report");
    let output = prepare(&dir, false, &[]).unwrap();
    write_all(&case::breach().report(), &output).unwrap();
    run_log(&output, &["entrail analyze".into()]).unwrap();
    let mut names: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut wanted: Vec<String> =
        FILES.iter().map(|(name, _)| (*name).to_owned()).chain(["run.log".to_owned()]).collect();
    wanted.sort();
    assert_eq!(names, wanted);
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
    let written = write_all(&case::breach().report(), &output).unwrap();
    assert!(written.iter().all(|file| file.bytes > 0));
}
