//! `countersign-devnet up`, as a client of another language meets it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use countersign_devnet::{JsonRpc, LogDir, Process, ProcessOptions};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(240);

/// Waits until the manifest appears; it is written whole.
async fn must_come_up(devnet: &mut Process, manifest: &Path) -> Value {
    let text = devnet.ready(DEADLINE, || async { fs::read(manifest).ok() }).await.unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn keys(of: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = of.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn its_manifest_has_these_keys_and_its_gateway_answers() {
    let folder = tempfile::tempdir().unwrap();
    let logs = LogDir::temporary().unwrap();
    let start = ProcessOptions::new("devnet", env!("CARGO_BIN_EXE_countersign-devnet"))
        .args(["up", "--dir"])
        .arg(folder.path());
    let mut devnet = Process::start(start, &logs).unwrap();
    let file = folder.path().join("devnet.json");

    let manifest = must_come_up(&mut devnet, &file).await;

    // Clients in other languages name these: a rename is a breaking change.
    let expected = [
        "apiKey",
        "bundlerUrl",
        "chainId",
        "cosigners",
        "entryPoints",
        "factories",
        "gatewayUrl",
        "keys",
        "paymasterUrl",
        "paymasters",
        "rpcUrl",
        "simpleFactories",
        "target",
        "token",
    ];
    assert_eq!(keys(&manifest), expected);
    assert_eq!(keys(&manifest["entryPoints"]), ["0.6", "0.7", "0.8", "0.9"]);
    assert_eq!(keys(&manifest["factories"]), ["0.6", "0.7", "0.8", "0.9"]);
    assert_eq!(keys(&manifest["paymasters"]), ["0.7", "0.8", "0.9"]);
    let cosigners = manifest["cosigners"].as_array().unwrap();
    assert_eq!(cosigners.len(), 3);
    for cosigner in cosigners {
        assert_eq!(keys(cosigner), ["address", "config", "index", "log"]);
    }

    // And they are true.
    let text = |key: &str| manifest[key].as_str().unwrap().to_owned();
    let chain = json!(format!("{:#x}", manifest["chainId"].as_u64().unwrap()));
    for (url, key) in [(text("gatewayUrl"), text("apiKey")), (text("rpcUrl"), String::new())] {
        let rpc = JsonRpc::new(&url).unwrap().with_bearer(&key);
        assert_eq!(rpc.call::<Value>("eth_chainId", json!([])).await.unwrap(), chain, "{url}");
    }

    // Asked to end, it takes the manifest and everything that it started along.
    devnet.terminate().unwrap();
    let status = devnet.wait_for_exit(Duration::from_secs(30)).await.unwrap();
    assert!(status.success(), "{status}: {}", devnet.log_tail(20));
    assert!(!file.exists(), "the manifest of a world that is gone");
    let gateway = JsonRpc::new(text("gatewayUrl")).unwrap().with_bearer(text("apiKey"));
    let deadline = Instant::now() + Duration::from_secs(5);
    while gateway.call::<Value>("eth_chainId", json!([])).await.is_ok() {
        assert!(Instant::now() < deadline, "the gateway outlived the devnet");
        tokio::task::yield_now().await;
    }
}
