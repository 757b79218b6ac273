//! `cosigner features`: what a file of features switches on.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use countersign_protocol::Features;

use crate::config::DaemonConfig;

#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {
    /// The file; the one that the configuration names when absent.
    file: Option<PathBuf>,
    /// Print the page that docs/FEATURES.md is, instead of its table alone.
    #[arg(long)]
    markdown: bool,
}

pub(super) fn execute(args: &FeaturesArgs, config: &Path) -> anyhow::Result<()> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => DaemonConfig::load(config)?
            .features
            .context("the configuration names no features; give a file")?,
    };
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} could not be read", file.display()))?;
    let features = Features::parse(&text)
        .with_context(|| format!("the features {} cannot be used", file.display()))?;
    let page = features.markdown();
    if args.markdown {
        print!("{page}");
    } else {
        page.lines().filter(|line| line.starts_with('|')).for_each(|line| println!("{line}"));
    }
    Ok(())
}
