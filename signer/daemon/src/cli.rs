//! The command line: one file a command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::DaemonConfig;
use crate::operator::OperatorClient;

mod audit;
mod backup;
mod ceremony;
mod committee;
mod features;
mod init;
mod journal;
mod keygen;
mod log;
mod policy;
mod run;
mod show;

/// A cosigner: holds one share of a key, reads what it is asked to sign, and only then takes part.
#[derive(Debug, Parser)]
#[command(name = "cosigner", version, after_help = EXAMPLES)]
struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "cosigner.toml", value_name = "FILE")]
    config: PathBuf,
    /// Print JSON for machines instead of lines for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  A new cosigner, from nothing to a running daemon:
    cosigner init                                   # compare the fingerprint out of band
    cosigner committee draft --out committee.json \\
        --party alice,a.example:7443,<key> --party bob,b.example:7443,<key> \\
        --party carol,c.example:7443,<key> --gateway main,<key>
    cosigner committee sign committee.json          # every party, then merge the copies
    cosigner committee merge a.json b.json c.json --out committee.json
    cosigner run

  A new key, while every cosigner runs:
    cosigner keygen --key wallets --threshold 2     # one operator proposes
    cosigner ceremonies                             # the others look
    cosigner confirm 3fb1                           # and agree";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this cosigner's identity and vault, and print the fingerprint to compare out of band.
    Init,
    /// Assemble the committee file.
    #[command(subcommand)]
    Committee(committee::CommitteeCommand),
    /// Run the daemon until it is told to stop.
    Run,
    /// Make a key together with all other parties.
    Keygen(keygen::KeygenArgs),
    /// List the ceremonies that wait for a word, run, or left a key that is not resolved.
    Ceremonies,
    /// Agree to a ceremony that another operator proposed, or refuse it.
    Confirm(ceremony::ConfirmArgs),
    /// Reject a key that not every party acknowledged, so that its name becomes free.
    Reject(ceremony::RejectArgs),
    /// List the keys.
    Keys,
    /// Show who this cosigner is, its keys and its peers.
    Status,
    /// List the parties that a key signs with no more.
    Bans,
    /// Read the records of what was asked and answered, and check their chain.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Carry this cosigner's signing history elsewhere and back, and see what peers know of it.
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    /// Back up this cosigner's share of a key, encrypted to people of your choice, and check such files.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Check a policy file.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Check a file of features, and show what it switches on.
    Features(features::FeaturesArgs),
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(execute(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(cli: Cli) -> anyhow::Result<()> {
    if let Command::Committee(command) = cli.command {
        return committee::execute(command, &cli.config, cli.json);
    }
    if let Command::Backup(command) = cli.command {
        return backup::execute(command, &cli.config, cli.json).await;
    }
    if let Command::Policy(policy::PolicyCommand::Check { file }) = &cli.command {
        return policy::check(file, &cli.config, cli.json);
    }
    if let Command::Features(args) = &cli.command {
        return features::execute(args, &cli.config);
    }
    let config = DaemonConfig::load(&cli.config)?;
    match cli.command {
        Command::Init => init::execute(&config, cli.json),
        Command::Run => run::execute(config).await,
        Command::Keygen(args) => {
            keygen::execute(&mut operator(&config).await?, args, cli.json).await
        }
        Command::Ceremonies => ceremony::list(&mut operator(&config).await?, cli.json).await,
        Command::Confirm(args) => {
            ceremony::confirm(&mut operator(&config).await?, args, cli.json).await
        }
        Command::Reject(args) => {
            ceremony::reject(&mut operator(&config).await?, args, cli.json).await
        }
        Command::Keys => show::keys(&mut operator(&config).await?, cli.json).await,
        Command::Status => show::status(&mut operator(&config).await?, cli.json).await,
        Command::Bans => show::bans(&mut operator(&config).await?, cli.json).await,
        Command::Audit(command) => audit::execute(command, &config, cli.json).await,
        Command::Journal(command) => journal::execute(command, &config, cli.json).await,
        Command::Policy(policy::PolicyCommand::Explain { request }) => {
            policy::explain(&mut operator(&config).await?, &request, cli.json).await
        }
        Command::Committee(_) | Command::Backup(_) | Command::Policy(_) | Command::Features(_) => {
            Ok(())
        }
    }
}

async fn operator(config: &DaemonConfig) -> anyhow::Result<OperatorClient> {
    Ok(OperatorClient::connect(&config.socket()).await?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
