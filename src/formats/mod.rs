//! Export shapes: what marks each, which table it goes to, and which column takes which field.
//!
//! One file a shape, and its line in [`ALL`]. Content decides; the name of a file is only asked where two exports
//! cannot be told apart by what is in them.

mod nested;
mod plan;
pub mod record;
pub mod sink;
pub mod when;

mod activity;
mod activity_grid;
mod activity_portal;
mod audit_data;
mod audit_graph;
mod audit_portal;
mod diagnostic;
mod diagnostic_resource;
mod envelope;
mod flattened;
mod inventory;
pub mod localised;
mod log_analytics;
mod lookup;
mod lookup_credentials;
mod lookup_directory;
mod provisioning;
mod recased;
mod risk;
mod search_ual;
mod signin_details;
mod signin_graph;
mod signin_portal;
mod signin_tables;
mod unplaced;

pub use envelope::carried;
pub use plan::Plan;
pub use record::{Form, Record, Value};
pub use signin_details::STEPS;
pub use signin_portal::{STEPS_COLUMN, STEPS_TABLES, with_steps};
pub use sink::{Problem, Row, Sink};
pub use unplaced::describe;
pub use when::{Dates, Order};

/// How much a shape carries, richest first: of copies of one event, the rows of the richest are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Exported from the table itself.
    LogAnalytics,
    /// Diagnostic settings and the management API.
    Diagnostic,
    /// Graph beta, and the portal's JSON, which has its fields.
    GraphBeta,
    /// Graph v1.0.
    GraphV1,
    /// PowerShell objects.
    Sdk,
    /// Portal CSV.
    Csv,
}

/// One export shape.
pub struct Format {
    /// The name shown to people.
    pub name: &'static str,
    /// Names of the shapes that its rows carry, with their rank.
    pub shapes: &'static [(&'static str, Rank)],
    /// Whether a record is of this shape: the reason, in a few words.
    pub marks: fn(&Record<'_>) -> Option<&'static str>,
    /// Puts the record into its tables. The error says why it is rejected.
    pub load: fn(&Record<'_>, &mut Sink) -> Result<(), String>,
}

/// Every shape, those with the most specific marks first.
pub static ALL: &[&Format] = &[
    &flattened::OBJECTS,
    &search_ual::FORMAT,
    &diagnostic::FORMAT,
    &signin_graph::FORMAT,
    &audit_graph::FORMAT,
    &risk::DETECTIONS,
    &risk::LEGACY,
    &risk::USERS,
    &risk::PRINCIPALS,
    &provisioning::FORMAT,
    &audit_data::FORMAT,
    &audit_data::ELASTIC,
    &activity::FORMAT,
    &activity_grid::FORMAT,
    &signin_portal::USERS,
    &signin_portal::APPLICATIONS,
    &signin_details::FORMAT,
    &audit_portal::FORMAT,
    &activity_portal::FORMAT,
    &recased::SDK,
    &recased::FLAT,
    &recased::SNAKE,
    &recased::UNDERSCORES,
    &log_analytics::FORMAT,
    &inventory::FORMAT,
    &lookup::FORMAT,
    &flattened::TABLES,
];

/// The shape of a record, and why.
pub fn recognise(record: &Record<'_>) -> Option<(&'static Format, &'static str)> {
    ALL.iter().find_map(|format| (format.marks)(record).map(|why| (*format, why)))
}

/// The rank of a shape by the name that its rows carry.
pub fn rank(shape: &str) -> Rank {
    let shapes = ALL.iter().flat_map(|format| format.shapes);
    shapes.into_iter().find(|(name, _)| *name == shape).map_or(Rank::Csv, |(_, rank)| *rank)
}
