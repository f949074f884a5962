//! Places on Earth: distances, directions and circles on a sphere, and the place of an IP address.
//!
//! The service measures on a sphere; longitudes stand before latitudes. Coordinates out of range give null.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::arguments::real;
use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::{Kernel, apply};
use crate::kql::scalar::Scalar;
use crate::kql::{PLACES, Value};
use crate::table::Type;

/// Mean radius of the Earth in metres, as the S2 geometry library has it.
pub(super) const EARTH_RADIUS: f64 = 6_371_010.0;

/// A point as a unit vector.
pub(super) type Point = [f64; 3];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["geo_distance_2points"],
        usage: "geo_distance_2points(longitude, latitude, longitude, latitude)",
        summary: "Shortest distance between two points, in metres.",
        takes: &[Accepts::Real; 4],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match (point(values, 0), point(values, 2)) {
            (Some(a), Some(b)) => Value::Real(angle(a, b) * EARTH_RADIUS),
            _ => Value::Null,
        }),
        examples: &[
            ("toint(geo_distance_2points(8.68, 50.11, 13.40, 52.52))", "423438"),
            ("isnull(geo_distance_2points(200, 0, 0, 0))", "true"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["geo_point_in_circle"],
        usage: "geo_point_in_circle(longitude, latitude, centre longitude, centre latitude, radius)",
        summary: "Whether a point lies within a radius, in metres, around another.",
        takes: &[Accepts::Real; 5],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match (point(values, 0), point(values, 2), real(values, 4)) {
            (Some(a), Some(b), Some(radius)) if radius >= 0.0 => Value::Bool(angle(a, b) * EARTH_RADIUS <= radius),
            _ => Value::Null,
        }),
        examples: &[("geo_point_in_circle(8.68, 50.11, 8.7, 50.1, 5000)", "true")],
        ..Function::NEW
    },
    Function {
        names: &["geo_azimuth"],
        usage: "geo_azimuth(longitude, latitude, longitude, latitude)",
        summary: "Direction of the second point as seen from the first, in radians clockwise from north; null for one point.",
        takes: &[Accepts::Real; 4],
        gives: Gives::Type(Type::Real),
        body: Body::Values(azimuth),
        examples: &[("geo_azimuth(0, 0, 0, 10)", "0")],
        ..Function::NEW
    },
    Function {
        names: &["geo_angle"],
        usage: "geo_angle(longitude, latitude, longitude, latitude, longitude, latitude)",
        summary: "Clockwise angle at the second point from the line to the first to the line to the third, in radians.",
        takes: &[Accepts::Real; 6],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match (point(values, 0), point(values, 2), point(values, 4)) {
            (Some(a), Some(b), Some(c)) if a != b && b != c => {
                let (first, second) = (cross(a, b), cross(c, b));
                let turn = angle(first, second);
                let clockwise = dot(cross(first, second), b) <= 0.0;
                Value::Real(if clockwise { turn } else { std::f64::consts::TAU - turn })
            }
            _ => Value::Null,
        }),
        examples: &[("geo_angle(0, 10, 0, 0, 10, 0) > 1.57", "true")],
        ..Function::NEW
    },
    Function {
        names: &["geo_distance_point_to_line"],
        usage: "geo_distance_point_to_line(longitude, latitude, line)",
        summary: "Shortest distance, in metres, between a point and a GeoJSON line or lines.",
        takes: &[Accepts::Real, Accepts::Real, Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match nearest(values) {
            Some((distance, _)) => Value::Real(distance * EARTH_RADIUS),
            None => Value::Null,
        }),
        examples: &[(
            "toint(geo_distance_point_to_line(1, 1, dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})))",
            "111195",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_closest_point_on_line"],
        usage: "geo_closest_point_on_line(longitude, latitude, line)",
        summary: "The point of a GeoJSON line or lines that is nearest to a point.",
        takes: &[Accepts::Real, Accepts::Real, Accepts::Dynamic],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| match nearest(values) {
            Some((_, at)) => {
                let (longitude, latitude) = coordinates(at);
                Value::json(&json!({"type": "Point", "coordinates": [longitude, latitude]}))
            }
            None => Value::Null,
        }),
        examples: &[(
            "geo_closest_point_on_line(3, 0, dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[2,0]]})).coordinates[0]",
            "2.0",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_info_from_ip_address"],
        usage: "geo_info_from_ip_address(address)",
        summary: "Country, state, city and position of an address as a bag, from the MMDB file that the case file names; \
                  null without one.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Scalar(place_of_address),
        examples: &[("isnull(geo_info_from_ip_address('192.0.2.1').country)", "true")],
        ..Function::NEW
    },
];

fn place_of_address(call: &Call<'_, '_>) -> Compiled<Scalar> {
    call.compiler.usage.borrow_mut().watchlists.insert(PLACES.to_owned());
    let Some(places) = call.compiler.context.places.clone() else {
        let note = Diagnostic::note("`geo_info_from_ip_address` is null: there is no database of places", call.span);
        call.compiler.note(note.help(
            "name an MMDB file in the case file: places = \"GeoLite2-City.mmdb\"; sign-in tables carry the place \
             themselves: Location, LocationDetails",
        ));
        return Ok(Scalar::null(Type::Dynamic));
    };
    let kernel: Kernel = Arc::new(move |values| {
        let address = values.first().map(Value::to_text).unwrap_or_default();
        places.locate(&address).map_or(Value::Null, |bag| Value::Dynamic(bag.into()))
    });
    Ok(apply(kernel, &call.arguments, &[Accepts::Text], Type::Dynamic))
}

/// The point whose longitude stands at a position and whose latitude behind it.
pub(super) fn point(values: &[Value<'_>], at: usize) -> Option<Point> {
    vector(real(values, at)?, real(values, at + 1)?)
}

pub(super) fn vector(longitude: f64, latitude: f64) -> Option<Point> {
    if longitude.abs() > 180.0 || latitude.abs() > 90.0 {
        return None;
    }
    let (longitude, latitude) = (longitude.to_radians(), latitude.to_radians());
    Some([latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()])
}

pub(super) fn coordinates(point: Point) -> (f64, f64) {
    (point[1].atan2(point[0]).to_degrees(), point[2].atan2(point[0].hypot(point[1])).to_degrees())
}

pub(super) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The angle between two vectors, exact for small ones too.
pub(super) fn angle(a: Point, b: Point) -> f64 {
    let c = cross(a, b);
    dot(c, c).sqrt().atan2(dot(a, b))
}

fn azimuth<'a>(values: &[Value<'a>]) -> Value<'a> {
    let (Some(a), Some(b)) = (point(values, 0), point(values, 2)) else { return Value::Null };
    if a == b {
        return Value::Null;
    }
    let radians = |at: usize| real(values, at).unwrap_or(0.0).to_radians();
    let (turn, from, to) = (radians(2) - radians(0), radians(1), radians(3));
    let east = turn.sin() * to.cos();
    let north = from.cos() * to.sin() - from.sin() * to.cos() * turn.cos();
    Value::Real(east.atan2(north))
}

/// The nearest point of a line and its distance as an angle.
fn nearest(values: &[Value<'_>]) -> Option<(f64, Point)> {
    let from = point(values, 0)?;
    let lines = lines(values.get(2)?)?;
    let mut best: Option<(f64, Point)> = None;
    for points in lines {
        let inner = points.windows(2).filter_map(|edge| foot(from, edge));
        for candidate in points.iter().copied().chain(inner) {
            let distance = angle(from, candidate);
            if best.is_none_or(|(known, _)| distance < known) {
                best = Some((distance, candidate));
            }
        }
    }
    best
}

/// The lines of a GeoJSON line or lines; nothing for any other value and for a line of less than two points.
pub(super) fn lines(value: &Value<'_>) -> Option<Vec<Vec<Point>>> {
    let Value::Dynamic(text) = value else { return None };
    let geometry: Json = serde_json::from_str(text).ok()?;
    let given = geometry.get("coordinates")?;
    let lines: Vec<Vec<Point>> = match geometry.get("type")?.as_str()? {
        "LineString" => vec![points(given)?],
        "MultiLineString" => given.as_array()?.iter().map(points).collect::<Option<_>>()?,
        _ => return None,
    };
    lines.iter().all(|line| line.len() >= 2).then_some(lines)
}

/// The points of a list of positions.
pub(super) fn points(list: &Json) -> Option<Vec<Point>> {
    let positions = list.as_array()?.iter().map(|pair| {
        let pair = pair.as_array()?;
        vector(pair.first()?.as_f64()?, pair.get(1)?.as_f64()?)
    });
    positions.collect()
}

/// Where the perpendicular from a point meets an edge, when it does so between its ends.
pub(super) fn foot(from: Point, edge: &[Point]) -> Option<Point> {
    let [a, b] = edge else { return None };
    let normal = cross(*a, *b);
    let size = dot(normal, normal);
    if size == 0.0 {
        return None;
    }
    let along = dot(from, normal) / size;
    let foot = [from[0] - along * normal[0], from[1] - along * normal[1], from[2] - along * normal[2]];
    let between = dot(cross(*a, foot), normal) > 0.0 && dot(cross(foot, *b), normal) > 0.0;
    let length = dot(foot, foot).sqrt();
    (between && length > 0.0).then(|| foot.map(|part| part / length))
}
