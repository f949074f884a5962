//! Progress bars on standard error: start a bar, advance it, end it.
//!
//! Silent when standard error is not a terminal, so that logs and pipes stay clean. Bars may be advanced from
//! any thread.

use std::borrow::Cow;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as KiB, MiB, GiB.
    Bytes,
    /// Files, rules, steps: shown as they are.
    Items,
}

/// Where bars are drawn, or nowhere.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    bars: Option<MultiProgress>,
}

/// One bar.
#[derive(Debug, Clone, Default)]
pub struct Bar(Option<ProgressBar>);

impl Progress {
    /// Bars on standard error if it is a terminal and `quiet` is off.
    pub fn new(quiet: bool) -> Progress {
        let shown = !quiet && std::io::stderr().is_terminal();
        Progress { bars: shown.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())) }
    }

    /// No bars: for tests and for callers that do not show any.
    pub fn silent() -> Progress {
        Progress { bars: None }
    }

    /// Starts a bar of `total` units.
    pub fn start(&self, label: impl Into<Cow<'static, str>>, total: u64, unit: Unit) -> Bar {
        let Some(bars) = &self.bars else { return Bar(None) };
        let template = match unit {
            Unit::Bytes => {
                "{prefix:<10} {bar:32} {bytes}/{total_bytes}  {binary_bytes_per_sec}  {eta} left  {wide_msg}"
            }
            Unit::Items => "{prefix:<10} {bar:32} {pos}/{len} {wide_msg}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bars.add(ProgressBar::new(total).with_style(style).with_prefix(label));
        Bar(Some(bar))
    }
}

impl Bar {
    /// Moves on by `units`.
    pub fn advance(&self, units: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(units);
        }
    }

    /// Says what is being worked on. Text from evidence must be cleaned of control characters by the caller.
    pub fn doing(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(what.to_string());
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
