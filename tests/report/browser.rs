//! The page in a real browser, where one is installed.

use std::path::Path;
use std::process::Command;

use entrail::report::{chosen, prepare, write_all};

use crate::case;

/// Loads the page, lets its script run, and reads the document back.
#[test]
fn the_script_runs_without_complaint() {
    let Ok(found) = Command::new("chromium").arg("--version").output() else {
        println!("skipped: chromium is not installed");
        return;
    };
    if !found.status.success() {
        println!("skipped: chromium does not start");
        return;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let output = prepare(&dir, true, &[]).unwrap();
    write_all(&case::breach().report(), &output, &chosen(&[])).unwrap();
    let profile = tempfile::tempdir().unwrap();
    let run = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", dir.join("report.html").display()))
        .output()
        .unwrap();
    let document = String::from_utf8_lossy(&run.stdout);
    let complaints = String::from_utf8_lossy(&run.stderr);
    assert!(!complaints.contains("CONSOLE"), "{complaints}");
    assert!(document.contains("141 of 141 events"), "the script did not run:\n{complaints}");
}
