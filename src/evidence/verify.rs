//! Whether evidence still is what the manifest says it was.

use std::fs::File;
use std::path::Path;

use super::Manifest;
use super::archive::digest;

/// What became of one piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// Same hash.
    Match,
    /// Another hash: this one.
    Differs(String),
    /// No such file.
    Missing,
    /// Cannot be read, and why.
    Unreadable(String),
    /// A member of an archive: covered by the archive's own hash.
    Within,
}

/// Hashes every file of the manifest below `folder` again. Members of archives are covered by their container.
pub fn verify(manifest: &Manifest, folder: &Path) -> Vec<(String, Check)> {
    let check = |path: &str, sha256: &str| {
        if path.contains('!') {
            return Check::Within;
        }
        let place = if folder.is_file() { folder.to_owned() } else { folder.join(path) };
        match File::open(&place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Check::Missing,
            Err(error) => Check::Unreadable(error.to_string()),
            Ok(mut file) => match digest(&mut file) {
                Ok((found, _)) if found == sha256 => Check::Match,
                Ok((found, _)) => Check::Differs(found),
                Err(error) => Check::Unreadable(error.to_string()),
            },
        }
    };
    let hashed = manifest.evidence.iter().filter(|entry| !entry.sha256.is_empty());
    hashed.map(|entry| (entry.path.clone(), check(&entry.path, &entry.sha256))).collect()
}
