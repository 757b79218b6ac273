//! An approval that runs out while the bundler sits on the operation.

use std::time::Duration;

use countersign_devnet::Bundling;
use countersign_userop::EntryPointVersion;

use crate::breakable::{breakable, has_step};
use crate::shared::must_settle;

/// Longer than an approval of the devnet holds.
const LATER: Duration = Duration::from_secs(700);

#[tokio::test]
async fn an_expired_approval_is_replaced_under_the_same_nonce_even_if_the_gateway_dies_of_it() {
    let mut held = breakable().await;
    for version in [EntryPointVersion::V0_7, EntryPointVersion::V0_9] {
        let wallet = held.must_create_wallet(version).await;
        held.world.alto().set_bundling(Bundling::Manual).await.unwrap();
        let id = format!("expired-{version}");
        let batch = held.sponsored_mint(&wallet, &id);
        held.must_send(batch).await;
        let first = held.must_tell_until(&id, |told| told["stage"] == "submitted").await;

        held.must_arm("replaced");
        held.world.anvil().advance_time(LATER).await.unwrap();
        held.must_have_aborted("replaced").await;
        held.world.alto().set_bundling(Bundling::Auto).await.unwrap();
        held.must_restart_gateway().await;

        let status = must_settle(&held.rpc(), &id).await;
        assert_eq!(status["status"], 200, "{version}: {status:#}");
        let landed = held.must_tell_until(&id, |told| has_step(told, "include")).await;
        assert_eq!(landed["userOperation"]["nonce"], first["userOperation"]["nonce"]);
        assert_ne!(landed["userOpHash"], first["userOpHash"], "the approval is a new one");
        held.ledger().must_have_landed_once_each(&wallet, 1).await;
    }
}
