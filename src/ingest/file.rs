//! One file: opened, cut into chunks, parsed on all cores, put together in order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::parse::{Context, Parsed, parse};
use super::room::Room;
use super::warnings::{SHOWN, Seen, warnings};
use super::{Loaded, Options, Step};
use crate::evidence::{Chunks, Entry, Facts, Layout, Opened, Part, Source, open};
use crate::formats::{Dates, Form, Order, Record, Value, localised, recognise};
use crate::table::{RecordId, TableBuilder};

/// Loads a file with everything inside it.
pub fn load(
    source: &Source,
    options: &Options,
    room: &Room,
    progress: &(dyn for<'a> Fn(Step<'a>) + Sync),
) -> Vec<Loaded> {
    progress(Step::Start(&source.name));
    let mut day_first = BTreeSet::new();
    let mut loaded = once(source, options, room, progress, &mut day_first);
    if !day_first.is_empty() {
        // Some dates could be read either way, and others of the same file show that the day comes first.
        drop(loaded);
        loaded = once(source, options, room, &|_| {}, &mut day_first);
    }
    progress(Step::Done(&source.name));
    loaded
}

fn once(
    source: &Source,
    options: &Options,
    room: &Room,
    progress: &(dyn for<'a> Fn(Step<'a>) + Sync),
    day_first: &mut BTreeSet<String>,
) -> Vec<Loaded> {
    let mut all = Vec::new();
    let mut packed = false;
    let path = |member: &str| if member.is_empty() { source.name.clone() } else { format!("{}!{member}", source.name) };
    let result = open(&source.path, options.limits, &options.passwords, &mut |part| match part {
        Part::Container(container) => {
            let entry = Entry {
                path: path(&container.member),
                bytes: container.bytes,
                sha256: container.sha256,
                format: container.format.map(str::to_owned),
                reason: container.reason,
                ..Entry::default()
            };
            all.push(Loaded { entry, builders: BTreeMap::new() });
        }
        Part::Stream(opened) => {
            let path = path(&opened.member);
            let order = if day_first.contains(&path) { Order::DayFirst } else { Order::MonthFirst };
            // A member's bytes are not those on disk: an archive counts when it has been read.
            let plain = opened.member.is_empty();
            let told = |step: Step<'_>| {
                if plain || !matches!(step, Step::Bytes(_)) {
                    progress(step)
                }
            };
            packed |= !plain;
            let (loaded, again) = stream(opened, &path, order, (options, room), &told);
            if again {
                day_first.insert(path);
            }
            all.push(loaded);
        }
    });
    if let Err(error) = result {
        let reason = format!("cannot be read: {error}");
        let entry = Entry { path: source.name.clone(), warnings: vec![reason.clone()], reason, ..Entry::default() };
        all.push(Loaded { entry, builders: BTreeMap::new() });
    }
    if packed {
        progress(Step::Bytes(std::fs::metadata(&source.path).map_or(0, |meta| meta.len())));
    }
    all
}

/// What the chunks of a stream gave, put together.
#[derive(Default)]
struct Whole {
    builders: BTreeMap<String, TableBuilder>,
    seen: Seen,
    sample: Option<String>,
    formats: BTreeMap<&'static str, (&'static str, u64)>,
}

impl Whole {
    fn add(&mut self, mut parsed: Parsed) {
        let seen = &mut self.seen;
        let before = seen.records;
        seen.records += parsed.records;
        seen.rejected += parsed.rejected.len() as u64;
        let room = SHOWN.saturating_sub(seen.reasons.len());
        seen.reasons.extend(parsed.rejected.into_iter().take(room).map(|(number, why)| (number + before, why)));
        seen.recoded += parsed.recoded;
        seen.repaired += parsed.repaired;
        seen.headers += parsed.headers;
        seen.facts.merge(&parsed.facts);
        seen.dates.merge(&parsed.sink.dates);
        for (what, times) in &parsed.sink.notes {
            *seen.notes.entry(what.to_string()).or_default() += times;
        }
        for mut problem in parsed.sink.problems.drain(..) {
            problem.record += before;
            let (count, shown) = seen.problems.entry(problem.column.clone()).or_default();
            *count += 1;
            if shown.len() < SHOWN {
                shown.push(problem);
            }
        }
        self.sample = self.sample.take().or(parsed.sample);
        for (name, (why, count)) in parsed.formats {
            self.formats.entry(name).or_insert((why, 0)).1 += count;
        }
        for mut builder in parsed.sink.into_builders() {
            builder.renumber(RecordId { evidence: 0, number: before });
            let schema = builder.schema().clone();
            self.builders.entry(schema.table.clone()).or_insert_with(|| TableBuilder::new(schema)).append(builder);
        }
    }
}

/// Loads one stream; the second value asks for another pass with the day first.
fn stream(
    opened: Opened<'_>,
    path: &str,
    order: Order,
    (options, room): (&Options, &Room),
    progress: &(dyn for<'a> Fn(Step<'a>) + Sync),
) -> (Loaded, bool) {
    let mut chunks = Chunks::open(opened.input, options.limits);
    let translated = localised::english(&chunks.header);
    let context = Context {
        layout: chunks.layout,
        repeated: chunks.header.clone(),
        header: translated.as_ref().map_or_else(|| chunks.header.clone(), |(header, _)| header.clone()),
        file: path.to_owned(),
        dates: Dates { order, zone: options.timezone, ..Dates::default() },
        local: chunks.header.iter().any(|name| name.ends_with("[Local Time]")),
    };
    let mut whole = Whole::default();
    if let Some((_, what)) = translated {
        whole.seen.notes.insert(what, 1);
    }
    if chunks.titles > 0 {
        whole.seen.notes.insert("repaired: lines with a title above the header passed over".into(), chunks.titles);
    }
    if chunks.escaped {
        whole
            .seen
            .notes
            .insert("repaired: quotes inside cells stand behind a backslash and were read as quotes".into(), 1);
    }
    if !matches!(context.layout, Layout::Empty | Layout::Binary(_) | Layout::Text) {
        whole = records(&mut chunks, &context, whole, room, progress);
    }
    let mut facts: Facts = chunks.facts().clone();
    facts.merge(&whole.seen.facts);
    whole.seen.facts = facts;
    whole.seen.encoding = chunks.encoding.note();
    let digested = chunks.finish();
    whole.seen.failure = digested.failure;

    let dates = &whole.seen.dates;
    let again = order == Order::MonthFirst && dates.day_first > 0 && dates.month_first == 0 && dates.either > 0;
    let mut entry = Entry { path: path.to_owned(), bytes: digested.bytes, sha256: digested.sha256, ..Entry::default() };
    if whole.formats.is_empty() {
        entry.reason = reason(&context, &whole);
        entry.warnings = whole.seen.failure.iter().map(|why| format!("reading stopped early: {why}")).collect();
        return (Loaded { entry, builders: BTreeMap::new() }, false);
    }
    let names: Vec<&str> = whole.formats.keys().copied().collect();
    let whys: Vec<&str> = whole.formats.values().map(|(why, _)| *why).collect();
    entry.format = Some(names.join(" + "));
    entry.reason = whys.join("; ");
    entry.records = whole.seen.records;
    entry.rejected = whole.seen.rejected;
    entry.loaded = entry.records - entry.rejected;
    entry.warnings = warnings(&whole.seen, order, options.timezone.is_some());
    (Loaded { entry, builders: whole.builders }, again)
}

/// Chunks that were parsed, put together in their order as soon as those before them are there.
#[derive(Default)]
struct Line {
    waiting: Mutex<BTreeMap<usize, Parsed>>,
    /// Blocks of chunks that were parsed.
    spare: Mutex<Vec<Vec<u8>>>,
    whole: Mutex<Whole>,
    /// Chunks put together.
    done: AtomicUsize,
    /// No more is wanted: many records and none of a known shape, or a fault in one of the chunks.
    stop: AtomicBool,
}

/// A fault in one chunk must not leave the others waiting for it.
struct Alarm<'l>(&'l AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl Line {
    /// Puts together what is ready. Whoever finds another at it leaves it to them.
    fn advance(&self, room: &Room) {
        let take = || self.waiting.lock().ok()?.remove(&self.done.load(Ordering::Acquire));
        let more = || self.waiting.lock().is_ok_and(|waiting| waiting.contains_key(&self.done.load(Ordering::Acquire)));
        // Something may come between the last look and the release: look again.
        while !self.stop.load(Ordering::Acquire) && more() {
            let Ok(mut whole) = self.whole.try_lock() else { return };
            while let Some(parsed) = take() {
                whole.add(parsed);
                room.relieve(whole.builders.values_mut());
                // A file that shows nothing known in its first megabytes is not ours.
                let foreign = whole.formats.is_empty() && whole.seen.records > 100_000;
                self.done.fetch_add(1, Ordering::AcqRel);
                if foreign {
                    return self.stop.store(true, Ordering::Release);
                }
            }
        }
    }
}

/// Reads all chunks. They are parsed side by side; whoever has parsed one puts together what is ready.
fn records(
    chunks: &mut Chunks<'_>,
    context: &Context,
    whole: Whole,
    room: &Room,
    progress: &(dyn for<'a> Fn(Step<'a>) + Sync),
) -> Whole {
    let ahead = rayon::current_num_threads() * 2 + 1;
    let line = Line { whole: Mutex::new(whole), ..Line::default() };
    rayon::in_place_scope(|scope| {
        let mut read = 0;
        // A file that is not ours is only hashed from here on.
        while let Some(chunk) = chunks.next_chunk().filter(|_| !line.stop.load(Ordering::Acquire)) {
            progress(Step::Bytes(chunk.bytes.len() as u64));
            let (number, line) = (read, &line);
            read += 1;
            scope.spawn(move |_| {
                let _alarm = Alarm(&line.stop);
                let parsed = parse(&chunk, context);
                if let Ok(mut spare) = line.spare.lock() {
                    spare.push(chunk.bytes);
                }
                if let Ok(mut waiting) = line.waiting.lock() {
                    waiting.insert(number, parsed);
                }
                line.advance(room);
            });
            if let Some(block) = line.spare.lock().ok().and_then(|mut spare| spare.pop()) {
                chunks.reuse(block);
            }
            // Enough is under way: help with it, or wait for it.
            while read - line.done.load(Ordering::Acquire) > ahead && !line.stop.load(Ordering::Acquire) {
                if !matches!(rayon::yield_now(), Some(rayon::Yield::Executed)) {
                    std::thread::sleep(Duration::from_micros(50));
                }
            }
        }
    });
    line.advance(room);
    line.whole.into_inner().unwrap_or_default()
}

/// Why a stream is not ours.
fn reason(context: &Context, whole: &Whole) -> String {
    match context.layout {
        Layout::Empty if whole.seen.failure.is_some() => "nothing could be read".into(),
        Layout::Empty => "empty: no bytes but white space".into(),
        Layout::Binary(what) => what.into(),
        Layout::Text => "text that is neither JSON nor a table with a header".into(),
        Layout::Separated(_) => {
            let fields = context.header.iter().map(|name| (name.as_str().into(), Value::Null)).collect();
            let known =
                recognise(&Record { fields, form: Form::Csv, raw: "", tight: false }).map(|(format, _)| format.name);
            let first = whole.seen.reasons.first().filter(|_| whole.sample.is_none());
            match (known, first) {
                (Some(name), _) if whole.seen.records == 0 => {
                    format!("the header of a {name}, but no records below it")
                }
                (None, _) if whole.seen.records == 0 => format!("a header without records: {}", names(&context.header)),
                (Some(name), Some((number, why))) => {
                    format!("the header of a {name}, but no record below it could be read; record {number}: {why}")
                }
                _ => {
                    let unknown = || format!("a table of no known export: {}", names(&context.header));
                    whole.sample.clone().unwrap_or_else(unknown)
                }
            }
        }
        Layout::Json | Layout::Lines if whole.seen.records == 0 && whole.seen.facts.envelopes > 0 => {
            "an export without records: its list is empty".into()
        }
        Layout::Json | Layout::Lines if whole.seen.records == 0 => "JSON without records".into(),
        Layout::Json | Layout::Lines => match (&whole.sample, whole.seen.reasons.first()) {
            (Some(sample), _) => sample.clone(),
            (None, Some((_, why))) => format!("looks like JSON, but no record could be read: {why}"),
            (None, None) => "JSON of no known export".into(),
        },
    }
}

fn names(header: &[String]) -> String {
    let shown: Vec<&str> = header.iter().take(10).map(String::as_str).collect();
    format!("{}{}", shown.join(", "), if header.len() > 10 { ", …" } else { "" })
}
