//! Backups made, opened, and tampered with.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{OpenError, seal, seal_under};
use crate::{
    Backup, Ban, Contents, Facts, FormError, Header, Identity, LockError, Recipients, SealError,
};

fn contents(party: u8, epoch: u64) -> Contents {
    let facts = Facts {
        key: "wallets".to_owned(),
        party,
        threshold: 2,
        epoch,
        transcript: [3; 32],
        public_key: [2; 33],
        address: [5; 20],
        committee: [6; 32],
        bans: vec![Ban { party: 3, reason: "a wrong row".to_owned() }],
        created_at: 1_800_000_000,
    };
    let share = Zeroizing::new(format!("the share of party {party}").into_bytes());
    Contents { facts, record: b"{}".to_vec(), share }
}

fn people(count: usize) -> Vec<Identity> {
    (0..count).map(|_| Identity::generate()).collect()
}

fn recipients(need: u8, people: &[Identity]) -> Recipients {
    Recipients::new(need, people.iter().map(Identity::recipient).collect()).unwrap()
}

/// A file with a hash that is right whatever its bytes are, as somebody would make it who means harm.
fn with_right_hash(mut file: Vec<u8>) -> Vec<u8> {
    file.truncate(file.len() - 32);
    let hash = Sha256::digest(&file);
    file.extend(hash);
    file
}

#[test]
fn one_recipient_opens_what_was_sealed_for_one() {
    let owner = people(1);
    let made = contents(1, 0);
    let file = seal(&made, recipients(1, &owner)).unwrap();
    let backup = Backup::parse(&file).unwrap();
    assert_eq!(backup.header().key, "wallets");
    assert_eq!(backup.open(&owner).unwrap(), made);
}

#[test]
fn any_two_of_three_recipients_open_a_backup_and_so_do_all() {
    let three = people(3);
    let made = contents(2, 7);
    let backup = Backup::parse(&seal(&made, recipients(2, &three)).unwrap()).unwrap();
    for (one, other) in [(0, 1), (1, 2), (2, 0)] {
        let two = [three[one].clone(), three[other].clone()];
        assert_eq!(backup.open(&two).unwrap(), made);
    }
    assert_eq!(backup.open(&three).unwrap(), made);
}

#[test]
fn too_few_identities_are_told_how_many_are_missing() {
    let five = people(5);
    let backup = Backup::parse(&seal(&contents(1, 0), recipients(3, &five)).unwrap()).unwrap();
    // One identity twice is one.
    let given = [five[4].clone(), five[4].clone(), Identity::generate()];
    let error = backup.open(&given).unwrap_err();
    let few = LockError::TooFew { need: 3, have: 1, missing: 2 };
    assert_eq!(error.to_string(), few.to_string());
    assert!(error.to_string().ends_with("2 are missing"), "{error}");
}

#[test]
fn an_identity_of_somebody_else_opens_nothing() {
    let backup = Backup::parse(&seal(&contents(1, 0), recipients(1, &people(1))).unwrap()).unwrap();
    let error = backup.open(&people(1)).unwrap_err();
    assert!(matches!(error, OpenError::Lock(LockError::TooFew { need: 1, have: 0, missing: 1 })));
}

#[test]
fn a_byte_that_was_flipped_anywhere_is_refused_without_any_identity() {
    let file = seal(&contents(1, 0), recipients(2, &people(3))).unwrap();
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 1;
        assert!(Backup::parse(&flipped).is_err(), "byte {at}");
        assert!(Backup::parse(&file[..at]).is_err(), "cut off at {at}");
    }
    assert!(matches!(Backup::parse(&[file, vec![0]].concat()), Err(FormError::Damaged)));
}

#[test]
fn a_byte_that_was_changed_anywhere_by_somebody_who_mends_the_hash_does_not_open() {
    let three = people(3);
    let file = seal(&contents(1, 0), recipients(2, &three)).unwrap();
    assert!(Backup::parse(&with_right_hash(file.clone())).unwrap().open(&three[..2]).is_ok());
    // The lock of the third recipient is covered although it is not opened.
    for at in 0..file.len() - 32 {
        let mut flipped = file.clone();
        flipped[at] ^= 1;
        let opened = Backup::parse(&with_right_hash(flipped)).map(|found| found.open(&three[..2]));
        assert!(!matches!(opened, Ok(Ok(_))), "byte {at}");
    }
}

#[test]
fn a_header_swapped_between_two_backups_is_refused() {
    let owner = people(1);
    let read = |party, epoch| {
        let file = seal(&contents(party, epoch), recipients(1, &owner)).unwrap();
        Backup::parse(&file).unwrap()
    };
    for (mut one, other) in [(read(1, 0), read(1, 1)), (read(1, 0), read(2, 0))] {
        let covered = crate::form::covered(&other.header, &one.locks).unwrap();
        let file = crate::form::complete(&covered, &one.sealed);
        let swapped = Backup::parse(&file).unwrap();
        assert_eq!(swapped.header(), other.header());
        assert!(matches!(swapped.open(&owner), Err(OpenError::Changed)));
        // Nor do locks or contents of another file fit.
        one.locks.clone_from(&other.locks);
        assert!(one.open(&owner).is_err());
    }
}

#[test]
fn a_header_that_its_own_maker_made_to_lie_is_refused() {
    let owner = people(1);
    let made = contents(1, 4);
    let honest = Header::of(&made.facts, recipients(1, &owner));
    let lies = [
        Header { epoch: 5, ..honest.clone() },
        Header { party: 2, ..honest.clone() },
        Header { threshold: 3, ..honest.clone() },
        Header { transcript: [4; 32], ..honest.clone() },
        Header { key: "other".to_owned(), ..honest },
    ];
    for lie in lies {
        let backup = Backup::parse(&seal_under(&lie, &made).unwrap()).unwrap();
        assert!(matches!(backup.open(&owner), Err(OpenError::Header)), "{lie:?}");
    }
}

#[test]
fn pieces_of_different_keys_are_found_out_when_all_recipients_prove_themselves() {
    let three = people(3);
    let to = recipients(2, &three);
    let good = crate::locks::lock(&[1; 32], &to).unwrap();
    let bad = crate::locks::lock(&[2; 32], &to).unwrap();
    let mixed = [good[0].clone(), good[1].clone(), bad[2].clone()];
    assert_eq!(*crate::locks::unlock(&to, &good, &three).unwrap(), [1; 32]);
    assert!(crate::locks::unlock(&to, &mixed, &three[..2]).is_ok());
    let error = crate::locks::unlock(&to, &mixed, &three).unwrap_err();
    assert!(matches!(error, LockError::Differ));
}

#[test]
fn a_lock_that_was_made_for_somebody_else_is_named() {
    let two = people(2);
    let to = recipients(1, &two);
    let mut locks = crate::locks::lock(&[1; 32], &to).unwrap();
    locks.reverse();
    let error = crate::locks::unlock(&to, &locks, &two[..1]).unwrap_err();
    assert!(error.to_string().contains(&two[0].recipient().to_string()), "{error}");
}

#[test]
fn other_files_and_other_versions_are_refused_by_name() {
    let file = seal(&contents(1, 0), recipients(1, &people(1))).unwrap();
    assert!(matches!(Backup::parse(b""), Err(FormError::Foreign)));
    assert!(matches!(Backup::parse(b"age-encryption.org/v1\n"), Err(FormError::Foreign)));
    let mut later = file;
    later[19] = b'2';
    let error = Backup::parse(&with_right_hash(later)).unwrap_err();
    assert_eq!(error.to_string(), "backup format \"2\" is unknown, this build knows 1");
}

#[test]
fn nothing_secret_is_in_the_file_or_printed() {
    let made = contents(1, 0);
    let file = seal(&made, recipients(1, &people(1))).unwrap();
    for hidden in [made.share.as_slice(), b"a wrong row", &made.facts.public_key] {
        assert!(!file.windows(hidden.len()).any(|found| found == hidden));
    }
    let printed = format!("{made:?}");
    assert!(printed.contains("<redacted>") && !printed.contains("116, 104, 101"), "{printed}");
}

#[test]
fn facts_that_no_key_has_are_not_backed_up() {
    for wrong in ["", "Wallets", "a\nb", "../a", &"a".repeat(65)] {
        let mut made = contents(1, 0);
        made.facts.key = wrong.to_owned();
        let refused = seal(&made, recipients(1, &people(1)));
        assert!(matches!(refused, Err(SealError::Facts)), "{wrong:?}");
    }
}
