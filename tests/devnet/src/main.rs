//! The world from the command line: left up for any client, or put through the demo.

mod demo;
mod timeline;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A whole Countersign network on this machine: chain, bundler, cosigners, gateway. For development.
#[derive(Debug, Parser)]
#[command(name = "countersign-devnet", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Leave the world up until Ctrl-C; its addresses are in `devnet.json`.
    #[command(after_help = "Example:\n  countersign-devnet up --dir .devnet")]
    Up(up::Up),
    /// Send a sponsored batch through a fresh world and tell what happened.
    #[command(
        after_help = "Example:\n  countersign-devnet demo --account simple --entry-point 0.7"
    )]
    Demo(demo::Demo),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(up) => up.run().await,
        Command::Demo(demo) => demo.run().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
