//! Opens files: plain ones, and what is inside .gz, .zip, .7z and .tar, nested once.
//!
//! Nothing is ever unpacked under a name from an archive: members are read as streams, and an archive inside another
//! is put aside in a temporary file without a name.

mod seven;
mod tarred;
mod zipped;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::chunks::Limits;

/// One readable stream of evidence.
pub struct Opened<'a> {
    /// Name within the container, empty for a plain file.
    pub member: String,
    /// The bytes.
    pub input: &'a mut dyn Read,
}

/// A container or a member that could not be opened.
#[derive(Debug, Clone)]
pub struct Container {
    /// Name within the outer container, empty for the file itself.
    pub member: String,
    /// Kind, or none where it could not be opened.
    pub format: Option<&'static str>,
    /// What a reader should know.
    pub reason: String,
    /// Bytes of the container.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// What [`open`] shows.
pub enum Part<'a> {
    /// Something to read.
    Stream(Opened<'a>),
    /// A container around what follows.
    Container(Container),
}

const GZIP: &[u8] = b"\x1f\x8b";
/// Bytes that tell what a file is: a tar archive has its mark at the end of its first header.
const HEAD: u64 = 512;

/// Whether a file that begins so is opened rather than read.
fn is_archive(head: &[u8]) -> bool {
    head.starts_with(GZIP)
        || zipped::MARKS.iter().any(|mark| head.starts_with(mark))
        || head.starts_with(seven::MARK)
        || tarred::marked(head)
}

/// What may be needed inside archives.
#[derive(Clone, Copy)]
struct Means<'a> {
    limits: Limits,
    passwords: &'a [String],
}

/// Shows the file, or everything inside it when it is an archive. Each password is tried on members that are encrypted.
pub fn open(path: &Path, limits: Limits, passwords: &[String], show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
    let means = Means { limits, passwords };
    let mut file = File::open(path)?;
    let head = head(&mut file)?;
    if is_archive(&head) {
        let (sha256, bytes) = digest(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        let archive = Archive { file: &file, member: String::new(), sha256, bytes, depth: 1, means };
        return contents(archive, &head, show);
    }
    show(Part::Stream(Opened { member: String::new(), input: &mut file }));
    Ok(())
}

/// SHA-256 and size of everything in a reader.
pub fn digest(input: &mut dyn Read) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match input.read(&mut block)? {
            0 => return Ok((super::hex(&hash.finalize()), bytes)),
            read => {
                hash.update(block.get(..read).unwrap_or_default());
                bytes += read as u64;
            }
        }
    }
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head)
}

fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}!{inner}") }
}

/// An archive that is being opened.
struct Archive<'a> {
    file: &'a File,
    /// Its name within the file that was given.
    member: String,
    sha256: String,
    bytes: u64,
    /// How often one may still be opened within it.
    depth: u8,
    means: Means<'a>,
}

impl Archive<'_> {
    /// The archive itself, for the ledger; without a format where it could not be opened.
    fn told(&self, format: Option<&'static str>, reason: String) -> Part<'static> {
        let (member, sha256) = (self.member.clone(), self.sha256.clone());
        Part::Container(Container { member, format, reason, bytes: self.bytes, sha256 })
    }

    /// A member that cannot be read, and why.
    fn refused(&self, name: &str, reason: String) -> Part<'static> {
        let member = join(&self.member, name);
        Part::Container(Container { member, format: None, reason, bytes: 0, sha256: String::new() })
    }

    /// Shows one member; `left` is what the archive may still expand by.
    fn member(&self, name: &str, input: impl Read, left: &mut u64, show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
        let mut inner = Bounded { input, left: *left };
        let shown = stream(&mut inner, join(&self.member, name), self.depth, self.means, show);
        *left = inner.left;
        shown
    }
}

/// Shows what is inside.
fn contents(archive: Archive<'_>, head: &[u8], show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
    if head.starts_with(seven::MARK) {
        return seven::contents(archive, show);
    }
    if tarred::marked(head) {
        return tarred::contents(archive, show);
    }
    if !head.starts_with(GZIP) {
        return zipped::contents(archive, show);
    }
    show(archive.told(Some("gzip"), "begins like a gzip file".into()));
    let mut left = archive.means.limits.room(archive.bytes);
    archive.member("content", MultiGzDecoder::new(BufReader::new(archive.file)), &mut left, show)
}

/// A name from an archive, as the ledger shows it: a name only, never a place.
fn shown(name: &str) -> String {
    name.replace('\\', "/")
}

/// A member: shown as it is, or opened when it is an archive itself and that is still allowed.
fn stream(
    input: &mut dyn Read,
    member: String,
    depth: u8,
    means: Means<'_>,
    show: &mut dyn FnMut(Part<'_>),
) -> io::Result<()> {
    let mut head = Vec::new();
    let failed = input.take(HEAD).read_to_end(&mut head).err();
    if is_archive(&head) && depth > 0 && failed.is_none() {
        // An archive needs random access, and its hash must be known before its members are: put it aside.
        let mut aside = tempfile::tempfile()?;
        if let Err(error) = io::copy(&mut head.as_slice().chain(input), &mut aside) {
            // Its neighbours can still be read.
            let reason = format!("cannot be unpacked: {error}");
            show(Part::Container(Container { member, format: None, reason, bytes: 0, sha256: String::new() }));
            return Ok(());
        }
        aside.seek(SeekFrom::Start(0))?;
        let (sha256, bytes) = digest(&mut aside)?;
        aside.seek(SeekFrom::Start(0))?;
        let archive = Archive { file: &aside, member, sha256, bytes, depth: depth - 1, means };
        return contents(archive, &head, show);
    }
    let mut whole = head.as_slice().chain(input);
    show(Part::Stream(Opened { member, input: &mut whole }));
    Ok(())
}

/// Stops a bomb: fails once more bytes come out than an archive may hold.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        if read as u64 > self.left {
            self.left = 0;
            return Err(io::Error::other("the archive expands beyond the limit; raise it if the archive is trusted"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}
