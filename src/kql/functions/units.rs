//! Conversion between units of measure. Units are named as the language names them; each is held as its size in the
//! base unit of its quantity. Long, because it is mostly tables.

use std::f64::consts::PI;
use std::sync::Arc;

use super::arguments::text;
use super::{Accepts, Body, Function, Gives};
use crate::error::{Diagnostic, nearest};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::Type;

/// Unit and its size in the base unit.
type Units = &'static [(&'static str, f64)];

const FOOT: f64 = 0.3048;
const INCH: f64 = 0.0254;
const MILE: f64 = 1609.344;
const US_SURVEY_FOOT: f64 = 1200.0 / 3937.0;
const POUND: f64 = 0.453_592_37;
/// Standard acceleration of gravity, m/s².
const GRAVITY: f64 = 9.806_65;
const BTU: f64 = 1_055.055_852_62;
const CALORIE: f64 = 4.184;
const ELECTRON_VOLT: f64 = 1.602_176_565e-19;
const WATT_HOUR: f64 = 3600.0;
const WATT_DAY: f64 = 86_400.0;
const LIGHT_YEAR: f64 = 9.460_730_472_58e15;
const PARSEC: f64 = 3.085_677_581_28e16;
const US_GALLON: f64 = 0.003_785_411_784;
const IMPERIAL_GALLON: f64 = 0.004_546_09;
const CUBIC_FOOT: f64 = FOOT * FOOT * FOOT;

/// In radians.
const ANGLES: Units = &[
    ("Arcminute", PI / 10_800.0),
    ("Arcsecond", PI / 648_000.0),
    ("Centiradian", 1e-2),
    ("Deciradian", 1e-1),
    ("Degree", PI / 180.0),
    ("Gradian", PI / 200.0),
    ("Microdegree", PI / 180e6),
    ("Microradian", 1e-6),
    ("Millidegree", PI / 180e3),
    ("Milliradian", 1e-3),
    ("Nanodegree", PI / 180e9),
    ("Nanoradian", 1e-9),
    ("NatoMil", PI / 3200.0),
    ("Radian", 1.0),
    ("Revolution", 2.0 * PI),
];

/// In joules.
const ENERGIES: Units = &[
    ("BritishThermalUnit", BTU),
    ("Calorie", CALORIE),
    ("DecathermEc", BTU * 1e6),
    ("DecathermImperial", 1.054_180_4e9),
    ("DecathermUs", 1.054_804e9),
    ("ElectronVolt", ELECTRON_VOLT),
    ("Erg", 1e-7),
    ("FootPound", 1.355_817_948_3),
    ("GigabritishThermalUnit", BTU * 1e9),
    ("GigaelectronVolt", ELECTRON_VOLT * 1e9),
    ("Gigajoule", 1e9),
    ("GigawattDay", WATT_DAY * 1e9),
    ("GigawattHour", WATT_HOUR * 1e9),
    ("HorsepowerHour", 2.684_519_537_696_17e6),
    ("Joule", 1.0),
    ("KilobritishThermalUnit", BTU * 1e3),
    ("Kilocalorie", CALORIE * 1e3),
    ("KiloelectronVolt", ELECTRON_VOLT * 1e3),
    ("Kilojoule", 1e3),
    ("KilowattDay", WATT_DAY * 1e3),
    ("KilowattHour", WATT_HOUR * 1e3),
    ("MegabritishThermalUnit", BTU * 1e6),
    ("Megacalorie", CALORIE * 1e6),
    ("MegaelectronVolt", ELECTRON_VOLT * 1e6),
    ("Megajoule", 1e6),
    ("MegawattDay", WATT_DAY * 1e6),
    ("MegawattHour", WATT_HOUR * 1e6),
    ("Millijoule", 1e-3),
    ("TeraelectronVolt", ELECTRON_VOLT * 1e12),
    ("TerawattDay", WATT_DAY * 1e12),
    ("TerawattHour", WATT_HOUR * 1e12),
    ("ThermEc", BTU * 1e5),
    ("ThermImperial", 1.054_180_4e8),
    ("ThermUs", 1.054_804e8),
    ("WattDay", WATT_DAY),
    ("WattHour", WATT_HOUR),
];

/// In newtons.
const FORCES: Units = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KilogramForce", GRAVITY),
    ("Kilonewton", 1e3),
    ("KiloPond", GRAVITY),
    ("KilopoundForce", POUND * GRAVITY * 1e3),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", POUND * GRAVITY / 16.0),
    ("Poundal", POUND * FOOT),
    ("PoundForce", POUND * GRAVITY),
    ("ShortTonForce", POUND * GRAVITY * 2e3),
    ("TonneForce", GRAVITY * 1e3),
];

/// In metres.
const LENGTHS: Units = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("Centimeter", 1e-2),
    ("Chain", 20.1168),
    ("DataMile", 1828.8),
    ("Decameter", 10.0),
    ("Decimeter", 1e-1),
    ("DtpPica", INCH / 6.0),
    ("DtpPoint", INCH / 72.0),
    ("Fathom", 1.8288),
    ("Femtometer", 1e-15),
    ("Foot", FOOT),
    ("Gigameter", 1e9),
    ("Hand", 0.1016),
    ("Hectometer", 100.0),
    ("Inch", INCH),
    ("KilolightYear", LIGHT_YEAR * 1e3),
    ("Kilometer", 1e3),
    ("Kiloparsec", PARSEC * 1e3),
    ("LightYear", LIGHT_YEAR),
    ("MegalightYear", LIGHT_YEAR * 1e6),
    ("Megameter", 1e6),
    ("Megaparsec", PARSEC * 1e6),
    ("Meter", 1.0),
    ("Microinch", INCH * 1e-6),
    ("Micrometer", 1e-6),
    ("Mil", INCH * 1e-3),
    ("Mile", MILE),
    ("Millimeter", 1e-3),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Parsec", PARSEC),
    ("Picometer", 1e-12),
    ("PrinterPica", INCH * 12.0 / 72.27),
    ("PrinterPoint", INCH / 72.27),
    ("Shackle", 27.432),
    ("SolarRadius", 6.957e8),
    ("Twip", INCH / 1440.0),
    ("UsSurveyFoot", US_SURVEY_FOOT),
    ("Yard", 0.9144),
];

/// In kilograms.
const MASSES: Units = &[
    ("Centigram", 1e-5),
    ("Decagram", 1e-2),
    ("Decigram", 1e-4),
    ("EarthMass", 5.972_2e24),
    ("Grain", POUND / 7000.0),
    ("Gram", 1e-3),
    ("Hectogram", 1e-1),
    ("Kilogram", 1.0),
    ("Kilopound", POUND * 1e3),
    ("Kilotonne", 1e6),
    ("LongHundredweight", POUND * 112.0),
    ("LongTon", POUND * 2240.0),
    ("Megapound", POUND * 1e6),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", POUND / 16.0),
    ("Pound", POUND),
    ("ShortHundredweight", POUND * 100.0),
    ("ShortTon", POUND * 2000.0),
    ("Slug", POUND * GRAVITY / FOOT),
    ("SolarMass", 1.988_47e30),
    ("Stone", POUND * 14.0),
    ("Tonne", 1e3),
];

/// In metres a second.
const SPEEDS: Units = &[
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("CentimeterPerSecond", 1e-2),
    ("DecimeterPerMinute", 1e-1 / 60.0),
    ("DecimeterPerSecond", 1e-1),
    ("FootPerHour", FOOT / 3600.0),
    ("FootPerMinute", FOOT / 60.0),
    ("FootPerSecond", FOOT),
    ("InchPerHour", INCH / 3600.0),
    ("InchPerMinute", INCH / 60.0),
    ("InchPerSecond", INCH),
    ("KilometerPerHour", 1.0 / 3.6),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("KilometerPerSecond", 1e3),
    ("Knot", 1852.0 / 3600.0),
    ("MeterPerHour", 1.0 / 3600.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("MeterPerSecond", 1.0),
    ("MicrometerPerMinute", 1e-6 / 60.0),
    ("MicrometerPerSecond", 1e-6),
    ("MilePerHour", MILE / 3600.0),
    ("MillimeterPerHour", 1e-3 / 3600.0),
    ("MillimeterPerMinute", 1e-3 / 60.0),
    ("MillimeterPerSecond", 1e-3),
    ("NanometerPerMinute", 1e-9 / 60.0),
    ("NanometerPerSecond", 1e-9),
    ("UsSurveyFootPerHour", US_SURVEY_FOOT / 3600.0),
    ("UsSurveyFootPerMinute", US_SURVEY_FOOT / 60.0),
    ("UsSurveyFootPerSecond", US_SURVEY_FOOT),
    ("YardPerHour", 0.9144 / 3600.0),
    ("YardPerMinute", 0.9144 / 60.0),
    ("YardPerSecond", 0.9144),
];

/// In cubic metres.
const VOLUMES: Units = &[
    // Rounded as the service rounds it, which the function's page shows.
    ("AcreFoot", 1.0 / 0.000_810_714),
    ("AuTablespoon", 2e-5),
    ("BoardFoot", CUBIC_FOOT / 12.0),
    ("Centiliter", 1e-5),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicFoot", CUBIC_FOOT),
    ("CubicHectometer", 1e6),
    ("CubicInch", INCH * INCH * INCH),
    ("CubicKilometer", 1e9),
    ("CubicMeter", 1.0),
    ("CubicMicrometer", 1e-18),
    ("CubicMile", MILE * MILE * MILE),
    ("CubicMillimeter", 1e-9),
    ("CubicYard", CUBIC_FOOT * 27.0),
    ("Decaliter", 1e-2),
    ("DecausGallon", US_GALLON * 10.0),
    ("Deciliter", 1e-4),
    ("DeciusGallon", US_GALLON / 10.0),
    ("HectocubicFoot", CUBIC_FOOT * 100.0),
    ("HectocubicMeter", 100.0),
    ("Hectoliter", 1e-1),
    ("HectousGallon", US_GALLON * 100.0),
    ("ImperialBeerBarrel", IMPERIAL_GALLON * 36.0),
    ("ImperialGallon", IMPERIAL_GALLON),
    ("ImperialOunce", IMPERIAL_GALLON / 160.0),
    ("ImperialPint", IMPERIAL_GALLON / 8.0),
    ("KilocubicFoot", CUBIC_FOOT * 1e3),
    ("KilocubicMeter", 1e3),
    ("KiloimperialGallon", IMPERIAL_GALLON * 1e3),
    ("Kiloliter", 1.0),
    ("KilousGallon", US_GALLON * 1e3),
    ("Liter", 1e-3),
    ("MegacubicFoot", CUBIC_FOOT * 1e6),
    ("MegaimperialGallon", IMPERIAL_GALLON * 1e6),
    ("Megaliter", 1e3),
    ("MegausGallon", US_GALLON * 1e6),
    ("MetricCup", 2.5e-4),
    ("MetricTeaspoon", 5e-6),
    ("Microliter", 1e-9),
    ("Milliliter", 1e-6),
    ("OilBarrel", US_GALLON * 42.0),
    ("UkTablespoon", 1.5e-5),
    ("UsBeerBarrel", US_GALLON * 31.0),
    ("UsCustomaryCup", US_GALLON / 16.0),
    ("UsGallon", US_GALLON),
    ("UsLegalCup", 2.4e-4),
    ("UsOunce", US_GALLON / 128.0),
    ("UsPint", US_GALLON / 8.0),
    ("UsQuart", US_GALLON / 4.0),
    ("UsTablespoon", US_GALLON / 256.0),
    ("UsTeaspoon", US_GALLON / 768.0),
];

/// Kelvins in one degree, and the kelvins at zero degrees.
const TEMPERATURES: &[(&str, f64, f64)] = &[
    ("DegreeCelsius", 1.0, 273.15),
    ("DegreeDelisle", -2.0 / 3.0, 373.15),
    ("DegreeFahrenheit", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    ("DegreeNewton", 100.0 / 33.0, 273.15),
    ("DegreeRankine", 5.0 / 9.0, 0.0),
    ("DegreeReaumur", 1.25, 273.15),
    ("DegreeRoemer", 40.0 / 21.0, 273.15 - 7.5 * 40.0 / 21.0),
    ("Kelvin", 1.0, 0.0),
    ("MillidegreeCelsius", 1e-3, 273.15),
    ("SolarTemperature", 5778.0, 0.0),
];

const fn conversion(
    names: &'static [&'static str],
    usage: &'static str,
    summary: &'static str,
    body: fn(&Call<'_, '_>) -> Compiled<Kernel>,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function {
        names,
        usage,
        summary,
        takes: &[Accepts::Real, Accepts::Text, Accepts::Text],
        gives: Gives::Type(Type::Real),
        body: Body::Prepared(body),
        examples,
        ..Function::NEW
    }
}

pub(super) const FUNCTIONS: &[Function] = &[
    conversion(
        &["convert_angle"],
        "convert_angle(value, from, to)",
        "An angle in another unit.",
        between_angles,
        &[
            ("convert_angle(180, 'Degree', 'Radian') == pi()", "true"),
            ("round(convert_angle(0.5, 'Tilt', 'Degree'), 9)", "30"),
        ],
    ),
    conversion(
        &["convert_energy"],
        "convert_energy(value, from, to)",
        "An energy in another unit.",
        |call| between(call, ENERGIES),
        &[("convert_energy(1, 'KilowattHour', 'Kilojoule')", "3600")],
    ),
    conversion(
        &["convert_force"],
        "convert_force(value, from, to)",
        "A force in another unit.",
        |call| between(call, FORCES),
        &[("convert_force(2, 'Kilonewton', 'Newton')", "2000")],
    ),
    conversion(
        &["convert_length"],
        "convert_length(value, from, to)",
        "A length in another unit.",
        |call| between(call, LENGTHS),
        &[("convert_length(10, 'Foot', 'Meter')", "3.048")],
    ),
    conversion(
        &["convert_mass"],
        "convert_mass(value, from, to)",
        "A mass in another unit.",
        |call| between(call, MASSES),
        &[("convert_mass(2, 'Tonne', 'Kilogram')", "2000")],
    ),
    conversion(
        &["convert_speed"],
        "convert_speed(value, from, to)",
        "A speed in another unit.",
        |call| between(call, SPEEDS),
        &[("round(convert_speed(36, 'KilometerPerHour', 'MeterPerSecond'), 9)", "10")],
    ),
    conversion(
        &["convert_temperature"],
        "convert_temperature(value, from, to)",
        "A temperature in another unit.",
        between_degrees,
        &[("round(convert_temperature(212, 'DegreeFahrenheit', 'DegreeCelsius'), 9)", "100")],
    ),
    conversion(
        &["convert_volume"],
        "convert_volume(value, from, to)",
        "A volume in another unit.",
        |call| between(call, VOLUMES),
        &[("round(convert_volume(1, 'UsGallon', 'Liter'), 9)", "3.785411784")],
    ),
];

/// The sine of an angle, which is no multiple of a radian.
const TILT: &str = "Tilt";

fn between_angles(call: &Call<'_, '_>) -> Compiled<Kernel> {
    tell_unknown(call, &mut || Box::new(ANGLES.iter().map(|(unit, _)| *unit).chain([TILT])));
    Ok(Arc::new(move |values| {
        let size = |name: &str| ANGLES.iter().find(|(unit, _)| *unit == name).map(|(_, size)| *size);
        let Some(Value::Real(value)) = values.first() else { return Value::Null };
        let radians = match text(values, 1) {
            TILT => Some(value.asin()),
            unit => size(unit).map(|size| value * size),
        };
        let turned = radians.and_then(|radians| match text(values, 2) {
            TILT => Some(radians.sin()),
            unit => size(unit).map(|size| radians / size),
        });
        turned.map_or(Value::Null, Value::Real)
    }))
}

fn between(call: &Call<'_, '_>, units: Units) -> Compiled<Kernel> {
    tell_unknown(call, &mut || Box::new(units.iter().map(|(unit, _)| *unit)));
    Ok(Arc::new(move |values| {
        let size = |name: &str| units.iter().find(|(unit, _)| *unit == name).map(|(_, size)| *size);
        match (values.first(), size(text(values, 1)), size(text(values, 2))) {
            (Some(Value::Real(value)), Some(from), Some(to)) => Value::Real(value * from / to),
            _ => Value::Null,
        }
    }))
}

fn between_degrees(call: &Call<'_, '_>) -> Compiled<Kernel> {
    tell_unknown(call, &mut || Box::new(TEMPERATURES.iter().map(|(unit, ..)| *unit)));
    Ok(Arc::new(|values| {
        let degree = |name: &str| TEMPERATURES.iter().find(|(unit, ..)| *unit == name);
        match (values.first(), degree(text(values, 1)), degree(text(values, 2))) {
            (Some(Value::Real(value)), Some((_, from, from_zero)), Some((_, to, to_zero))) => {
                Value::Real((value * from + from_zero - to_zero) / to)
            }
            _ => Value::Null,
        }
    }))
}

/// A unit that there is not gives null (the functions' pages); where it is written out, that is worth a note.
fn tell_unknown(call: &Call<'_, '_>, units: &mut dyn FnMut() -> Box<dyn Iterator<Item = &'static str>>) {
    for position in 1..=2 {
        let Some(Value::String(name)) = call.argument(position).and_then(|argument| argument.constant.as_ref()) else {
            continue;
        };
        if units().all(|unit| unit != name) {
            let told = format!("`{name}` is no unit of `{}`, which is null", call.name.text);
            let note = Diagnostic::note(told, call.span_of(position));
            call.compiler.note(match nearest(name, units()) {
                Some(near) => note.help(format!("did you mean `{near}`?")),
                None => note.help("units are named as in Meter, Kilogram, DegreeCelsius"),
            });
        }
    }
}
