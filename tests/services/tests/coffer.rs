//! The program `coffer`, where the tests of this package find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::cli::run()
}
