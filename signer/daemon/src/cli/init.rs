//! `cosigner init`

use anyhow::{Context as _, bail};
use countersign_protocol::Identity;
use secrecy::{ExposeSecret as _, SecretString};

use crate::config::DaemonConfig;
use crate::daemon::kdf_strength;
use crate::data_dir::DataDir;
use crate::vault::Vault;

pub(super) fn execute(config: &DaemonConfig, json: bool) -> anyhow::Result<()> {
    let data = DataDir::new(&config.data_dir);
    data.create()?;
    let _held = data.hold()?.context("another process holds the data directory")?;
    let passphrase = new_passphrase(config)?;
    let identity = match Identity::load(&data.identity()) {
        // An earlier run was interrupted before it made the vault.
        Ok(identity) if !data.vault().join("vault.json").exists() => identity,
        Ok(_) => bail!("this cosigner has an identity and a vault already"),
        Err(_) => Identity::create(&data.identity())?,
    };
    Vault::create(&data.vault(), &passphrase, kdf_strength(config))?;
    let key = identity.public();
    if json {
        let key_text = key.to_string();
        let fingerprint = key.fingerprint().to_string();
        println!("{}", serde_json::json!({ "key": key_text, "fingerprint": fingerprint }));
    } else {
        println!("identity key  {key}");
        println!("fingerprint   {}", key.fingerprint());
        println!(
            "Give the key to the other operators, and compare the fingerprint by another way."
        );
    }
    Ok(())
}

fn new_passphrase(config: &DaemonConfig) -> anyhow::Result<SecretString> {
    let passphrase = config.passphrase.read()?;
    if config.passphrase.is_typed() {
        let again = rpassword::prompt_password("The same again: ").map(SecretString::from)?;
        if again.expose_secret() != passphrase.expose_secret() {
            bail!("the two passphrases differ");
        }
    }
    Ok(passphrase)
}
