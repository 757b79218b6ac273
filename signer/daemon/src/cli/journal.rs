//! `cosigner journal`: the signing history as a file, and what peers know of it.

use std::path::{Path, PathBuf};

use alloy::primitives::B256;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use countersign_protocol::{Identity, wire};
use serde_json::{Value, json};

use crate::audit::Event;
use crate::clock;
use crate::config::DaemonConfig;
use crate::daemon::{journal_name, load_committee, our_place};
use crate::data_dir::DataDir;
use crate::history::{self, Imported, Owner};
use crate::operator::{OperatorClient, OperatorError};
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Write the signing history to a file, whether or not the daemon runs.
    #[command(after_help = "Example:\n  cosigner journal export history.jsonl")]
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Merge a history that this cosigner exported into its journal. The daemon must not run.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The file to read.
        file: PathBuf,
        /// The hash of the committee that the history is of, if the committee file has changed since.
        #[arg(long, value_name = "HASH")]
        committee: Option<String>,
    },
    /// Show where this journal and those of the peers stand, and what peers know of it that is not here.
    Heads,
    /// Sign although the history of this journal is not here, or was another than peers know. What it forgot may be
    /// signed a second time: import the history instead if there is one.
    #[command(
        after_help = "Example:\n  cosigner journal waive --reason 'disk of 3 May lost, accounts moved'"
    )]
    Waive {
        /// Why; it goes on record.
        #[arg(long)]
        reason: String,
    },
}

const IMPORT_HELP: &str = "\
What either side knows is known afterwards. A slot of which the two say different things takes no signature any more.
The same file again changes nothing.

Example:
  cosigner journal import history.jsonl";

pub(super) async fn execute(
    command: JournalCommand,
    config: &DaemonConfig,
    as_json: bool,
) -> anyhow::Result<()> {
    match command {
        JournalCommand::Export { file } => export(config, &file, as_json).await,
        JournalCommand::Import { file, committee } => {
            let former = committee.map(|text| parse_hash(&text)).transpose()?;
            import(config, &file, former, as_json).await
        }
        JournalCommand::Heads => {
            let mut operator = OperatorClient::connect(&config.socket()).await?;
            show(&operator.journal_heads().await?, as_json)
        }
        JournalCommand::Waive { reason } => waive(config, &reason, as_json).await,
    }
}

async fn export(config: &DaemonConfig, file: &Path, as_json: bool) -> anyhow::Result<()> {
    let data = DataDir::new(&config.data_dir);
    let store = Store::open_to_read(&data.database()).await?;
    let lines = history::export(&store, &owner(config, &data, None)?, file).await?;
    if as_json {
        println!("{}", json!({ "lines": lines }));
    } else {
        println!("{lines} lines, signed, in {}", file.display());
    }
    Ok(())
}

async fn import(
    config: &DaemonConfig,
    file: &Path,
    former: Option<[u8; 32]>,
    as_json: bool,
) -> anyhow::Result<()> {
    let data = DataDir::new(&config.data_dir);
    let owner = owner(config, &data, former)?;
    let _held = data.hold()?.context("stop the daemon first: it holds the data directory")?;
    let store = Store::open(&data.database()).await?;
    let imported = history::import(&store, &owner, file, clock::now_ms()).await?;
    journal_name::adopt(&data, &store).await?;
    store.checkpoint().await?;
    let Imported { slots, frozen, bans, era } = imported;
    if as_json {
        println!("{}", json!({ "slots": slots, "frozen": frozen, "bans": bans, "era": era }));
    } else {
        println!(
            "{slots} slots and {bans} bans were new, {frozen} slots take nothing more; era {era}"
        );
    }
    Ok(())
}

async fn waive(config: &DaemonConfig, reason: &str, as_json: bool) -> anyhow::Result<()> {
    let era = match OperatorClient::connect(&config.socket()).await {
        Ok(mut operator) => operator.waive_journal(reason).await?,
        Err(OperatorError::Absent { .. }) => waive_lost(config, reason).await?,
        Err(error) => return Err(error.into()),
    };
    if as_json {
        println!("{}", json!({ "era": era }));
    } else {
        println!("waived, on record; the journal is in era {era}");
    }
    Ok(())
}

/// A daemon whose journal is gone does not start. After this it does, and asks its peers.
async fn waive_lost(config: &DaemonConfig, reason: &str) -> anyhow::Result<u64> {
    let data = DataDir::new(&config.data_dir);
    let _held = data.hold()?.context("a daemon holds the data directory, but does not answer")?;
    let store = Store::open(&data.database()).await?;
    if journal_name::is_known(&data, &store).await? {
        bail!("the journal is the one of these shares: start the daemon, it asks its peers");
    }
    if reason.trim().is_empty() {
        bail!("a waiver needs a reason");
    }
    let era = store.era().await?;
    let event = Event::JournalWaived { reason: reason.to_owned(), era, heads: Vec::new() };
    store.note_event(event, clock::now_ms()).await?;
    journal_name::adopt(&data, &store).await?;
    store.checkpoint().await?;
    Ok(era)
}

fn owner(config: &DaemonConfig, data: &DataDir, former: Option<[u8; 32]>) -> anyhow::Result<Owner> {
    let identity = Identity::load(&data.identity())?;
    let committee = load_committee(config)?;
    let party = our_place(&committee, &identity)?.index();
    Ok(Owner { committee: *committee.hash()?.as_bytes(), former, party, identity })
}

fn parse_hash(text: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = hex::decode(text).context("a committee's hash is 32 bytes as hex")?;
    bytes.try_into().ok().context("a committee's hash is 32 bytes as hex")
}

fn show(heads: &wire::JournalHeadsReply, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let all = |heads: &[wire::JournalHead]| -> anyhow::Result<Vec<Value>> {
            heads.iter().map(head_json).collect()
        };
        println!(
            "{}",
            json!({
                "era": heads.era,
                "head": heads.head.as_ref().map(head_json).transpose()?,
                "missing": all(&heads.missing)?,
                "peers": all(&heads.peers)?,
            })
        );
        return Ok(());
    }
    if let Some(head) = &heads.head {
        println!("ours: {}", head_line(head)?);
    }
    for missing in &heads.missing {
        println!(
            "NOT HERE, so nothing is signed: party {} knows {}",
            missing.party,
            head_line(missing)?
        );
    }
    for peer in &heads.peers {
        println!("party {}: {}", peer.party, head_line(peer)?);
    }
    Ok(())
}

fn head_line(head: &wire::JournalHead) -> anyhow::Result<String> {
    let hash = B256::try_from(head.hash.as_slice())?;
    Ok(format!("{} records of era {}, ending in {hash}", head.count, head.era))
}

fn head_json(head: &wire::JournalHead) -> anyhow::Result<Value> {
    let hash = B256::try_from(head.hash.as_slice())?;
    Ok(json!({ "party": head.party, "era": head.era, "count": head.count, "hash": hash }))
}
