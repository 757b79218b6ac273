//! `countersign userop`: hashes and contents of operations, without a network.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use countersign_userop::{hash_vectors, preview_vectors};
use serde_json::Value;

const EXAMPLES: &str = r#"Examples:
  countersign userop hash operations.json
  echo '[{"version":"0.7","chainId":1,"entryPoint":"0x0000000071727De22E5E9d8BAf0edAc6f37da032",
          "userOp":{"sender":"0x…","nonce":"0x0","callData":"0x"}}]' | countersign userop hash
  countersign userop decode operations.json

A file is a JSON array of {version, chainId, entryPoint, userOp}, or an object with one in `vectors`."#;

/// Hash and decode operations, without a network.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Userop {
    #[command(subcommand)]
    command: UseropCommand,
}

#[derive(Debug, Subcommand)]
enum UseropCommand {
    /// Print each operation's userOpHash, one a line.
    #[command(after_help = "Example:\n  countersign userop hash operations.json")]
    Hash {
        #[command(flatten)]
        input: Input,
    },
    /// Print what each operation does, its calls to the leaves.
    #[command(after_help = "Example:\n  countersign userop decode operations.json --json")]
    Decode {
        #[command(flatten)]
        input: Input,
        /// Print one JSON array.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct Input {
    /// The operations; standard input when absent.
    file: Option<PathBuf>,
}

impl Userop {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            UseropCommand::Hash { input } => {
                for hash in hash_vectors(&input.read()?).with_context(|| input.name())? {
                    println!("{hash}");
                }
            }
            UseropCommand::Decode { input, json } => {
                let previews = preview_vectors(&input.read()?).with_context(|| input.name())?;
                if json {
                    println!("{}", serde_json::to_string_pretty(&previews)?);
                } else {
                    let texts: Vec<_> = previews.iter().map(ToString::to_string).collect();
                    println!("{}", texts.join("\n\n"));
                }
            }
        }
        Ok(())
    }
}

impl Input {
    fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "standard input".to_owned(), |f| f.display().to_string())
    }

    fn read(&self) -> anyhow::Result<Value> {
        let mut text = String::new();
        match &self.file {
            Some(file) => std::fs::File::open(file).and_then(|mut f| f.read_to_string(&mut text)),
            None => std::io::stdin().read_to_string(&mut text),
        }
        .with_context(|| format!("cannot read {}", self.name()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", self.name()))
    }
}
