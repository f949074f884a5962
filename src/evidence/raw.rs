//! Fetches the text of single records again, for the report: each file is read once, whatever is wanted from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::archive::{Part, open};
use super::chunks::{Chunks, Limits, decode};
use super::records::each;
use super::{Manifest, walk};

/// The text of these records, `(evidence, record)` as in the manifest; the passwords are those that the evidence was read
/// with. What cannot be read any more is left out.
pub fn raw(
    arguments: &[PathBuf],
    manifest: &Manifest,
    wanted: &BTreeSet<(u32, u64)>,
    passwords: &[String],
) -> BTreeMap<(u32, u64), String> {
    let mut texts = BTreeMap::new();
    let Ok(found) = walk(arguments) else { return texts };
    for source in found.sources {
        let of_file =
            |path: &str| path == source.name || path.strip_prefix(&source.name).is_some_and(|p| p.starts_with('!'));
        let numbers: Vec<u32> = (0_u32..)
            .zip(&manifest.evidence)
            .filter(|(_, entry)| of_file(&entry.path))
            .map(|(number, _)| number)
            .filter(|number| wanted.range((*number, 0)..=(*number, u64::MAX)).next().is_some())
            .collect();
        if numbers.is_empty() {
            continue;
        }
        let result = open(&source.path, Limits::default(), passwords, &mut |part| {
            let Part::Stream(opened) = part else { return };
            let path = if opened.member.is_empty() {
                source.name.clone()
            } else {
                format!("{}!{}", source.name, opened.member)
            };
            let number = numbers.iter().find(|n| manifest.evidence.get(**n as usize).is_some_and(|e| e.path == path));
            let Some(&number) = number else { return };
            let last = wanted.range((number, 0)..=(number, u64::MAX)).next_back().map_or(0, |w| w.1);
            let mut chunks = Chunks::open(opened.input, Limits::default());
            let mut record = 0;
            while record < last {
                let Some(chunk) = chunks.next_chunk() else { break };
                each(&chunk, chunks.layout, &chunks.header, |_, range| {
                    record += 1;
                    if wanted.contains(&(number, record)) {
                        let text = decode(chunk.bytes.get(range).unwrap_or_default()).0;
                        texts.insert((number, record), text.trim_end().to_owned());
                    }
                });
            }
        });
        if result.is_err() {
            continue;
        }
    }
    texts
}
