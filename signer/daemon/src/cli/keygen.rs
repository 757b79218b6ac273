//! `cosigner keygen`

use std::io::IsTerminal as _;
use std::time::Duration;

use alloy::primitives::Address;
use anyhow::{Context as _, bail};
use clap::Args;
use countersign_protocol::{KeyName, KeyPurpose, wire};
use indicatif::{ProgressBar, ProgressStyle};

use crate::operator::OperatorClient;

#[derive(Debug, Args)]
pub(super) struct KeygenArgs {
    /// The new key's name.
    #[arg(long, value_name = "NAME")]
    key: KeyName,
    /// How many parties sign together.
    #[arg(long)]
    threshold: u8,
    /// What the key is for: `accounts` (it owns smart accounts), `paymaster` (it approves
    /// sponsorships) or `plain` (it is a plain account).
    #[arg(long, default_value = "accounts")]
    purpose: KeyPurpose,
    /// How many seconds the other operators have to confirm.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    confirm_within: u64,
}

pub(super) async fn execute(
    operator: &mut OperatorClient,
    args: KeygenArgs,
    json: bool,
) -> anyhow::Result<()> {
    let within = Duration::from_secs(args.confirm_within);
    let mut events = operator.keygen(&args.key, args.threshold, args.purpose, within).await?;
    let mut display = Display::new();
    loop {
        let next = events.message().await.context("the daemon went away during the ceremony")?;
        let event = next.context("the daemon went away during the ceremony")?;
        match event.stage.as_str() {
            "failed" => bail!("{}", event.message),
            "live" => {
                display.end();
                return report(event, json);
            }
            _ => display.show(&event),
        }
    }
}

fn report(event: wire::CeremonyEvent, json: bool) -> anyhow::Result<()> {
    let key = event.key.context("the daemon named no key")?;
    let address = Address::try_from(key.address.as_slice())?;
    if json {
        let made = serde_json::json!({
            "name": key.name,
            "purpose": key.purpose,
            "threshold": key.threshold,
            "parties": key.parties,
            "address": address,
            "publicKey": format!("0x{}", hex::encode(&key.public_key)),
            "ceremony": hex::encode(&key.ceremony),
        });
        println!("{made}");
    } else {
        println!("{}", event.message);
        println!("public key    0x{}", hex::encode(&key.public_key));
        println!("{} of {} parties sign together", key.threshold, key.parties);
    }
    Ok(())
}

/// A bar on a terminal, lines elsewhere; on standard error in either case.
struct Display {
    bar: Option<ProgressBar>,
}

impl Display {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} {msg}");
            let bar = ProgressBar::new(1);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar }
    }

    fn show(&mut self, event: &wire::CeremonyEvent) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(u64::from(event.total.max(1)));
                bar.set_position(u64::from(event.done));
                bar.set_message(event.message.clone());
            }
            None => eprintln!("{}", event.message),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
