//! Rules: Sentinel's YAML and bare KQL, the pack that is built in, and the tests that stand beside a rule.

pub mod attack;
mod coverage;
mod defender;
mod duration;
mod load;
mod pack;
mod place;
pub mod prove;
mod rule;
mod sentinel;
mod split;

pub use coverage::{Coverage, Detection, NotObservable, coverage};
pub use duration::duration;
pub use load::{Broken, Loaded, holds, load};
pub use pack::{Filter, Pack};
pub use rule::{Comparison, Connector, EntityMapping, Kind, Override, Rule, Schedule, TestFile};
