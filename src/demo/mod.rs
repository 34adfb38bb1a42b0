//! Letters to click.

use std::process::ExitCode;

/// Options of the demo.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the demo until it is stopped.
pub fn run(_args: Args) -> Result<ExitCode, String> {
    Err("the demo is not built yet".into())
}
