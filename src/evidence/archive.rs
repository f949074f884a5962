//! Opens files: plain ones, and what is inside .gz and .zip, nested once.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use zip::result::ZipError;

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
const ZIP: &[u8] = b"PK\x03\x04";
const ZIP_EMPTY: &[u8] = b"PK\x05\x06";

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
    if head.starts_with(GZIP) || head.starts_with(ZIP) || head.starts_with(ZIP_EMPTY) {
        let (sha256, bytes) = digest(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        return contents(&mut file, &head, String::new(), (sha256, bytes), 1, means, show);
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
    file.by_ref().take(8).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head)
}

fn join(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}!{inner}") }
}

/// The inside of an archive. `depth` is how often one may still be opened within it.
fn contents(
    file: &mut File,
    head: &[u8],
    member: String,
    (sha256, bytes): (String, u64),
    depth: u8,
    means: Means<'_>,
    show: &mut dyn FnMut(Part<'_>),
) -> io::Result<()> {
    let container = |format, reason: String| {
        Part::Container(Container { member: member.clone(), format, reason, bytes, sha256: sha256.clone() })
    };
    if head.starts_with(GZIP) {
        show(container(Some("gzip"), "begins like a gzip file".into()));
        let mut inner = Bounded { input: MultiGzDecoder::new(BufReader::new(file)), left: means.limits.room(bytes) };
        return stream(&mut inner, join(&member, "content"), depth, means, show);
    }
    let mut archive = match zip::ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(error) => {
            show(container(None, format!("a zip archive that cannot be opened: {error}; unpack it by other means")));
            return Ok(());
        }
    };
    if archive.len() > means.limits.members {
        show(container(
            None,
            format!("a zip archive of {} members; the limit is {}", archive.len(), means.limits.members),
        ));
        return Ok(());
    }
    if archive.file_names().any(|name| name.is_ok_and(|name| name == "[Content_Types].xml")) {
        show(container(None, "an Office document (a spreadsheet?): save its sheets as CSV".into()));
        return Ok(());
    }
    show(container(Some("zip"), format!("begins like a zip archive; {} members", archive.len())));
    let mut order: Vec<(String, usize)> = Vec::new();
    for index in 0..archive.len() {
        let name = match archive.name_for_index(index) {
            Some(Ok(name)) => name.replace('\\', "/"),
            _ => format!("member {}", index + 1),
        };
        if !name.ends_with('/') {
            order.push((name, index));
        }
    }
    order.sort();
    let mut left = means.limits.room(bytes);
    for (name, index) in order {
        let name = join(&member, &name);
        match member_of(&mut archive, index, means.passwords) {
            Ok(entry) => {
                let mut inner = Bounded { input: entry, left };
                stream(&mut inner, name, depth, means, show)?;
                left = inner.left;
            }
            Err(error) => {
                let reason = refusal(&error, !means.passwords.is_empty());
                show(Part::Container(Container {
                    member: name,
                    format: None,
                    reason,
                    bytes: 0,
                    sha256: String::new(),
                }));
            }
        }
    }
    Ok(())
}

/// A member, decrypted with the first password that fits where it is encrypted.
fn member_of<'z, R: Read + Seek>(
    archive: &'z mut zip::ZipArchive<R>,
    index: usize,
    passwords: &[String],
) -> Result<zip::read::ZipFile<'z, R>, ZipError> {
    let encrypted = archive.by_index_raw(index)?.encrypted();
    if !encrypted {
        return archive.by_index(index);
    }
    let mut opens = |password: &str| {
        archive.by_index_decrypt(index, password.as_bytes()).is_ok_and(|mut member| legible(&mut member))
    };
    match passwords.iter().find(|password| opens(password)) {
        Some(password) => archive.by_index_decrypt(index, password.as_bytes()),
        None => Err(ZipError::InvalidPassword),
    }
}

/// Whether a decrypted member unpacks: the old encryption's check lets one wrong password in 256 pass.
fn legible(member: &mut dyn Read) -> bool {
    let mut head = [0; 1 << 12];
    member.read(&mut head).is_ok()
}

fn refusal(error: &ZipError, tried: bool) -> String {
    match error {
        ZipError::InvalidPassword if tried => {
            "cannot be unpacked: it is encrypted, and no password given with --password fits".into()
        }
        ZipError::InvalidPassword => "cannot be unpacked: it is encrypted; give its password with --password".into(),
        ZipError::UnsupportedArchive(why) => format!("cannot be unpacked here ({why}); unpack it by other means"),
        error => format!("cannot be unpacked: {error}"),
    }
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
    let failed = input.take(8).read_to_end(&mut head).err();
    let archive = head.starts_with(GZIP) || head.starts_with(ZIP);
    if archive && depth > 0 && failed.is_none() {
        // A zip needs random access, and the hash must be known before its members are: put it aside.
        let mut aside = tempfile::tempfile()?;
        io::copy(&mut head.as_slice().chain(input), &mut aside)?;
        aside.seek(SeekFrom::Start(0))?;
        let digested = digest(&mut aside)?;
        aside.seek(SeekFrom::Start(0))?;
        return contents(&mut aside, &head, member, digested, depth - 1, means, show);
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
            return Err(io::Error::other("the archive expands beyond the limit; raise it if the archive is trusted"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}
