//! Which files an evidence argument names, in an order that does not depend on the file system.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// One file on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in the manifest: relative to the argument, with `/`.
    pub name: String,
}

/// Files of the arguments, and what was left out with the reason.
#[derive(Debug, Default)]
pub struct Found {
    /// Files in order of name.
    pub sources: Vec<Source>,
    /// Paths that are not read, and why.
    pub left_out: Vec<(String, String)>,
}

/// Files that a report folder holds.
const OUTPUTS: [&str; 16] = [
    "report.html",
    "timeline.csv",
    "timeline.jsonl",
    "findings.json",
    "report.xlsx",
    "attack-layer.json",
    "manifest.json",
    "run.log",
    "summary.md",
    "attack-coverage.json",
    "iocs.stix.json",
    "findings.ocsf.jsonl",
    "timesketch.csv",
    "timeline.l2t.csv",
    "timeline.tln",
    "findings.schema.json",
];

/// Lists all files below the arguments. An argument that cannot be read is an error that names it.
pub fn walk(arguments: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    for argument in arguments {
        let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", argument.display());
        let meta = std::fs::metadata(argument).map_err(unreadable)?;
        if meta.is_file() {
            let name = argument.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            std::fs::File::open(argument).map_err(unreadable)?;
            found.sources.push(Source { path: argument.clone(), name });
            continue;
        }
        std::fs::read_dir(argument).map_err(unreadable)?;
        folder(argument, &mut found);
    }
    found.sources.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
    found.sources.dedup();
    tell_apart(&mut found.sources);
    found.sources.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
    found.left_out.sort();
    Ok(found)
}

/// Two arguments may hold files of the same relative name: these get their whole path, so that each entry of the
/// manifest names one file.
fn tell_apart(sources: &mut [Source]) {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    for (at, source) in sources.iter_mut().enumerate() {
        let same = |other: Option<usize>| other.and_then(|other| names.get(other)) == Some(&source.name);
        if same(at.checked_sub(1)) || same(Some(at + 1)) {
            source.name = source.path.to_string_lossy().replace('\\', "/");
        }
    }
}

fn folder(root: &Path, found: &mut Found) {
    // An argument that holds a report beside the evidence: only the report's own files are left out.
    let reported = is_output(root);
    let mut walker = WalkDir::new(root).sort_by_file_name().into_iter();
    while let Some(entry) = walker.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root);
                found.left_out.push((relative(root, path), format!("cannot be read: {error}")));
                continue;
            }
        };
        let name = relative(root, entry.path());
        if entry.file_type().is_dir() {
            if entry.depth() > 0 && is_output(entry.path()) {
                found.left_out.push((name, "a report folder of this program (by its manifest.json): left out".into()));
                walker.skip_current_dir();
            }
        } else if entry.file_type().is_symlink() {
            found.left_out.push((name, "a link: not followed; name its target as evidence".into()));
        } else if reported && entry.depth() == 1 && OUTPUTS.contains(&name.as_str()) {
            found.left_out.push((name, "an output of this program (by the manifest.json beside it): left out".into()));
        } else {
            found.sources.push(Source { path: entry.path().to_owned(), name });
        }
    }
}

/// Whether a folder holds a report of this program: its manifest says so.
fn is_output(folder: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) else { return false };
    serde_json::from_str::<super::Manifest>(&text).is_ok_and(|manifest| manifest.program.starts_with("entrail"))
}

fn relative(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> = inner.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.is_empty() { root.display().to_string() } else { parts.join("/") }
}
