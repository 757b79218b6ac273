//! `cosigner audit`: reads this cosigner's own records, whether or not it runs.

use std::path::PathBuf;

use alloy::primitives::B256;
use anyhow::bail;
use clap::Subcommand;
use countersign_protocol::{Identity, IdentityKey};
use serde_json::{Value, json};

use crate::audit::{Story, verify_archive};
use crate::config::DaemonConfig;
use crate::data_dir::DataDir;
use crate::operator::OperatorClient;
use crate::store::Store;

/// How many records are read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Print the records, one line of JSON each, oldest first; or the story of one operation.
    #[command(after_help = "Example:\n  cosigner audit show --op 0x5ff1…")]
    Show {
        /// Leave out the records up to this number.
        #[arg(long, default_value_t = 0, value_name = "SEQ")]
        after: u64,
        /// Only what is about the operation with this userOpHash, in words.
        #[arg(long, value_name = "HASH", conflicts_with = "after")]
        op: Option<B256>,
    },
    /// Compute the whole chain of hashes again, check every seal, and print its end. Records after the last seal can be cut
    /// off unnoticed, save by peers: a daemon that runs is asked what they know. Note the end down elsewhere too.
    Verify {
        /// Check an archive of old records instead.
        #[arg(long, value_name = "FILE")]
        archive: Option<PathBuf>,
    },
}

pub(super) async fn execute(
    command: AuditCommand,
    config: &DaemonConfig,
    as_json: bool,
) -> anyhow::Result<()> {
    let data = DataDir::new(&config.data_dir);
    if let AuditCommand::Verify { archive: Some(file) } = &command {
        let (base, head) = verify_archive(file, &identity(&data)?)?;
        if as_json {
            println!("{}", json!({ "after": base, "head": head }));
        } else {
            println!(
                "records {} to {}, unbroken and sealed, ending in {}",
                base.count.saturating_add(1),
                head.count,
                head.hash
            );
        }
        return Ok(());
    }
    let store = Store::open_to_read(&data.database()).await?;
    match command {
        AuditCommand::Show { op: Some(op), .. } => tell(&store.story(op).await?, as_json),
        AuditCommand::Show { after, .. } => show(&store, after).await,
        AuditCommand::Verify { .. } => verify(&store, config, &identity(&data)?, as_json).await,
    }
}

fn identity(data: &DataDir) -> anyhow::Result<IdentityKey> {
    Ok(Identity::load(&data.identity())?.public())
}

async fn verify(
    store: &Store,
    config: &DaemonConfig,
    key: &IdentityKey,
    as_json: bool,
) -> anyhow::Result<()> {
    let verified = store.verify_audit(key).await?;
    // Whoever cut the end off could not reach what peers know.
    if let Ok(mut operator) = OperatorClient::connect(&config.socket()).await {
        let heads = operator.journal_heads().await?;
        if let Some(missing) = heads.missing.first() {
            bail!("party {} knows {} records, and they are not here", missing.party, missing.count);
        }
    }
    let (base, head, sealed) = (verified.base, verified.head, verified.sealed);
    if as_json {
        println!(
            "{}",
            json!({ "records": head.count, "head": head.hash, "sealed": sealed, "archived": base.count })
        );
    } else {
        println!("{} records, unbroken, ending in {}", head.count, head.hash);
        println!("the first {sealed} are sealed, the first {} are archived", base.count);
    }
    Ok(())
}

/// What became of one operation.
fn tell(story: &Story, as_json: bool) -> anyhow::Result<()> {
    let records: Vec<Value> =
        story.records.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    if as_json {
        println!("{}", json!({ "records": records, "slots": story.slots }));
        return Ok(());
    }
    if records.is_empty() {
        bail!("no record is about this operation; those that were archived are not looked through");
    }
    for record in &records {
        let text = |field: &str| record[field].as_str().unwrap_or("-").to_owned();
        println!("record {} at {} ms: {}", record["seq"], record["at_ms"], text("decision"));
        println!(
            "  asked by {} for key {}, attempt {}",
            text("caller"),
            text("key"),
            text("attempt")
        );
        println!("  request {}, trace {}", text("request_hash"), text("traceparent"));
        if let Some(rule) = record["rule"].as_str() {
            println!("  by the rule {rule}: {}", text("reason"));
        }
        match record["preview"].as_array() {
            Some(lines) => lines.iter().filter_map(Value::as_str).for_each(|l| println!("  | {l}")),
            None => println!("  what it showed was redacted"),
        }
        println!("  preview {}", text("preview_hash"));
    }
    for entry in &story.slots {
        let signed =
            entry.signed_at.map_or_else(|| "not signed".into(), |at| format!("signed at {at} ms"));
        println!(
            "slot {}: {} decided at {} ms, {signed}",
            entry.slot, entry.digest, entry.decided_at
        );
    }
    Ok(())
}

async fn show(store: &Store, after: u64) -> anyhow::Result<()> {
    let mut seen = after;
    loop {
        let lines = store.audit_lines(seen, PAGE).await?;
        for line in &lines {
            println!("{line}");
        }
        seen = seen.saturating_add(u64::try_from(lines.len())?);
        if lines.is_empty() {
            return Ok(());
        }
    }
}
