//! Sign-ins by country on a map of the world, with the countries that the intruder came from marked.
//!
//! The outlines are Natural Earth's (public domain), made small by `assets/world.py`: a line for each country with its
//! two-letter code, its name, the place of its label, and its outline where it is large enough to have one.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::chart::heat;
use super::escape::escaped;
use crate::report::summary::{count, listed, many};
use crate::report::{Report, defang};
use crate::timeline::Fact;

const WORLD: &str = include_str!("assets/world.txt");

/// A country of the map.
struct Place {
    code: &'static str,
    name: &'static str,
    x: &'static str,
    y: &'static str,
    outline: &'static str,
}

fn places() -> impl Iterator<Item = Place> {
    WORLD.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        let mut next = || parts.next();
        Some(Place { code: next()?, name: next()?, x: next()?, y: next()?, outline: next().unwrap_or_default() })
    })
}

/// The name of a country by its code; the code itself where it is not known.
pub fn country(code: &str) -> &str {
    places().find(|place| place.code == code && !code.is_empty()).map_or(code, |place| place.name)
}

/// The picture and what it leaves out; empty where no sign-in names a country.
pub fn world(report: &Report<'_>) -> (String, String) {
    let countries = &report.statistics.countries;
    let most = countries.values().map(|country| country.signins).max().unwrap_or(0);
    if most == 0 {
        return (String::new(), String::new());
    }
    let origins = origins(report);
    let told: Vec<String> =
        countries.iter().map(|(code, found)| format!("{} {}", country(code), count(found.signins))).collect();
    let mut svg = format!(
        r#"<svg class="world" viewBox="0 0 1000 424" role="img"><title>Sign-ins by country</title><desc>{}{}</desc>"#,
        escaped(&format!("Sign-ins: {}.", told.join(", "))),
        escaped(&match origins.len() {
            0 => String::new(),
            _ => format!(" The intruder came from {}.", listed(origins.keys().map(|code| country(code)))),
        })
    );
    let mut land = String::new();
    let (mut shaded, mut marks) = (String::new(), String::new());
    for place in places() {
        let found = countries.get(place.code).filter(|_| !place.code.is_empty());
        match found {
            None => land.push_str(place.outline),
            Some(found) => {
                let text = format!(
                    "{}: {}, {} succeeded",
                    place.name,
                    many(found.signins, "sign-in", "sign-ins"),
                    count(found.successes)
                );
                let class = heat(found.signins, most);
                let _ = if place.outline.is_empty() {
                    write!(
                        shaded,
                        r#"<circle class="h{class}" cx="{}" cy="{}" r="4"><title>{}</title></circle>"#,
                        place.x,
                        place.y,
                        escaped(&text)
                    )
                } else {
                    write!(
                        shaded,
                        r#"<path class="h{class}" d="{}"><title>{}</title></path>"#,
                        place.outline,
                        escaped(&text)
                    )
                };
            }
        }
        if let Some(addresses) = origins.get(place.code).filter(|_| !place.code.is_empty()) {
            let (x, y): (f64, f64) = (place.x.parse().unwrap_or(0.0), place.y.parse().unwrap_or(0.0));
            let text = format!("{}: {}", place.name, listed(addresses.iter().map(String::as_str)));
            let _ = write!(
                marks,
                r##"<g class="origin-mark"><title>{}</title><use href="#m-medium" class="f-critical" x="{:.1}" y="{:.1}" width="14" height="14"/><text x="{:.1}" y="{:.1}">{}</text></g>"##,
                escaped(&text),
                x - 7.0,
                y - 7.0,
                x + 10.0,
                y + 4.0,
                escaped(place.name)
            );
        }
    }
    let _ = write!(svg, r#"<path class="h0" d="{land}"/>{shaded}{marks}</svg>"#);
    let unknown: Vec<String> = countries
        .iter()
        .filter(|(code, _)| !places().any(|place| place.code == code.as_str()))
        .map(|(code, found)| format!("{} ({})", super::clipped(code, 40), count(found.signins)))
        .collect();
    let left = match unknown.len() {
        0 => String::new(),
        _ => format!("Not on the map: {}.", listed(unknown.iter().map(String::as_str))),
    };
    (svg, left)
}

/// Countries of the followed addresses, with the addresses.
fn origins(report: &Report<'_>) -> BTreeMap<String, Vec<String>> {
    let followed: Vec<String> =
        report.intrusion.suspects.iter().filter(|s| s.followed()).map(|s| s.address.to_string()).collect();
    let mut origins: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in &report.timeline.events {
        let (country, address) = (event.facts.get(Fact::Country), event.facts.get(Fact::Ip));
        if country.is_empty() || !followed.iter().any(|known| known == address) {
            continue;
        }
        let addresses = origins.entry(country.to_owned()).or_default();
        let address = defang(address);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::{country, places};

    #[test]
    fn the_world_is_read() {
        assert!(places().filter(|place| place.outline.starts_with('M')).count() > 150);
        assert!(places().all(|place| place.x.parse::<f64>().is_ok() && place.y.parse::<f64>().is_ok()));
        assert_eq!(country("VN"), "Vietnam");
        assert_eq!(country("??"), "??");
    }
}
