//! The inside of a .zip archive.

use std::io::{self, BufReader, Read, Seek};

use zip::result::ZipError;

use super::{Archive, Part, shown};

/// How a zip archive begins, an empty one included.
pub(super) const MARKS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Shows the members in order of name.
pub(super) fn contents(archive: Archive<'_>, show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
    let means = archive.means;
    let mut zip = match zip::ZipArchive::new(BufReader::new(archive.file)) {
        Ok(zip) => zip,
        Err(error) => {
            let why = format!("a zip archive that cannot be opened: {error}; unpack it by other means");
            show(archive.told(None, why));
            return Ok(());
        }
    };
    if zip.len() > means.limits.members {
        let why = format!("a zip archive of {} members; the limit is {}", zip.len(), means.limits.members);
        show(archive.told(None, why));
        return Ok(());
    }
    if zip.file_names().any(|name| name.is_ok_and(|name| name == "[Content_Types].xml")) {
        show(archive.told(None, "an Office document (a spreadsheet?): save its sheets as CSV".into()));
        return Ok(());
    }
    show(archive.told(Some("zip"), format!("begins like a zip archive; {} members", zip.len())));
    let mut order: Vec<(String, usize)> = Vec::new();
    for index in 0..zip.len() {
        let name = match zip.name_for_index(index) {
            Some(Ok(name)) => shown(&name),
            _ => format!("member {}", index + 1),
        };
        if !name.ends_with('/') {
            order.push((name, index));
        }
    }
    order.sort();
    let mut left = means.limits.room(archive.bytes);
    for (name, index) in order {
        match member(&mut zip, index, means.passwords) {
            Ok(entry) => archive.member(&name, entry, &mut left, show)?,
            Err(error) => show(archive.refused(&name, refusal(&error, !means.passwords.is_empty()))),
        }
    }
    Ok(())
}

/// A member, decrypted with the first password that fits where it is encrypted.
fn member<'z, R: Read + Seek>(
    zip: &'z mut zip::ZipArchive<R>,
    index: usize,
    passwords: &[String],
) -> Result<zip::read::ZipFile<'z, R>, ZipError> {
    let encrypted = zip.by_index_raw(index)?.encrypted();
    if !encrypted {
        return zip.by_index(index);
    }
    let mut opens =
        |password: &str| zip.by_index_decrypt(index, password.as_bytes()).is_ok_and(|mut member| legible(&mut member));
    match passwords.iter().find(|password| opens(password)) {
        Some(password) => zip.by_index_decrypt(index, password.as_bytes()),
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
