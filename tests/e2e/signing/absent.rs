//! Cosigners that are down, and that come back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::arena::{arena, quorum};
use crate::shared::must_refuse;

/// What the gateway allows for a signature, over all quorums that it tries (`sign_ms`).
const SIGN_DEADLINE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn each_two_of_three_sign_while_the_third_is_down() {
    let mut arena = arena().await;
    let wallet = arena.must_create_wallet().await;
    for (at, (down, pair)) in [(3, [1, 2]), (2, [1, 3]), (1, [2, 3])].into_iter().enumerate() {
        arena.kill(down);
        let id = format!("without cosigner {down}");
        arena.must_send(&wallet, &id).await;
        let told = arena.must_land(&id).await;
        assert_eq!(quorum(&told), json!(pair), "{told}");
        assert_eq!(arena.landed(&wallet).await, at + 1);
        arena.mend(down).await;
    }
}

#[tokio::test]
async fn one_cosigner_that_hangs_is_left_out_and_the_others_serve() {
    let mut arena = arena().await;
    arena.cosigner(2).process().freeze().unwrap();
    // A wallet of its own: the owner is derived by the two that answer.
    let wallet = arena.must_create_wallet().await;
    arena.must_send(&wallet, "while one hangs").await;
    let told = arena.must_land("while one hangs").await;
    assert_eq!(quorum(&told), json!([1, 3]), "{told}");
    assert_eq!(arena.landed(&wallet).await, 1);
    arena.mend(2).await;
}

#[tokio::test]
async fn two_down_is_told_in_time_and_ends_when_one_returns() {
    let mut arena = arena().await;
    let gateway = arena.gateway_id();
    let wallet = arena.must_create_wallet().await;
    arena.kill(1);
    arena.cosigner(3).process().freeze().unwrap();

    let asked = Instant::now();
    let chain = arena.rpc().call::<String>("eth_chainId", json!([])).await.unwrap();
    let other = json!([{
        "key": "wallets", "chainId": chain, "kind": "countersign", "entryPointVersion": "0.8",
    }]);
    let failure = must_refuse(&arena.rpc(), "countersign_createWallet", other).await;
    assert_eq!(failure.code(), Some(-32050), "{failure}");
    assert!(asked.elapsed() < SIGN_DEADLINE, "told after {:?}", asked.elapsed());

    arena.must_send(&wallet, "while two are down").await;
    // The step itself says how long it took, whatever came before it.
    let retry = arena.must_retry("while two are down", SIGN_DEADLINE).await;
    assert_eq!(retry["detail"]["kind"], "quorum_unavailable", "{retry}");
    let took = Duration::from_millis(retry["tookMs"].as_u64().unwrap());
    assert!(took < SIGN_DEADLINE, "{retry}");
    assert_eq!(arena.landed(&wallet).await, 0);

    arena.mend(1).await;
    let told = arena.must_land("while two are down").await;
    assert_eq!(quorum(&told), json!([1, 2]), "{told}");
    assert_eq!(arena.landed(&wallet).await, 1);
    assert_eq!(arena.gateway_id(), gateway, "the gateway was restarted");
    let known: Value = arena.rpc().call("countersign_listWallets", json!([])).await.unwrap();
    assert!(known.to_string().contains(&format!("{:?}", wallet.address).to_lowercase()));
    arena.mend(3).await;
}
