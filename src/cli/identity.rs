//! `countersign identity`: the key that cosigners know this gateway by. It signs TLS handshakes, nothing else.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use countersign_protocol::Identity as TlsIdentity;
use serde_json::json;

use super::ConfigFile;

const EXAMPLES: &str = "Examples:
  countersign identity init --config gateway.toml
  countersign identity show --json

Read the fingerprint to the cosigners' operators over another channel; the key goes into the committee file.";

/// Make or show the identity that cosigners know this gateway by.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Identity {
    #[command(subcommand)]
    command: IdentityCommand,
}

#[derive(Debug, Subcommand)]
enum IdentityCommand {
    /// Make the identity and print its fingerprint. One that is there is never overwritten.
    #[command(after_help = "Example:\n  countersign identity init --identity identity.pem")]
    Init(Place),
    /// Print the identity's public key and fingerprint.
    #[command(after_help = "Example:\n  countersign identity show")]
    Show(Place),
}

/// Where the identity is.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    file: ConfigFile,
    /// The identity's own file, instead of the one that the configuration names.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Identity {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            IdentityCommand::Init(place) => {
                let path = place.path()?;
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder)
                        .with_context(|| format!("cannot make {}", folder.display()))?;
                }
                let identity = TlsIdentity::create(&path)?;
                place.print(&identity, &path);
            }
            IdentityCommand::Show(place) => {
                let path = place.path()?;
                let identity = TlsIdentity::load(&path)?;
                place.print(&identity, &path);
            }
        }
        Ok(())
    }
}

impl Place {
    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.identity {
            Some(path) => Ok(path.clone()),
            None => Ok(self.file.load()?.identity),
        }
    }

    fn print(&self, identity: &TlsIdentity, path: &std::path::Path) {
        let key = identity.public();
        let fingerprint = key.fingerprint().to_string();
        if self.json {
            println!(
                "{}",
                json!({ "key": key.to_string(), "fingerprint": fingerprint, "file": path })
            );
        } else {
            println!("key         {key}");
            println!("fingerprint {fingerprint}");
            println!("file        {}", path.display());
        }
    }
}
