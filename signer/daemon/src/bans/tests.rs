//! A ban is for ever: over restarts, for every child, from whatever thread it is called.

use std::sync::{Arc, mpsc};

use countersign_threshold::{Gates, fixtures};

use super::*;

const ROOT: [u8; 33] = [2; 33];

fn party(index: u8) -> PartyId {
    PartyId::new(index).unwrap()
}

#[tokio::test]
async fn a_ban_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();
    let bans = KeyBans::load(store.clone(), &ROOT).await.unwrap();

    bans.ban(party(2), "wrong correlation check").unwrap();
    drop((bans, store));

    let store = Store::open(&path).await.unwrap();
    let bans = KeyBans::load(store, &ROOT).await.unwrap();
    assert!(bans.is_banned(party(2)).unwrap());
    assert!(!bans.is_banned(party(3)).unwrap());
    let reason = "wrong correlation check".to_owned();
    assert_eq!(bans.all(), [Ban { party: party(2), reason }]);
}

#[tokio::test]
async fn a_ban_belongs_to_one_root_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    KeyBans::load(store.clone(), &ROOT).await.unwrap().ban(party(2), "x").unwrap();

    let other = KeyBans::load(store, &[3; 33]).await.unwrap();

    assert!(!other.is_banned(party(2)).unwrap());
}

#[tokio::test]
async fn the_first_reason_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cosigner.db");
    let store = Store::open(&path).await.unwrap();
    let bans = KeyBans::load(store.clone(), &ROOT).await.unwrap();
    bans.ban(party(2), "first").unwrap();
    bans.ban(party(2), "second").unwrap();

    let again = KeyBans::load(store, &ROOT).await.unwrap();

    assert_eq!(again.all(), bans.all());
    assert_eq!(again.all().first().unwrap().reason, "first");
}

#[test]
fn a_ban_is_written_while_the_store_is_held_and_no_worker_waits_for_it() {
    // given a runtime of one worker, and a task on it that holds the store for as long as it takes
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let banned = runtime.unwrap().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
            let bans = Arc::new(KeyBans::load(store.clone(), &ROOT).await.unwrap());
            let gates = Gates::new(Arc::clone(&bans) as Arc<dyn BanLedger>);
            let worker = tokio::spawn({
                let (store, gates) = (store.clone(), Arc::clone(&gates));
                async move {
                    let held = store.connection().await;
                    // when a check fails on another thread, and the worker asks the gate
                    let ban = move |gates: &Gates| fixtures::ban(gates, party(2), "wrong check");
                    let banning = Arc::clone(&gates);
                    let banned = tokio::task::spawn_blocking(move || ban(&banning));
                    while gates.check(&[party(2)]).is_ok() {
                        tokio::task::yield_now().await;
                    }
                    banned.await.unwrap().unwrap();
                    drop(held);
                }
            });
            worker.await.unwrap();
            KeyBans::load(store, &ROOT).await.unwrap().all()
        });
        done.send(banned).unwrap();
    });
    // then the row is there
    let banned = ended.recv_timeout(Duration::from_secs(20)).expect("they wait for each other");
    assert_eq!(banned.first().map(|ban| ban.party), Some(party(2)));
}

#[tokio::test]
async fn a_ban_that_cannot_be_written_still_holds_here() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    let bans = KeyBans::load(store.clone(), &ROOT).await.unwrap();
    let mut connection = store.connection().await;
    sqlx::raw_sql("DROP TABLE ban").execute(&mut *connection).await.unwrap();
    drop(connection);

    assert!(bans.ban(party(2), "x").is_err());
    assert!(bans.is_banned(party(2)).unwrap());
}

#[tokio::test]
async fn spoiled_signatures_are_counted_per_peer() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("cosigner.db")).await.unwrap();
    for peer in [2, 3, 2] {
        store.count_spoiled(&ROOT, party(peer)).await.unwrap();
    }
    assert_eq!(store.spoiled(&ROOT).await.unwrap(), [(2, 2), (3, 1)]);
}
