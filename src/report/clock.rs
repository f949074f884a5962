//! How times are shown to people. Files for programs are in UTC whatever is shown here.

use chrono::TimeZone;
use chrono_tz::Tz;

use crate::table::time;

/// A time zone for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    zone: Tz,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { zone: Tz::UTC }
    }
}

impl Clock {
    /// Times in this zone.
    pub fn new(zone: Tz) -> Clock {
        Clock { zone }
    }

    /// Name of the zone, for example `UTC` or `Europe/Berlin`.
    pub fn name(&self) -> &'static str {
        self.zone.name()
    }

    /// Whether times are shown as the files hold them.
    pub fn is_utc(&self) -> bool {
        self.zone == Tz::UTC
    }

    /// Date and time to the second; outside of UTC always with its offset.
    ///
    /// ```
    /// use entrail::report::Clock;
    /// use entrail::table::time::parse_iso;
    /// let ticks = parse_iso("2026-05-18T22:30:00Z").unwrap();
    /// assert_eq!(Clock::default().short(ticks), "2026-05-18 22:30:00");
    /// assert_eq!(Clock::new(chrono_tz::Europe::Berlin).short(ticks), "2026-05-19 00:30:00+02:00");
    /// assert_eq!(Clock::new(chrono_tz::Europe::Berlin).day(ticks), "2026-05-19");
    /// ```
    pub fn short(&self, ticks: i64) -> String {
        if self.is_utc() {
            return time::short(ticks);
        }
        let Some(civil) = time::civil(ticks) else { return String::new() };
        self.zone.from_utc_datetime(&civil).format("%Y-%m-%d %H:%M:%S%:z").to_string()
    }

    /// The day that a time falls on in this zone.
    pub fn day(&self, ticks: i64) -> String {
        let Some(civil) = time::civil(ticks) else { return String::new() };
        self.zone.from_utc_datetime(&civil).format("%Y-%m-%d").to_string()
    }
}
