//! `cosigner audit`: reads this cosigner's own records, whether or not it runs.

use clap::Subcommand;
use serde_json::json;

use crate::config::DaemonConfig;
use crate::data_dir::DataDir;
use crate::store::Store;

/// How many records are read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Print the records, one line of JSON each, oldest first.
    Show {
        /// Leave out the records up to this number.
        #[arg(long, default_value_t = 0, value_name = "SEQ")]
        after: u64,
    },
    /// Compute the whole chain of hashes again and print its end. Note the end down elsewhere: a
    /// chain that was cut short is told from a whole one only by an end that is known.
    Verify,
}

pub(super) async fn execute(
    command: AuditCommand,
    config: &DaemonConfig,
    as_json: bool,
) -> anyhow::Result<()> {
    let store = Store::open_to_read(&DataDir::new(&config.data_dir).database()).await?;
    match command {
        AuditCommand::Show { after } => show(&store, after).await,
        AuditCommand::Verify => {
            let head = store.verify_audit().await?;
            if as_json {
                println!("{}", json!({ "records": head.count, "head": head.hash }));
            } else {
                println!("{} records, unbroken, ending in {}", head.count, head.hash);
            }
            Ok(())
        }
    }
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
