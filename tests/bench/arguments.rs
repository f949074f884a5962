//! What the benchmarks share: numbers given by name on the command line, and the median.

use anyhow::{Context as _, bail};

/// Numbers asked for, in the order in which they were given.
pub struct Arguments {
    given: Vec<(String, usize)>,
    bench: bool,
}

impl Arguments {
    /// Reads `--name number` of the command line. Names other than these are errors.
    pub fn read(known: &[&str]) -> anyhow::Result<Arguments> {
        let mut arguments = Arguments { given: Vec::new(), bench: false };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            if word == "--bench" {
                arguments.bench = true;
                continue;
            }
            let Some(name) = word.strip_prefix("--").filter(|name| known.contains(name)) else {
                bail!("{word}: unknown; --{} are known", known.join(", --"))
            };
            let text = words.next().with_context(|| format!("{word} needs a number"))?;
            let number: usize = text.parse().with_context(|| format!("{word} {text}: not a number"))?;
            arguments.given.push((name.to_owned(), number.max(1)));
        }
        Ok(arguments)
    }

    /// Every number given by this name.
    pub fn all(&self, name: &str) -> Vec<usize> {
        self.given.iter().filter(|(given, _)| given == name).map(|(_, number)| *number).collect()
    }

    /// The last number given by this name. Where there is none, `full` under `cargo bench`, which says `--bench`, and
    /// `quick` under `cargo test`, which only sees that the benchmark runs at all.
    pub fn number(&self, name: &str, quick: usize, full: usize) -> usize {
        self.all(name).pop().unwrap_or(if self.bench { full } else { quick })
    }
}

/// The median of seconds; NaN of none.
#[allow(dead_code)] // the replay times each rule once
pub fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}
