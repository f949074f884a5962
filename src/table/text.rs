//! Text as it is collected: each value once, in the form that polars reads, so that finishing a column copies nothing.
//!
//! A value is a view: up to twelve bytes stand in it, longer ones in a part of the column's bytes. Parts are closed when
//! they are full, and closed parts can leave memory.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use polars::prelude::{PlSmallStr, StringChunked};
use polars_arrow::array::{Utf8ViewArray, View};
use polars_arrow::datatypes::ArrowDataType;
use polars_buffer::Buffer;
use rustc_hash::FxBuildHasher;

use super::spool::Part;

/// Key of a missing cell.
pub(super) const MISSING: u32 = u32::MAX;
/// After this many rows a column that hardly repeats is no longer looked up.
const TRIAL_ROWS: usize = 16_384;
/// The same within a chunk: what repeats only from chunk to chunk is found when chunks are put together.
const TRIAL_ROWS_OF_CHUNK: usize = 256;
/// A part is closed before it grows beyond this; a single longer value is a part of its own.
const PART: usize = 8 << 20;
/// A column put behind another gives up its parts as they are from this size on; smaller ones are copied.
const ADOPTED: usize = 1 << 20;

/// Values and the rows that hold them.
#[derive(Debug)]
pub(super) struct Text {
    /// Distinct values.
    views: Vec<View>,
    /// One key a row.
    pub keys: Vec<u32>,
    parts: Vec<Part>,
    /// The part that is being filled.
    open: Vec<u8>,
    /// Keys by value; none once looking up does not pay.
    index: Option<HashTable<Entry>>,
    /// Rows after which it is decided whether looking up pays.
    trial: usize,
}

/// A distinct value in the index. Its hash stands here, so that growing and merging do not read the text again.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    key: u32,
}

impl Default for Text {
    fn default() -> Text {
        Text {
            views: Vec::new(),
            keys: Vec::new(),
            parts: Vec::new(),
            open: Vec::new(),
            index: Some(HashTable::new()),
            trial: TRIAL_ROWS,
        }
    }
}

impl Text {
    /// For the rows of one chunk, which will be put behind others.
    pub fn of_chunk() -> Text {
        Text { trial: TRIAL_ROWS_OF_CHUNK, ..Text::default() }
    }

    fn bytes<'t>(&'t self, view: &'t View) -> &'t [u8] {
        bytes(view, &self.parts, &self.open)
    }

    fn append(&mut self, value: &[u8]) -> u32 {
        let key = self.views.len() as u32;
        let long = value.len() > View::MAX_INLINE_SIZE as usize;
        if long && self.open.len() + value.len() > PART {
            self.close();
        }
        self.views.push(View::new_from_bytes(value, self.parts.len() as u32, self.open.len() as u32));
        if long {
            self.open.extend_from_slice(value);
        }
        key
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.parts.push(Part::new(std::mem::take(&mut self.open)));
        }
    }

    /// Adds a row with this value.
    pub fn push(&mut self, value: &str) {
        let value = value.as_bytes();
        let key = if self.index.is_some() { self.intern(value, hash(value)) } else { self.append(value) };
        self.keys.push(key);
    }

    /// The key of a value, stored now if it is new.
    fn intern(&mut self, value: &[u8], hash: u32) -> u32 {
        let Some(mut index) = self.index.take() else { return self.append(value) };
        let same = |key: u32| self.views.get(key as usize).is_some_and(|view| self.bytes(view) == value);
        let found = index.find(spread(hash), |entry| entry.hash == hash && same(entry.key)).map(|entry| entry.key);
        let key = found.unwrap_or_else(|| {
            let key = self.append(value);
            index.insert_unique(spread(hash), Entry { hash, key }, |entry| spread(entry.hash));
            key
        });
        let rows = self.keys.len();
        // Nearly every value is new: looking them up costs more than storing the few repetitions.
        let pays = rows < self.trial || self.views.len() * 10 < rows * 9;
        self.index = pays.then_some(index);
        key
    }

    /// Puts the rows of another behind these.
    pub fn extend(&mut self, mut more: Text) {
        if self.views.is_empty() && self.index.is_some() && more.index.is_some() {
            self.keys.append(&mut more.keys);
            *self = Text { keys: std::mem::take(&mut self.keys), trial: self.trial, ..more };
            return;
        }
        let size: usize = more.open.len() + more.parts.iter().map(|part| part.bytes.len()).sum::<usize>();
        let unique = more.index.is_none() && more.trial == TRIAL_ROWS;
        if size >= ADOPTED && (self.index.is_none() || unique) {
            return self.adopt(more);
        }
        let hashes = if self.index.is_some() { more.hashes() } else { vec![0; more.views.len()] };
        let values = more.views.iter().map(|view| more.bytes(view)).zip(hashes);
        let map: Vec<u32> = values.map(|(value, hash)| self.intern(value, hash)).collect();
        self.keys.extend(more.keys.iter().map(|&key| map.get(key as usize).copied().unwrap_or(MISSING)));
    }

    /// The hash of every distinct value.
    fn hashes(&self) -> Vec<u32> {
        let Some(index) = &self.index else { return self.views.iter().map(|view| hash(self.bytes(view))).collect() };
        let mut hashes = vec![0; self.views.len()];
        for entry in index {
            if let Some(hash) = hashes.get_mut(entry.key as usize) {
                *hash = entry.hash;
            }
        }
        hashes
    }

    /// Takes over the parts of another without looking at what is in them.
    fn adopt(&mut self, mut more: Text) {
        self.close();
        more.close();
        self.index = None;
        let (part, key) = (self.parts.len() as u32, self.views.len() as u32);
        self.parts.append(&mut more.parts);
        self.views.extend(more.views.into_iter().map(|mut view| {
            if !view.is_inline() {
                view.buffer_idx += part;
            }
            view
        }));
        self.keys.extend(more.keys.into_iter().map(|old| if old == MISSING { MISSING } else { old + key }));
    }

    /// Bytes that could leave memory.
    pub fn loose(&self) -> usize {
        self.open.len() + self.parts.iter().filter(|part| !part.mapped).map(|part| part.bytes.len()).sum::<usize>()
    }

    /// Bytes that must stay.
    pub fn fixed(&self) -> usize {
        let index = self.index.as_ref().map_or(0, |index| index.capacity() * (size_of::<Entry>() + 1));
        self.views.capacity() * size_of::<View>() + self.keys.capacity() * size_of::<u32>() + index
    }

    /// Closes the part that is being filled and shows all.
    pub fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        self.close();
        self.parts.iter_mut()
    }

    /// Replaces missing cells by empty text.
    pub fn fill(&mut self) {
        if self.keys.contains(&MISSING) {
            let empty = self.intern(b"", hash(b""));
            self.keys.iter_mut().filter(|key| **key == MISSING).for_each(|key| *key = empty);
        }
    }

    /// Nothing more is added: views, keys and bytes as parts that can leave memory.
    pub fn seal(mut self) -> Sealed {
        self.close();
        self.views.shrink_to_fit();
        self.keys.shrink_to_fit();
        Sealed { views: Part::numbers(self.views), keys: Part::numbers(self.keys), bytes: self.parts }
    }
}

/// A finished column of text, in parts.
#[derive(Debug)]
pub(super) struct Sealed {
    views: Part,
    keys: Part,
    bytes: Vec<Part>,
}

impl Sealed {
    /// What could leave memory.
    pub fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        [&mut self.views, &mut self.keys].into_iter().chain(&mut self.bytes)
    }

    /// The distinct values as polars holds them, and the key of each row.
    pub fn finish(self) -> (StringChunked, Buffer<u32>) {
        let views: Buffer<View> = self.views.into_numbers();
        let rows = views.len();
        let parts: Buffer<Buffer<u8>> = self.bytes.into_iter().map(|part| part.bytes).collect();
        let values = Utf8ViewArray::try_new(ArrowDataType::Utf8View, views, parts, None)
            .unwrap_or_else(|_| Utf8ViewArray::new_null(ArrowDataType::Utf8View, rows));
        (StringChunked::with_chunk(PlSmallStr::EMPTY, values), self.keys.into_numbers())
    }
}

fn hash(value: &[u8]) -> u32 {
    let hash = FxBuildHasher.hash_one(value);
    (hash ^ (hash >> 32)) as u32
}

/// The table wants bits at both ends of a longer hash: 2^64 divided by the golden ratio spreads them.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn bytes<'t>(view: &'t View, parts: &'t [Part], open: &'t [u8]) -> &'t [u8] {
    if let Some(inline) = view.get_inlined_slice() {
        return inline;
    }
    let part = parts.get(view.buffer_idx as usize).map_or(open, |part| &part.bytes);
    let start = view.offset as usize;
    part.get(start..start + view.length as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Spool;

    fn value(text: &Text, row: usize) -> &str {
        let view = &text.views[text.keys[row] as usize];
        std::str::from_utf8(text.bytes(view)).expect("text")
    }

    /// Values of every size, repeated and not, in two builders, parts of them on disk.
    #[test]
    fn values_survive_parts_spooling_and_merging() {
        let make = |n: usize| match n % 4 {
            0 => format!("short {}", n % 7),
            1 => format!("repeated {:>60}", n % 100),
            2 => format!("unique {n:>60}"),
            _ => "x".repeat(n % 3000),
        };
        let spool = Spool::default();
        for apart in [10, 30_000] {
            let (mut first, mut second) = (Text::default(), Text::default());
            for n in 0..apart {
                first.push(&make(n));
            }
            spool.put(first.parts());
            assert_eq!(first.loose(), 0);
            for n in apart..40_000 {
                second.push(&make(n));
            }
            second.keys.push(MISSING);
            first.extend(second);
            assert_eq!(first.keys.len(), 40_001);
            assert!((0..40_000).all(|row| value(&first, row) == make(row)));
            first.fill();
            let mut sealed = first.seal();
            spool.put(sealed.parts());
            let (values, keys) = sealed.finish();
            assert!((0..40_000).all(|row| values.get(keys[row] as usize) == Some(make(row).as_str())));
            assert_eq!(values.get(keys[40_000] as usize), Some(""));
        }
    }
}
