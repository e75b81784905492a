//! The command line of stackgen: parse, run, report, exit code.

use std::process::ExitCode;

use clap::Parser as _;

mod cli;

// A run is one burst of small allocations; glibc's allocator spends a third of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    cli::run(&arguments).unwrap_or_else(|error| {
        use std::io::Write as _;
        // Nothing can be done where even stderr is closed.
        let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
        ExitCode::from(2)
    })
}
