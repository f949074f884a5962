//! Bytes of columns that need not stay in memory: written to a temporary file and mapped back.
//!
//! What is mapped is read like memory, and the system takes it back when memory is short. The files have no name on Unix
//! and vanish with the process, however it ends; on Windows they are deleted when they are closed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytemuck::Pod;
use polars_buffer::Buffer;
use polars_utils::mmap::MMapSemaphore;

/// Every piece begins at a multiple of this, so that it can be read as numbers.
const ALIGNMENT: usize = 64;

/// Bytes in memory, or mapped.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// The bytes.
    pub bytes: Buffer<u8>,
    /// Whether they lie in a file.
    pub mapped: bool,
}

impl Part {
    /// Bytes in memory.
    pub fn new(mut bytes: Vec<u8>) -> Part {
        bytes.shrink_to_fit();
        Part { bytes: Buffer::from_vec(bytes), mapped: false }
    }

    /// Numbers, as their bytes.
    pub fn numbers<T: Pod>(mut numbers: Vec<T>) -> Part {
        numbers.shrink_to_fit();
        let bytes = Buffer::from_vec(numbers).try_transmute::<u8>();
        let bytes =
            bytes.unwrap_or_else(|numbers| numbers.iter().flat_map(|n| bytemuck::bytes_of(n).to_vec()).collect());
        Part { bytes, mapped: false }
    }

    /// The numbers again. Nothing is copied: every part of a file begins where any number may.
    pub fn into_numbers<T: Pod>(self) -> Buffer<T> {
        self.bytes
            .try_transmute::<T>()
            .unwrap_or_else(|bytes| bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
    }
}

/// Where parts of columns go that need not stay in memory.
#[derive(Debug, Default)]
pub struct Spool {
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    failure: Option<String>,
}

impl Spool {
    /// Temporary files are made in this folder; in the system's own where none is given.
    pub fn new(folder: Option<&Path>) -> Spool {
        Spool { folder: folder.map(Path::to_owned), state: Mutex::default() }
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.state.lock().map_or(0, |state| state.bytes)
    }

    /// Why a file could not be written; what it was to take stays in memory.
    pub fn failure(&self) -> Option<String> {
        self.state.lock().ok()?.failure.clone()
    }

    /// Writes these parts to one file and maps them back.
    pub(super) fn put<'p>(&self, parts: impl Iterator<Item = &'p mut Part>) {
        let mut parts: Vec<&mut Part> = parts.filter(|part| !part.mapped && !part.bytes.is_empty()).collect();
        if parts.is_empty() || self.failure().is_some() {
            return;
        }
        let written = self.write(&mut parts);
        let Ok(mut state) = self.state.lock() else { return };
        match written {
            Ok(bytes) => state.bytes += bytes,
            Err(error) => {
                let folder = self.folder.clone().unwrap_or_else(std::env::temp_dir);
                state.failure = Some(format!("{}: {error}", folder.display()));
            }
        }
    }

    fn write(&self, parts: &mut [&mut Part]) -> io::Result<u64> {
        let file = match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder)?,
            None => tempfile::tempfile()?,
        };
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        let mut at = 0;
        let mut places = Vec::with_capacity(parts.len());
        for part in &mut *parts {
            out.write_all(&part.bytes)?;
            let end = at + part.bytes.len();
            places.push(at..end);
            let padding = end.next_multiple_of(ALIGNMENT) - end;
            out.write_all(&[0; ALIGNMENT][..padding])?;
            at = end + padding;
        }
        out.flush()?;
        drop(out);
        let map = MMapSemaphore::new_from_file(&file).map_err(io::Error::other)?;
        let whole = Buffer::from_owner(Mapped { map, _file: file });
        if whole.len() != at {
            return Err(io::Error::other("a temporary file is shorter than what was written to it"));
        }
        for (part, place) in parts.iter_mut().zip(places) {
            **part = Part { bytes: whole.clone().sliced(place), mapped: true };
        }
        Ok(at as u64)
    }
}

/// A mapping, and the file behind it: it is let go first.
struct Mapped {
    map: MMapSemaphore,
    _file: File,
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.map.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mapped_is_what_was_written() {
        let spool = Spool::default();
        let mut parts: Vec<Part> = (1..200_usize).map(|n| Part::new(vec![n as u8; n * 7])).collect();
        let before: Vec<Vec<u8>> = parts.iter().map(|part| part.bytes.as_slice().to_vec()).collect();
        spool.put(parts.iter_mut());
        assert!(parts.iter().all(|part| part.mapped) && spool.bytes() > 0 && spool.failure().is_none());
        assert!(parts.iter().map(|part| part.bytes.as_slice().to_vec()).eq(before));
    }

    #[test]
    fn a_folder_that_refuses_is_told_and_nothing_is_lost() {
        let spool = Spool::new(Some(Path::new("no/such/folder")));
        let mut parts = [Part::new(b"kept".to_vec())];
        spool.put(parts.iter_mut());
        assert!(spool.failure().is_some_and(|why| why.contains("no/such/folder")));
        assert_eq!(&*parts[0].bytes, b"kept");
    }
}
