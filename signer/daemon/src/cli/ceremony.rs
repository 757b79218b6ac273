//! `cosigner ceremonies`, `cosigner confirm` and `cosigner reject`

use anyhow::{Context as _, bail};
use clap::Args;
use countersign_protocol::wire;

use crate::operator::OperatorClient;

#[derive(Debug, Args)]
pub(super) struct ConfirmArgs {
    /// The ceremony's id, or enough of its beginning.
    ceremony: String,
    /// Refuse it instead.
    #[arg(long)]
    refuse: bool,
}

#[derive(Debug, Args)]
#[command(after_help = REJECT_EXAMPLE)]
pub(super) struct RejectArgs {
    /// The ceremony's id, or enough of its beginning.
    ceremony: String,
}

const REJECT_EXAMPLE: &str = "\
A party went away before it acknowledged the key, so that the key stays pending:
  cosigner ceremonies          # shows the ceremony as acknowledged
  cosigner reject 3fb1         # we never use this key
Its share is erased and its name is free once enough parties rejected it: as many as sign together,
and so many that no quorum is left without one of them. A rejection is for ever.";

pub(super) async fn list(operator: &mut OperatorClient, json: bool) -> anyhow::Result<()> {
    for ceremony in operator.ceremonies().await? {
        let id = hex::encode(&ceremony.ceremony);
        if json {
            let line = serde_json::json!({
                "ceremony": id,
                "kind": ceremony.kind,
                "key": ceremony.key,
                "purpose": ceremony.purpose,
                "threshold": ceremony.threshold,
                "proposer": ceremony.proposer,
                "state": ceremony.state,
            });
            println!("{line}");
        } else {
            println!(
                "{id}  {} of key {} ({}), threshold {}, proposed by party {}: {}",
                ceremony.kind,
                ceremony.key,
                ceremony.purpose,
                ceremony.threshold,
                ceremony.proposer,
                ceremony.state
            );
        }
    }
    Ok(())
}

pub(super) async fn confirm(
    operator: &mut OperatorClient,
    args: ConfirmArgs,
    json: bool,
) -> anyhow::Result<()> {
    let ceremony = find(operator, &args.ceremony).await?;
    let key = operator.confirm(&ceremony.ceremony, !args.refuse).await?;
    let word = if args.refuse { "refused" } else { "confirmed" };
    if json {
        let id = hex::encode(&ceremony.ceremony);
        println!("{}", serde_json::json!({ "ceremony": id, "key": key, "word": word }));
    } else {
        println!("{word} the {} of key {key}", ceremony.kind);
    }
    Ok(())
}

pub(super) async fn reject(
    operator: &mut OperatorClient,
    args: RejectArgs,
    json: bool,
) -> anyhow::Result<()> {
    let ceremony = find(operator, &args.ceremony).await?;
    let wire::RejectReply { have, need } = operator.reject(&ceremony.ceremony).await?;
    if json {
        let (id, key) = (hex::encode(&ceremony.ceremony), &ceremony.key);
        println!(
            "{}",
            serde_json::json!({ "ceremony": id, "key": key, "have": have, "need": need })
        );
    } else if have < need {
        println!("rejected key {}: {have} of {need} parties that must", ceremony.key);
    } else {
        println!("key {} is given up; its name is free", ceremony.key);
    }
    Ok(())
}

/// The one ceremony whose id begins so.
async fn find(operator: &mut OperatorClient, begin: &str) -> anyhow::Result<wire::CeremonyInfo> {
    let all = operator.ceremonies().await?;
    let mut fits = all.into_iter().filter(|c| hex::encode(&c.ceremony).starts_with(begin));
    let ceremony = fits.next().with_context(|| format!("no ceremony begins with {begin}"))?;
    if fits.next().is_some() {
        bail!("more than one ceremony begins with {begin}");
    }
    Ok(ceremony)
}
