//! `cosigner ceremonies` and `cosigner confirm`

use anyhow::{Context as _, bail};
use clap::Args;

use crate::operator::OperatorClient;

#[derive(Debug, Args)]
pub(super) struct ConfirmArgs {
    /// The ceremony's id, or enough of its beginning.
    ceremony: String,
    /// Refuse it instead.
    #[arg(long)]
    refuse: bool,
}

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
    let all = operator.ceremonies().await?;
    let mut fits = all.iter().filter(|c| hex::encode(&c.ceremony).starts_with(&args.ceremony));
    let ceremony =
        fits.next().with_context(|| format!("no ceremony begins with {}", args.ceremony))?;
    if fits.next().is_some() {
        bail!("more than one ceremony begins with {}", args.ceremony);
    }
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
