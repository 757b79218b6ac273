//! `countersign openrpc`: the API's own description.

use clap::Args;

/// Print the API: as an OpenRPC document, or as docs/API.md.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign openrpc > openrpc.json\n  countersign openrpc --markdown > docs/API.md"
)]
pub(super) struct Openrpc {
    /// Print Markdown for people.
    #[arg(long)]
    markdown: bool,
}

impl Openrpc {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        if self.markdown {
            print!("{}", crate::rpc::markdown());
        } else {
            println!("{}", serde_json::to_string_pretty(&crate::rpc::openrpc())?);
        }
        Ok(())
    }
}
