//! One file a subcommand. The only place that prints.

mod analyze;
mod check;
mod convert;
mod explain;
mod given;
mod hunt;
mod init;
mod load;
mod query;
mod reach;
mod rows;
mod rules;
mod screen;
mod tables;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Color, Command};
pub use crate::detect::STACK;
use screen::Screen;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All was read and run.
    Done,
    /// Done, but something was unreadable, failed, or differs.
    Incomplete,
    /// The work could not start.
    Refused,
    /// There are findings at or above `--fail-on`.
    Found,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Incomplete => 1,
            Exit::Refused => 2,
            Exit::Found => 3,
        }
    }
}

/// Runs the command that was asked for and reports what stopped it.
pub fn run(cli: Cli) -> ExitCode {
    let color = if cli.no_color { Color::Never } else { cli.color };
    let screen = Screen::new(color, cli.quiet);
    // Zero threads stands for all cores. Fails only if the pool exists already, and then its settings stand.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(cli.threads.unwrap_or(0)).stack_size(STACK);
    let _ = pool.build_global();
    let ended = match cli.command {
        Command::Query(args) => query::run(args, &screen),
        Command::Rules { command } => rules::run(command, &screen),
        Command::Explain(args) => explain::run(&args),
        Command::Analyze(args) => analyze::run(args, &screen),
        Command::Hunt(args) => hunt::run(&args, &screen),
        Command::Init(args) => init::run(&args, &screen),
        Command::Tables(args) => tables::run(&args, &screen),
        Command::Convert(args) => convert::run(&args, &screen),
        Command::Verify(args) => verify::run(&args),
    };
    match ended {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<Told>() => ExitCode::from(Exit::Refused.code()),
        Err(error) => {
            screen.error(&format!("{error:#}"));
            ExitCode::from(Exit::Refused.code())
        }
    }
}

/// The work could not start, and the screen says why already.
#[derive(Debug)]
struct Told;

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("told")
    }
}

impl std::error::Error for Told {}

/// Whether the reader of our output went away, as `| head` does: no fault of ours.
fn broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
