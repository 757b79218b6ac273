//! The gateway is told to stop while an operation is in a step.

use std::time::{Duration, Instant};

use countersign_devnet::{HostileServer, Reply};
use countersign_userop::EntryPointVersion;
use serde_json::Value;

use crate::breakable::breakable;
use crate::shared::must_settle;

/// A bundler's silence ends the step before the gateway would cut it off.
const DEADLINES: &str = "\n[deadlines]\nbundler_ms = 2000\nshutdown_ms = 6000\n";

#[tokio::test]
async fn a_gateway_told_to_stop_lets_a_step_end_and_the_operation_lands_after_a_restart() {
    let mut held = breakable().await;
    let real = held.world.alto().url().to_owned();
    let bundler = HostileServer::start(Reply::Forward(real.clone())).await.unwrap();
    let file = held.world.gateway().config().to_owned();
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(!config.contains("[deadlines]"), "{config}");
    std::fs::write(&file, config.replace(&real, &bundler.url()) + DEADLINES).unwrap();
    held.must_restart_gateway().await;
    let wallet = held.must_create_wallet(EntryPointVersion::V0_8).await;
    bundler.answer_method_with("eth_sendUserOperation", Reply::Hang);
    let batch = held.sponsored_mint(&wallet, "stopped");
    held.must_send(batch).await;
    let sending = |_: &Value| bundler.count("eth_sendUserOperation") > 0;
    held.must_tell_until("stopped", sending).await;

    let told = Instant::now();
    held.world.gateway().process().terminate().unwrap();
    let status = held.world.gateway().process().wait_for_exit(Duration::from_secs(6)).await;
    assert!(status.unwrap().success(), "after {:?}", told.elapsed());
    // What protects less than it could was said at start.
    let log = held.world.gateway().process().log().unwrap();
    assert!(log.contains("do not sign their intents") && log.contains("dev = true"), "{log}");
    assert!(log.contains("stopped") && !log.contains("cut off"), "{log}");

    bundler.answer_with(Reply::Forward(real));
    held.must_restart_gateway().await;
    let status = must_settle(&held.rpc(), "stopped").await;
    assert_eq!(status["status"], 200, "{status:#}");
    held.ledger().must_have_landed_once_each(&wallet, 1).await;
}
