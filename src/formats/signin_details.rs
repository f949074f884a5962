//! The portal's AuthDetails CSV: the authentication steps of sign-ins that another file holds.

use super::{Form, Format, Record};

/// Steps of sign-ins: recognised, and named as what they are, until their sign-ins take them in.
pub static FORMAT: Format = Format {
    name: "portal authentication details CSV",
    shapes: &[],
    marks: |record: &Record<'_>| {
        let seen = record.form == Form::Csv
            && record.has_all(&["Request ID", "Authentication method", "Succeeded"])
            && !record.has("Username");
        seen.then_some("has the header of the portal's authentication details")
    },
    load: |_, _| {
        Err("authentication steps belong to sign-ins of another file; export the sign-ins as JSON, which has them inside".into())
    },
};
