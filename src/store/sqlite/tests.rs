//! The store on SQLite: ids, claims, nonces, and what a second process may not do.

use alloy::primitives::{address, keccak256};
use countersign_userop::{AccountKind, AccountSpec, EntryPointVersion, UserOperation};
use serde_json::json;

use super::*;
use crate::{
    pipeline::{Draft, Dropped, Fixed, History, Intent, Sealed, Stage},
    service::{Failure, SponsorChoice},
};

const WORKER: &str = "worker";
const SENDER: Address = address!("00000000000000000000000000000000000000aa");

async fn must_open(dir: &tempfile::TempDir) -> SqliteStore {
    let path = dir.path().join("gateway.db");
    SqliteStore::open(&format!("sqlite://{}", path.display())).await.unwrap()
}

fn caller() -> Caller {
    Caller::new("dapp")
}

fn wallet(address: Address) -> Wallet {
    let account = AccountSpec::new(
        AccountKind::SimpleAccount,
        EntryPointVersion::V0_7,
        Address::ZERO,
        Address::ZERO,
    );
    Wallet {
        address,
        chain: ChainId::new(1),
        owner: Address::ZERO,
        key: "main".into(),
        index: 7,
        salt: U256::ZERO,
        entry_point: EntryPointVersion::V0_7.canonical_address(),
        account: account.unwrap(),
    }
}

fn op() -> UserOperation {
    UserOperation::new(EntryPointVersion::V0_7, SENDER, U256::ZERO, Default::default())
}

fn entry(step: &str) -> TimelineEntry {
    TimelineEntry { at_ms: 1, step: step.into(), took_ms: 0, detail: json!({}) }
}

fn intent(id: &str, body: &str) -> NewOperation {
    NewOperation {
        intent: Intent {
            caller: caller(),
            id: id.into(),
            wallet: wallet(SENDER),
            sponsor: SponsorChoice::Account,
            fixed: Fixed::default(),
        },
        body_hash: keccak256(body),
        stage: Stage::Draft(Draft { op: op() }),
        entry: entry("admit"),
    }
}

async fn must_claim_one(store: &SqliteStore) -> StoredOperation {
    let mut claimed = store.claim(WORKER, 1_000, 60_000, 1).await.unwrap();
    claimed.pop().expect("one is due").operation
}

fn progress(stage: Stage) -> Progress {
    Progress {
        stage,
        entry: Some(entry("test")),
        release_until_ms: None,
        lease_until_ms: 100_000,
        attempts: 0,
    }
}

fn dropped(hashes: Vec<B256>) -> Stage {
    let failure = Failure { kind: "test".into(), message: String::new(), rule: None, data: None };
    let history = History { hashes, ..History::default() };
    Stage::Dropped(Dropped { op: op(), failure, history })
}

fn sealed(hash: B256) -> Stage {
    let history = History { hashes: vec![hash], ..History::default() };
    let approval = crate::pipeline::Approval::Given(None);
    Stage::Sealed(Sealed { op: op(), hash, approval, history })
}

#[tokio::test]
async fn an_id_means_one_body_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    assert_eq!(store.admit(intent("a", "one")).await.unwrap(), Admission::New);
    assert_eq!(store.admit(intent("a", "one")).await.unwrap(), Admission::Same);
    assert_eq!(store.admit(intent("a", "two")).await.unwrap(), Admission::Conflict);
}

#[tokio::test]
async fn ids_of_one_caller_are_nothing_to_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    assert!(store.operation(&Caller::new("other"), "a").await.unwrap().is_none());
    assert!(store.operation(&caller(), "a").await.unwrap().is_some());
}

#[tokio::test]
async fn an_operation_is_claimed_by_one_worker_until_the_claim_runs_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    assert_eq!(store.claim("one", 1_000, 500, 10).await.unwrap().len(), 1);
    assert_eq!(store.claim("two", 1_400, 500, 10).await.unwrap().len(), 0);
    assert_eq!(store.claim("two", 1_500, 500, 10).await.unwrap().len(), 1);
    let late = store.save("one", 1, progress(sealed(B256::ZERO))).await;
    assert!(matches!(late, Err(StoreError::LeaseLost(1))));
}

#[tokio::test]
async fn a_restart_takes_over_what_was_claimed() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.claim("killed", 1_000, 1_000_000, 10).await.unwrap();
    drop(store);
    let store = must_open(&dir).await;
    store.adopt().await.unwrap();
    assert_eq!(store.claim("new", 1_000, 1_000, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_process_on_one_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (must_open(&dir).await, must_open(&dir).await);
    one.adopt().await.unwrap();
    assert!(matches!(two.adopt().await, Err(StoreError::Held(_))));
}

#[tokio::test]
async fn operations_of_a_sender_get_successive_nonces() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let first = store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    let second = store.reserve_nonce(2, U256::ZERO, 5, None).await.unwrap();
    let again = store.reserve_nonce(1, U256::ZERO, 9, None).await.unwrap();
    assert_eq!([first, second, again], [Some(5), Some(6), Some(5)].map(|n| n.map(U256::from)));
}

#[tokio::test]
async fn a_nonce_that_the_caller_fixed_is_given_to_one_operation_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    assert!(store.reserve_nonce(1, U256::ONE, 0, Some(3)).await.unwrap().is_some());
    assert!(store.reserve_nonce(2, U256::ONE, 0, Some(3)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_nonce_that_no_cosigner_saw_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    must_claim_one(&store).await;
    store.save(WORKER, 1, progress(dropped(Vec::new()))).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let next = store.reserve_nonce(2, U256::ZERO, 5, None).await.unwrap();
    assert_eq!(next, Some(U256::from(5)));
}

#[tokio::test]
async fn a_nonce_that_cosigners_saw_blocks_its_lane() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    must_claim_one(&store).await;
    store.save(WORKER, 1, progress(dropped(vec![B256::repeat_byte(1)]))).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let lane = store.lane_state(2, None).await.unwrap();
    assert_eq!((lane.lane, lane.unsent_before), (U256::ONE, 0));
}

#[tokio::test]
async fn an_operation_waits_for_those_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let (first, second) =
        (store.lane_state(1, None).await.unwrap(), store.lane_state(2, None).await.unwrap());
    assert_eq!((first.unsent_before, first.pending_before), (0, 0));
    assert_eq!((second.unsent_before, second.pending_before), (1, 1));
}

#[tokio::test]
async fn an_operation_is_found_by_every_hash_it_ever_had() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    must_claim_one(&store).await;
    let hashes = [B256::repeat_byte(1), B256::repeat_byte(2)];
    for hash in hashes {
        store.save(WORKER, 1, progress(sealed(hash))).await.unwrap();
    }
    for hash in hashes {
        assert!(store.operation_by_hash(&caller(), hash).await.unwrap().is_some());
    }
    assert_eq!(store.timeline(1).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_child_is_given_to_one_wallet_and_a_named_one_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    assert_eq!(store.take_child_index("main").await.unwrap(), 0);
    assert_eq!(store.take_child_index("main").await.unwrap(), 1);
    store.put_wallet(&caller(), &wallet(SENDER)).await.unwrap();
    assert_eq!(store.take_child_index("main").await.unwrap(), 8);
    assert_eq!(store.take_child_index("other").await.unwrap(), 0);
}

#[tokio::test]
async fn a_wallet_belongs_to_the_caller_that_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    let other = Caller::new("other");
    store.put_wallet(&caller(), &wallet(SENDER)).await.unwrap();
    store.put_wallet(&other, &wallet(SENDER)).await.unwrap();
    assert_eq!(store.wallets(&caller()).await.unwrap(), [wallet(SENDER)]);
    assert!(store.wallet(&other, ChainId::new(1), SENDER).await.unwrap().is_none());
}
