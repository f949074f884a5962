//! The inside of a .tar archive: files one after another, each behind a header of 512 bytes (POSIX ustar, and GNU's and
//! pax's ways to give long names).

use std::io::{self, BufReader, Read, Take};

use super::{Archive, Part, shown};

const BLOCK: usize = 512;
/// Longest name that is read.
const NAME: u64 = 64 << 10;

/// Whether a file that begins so is a tar archive: the magic stands behind the first name, and the header's sum is right.
pub(super) fn marked(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
        && head.get(..BLOCK).is_some_and(|header| sum(header) == number(header, 148, 8))
}

/// Shows the members in the order in which they stand: a stream cannot be read in another.
pub(super) fn contents(archive: Archive<'_>, show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
    show(archive.told(Some("tar"), "begins like a tar archive".into()));
    let mut input = BufReader::new(archive.file);
    let mut left = archive.means.limits.room(archive.bytes);
    let mut long: Option<String> = None;
    const REST: &str = "after the last readable member";
    for _ in 0..archive.means.limits.members {
        let mut header = [0; BLOCK];
        if let Err(error) = input.read_exact(&mut header) {
            let why = match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    "the archive ends without its end mark: it may have been cut off here".into()
                }
                _ => format!("the archive cannot be read from here on: {error}"),
            };
            show(archive.refused(REST, why));
            return Ok(());
        }
        // Two empty blocks end the archive; what follows is padding.
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let Some(size) = number(&header, 124, 12).filter(|_| sum(&header) == number(&header, 148, 8)) else {
            show(archive.refused(REST, "the archive is damaged from here on".into()));
            return Ok(());
        };
        let kind = header.get(156).copied().unwrap_or_default();
        let mut body = input.by_ref().take(size);
        match kind {
            b'L' | b'x' => {
                let mut text = Vec::new();
                body.by_ref().take(NAME).read_to_end(&mut text)?;
                long = if kind == b'L' { Some(text_of(&text)) } else { pax(&text).or(long) };
            }
            0 | b'0' | b'7' => {
                let name = long.take().unwrap_or_else(|| name(&header));
                archive.member(&shown(&name), Whole(&mut body), &mut left, show)?;
            }
            // Folders, and what pax says of all members or of where a link leads.
            b'5' => long = None,
            b'g' | b'K' => {}
            _ => {
                let name = long.take().unwrap_or_else(|| name(&header));
                let why = "a link, a sparse or a special file, which is not read: pack the file itself";
                show(archive.refused(&shown(&name), why.into()));
            }
        }
        io::copy(&mut body, &mut io::sink())?;
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        io::copy(&mut input.by_ref().take(padding), &mut io::sink())?;
    }
    let why = format!("more than {} members, the limit: the rest is not read", archive.means.limits.members);
    show(archive.refused(REST, why));
    Ok(())
}

/// A member's bytes. The end of the archive inside of them is an error, not the end of the member.
struct Whole<'a, R>(&'a mut Take<R>);

impl<R: Read> Read for Whole<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buf)?;
        if read == 0 && !buf.is_empty() && self.0.limit() > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends inside this member"));
        }
        Ok(read)
    }
}

/// An octal number, or GNU's binary one for sizes that eleven digits cannot hold.
fn number(header: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = header.get(at..at + length)?;
    if field.first() == Some(&0x80) {
        let bytes: [u8; 8] = field.get(length.checked_sub(8)?..)?.try_into().ok()?;
        return Some(u64::from_be_bytes(bytes));
    }
    let digits: String = text_of(field).trim().to_owned();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(&digits, 8).ok() }
}

/// The sum of the header's bytes, with its own place taken as spaces.
fn sum(header: &[u8]) -> Option<u64> {
    let place = 148..156;
    let byte = |(at, byte): (usize, &u8)| if place.contains(&at) { u64::from(b' ') } else { u64::from(*byte) };
    Some(header.iter().enumerate().map(byte).sum())
}

/// Text up to the first zero byte.
fn text_of(field: &[u8]) -> String {
    String::from_utf8_lossy(field.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

fn name(header: &[u8]) -> String {
    let part = |from: usize, to: usize| text_of(header.get(from..to).unwrap_or_default());
    let (prefix, name) = (part(345, 500), part(0, 100));
    // GNU keeps times where POSIX keeps the beginning of a long name.
    let posix = header.get(257..263) == Some(b"ustar\0");
    if posix && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

/// The `path` of pax's records, each `length name=value` and a line end.
fn pax(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    text.lines().find_map(|line| line.split_once(' ')?.1.strip_prefix("path=").map(str::to_owned))
}
