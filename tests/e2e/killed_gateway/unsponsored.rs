//! The wallet pays for itself: fewer steps, none of them the paymaster's.

use countersign_userop::EntryPointVersion;
use serde_json::json;

use crate::breakable::breakable;
use crate::shared::must_settle;

/// The points at which a nonce, a price, a signature or a submission may be lost.
const POINTS: [&str; 5] = ["reserved", "priced", "countersigned", "accepted", "submitted"];

#[tokio::test]
async fn a_gateway_killed_on_the_way_of_an_intent_that_nobody_sponsors_lands_it_once() {
    let mut held = breakable().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    held.ledger().must_fund(wallet.address).await;
    let payer = json!({ "countersign": { "sponsor": "account" } });
    for (sent, point) in POINTS.into_iter().enumerate() {
        let id = format!("unsponsored-killed-at-{point}");
        let batch = held.mint(&wallet, &id, &payer);
        held.must_kill_once(point, &batch).await;
        held.must_send(batch).await;
        let status = must_settle(&held.rpc(), &id).await;
        assert_eq!(status["status"], 200, "after {point}: {status:#}");
        held.ledger().must_have_landed_once_each(&wallet, sent + 1).await;
    }
}
