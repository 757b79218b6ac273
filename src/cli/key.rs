//! `countersign key`: who may call.

use clap::{Args, Subcommand};
use serde_json::json;

use super::ConfigFile;
use crate::keys::{ApiKeys, KeyRecord};

const EXAMPLES: &str = "Examples:
  countersign key create shop
  countersign key create shop --json | jq -r .key
  countersign key list
  countersign key revoke shop";

/// Make, list and revoke API keys. Wallets belong to a key's name, so a new key of the same name keeps them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key and show it, this once.
    #[command(after_help = "Example:\n  countersign key create shop --config gateway.toml")]
    Create {
        /// What the caller is called here.
        name: String,
        #[command(flatten)]
        file: ConfigFile,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show every key there ever was; never a secret.
    #[command(after_help = "Example:\n  countersign key list --json")]
    List {
        #[command(flatten)]
        file: ConfigFile,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
    /// End a live key, from the next call on, without a restart.
    #[command(after_help = "Example:\n  countersign key revoke shop")]
    Revoke {
        /// The key's id or name.
        key: String,
        #[command(flatten)]
        file: ConfigFile,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

impl Key {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        match self.command {
            KeyCommand::Create { name, file, json } => {
                create(&open(&file).await?, &name, json).await
            }
            KeyCommand::List { file, json } => list(&open(&file).await?, json).await,
            KeyCommand::Revoke { key, file, json } => revoke(&open(&file).await?, &key, json).await,
        }
    }
}

async fn open(file: &ConfigFile) -> anyhow::Result<ApiKeys> {
    Ok(ApiKeys::connect(&file.load()?.database).await?)
}

async fn create(keys: &ApiKeys, name: &str, json: bool) -> anyhow::Result<()> {
    let (key, record) = keys.create(name).await?;
    if json {
        println!("{}", json!({ "id": record.id, "name": record.name, "key": key.expose() }));
    } else {
        println!("{}", key.expose());
        eprintln!("This is the only time that the key of {name:?} is shown.");
    }
    Ok(())
}

async fn list(keys: &ApiKeys, json: bool) -> anyhow::Result<()> {
    let records = keys.list().await?;
    if json {
        println!("{}", serde_json::to_string(&records)?);
        return Ok(());
    }
    println!("{:<18}{:<24}{:<12}REVOKED", "ID", "NAME", "CREATED");
    for KeyRecord { id, name, created_at, revoked_at } in records {
        let revoked = revoked_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        println!("{:<18}{name:<24}{created_at:<12}{revoked}", id.as_str());
    }
    Ok(())
}

async fn revoke(keys: &ApiKeys, key: &str, json: bool) -> anyhow::Result<()> {
    let record = keys.revoke(key).await?;
    if json {
        println!("{}", serde_json::to_string(&record)?);
    } else {
        println!("revoked {} ({})", record.id, record.name);
    }
    Ok(())
}
