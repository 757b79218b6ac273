//! The command line. Answers go to standard output, everything else to standard error.

mod approve;
mod config;
mod endpoint;
mod identity;
mod key;
mod openrpc;
mod run;
mod trace;
mod userop;
mod wallet;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// The gateway of a Countersign network: JSON-RPC in, UserOperation out. It holds no key.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Key(key::Key),
    Identity(identity::Identity),
    Userop(userop::Userop),
    Wallet(wallet::Wallet),
    Approve(approve::Approve),
    Trace(trace::Trace),
    Config(config::Config),
    Openrpc(openrpc::Openrpc),
}

/// Which configuration a command reads.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The gateway's configuration.
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "gateway.toml",
        env = "COUNTERSIGN_CONFIG"
    )]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<crate::config::GatewayConfig> {
        use anyhow::Context as _;
        crate::config::GatewayConfig::load(&self.config)
            .with_context(|| format!("cannot use the configuration {}", self.config.display()))
    }
}

impl Cli {
    /// Does what the command line says. A failure is told on standard error, with its causes.
    pub async fn execute(self) -> ExitCode {
        let done = match self.command {
            Command::Run(command) => command.execute().await,
            Command::Key(command) => command.execute().await,
            Command::Identity(command) => command.execute(),
            Command::Userop(command) => command.execute(),
            Command::Wallet(command) => command.execute().await,
            Command::Approve(command) => command.execute().await,
            Command::Trace(command) => command.execute().await,
            Command::Config(command) => command.execute(),
            Command::Openrpc(command) => command.execute(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_commands_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let leaf = command.get_subcommands().next().is_none();
            if leaf && command.get_name() != "help" {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.contains(&format!("{path} ")) || help.ends_with(path),
                    "{path}: {help}"
                );
            }
            for inner in command.get_subcommands() {
                check(inner, &format!("{path} {}", inner.get_name()));
            }
        }
        check(&Cli::command(), "countersign");
    }
}
