//! A month in which nothing bad happens: whatever is found in it as high or critical is wrong.
//!
//! The exports are generated, the same in every run: 60 people in two offices, at home, on the way; a service desk,
//! three administrators, developers, guests, applications, subscriptions. What they do that looks bad (a telephone with
//! an old password, a spray of typing errors on a Monday, a whole library fetched, policies changed in their window) is
//! in `signins.rs` and its siblings. `ENTRAIL_BENIGN=folder` keeps the exports there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test
#![recursion_limit = "256"]

mod apps;
mod azure;
mod directory;
mod people;
mod random;
mod shapes;
mod signins;
mod time;
mod unified;

use std::path::Path;

use entrail::case::Case;
use entrail::detect::{self, detect};
use entrail::finding::{Outcome, Severity};
use entrail::ingest::{self, Ingested, ingest};
use entrail::progress::Progress;
use entrail::rules::Pack;
use serde_json::json;

use apps::Apps;
use azure::Azure;
use directory::Directory;
use people::Company;
use random::Random;
use shapes::write;
use signins::Signins;
use unified::Unified;

/// Writes the month's exports, each log in the shape that a part of the field uses.
fn generate(folder: &Path, remote: bool) {
    let mut random = Random::new(20_260_301);
    let company = Company::new(&mut random, remote);
    let mut apps = Apps::new(&mut random);
    apps.ordinary(&mut random);
    let mut signins = Signins::new(&mut random);
    signins.ordinary(&company);
    signins.trouble(&company);
    let mut signins = signins.all;
    signins.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let mut directory = Directory::new(&mut random);
    directory.ordinary(&company);
    directory.people(&company);
    directory.policies(&company);
    directory.applications(&company, &apps);
    let mut audits = directory.all;
    audits.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let mut unified = Unified::new(&mut random);
    unified.ordinary(&company);
    unified.trouble(&company);
    let mut records = unified.all;
    records.sort_by_key(|record| record.time);
    let mut azure = Azure::new(&mut random);
    azure.ordinary(&company, &apps);

    let half = time::at(16, 0, 0);
    let interactive = || signins.iter().filter(|signin| signin.interactive);
    write(folder, "portal/InteractiveSignIns.csv", &shapes::portal(interactive().filter(|signin| signin.time < half)));
    let later: Vec<_> = interactive().filter(|signin| signin.time >= half).map(shapes::graph).collect();
    write(folder, "graph/signIns.json", &json!({"value": later}).to_string());
    write(
        folder,
        "diagnostic/signins/PT1H.json",
        &shapes::lines(signins.iter().filter(|signin| !signin.interactive).map(shapes::line)),
    );
    write(folder, "diagnostic/apps/PT1H.json", &shapes::lines(apps.signins.iter().map(shapes::app_line)));
    let early: Vec<_> = audits.iter().filter(|event| event.time < half).map(shapes::audit).collect();
    write(folder, "graph/directoryAudits.json", &json!({"value": early}).to_string());
    write(
        folder,
        "diagnostic/audit/PT1H.json",
        &shapes::lines(audits.iter().filter(|event| event.time >= half).map(shapes::audit_line)),
    );
    write(folder, "purview/unified.csv", &shapes::unified(&records));
    write(
        folder,
        "diagnostic/activity/PT1H.json",
        &shapes::lines(azure.activity.into_iter().map(|(_, record)| record)),
    );
    write(folder, "diagnostic/vault/PT1H.json", &shapes::lines(azure.vault.into_iter().map(|(_, record)| record)));
    // Identity Protection on the travellers: low, or raised and answered by the second factor.
    let abroad: Vec<_> = interactive()
        .filter(|signin| signin.code == 0 && !signin.person.guest && signin.from.ip.starts_with("203.0.113.1"))
        .filter(|signin| signin.from.place.country != signin.person.home.place.country)
        .collect();
    let risks: Vec<_> = abroad
        .iter()
        .step_by(3)
        .enumerate()
        .map(|(n, signin)| match n % 2 {
            0 => shapes::risk(signin, "unfamiliarFeatures", "low", "atRisk", "none"),
            _ => shapes::risk(signin, "unlikelyTravel", "medium", "remediated", "userPassedMFADrivenByRiskBasedPolicy"),
        })
        .collect();
    write(folder, "graph/riskDetections.json", &json!({"value": risks}).to_string());
}

fn read(folder: &Path) -> Ingested {
    let read = ingest(&[folder.to_path_buf()], &ingest::Options::default(), &|_| {});
    let read = read.unwrap_or_else(|problem| panic!("{}", problem.message));
    for entry in &read.manifest.evidence {
        assert!(entry.balanced() && entry.rejected == 0 && entry.format.is_some(), "{}: {}", entry.path, entry.reason);
    }
    read
}

/// What is found as high or critical, in words.
fn alarms(read: &Ingested, case: &Case) -> Vec<String> {
    let pack = Pack::embedded();
    let options = detect::Options { watchlists: case.watchlists.clone(), ..detect::Options::default() };
    let verdicts = detect(&pack.rules, &read.tables, &options, &Progress::silent());
    let mut alarms = Vec::new();
    for (rule, verdict) in pack.rules.iter().zip(verdicts) {
        match verdict.outcome {
            Outcome::Hits(findings) => alarms.extend(
                findings
                    .iter()
                    .filter(|finding| finding.severity >= Severity::High)
                    .map(|finding| format!("{} [{}] {}", rule.path, finding.severity.word(), finding.sentence)),
            ),
            Outcome::Failed(problems) => alarms.push(format!("{} failed: {problems:?}", rule.path)),
            Outcome::Clean | Outcome::NotEvaluable { .. } => {}
        }
    }
    alarms
}

/// Nothing high or critical, whether or not the responder has told what is known of the organisation.
fn quiet(remote: bool, case: &str) {
    let kept = std::env::var_os("ENTRAIL_BENIGN").map(|folder| Path::new(&folder).join(format!("remote-{remote}")));
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_deref().unwrap_or(temporary.path());
    generate(folder, remote);
    let read = read(folder);
    let rows: usize = read.tables.iter().map(|(_, table)| table.rows()).sum();
    assert!(rows > 10_000, "only {rows} rows");
    let without = alarms(&read, &Case::default());
    assert!(without.is_empty(), "{} alarms without a case file:\n{}", without.len(), without.join("\n"));
    let case = Case::read(case, Path::new(".")).unwrap_or_else(|problems| panic!("{problems:?}"));
    let with = alarms(&read, &case);
    assert!(with.is_empty(), "{} alarms with a case file:\n{}", with.len(), with.join("\n"));
}

const LISTS: &str = "BreakGlass = [\"emergency1@alderfinch.example\"]\nVIP = [\"alma.ashby@alderfinch.example\"]\n\
    SyncAccounts = [\"Sync_LDS-AADC02_9c41e07b55d2@alderfinch.example\"]\n\
    PrivilegedAccounts = [\"adm.nora@alderfinch.example\", \"adm.theo@alderfinch.example\", \"adm.rhys@alderfinch.example\"]\n";

#[test]
fn a_month_in_two_offices_raises_nothing_high() {
    let places = "[lists]\nTrustedNetworks = [\"192.0.2.0/24\"]\nCountries = [\"GB\", \"IE\"]\n";
    quiet(false, &format!("{places}{LISTS}"));
}

#[test]
fn a_month_of_people_who_work_at_home_raises_nothing_high() {
    let places = "[lists]\nCountries = [\"GB\", \"IE\", \"ES\", \"US\", \"FR\", \"DE\", \"PT\"]\n";
    quiet(true, &format!("{places}{LISTS}"));
}
