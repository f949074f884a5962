//! Records that another tool carried: Graph's answer about one thing, forwarders' and indexes' events around the text
//! that they were given.

use super::record::shallow;
use super::{Record, recognise, unplaced};
use crate::evidence::prefix;

/// Where carriers keep what they carry: Graph one object; Splunk's collector, its search results, Logstash, Event Hub's
/// readers and Event Grid the event as text or object; Wazuh the records of its modules; Defender for Cloud Apps the
/// audit record that an activity was made from; alerts on the activity log the event that set them off; Docker, Graylog,
/// LogScale, QRadar, Elasticsearch, InsightIDR, OCSF, Sumo Logic and Google's forwarder the line or object that they read. A place that names more of the way
/// comes before one that names less.
const PLACES: [&str; 29] = [
    "result._raw",
    "map._raw",
    "data.office365",
    "data.ms-graph",
    "data.context.activityLog",
    "data.alertContext",
    "value",
    "message",
    "event",
    "_raw",
    "result",
    "body",
    "data",
    "office365",
    "ms-graph",
    "rawDataJson",
    "log",
    "full_message",
    "short_message",
    "@rawstring",
    "payload",
    "_source",
    "source_json",
    "raw_data",
    "log_text",
    "records",
    "hits",
    "attributes",
    "content",
];

/// Where a shipper keeps a line that it read and has not taken apart.
const ORIGINALS: [&str; 1] = ["message"];

/// Carriers inside carriers are looked into so far.
const DEPTH: usize = 4;

/// The JSON of the one record of a known shape that is carried, and where it was. None where the carrier took the record
/// apart: then its fields are the carrier's own.
pub fn carried(record: &Record<'_>) -> Option<(String, &'static str)> {
    within(record, DEPTH)
}

fn within(record: &Record<'_>, depth: usize) -> Option<(String, &'static str)> {
    if depth == 0 {
        return None;
    }
    // What a shipper took apart is its own; the text that it was given is not, where it kept it.
    let places = if unplaced::shipped(record).is_some() { &ORIGINALS } else { PLACES.as_slice() };
    places.iter().copied().find_map(|place| {
        let value = record.path(place);
        let text = object_in(value.as_str())?;
        let inner = Record::parse(text).ok()?;
        if recognise(&inner).is_some() {
            return Some((text.to_owned(), place));
        }
        Some((within(&inner, depth - 1)?.0, place))
    })
}

/// The object that a carrier holds, of whatever shape: what a file is described by.
pub fn held(record: &Record<'_>) -> Option<(String, &'static str)> {
    PLACES.into_iter().find_map(|place| {
        let value = record.path(place);
        let text = object_in(value.as_str())?;
        Record::parse(text).is_ok_and(|inner| inner.fields.len() > 1).then(|| (text.to_owned(), place))
    })
}

/// An object that a text is, or that it ends with behind a forwarder's prefix.
fn object_in(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = if text.starts_with('{') { text } else { text.get(prefix(text.as_bytes())?..)? };
    shallow(text).then_some(text)
}
