//! `countersign approve`: people read what waits for them, and approve it.

mod seen;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, Bytes};
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use jsonrpsee::rpc_params;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use self::seen::Seen;
use super::endpoint::Endpoint;

const EXAMPLES: &str = "Examples:
  export COUNTERSIGN_API_KEY=csk_…
  countersign approve list
  countersign approve show order-1
  countersign approve sign order-1 --key-file approver.key
  countersign approve show order-1 --typed-data > typed.json   # for a wallet elsewhere
  countersign approve send order-1 --approver 0x… --expiry 1790003600 --signature 0x…

What is shown and signed is computed here, from the operation itself: a gateway that tells of another operation is
found out.";

/// Read and approve operations that wait for people.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Approve {
    #[command(subcommand)]
    command: ApproveCommand,
}

#[derive(Debug, Subcommand)]
enum ApproveCommand {
    /// List what waits for approval.
    #[command(after_help = "Example:\n  countersign approve list --json")]
    List {
        #[command(flatten)]
        gateway: Endpoint,
    },
    /// Show what an operation does, or the typed data that a wallet signs to approve it.
    #[command(
        after_help = "Example:\n  countersign approve show order-1 --typed-data > typed.json"
    )]
    Show {
        /// The operation's id or userOpHash.
        id: String,
        /// Print nothing but the typed data for `eth_signTypedData_v4`.
        #[arg(long)]
        typed_data: bool,
        /// The last second, since 1970, at which the approval shall hold; an hour from now when absent.
        #[arg(long)]
        expiry: Option<u64>,
        #[command(flatten)]
        gateway: Endpoint,
    },
    /// Show what an operation does, and approve it with a key of this machine.
    #[command(
        after_help = "Example:\n  countersign approve sign order-1 --key-file approver.key\n\nThe key is 32 bytes in hex."
    )]
    Sign {
        /// The operation's id or userOpHash.
        id: String,
        /// A file with the approver's private key.
        #[arg(long, value_name = "FILE", conflicts_with = "private_key")]
        key_file: Option<PathBuf>,
        /// The approver's private key; better given by the environment than on the command line.
        #[arg(long, env = "COUNTERSIGN_APPROVER_KEY", hide_env_values = true)]
        private_key: Option<String>,
        /// The last second, since 1970, at which the approval shall hold; an hour from now when absent.
        #[arg(long)]
        expiry: Option<u64>,
        /// Do not ask before signing.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        gateway: Endpoint,
    },
    /// Hand in an approval that was signed elsewhere, over the typed data of `show`.
    #[command(
        after_help = "Example:\n  countersign approve send order-1 --approver 0x… --expiry 1790003600 --signature 0x…"
    )]
    Send {
        /// The operation's id or userOpHash.
        id: String,
        /// Who signed.
        #[arg(long)]
        approver: Address,
        /// The expiry in the typed data that was signed.
        #[arg(long)]
        expiry: u64,
        /// `r`, `s` and `v`.
        #[arg(long)]
        signature: Bytes,
        #[command(flatten)]
        gateway: Endpoint,
    },
}

impl Approve {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        match self.command {
            ApproveCommand::List { gateway } => list(&gateway).await,
            ApproveCommand::Show { id, typed_data, expiry, gateway } => {
                let seen = Seen::ask(&gateway, &id, expiry).await?;
                match (typed_data, gateway.json) {
                    (true, _) => println!("{}", serde_json::to_string_pretty(&seen.typed_data())?),
                    (false, true) => println!("{}", seen.to_json()),
                    (false, false) => print!("{seen}"),
                }
                Ok(())
            }
            ApproveCommand::Sign { id, key_file, private_key, expiry, yes, gateway } => {
                let signer = key(key_file.as_deref(), private_key)?;
                let seen = Seen::ask(&gateway, &id, expiry).await?;
                eprint!("{seen}");
                ensure!(yes || confirmed(signer.address())?, "not approved");
                let signature = signer.sign_hash_sync(&seen.digest())?;
                send(&gateway, &seen, signer.address(), signature.as_bytes().into()).await
            }
            ApproveCommand::Send { id, approver, expiry, signature, gateway } => {
                let seen = Seen::ask(&gateway, &id, Some(expiry)).await?;
                send(&gateway, &seen, approver, signature).await
            }
        }
    }
}

async fn list(gateway: &Endpoint) -> anyhow::Result<()> {
    let mut requests = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut page = gateway.ask("countersign_listPendingApprovals", rpc_params![cursor]).await?;
        if let Value::Array(found) = page["requests"].take() {
            requests.extend(found);
        }
        cursor = page["cursor"].take();
        if cursor.is_null() {
            break;
        }
    }
    if gateway.json {
        println!("{}", Value::from(requests));
        return Ok(());
    }
    for request in &requests {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        println!("{}  {}", text(&request["id"]), text(&request["userOpHash"]));
        for line in request["preview"].as_array().into_iter().flatten() {
            println!("    {}", text(line));
        }
        for missing in request["approval"]["missing"].as_array().into_iter().flatten() {
            println!("    {}: {}", text(&missing["cosigner"]), text(&missing["message"]));
        }
        let given = request["approval"]["approvers"].as_array().map_or(0, Vec::len);
        println!("    {given} approved so far");
    }
    Ok(())
}

async fn send(
    gateway: &Endpoint,
    seen: &Seen,
    approver: Address,
    signature: Bytes,
) -> anyhow::Result<()> {
    let approval = seen.approval(approver, signature);
    let taken =
        gateway.ask("countersign_sendApproval", rpc_params![json!(approval), seen.id()]).await?;
    if gateway.json {
        println!("{taken}");
    } else {
        let given = taken["approvers"].as_array().map_or(0, Vec::len);
        println!("{approver} approved {}; {given} approved so far", seen.id());
    }
    Ok(())
}

fn key(file: Option<&Path>, given: Option<String>) -> anyhow::Result<PrivateKeySigner> {
    let text = Zeroizing::new(match (file, given) {
        (Some(file), _) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the key in {}", file.display()))?,
        (None, Some(key)) => key,
        (None, None) => bail!("name the key: --key-file, or COUNTERSIGN_APPROVER_KEY"),
    });
    // The parser's error could repeat what it was given.
    text.trim().parse().map_err(|_| anyhow::anyhow!("the approver's key is not 32 bytes in hex"))
}

fn confirmed(approver: Address) -> anyhow::Result<bool> {
    ensure!(std::io::stdin().is_terminal(), "nobody is there to ask; say --yes");
    eprint!("Approve as {approver}? Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
