//! The entrail program: parse the command line, run one command, end with its exit code.

use std::process::ExitCode;

use clap::Parser;
use entrail::cli::Cli;

fn main() -> ExitCode {
    entrail::commands::run(Cli::parse())
}
