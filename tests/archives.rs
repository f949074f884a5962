//! Archives: what is in them is read, and what cannot be read is named. The tests make their own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a broken fixture stops the test

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;

use entrail::evidence::{Entry, raw};
use entrail::ingest::{Ingested, Options, ingest};
use sevenz_rust2::encoder_options::AesEncoderOptions;
use sevenz_rust2::{ArchiveEntry, ArchiveWriter, EncoderConfiguration, EncoderMethod, Password};

/// An audit record as the management API writes it.
fn audit(id: u32) -> String {
    format!(
        "{{\"CreationTime\":\"2026-03-06T07:00:00\",\"Id\":\"{id:08}-0000-4000-8000-000000000000\",\"Operation\":\"UserLoggedIn\",\"OrganizationId\":\"x\",\"RecordType\":15,\"UserType\":0,\"UserId\":\"ada@example.com\",\"Workload\":\"AzureActiveDirectory\"}}\n"
    )
}

/// A .7z archive of these members, one block each or all in one, encrypted where a password is given.
fn seven(members: &[(&str, Vec<u8>)], solid: bool, password: Option<(&str, bool)>) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
    let method = EncoderConfiguration::new(EncoderMethod::LZMA2);
    if let Some((password, names)) = password {
        writer.set_content_methods(vec![AesEncoderOptions::new(Password::new(password)).into(), method]);
        writer.set_encrypt_header(names);
    } else {
        writer.set_content_methods(vec![method]);
    }
    let entry = |name: &str| ArchiveEntry::new_file(name);
    if solid {
        let entries = members.iter().map(|(name, _)| entry(name)).collect();
        let inputs = members.iter().map(|(_, bytes)| Cursor::new(bytes.clone()).into()).collect();
        writer.push_archive_entries(entries, inputs).unwrap();
    } else {
        for (name, bytes) in members {
            writer.push_archive_entry(entry(name), Some(Cursor::new(bytes.clone()))).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn zipped(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn load(folder: &Path, passwords: &[&str]) -> Ingested {
    let passwords = passwords.iter().map(|text| (*text).to_owned()).collect();
    let read = ingest(&[folder.to_owned()], &Options { passwords, ..Options::default() }, &|_| {}).unwrap();
    for entry in &read.manifest.evidence {
        assert!(entry.balanced() && !entry.reason.is_empty(), "{entry:#?}");
    }
    read
}

fn entry<'a>(read: &'a Ingested, path: &str) -> &'a Entry {
    let found = read.manifest.evidence.iter().find(|entry| entry.path == path);
    found.unwrap_or_else(|| panic!("{path} is not in the manifest: {:#?}", read.manifest.evidence))
}

fn rows(read: &Ingested) -> usize {
    read.tables.get("CloudAppEvents").map_or(0, |table| table.rows())
}

#[test]
fn members_are_read_wherever_they_claim_to_lie() {
    for solid in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let members = [
            ("one.json", audit(1).into_bytes()),
            ("dir\\two.json", audit(2).into_bytes()),
            ("../../escape.json", audit(3).into_bytes()),
            ("empty.json", Vec::new()),
            ("inner.zip", zipped(&[("four.json", audit(4).into_bytes())])),
        ];
        std::fs::write(folder.path().join("case.7z"), seven(&members, solid, None)).unwrap();
        let outer = zipped(&[("inner.7z", seven(&[("five.json", audit(5).into_bytes())], false, None))]);
        std::fs::write(folder.path().join("outer.zip"), outer).unwrap();
        let read = load(folder.path(), &[]);
        assert_eq!(rows(&read), 5, "{:#?}", read.manifest.evidence);
        assert_eq!(entry(&read, "case.7z").format.as_deref(), Some("7z"));
        assert_eq!(entry(&read, "case.7z!../../escape.json").loaded, 1);
        assert_eq!(entry(&read, "case.7z!dir/two.json").loaded, 1);
        assert_eq!(entry(&read, "case.7z!inner.zip!four.json").loaded, 1);
        assert_eq!(entry(&read, "outer.zip!inner.7z!five.json").loaded, 1);
        assert!(entry(&read, "case.7z!empty.json").reason.contains("empty"));
        let written = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(written, 2, "nothing was unpacked beside the archives");
        assert!(!folder.path().join("../../escape.json").exists());
    }
}

#[test]
fn a_third_archive_inside_two_others_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let third = seven(&[("x.json", audit(1).into_bytes())], false, None);
    let second = zipped(&[("third.7z", third)]);
    std::fs::write(folder.path().join("first.7z"), seven(&[("second.zip", second)], false, None)).unwrap();
    let read = load(folder.path(), &[]);
    assert_eq!(rows(&read), 0);
    assert!(entry(&read, "first.7z!second.zip!third.7z").reason.contains("unpack the outer ones"));
}

#[test]
fn a_password_opens_what_is_encrypted() {
    for names in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let members = [("one.json", audit(1).into_bytes()), ("two.json", audit(2).into_bytes())];
        std::fs::write(folder.path().join("secret.7z"), seven(&members, true, Some(("infected", names)))).unwrap();
        let told = |read: &Ingested| {
            assert_eq!(rows(read), 0);
            read.manifest.evidence.iter().map(|entry| entry.reason.clone()).collect::<Vec<_>>().join("\n")
        };
        assert!(told(&load(folder.path(), &[])).contains("give its password with --password"));
        assert!(told(&load(folder.path(), &["wrong", "worse"])).contains("no password given with --password fits"));
        let read = load(folder.path(), &["wrong", "infected"]);
        assert_eq!(rows(&read), 2, "{:#?}", read.manifest.evidence);
    }
}

#[test]
fn a_record_of_an_encrypted_archive_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let members = [("one.json", format!("{}{}", audit(1), audit(2)).into_bytes())];
    std::fs::write(folder.path().join("secret.7z"), seven(&members, false, Some(("infected", true)))).unwrap();
    let read = load(folder.path(), &["infected"]);
    let number = read.manifest.evidence.iter().position(|entry| entry.loaded == 2).unwrap() as u32;
    let wanted = [(number, 2)].into();
    let paths = [folder.path().to_owned()];
    let texts = raw(&paths, &read.manifest, &wanted, &["wrong".into(), "infected".into()]);
    assert!(texts.get(&(number, 2)).is_some_and(|text| text.contains("00000002-")), "{texts:?}");
    assert!(raw(&paths, &read.manifest, &wanted, &[]).is_empty(), "and without its password it is not");
}

#[test]
fn a_bomb_stops_at_the_limit() {
    for solid in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let much = audit(1).repeat(20_000).into_bytes();
        let members = [("a.json", much), ("b.json", audit(2).into_bytes()), ("c.json", audit(3).into_bytes())];
        std::fs::write(folder.path().join("bomb.7z"), seven(&members, solid, None)).unwrap();
        let mut options = Options::default();
        options.limits.expanded = 1 << 20;
        let read = ingest(&[folder.path().to_owned()], &options, &|_| {}).unwrap();
        let first = entry(&read, "bomb.7z!a.json");
        assert!(first.warnings.iter().any(|line| line.contains("limit")), "{first:#?}");
        assert!(read.manifest.evidence.iter().all(Entry::balanced));
        assert!(entry(&read, "bomb.7z!c.json").loaded == 0, "nothing is read beyond the limit");
        options.limits = Default::default();
        options.limits.members = 2;
        let read = ingest(&[folder.path().to_owned()], &options, &|_| {}).unwrap();
        assert!(entry(&read, "bomb.7z").reason.contains("the limit is 2"));
    }
}

/// Cut at many places and spoiled at many others: a reason for each, and no panic.
#[test]
fn damage_is_told() {
    let members =
        [("one.json", audit(1).repeat(30).into_bytes()), ("two.json", audit(2).into_bytes()), ("e", Vec::new())];
    let whole = seven(&members, true, None);
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for cut in (0..whole.len()).step_by(17) {
        std::fs::write(folder.path().join(format!("cut-{cut:05}.7z")), &whole[..cut]).unwrap();
        let mut spoiled = whole.clone();
        spoiled[cut] ^= 0x55;
        std::fs::write(folder.path().join(format!("spoiled-{cut:05}.7z")), spoiled).unwrap();
        written += 2;
    }
    let read = load(folder.path(), &[]);
    let files = read.manifest.evidence.iter().filter(|entry| !entry.path.contains('!')).count();
    assert_eq!(files, written);
    let folder = tempfile::tempdir().unwrap();
    let mut file = File::create(folder.path().join("tail.7z")).unwrap();
    file.write_all(&whole).unwrap();
    file.write_all(b"something behind the archive").unwrap();
    drop(file);
    assert_eq!(entry(&load(folder.path(), &[]), "tail.7z!two.json").loaded, 1);
}
