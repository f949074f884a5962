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

/// Lists all files below the arguments. An argument that cannot be read is an error that names it.
pub fn walk(arguments: &[PathBuf]) -> Result<Found, String> {
    let mut found = Found::default();
    for argument in arguments {
        let meta =
            std::fs::metadata(argument).map_err(|error| format!("{}: cannot be read: {error}", argument.display()))?;
        if meta.is_file() {
            let name = argument.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            std::fs::File::open(argument)
                .map_err(|error| format!("{}: cannot be read: {error}", argument.display()))?;
            found.sources.push(Source { path: argument.clone(), name });
            continue;
        }
        std::fs::read_dir(argument).map_err(|error| format!("{}: cannot be read: {error}", argument.display()))?;
        folder(argument, &mut found);
    }
    found.sources.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
    found.sources.dedup();
    found.left_out.sort();
    Ok(found)
}

fn folder(root: &Path, found: &mut Found) {
    let mut own: Vec<PathBuf> = Vec::new();
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
        if entry.file_type().is_dir() {
            if is_output(entry.path()) {
                own.push(entry.path().to_owned());
                found.left_out.push((
                    relative(root, entry.path()),
                    "a report folder of this program (by its manifest.json): left out".into(),
                ));
                walker.skip_current_dir();
            }
            continue;
        }
        let name = relative(root, entry.path());
        if entry.file_type().is_symlink() {
            found.left_out.push((name, "a link: not followed; name its target as evidence".into()));
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
