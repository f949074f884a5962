//! How much memory the tables may take while they are read, and where the rest of them goes.

use crate::error::Diagnostic;
use crate::table::{Builder, Spool, Table, TableBuilder};

/// Memory that is assumed where the system does not tell.
const ASSUMED: u64 = 8 << 30;

/// What the tables of a run may hold in memory.
pub struct Room {
    spool: Spool,
    share: usize,
}

impl Room {
    /// Half of the memory that the run may take is for tables while they are read; the rest is for queries.
    pub fn new(memory: u64, spool: Spool) -> Room {
        Room { spool, share: usize::try_from(memory / 2).unwrap_or(usize::MAX) }
    }

    /// Moves the bytes of texts out of memory where the tables take more than their share. Tables of a file that is being
    /// read stand beside those of all files before it, so each may take half.
    pub fn relieve<'b>(&self, builders: impl Iterator<Item = &'b mut TableBuilder>) {
        let builders: Vec<&mut TableBuilder> = builders.collect();
        let (loose, fixed) =
            builders.iter().map(|builder| builder.bytes()).fold((0, 0), |sum, (a, b)| (sum.0 + a, sum.1 + b));
        // Little pieces are not worth a file each.
        if loose + fixed > self.share / 2 && loose > self.share / 16 {
            TableBuilder::spool(builders.into_iter(), &self.spool);
        }
    }

    /// The finished table; where texts had to leave memory, so do all columns.
    pub fn finish(&self, builder: TableBuilder) -> Table {
        builder.finish_in((self.spool.bytes() > 0).then_some(&self.spool))
    }

    /// Moves the text of a single column out of memory where others had to leave.
    pub fn settle(&self, column: &mut Builder) {
        if self.spool.bytes() > 0 {
            column.spool(&self.spool);
        }
    }

    /// Where it goes.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// The error that ends the run when what must leave memory cannot be written.
    pub fn check(&self) -> Result<(), Diagnostic> {
        match self.spool.failure() {
            None => Ok(()),
            Some(why) => Err(Diagnostic::plain(format!("the tables do not fit into memory, and {why}")).help(
                "free some space, name a folder on another disk with --temp, or allow more memory with --memory",
            )),
        }
    }
}

/// Half of the machine's memory: what a run may take where nobody says otherwise. A container's limit counts where it is
/// lower.
pub fn default_memory() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
    });
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok()).min();
    machine.into_iter().chain(limit).min().unwrap_or(ASSUMED) / 2
}
