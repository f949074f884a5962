//! Which records stand behind a row while a query runs.
//!
//! A column of numbers goes along with the rows. A row made from one record carries that record's packed id, a row made
//! from several the number of a list of what it was made from: of records and of further lists. So rows that are joined to
//! the same group all name its list, and none repeats it; the records are told apart only for the rows of the answer.

use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::{Column, DataFrame, DataType, Expr, Field, IntoColumn, PolarsResult, Schema, Series};
use polars::prelude::{ListChunked, NamedFrom, UInt64Chunked, lit, map_multiple};
use rustc_hash::FxHashSet;

use super::relation::column;
use crate::table::{RECORD, RecordId};

/// Marks a number as that of a list. A packed id reaches it only from the eight-millionth file on.
const LIST: u64 = 1 << 63;

/// The lists of one run of a query. Clones share them.
#[derive(Clone, Default)]
pub struct Lineage(Arc<Mutex<Lists>>);

/// Members one after another, each as the distance from the one before it: records mostly come in order, so that a
/// member takes a byte or two.
#[derive(Default)]
struct Lists {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Lists {
    /// The number of a list of these members; of one member itself; none of none.
    fn put(&mut self, members: impl Iterator<Item = u64>) -> Option<u64> {
        let begin = self.bytes.len();
        let (mut first, mut last, mut several) = (None, 0, false);
        for member in members {
            if first.is_some() && member == last {
                continue;
            }
            several |= first.is_some();
            first.get_or_insert(member);
            write(member.wrapping_sub(last), &mut self.bytes);
            last = member;
        }
        if !several {
            self.bytes.truncate(begin);
            return first;
        }
        self.ends.push(self.bytes.len());
        Some(LIST | (self.ends.len() as u64 - 1))
    }

    /// The members of a list.
    fn get(&self, list: u64) -> impl Iterator<Item = u64> {
        let at = (list & !LIST) as usize;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(begin);
        let mut rest = self.bytes.get(begin..end).unwrap_or_default();
        let mut last: u64 = 0;
        std::iter::from_fn(move || {
            last = last.wrapping_add(read(&mut rest)?);
            Some(last)
        })
    }
}

/// A distance, small ones of either direction in few bytes: zigzag, then seven bits a byte (LEB128).
fn write(distance: u64, bytes: &mut Vec<u8>) {
    let signed = distance as i64;
    let mut rest = ((signed << 1) ^ (signed >> 63)) as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// The reverse of [`write`]; none at the end.
fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte < 0x80 {
            return Some((value >> 1) ^ (value & 1).wrapping_neg());
        }
    }
}

impl Lineage {
    /// What a row that no record stands behind carries.
    pub fn none() -> Expr {
        lit(polars::prelude::NULL).cast(DataType::UInt64).alias(RECORD)
    }

    /// What a row carries that is made from rows which carry these.
    pub fn merge(&self, members: impl Iterator<Item = u64>) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(members)
    }

    /// What the rows of a group carry: its members.
    pub fn members() -> Expr {
        column(RECORD).alias(RECORD)
    }

    /// The gathered members as what the groups carry.
    pub fn gather(&self) -> Expr {
        let lineage = self.clone();
        let merge = move |columns: &mut [Column]| -> PolarsResult<Column> {
            let groups = columns.first().map(|column| column.as_materialized_series().clone()).unwrap_or_default();
            let groups: &ListChunked = groups.list()?;
            let merged = groups.amortized_iter().map(|group| -> PolarsResult<Option<u64>> {
                let Some(group) = group else { return Ok(None) };
                Ok(lineage.merge(group.as_ref().u64()?.iter().flatten()))
            });
            Ok(merged.collect::<PolarsResult<UInt64Chunked>>()?.into_column().with_name(RECORD.into()))
        };
        map_multiple(merge, [column(RECORD)], numbers).alias(RECORD)
    }

    /// What a row carries that is made from a row of each side of a join.
    pub fn pair(&self, left: &str, right: &str) -> Expr {
        let lineage = self.clone();
        let merge = move |columns: &mut [Column]| -> PolarsResult<Column> {
            let [left, right] = columns else { return Ok(Column::default()) };
            let (left, right) = (left.as_materialized_series(), right.as_materialized_series());
            let pairs = left.u64()?.iter().zip(right.u64()?.iter());
            let merged: UInt64Chunked = pairs.map(|(a, b)| lineage.merge(a.into_iter().chain(b))).collect();
            Ok(merged.into_column().with_name(RECORD.into()))
        };
        map_multiple(merge, [column(left), column(right)], numbers).alias(RECORD)
    }

    /// A column of what rows carry.
    pub fn series(carried: Vec<Option<u64>>) -> Series {
        Series::new(RECORD.into(), carried)
    }

    /// The records behind each row of an answer, in order and once each.
    pub fn records(&self, frame: &mut DataFrame) -> PolarsResult<Vec<Vec<RecordId>>> {
        let carried = frame.drop_in_place(RECORD)?;
        let lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spread = |carried: Option<u64>| {
            let mut records: Vec<u64> = Vec::new();
            let mut told: FxHashSet<u64> = FxHashSet::default();
            let mut open: Vec<u64> = carried.into_iter().collect();
            while let Some(number) = open.pop() {
                if number & LIST == 0 {
                    records.push(number);
                } else if told.insert(number) {
                    for member in lists.get(number) {
                        if member & LIST == 0 { records.push(member) } else { open.push(member) }
                    }
                }
            }
            records.sort_unstable();
            records.dedup();
            records.into_iter().map(RecordId::unpack).collect()
        };
        Ok(carried.as_materialized_series().u64()?.iter().map(spread).collect())
    }
}

fn numbers(_: &Schema, _: &[Field]) -> PolarsResult<Field> {
    Ok(Field::new(RECORD.into(), DataType::UInt64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(lineage: &Lineage, carried: Option<u64>) -> Vec<u64> {
        let mut frame = DataFrame::new(1, vec![Lineage::series(vec![carried]).into_column()]).unwrap();
        lineage.records(&mut frame).unwrap().remove(0).into_iter().map(RecordId::pack).collect()
    }

    #[test]
    fn lists_of_lists_name_each_record_once_and_in_order() {
        let lineage = Lineage::default();
        let few = lineage.merge([7, 3, 3].into_iter());
        let far = lineage.merge([RecordId { evidence: 9, number: 1 << 39 }.pack(), 1].into_iter());
        let all = lineage.merge([few, far, few, Some(5)].into_iter().flatten());
        let last = RecordId { evidence: 9, number: 1 << 39 }.pack();
        assert_eq!(records(&lineage, all), [1, 3, 5, 7, last]);
        assert_eq!(records(&lineage, few), [3, 7]);
    }

    #[test]
    fn one_member_needs_no_list() {
        let lineage = Lineage::default();
        assert_eq!(lineage.merge(std::iter::empty()), None);
        assert_eq!(lineage.merge([4, 4].into_iter()), Some(4));
        let list = lineage.merge([4, 5].into_iter());
        assert_eq!(lineage.merge(list.into_iter()), list);
        assert_eq!(records(&lineage, None), [0_u64; 0]);
    }

    #[test]
    fn distances_of_any_size_and_direction_are_read_as_they_were_written() {
        let numbers = [0, 1, 63, 64, 127, 128, u64::MAX, LIST, LIST - 1, 1 << 40];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| write(*number, &mut bytes));
        let mut rest = bytes.as_slice();
        assert_eq!(std::iter::from_fn(|| read(&mut rest)).collect::<Vec<_>>(), numbers);
    }
}
