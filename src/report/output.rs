//! The output folder: checked before the long run, written to beside the final names.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Diagnostic;

/// A folder that was found fit to be written to.
#[derive(Debug, Clone)]
pub struct Output {
    dir: PathBuf,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Full path.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
}

/// Checks the output folder, and makes it where it is missing, so that a run of an hour does not end in a refusal.
///
/// # Errors
/// The folder is, or lies in, a piece of `evidence`; it is a file; it holds something and `force` is not set; or
/// nothing can be written to it.
pub fn prepare(dir: &Path, force: bool, evidence: &[PathBuf]) -> Result<Output, Diagnostic> {
    let shown = dir.display();
    refuse_evidence(dir, evidence)?;
    match fs::metadata(dir) {
        Ok(found) if !found.is_dir() => {
            return Err(Diagnostic::plain(format!("cannot write the report to {shown}: it is a file"))
                .help("name a folder with -o; it is created where it is missing"));
        }
        Ok(_) => {
            let mut inside = fs::read_dir(dir).map_err(|error| refused(dir, &error))?;
            if !force && inside.next().is_some() {
                return Err(Diagnostic::plain(format!("the output folder {shown} is not empty"))
                    .help("name another folder with -o, or add --force to overwrite the report in it"));
            }
        }
        Err(_) => fs::create_dir_all(dir).map_err(|error| refused(dir, &error))?,
    }
    // A folder may be listed and still refuse files; only writing tells.
    let probe = dir.join(".entrail-probe.partial");
    File::create(&probe).and_then(|mut file| file.write_all(b"entrail")).map_err(|error| refused(dir, &error))?;
    fs::remove_file(&probe).map_err(|error| refused(dir, &error))?;
    Ok(Output { dir: dir.to_path_buf() })
}

/// Checks where the key of a pseudonymised report is to stand: not in the report's folder, not in the evidence, and not
/// over another file.
///
/// # Errors
/// It is one of these, or its folder does not exist.
pub fn key_place(key: &Path, report: &Path, evidence: &[PathBuf]) -> Result<(), Diagnostic> {
    let shown = key.display();
    if settled(key).starts_with(settled(report)) {
        return Err(Diagnostic::plain(format!(
            "the key file {shown} lies in the report's folder {}",
            report.display()
        ))
        .help("the key undoes the pseudonyms and must not travel with the report: name a file elsewhere"));
    }
    refuse_evidence(key, evidence)?;
    if fs::symlink_metadata(key).is_ok() {
        return Err(Diagnostic::plain(format!("the key file {shown} exists"))
            .help("name a new file: without its key an older report cannot be read again"));
    }
    let folder = key.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(Diagnostic::plain(format!("the folder of the key file {shown} does not exist"))
            .help("create it first, or name another file"));
    }
    Ok(())
}

/// Writes one new file that only its owner may read, as far as the system knows owners.
///
/// # Errors
/// The file exists or cannot be written.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| failed(path, &error))
}

/// Writes one new file that is no part of a report.
///
/// # Errors
/// The file exists, lies in the evidence, or cannot be written.
pub fn write_new(path: &Path, evidence: &[PathBuf], bytes: &[u8]) -> Result<(), Diagnostic> {
    refuse_evidence(path, evidence)?;
    let written = File::create_new(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| failed(path, &error))
}

impl Output {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes these files where they are, and nothing else.
    ///
    /// # Errors
    /// One of them cannot be removed; the message names it.
    pub fn clear(&self, names: impl IntoIterator<Item = String>) -> Result<(), Diagnostic> {
        names.into_iter().map(|name| self.dir.join(name)).try_for_each(|path| match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, &error)),
            _ => Ok(()),
        })
    }

    /// Writes one file: under a temporary name first, renamed when complete, so that a half-written file never
    /// carries a report's name.
    ///
    /// # Errors
    /// The disk is full or the folder refuses; the message names the file, and the half-written one is removed.
    pub fn write(
        &self,
        name: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Written, Diagnostic> {
        let path = self.dir.join(name);
        let partial = self.dir.join(format!(".{name}.partial"));
        let attempt = || -> io::Result<u64> {
            let mut file = BufWriter::with_capacity(1 << 16, File::create(&partial)?);
            fill(&mut file)?;
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            drop(file);
            fs::rename(&partial, &path)?;
            Ok(bytes)
        };
        attempt().map(|bytes| Written { path: path.clone(), bytes }).map_err(|error| {
            // Best effort: the first error is the one to tell.
            let _ = fs::remove_file(&partial);
            failed(&path, &error)
        })
    }
}

impl Output {
    /// The first file in the folder that is none of these, in order of name: something that no report wrote.
    pub fn foreign(&self, known: impl Fn(&str) -> bool) -> Option<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| !known(name)).min()
    }

    /// Removes a file of an earlier report; one that is not there is none to remove.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), Diagnostic> {
        let path = self.dir.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Diagnostic::plain(format!("cannot remove {} of an earlier report: {error}", path.display()))
                    .help("close it if another program holds it open, or name another folder with -o"))
            }
            _ => Ok(()),
        }
    }
}

fn refuse_evidence(dir: &Path, evidence: &[PathBuf]) -> Result<(), Diagnostic> {
    let target = settled(dir);
    for given in evidence {
        let source = settled(given);
        let holder = if source.is_file() { source.parent().map(Path::to_path_buf) } else { None };
        if target.starts_with(&source) || holder.is_some_and(|holder| holder == target) {
            return Err(Diagnostic::plain(format!(
                "the output folder {} lies in the evidence {}",
                dir.display(),
                given.display()
            ))
            .help("evidence is never written to: name a folder elsewhere with -o"));
        }
    }
    Ok(())
}

/// The path with links resolved, as far as it exists.
fn settled(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut known = absolute.as_path();
    loop {
        if let Ok(found) = known.canonicalize() {
            return missing.iter().rev().fold(found, |path: PathBuf, part| path.join(part));
        }
        let (Some(parent), Some(name)) = (known.parent(), known.file_name()) else { return absolute };
        missing.push(name.to_owned());
        known = parent;
    }
}

fn refused(dir: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::plain(format!("cannot write to the output folder {}: {error}", dir.display()))
        .help("check its permissions and the free space, or name another folder with -o")
}

fn failed(path: &Path, error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: free some space or name a folder on another disk with -o, then run again"
        }
        io::ErrorKind::PermissionDenied => {
            "close the file if another program holds it open, check its permissions, or name another folder with -o"
        }
        _ => "check the disk, or name another folder with -o",
    };
    Diagnostic::plain(format!("cannot write {}: {error}", path.display())).help(help)
}
