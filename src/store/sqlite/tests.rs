//! The store on SQLite: ids, claims, nonces, and what a second process may not do.

use alloy::primitives::{address, keccak256};
use countersign_userop::{AccountKind, AccountSpec, EntryPointVersion, UserOperation};
use serde_json::json;

use super::*;
use crate::{
    pipeline::{Draft, Dropped, Fixed, History, Intent, Sealed, Stage},
    service::{Failure, SponsorChoice},
};

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
            signature: None,
            trace: None,
        },
        body_hash: keccak256(body),
        stage: Stage::Draft(Draft { op: op() }),
        entry: entry("admit"),
    }
}

async fn must_claim_one(store: &SqliteStore) -> Lease {
    let mut claimed = store.claim(1_000, 60_000, 1).await.unwrap();
    claimed.pop().expect("one is due").lease
}

fn progress(stage: Stage) -> Progress {
    Progress {
        stage,
        entry: Some(entry("test")),
        release_until_ms: None,
        lease_until_ms: 100_000,
        attempts: 0,
        blocks_lane: false,
    }
}

/// A nonce of the default lane.
fn given(number: u64) -> Reservation {
    Reservation::Given(U256::from(number))
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
async fn an_operation_is_claimed_once_until_the_claim_runs_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    let first = store.claim(1_000, 500, 10).await.unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(store.claim(1_400, 500, 10).await.unwrap().len(), 0);
    // Also the same process must not write under a claim that ran out.
    assert_eq!(store.claim(1_500, 500, 10).await.unwrap().len(), 1);
    let late = store.save(&first[0].lease, 1, progress(sealed(B256::ZERO))).await;
    assert!(matches!(late, Err(StoreError::LeaseLost(1))));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_set_aside_and_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    for id in ["a", "b", "c"] {
        store.admit(intent(id, id)).await.unwrap();
    }
    sqlx::query("UPDATE operations SET state = '{}' WHERE id = 'b'")
        .execute(&store.pool)
        .await
        .unwrap();
    let claimed = |claimed: Vec<Claimed>| -> Vec<i64> {
        claimed.iter().map(|claimed| claimed.operation.seq).collect()
    };
    assert_eq!(claimed(store.claim(1_000, 500, 10).await.unwrap()), [1, 3]);
    assert_eq!(claimed(store.claim(9_000, 500, 10).await.unwrap()), [1, 3]);
    let error = store.operation(&caller(), "b").await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }));
}

#[tokio::test]
async fn a_restart_takes_over_what_was_claimed() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.claim(1_000, 1_000_000, 10).await.unwrap();
    drop(store);
    let store = must_open(&dir).await;
    store.adopt().await.unwrap();
    assert_eq!(store.claim(1_000, 1_000, 10).await.unwrap().len(), 1);
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
    assert_eq!([first, second, again], [5, 6, 5].map(given));
}

#[tokio::test]
async fn a_nonce_that_the_caller_fixed_must_be_the_next_of_chain_and_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let ask = |seq, chain, fixed| store.reserve_nonce(seq, U256::ONE, chain, Some(fixed));
    let lane = |number: u64| Reservation::Given((U256::ONE << 64) | U256::from(number));
    assert_eq!(ask(1, 3, 4).await.unwrap(), Reservation::Gap(3));
    assert_eq!(ask(1, 3, 2).await.unwrap(), Reservation::Used(3));
    assert_eq!(ask(1, 3, 3).await.unwrap(), lane(3));
    assert_eq!(ask(2, 3, 3).await.unwrap(), Reservation::Used(4));
    assert_eq!(ask(2, 3, 4).await.unwrap(), lane(4));
}

#[tokio::test]
async fn a_lane_whose_sequence_is_at_its_end_gives_nothing_and_never_wraps() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    for next in [i64::MAX as u64, u64::MAX] {
        let asked = store.reserve_nonce(1, U256::ZERO, next, None).await.unwrap();
        assert_eq!(asked, Reservation::Exhausted);
    }
}

#[tokio::test]
async fn an_operation_that_may_never_come_holds_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    let lease = must_claim_one(&store).await;
    let stuck = Progress { blocks_lane: true, ..progress(sealed(B256::repeat_byte(1))) };
    store.save(&lease, 1, stuck).await.unwrap();
    let lane = store.lane_state(2, None).await.unwrap();
    assert_eq!((lane.lane, lane.unsent_before, lane.pending_before), (U256::ONE, 0, 0));
    let named = store.lane_state(2, Some(U256::ZERO)).await.unwrap();
    assert!(named.is_blocked && !lane.is_blocked);
}

#[tokio::test]
async fn a_nonce_in_a_lane_that_closed_is_given_back_and_another_taken() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    store.reserve_nonce(2, U256::ZERO, 5, None).await.unwrap();
    let lease = must_claim_one(&store).await;
    store.save(&lease, 1, progress(dropped(vec![B256::repeat_byte(1)]))).await.unwrap();
    assert!(store.lane_state(2, None).await.unwrap().is_blocked);
    store.free_nonce(2).await.unwrap();
    let lane = store.lane_state(2, None).await.unwrap();
    assert_eq!((lane.lane, lane.reserved, lane.is_blocked), (U256::ONE, None, false));
}

#[tokio::test]
async fn a_nonce_that_no_cosigner_saw_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    let lease = must_claim_one(&store).await;
    store.save(&lease, 1, progress(dropped(Vec::new()))).await.unwrap();
    store.admit(intent("b", "two")).await.unwrap();
    let next = store.reserve_nonce(2, U256::ZERO, 5, None).await.unwrap();
    assert_eq!(next, given(5));
}

#[tokio::test]
async fn a_nonce_that_cosigners_saw_blocks_its_lane() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    store.admit(intent("a", "one")).await.unwrap();
    store.reserve_nonce(1, U256::ZERO, 5, None).await.unwrap();
    let lease = must_claim_one(&store).await;
    store.save(&lease, 1, progress(dropped(vec![B256::repeat_byte(1)]))).await.unwrap();
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
    let lease = must_claim_one(&store).await;
    let hashes = [B256::repeat_byte(1), B256::repeat_byte(2)];
    for hash in hashes {
        store.save(&lease, 1, progress(sealed(hash))).await.unwrap();
    }
    for hash in hashes {
        assert!(store.operation_by_hash(&caller(), hash).await.unwrap().is_some());
    }
    assert_eq!(store.timeline(1).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_child_belongs_to_the_caller_that_had_it_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    let (one, two) = (caller(), Caller::new("other"));
    assert_eq!(store.claim_child(&one, "main", Some(7)).await.unwrap(), Some(7));
    assert_eq!(store.claim_child(&one, "main", Some(7)).await.unwrap(), Some(7));
    assert_eq!(store.claim_child(&two, "main", Some(7)).await.unwrap(), None);
    assert_eq!(store.claim_child(&two, "other", Some(7)).await.unwrap(), Some(7));
}

#[tokio::test]
async fn children_that_callers_name_are_skipped_and_do_not_move_the_counter() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    let (one, two) = (caller(), Caller::new("other"));
    for named in [1, 2, 4, (1 << 31) - 1] {
        store.claim_child(&two, "main", Some(named)).await.unwrap();
    }
    let mut given = Vec::new();
    for _ in 0..4 {
        given.push(store.claim_child(&one, "main", None).await.unwrap());
    }
    assert_eq!(given, [0, 3, 5, 6].map(Some));
}

#[tokio::test]
async fn a_key_whose_children_are_all_taken_gives_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    let last = (1 << 31) - 1;
    sqlx::query("INSERT INTO child_counters (key, next) VALUES ('main', ?1)")
        .bind(i64::from(last))
        .execute(&store.pool)
        .await
        .unwrap();
    assert_eq!(store.claim_child(&caller(), "main", None).await.unwrap(), Some(last));
    assert_eq!(store.claim_child(&caller(), "main", None).await.unwrap(), None);
}

#[tokio::test]
async fn a_wallet_belongs_to_the_caller_that_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    let other = Caller::new("other");
    store.put_wallet(&caller(), &wallet(SENDER)).await.unwrap();
    store.put_wallet(&other, &wallet(SENDER)).await.unwrap();
    let all = WalletQuery { limit: 10, ..WalletQuery::default() };
    assert_eq!(store.wallets(&caller(), all).await.unwrap(), [(1, wallet(SENDER))]);
    assert!(store.wallets(&other, all).await.unwrap().is_empty());
    assert!(store.wallet(&other, ChainId::new(1), SENDER).await.unwrap().is_none());
}

#[tokio::test]
async fn wallets_are_listed_from_a_place_on_and_by_chain_and_address() {
    let dir = tempfile::tempdir().unwrap();
    let store = must_open(&dir).await;
    for byte in 1..=3 {
        store.put_wallet(&caller(), &wallet(Address::repeat_byte(byte))).await.unwrap();
    }
    let places = async |which| -> Vec<i64> {
        let found = store.wallets(&caller(), which).await.unwrap();
        found.into_iter().map(|(place, _)| place).collect()
    };
    let all = WalletQuery { limit: 10, ..WalletQuery::default() };
    assert_eq!(places(WalletQuery { limit: 2, ..all }).await, [1, 2]);
    assert_eq!(places(WalletQuery { after: 2, ..all }).await, [3]);
    assert_eq!(places(WalletQuery { address: Some(Address::repeat_byte(2)), ..all }).await, [2]);
    assert!(places(WalletQuery { chain: Some(ChainId::new(2)), ..all }).await.is_empty());
}
