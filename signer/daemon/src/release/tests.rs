//! What is given back, and what is not.

use alloy::primitives::Address;
use async_trait::async_trait;
use countersign_policy::Policy;
use countersign_userop::AccountSpec;

use super::*;
use crate::accounts::{Agreed, DeployedAccount, ReadError};
use crate::decision::fixtures::{claim, entry, operation_terms, weighing};
use crate::decision::{Entry, Lands};
use crate::journal::Terms;

const NOW: i64 = 1_700_000_000_000;

const CAPPED: &str = r#"
version = 1
policies = '''
@id("all")
permit (principal, action, resource);
@id("capped")
forbid (principal, action, resource) when { context.exceeded.contains("hourly") };
'''
[[limits]]
name = "hourly"
asset = "native"
max = "100"
window_s = 3600
"#;

/// A node and its witness, of one mind.
struct Chain(Fate);

#[async_trait]
impl AccountReader for Chain {
    async fn is_consumed(&self, _: NonceAt) -> Result<bool, ReadError> {
        Ok(false)
    }

    async fn fate(&self, _: NonceAt, _: u64) -> Result<Fate, ReadError> {
        Ok(self.0)
    }

    async fn read(
        &self,
        _: ChainId,
        _: Address,
        _: &AccountSpec,
    ) -> Result<DeployedAccount, ReadError> {
        Err(ReadError::TimedOut)
    }
}

fn block(time_s: u64) -> Agreed {
    Agreed { number: 7, time_s }
}

/// An operation that takes the whole limit, by this hash, and valid for so long.
fn takes_all(nonce: u64, hash: u8, valid_until: Option<u64>) -> Entry {
    let mut claim = claim(hash);
    claim.slot.slot.nonce = U256::from(nonce);
    if hash > 1 {
        let mut terms = operation_terms();
        terms.max_fee_per_gas *= u128::from(hash);
        terms.max_priority_fee_per_gas *= u128::from(hash);
        claim.terms = Terms::Operation(terms);
    }
    let operation = Some(Lands { hash: B256::repeat_byte(hash), valid_until });
    let weighing = Some(weighing(Policy::parse(CAPPED).unwrap()));
    Entry { operation, weighing, ..entry(claim) }
}

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
}

impl Bench {
    async fn with(entries: &[Entry]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("journal.db")).await.unwrap();
        for entry in entries {
            store.record(entry, NOW).await.unwrap().verdict.unwrap();
        }
        Self { folder, store }
    }

    /// Whether there is room again after a pass over a chain like that.
    async fn gives_back(&self, fate: Fate) -> bool {
        let release = Release {
            store: self.store.clone(),
            accounts: Arc::new(Chain(fate)),
            policy: PolicyBook::of(Policy::parse(CAPPED).unwrap()),
        };
        release.pass("", NOW + 1).await.unwrap();
        let next = takes_all(99, 1, None);
        let room = self.store.rehearse(&next, NOW + 2).await.unwrap();
        room.verdict.is_ok()
    }
}

#[tokio::test]
async fn what_another_operation_made_impossible_is_given_back_and_on_record() {
    let bench = Bench::with(&[takes_all(1, 1, None)]).await;
    assert!(!bench.gives_back(Fate::Unknown).await, "nobody said so");
    assert!(!bench.gives_back(Fate::UsedBy(B256::repeat_byte(1), block(1))).await, "it is ours");
    assert!(!bench.gives_back(Fate::Unused(block(u64::MAX))).await, "it may still land");
    assert!(bench.gives_back(Fate::UsedBy(B256::repeat_byte(9), block(1))).await);
    let lines = bench.store.audit_lines(1, 10).await.unwrap();
    assert_eq!(lines.len(), 1, "once");
    assert!(lines[0].contains(r#""given-back":{"slot":"userOperation/31337/"#), "{lines:?}");
}

#[tokio::test]
async fn each_operation_of_the_slot_counts_not_only_the_last() {
    let bench = Bench::with(&[takes_all(1, 1, None), takes_all(1, 2, None)]).await;
    for ours in [1, 2] {
        assert!(!bench.gives_back(Fate::UsedBy(B256::repeat_byte(ours), block(1))).await);
    }
    assert!(bench.gives_back(Fate::UsedBy(B256::repeat_byte(3), block(1))).await);
}

#[tokio::test]
async fn a_window_gives_back_only_after_the_last_one_passed_on_chain() {
    let bench = Bench::with(&[takes_all(1, 1, Some(50)), takes_all(1, 2, Some(40))]).await;
    assert!(!bench.gives_back(Fate::Unused(block(50))).await, "the last second is its own");
    assert!(bench.gives_back(Fate::Unused(block(51))).await);
    let open = Bench::with(&[takes_all(1, 1, Some(50)), takes_all(1, 2, None)]).await;
    assert!(!open.gives_back(Fate::Unused(block(u64::MAX))).await, "one has no window");
}

#[tokio::test]
async fn a_slot_with_a_digest_of_which_no_operation_is_known_keeps_what_it_took() {
    let unknown = Entry { operation: None, ..takes_all(1, 1, None) };
    let bench = Bench::with(&[unknown, takes_all(1, 2, Some(5))]).await;
    assert!(!bench.gives_back(Fate::UsedBy(B256::repeat_byte(9), block(1))).await);
    assert!(!bench.gives_back(Fate::Unused(block(u64::MAX))).await);
}

#[tokio::test]
async fn what_was_not_given_back_survives_an_end_without_warning_and_what_was_does_not_return() {
    let bench = Bench::with(&[takes_all(1, 1, None)]).await;
    let path = bench.folder.path().join("journal.db");
    // A copy of the files is what a killed process leaves.
    let left = bench.folder.path().join("left.db");
    for (from, to) in [(path.clone(), left.clone()), (wal(&path), wal(&left))] {
        std::fs::copy(from, to).unwrap();
    }
    let again =
        Bench { store: Store::open(&left).await.unwrap(), folder: tempfile::tempdir().unwrap() };
    assert!(!again.gives_back(Fate::Unknown).await);
    assert!(again.gives_back(Fate::UsedBy(B256::repeat_byte(9), block(1))).await);
    assert!(again.gives_back(Fate::Unknown).await);
}

fn wal(path: &std::path::Path) -> std::path::PathBuf {
    path.with_extension("db-wal")
}

#[test]
fn only_the_slot_of_an_operation_has_a_nonce_on_chain() {
    let slot = claim(1).slot;
    let at = place(&slot.to_string()).unwrap();
    assert_eq!((at.chain, at.nonce), (ChainId::new(31_337), U256::from(7)));
    assert_eq!(
        (at.entry_point, at.sender),
        (Address::repeat_byte(0xe0), Address::repeat_byte(0x5e))
    );
    assert!(place(&slot.to_string().replace("userOperation", "paymasterApproval")).is_none());
}
