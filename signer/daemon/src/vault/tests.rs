//! Passphrases, modes, damage, and the way from pending to live.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign_threshold::fixtures;
use secrecy::SecretString;

use super::{CeremonyPapers, KdfStrength, Vault, VaultError};
use crate::keys::KeyRecord;

fn passphrase(text: &str) -> SecretString {
    SecretString::from(text)
}

fn must_create(folder: &Path) -> Vault {
    Vault::create(folder, &passphrase("correct horse"), KdfStrength::Fast).unwrap()
}

fn must_open(folder: &Path) -> Vault {
    Vault::open(folder, &passphrase("correct horse"), KdfStrength::Fast).unwrap()
}

fn must_share() -> countersign_threshold::KeyShare {
    let committee = countersign_threshold::Committee::new(3, 2).unwrap();
    fixtures::deal(committee, "vault").unwrap().remove(0)
}

fn record_of(share: &countersign_threshold::KeyShare, ceremony: u8) -> KeyRecord {
    KeyRecord {
        name: "main".parse().unwrap(),
        purpose: countersign_protocol::KeyPurpose::Accounts,
        threshold: 2,
        parties: 3,
        epoch: share.epoch(),
        public_key: share.public_key(),
        address: share.address(),
        transcript: *share.transcript(),
        ceremony: [ceremony; 32],
        committee: [9; 32],
        created_at: 1,
    }
}

fn papers() -> CeremonyPapers {
    CeremonyPapers { manifest: "{}".into(), acks: Vec::new() }
}

#[test]
fn a_wrong_passphrase_is_told_from_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    must_create(folder.path());
    let error = Vault::open(folder.path(), &passphrase("wrong"), KdfStrength::Fast).unwrap_err();
    assert!(matches!(error, VaultError::WrongPassphrase), "{error}");
    let again = Vault::create(folder.path(), &passphrase("wrong"), KdfStrength::Fast);
    assert!(matches!(again, Err(VaultError::Exists { .. })));
    let elsewhere = Vault::open(&folder.path().join("x"), &passphrase("x"), KdfStrength::Fast);
    assert!(matches!(elsewhere, Err(VaultError::Missing { .. })));
}

#[test]
fn a_developers_vault_does_not_open_without_dev() {
    let folder = tempfile::tempdir().unwrap();
    must_create(folder.path());
    let strict = KdfStrength::MemoryHard;
    let error = Vault::open(folder.path(), &passphrase("correct horse"), strict).unwrap_err();
    assert!(matches!(error, VaultError::Fast), "{error}");
}

#[test]
fn the_default_is_memory_hard() {
    let folder = tempfile::tempdir().unwrap();
    Vault::create(folder.path(), &passphrase("slow"), KdfStrength::MemoryHard).unwrap();
    let header = std::fs::read_to_string(folder.path().join("vault.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    assert!(header["kdf"]["memory_kib"].as_u64().unwrap() >= 64 * 1024, "{header}");
    Vault::open(folder.path(), &passphrase("slow"), KdfStrength::MemoryHard).unwrap();
}

#[test]
fn a_share_is_usable_only_after_promotion_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    assert!(vault.live_generations().unwrap().is_empty());
    assert!(vault.has_name(&record.name).unwrap());
    drop(vault);
    let vault = must_open(folder.path());
    assert_eq!(vault.pending_generations().unwrap()[0].record, record);
    vault.promote(&record.ceremony, &papers()).unwrap();
    drop(vault);
    let vault = must_open(folder.path());
    assert!(vault.pending_generations().unwrap().is_empty());
    let live = vault.live_generations().unwrap();
    assert_eq!(vault.open_share(&live[0]).unwrap().public_key(), share.public_key());
}

#[test]
fn a_discarded_ceremony_leaves_a_note_and_no_share() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    vault.discard(&record.ceremony, b"why").unwrap();
    assert!(vault.pending_generations().unwrap().is_empty());
    assert_eq!(vault.discard_note(&record.ceremony).unwrap().unwrap(), b"why");
    assert!(vault.promote(&record.ceremony, &papers()).is_err());
}

#[test]
fn a_crash_between_note_and_erasure_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    let note = folder.path().join(format!("discarded/{}.json", hex::encode(record.ceremony)));
    std::fs::write(note, b"why").unwrap();
    drop(vault);
    assert!(must_open(folder.path()).pending_generations().unwrap().is_empty());
}

#[test]
fn any_changed_byte_or_fact_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    vault.promote(&record.ceremony, &papers()).unwrap();
    let place = folder.path().join("live/main/0");
    for name in ["share.sealed", "data.key"] {
        let path = place.join(name);
        let good = std::fs::read(&path).unwrap();
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, bad).unwrap();
            let live = vault.live_generations().unwrap();
            let error = vault.open_share(&live[0]).unwrap_err();
            assert!(matches!(error, VaultError::Damaged { .. }), "{name} at {at}: {error}");
        }
        std::fs::write(&path, good).unwrap();
    }
    let path = place.join("record.json");
    let facts = std::fs::read_to_string(&path).unwrap().replace("accounts", "paymaster");
    std::fs::write(path, facts).unwrap();
    let live = vault.live_generations().unwrap();
    assert!(matches!(vault.open_share(&live[0]), Err(VaultError::Damaged { .. })));
}

#[test]
fn nothing_in_the_vault_is_open_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    vault.promote(&record.ceremony, &papers()).unwrap();
    let mut folders = vec![folder.path().to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            folders.extend(path.is_dir().then_some(path));
        }
    }
}

#[test]
fn an_open_vault_prints_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let vault = must_create(folder.path());
    assert!(!format!("{vault:?}").contains(&hex::encode(*vault.kek)));
}
