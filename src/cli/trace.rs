//! `countersign trace`: one operation's story, by any name that it has.

use clap::Args;
use serde_json::{Value, json};

use super::ConfigFile;
use crate::service::TimelineEntry;
use crate::store::{SqliteStore, Store as _, StoredOperation};

const EXAMPLES: &str = "Examples:
  countersign trace order-1
  countersign trace 0x… --json      # a userOpHash, or the hash of a transaction
  countersign trace 0af7651916cd43dd8448eb211c80319c

A trace id finds every operation of the trace. The gateway's database is read; the gateway may run.";

/// Print the chain of steps of an operation, found by its id, a userOpHash, a transaction or a trace id.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Trace {
    /// The id of the calls, a userOpHash, a transaction's hash or a trace id.
    id: String,
    #[command(flatten)]
    file: ConfigFile,
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

impl Trace {
    pub(super) async fn execute(self) -> anyhow::Result<()> {
        let store = SqliteStore::open(&self.file.load()?.database).await?;
        let found = store.traced(&self.id).await?;
        anyhow::ensure!(!found.is_empty(), "nothing is known of {:?}", self.id);
        let mut told = Vec::with_capacity(found.len());
        for stored in &found {
            let timeline = store.timeline(stored.seq).await?;
            match self.json {
                true => told.push(story(stored, &timeline)),
                false => print(stored, &timeline),
            }
        }
        if self.json {
            println!("{}", Value::from(told));
        }
        Ok(())
    }
}

fn story(stored: &StoredOperation, timeline: &[TimelineEntry]) -> Value {
    let (intent, stage) = (&stored.intent, &stored.stage);
    json!({
        "id": intent.id,
        "caller": intent.caller,
        "traceId": intent.trace.as_ref().map(|trace| trace.trace_id()),
        "chainId": intent.wallet.chain,
        "wallet": intent.wallet.address,
        "stage": stage.name(),
        "userOpHash": stage.hash(),
        "transactionHash": stage.transaction(),
        "steps": timeline,
    })
}

fn print(stored: &StoredOperation, timeline: &[TimelineEntry]) {
    let story = story(stored, timeline);
    for name in
        ["id", "caller", "traceId", "chainId", "wallet", "stage", "userOpHash", "transactionHash"]
    {
        if !story[name].is_null() {
            let text = story[name].as_str().map_or_else(|| story[name].to_string(), str::to_owned);
            println!("{name:<16} {text}");
        }
    }
    let start = timeline.first().map_or(0, |entry| entry.at_ms);
    for entry in timeline {
        let since = entry.at_ms.saturating_sub(start);
        println!("{since:>8} ms  {:<9} {:>6} ms", entry.step, entry.took_ms);
        for (name, value) in entry.detail.as_object().into_iter().flatten() {
            match value {
                Value::Array(parts) => {
                    parts.iter().for_each(|part| println!("{:14}{name}: {part}", ""))
                }
                value => println!("{:14}{name}: {value}", ""),
            }
        }
    }
}
