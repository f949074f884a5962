//! Hashes.

use std::sync::Arc;

use sha1::Digest;
use sha2::Sha256;
use xxhash_rust::xxh64::xxh64;

use super::arguments::{long, text};
use super::encoding::guid_bytes;
use super::{Accepts, Body, Function, Gives};
use crate::error::Diagnostic;
use crate::kql::Value;
use crate::kql::compiler::{Call, Compiled};
use crate::kql::kernel::Kernel;
use crate::kql::scalar::Scalar;
use crate::table::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        names: &["hash", "hash_xxhash64"],
        usage: "hash(value [, modulus])",
        summary: "XXH64 of the value's bytes as a signed number, or its remainder, which is not negative.",
        takes: &[Accepts::Any, Accepts::Long],
        optional: 1,
        gives: Gives::Type(Type::Long),
        body: Body::Prepared(xxhash),
        examples: &[("hash('abc')", "4952883123889572249"), ("hash('abc', 100)", "49")],
        ..Function::NEW
    },
    Function {
        names: &["hash_md5"],
        usage: "hash_md5(value)",
        summary: "MD5 of the value's text, in hexadecimal.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| digest::<md5::Md5>(text(values, 0))),
        examples: &[("hash_md5('abc')", "900150983cd24fb0d6963f7d28e17f72")],
        ..Function::NEW
    },
    Function {
        names: &["hash_sha1"],
        usage: "hash_sha1(value)",
        summary: "SHA-1 of the value's text, in hexadecimal.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| digest::<sha1::Sha1>(text(values, 0))),
        examples: &[("hash_sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d")],
        ..Function::NEW
    },
    Function {
        names: &["hash_sha256"],
        usage: "hash_sha256(value)",
        summary: "SHA-256 of the value's text, in hexadecimal.",
        takes: &[Accepts::Text],
        body: Body::Values(|values| digest::<Sha256>(text(values, 0))),
        examples: &[("hash_sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")],
        ..Function::NEW
    },
    Function {
        names: &["hash_combine", "hash_many"],
        usage: "hash_combine(hash, hash [, …])",
        summary: "Refused: how the service combines hashes is not published.",
        takes: &[Accepts::Any, Accepts::Any],
        rest: Some(Accepts::Any),
        gives: Gives::Type(Type::Long),
        body: Body::Scalar(combine),
        ..Function::NEW
    },
];

/// The empty text has no digest but the empty text.
fn digest<'a, D: Digest>(text: &str) -> Value<'a> {
    if text.is_empty() {
        return Value::text("");
    }
    Value::text(D::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn combine(call: &Call<'_, '_>) -> Compiled<Scalar> {
    let problem = Diagnostic::error(format!("`{}` cannot be computed as the service does", call.name.text), call.span);
    Err(problem
        .help("how it combines hashes is not published; use hash(strcat_delim('|', a, b)) for a key of several values"))
}

fn xxhash(call: &Call<'_, '_>) -> Compiled<Kernel> {
    let int = match call.argument(0).map(|value| value.ty) {
        Some(Type::Decimal) => {
            let problem = call.error(0, "the bytes that the service hashes of a decimal are not published");
            return Err(problem.help("hash tostring(…) of it"));
        }
        Some(Type::Dynamic) => {
            let note = Diagnostic::note("a dynamic value is hashed as its text", call.span_of(0));
            call.compiler.note(note.help("tostring(…) says so"));
            false
        }
        ty => ty == Some(Type::Int),
    };
    Ok(Arc::new(move |values| {
        let hashed = match values.first() {
            None | Some(Value::Null) => xxh64(&[], 0),
            Some(Value::Long(number)) if int => xxh64(&(*number as i32).to_le_bytes(), 0),
            Some(Value::Long(number) | Value::Datetime(number) | Value::Timespan(number)) => {
                xxh64(&number.to_le_bytes(), 0)
            }
            Some(Value::Real(number)) => xxh64(&number.to_le_bytes(), 0),
            Some(Value::Bool(flag)) => xxh64(&[u8::from(*flag)], 0),
            Some(Value::Guid(guid)) => guid_bytes(guid).map_or(0, |bytes| xxh64(&bytes, 0)),
            Some(text) => xxh64(text.to_text().as_bytes(), 0),
        } as i64;
        if values.len() < 2 {
            return Value::Long(hashed);
        }
        match long(values, 1) {
            Some(modulus) if modulus > 0 => Value::Long(hashed.rem_euclid(modulus)),
            _ => Value::Null,
        }
    }))
}
