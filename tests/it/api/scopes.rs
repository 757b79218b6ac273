//! Keys that open a part, or for a time.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use countersign::{NewKey, Scope};
use countersign_userop::ChainId;
use serde_json::{Value, json};

use super::gateway::TestGateway;

const CHAIN_ID: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

/// A change of a key shall count in less.
const IN_FORCE: Duration = Duration::from_secs(5);

fn must_key(folder: &Path, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("key")
        .args(args)
        .arg("--json")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn bearer(made: &Value) -> String {
    format!("Bearer {}", made["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_key_opens_only_the_methods_and_chains_that_it_names() {
    let gateway = TestGateway::must_start().await;
    let ask = async |chains: u64, body: &str| {
        let scope = Scope {
            methods: Some(["eth_*".to_owned()].into()),
            chains: Some([ChainId::new(chains)].into()),
            ..Scope::default()
        };
        let name = format!("for-{chains}-{}", body.len());
        let new = NewKey { name, caller: Some("shop".into()), scope, lasts: None };
        let key = gateway.keys.create(new).await.unwrap().0;
        gateway.must_post(Some(&format!("Bearer {}", key.expose())), body).await
    };
    assert_eq!(ask(31_337, CHAIN_ID).await.1["result"], "0x7a69");
    let (status, other_chain) = ask(1, CHAIN_ID).await;
    assert_eq!((status, &other_chain["error"]["code"]), (200, &json!(4100)), "{other_chain}");
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"countersign_listWallets"}"#;
    let (_, other_method) = ask(31_337, list).await;
    assert_eq!(other_method["error"]["code"], 4100, "{other_method}");
    assert!(other_method["error"]["message"].as_str().unwrap().contains("countersign_listWallets"));
    gateway.stop().await;
}

#[tokio::test]
async fn a_key_ends_when_its_time_is_over() {
    let gateway = TestGateway::must_start().await;
    let made = must_key(gateway.folder.path(), &["create", "brief", "--expires-in", "2s"]);
    let ends = Duration::from_secs(made["expiresAt"].as_u64().unwrap());
    let since_1970 = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    loop {
        let before = since_1970();
        let (status, _) = gateway.must_post(Some(&bearer(&made)), CHAIN_ID).await;
        if status == 401 {
            assert!(since_1970() >= ends, "it ended too soon");
            break;
        }
        assert!(before < ends + IN_FORCE, "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.stop().await;
}

#[tokio::test]
async fn a_rotated_and_a_revoked_key_count_at_once_in_a_gateway_that_runs() {
    let gateway = TestGateway::must_start().await;
    let folder = gateway.folder.path();
    let opens = async |made: &Value| gateway.must_post(Some(&bearer(made)), CHAIN_ID).await.0;
    let first = must_key(folder, &["create", "till", "--for", "shop"]);
    let second = must_key(folder, &["rotate", "till", "--overlap", "1h"]);
    assert_eq!((opens(&first).await, opens(&second).await), (200, 200));
    assert_eq!(second["caller"], "shop");
    let third = must_key(folder, &["rotate", "till"]);
    let since = Instant::now();
    assert_eq!((opens(&second).await, opens(&third).await), (401, 200));
    must_key(folder, &["revoke", "till"]);
    assert_eq!((opens(&first).await, opens(&third).await), (401, 401));
    assert!(since.elapsed() < IN_FORCE, "{:?}", since.elapsed());
    gateway.stop().await;
}
