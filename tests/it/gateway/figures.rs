//! The figures that the gateway shows, and the dashboard that reads them.

use std::collections::BTreeSet;

use alloy::primitives::U256;
use alloy::sol_types::SolCall as _;
use countersign::{MetricsServer, SponsorChoice, StageName};
use countersign_devnet::Reply;
use countersign_userop::{Call, EntryPointVersion};
use serde_json::{Value, json};

use super::{
    stand_in::Manners,
    world::{Setting, World, gift, steps},
};

alloy::sol! {
    function refuseWithReason(string reason);
}

const DASHBOARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana/countersign.json");

/// The names of the figures that a query of the dashboard reads.
fn names(expression: &str) -> impl Iterator<Item = String> + '_ {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = expression.split(move |c| !word(c));
    words.filter(|word| word.starts_with("countersign_")).map(str::to_owned)
}

/// What there is to read once every kind of thing has happened.
async fn must_read_after_all_that_can_happen() -> String {
    let server = MetricsServer::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let (rpc, key) = world.serve().await;
    let landed = world.send(&wallet, vec![gift(0x81)], SponsorChoice::Account).await;
    world.must_include(&landed).await;

    // Estimated well, and reverting by the time that it lands.
    let data = refuseWithReasonCall { reason: "no".into() }.abi_encode();
    let call = Call { to: world.deployments.target, value: U256::ZERO, data: data.into() };
    let op = json!({
        "sender": wallet.address,
        "callData": wallet.account.encode_calls(&[call]).unwrap(),
        "callGasLimit": "0x30000", "verificationGasLimit": "0x30000", "preVerificationGas": "0x20000",
    });
    let reverting = countersign::SendUserOperation {
        id: Some("reverts".into()),
        chain: wallet.chain,
        entry_point: wallet.entry_point,
        op,
        sponsor: SponsorChoice::Account,
        signature: None,
    };
    world.gateway.send_user_operation(&World::caller(), reverting).await.unwrap();
    world.until("reverts", &[StageName::Reverted]).await;

    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));
    for sponsor in [SponsorChoice::Account, SponsorChoice::Own] {
        let refused = world.send(&wallet, vec![gift(0x82)], sponsor).await;
        world.until(&refused, &[StageName::Dropped]).await;
    }
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    world.bundler.answer_with(Reply::Raw(503, "busy".into()));
    let held = world.send(&wallet, vec![gift(0x83)], SponsorChoice::Account).await;
    world.until_it(&held, |op| steps(op).contains(&"retry")).await;

    let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let call = reqwest::Client::new()
        .post(format!("http://{}/", rpc.address()))
        .header("content-type", "application/json")
        .bearer_auth(&key)
        .body(body);
    call.send().await.unwrap();
    let text = reqwest::get(format!("http://{}/metrics", server.address())).await.unwrap();
    let text = text.text().await.unwrap();
    for secret in ["://", "127.0.0.1", &key] {
        assert!(!text.contains(secret), "{secret} is among the figures:\n{text}");
    }
    rpc.stop().await;
    text
}

#[tokio::test]
async fn every_figure_of_the_dashboard_is_one_that_the_gateway_shows() {
    let dashboard: Value =
        serde_json::from_str(&std::fs::read_to_string(DASHBOARD).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let wanted: BTreeSet<_> =
        targets.flat_map(|target| names(target["expr"].as_str().unwrap())).collect();
    assert!(wanted.len() >= 10, "the dashboard is not read: {wanted:?}");

    let text = must_read_after_all_that_can_happen().await;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let shown: BTreeSet<_> = lines.filter_map(|line| names(line).next()).collect();
    let missing: Vec<_> = wanted.difference(&shown).collect();
    assert!(missing.is_empty(), "no such figures: {missing:?} among {shown:?}");
    // And every figure is on the dashboard.
    let plain = |name: &String| !name.ends_with("_sum") && !name.ends_with("_count");
    let unread: Vec<_> = shown.difference(&wanted).filter(|name| plain(name)).collect();
    assert!(unread.is_empty(), "not on the dashboard: {unread:?}");

    for line in [
        r#"countersign_signing_total{outcome="denied",rule="test_rule"}"#,
        r#"countersign_paymaster_denials_total{reason="test_rule"} 1"#,
        r#"countersign_endpoint_errors_total{endpoint="bundler"}"#,
        r#"outcome="reverted"} 1"#,
        r#"countersign_rpc_calls_total{method="eth_chainId",code="0"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
}

#[tokio::test]
async fn figures_are_shown_on_this_machine_only() {
    let refused = MetricsServer::start("0.0.0.0:0".parse().unwrap()).await;
    assert!(refused.is_err(), "{refused:?}");
}
