//! `countersign wallet`: wallets, through a running gateway's JSON-RPC.

use clap::{Args, Subcommand};
use jsonrpsee::rpc_params;
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;

const EXAMPLES: &str = "Examples:
  export COUNTERSIGN_API_KEY=csk_…
  countersign wallet create --key treasury --chain 31337
  countersign wallet list";

/// Make and list wallets of a running gateway.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Wallet {
    #[command(subcommand)]
    command: WalletCommand,
}

#[derive(Debug, Subcommand)]
enum WalletCommand {
    /// Make a wallet, or find the one there is.
    #[command(
        after_help = "Example:\n  countersign wallet create --key treasury --chain 31337 --entry-point-version 0.8"
    )]
    Create {
        /// Name of the MPC key whose child owns the wallet.
        #[arg(long)]
        key: String,
        /// The chain it lives on.
        #[arg(long)]
        chain: u64,
        /// The account contract: countersign or simple.
        #[arg(long)]
        kind: Option<String>,
        /// The EntryPoint that it answers to: 0.6 to 0.9.
        #[arg(long)]
        entry_point_version: Option<String>,
        /// The child of the key; the next unused one when absent.
        #[arg(long)]
        index: Option<u32>,
        #[command(flatten)]
        gateway: Endpoint,
    },
    /// Show the caller's wallets.
    #[command(after_help = "Example:\n  countersign wallet list --json")]
    List {
        #[command(flatten)]
        gateway: Endpoint,
    },
}

impl Wallet {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        match self.command {
            WalletCommand::List { gateway } => {
                let wallets = all_wallets(&gateway).await?;
                print(&gateway, &wallets, &Value::from(wallets.clone()));
            }
            WalletCommand::Create { key, chain, kind, entry_point_version, index, gateway } => {
                let mut wallet = Map::new();
                wallet.insert("key".into(), json!(key));
                wallet.insert("chainId".into(), json!(format!("{chain:#x}")));
                let optional = [
                    ("kind", kind.map(Value::from)),
                    ("entryPointVersion", entry_point_version.map(Value::from)),
                    ("index", index.map(Value::from)),
                ];
                for (name, value) in optional {
                    wallet.extend(value.map(|value| (name.to_owned(), value)));
                }
                let made = gateway.ask("countersign_createWallet", rpc_params![wallet]).await?;
                print(&gateway, std::slice::from_ref(&made), &made);
            }
        }
        Ok(())
    }
}

/// Page by page, to the last.
async fn all_wallets(gateway: &Endpoint) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let params = rpc_params![Value::Null, cursor];
        let mut page = gateway.ask("countersign_listWallets", params).await?;
        if let Value::Array(wallets) = page["wallets"].take() {
            all.extend(wallets);
        }
        cursor = page["cursor"].take();
        if cursor.is_null() {
            return Ok(all);
        }
    }
}

fn print(gateway: &Endpoint, wallets: &[Value], answer: &Value) {
    if gateway.json {
        println!("{answer}");
        return;
    }
    println!("{:<44}{:<10}{:<13}{:<9}{:<16}INDEX", "ADDRESS", "CHAIN", "KIND", "VERSION", "KEY");
    for wallet in wallets {
        let text = |field: &str| wallet[field].as_str().unwrap_or_default();
        println!(
            "{:<44}{:<10}{:<13}{:<9}{:<16}{}",
            text("address"),
            text("chainId"),
            text("kind"),
            text("entryPointVersion"),
            text("key"),
            wallet["index"]
        );
    }
}
