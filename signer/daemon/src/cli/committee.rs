//! `cosigner committee`: who the parties and gateways are, under everyone's signature.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use countersign_protocol::{CommitteeFile, CommitteeParty, GatewayEntry, Identity, PartyFacts};

use crate::config::DaemonConfig;
use crate::data_dir::DataDir;

#[derive(Debug, Subcommand)]
pub(super) enum CommitteeCommand {
    /// Write a committee file that nobody signed yet. Parties are numbered in the order given.
    Draft {
        /// A party: NAME,HOST:PORT,KEY and, if wanted, operator=…, jurisdiction=…, provider=…,
        /// region=… after further commas.
        #[arg(long = "party", value_name = "PARTY", required = true, value_parser = parse_party)]
        parties: Vec<CommitteeParty>,
        /// A gateway that may ask for signatures: NAME,KEY.
        #[arg(long = "gateway", value_name = "GATEWAY", value_parser = parse_gateway)]
        gateways: Vec<GatewayEntry>,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Add this cosigner's signature to a committee file, after reading it.
    Sign {
        /// The committee file; it is changed in place.
        file: PathBuf,
    },
    /// Put the signatures of several copies into one file.
    Merge {
        /// The copies.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where to write the result.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show what a committee file says and who signed it.
    Show {
        /// The committee file.
        file: PathBuf,
    },
    /// Check that every party signed a committee file.
    Verify {
        /// The committee file.
        file: PathBuf,
    },
}

pub(super) fn execute(command: CommitteeCommand, config: &Path, json: bool) -> anyhow::Result<()> {
    match command {
        CommitteeCommand::Draft { parties, gateways, out } => {
            let file = CommitteeFile::draft(parties, gateways)?;
            write(&out, &file)?;
            show(&file, json)
        }
        CommitteeCommand::Sign { file: path } => {
            let config = DaemonConfig::load(config)?;
            let identity = Identity::load(&DataDir::new(&config.data_dir).identity())?;
            let mut file = CommitteeFile::load(&path)?;
            file.sign(&identity)?;
            write(&path, &file)?;
            show(&file, json)
        }
        CommitteeCommand::Merge { files, out } => {
            let mut copies = files.iter().map(|path| CommitteeFile::load(path));
            let mut file = copies.next().context("nothing to merge")??;
            for copy in copies {
                file.merge(&copy?)?;
            }
            write(&out, &file)?;
            show(&file, json)
        }
        CommitteeCommand::Show { file } => show(&CommitteeFile::load(&file)?, json),
        CommitteeCommand::Verify { file } => {
            let file = CommitteeFile::load(&file)?;
            show(&file, json)?;
            Ok(file.verify()?)
        }
    }
}

fn write(path: &Path, file: &CommitteeFile) -> anyhow::Result<()> {
    let temporary = path.with_extension("unfinished");
    std::fs::write(&temporary, file.to_json()?)
        .and_then(|()| std::fs::rename(&temporary, path))
        .with_context(|| format!("{} could not be written", path.display()))
}

fn show(file: &CommitteeFile, json: bool) -> anyhow::Result<()> {
    let signed: Vec<u8> = file.signed_by().collect();
    let complete = file.verify().is_ok();
    if json {
        let summary = serde_json::json!({
            "hash": file.hash()?.to_string(),
            "parties": file.parties(),
            "gateways": file.gateways(),
            "signedBy": signed,
            "complete": complete,
        });
        println!("{summary}");
        return Ok(());
    }
    println!("committee {}", file.hash()?);
    for party in file.parties() {
        let mark = if signed.contains(&party.index) { "signed" } else { "not signed" };
        println!("  {} {} at {} ({mark})", party.index, party.name, party.addr);
        println!("      {}", party.identity.fingerprint());
        let PartyFacts { operator, jurisdiction, provider, region } = &party.facts;
        if party.facts != PartyFacts::default() {
            println!("      {operator}, {jurisdiction}, {provider}, {region}");
        }
    }
    for gateway in file.gateways() {
        println!("  gateway {}", gateway.name);
        println!("      {}", gateway.identity.fingerprint());
    }
    println!(
        "{}",
        if complete { "every party signed it" } else { "signatures are missing or wrong" }
    );
    Ok(())
}

fn parse_party(text: &str) -> anyhow::Result<CommitteeParty> {
    let mut parts = text.split(',');
    let (Some(name), Some(addr), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        bail!("a party is NAME,HOST:PORT,KEY");
    };
    let mut facts = PartyFacts::default();
    for fact in parts {
        let (what, value) = fact.split_once('=').context("a fact is name=value")?;
        let place = match what {
            "operator" => &mut facts.operator,
            "jurisdiction" => &mut facts.jurisdiction,
            "provider" => &mut facts.provider,
            "region" => &mut facts.region,
            _ => bail!("the facts are operator, jurisdiction, provider and region, not {what}"),
        };
        value.clone_into(place);
    }
    let identity = key.parse()?;
    Ok(CommitteeParty { index: 0, name: name.to_owned(), addr: addr.to_owned(), identity, facts })
}

fn parse_gateway(text: &str) -> anyhow::Result<GatewayEntry> {
    let (name, key) = text.split_once(',').context("a gateway is NAME,KEY")?;
    Ok(GatewayEntry { name: name.to_owned(), identity: key.parse()? })
}
