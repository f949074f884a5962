//! Where addresses are, from a database of places in MaxMind's format that the responder supplies.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use maxminddb::{Reader, geoip2};
use serde_json::{Map, Value as Json};

/// What a query that asks for places depends on; it stands among the lists in [`super::Usage`].
pub const PLACES: &str = "places";

/// A database of places (GeoLite2 City, GeoIP2 City, DB-IP City and their like).
pub struct Places {
    reader: Reader<Vec<u8>>,
    known: Mutex<HashMap<IpAddr, Option<String>>>,
}

impl Places {
    /// Reads a database.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(bytes: Vec<u8>) -> Result<Places, String> {
        let reader = Reader::from_source(bytes).map_err(|error| format!("is no MMDB database: {error}"))?;
        Ok(Places { reader, known: Mutex::default() })
    }

    /// Kind and date of the database, for the report's assumptions.
    pub fn edition(&self) -> String {
        let built = i64::try_from(self.reader.metadata().build_epoch).unwrap_or_default();
        let day = chrono::DateTime::from_timestamp(built, 0).map(|at| at.format("%Y-%m-%d").to_string());
        format!("{} of {}", self.reader.metadata().database_type, day.unwrap_or_default())
    }

    /// The bag that `geo_info_from_ip_address` gives: country, state, city, latitude, longitude, those that are known.
    /// None for text that is no address and for an address that the database does not have.
    pub fn locate(&self, address: &str) -> Option<String> {
        let address: IpAddr = address.trim().parse().ok()?;
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.entry(address).or_insert_with(|| self.look_up(address)).clone()
    }

    fn look_up(&self, address: IpAddr) -> Option<String> {
        let found: geoip2::City<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        let mut bag = Map::new();
        let mut put = |key: &str, value: Option<Json>| bag.extend(value.map(|value| (key.to_owned(), value)));
        put("country", found.country.names.english.map(Json::from));
        put("state", found.subdivisions.first().and_then(|state| state.names.english).map(Json::from));
        put("city", found.city.names.english.map(Json::from));
        put("latitude", found.location.latitude.map(Json::from));
        put("longitude", found.location.longitude.map(Json::from));
        (!bag.is_empty()).then(|| Json::Object(bag).to_string())
    }
}

impl PartialEq for Places {
    fn eq(&self, other: &Places) -> bool {
        self.reader.metadata() == other.reader.metadata()
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.edition())
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    /// A map, a text, a number as the format writes them.
    fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut out = vec![0xe0 | entries.len() as u8];
        for (key, value) in entries {
            out.extend(text(key));
            out.extend(value);
        }
        out
    }

    fn text(value: &str) -> Vec<u8> {
        [&[0x40 | value.len() as u8], value.as_bytes()].concat()
    }

    fn real(value: f64) -> Vec<u8> {
        [&[0x68_u8][..], &value.to_be_bytes()].concat()
    }

    fn number(value: u16) -> Vec<u8> {
        [&[0xa2_u8][..], &value.to_be_bytes()].concat()
    }

    /// A database of IPv4 addresses whose first bit is 1: all of them are in one place.
    fn database() -> Vec<u8> {
        let name = |name: &str| map(&[("names", map(&[("en", text(name))]))]);
        let states = [vec![0x01, 0x04], name("Upper")].concat();
        let place = map(&[
            ("country", name("Examplia")),
            ("subdivisions", states),
            ("location", map(&[("latitude", real(1.5)), ("longitude", real(-2.25))])),
        ]);
        // One node: on the left nothing, on the right the first record, 16 bytes behind the node count.
        let tree = [0, 0, 1, 0, 0, 1 + 16];
        let metadata = map(&[
            ("binary_format_major_version", number(2)),
            ("binary_format_minor_version", number(0)),
            ("build_epoch", [&[0x04_u8, 0x02][..], &1_767_225_600_u32.to_be_bytes()].concat()),
            ("database_type", text("Test-City")),
            ("description", map(&[])),
            ("ip_version", number(4)),
            ("languages", vec![0x00, 0x04]),
            ("node_count", [&[0xc1_u8][..], &[1]].concat()),
            ("record_size", number(24)),
        ]);
        [&tree[..], &[0; 16], &place, b"\xab\xcd\xefMaxMind.com", &metadata].concat()
    }

    #[test]
    fn an_address_has_a_place_or_none() {
        let places = Places::read(database()).unwrap_or_else(|why| panic!("{why}"));
        let bag = r#"{"country":"Examplia","state":"Upper","latitude":1.5,"longitude":-2.25}"#;
        assert_eq!(places.locate(" 203.0.113.7").as_deref(), Some(bag));
        assert_eq!(places.locate("10.0.0.1"), None);
        assert_eq!(places.locate("2001:db8::1"), None);
        assert_eq!(places.locate("nowhere"), None);
        assert_eq!(places.edition(), "Test-City of 2026-01-01");
        assert!(Places::read(b"no database".to_vec()).is_err());
    }
}
