//! entrail turns a folder of exported Entra ID, Microsoft 365 and Azure logs into a timeline report, offline.
//!
//! The stages are folders, and values flow from one to the next:
//! evidence → formats → tables → rules × KQL → findings → timeline → report.

pub mod case;
pub mod cli;
pub mod commands;
pub mod detect;
pub mod error;
pub mod evidence;
pub mod finding;
pub mod formats;
pub mod hunt;
pub mod incident;
pub mod ingest;
pub mod ioc;
pub mod kql;
pub mod progress;
pub mod report;
pub mod rules;
pub mod table;
pub mod timeline;
pub mod usual;
