//! A cosigner of ill will: a member with its own identity, share and journal, whose frames to the others are
//! altered on their way out as a file says. It answers gateways and operators as any other does.

mod manner;
mod meddler;
mod seal;
mod two_faced;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use countersign_cosigner::{Daemon, DaemonConfig, Peers};
use countersign_protocol::Identity;
use tokio::signal::unix::{SignalKind, signal};

use meddler::Meddler;

/// A cosigner of ill will, for tests. It behaves as the file `manner.json` beside its configuration says.
#[derive(Debug, Parser)]
#[command(name = "hostile-cosigner", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs in the foreground until SIGTERM.
    #[command(after_help = "Example:\n  hostile-cosigner run --config cosigner.toml")]
    Run {
        /// The configuration of a cosigner.
        #[arg(long)]
        config: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run { config } = Cli::parse().command;
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: PathBuf) -> anyhow::Result<()> {
    let manner = config.with_file_name("manner.json");
    let config = DaemonConfig::load(&config)?;
    let identity = Identity::load(&config.data_dir.join("identity.pem"))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let way = |links| Arc::new(Meddler::new(links, manner, identity)) as Arc<dyn Peers>;
    let daemon = Daemon::start_through(config, way).await?;
    terminate.recv().await;
    daemon.stop().await;
    Ok(())
}
