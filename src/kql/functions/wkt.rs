//! Shapes written as WKT, as GeoJSON.

use serde_json::{Map, Value as Json};

use super::arguments::text;
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

/// Collections nested deeper are refused, as null.
const MAX_DEPTH: usize = 16;

/// Names in WKT and in GeoJSON, and how deep the coordinates are nested.
const SHAPES: [(&str, &str, usize); 6] = [
    ("POINT", "Point", 0),
    ("LINESTRING", "LineString", 1),
    ("POLYGON", "Polygon", 2),
    ("MULTIPOINT", "MultiPoint", 1),
    ("MULTILINESTRING", "MultiLineString", 2),
    ("MULTIPOLYGON", "MultiPolygon", 3),
];

pub(super) const FUNCTIONS: &[Function] = &[Function {
    names: &["geo_from_wkt"],
    usage: "geo_from_wkt(text)",
    summary: "A shape in well-known text as GeoJSON; null for what is none.",
    takes: &[Accepts::Text],
    gives: Gives::Type(Type::Dynamic),
    body: Body::Values(|values| {
        let mut reader = Reader { rest: text(values, 0) };
        match reader.shape(0) {
            Some(shape) if reader.rest.trim().is_empty() => Value::json(&shape),
            _ => Value::Null,
        }
    }),
    examples: &[
        ("geo_from_wkt('POINT (8 50.5)')", "{\"type\":\"Point\",\"coordinates\":[8,50.5]}"),
        ("geo_from_wkt('MULTIPOINT ((1 2), (3 4))').coordinates", "[[1,2],[3,4]]"),
        ("isnull(geo_from_wkt('POINT (1)'))", "true"),
    ],
    ..Function::NEW
}];

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn accept(&mut self, symbol: char) -> bool {
        match self.rest.trim_start().strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn shape(&mut self, depth: usize) -> Option<Json> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        let mut bag = Map::new();
        if word.eq_ignore_ascii_case("GEOMETRYCOLLECTION") {
            if depth >= MAX_DEPTH {
                return None;
            }
            let shapes = self.list(|reader| reader.shape(depth + 1))?;
            bag.insert("type".into(), "GeometryCollection".into());
            bag.insert("geometries".into(), shapes);
            return Some(Json::Object(bag));
        }
        let (_, name, nested) = SHAPES.iter().find(|(known, _, _)| word.eq_ignore_ascii_case(known))?;
        let coordinates = if *nested == 0 {
            self.accept('(').then_some(())?;
            let position = self.position()?;
            self.accept(')').then_some(())?;
            position
        } else {
            self.coordinates(*nested)?
        };
        bag.insert("type".into(), (*name).into());
        bag.insert("coordinates".into(), coordinates);
        Some(Json::Object(bag))
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<Json>) -> Option<Json> {
        self.accept('(').then_some(())?;
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if !self.accept(',') {
                break;
            }
        }
        self.accept(')').then_some(Json::Array(items))
    }

    fn coordinates(&mut self, nested: usize) -> Option<Json> {
        self.list(|reader| match nested {
            // The positions of a MULTIPOINT may stand in parentheses of their own.
            1 if reader.accept('(') => {
                let position = reader.position()?;
                reader.accept(')').then_some(position)
            }
            1 => reader.position(),
            _ => reader.coordinates(nested - 1),
        })
    }

    /// Longitude and latitude; a height behind them is left out.
    fn position(&mut self) -> Option<Json> {
        let rest = self.rest.trim_start();
        let end = rest.find([',', ')', '(']).unwrap_or(rest.len());
        let (numbers, rest) = rest.split_at(end);
        self.rest = rest;
        let numbers: Vec<Json> = numbers.split_whitespace().map(number).collect::<Option<_>>()?;
        (2..=3).contains(&numbers.len()).then(|| Json::Array(numbers.into_iter().take(2).collect()))
    }
}

fn number(written: &str) -> Option<Json> {
    match written.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => written.parse::<f64>().ok().filter(|number| number.is_finite()).map(Json::from),
    }
}
