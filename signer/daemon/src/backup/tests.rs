//! What a backup of a share holds, and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use countersign_backup::{Backup, Contents, Identity, Recipients, seal};
use countersign_threshold::{BanLedger as _, Committee, KeyShare, PartyId, fixtures};

use super::{BackupError, check, collect, facts, read_back, store};
use crate::bans::KeyBans;
use crate::ceremony::SignedStatement;
use crate::keys::KeyRecord;
use crate::store::Store;
use crate::vault::tests::record_of;
use crate::vault::{CeremonyPapers, KdfStrength, Vault};

fn shares(seed: &str) -> Vec<KeyShare> {
    fixtures::deal(Committee::new(3, 2).unwrap(), seed).unwrap()
}

fn contents(record: &KeyRecord, share: &KeyShare) -> Contents {
    Contents {
        facts: facts(record, share.me(), &[], 5),
        record: serde_json::to_vec(record).unwrap(),
        share: share.encode().unwrap(),
    }
}

fn must_say(body: &str) -> SignedStatement {
    let signature = hex::encode([1; 64]);
    serde_json::from_value(serde_json::json!({ "party": 1, "body": body, "signature": signature }))
        .unwrap()
}

#[tokio::test]
async fn a_backup_holds_the_share_its_record_and_the_bans() {
    // given a live key with a ban
    let folder = tempfile::tempdir().unwrap();
    let share = shares("backup").remove(0);
    let record = record_of(&share, 1);
    let vault =
        Vault::create(&folder.path().join("vault"), &"horse".into(), KdfStrength::Fast).unwrap();
    let proposal = must_say("{}");
    let papers =
        CeremonyPapers { proposal, acks: Vec::new(), refusals: Vec::new(), certified: true };
    vault.store_pending(&record, &share, &papers).unwrap();
    let journal = Store::open(&folder.path().join("journal.db")).await.unwrap();
    let bans = KeyBans::load(journal.clone(), &record.public_key).await.unwrap();
    bans.ban(PartyId::new(3).unwrap(), "a wrong row").unwrap();
    // when it is pending, there is nothing to back up
    let pending = collect(&vault, &journal, &record.name).await;
    assert!(matches!(pending, Err(BackupError::NoSuchKey { .. })));
    // when it is live, all of it is there after sealing and opening
    vault.promote(&record.ceremony).unwrap();
    let made = collect(&vault, &journal, &record.name).await.unwrap();
    let owner = Identity::generate();
    let to = Recipients::new(1, vec![owner.recipient()]).unwrap();
    let opened = Backup::parse(&seal(&made, to).unwrap()).unwrap().open(&[owner]).unwrap();
    assert_eq!(opened.facts.bans.len(), 1);
    assert_eq!(opened.facts.bans[0].reason, "a wrong row");
    assert_eq!(check(&opened).unwrap(), record);
    assert_eq!(*opened.share, *share.encode().unwrap());
}

#[test]
fn a_share_of_another_key_party_or_record_is_no_backup_of_this_key() {
    let (ours, others) = (shares("ours"), shares("others"));
    let record = record_of(&ours[0], 1);
    let good = contents(&record, &ours[0]);
    assert!(check(&good).is_ok());
    let of = |share: &KeyShare| Contents { share: share.encode().unwrap(), ..good.clone() };
    let mut renamed = good.clone();
    renamed.facts.key = "other".to_owned();
    let mut moved = good.clone();
    moved.facts.address = [7; 20];
    let other_record =
        Contents { record: serde_json::to_vec(&record_of(&others[0], 1)).unwrap(), ..good.clone() };
    for wrong in [of(&others[0]), of(&ours[1]), renamed, moved, other_record] {
        assert!(matches!(check(&wrong), Err(BackupError::Misfit)));
    }
    let mut cut = good;
    cut.share.pop();
    assert!(matches!(check(&cut), Err(BackupError::Share(_))));
}

#[test]
fn a_backup_is_its_owners_alone_replaces_no_file_and_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.backup");
    let share = shares("stored").remove(0);
    let to = Recipients::new(1, vec![Identity::generate().recipient()]).unwrap();
    let bytes = seal(&contents(&record_of(&share, 1), &share), to).unwrap();
    store(&path, &bytes).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(store(&path, &bytes), Err(BackupError::Exists { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    let mut flipped = bytes.clone();
    flipped[100] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    assert!(matches!(read_back(&path, &bytes), Err(BackupError::ReadBack { .. })));
}
