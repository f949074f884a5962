//! The inside of a .7z archive: blocks that hold members one behind the other, each block with its own method.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek};

use sevenz_rust2::{Archive as Seven, Block, BlockDecoder, EncoderMethod, Error, Password};

use super::{Archive, Part, shown};

/// How a 7-Zip archive begins.
pub(super) const MARK: &[u8] = b"7z\xbc\xaf\x27\x1c";

/// A block whose dictionary is larger than this is not unpacked: 7-Zip's strongest preset takes a quarter of it.
const DICTIONARY: u64 = 1 << 30;
/// So much of a block is unpacked to see whether a password fits.
const TRIAL: u64 = 1 << 20;

/// Shows the members in the archive's order: within a block one can only be reached through those before it.
pub(super) fn contents(archive: Archive<'_>, show: &mut dyn FnMut(Part<'_>)) -> io::Result<()> {
    let means = archive.means;
    let mut source = BufReader::new(archive.file);
    let seven = match index(&mut source, means.passwords) {
        Ok(seven) => seven,
        Err(error) => {
            show(archive.told(None, refusal(&error, !means.passwords.is_empty())));
            return Ok(());
        }
    };
    if seven.files.len() > means.limits.members {
        let why = format!("a 7-Zip archive of {} members; the limit is {}", seven.files.len(), means.limits.members);
        show(archive.told(None, why));
        return Ok(());
    }
    show(archive.told(Some("7z"), format!("begins like a 7-Zip archive; {} members", seven.files.len())));
    let mut left = means.limits.room(archive.bytes);
    // Names that were shown, with how often: two members may have one name.
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..seven.blocks.len() {
        let failed = block(&archive, &seven, number, &mut source, &mut left, &mut done, show)?;
        let nothing = Password::empty();
        let inside = BlockDecoder::new(1, number, &seven, &nothing, &mut source);
        // Members behind the damage are in the ledger too.
        let names: Vec<String> =
            inside.entries().iter().filter(|e| !e.is_directory()).map(|e| shown(e.name())).collect();
        for name in names {
            let read = taken(&mut done, &name);
            if let Some(why) = failed.as_ref().filter(|_| !read) {
                show(archive.refused(&name, why.clone()));
            }
        }
    }
    // What lies in no block has no bytes.
    let blocks = &seven.stream_map.file_block_index;
    for (entry, _) in seven.files.iter().zip(blocks).filter(|(e, block)| block.is_none() && !e.is_directory()) {
        let name = shown(entry.name());
        if !taken(&mut done, &name) {
            archive.member(&name, io::empty(), &mut left, show)?;
        }
    }
    Ok(())
}

fn taken(done: &mut BTreeMap<String, u64>, name: &str) -> bool {
    done.get_mut(name).filter(|count| **count > 0).map(|count| *count -= 1).is_some()
}

/// The list of members; it may be encrypted itself.
fn index(source: &mut (impl Read + Seek), passwords: &[String]) -> Result<Seven, Error> {
    let plain = Seven::read(source, &Password::empty());
    if !matches!(plain, Err(Error::PasswordRequired)) {
        return plain;
    }
    let opened = passwords.iter().find_map(|password| Seven::read(source, &Password::new(password)).ok());
    opened.ok_or(Error::PasswordRequired)
}

/// Shows the members of one block. The answer tells why the rest of them could not be read.
fn block(
    archive: &Archive<'_>,
    seven: &Seven,
    number: usize,
    source: &mut (impl Read + Seek),
    left: &mut u64,
    done: &mut BTreeMap<String, u64>,
    show: &mut dyn FnMut(Part<'_>),
) -> io::Result<Option<String>> {
    let Some(method) = seven.blocks.get(number) else { return Ok(None) };
    if let Some(size) = dictionary(method).filter(|size| *size > DICTIONARY) {
        return Ok(Some(format!(
            "cannot be unpacked here: it asks for a dictionary of {} MiB; the limit is {} MiB",
            size >> 20,
            DICTIONARY >> 20
        )));
    }
    let encrypted = method.coders.iter().any(|c| c.encoder_method_id() == EncoderMethod::ID_AES256_SHA256);
    let mut password = Password::empty();
    if encrypted {
        let fits =
            archive.means.passwords.iter().map(|text| Password::new(text)).find(|p| opens(seven, number, p, source));
        match fits {
            Some(fit) => password = fit,
            None => {
                return Ok(Some(refusal(&Error::PasswordRequired, !archive.means.passwords.is_empty())));
            }
        }
    }
    let mut stopped = None;
    let ended = BlockDecoder::new(1, number, seven, &password, source).for_each_entries(&mut |entry, input| {
        if entry.is_directory() {
            return Ok(true);
        }
        let name = shown(entry.name());
        *done.entry(name.clone()).or_default() += 1;
        match archive.member(&name, input, left, show) {
            Ok(()) if *left > 0 => Ok(true),
            // Nothing more may be unpacked: the members behind are told as refused.
            Ok(()) => Ok(false),
            Err(error) => {
                stopped = Some(error);
                Ok(false)
            }
        }
    });
    match (stopped, ended) {
        (Some(error), _) => Err(error),
        (None, Ok(true)) => Ok(None),
        (None, Ok(false)) => Ok(Some("cannot be unpacked: the archive expands beyond the limit".into())),
        (None, Err(error)) => Ok(Some(refusal(&error, true))),
    }
}

/// Whether a password turns the beginning of a block into what its check sums say.
fn opens(seven: &Seven, number: usize, password: &Password, source: &mut (impl Read + Seek)) -> bool {
    let mut good = true;
    let ended = BlockDecoder::new(1, number, seven, password, source).for_each_entries(&mut |entry, input| {
        if entry.size() == 0 {
            return Ok(true);
        }
        good = io::copy(&mut input.take(TRIAL), &mut io::sink()).is_ok();
        Ok(false)
    });
    good && ended.is_ok()
}

/// Bytes that unpacking a block must hold at once, where its method tells.
fn dictionary(block: &Block) -> Option<u64> {
    let sizes = block.coders.iter().filter_map(|coder| {
        let properties = coder.properties();
        match coder.encoder_method_id() {
            EncoderMethod::ID_LZMA => {
                let size: [u8; 4] = properties.get(1..5)?.try_into().ok()?;
                Some(u64::from(u32::from_le_bytes(size)))
            }
            EncoderMethod::ID_LZMA2 => {
                let bits = u32::from(*properties.first()?);
                Some(u64::from(2 | (bits & 1)) << (bits / 2 + 11).min(40))
            }
            _ => None,
        }
    });
    sizes.max()
}

fn refusal(error: &Error, tried: bool) -> String {
    match error {
        Error::PasswordRequired if tried => {
            "cannot be unpacked: it is encrypted, and no password given with --password fits".into()
        }
        Error::PasswordRequired => "cannot be unpacked: it is encrypted; give its password with --password".into(),
        Error::UnsupportedCompressionMethod(method) => {
            format!("cannot be unpacked here (method {method}); unpack it by other means")
        }
        Error::Unsupported(what) => format!("cannot be unpacked here ({what}); unpack it by other means"),
        Error::ChecksumVerificationFailed | Error::NextHeaderCrcMismatch => {
            "cannot be unpacked: its check sum is wrong, the archive is damaged or cut off".into()
        }
        Error::Io(why, _) | Error::MaybeBadPassword(why) => format!("cannot be unpacked: {why}"),
        Error::Other(why) => format!("cannot be unpacked: {why}"),
        error => format!("cannot be unpacked: {error}"),
    }
}
