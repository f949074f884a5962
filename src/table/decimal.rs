//! Kusto's decimal numbers: exact, of 34 digits, and held in columns as text that is in the order of the numbers.
//!
//! Text of that kind needs no rules of its own: what compares, sorts, groups and joins text does so with decimals.

use std::cmp::Ordering;
use std::fmt;

use ethnum::I256;

/// Significant digits, and digits behind the point
/// (<https://learn.microsoft.com/kusto/query/scalar-data-types/decimal>: 128 bits).
const DIGITS: i64 = 34;
/// Digits that an intermediate result of 256 bits surely holds.
const WIDE: i64 = 76;
/// What is added to an exponent, so that all are written with two digits and no sign.
const BIAS: i64 = 50;
/// Stands behind every digit: ends a negative number, whose longer forms are the lesser ones.
const END: char = '~';

/// A decimal number in its one form: no zeros at the end of its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    digits: i128,
    /// How many of the digits stand behind the point.
    places: i64,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { digits: 0, places: 0 };

    /// Digits of which so many stand behind the point, rounded to what a decimal holds; none beyond its range.
    fn fit(digits: I256, places: i64) -> Option<Decimal> {
        let (mut digits, mut places) = (digits, places);
        if digits == I256::ZERO {
            return Some(Decimal::ZERO);
        }
        let length = length(digits);
        if places < 0 {
            if length - places > DIGITS {
                return None;
            }
            digits *= power(-places);
            places = 0;
        }
        let drop = (places - DIGITS).max(length - DIGITS).max(0);
        if drop > places {
            return None;
        }
        digits = if drop > WIDE { I256::ZERO } else { shortened(digits, drop) };
        places -= drop;
        if digits == I256::ZERO {
            return Some(Decimal::ZERO);
        }
        while places > 0 && digits % 10 == I256::ZERO {
            digits /= 10;
            places -= 1;
        }
        let digits = i128::try_from(digits).ok().filter(|digits| digits.unsigned_abs() < 10_u128.pow(DIGITS as u32))?;
        Some(Decimal { digits, places })
    }

    /// Reads `12`, `-0.5` and `1.5e-7`; digits beyond the 34th are rounded.
    ///
    /// ```
    /// use entrail::table::Decimal;
    /// assert_eq!(Decimal::parse("0.10").unwrap().to_string(), "0.1");
    /// assert_eq!(Decimal::parse("1.5e3").unwrap().to_string(), "1500");
    /// assert_eq!(Decimal::parse("ten"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Decimal> {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty())
            || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let (mut digits, mut taken, mut places) = (I256::ZERO, 0, -i64::from(exponent));
        for (position, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let behind = position >= whole.len();
            if taken == WIDE - 1 {
                // Too far behind the first digit to count, but a place before the point all the same.
                places -= i64::from(!behind);
                continue;
            }
            digits = digits * 10 + I256::from(digit - b'0');
            taken += i64::from(digits != I256::ZERO);
            places += i64::from(behind);
        }
        Decimal::fit(if negative { -digits } else { digits }, places)
    }

    /// The decimal with the digits that the real is written with; none for NaN, infinities and what is too large.
    pub fn from_f64(value: f64) -> Option<Decimal> {
        if value.is_finite() { Decimal::parse(&format!("{value:e}")) } else { None }
    }

    /// The nearest real.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The whole part, where a long holds it.
    pub fn to_i64(self) -> Option<i64> {
        i64::try_from(self.digits / 10_i128.pow(u32::try_from(self.places).ok()?)).ok()
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// -1, 0 or 1.
    pub fn signum(self) -> i64 {
        self.digits.signum() as i64
    }

    /// Without its sign.
    pub fn abs(self) -> Decimal {
        Decimal { digits: self.digits.abs(), ..self }
    }

    /// The sum; none beyond the range.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let (a, b, places) = self.beside(other);
        Decimal::fit(a + b, places)
    }

    /// The difference; none beyond the range.
    pub fn minus(self, other: Decimal) -> Option<Decimal> {
        self.plus(Decimal { digits: -other.digits, ..other })
    }

    /// The product; none beyond the range.
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        Decimal::fit(I256::from(self.digits) * I256::from(other.digits), self.places + other.places)
    }

    /// The quotient; none for zero below and beyond the range.
    pub fn over(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let more = WIDE - length(I256::from(self.digits));
        let digits = I256::from(self.digits) * power(more) / I256::from(other.digits);
        Decimal::fit(digits, self.places - other.places + more)
    }

    /// What is left of it by whole multiples of the other, never below zero; none for zero.
    pub fn modulo(self, other: Decimal) -> Option<Decimal> {
        let (a, b, places) = self.beside(other);
        if other.is_zero() { None } else { Decimal::fit(a.rem_euclid(b), places) }
    }

    /// The greatest multiple of a positive size that does not exceed it.
    pub fn bin(self, size: Decimal) -> Option<Decimal> {
        let (a, b, places) = self.beside(size);
        if size.digits <= 0 { None } else { Decimal::fit(a.div_euclid(b) * b, places) }
    }

    /// The least whole number that is not below it.
    pub fn ceiling(self) -> Option<Decimal> {
        let one = Decimal { digits: 1, places: 0 };
        let down = self.bin(one)?;
        if down == self { Some(down) } else { down.plus(one) }
    }

    /// Rounded to so many digits behind the point, or before it where negative; halves away from zero.
    pub fn round(self, digits: i64) -> Option<Decimal> {
        if digits >= self.places {
            return Some(self);
        }
        let drop = self.places.saturating_sub(digits);
        if drop > WIDE { Some(Decimal::ZERO) } else { Decimal::fit(shortened(self.digits.into(), drop), digits) }
    }

    /// Both with as many digits behind the point.
    fn beside(self, other: Decimal) -> (I256, I256, i64) {
        let places = self.places.max(other.places);
        let wide = |it: Decimal| I256::from(it.digits) * power(places - it.places);
        (wide(self), wide(other), places)
    }

    /// The text that stands for it in a column.
    pub fn key(self) -> String {
        if self.digits == 0 {
            return "0".into();
        }
        let digits = self.digits.unsigned_abs().to_string();
        // How many digits stand before the point; below zero where zeros follow the point.
        let exponent = digits.len() as i64 - self.places + BIAS;
        let positive = format!("{exponent:02}{}", digits.trim_end_matches('0'));
        if self.digits > 0 {
            return format!("1{positive}");
        }
        let mirrored = positive.bytes().map(|digit| char::from(b'9' - (digit - b'0')));
        std::iter::once('-').chain(mirrored).chain([END]).collect()
    }

    /// Reads what [`Decimal::key`] wrote.
    pub fn from_key(key: &str) -> Option<Decimal> {
        if key == "0" {
            return Some(Decimal::ZERO);
        }
        let (sign, body) = key.split_at_checked(1)?;
        let negative = sign == "-";
        let body = if negative { body.strip_suffix(END)? } else { body };
        if !body.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let body: String = match negative {
            true => body.bytes().map(|digit| char::from(b'9' - (digit - b'0'))).collect(),
            false => body.to_owned(),
        };
        let (exponent, digits) = body.split_at_checked(2)?;
        let places = digits.len() as i64 - (exponent.parse::<i64>().ok()? - BIAS);
        let digits = I256::from(digits.parse::<i128>().ok()?);
        Decimal::fit(if negative { -digits } else { digits }, places)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal { digits: value.into(), places: 0 }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let (a, b, _) = self.beside(*other);
        a.cmp(&b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits.unsigned_abs().to_string();
        let places = usize::try_from(self.places).unwrap_or(0);
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let sign = if self.digits < 0 { "-" } else { "" };
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

/// 10 to a power that 256 bits hold.
fn power(exponent: i64) -> I256 {
    I256::from(10_u8).pow(exponent.clamp(0, WIDE) as u32)
}

/// Digits of a number.
fn length(number: I256) -> i64 {
    number.unsigned_abs().to_string().len() as i64
}

/// The number without its last digits, rounded half away from zero.
fn shortened(number: I256, drop: i64) -> I256 {
    if drop == 0 {
        return number;
    }
    let unit = power(drop);
    let (quotient, rest) = (number / unit, number % unit);
    let up = rest.abs() >= unit - rest.abs();
    if up { quotient + number.signum() } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn the_text_in_a_column_is_in_the_order_of_the_numbers() {
        let ordered = [
            "-9999999999999999999999999999999999",
            "-100",
            "-99.5",
            "-10",
            "-1.23",
            "-1.2",
            "-1",
            "-0.012",
            "-0.0000001",
            "0",
            "0.0000001",
            "0.012",
            "0.1",
            "1",
            "1.2",
            "1.23",
            "9",
            "10",
            "99.5",
            "100",
            "100.01",
            "9999999999999999999999999999999999",
        ];
        let keys: Vec<String> = ordered.iter().map(|text| decimal(text).key()).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        for (text, key) in ordered.iter().zip(&keys) {
            assert_eq!(Decimal::from_key(key).unwrap().to_string(), *text);
        }
        assert!(ordered.windows(2).all(|pair| decimal(pair[0]) < decimal(pair[1])));
    }

    #[test]
    fn arithmetic_is_exact() {
        let shown = |result: Option<Decimal>| result.map_or("none".to_owned(), |it| it.to_string());
        assert_eq!(shown(decimal("0.1").plus(decimal("0.2"))), "0.3");
        assert_eq!(shown(decimal("1").minus(decimal("1.0"))), "0");
        assert_eq!(shown(decimal("1.5").times(decimal("-0.02"))), "-0.03");
        assert_eq!(shown(decimal("1").over(decimal("3"))), "0.3333333333333333333333333333333333");
        assert_eq!(shown(decimal("2").over(decimal("3"))), "0.6666666666666666666666666666666667");
        assert_eq!(shown(decimal("1").over(Decimal::ZERO)), "none");
        assert_eq!(shown(decimal("-7.5").modulo(decimal("2"))), "0.5");
        assert_eq!(shown(decimal("-7.5").bin(decimal("2"))), "-8");
        assert_eq!(shown(decimal("-7.5").ceiling()), "-7");
        assert_eq!(shown(decimal("2.345").round(2)), "2.35");
        assert_eq!(shown(decimal("-250").round(-2)), "-300");
        assert_eq!(shown(decimal("12").round(-400)), "0");
        assert_eq!(shown(decimal("9e33").plus(decimal("9e33"))), "none");
    }

    #[test]
    fn what_a_decimal_cannot_hold() {
        assert_eq!(Decimal::parse("1e34"), None);
        assert_eq!(Decimal::parse("1e-60"), Some(Decimal::ZERO));
        assert_eq!(Decimal::parse(&"9".repeat(300)), None);
        assert_eq!(decimal(&format!("0.{}", "3".repeat(300))).to_string(), format!("0.{}", "3".repeat(34)));
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_f64(0.1).unwrap().to_string(), "0.1");
        assert_eq!(decimal("123.456").to_i64(), Some(123));
        assert_eq!(decimal("-0.9").to_i64(), Some(0));
        for key in ["", "-", "1", "1x", "199999999999999999999999999999999999999999999999", "é"] {
            Decimal::from_key(key);
        }
    }
}
