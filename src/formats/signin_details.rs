//! The portal's AuthDetails CSV: the authentication steps of sign-ins that another file holds.

use std::sync::LazyLock;

use super::record::quote;
use super::{Form, Format, Plan, Record, Value};
use crate::table::{Field, Schema, Type, time};

/// The steps on their way to their sign-ins. No query sees it, and no table of Azure Monitor can be named so.
pub const STEPS: &str = "#steps";
const SHAPE: &str = "portal authentication details CSV";

/// Steps of sign-ins: several rows with the Request ID of one.
pub static FORMAT: Format = Format {
    name: SHAPE,
    shapes: &[],
    marks: |record: &Record<'_>| {
        let seen = record.form == Form::Csv
            && record.has_all(&["Request ID", "Authentication method", "Succeeded"])
            && !record.has("Username");
        seen.then_some("has the header of the portal's authentication details")
    },
    load: |record, sink| {
        let id = record.text("Request ID");
        if id.is_empty() {
            return Err("no Request ID: the sign-in that this step belongs to cannot be told".into());
        }
        let local = sink.local;
        let written = record.any(&["Date (UTC)", "Date"]).as_str();
        let at = sink.dates.read(written, local);
        if at.is_none() && !written.is_empty() {
            sink.note("steps whose time cannot be read, put in without it");
        }
        let step = step(record, at);
        let mut row = sink.row(&PLAN);
        row.text("Id", id);
        row.text("Step", &step);
        row.close();
        Ok(())
    },
};

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let field = |name: &str| Field { name: name.into(), ty: Type::String, description: String::new() };
    Plan::of(Schema::new(STEPS, vec![field("Id"), field("Step")]), SHAPE)
});

/// The step as an element of AuthenticationDetails, with the names that Graph and Log Analytics write. A time that cannot
/// be read is left out.
fn step(record: &Record<'_>, at: Option<i64>) -> String {
    let mut parts = Vec::new();
    if let Some(at) = at {
        parts.push(format!("\"authenticationStepDateTime\":\"{}\"", time::iso(at)));
    }
    for (name, field) in [
        ("Authentication method", "authenticationMethod"),
        ("Authentication method detail", "authenticationMethodDetail"),
        ("Succeeded", "succeeded"),
        ("Result detail", "authenticationStepResultDetail"),
        ("Requirement", "authenticationStepRequirement"),
    ] {
        let Value::Text(text) = record.get(name) else { continue };
        let value = match text.to_ascii_lowercase() {
            flag if field == "succeeded" && matches!(flag.as_str(), "true" | "yes") => "true".into(),
            flag if field == "succeeded" && matches!(flag.as_str(), "false" | "no") => "false".into(),
            _ => quote(text),
        };
        parts.push(format!("\"{field}\":{value}"));
    }
    format!("{{{}}}", parts.join(","))
}
