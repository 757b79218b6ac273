//! `countersign key`: who may call, and what for.

use std::collections::BTreeSet;
use std::time::Duration;

use alloy::primitives::Address;
use clap::{Args, Subcommand};
use countersign_userop::ChainId;
use serde_json::json;

use super::ConfigFile;
use crate::keys::{ApiKey, ApiKeys, KeyRecord, NewKey, Scope};

const EXAMPLES: &str = "Examples:
  countersign key create shop
  countersign key create shop --json | jq -r .key
  countersign key create alice --for shop --method 'countersign_*Approval*' --expires-in 30d
  countersign key rotate shop --overlap 1h
  countersign key list
  countersign key revoke shop

Each of them counts from the next call on, in a gateway that runs too.";

/// Make, rotate, list and revoke API keys. Wallets belong to a key's caller, so a new key of the same caller has them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key and show it, this once.
    #[command(
        after_help = "Examples:\n  countersign key create shop --config gateway.toml\n  countersign key create till-7 --for shop --wallet 0x… --chain 8453 --method wallet_sendCalls --expires-in 12h"
    )]
    Create {
        /// What the key is called.
        name: String,
        /// The caller whose wallets and operations it is for; the key's own name when absent.
        #[arg(long = "for", value_name = "CALLER")]
        caller: Option<String>,
        /// Only these wallets; may be given several times.
        #[arg(long = "wallet", value_name = "ADDRESS")]
        wallets: Vec<Address>,
        /// Only these methods; one that ends in * stands for all that begin so. May be given several times.
        #[arg(long = "method", value_name = "NAME")]
        methods: Vec<String>,
        /// Only these chains, by id; may be given several times.
        #[arg(long = "chain", value_name = "ID")]
        chains: Vec<u64>,
        /// How long the key lasts, as in 30d, 12h, 45m or 90s; for ever when absent.
        #[arg(long, value_parser = duration, value_name = "TIME")]
        expires_in: Option<Duration>,
        #[command(flatten)]
        file: ConfigFile,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Make a new key in the place of one, with all that it opens, and show it, this once.
    #[command(after_help = "Example:\n  countersign key rotate shop --overlap 1h")]
    Rotate {
        /// The key's name.
        name: String,
        /// How long the old key goes on.
        #[arg(long, value_parser = duration, default_value = "0s", value_name = "TIME")]
        overlap: Duration,
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
    /// End the live keys of a name, or one by its id, from the next call on, without a restart.
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
            KeyCommand::Create {
                name,
                caller,
                wallets,
                methods,
                chains,
                expires_in,
                file,
                json,
            } => {
                let scope = Scope {
                    wallets: some(wallets),
                    methods: some(methods),
                    chains: some(chains.into_iter().map(ChainId::new)),
                };
                let new = NewKey { name, caller, scope, lasts: expires_in };
                show(open(&file).await?.create(new).await?, json);
                Ok(())
            }
            KeyCommand::Rotate { name, overlap, file, json } => {
                show(open(&file).await?.rotate(&name, overlap).await?, json);
                Ok(())
            }
            KeyCommand::List { file, json } => list(&open(&file).await?, json).await,
            KeyCommand::Revoke { key, file, json } => revoke(&open(&file).await?, &key, json).await,
        }
    }
}

/// Nothing said is no bound.
fn some<T: Ord>(given: impl IntoIterator<Item = T>) -> Option<BTreeSet<T>> {
    let given: BTreeSet<T> = given.into_iter().collect();
    (!given.is_empty()).then_some(given)
}

/// `30d`, `12h`, `45m` or `90s`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time like 30d, 12h, 45m or 90s");
    let unit = match text.chars().last() {
        Some('d') => 24 * 60 * 60,
        Some('h') => 60 * 60,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(wrong)
}

async fn open(file: &ConfigFile) -> anyhow::Result<ApiKeys> {
    Ok(ApiKeys::connect(&file.load()?.database).await?)
}

fn show((key, record): (ApiKey, KeyRecord), json: bool) {
    if json {
        println!(
            "{}",
            json!({
                "id": record.id, "name": record.name, "caller": record.caller,
                "expiresAt": record.expires_at, "key": key.expose(),
            })
        );
    } else {
        println!("{}", key.expose());
        eprintln!("This is the only time that the key of {:?} is shown.", record.name);
    }
}

async fn list(keys: &ApiKeys, json: bool) -> anyhow::Result<()> {
    let records = keys.list().await?;
    if json {
        println!("{}", serde_json::to_string(&records)?);
        return Ok(());
    }
    println!(
        "{:<18}{:<20}{:<20}{:<12}{:<12}{:<12}SCOPE",
        "ID", "NAME", "CALLER", "CREATED", "EXPIRES", "REVOKED"
    );
    for record in records {
        let KeyRecord { id, name, caller, scope, created_at, expires_at, revoked_at, .. } = record;
        let at = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        println!(
            "{:<18}{name:<20}{caller:<20}{created_at:<12}{:<12}{:<12}{scope}",
            id.as_str(),
            at(expires_at),
            at(revoked_at)
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for text in [
            "",
            "s",
            "5",
            "-1h",
            "1.5h",
            "5w",
            "99999999999999999999d",
            "18446744073709551615d",
            "5é",
        ] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
