//! Geohashes: cells of a grid over the Earth, named by letters of which each divides the cell before it.

use serde_json::{Value as Json, json};

use super::arguments::{long_or, real, text, text_array};
use super::{Accepts, Body, Function, Gives};
use crate::kql::Value;
use crate::table::Type;

/// The letters of a geohash, five bits each.
const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Letters that the service takes at most, and those of a hash whose length is not given (their reference page).
const MAX_LETTERS: usize = 18;
const DEFAULT_LETTERS: i64 = 5;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["geo_point_to_geohash"],
        usage: "geo_point_to_geohash(longitude, latitude [, letters])",
        summary: "The geohash of the cell that holds a point; empty when the point or the length is out of range.",
        takes: &[Accepts::Real, Accepts::Real, Accepts::Long],
        optional: 1,
        body: Body::Values(|values| Value::text(encode(values).unwrap_or_default())),
        examples: &[("geo_point_to_geohash(-5.6, 42.6)", "ezs42"), ("geo_point_to_geohash(-5.6, 42.6, 2)", "ez")],
        ..Function::NEW
    },
    Function {
        names: &["geo_geohash_to_central_point"],
        usage: "geo_geohash_to_central_point(geohash)",
        summary: "The middle of a geohash's cell as a GeoJSON point; null for what is no geohash.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| match Cell::read(text(values, 0)) {
            Some(cell) => {
                let (longitude, latitude) = cell.centre();
                Value::json(&json!({"type": "Point", "coordinates": [longitude, latitude]}))
            }
            None => Value::Null,
        }),
        examples: &[("geo_geohash_to_central_point('s').coordinates", "[22.5,22.5]")],
        ..Function::NEW
    },
    Function {
        names: &["geo_geohash_to_polygon"],
        usage: "geo_geohash_to_polygon(geohash)",
        summary: "The rectangle of a geohash's cell as a GeoJSON polygon; null for what is no geohash.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            Cell::read(text(values, 0)).map_or(Value::Null, |cell| Value::json(&cell.polygon()))
        }),
        examples: &[(
            "geo_geohash_to_polygon('s').coordinates[0]",
            "[[0.0,0.0],[45.0,0.0],[45.0,45.0],[0.0,45.0],[0.0,0.0]]",
        )],
        ..Function::NEW
    },
    Function {
        names: &["geo_geohash_neighbors"],
        usage: "geo_geohash_neighbors(geohash)",
        summary: "The geohashes of the cells around a cell; null for what is no geohash.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| {
            Cell::read(text(values, 0)).map_or(Value::Null, |cell| text_array(cell.neighbours()))
        }),
        examples: &[("array_length(geo_geohash_neighbors('ezs42'))", "8")],
        ..Function::NEW
    },
];

/// A cell: how many letters name it, and its column and row in the grid of that many letters.
#[derive(Clone, Copy)]
struct Cell {
    letters: usize,
    column: u64,
    row: u64,
}

impl Cell {
    /// Bits of the longitude and the latitude; the longitude has the first and so the odd one.
    fn bits(letters: usize) -> (u32, u32) {
        let bits = 5 * letters as u32;
        (bits.div_ceil(2), bits / 2)
    }

    fn read(hash: &str) -> Option<Cell> {
        if hash.is_empty() || hash.len() > MAX_LETTERS {
            return None;
        }
        let (mut column, mut row, mut longitude) = (0, 0, true);
        for letter in hash.bytes() {
            let five = ALPHABET.iter().position(|known| *known == letter.to_ascii_lowercase())?;
            for bit in (0..5).rev() {
                let axis: &mut u64 = if longitude { &mut column } else { &mut row };
                *axis = (*axis << 1) | ((five >> bit) & 1) as u64;
                longitude = !longitude;
            }
        }
        Some(Cell { letters: hash.len(), column, row })
    }

    fn written(self) -> String {
        let (mut columns, mut rows) = Cell::bits(self.letters);
        let mut longitude = true;
        let letters = (0..self.letters).map(|_| {
            let mut five = 0;
            for _ in 0..5 {
                let bit = if longitude {
                    columns -= 1;
                    self.column >> columns
                } else {
                    rows -= 1;
                    self.row >> rows
                };
                five = (five << 1) | (bit & 1) as usize;
                longitude = !longitude;
            }
            ALPHABET.get(five).map_or('0', |letter| char::from(*letter))
        });
        letters.collect()
    }

    /// Degrees of a column's and a row's width.
    fn size(self) -> (f64, f64) {
        let (columns, rows) = Cell::bits(self.letters);
        (360.0 / 2f64.powi(columns as i32), 180.0 / 2f64.powi(rows as i32))
    }

    fn corner(self) -> (f64, f64) {
        let (width, height) = self.size();
        (self.column as f64 * width - 180.0, self.row as f64 * height - 90.0)
    }

    fn centre(self) -> (f64, f64) {
        let ((west, south), (width, height)) = (self.corner(), self.size());
        (west + width / 2.0, south + height / 2.0)
    }

    fn polygon(self) -> Json {
        let ((west, south), (width, height)) = (self.corner(), self.size());
        let (east, north) = (west + width, south + height);
        json!({
            "type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
        })
    }

    /// In the service's order: corners and sides mixed. There are none beyond the poles.
    fn neighbours(self) -> Vec<String> {
        let (columns, rows) = Cell::bits(self.letters);
        const AROUND: [(i64, i64); 8] = [(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)];
        let near = AROUND.iter().filter_map(|(east, north)| {
            let row = self.row.checked_add_signed(*north).filter(|row| *row < 1 << rows)?;
            let column = self.column.wrapping_add_signed(*east) & ((1 << columns) - 1);
            Some(Cell { letters: self.letters, column, row }.written())
        });
        near.collect()
    }
}

fn encode(values: &[Value<'_>]) -> Option<String> {
    let (longitude, latitude) = (real(values, 0)?, real(values, 1)?);
    let letters = usize::try_from(long_or(values, 2, DEFAULT_LETTERS)?).ok()?;
    if longitude.abs() > 180.0 || latitude.abs() > 90.0 || !(1..=MAX_LETTERS).contains(&letters) {
        return None;
    }
    let (columns, rows) = Cell::bits(letters);
    let place = |share: f64, bits: u32| ((share * 2f64.powi(bits as i32)) as u64).min((1 << bits) - 1);
    let column = place((longitude + 180.0) / 360.0, columns);
    let row = place((latitude + 90.0) / 180.0, rows);
    Some(Cell { letters, column, row }.written())
}
