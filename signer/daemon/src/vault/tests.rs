//! Passphrases, modes, damage, and the way from pending to live.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use countersign_threshold::fixtures;
use secrecy::SecretString;

use super::{CeremonyPapers, KdfStrength, Vault, VaultError};
use crate::ceremony::SignedStatement;
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

/// What is known of a key of two in three that was made by this ceremony.
pub(crate) fn record_of(share: &countersign_threshold::KeyShare, ceremony: u8) -> KeyRecord {
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

fn must_say(body: &str) -> SignedStatement {
    let signature = hex::encode([1; 64]);
    serde_json::from_value(serde_json::json!({ "party": 1, "body": body, "signature": signature }))
        .unwrap()
}

fn papers() -> CeremonyPapers {
    let proposal = must_say("{}");
    CeremonyPapers { proposal, acks: Vec::new(), refusals: Vec::new(), certified: false }
}

fn certified() -> CeremonyPapers {
    CeremonyPapers { certified: true, ..papers() }
}

fn must_promote(vault: &Vault, record: &KeyRecord) {
    vault.update_papers(&record.ceremony, &certified()).unwrap();
    vault.promote(&record.ceremony).unwrap();
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
    must_promote(&vault, &record);
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
    vault.note_discard(&record.ceremony, b"why").unwrap();
    vault.put_away(&record.ceremony).unwrap();
    assert!(vault.pending_generations().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(folder.path().join("pending")).unwrap().count(), 0);
    assert_eq!(vault.discard_note(&record.ceremony).unwrap().unwrap(), b"why");
    assert!(vault.promote(&record.ceremony).is_err());
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
fn a_crash_while_a_share_is_erased_is_finished_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    vault.note_discard(&record.ceremony, b"why").unwrap();
    let place = folder.path().join("pending").join(hex::encode(record.ceremony));
    std::fs::remove_file(place.join("ceremony.json")).unwrap();
    std::fs::remove_file(place.join("record.json")).unwrap();
    drop(vault);
    assert!(must_open(folder.path()).pending_generations().unwrap().is_empty());
    assert!(!place.exists());
}

#[test]
fn zeros_go_where_the_bytes_lie() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.key");
    std::fs::write(&path, [7; 60]).unwrap();
    super::generation::overwrite(&path).unwrap();
    // A file that had been truncated first would be empty.
    assert_eq!(std::fs::read(&path).unwrap(), [0; 60]);
}

#[test]
fn only_a_certified_generation_that_we_did_not_reject_goes_live() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    let early = vault.promote(&record.ceremony);
    assert!(matches!(early, Err(VaultError::Uncertified { .. })), "{early:?}");
    vault.update_papers(&record.ceremony, &certified()).unwrap();
    vault.reject(&record.ceremony, &must_say("no")).unwrap();
    let rejected = vault.promote(&record.ceremony);
    assert!(matches!(rejected, Err(VaultError::Rejected { .. })), "{rejected:?}");
    assert_eq!(vault.pending_generations().unwrap()[0].reject, Some(must_say("no")));
}

#[test]
fn a_certified_generation_that_was_superseded_is_kept_aside() {
    for crash in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (vault, share) = (must_create(folder.path()), must_share());
        let record = record_of(&share, 1);
        vault.store_pending(&record, &share, &papers()).unwrap();
        vault.update_papers(&record.ceremony, &certified()).unwrap();
        vault.note_discard(&record.ceremony, b"why").unwrap();
        if !crash {
            vault.put_away(&record.ceremony).unwrap();
        }
        drop(vault);
        let vault = must_open(folder.path());
        assert!(!vault.has_name(&record.name).unwrap());
        let aside = folder.path().join("superseded").join(hex::encode(record.ceremony));
        assert!(aside.join("share.sealed").exists());
    }
}

#[test]
fn any_changed_byte_or_fact_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, share) = (must_create(folder.path()), must_share());
    let record = record_of(&share, 1);
    vault.store_pending(&record, &share, &papers()).unwrap();
    must_promote(&vault, &record);
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
    must_promote(&vault, &record);
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

#[test]
fn a_vault_that_is_only_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(must_create(folder.path()));
    let unfinished = folder.path().join("pending").join("1.unfinished");
    std::fs::create_dir(&unfinished).unwrap();
    Vault::open_to_read(folder.path(), &passphrase("correct horse"), KdfStrength::Fast).unwrap();
    assert!(unfinished.exists(), "the daemon that writes it may be at work");
    must_open(folder.path());
    assert!(!unfinished.exists());
}
