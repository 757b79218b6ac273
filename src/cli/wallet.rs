//! `countersign wallet`: wallets, through a running gateway's JSON-RPC.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use jsonrpsee::core::client::ClientT;
use jsonrpsee::core::params::ArrayParams;
use jsonrpsee::http_client::HttpClient;
use jsonrpsee::rpc_params;
use serde_json::{Map, Value, json};

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

/// Which gateway is asked, and how its answer is printed.
#[derive(Debug, Args)]
struct Endpoint {
    /// Where the gateway answers.
    #[arg(long, env = "COUNTERSIGN_URL", default_value = "http://127.0.0.1:8650")]
    url: String,
    /// The caller's key; better given by the environment than on the command line.
    #[arg(long, env = "COUNTERSIGN_API_KEY", hide_env_values = true)]
    api_key: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Wallet {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        match self.command {
            WalletCommand::List { gateway } => {
                let wallets = gateway.all_wallets().await?;
                gateway.print(&wallets, &Value::from(wallets.clone()));
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
                gateway.print(std::slice::from_ref(&made), &made);
            }
        }
        Ok(())
    }
}

impl Endpoint {
    /// Page by page, to the last.
    async fn all_wallets(&self) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let params = rpc_params![Value::Null, cursor];
            let mut page = self.ask("countersign_listWallets", params).await?;
            if let Value::Array(wallets) = page["wallets"].take() {
                all.extend(wallets);
            }
            cursor = page["cursor"].take();
            if cursor.is_null() {
                return Ok(all);
            }
        }
    }

    async fn ask(&self, method: &str, params: ArrayParams) -> anyhow::Result<Value> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.api_key))
            .context("the API key is no header value")?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        let client = HttpClient::builder().set_headers(headers).build(&self.url)?;
        client.request(method, params).await.with_context(|| format!("{method} at {}", self.url))
    }

    fn print(&self, wallets: &[Value], answer: &Value) {
        if self.json {
            println!("{answer}");
            return;
        }
        println!(
            "{:<44}{:<10}{:<13}{:<9}{:<16}INDEX",
            "ADDRESS", "CHAIN", "KIND", "VERSION", "KEY"
        );
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
}
