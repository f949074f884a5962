//! Records that another tool carried: Graph's answer about one thing, forwarders' and indexes' events around the text
//! that they were given.

use super::record::shallow;
use super::{Record, recognise, unplaced};

/// Where carriers keep what they carry: Graph one object; Splunk's collector, its search results, Logstash, Event Hub's
/// readers and Event Grid the event as text or object; Wazuh the records of its modules; Defender for Cloud Apps the
/// audit record that an activity was made from; alerts on the activity log the event that set them off.
const PLACES: [&str; 13] = [
    "value",
    "message",
    "event",
    "_raw",
    "result._raw",
    "body",
    "data",
    "office365",
    "data.office365",
    "ms-graph",
    "data.ms-graph",
    "rawDataJson",
    "data.context.activityLog",
];

/// The JSON of the one record of a known shape that is carried, and where it was. None where the carrier took the record
/// apart: then its fields are the carrier's own.
pub fn carried(record: &Record<'_>) -> Option<(String, &'static str)> {
    if unplaced::shipped(record).is_some() {
        return None;
    }
    PLACES.into_iter().find_map(|place| {
        let value = record.path(place);
        let text = value.as_str().trim();
        let known = |text| Record::parse(text).is_ok_and(|inner| recognise(&inner).is_some());
        (text.starts_with('{') && shallow(text) && known(text)).then(|| (text.to_owned(), place))
    })
}
