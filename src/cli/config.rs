//! `countersign config`: looking at a configuration before it is used.

use clap::{Args, Subcommand};

use super::ConfigFile;

/// Look at a configuration before it is used.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  countersign config check --config gateway.toml")]
pub(super) struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read the file and say what it comes to; a wrong field is named.
    #[command(after_help = "Example:\n  countersign config check --config gateway.toml")]
    Check {
        #[command(flatten)]
        file: ConfigFile,
    },
}

impl Config {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let ConfigCommand::Check { file } = self.command;
        let config = file.load()?;
        println!("{}: good", file.config.display());
        println!("listen    {}", config.listen);
        println!("database  {}", config.database);
        println!("identity  {}", config.identity.display());
        println!("committee {}", config.committee.display());
        for chain in &config.chains {
            let accounts: Vec<_> =
                chain.accounts.iter().map(|a| format!("{} {}", a.kind, a.version)).collect();
            let sponsor = if chain.sponsor.is_some() { "with" } else { "without" };
            println!(
                "chain     {} {sponsor} a sponsor; accounts: {}",
                chain.id,
                accounts.join(", ")
            );
        }
        if config.dev {
            println!("dev       guards are lowered: not for real money");
        }
        Ok(())
    }
}
