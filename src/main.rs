//! The entrail program: parse the command line, run one command, end with its exit code.

use std::process::ExitCode;
use std::thread;

use clap::Parser;
use entrail::cli::Cli;
use entrail::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The first thread's stack is a megabyte on Windows and cannot be chosen; one of our own can.
    let worker = thread::Builder::new().stack_size(commands::STACK).spawn(move || commands::run(cli));
    match worker.map(thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        _ => ExitCode::from(2),
    }
}
