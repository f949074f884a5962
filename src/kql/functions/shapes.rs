//! Lines and polygons on a sphere: length, area, what lies inside, places along a line.

use std::f64::consts::PI;

use serde_json::{Value as Json, json};

use super::arguments::real;
use super::geodesy::{EARTH_RADIUS, Point, angle, coordinates, cross, dot, foot, lines, point, points};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["geo_line_length"],
        usage: "geo_line_length(line)",
        summary: "Length of a GeoJSON line or lines, in metres.",
        takes: &[Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match values.first().and_then(lines) {
            Some(lines) => Value::Real(lines.iter().map(|line| length(line)).sum::<f64>() * EARTH_RADIUS),
            None => Value::Null,
        }),
        examples: &[(
            "toint(geo_line_length(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0],[1,1]]})))",
            "222390",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_line_interpolate_point"],
        usage: "geo_line_interpolate_point(line, fraction)",
        summary: "The point at a fraction, from 0 to 1, of a GeoJSON line's length.",
        takes: &[Accepts::Dynamic, Accepts::Real],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| match interpolate(values) {
            Some(at) => {
                let (longitude, latitude) = coordinates(at);
                Value::json(&json!({"type": "Point", "coordinates": [longitude, latitude]}))
            }
            None => Value::Null,
        }),
        examples: &[(
            "round(todouble(geo_line_interpolate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[8,0]]}), 0.25).coordinates[0]), 6)",
            "2",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_line_locate_point"],
        usage: "geo_line_locate_point(line, longitude, latitude)",
        summary: "The fraction, from 0 to 1, of a GeoJSON line's length at which it is nearest to a point.",
        takes: &[Accepts::Dynamic, Accepts::Real, Accepts::Real],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| locate(values).map_or(Value::Null, Value::Real)),
        examples: &[(
            "round(geo_line_locate_point(dynamic({\"type\":\"LineString\",\"coordinates\":[[0,0],[8,0]]}), 2, 1), 6)",
            "0.25",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_point_in_polygon"],
        usage: "geo_point_in_polygon(longitude, latitude, polygon)",
        summary: "Whether a point lies inside a GeoJSON polygon or one of several; a point in a hole does not.",
        takes: &[Accepts::Real, Accepts::Real, Accepts::Dynamic],
        gives: Gives::Type(Type::Bool),
        body: Body::Values(|values| match (point(values, 0), values.get(2).and_then(polygons)) {
            (Some(at), Some(polygons)) => Value::Bool(polygons.iter().any(|rings| inside(at, rings))),
            _ => Value::Null,
        }),
        examples: &[(
            "geo_point_in_polygon(1, 1, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[5,0],[5,5],[0,5],[0,0]]]}))",
            "true",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_distance_point_to_polygon"],
        usage: "geo_distance_point_to_polygon(longitude, latitude, polygon)",
        summary: "Shortest distance, in metres, between a point and a GeoJSON polygon; 0 inside of it.",
        takes: &[Accepts::Real, Accepts::Real, Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match (point(values, 0), values.get(2).and_then(polygons)) {
            (Some(at), Some(polygons)) => {
                let away = |rings: &Vec<Vec<Point>>| if inside(at, rings) { 0.0 } else { border(at, rings) };
                Value::Real(polygons.iter().map(away).fold(f64::INFINITY, f64::min) * EARTH_RADIUS)
            }
            _ => Value::Null,
        }),
        examples: &[(
            "geo_distance_point_to_polygon(1, 1, dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[5,0],[5,5],[0,5],[0,0]]]}))",
            "0",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_polygon_perimeter"],
        usage: "geo_polygon_perimeter(polygon)",
        summary: "Length of the borders of a GeoJSON polygon or polygons, holes included, in metres; null where polygons overlap.",
        takes: &[Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match values.first().and_then(polygons).filter(|found| apart(found)) {
            Some(polygons) => {
                Value::Real(polygons.iter().flatten().map(|ring| length(ring)).sum::<f64>() * EARTH_RADIUS)
            }
            None => Value::Null,
        }),
        examples: &[(
            "toint(geo_polygon_perimeter(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,1],[0,0]]]})))",
            "379639",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_polygon_area"],
        usage: "geo_polygon_area(polygon)",
        summary: "Area of a GeoJSON polygon or polygons without holes, in square metres; null where polygons overlap.",
        takes: &[Accepts::Dynamic],
        gives: Gives::Type(Type::Real),
        body: Body::Values(|values| match values.first().and_then(polygons).filter(|found| apart(found)) {
            Some(polygons) => {
                let steradians: f64 = polygons.iter().map(|rings| whole(rings)).sum();
                Value::Real(steradians * EARTH_RADIUS * EARTH_RADIUS)
            }
            None => Value::Null,
        }),
        examples: &[(
            "tolong(geo_polygon_area(dynamic({\"type\":\"Polygon\",\"coordinates\":[[[0,0],[90,0],[0,90],[0,0]]]})) / 1e12)",
            "63",
        )],
        ..Function::NEW
    },
];

/// Sum of the angles between neighbouring points.
fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|edge| if let [a, b] = edge { angle(*a, *b) } else { 0.0 }).sum()
}

fn interpolate(values: &[Value<'_>]) -> Option<Point> {
    let found = lines(values.first()?)?;
    let [line] = found.as_slice() else { return None };
    let fraction = real(values, 1).filter(|fraction| (0.0..=1.0).contains(fraction))?;
    let mut left = length(line) * fraction;
    for edge in line.windows(2) {
        let [a, b] = edge else { return None };
        let whole = angle(*a, *b);
        if left <= whole && whole > 0.0 {
            // Between two unit vectors along the great circle.
            let (from, to) = ((whole - left).sin() / whole.sin(), left.sin() / whole.sin());
            return Some([a[0] * from + b[0] * to, a[1] * from + b[1] * to, a[2] * from + b[2] * to]);
        }
        left -= whole;
    }
    line.last().copied()
}

fn locate(values: &[Value<'_>]) -> Option<f64> {
    let found = lines(values.first()?)?;
    let [line] = found.as_slice() else { return None };
    let at = point(values, 1)?;
    let whole = length(line);
    if whole == 0.0 {
        return None;
    }
    let (mut passed, mut nearest, mut place) = (0.0, f64::INFINITY, 0.0);
    for edge in line.windows(2) {
        let [a, b] = edge else { return None };
        for candidate in [Some(*a), foot(at, edge), Some(*b)].into_iter().flatten() {
            let distance = angle(at, candidate);
            if distance < nearest {
                (nearest, place) = (distance, passed + angle(*a, candidate));
            }
        }
        passed += angle(*a, *b);
    }
    Some(place / whole)
}

/// The rings of each polygon, the outer one first; nothing for a ring that is open, too short or repeats a point.
fn polygons(value: &Value<'_>) -> Option<Vec<Vec<Vec<Point>>>> {
    let Value::Dynamic(text) = value else { return None };
    let geometry: Json = serde_json::from_str(text).ok()?;
    let given = geometry.get("coordinates")?;
    match geometry.get("type")?.as_str()? {
        "Polygon" => Some(vec![rings(given)?]),
        "MultiPolygon" => given.as_array()?.iter().map(rings).collect(),
        _ => None,
    }
}

fn rings(list: &Json) -> Option<Vec<Vec<Point>>> {
    let rings: Vec<Vec<Point>> = list.as_array()?.iter().map(points).collect::<Option<_>>()?;
    let sound = |ring: &Vec<Point>| {
        ring.len() >= 4 && ring.first() == ring.last() && ring.windows(2).all(|edge| edge.first() != edge.last())
    };
    (!rings.is_empty() && rings.iter().all(sound)).then_some(rings)
}

/// Inside the outer ring and in no hole. The border belongs to the polygon.
fn inside(at: Point, rings: &[Vec<Point>]) -> bool {
    let Some((outer, holes)) = rings.split_first() else { return false };
    winds(at, outer) && !holes.iter().any(|hole| winds(at, hole))
}

/// Whether a ring goes round a point: the turns from corner to corner, as seen from it, add up to a full circle.
fn winds(at: Point, ring: &[Point]) -> bool {
    let turn = |edge: &[Point]| {
        let [a, b] = edge else { return 0.0 };
        let (first, second) = (cross(at, *a), cross(at, *b));
        dot(cross(first, second), at).atan2(dot(first, second))
    };
    let facing = ring.iter().any(|corner| dot(at, *corner) > 0.0);
    facing && ring.windows(2).map(turn).sum::<f64>().abs() > PI
}

/// Whether no two polygons share ground: the service unites those that do, which is not done here.
fn apart(polygons: &[Vec<Vec<Point>>]) -> bool {
    let meet = |one: &[Vec<Point>], other: &[Vec<Point>]| {
        let reaches = |from: &[Vec<Point>], into: &[Vec<Point>]| {
            from.first().and_then(|ring| ring.first()).is_some_and(|corner| inside(*corner, into))
        };
        let edges = |rings: &[Vec<Point>]| -> Vec<[Point; 2]> {
            rings.iter().flat_map(|ring| ring.windows(2)).filter_map(|edge| edge.try_into().ok()).collect()
        };
        let others = edges(other);
        reaches(one, other)
            || reaches(other, one)
            || edges(one).iter().any(|edge| others.iter().any(|against| crosses(edge, against)))
    };
    polygons.iter().enumerate().all(|(at, one)| polygons.iter().skip(at + 1).all(|other| !meet(one, other)))
}

/// Whether each of two edges has its ends on both sides of the other.
fn crosses(one: &[Point; 2], other: &[Point; 2]) -> bool {
    let parts = |by: &[Point; 2], ends: &[Point; 2]| {
        let side = cross(by[0], by[1]);
        dot(side, ends[0]) * dot(side, ends[1]) < 0.0
    };
    dot(one[0], other[0]) > 0.0 && parts(one, other) && parts(other, one)
}

fn border(at: Point, rings: &[Vec<Point>]) -> f64 {
    let edges = rings.iter().flat_map(|ring| ring.windows(2));
    let places = edges.flat_map(|edge| foot(at, edge).into_iter().chain(edge.iter().copied()));
    places.map(|place| angle(at, place)).fold(f64::INFINITY, f64::min)
}

/// Area of a polygon without its holes, on the unit sphere.
fn whole(rings: &[Vec<Point>]) -> f64 {
    let Some((outer, holes)) = rings.split_first() else { return 0.0 };
    (area(outer) - holes.iter().map(|hole| area(hole)).sum::<f64>()).max(0.0)
}

/// Area of a ring on the unit sphere: the triangles that the edges make with its first corner, with their signs.
fn area(ring: &[Point]) -> f64 {
    let Some(first) = ring.first() else { return 0.0 };
    let excess = |edge: &[Point]| {
        let [a, b] = edge else { return 0.0 };
        // The solid angle of a triangle, after Van Oosterom and Strackee.
        2.0 * dot(*first, cross(*a, *b)).atan2(1.0 + dot(*first, *a) + dot(*a, *b) + dot(*b, *first))
    };
    let total = ring.windows(2).map(excess).sum::<f64>().abs();
    total.min(4.0 * PI - total)
}
