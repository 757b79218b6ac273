//! The `countersign` command.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    countersign::Cli::parse().execute().await
}
