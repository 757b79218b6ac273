//! `cosigner backup`: our share of a key as an encrypted file, and checks of such files.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use countersign_backup::{
    Backup, Contents, Header, Identity, MAX_BYTES, Readers, Recipient, Recipients,
};
use countersign_protocol::KeyName;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::backup;
use crate::config::DaemonConfig;
use crate::daemon::{journal_name, kdf_strength};
use crate::data_dir::DataDir;
use crate::store::Store;
use crate::vault::Vault;

/// No file of identities is longer.
const MAX_IDENTITY_BYTES: u64 = 64 << 10;

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// Write this cosigner's share of a key, with its record and bans, to a new file that the recipients open. It
    /// asks for the vault's passphrase. The daemon may run.
    #[command(after_help = CREATE_HELP)]
    Create(CreateArgs),
    /// Check files: their form, and that all are of one generation of one key. With enough identities they are
    /// opened, and each share is checked against its key.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A file with the identity of a recipient, as age-keygen writes it. Once for each.
        #[arg(long = "identity", value_name = "FILE")]
        identities: Vec<PathBuf>,
    },
    /// Check, by the files of several parties, that no recipient alone could open as many as sign together.
    #[command(after_help = LINT_HELP)]
    Lint {
        /// The files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The key.
    #[arg(long, value_name = "NAME")]
    key: KeyName,
    /// A recipient: the public half of an age key. Once for each.
    // Text until we read it: the parser of arguments would print a secret key that was given by mistake.
    #[arg(long, required = true, value_name = "AGE1...")]
    to: Vec<String>,
    /// How many recipients are needed together.
    #[arg(long, default_value_t = 1, value_name = "K")]
    need: u8,
    /// The file to write; nothing may be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

const CREATE_HELP: &str = "\
The file is read back and compared. Only `cosigner backup verify` with identities proves that it opens.

Examples:
  cosigner backup create --key wallets --to age1... --out wallets-1.backup
  cosigner backup create --key wallets --need 2 \\
      --to age1... --to age1... --to age1... --out wallets-1.backup";

const VERIFY_HELP: &str = "\
Examples:
  cosigner backup verify wallets-1.backup wallets-2.backup
  cosigner backup verify wallets-1.backup --identity anna.txt --identity ben.txt";

const LINT_HELP: &str = "\
It reads what the files say in clear, so a party that lies about its recipients is not found out.

Example:
  cosigner backup lint wallets-1.backup wallets-2.backup wallets-3.backup";

pub(super) async fn execute(
    command: BackupCommand,
    config: &Path,
    as_json: bool,
) -> anyhow::Result<()> {
    match command {
        BackupCommand::Create(args) => create(args, &DaemonConfig::load(config)?, as_json).await,
        BackupCommand::Verify { files, identities } => verify(&files, &identities, as_json),
        BackupCommand::Lint { files } => lint(&files, as_json),
    }
}

async fn create(args: CreateArgs, config: &DaemonConfig, as_json: bool) -> anyhow::Result<()> {
    let CreateArgs { key, to, need, out } = args;
    let to = to.iter().map(|text| text.parse()).collect::<Result<Vec<Recipient>, _>>()?;
    let to = Recipients::new(need, to)?;
    if out.symlink_metadata().is_ok() {
        bail!("{} is there already; a backup replaces no file", out.display());
    }
    let data = DataDir::new(&config.data_dir);
    let journal = Store::open_to_read(&data.database()).await;
    let journal = journal.context("the journal, which holds the bans, cannot be read")?;
    if !journal_name::is_known(&data, &journal).await? {
        bail!("the journal is not the one of these shares, so their bans are not known");
    }
    let passphrase = config.passphrase.read()?;
    let vault = Vault::open_to_read(&data.vault(), &passphrase, kdf_strength(config))?;
    let contents = backup::collect(&vault, &journal, &key).await?;
    let bytes = countersign_backup::seal(&contents, to)?;
    backup::store(&out, &bytes)?;
    let written = Backup::parse(&bytes)?;
    if as_json {
        println!("{}", described(&out, written.header()));
    } else {
        println!("{}, read back and compared", line(&out, written.header()));
        println!("prove that it opens: cosigner backup verify {} --identity ...", out.display());
    }
    Ok(())
}

fn verify(files: &[PathBuf], identities: &[PathBuf], as_json: bool) -> anyhow::Result<()> {
    let backups = read_all(files)?;
    let identities = identities_of(identities)?;
    for (file, backup) in &backups {
        let opened =
            if identities.is_empty() { None } else { Some(open(file, backup, &identities)?) };
        if as_json {
            println!("{}", verified_json(file, backup.header(), opened.as_ref()));
        } else {
            println!("{}", verified_line(file, backup.header(), opened.as_ref()));
        }
    }
    Ok(())
}

/// Decrypts a backup and has its share prove that it belongs to the key.
fn open(file: &Path, backup: &Backup, identities: &[Identity]) -> anyhow::Result<Contents> {
    let opened = backup.open(identities);
    let contents = opened.with_context(|| format!("{} does not open", file.display()))?;
    let checked = backup::check(&contents);
    checked.with_context(|| format!("{} opens, but is not good", file.display()))?;
    Ok(contents)
}

fn verified_line(file: &Path, header: &Header, opened: Option<&Contents>) -> String {
    let line = line(file, header);
    let Some(Contents { facts, .. }) = opened else {
        let need = header.to.need();
        return format!(
            "{line}; not opened: give the --identity of {need} of them to prove the share"
        );
    };
    let address = Address::from(facts.address);
    let bans = facts.bans.len();
    format!("{line}; opened: the share belongs to the key {address}, {bans} parties banned")
}

fn verified_json(file: &Path, header: &Header, opened: Option<&Contents>) -> Value {
    let mut described = described(file, header);
    let proven = opened.map(|Contents { facts, .. }| {
        let bans = facts.bans.iter().map(|ban| json!({ "party": ban.party, "reason": ban.reason }));
        json!({
            "address": Address::from(facts.address),
            "publicKey": format!("0x{}", hex::encode(facts.public_key)),
            "committee": hex::encode(facts.committee),
            "createdAt": facts.created_at,
            "bans": bans.collect::<Vec<_>>(),
        })
    });
    if let Some(fields) = described.as_object_mut() {
        fields.insert("opened".to_owned(), proven.unwrap_or(Value::Null));
    }
    described
}

fn lint(files: &[PathBuf], as_json: bool) -> anyhow::Result<()> {
    let backups = read_all(files)?;
    let readers: Vec<Readers> = backups.iter().map(|(_, backup)| backup.header().into()).collect();
    let (_, first) = backups.first().context("no file")?;
    let threshold = first.header().threshold;
    countersign_backup::lint(&readers, threshold)?;
    if as_json {
        println!("{}", json!({ "files": files.len(), "threshold": threshold }));
    } else {
        println!("no recipient alone could open the files of {threshold} parties");
    }
    Ok(())
}

/// Reads files that must be of one generation of one key.
fn read_all(files: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, Backup)>> {
    let mut backups = Vec::new();
    for file in files {
        let named = || format!("{} is refused", file.display());
        let limit = u64::try_from(MAX_BYTES)?.saturating_add(1);
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|found| found.take(limit).read_to_end(&mut bytes))
            .with_context(|| format!("{} could not be read", file.display()))?;
        backups.push((file.clone(), Backup::parse(&bytes).with_context(named)?));
    }
    let named: Vec<_> = backups
        .iter()
        .map(|(file, backup)| (file.display().to_string(), backup.header()))
        .collect();
    countersign_backup::one_generation(
        named.iter().map(|(file, header)| (file.as_str(), *header)),
    )?;
    Ok(backups)
}

fn identities_of(files: &[PathBuf]) -> anyhow::Result<Vec<Identity>> {
    let mut identities = Vec::new();
    for file in files {
        let mut text = Zeroizing::new(String::new());
        File::open(file)
            .and_then(|found| found.take(MAX_IDENTITY_BYTES).read_to_string(&mut text))
            .with_context(|| format!("{} could not be read", file.display()))?;
        let read = Identity::parse_file(&text);
        identities.extend(read.with_context(|| format!("{} is refused", file.display()))?);
    }
    Ok(identities)
}

fn line(file: &Path, header: &Header) -> String {
    let Header { key, party, epoch, to, .. } = header;
    let (file, need, all) = (file.display(), to.need(), to.all().len());
    format!("{file}: key {key}, party {party}, epoch {epoch}, for any {need} of {all} recipients")
}

fn described(file: &Path, header: &Header) -> Value {
    json!({
        "file": file,
        "key": header.key,
        "party": header.party,
        "threshold": header.threshold,
        "epoch": header.epoch,
        "transcript": hex::encode(header.transcript),
        "need": header.to.need(),
        "recipients": header.to.all(),
    })
}
