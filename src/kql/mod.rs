//! KQL over tables in memory: text → tokens → tree → typed polars plan → answer.
//!
//! Compiling is a fold: each operator takes a `Relation` and gives the next. Polars' lazy plan is the only
//! intermediate form and the only optimiser. This module knows `error` and `table` and nothing else of entrail.

pub mod aggregates;
mod arithmetic;
pub mod ast;
mod batch;
pub mod catalog;
mod clock;
mod compare;
mod compiler;
mod context;
pub mod convert;
mod expression;
pub mod functions;
mod kernel;
pub mod lex;
mod lineage;
mod membership;
mod needs;
mod operators;
mod parse;
mod path;
mod places;
pub mod print;
mod relation;
mod scalar;
mod sequence;
mod sift;
mod sketch;
mod text;
mod value;
mod views;

pub use batch::{Part, parts};
pub use clock::clocks;
pub use context::{Answer, Context, Usage, Watchlist, check, run, run_tree};
pub use needs::{Need, needs};
pub use parse::parse;
pub use places::{PLACES, Places};
pub use sift::{by_name, optional_lists, sift};
pub use value::{Value, real, undress};
