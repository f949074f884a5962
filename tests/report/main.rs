//! The report and its outputs, from invented tables and findings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod browser;
mod case;
mod driver;
mod files;
mod formats;
mod hostile;
mod intrusion;
mod outputs;
mod page;
mod pseudonyms;
mod schema;
mod terminal;
mod timeline;
mod validator;
