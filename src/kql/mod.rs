//! KQL over tables in memory: text → tokens → tree → typed polars plan → answer.
//!
//! Compiling is a fold: each operator takes a [`relation`] and gives the next. Polars' lazy plan is the only
//! intermediate form and the only optimiser. This module knows `error` and `table` and nothing else of entrail.

mod context;
pub mod lex;
mod value;

pub use context::{Answer, Context, Usage, Watchlist, check, run};
pub use value::Value;
