//! The program as a person or a script runs it: exit codes, streams, formats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn entrail(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entrail"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with one Graph export of sign-ins: two failures and a success.
fn exports() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let row = |id: u32, at: &str, code: u32| {
        serde_json::json!({
            "id": format!("00000000-0000-4000-8000-00000000000{id}"), "createdDateTime": at,
            "userPrincipalName": "alice@example.com", "userDisplayName": "=cmd|' /C calc'!A0\u{1b}[31m",
            "userId": "11111111-0000-4000-8000-000000000001", "appDisplayName": "Office 365", "ipAddress": "203.0.113.7",
            "appId": "22222222-0000-4000-8000-000000000001", "clientAppUsed": "Browser", "conditionalAccessStatus": "success",
            "isInteractive": true, "status": {"errorCode": code, "failureReason": "x", "additionalDetails": null},
            "resourceDisplayName": "Graph", "correlationId": "33333333-0000-4000-8000-000000000001"
        })
    };
    let page = serde_json::json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#auditLogs/signIns",
        "value": [row(1, "2026-03-01T10:00:00Z", 50126), row(2, "2026-03-01T10:01:00Z", 50126), row(3, "2026-03-01T10:02:00Z", 0)]
    });
    std::fs::write(folder.path().join("signins.json"), page.to_string()).unwrap();
    folder
}

fn text(path: &std::path::Path) -> String {
    path.display().to_string()
}

#[test]
fn help_of_every_command_has_an_example() {
    for command in [
        vec!["--help"],
        vec!["analyze", "--help"],
        vec!["query", "--help"],
        vec!["hunt", "--help"],
        vec!["init", "--help"],
        vec!["tables", "--help"],
        vec!["convert", "--help"],
        vec!["rules", "list", "--help"],
        vec!["rules", "show", "--help"],
        vec!["rules", "check", "--help"],
        vec!["rules", "test", "--help"],
        vec!["explain", "--help"],
        vec!["verify", "--help"],
    ] {
        let output = entrail(&command);
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        assert!(out(&output).contains("Example"), "{command:?}: {}", out(&output));
    }
}

#[test]
fn query_formats() {
    let kql = "print n = 1, t = datetime(2026-05-04 12:00), d = dynamic({\"a\":[1,2]}), s = \"x,y\", span = 1d, none = int(null), r = real(nan)";
    let jsonl = entrail(&["query", kql, "--format", "jsonl"]);
    assert_eq!(jsonl.status.code(), Some(0), "{}", err(&jsonl));
    assert_eq!(
        out(&jsonl),
        "{\"n\":1,\"t\":\"2026-05-04T12:00:00.0000000Z\",\"d\":{\"a\":[1,2]},\"s\":\"x,y\",\"span\":\"1.00:00:00\",\"none\":null,\"r\":\"NaN\"}\n"
    );
    let csv = entrail(&["query", "print a = \"=1+1\", b = -1", "--format", "csv"]);
    assert_eq!(out(&csv), "a,b\n'=1+1,-1\n");
    let empty = entrail(&["query", "range n from 1 to 3 step 1 | where n > 5", "--format", "jsonl"]);
    assert_eq!(out(&empty), "[\"n\"]\n");
    let json = entrail(&["query", "range n from 1 to 2 step 1", "--format", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out(&json)).unwrap().as_array().map(Vec::len), Some(2));
}

#[test]
fn a_query_of_several_tables_names_each() {
    let kql = "let T = datatable(s:string, n:long)['x', 1, 'y', 40, 'x', 3]; T | where n > 50 | as None; \
        T | facet by s, n with (take 1 | project n); T | fork (where n > 1 | count) s = (distinct s)";
    let jsonl = entrail(&["query", kql, "--format", "jsonl"]);
    assert_eq!(err(&jsonl), "");
    let told = [
        r#"{"_Table":"None","_Columns":["s","n"]}"#,
        r#"{"_Table":"with","n":1}"#,
        r#"{"_Table":"s","s":"x","count_s":2}"#,
        r#"{"_Table":"s","s":"y","count_s":1}"#,
        r#"{"_Table":"n","n":1,"count_n":1}"#,
        r#"{"_Table":"n","n":40,"count_n":1}"#,
        r#"{"_Table":"n","n":3,"count_n":1}"#,
        r#"{"_Table":"Table_5","Count":2}"#,
        r#"{"_Table":"s1","s":"x"}"#,
        r#"{"_Table":"s1","s":"y"}"#,
    ];
    assert_eq!(out(&jsonl), told.join("\n") + "\n");
    let json = entrail(&["query", kql, "--format", "json"]);
    assert_eq!(out(&json), format!("[\n{}\n]\n", told.join(",\n")));
    let table = out(&entrail(&["query", kql]));
    let headings: Vec<&str> = table.lines().filter(|line| line.contains(" · ")).collect();
    let counted = ["None · 0 rows", "with · 1 row", "s · 2 rows", "n · 3 rows", "Table_5 · 1 row", "s1 · 2 rows"];
    assert_eq!(headings, counted);
    let csv = entrail(&["query", kql, "--format", "csv"]);
    assert_eq!((csv.status.code(), out(&csv).as_str()), (Some(2), ""));
    assert!(err(&csv).contains("6 tables") && err(&csv).contains("--format jsonl"), "{}", err(&csv));
    // What they share is told once, and a fault in any leg refuses the whole.
    let broken = entrail(&["query", "let x = nosuch; print x | fork (count) (take 1)"]);
    assert_eq!(
        err(&broken).matches("nosuch").count(),
        err(&entrail(&["query", "let x = nosuch; print x"])).matches("nosuch").count()
    );
    let leg = entrail(&["query", "print a = 1 | fork (count) (where b > 1)"]);
    assert_eq!((leg.status.code(), out(&leg).as_str()), (broken.status.code(), ""));
    // Where one table is wanted it is the first, and that is said.
    let one = entrail(&["query", "let T = print a = 1 | fork (count) (take 1); T", "--format", "csv"]);
    assert_eq!(out(&one), "Count\n1\n");
    assert!(err(&one).contains("only the first"), "{}", err(&one));
}

#[test]
fn query_from_standard_input_and_from_a_file() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_entrail"))
        .args(["query", "-", "--format", "jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all("\u{feff}print n = 1".as_bytes()).unwrap();
    assert_eq!(out(&child.wait_with_output().unwrap()), "{\"n\":1}\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("q.kql");
    std::fs::write(&file, "print n = 2").unwrap();
    assert_eq!(out(&entrail(&["query", "-f", &text(&file), "--format", "jsonl"])), "{\"n\":2}\n");
}

#[test]
fn a_query_that_does_not_compile_points_at_the_place() {
    let output = entrail(&["query", "SigninLogs | where NoSuchColumn == 1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).is_empty());
    assert!(err(&output).contains("NoSuchColumn") && err(&output).contains("<query>:1:20"), "{}", err(&output));
    let nothing = entrail(&["query"]);
    assert_eq!(nothing.status.code(), Some(2));
    let gone = entrail(&["query", "print 1", "/no/such/folder"]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(err(&gone).contains("/no/such/folder"), "{}", err(&gone));
}

#[test]
fn query_over_exports_and_hostile_text() {
    let folder = exports();
    let path = text(folder.path());
    let kql =
        "SigninLogs | where ResultType == \"50126\" | summarize n = count() by UserPrincipalName, UserDisplayName";
    let table = entrail(&["query", kql, &path]);
    assert_eq!(table.status.code(), Some(0), "{}", err(&table));
    assert!(out(&table).contains("alice@example.com") && !out(&table).contains('\u{1b}'), "{}", out(&table));
    let csv = entrail(&["query", kql, &path, "--format", "csv"]);
    assert!(out(&csv).contains(",'=cmd"), "{}", out(&csv));
    let lineage = entrail(&["query", kql, &path, "--format", "jsonl", "--lineage"]);
    assert!(out(&lineage).contains("\"_Records\":[\"signins.json:1\",\"signins.json:2\"]"), "{}", out(&lineage));
}

#[test]
fn rules_are_checked_as_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.kql"), "// Counts\nSigninLogs | summarize count() by ResultType").unwrap();
    std::fs::write(folder.path().join("bad.yaml"), "id: bad\nname: Bad\nquery: |\n  SigninLogs\n  | where Nope == 1\n")
        .unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no rule").unwrap();
    let output = entrail(&["rules", "check", &text(folder.path()), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<serde_json::Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["ok"], &lines[0]["diagnostics"][0]["line"]), (&false.into(), &5.into()));
    assert_eq!((&lines[1]["ok"], &lines[1]["tables"][0]), (&true.into(), &"SigninLogs".into()));
    assert_eq!(lines[1]["columns"]["SigninLogs"][0], "ResultType");
    for key in ["path", "name", "ok", "diagnostics", "tables", "columns", "functions"] {
        assert!(lines[0].get(key).is_some(), "{key}");
    }
    let exports = exports();
    let good = text(&folder.path().join("good.kql"));
    let ran = entrail(&["rules", "check", &good, "--format", "json", "--run", &text(exports.path())]);
    assert_eq!(ran.status.code(), Some(0), "{}", err(&ran));
    assert!(out(&ran).contains("\"rows\":2"), "{}", out(&ran));
    assert!(!err(&ran).contains("behind --run"), "{}", err(&ran));
}

#[test]
fn rules_behind_the_exports_are_told_of() {
    let exports = exports();
    let rules = tempfile::tempdir().unwrap();
    std::fs::write(rules.path().join("mine.kql"), "SigninLogs | count").unwrap();
    let output = entrail(&["rules", "check", "--run", &text(exports.path()), &text(rules.path())]);
    let told = err(&output);
    assert!(told.contains("holds rules, but stands behind --run"), "{told}");
    assert!(told.contains("entrail rules check RULES --run EXPORTS"), "{told}");
}

#[test]
fn analyze_writes_a_report_and_says_how_it_went() {
    let exports = exports();
    let place = tempfile::tempdir().unwrap();
    let report = place.path().join("report");
    let rules = place.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(
        rules.join("failures.yaml"),
        "id: failures\nname: Failures\nseverity: High\ntactics: [CredentialAccess]\nquery: |\n  SigninLogs\n  \
         | where ResultType == \"50126\"\n  | summarize Failures = count() by UserPrincipalName\nentityMappings:\n  \
         - entityType: Account\n    fieldMappings:\n      - identifier: FullName\n        columnName: UserPrincipalName\n",
    )
    .unwrap();
    let (given, target, more) = (text(exports.path()), text(&report), text(&rules));
    let arguments = ["analyze", &given, "-o", &target, "--no-pack", "--queries", &more];
    let first = entrail(&arguments);
    assert_eq!(first.status.code(), Some(0), "{}{}", out(&first), err(&first));
    assert!(out(&first).contains("Failures"), "{}", out(&first));
    for name in ["report.html", "timeline.csv", "timeline.jsonl", "findings.json", "manifest.json", "run.log"] {
        assert!(report.join(name).is_file(), "{name}");
    }
    let findings = std::fs::read_to_string(report.join("findings.json")).unwrap();
    assert!(findings.contains("alice@example.com"));

    assert_eq!(entrail(&arguments).status.code(), Some(2), "an existing report is not overwritten");
    let again: Vec<&str> = arguments.iter().copied().chain(["--force", "--fail-on", "high"]).collect();
    assert_eq!(entrail(&again).status.code(), Some(3));
    assert_eq!(std::fs::read_to_string(report.join("findings.json")).unwrap(), findings, "byte for byte");
    let higher: Vec<&str> = arguments.iter().copied().chain(["--force", "--fail-on", "critical"]).collect();
    assert_eq!(entrail(&higher).status.code(), Some(0));

    std::fs::write(rules.join("broken.yaml"), "id: broken\nname: Broken\nquery: NoSuchTable | take 1\n").unwrap();
    let forced: Vec<&str> = arguments.iter().copied().chain(["--force"]).collect();
    let partly = entrail(&forced);
    assert_eq!(partly.status.code(), Some(1), "{}", out(&partly));
    assert!(out(&partly).contains("Broken"), "{}", out(&partly));

    let manifest = text(&report.join("manifest.json"));
    let matched = entrail(&["verify", &manifest, "--evidence", &given]);
    assert_eq!(matched.status.code(), Some(0), "{}", out(&matched));
    std::fs::write(exports.path().join("signins.json"), "{}").unwrap();
    assert_eq!(entrail(&["verify", &manifest, "--evidence", &given]).status.code(), Some(1));
    std::fs::remove_file(exports.path().join("signins.json")).unwrap();
    let missing = entrail(&["verify", &manifest, "--evidence", &given]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(out(&missing).contains("MISSING"));
}

#[test]
fn outputs_are_chosen_and_pseudonymised() {
    let exports = exports();
    let place = tempfile::tempdir().unwrap();
    let (given, report) = (text(exports.path()), place.path().join("report"));
    let rule = place.path().join("rule.kql");
    std::fs::write(&rule, "SigninLogs | where ResultType == \"0\"").unwrap();
    let (target, queries, key) = (text(&report), text(&rule), text(&place.path().join("key.json")));
    let base = ["analyze", &given, "-o", &target, "--no-pack", "--queries", &queries];
    let with = |more: &[&str]| entrail(&[&base, more].concat());

    let wrong = with(&["--formats", "stx"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("'stix'"), "{}", err(&wrong));
    let zone = with(&["--timezone", "Europe/Berln"]);
    assert_eq!(zone.status.code(), Some(2));
    assert!(err(&zone).contains("did you mean Europe/Berlin"), "{}", err(&zone));
    let inside = with(&["--pseudonymize", &text(&report.join("key.json"))]);
    assert_eq!(inside.status.code(), Some(2));
    assert!(err(&inside).contains("must not travel with the report") && !report.exists(), "{}", err(&inside));

    let ran = with(&["--formats", "all", "--timezone", "Europe/Berlin", "--pseudonymize", &key]);
    assert_eq!(ran.status.code(), Some(0), "{}", err(&ran));
    assert!(out(&ran).contains("2026-03-01 11:02:00+01:00"), "{}", out(&ran));
    assert!(!out(&ran).contains('\u{1b}'), "no link and no color in a pipe");
    let named = ["alice", "203.0.113.7", "11111111-0000-4000-8000-000000000001", "key.json", &target];
    for entry in std::fs::read_dir(&report).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let held = String::from_utf8_lossy(&bytes).to_lowercase();
        let found: Vec<&&str> = named.iter().filter(|name| held.contains(**name)).collect();
        assert!(found.is_empty(), "{} names {found:?}", path.display());
    }
    let told = std::fs::read_to_string(&key).unwrap();
    assert!(told.contains("\"original\":\"alice@example.com\""), "{told}");
    assert_eq!(with(&["--force", "--pseudonymize", &key]).status.code(), Some(2), "a key is never overwritten");

    // Nothing of a report is evidence.
    let tables = entrail(&["tables", &target, "--format", "json"]);
    let whole: serde_json::Value = serde_json::from_str(&out(&tables)).unwrap();
    for file in whole["files"].as_array().unwrap() {
        assert!(file["reason"].as_str().unwrap().contains("output of this program"), "{file}");
    }

    std::fs::write(report.join("notes.txt"), "alice").unwrap();
    let second = text(&place.path().join("second.json"));
    let mixed = with(&["--force", "--pseudonymize", &second]);
    assert_eq!(mixed.status.code(), Some(2));
    assert!(err(&mixed).contains("notes.txt"), "{}", err(&mixed));
    let few = with(&["--force", "--formats", "tln"]);
    assert_eq!(few.status.code(), Some(0), "{}", err(&few));
    let mut names: Vec<String> =
        std::fs::read_dir(&report).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["manifest.json", "notes.txt", "run.log", "timeline.tln"]);
}

#[test]
fn what_could_not_start_says_why() {
    let exports = exports();
    let given = text(exports.path());
    let place = tempfile::tempdir().unwrap();
    let target = text(&place.path().join("out"));
    for (more, word) in [
        (vec!["--only", "nothing-of-that-name"], "--only"),
        (vec!["--min-severity", "grave"], "severities"),
        (vec!["--case", "no-such-case.toml"], "no-such-case.toml"),
        (vec!["--queries", "no-such-rules"], "no-such-rules"),
        (vec!["--as-of", "yesterday"], "--as-of"),
    ] {
        let arguments: Vec<&str> = ["analyze", &given, "-o", &target].into_iter().chain(more).collect();
        let output = entrail(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(word), "{arguments:?}: {}", err(&output));
    }
    let case = place.path().join("case.toml");
    std::fs::write(&case, "[lists]\nVIP = 3\n").unwrap();
    let output = entrail(&["query", "print 1", "--case", &text(&case)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("VIP") && err(&output).contains("case.toml:2:"), "{}", err(&output));
}

#[test]
fn tables_as_json_balance() {
    let exports = exports();
    std::fs::write(exports.path().join("notes.txt"), "not an export").unwrap();
    let output = entrail(&["tables", &text(exports.path()), "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let whole: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let files = whole["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    for file in files {
        let n = |key: &str| file[key].as_u64().unwrap();
        assert_eq!(n("records"), n("loaded") + n("duplicates") + n("rejected"), "{file}");
    }
    assert!(files.iter().any(|file| file["format"].is_null() && file["reason"] != ""));
    assert_eq!(whole["tables"][0]["name"], "SigninLogs");
    assert_eq!(whole["tables"][0]["first"], "2026-03-01T10:00:00.0000000Z");
}

#[test]
fn explain_and_show() {
    let column = entrail(&["explain", "ConditionalAccessStatus"]);
    assert!(out(&column).contains("SigninLogs.ConditionalAccessStatus"));
    let twice = out(&entrail(&["explain", "count"]));
    assert!(twice.contains("count · operator") && twice.contains("count · aggregate"), "{twice}");
    let function = out(&entrail(&["explain", "notempty"]));
    assert!(function.contains("isnotempty(") && function.contains("also: isnotempty"), "{function}");
    let refused = out(&entrail(&["explain", "http_request"]));
    assert!(refused.contains("plugin") && refused.contains("refused here: needs a web service"), "{refused}");
    assert!(out(&entrail(&["explain", "matches", "regex"])).contains("scalar operator"));
    let near = err(&entrail(&["explain", "bag_unpak"]));
    assert!(near.contains("did you mean bag_unpack?"), "{near}");
    let wrong = entrail(&["explain", "SignInLog"]);
    assert!(wrong.status.code() == Some(2) && err(&wrong).contains("did you mean SigninLogs?"), "{}", err(&wrong));
    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let shown = entrail(&["rules", "show", "hunting", "--kql", "--queries", &text(&rules)]);
    assert_eq!(out(&shown), "SigninLogs\n| where UserPrincipalName == \"x\"\n| take 1\n");
}

#[test]
fn convert_writes_each_table_and_the_commands_that_load_it() {
    let exports = exports();
    let (given, place) = (text(exports.path()), tempfile::tempdir().unwrap());
    let target = place.path().join("tables");
    let first = entrail(&["convert", &given, "-o", &text(&target), "--kusto"]);
    assert_eq!(first.status.code(), Some(0), "{}{}", out(&first), err(&first));
    assert!(out(&first).contains("SigninLogs.jsonl  3 rows"), "{}", out(&first));
    let lines = std::fs::read_to_string(target.join("SigninLogs.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["TimeGenerated"], "2026-03-01T10:00:00.0000000Z");
    assert_eq!(rows[0]["ResultType"], "50126");
    assert_eq!(rows[0]["Status"]["errorCode"], 50126, "dynamic values stay JSON");
    assert_eq!(rows[0]["UserDisplayName"], "=cmd|' /C calc'!A0\u{1b}[31m", "JSON keeps what was loaded");
    let id = rows[1]["_ItemId"].as_str().unwrap();
    let manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(target.join("manifest.json")).unwrap()).unwrap();
    let hash = manifest["evidence"][0]["sha256"].as_str().unwrap();
    assert_eq!(id, format!("{}-2", &hash[..16]), "each row names its file and record");
    let script = std::fs::read_to_string(target.join("load.kql")).unwrap();
    for part in [
        ".create-merge table ['SigninLogs']",
        "['Status']: dynamic",
        "ingestion json mapping",
        ".ingest async into table ['SigninLogs']",
        "SigninLogs.jsonl",
    ] {
        assert!(script.contains(part), "{part}: {script}");
    }

    assert_eq!(entrail(&["convert", &given, "-o", &text(&target)]).status.code(), Some(2), "nothing is overwritten");
    let inside = text(&exports.path().join("tables"));
    assert_eq!(entrail(&["convert", &given, "-o", &inside]).status.code(), Some(2), "evidence is not written to");

    let sheet = place.path().join("csv");
    let csv = entrail(&["convert", &given, "-o", &text(&sheet), "--format", "csv", "--kusto"]);
    assert_eq!(csv.status.code(), Some(0), "{}", err(&csv));
    let mut reader = csv::Reader::from_path(sheet.join("SigninLogs.csv")).unwrap();
    let at = reader.headers().unwrap().iter().position(|name| name == "UserDisplayName").unwrap();
    let names: Vec<String> = reader.records().map(|row| row.unwrap()[at].to_owned()).collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.starts_with("'=cmd")), "{names:?}");
    assert!(std::fs::read_to_string(sheet.join("load.kql")).unwrap().contains("ignoreFirstRecord=true"));

    // What was written is an export again: nothing is lost on the way.
    let again = entrail(&["tables", &text(&target.join("SigninLogs.jsonl")), "--format", "json"]);
    assert!(out(&again).contains("\"SigninLogs\": 3"), "{}", out(&again));
}

#[test]
fn encrypted_archives_open_with_their_password() {
    let exports = exports();
    let inner = std::fs::read(exports.path().join("signins.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plain = zip::write::SimpleFileOptions::default();
    let strong = plain.with_aes_encryption(zip::AesMode::Aes256, "infected");
    let weak = zip::unstable::write::FileOptionsExt::with_deprecated_encryption(plain, b"older").unwrap();
    for (name, options) in [("strong.zip", strong), ("weak.zip", weak)] {
        let mut archive = zip::ZipWriter::new(std::fs::File::create(folder.path().join(name)).unwrap());
        archive.start_file("signins.json", options).unwrap();
        archive.write_all(&inner).unwrap();
        archive.finish().unwrap();
    }
    let given = text(folder.path());
    let rows = |output: &Output| {
        let whole: serde_json::Value = serde_json::from_str(&out(output)).unwrap();
        whole["files"].as_array().unwrap().iter().map(|file| file["records"].as_u64().unwrap()).sum::<u64>()
    };
    let closed = entrail(&["tables", &given, "--format", "json"]);
    assert_eq!((closed.status.code(), rows(&closed)), (Some(1), 0), "{}", out(&closed));
    assert!(out(&closed).contains("give its password with --password"), "{}", out(&closed));
    let wrong = entrail(&["tables", &given, "--format", "json", "--password", "guess"]);
    assert_eq!((wrong.status.code(), rows(&wrong)), (Some(1), 0), "{}", out(&wrong));
    let both = ["tables", &given, "--format", "json", "--password", "infected", "--password", "older"];
    let open = entrail(&both);
    assert_eq!((open.status.code(), rows(&open)), (Some(0), 6), "{}", out(&open));

    let report = tempfile::tempdir().unwrap();
    let target = text(&report.path().join("report"));
    let ran = entrail(&["analyze", &given, "-o", &target, "--only", "password-spray", "--password", "infected"]);
    assert!(ran.status.code() != Some(2), "{}", err(&ran));
    let log = std::fs::read_to_string(report.path().join("report/run.log")).unwrap();
    assert!(log.contains("--password ***") && !log.contains("infected"), "{log}");
}

#[test]
fn hunt_shows_every_row_with_a_value() {
    let folder = exports();
    let path = text(folder.path());
    let found = entrail(&["hunt", "203.0.113.7", &path, "--format", "jsonl"]);
    assert_eq!(found.status.code(), Some(0), "{}", err(&found));
    let rows: Vec<serde_json::Value> = out(&found).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["Time"], "2026-03-01T10:00:00.0000000Z");
    assert_eq!(
        (rows[0]["Table"].as_str(), rows[0]["User"].as_str(), rows[0]["Where"].as_str(), rows[0]["Record"].as_str()),
        (Some("SigninLogs"), Some("alice@example.com"), Some("IPAddress"), Some("signins.json:1"))
    );
    assert!(err(&found).contains("203.0.113.7: 3 rows in SigninLogs"), "{}", err(&found));
    let nested = entrail(&["hunt", "50126", &path, "--format", "csv"]);
    assert!(out(&nested).contains("ResultType, Status.errorCode"), "{}", out(&nested));
    let nothing = entrail(&["hunt", "203.0.113.77", &path]);
    assert_eq!(nothing.status.code(), Some(0));
    assert!(err(&nothing).contains("in no row") && err(&nothing).contains("looked at 3 rows"), "{}", err(&nothing));
    let short = entrail(&["hunt", "ab", &path]);
    assert_eq!(short.status.code(), Some(2));
}

#[test]
fn a_list_of_values_marks_findings_and_is_counted() {
    let folder = exports();
    let list = folder.path().join("iocs.txt");
    std::fs::write(&list, "203.0.113.0/24 # theirs\n198.51.100.9\n").unwrap();
    let rule = folder.path().join("rule.kql");
    std::fs::write(&rule, "SigninLogs | where ResultType == \"0\"").unwrap();
    let signins = text(&folder.path().join("signins.json"));
    let output = tempfile::tempdir().unwrap();
    let report = text(&output.path().join("report"));
    let ioc = text(&list);
    let queries = text(&rule);
    let run = entrail(&["analyze", &signins, "-o", &report, "--no-pack", "--queries", &queries, "--ioc", &ioc]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    assert!(out(&run).contains("IOC 203.0.113.0/24: 3 rows in SigninLogs"), "{}", out(&run));
    assert!(out(&run).contains("1 value is in no row"), "{}", out(&run));
    let findings = std::fs::read_to_string(output.path().join("report/findings.json")).unwrap();
    let findings: serde_json::Value = serde_json::from_str(&findings).unwrap();
    assert_eq!(findings["findings"][0]["iocs"], serde_json::json!(["203.0.113.0/24"]));
    assert_eq!(findings["iocs"][0]["seen"][0]["rows"], 3);
    std::fs::write(&list, "203.0.113.0/77\n").unwrap();
    let wrong = entrail(&["analyze", &signins, "-o", &text(&output.path().join("other")), "--ioc", &ioc]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("iocs.txt:1"), "{}", err(&wrong));
}

#[test]
fn init_writes_a_case_file_that_can_be_read() {
    let folder = exports();
    let output = tempfile::tempdir().unwrap();
    let case = text(&output.path().join("case.toml"));
    let signins = text(&folder.path().join("signins.json"));
    let written = entrail(&["init", &signins, "-o", &case]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    let told = std::fs::read_to_string(&case).unwrap();
    assert!(told.contains("1 account with a successful sign-in on 1 day") && told.contains("203.0.113.0/24"), "{told}");
    assert_eq!(entrail(&["query", "print 1", "--case", &case]).status.code(), Some(0));
    assert_eq!(entrail(&["init", &signins, "-o", &case]).status.code(), Some(2), "never overwritten");
    assert!(out(&entrail(&["init"])).contains("# BreakGlass = "));
}
