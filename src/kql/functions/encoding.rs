//! Bytes as text: base64, hexadecimal, and compressed text in base64.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::arguments::{array, long, text, text_array};
use super::{Accepts, Body, Function, Gives, Naming};
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::table::Type;

/// Decompressed text may grow to this many bytes; more is no text that the service would hold either.
const MAX_DECOMPRESSED: u64 = 1 << 26;

/// Padding is demanded, as the service does; bits behind the last byte are not looked at.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["base64_encode_tostring", "base64_encodestring"],
        usage: "base64_encode_tostring(text)",
        summary: "The text's UTF-8 bytes in base64.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(STANDARD.encode(text(values, 0)))),
        examples: &[("base64_encode_tostring('über')", "w7xiZXI=")],
        ..Function::NEW
    },
    Function {
        names: &["base64_decode_tostring", "base64_decodestring"],
        usage: "base64_decode_tostring(base64)",
        summary: "The text that base64 stands for; empty when it is no base64 or no UTF-8.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| {
            let bytes = decode(text(values, 0)).unwrap_or_default();
            Value::text(String::from_utf8(bytes).unwrap_or_default())
        }),
        examples: &[("base64_decode_tostring('w7xiZXI=')", "über"), ("base64_decode_tostring('?')", "")],
        ..Function::NEW
    },
    Function {
        names: &["base64_decode_toarray"],
        usage: "base64_decode_toarray(base64)",
        summary: "The bytes that base64 stands for, as an array of numbers; null when it is no base64.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Dynamic),
        body: Body::Values(|values| decode(text(values, 0)).map_or(Value::Null, text_array)),
        examples: &[("base64_decode_toarray('AQL/')", "[1,2,255]")],
        ..Function::NEW
    },
    Function {
        names: &["base64_encode_fromarray"],
        usage: "base64_encode_fromarray(bytes)",
        summary: "An array of bytes in base64; empty when it is no such array.",
        takes: &[Accepts::Dynamic],
        body: Body::Values(|values| {
            let elements = values.first().and_then(array).unwrap_or_default();
            let bytes: Option<Vec<u8>> = elements.iter().map(|n| u8::try_from(n.as_i64()?).ok()).collect();
            Value::text(STANDARD.encode(bytes.unwrap_or_default()))
        }),
        examples: &[
            ("base64_encode_fromarray(dynamic([1, 2, 255]))", "AQL/"),
            ("base64_encode_fromarray(dynamic([256]))", ""),
        ],
        ..Function::NEW
    },
    Function {
        names: &["base64_encode_fromguid"],
        usage: "base64_encode_fromguid(guid)",
        summary: "The sixteen bytes of a guid in base64, its first three fields with their low byte first.",
        takes: &[Accepts::Any],
        body: Body::Values(|values| {
            let bytes = values.first().and_then(|guid| guid_bytes(&guid.to_text()));
            Value::text(bytes.map_or_else(String::new, |bytes| STANDARD.encode(bytes)))
        }),
        examples: &[("base64_encode_fromguid(guid(00112233-4455-6677-8899-aabbccddeeff))", "MyIRAFVEd2aImaq7zN3u/w==")],
        ..Function::NEW
    },
    Function {
        names: &["base64_decode_toguid"],
        usage: "base64_decode_toguid(base64)",
        summary: "The guid whose sixteen bytes base64 stands for; null when there are not sixteen.",
        takes: &[Accepts::Text],
        gives: Gives::Type(Type::Guid),
        body: Body::Values(|values| {
            let bytes = decode(text(values, 0)).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
            bytes.map_or(Value::Null, |bytes| Value::Guid(guid_text(bytes).into()))
        }),
        examples: &[("base64_decode_toguid('MyIRAFVEd2aImaq7zN3u/w==')", "00112233-4455-6677-8899-aabbccddeeff")],
        ..Function::NEW
    },
    Function {
        names: &["tohex"],
        usage: "tohex(integer [, digits])",
        summary: "The integer in hexadecimal, with zeros in front up to a number of digits.",
        takes: &[Accepts::Long, Accepts::Long],
        optional: 1,
        naming: Naming::First,
        body: Body::Prepared(tohex),
        examples: &[
            ("tohex(250)", "fa"),
            ("tohex(-2)", "fffffffffffffffe"),
            ("tohex(10, 4)", "000a"),
            ("tohex(toint(-1))", "ffffffff"),
        ],
        ..Function::NEW
    },
    Function {
        names: &["gzip_compress_to_base64_string"],
        usage: "gzip_compress_to_base64_string(text)",
        summary: "The text compressed by gzip, in base64.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| Value::text(gzip(text(values, 0)))),
        examples: &[("gzip_decompress_from_base64_string(gzip_compress_to_base64_string('abc'))", "abc")],
        ..Function::NEW
    },
    Function {
        names: &["gzip_decompress_from_base64_string"],
        usage: "gzip_decompress_from_base64_string(base64)",
        summary: "The text that gzip has compressed; empty when it is not gzip or no UTF-8.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| inflate(text(values, 0), |bytes| Box::new(GzDecoder::new(bytes)))),
        examples: &[("gzip_decompress_from_base64_string('H4sIAAAAAAAA/0tMSgYAwkEkNQMAAAA=')", "abc")],
        ..Function::NEW
    },
    Function {
        names: &["zlib_compress_to_base64_string"],
        usage: "zlib_compress_to_base64_string(text)",
        summary: "The text compressed by zlib, in base64.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| {
            let text = text(values, 0);
            let mut encoder = ZlibEncoder::new(Vec::new(), level(text));
            let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
            Value::text(written.map_or_else(|_| String::new(), |bytes| STANDARD.encode(bytes)))
        }),
        examples: &[("zlib_decompress_from_base64_string(zlib_compress_to_base64_string('abc'))", "abc")],
        ..Function::NEW
    },
    Function {
        names: &["zlib_decompress_from_base64_string"],
        usage: "zlib_decompress_from_base64_string(base64)",
        summary: "The text that zlib has compressed; empty when it is not zlib or no UTF-8.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| inflate(text(values, 0), |bytes| Box::new(ZlibDecoder::new(bytes)))),
        examples: &[("zlib_decompress_from_base64_string('eJxLTEoGAAJNASc=')", "abc")],
        ..Function::NEW
    },
];

/// The bytes that base64 stands for; white space between them is allowed.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_whitespace()) {
        return LENIENT.decode(text.bytes().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<u8>>()).ok();
    }
    LENIENT.decode(text).ok()
}

/// The bytes of a guid in .NET's order.
pub(super) fn guid_bytes(guid: &str) -> Option<[u8; 16]> {
    let hex: String = crate::kql::convert::guid(guid)?.chars().filter(|c| *c != '-').collect();
    Some(reordered(u128::from_str_radix(&hex, 16).ok()?.to_be_bytes()))
}

fn guid_text(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(reordered(bytes)));
    crate::kql::convert::guid(&hex).unwrap_or_default()
}

/// Turns the first three fields around; doing it twice undoes it.
fn reordered(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

fn tohex(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let int = call.argument(0).is_some_and(|number| number.ty == Type::Int);
    Ok(std::sync::Arc::new(move |values| {
        let Some(number) = long(values, 0) else { return Value::text("") };
        let digits = usize::try_from(long(values, 1).unwrap_or(0)).unwrap_or(0).min(16);
        let hex = if int { format!("{:x}", number as i32) } else { format!("{number:x}") };
        Value::text(format!("{hex:0>digits$}"))
    }))
}

/// Short text is stored as it is: compressing it would make it longer.
fn level(text: &str) -> Compression {
    if text.len() < 128 { Compression::none() } else { Compression::fast() }
}

fn gzip(text: &str) -> String {
    let mut encoder: GzEncoder<Vec<u8>> =
        flate2::GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), level(text));
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.map_or_else(
        |_| String::new(),
        |mut bytes| {
            // The header's hint on the level is left unset.
            if let Some(hint) = bytes.get_mut(8) {
                *hint = 0;
            }
            STANDARD.encode(bytes)
        },
    )
}

fn inflate<'a>(text: &str, open: for<'b> fn(&'b [u8]) -> Box<dyn Read + 'b>) -> Value<'a> {
    let Some(bytes) = decode(text) else { return Value::text("") };
    let mut out = String::new();
    let read = open(&bytes).take(MAX_DECOMPRESSED + 1).read_to_string(&mut out);
    if read.is_err() || out.len() as u64 > MAX_DECOMPRESSED {
        return Value::text("");
    }
    Value::text(out)
}
