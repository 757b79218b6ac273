//! One world for all stories that disturb nobody else's; a story that kills a part starts its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use countersign_devnet::{JsonRpc, Manifest, RpcFailure, Workspace, World, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const INCLUSION_DEADLINE: Duration = Duration::from_secs(60);

/// Makes a good request a bad one.
pub(crate) type Change = fn(&mut Value);

/// What a story needs to know of the shared world.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) manifest: Manifest,
    config: PathBuf,
    _world: World,
}

/// The shared world; the first story to ask starts it.
pub(crate) async fn scene() -> &'static Scene {
    static SCENE: OnceCell<Scene> = OnceCell::const_new();
    SCENE.get_or_init(|| Scene::must_start(WorldOptions::default())).await
}

impl Scene {
    /// A world of its own, for stories that need another than the shared one.
    pub(crate) async fn must_start(options: WorldOptions) -> Self {
        let world = World::start(options).await.unwrap();
        let config = world.logs().path().join("gateway/gateway.toml");
        Self { manifest: world.manifest(), config, _world: world }
    }

    /// A client that presents the world's own API key.
    pub(crate) fn rpc(&self) -> JsonRpc {
        self.rpc_with(&self.manifest.api_key)
    }

    /// A client that presents this key.
    pub(crate) fn rpc_with(&self, key: &str) -> JsonRpc {
        JsonRpc::new(&self.manifest.gateway_url).unwrap().with_bearer(key)
    }

    /// Runs `countersign key …` beside the running gateway.
    pub(crate) fn must_key(&self, args: &[&str]) -> Value {
        let program = Workspace::locate().unwrap().binary("countersign").unwrap();
        let output = Command::new(program)
            .arg("key")
            .args(args)
            .args(["--json", "--config"])
            .arg(&self.config)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The folder with the gateway's identity and the committee file.
    pub(crate) fn gateway_dir(&self) -> &Path {
        self.config.parent().unwrap()
    }

    /// The chain as wallets write it.
    pub(crate) fn chain(&self) -> String {
        format!("{:#x}", self.manifest.chain_id)
    }

    /// A new wallet of this caller.
    pub(crate) async fn must_create_wallet(
        &self,
        rpc: &JsonRpc,
        kind: AccountKind,
        version: EntryPointVersion,
    ) -> Value {
        must_create_wallet(&self.manifest, rpc, kind, version).await
    }

    /// A batch of EIP-5792 that our own paymaster pays for.
    pub(crate) fn batch(&self, from: &Value, id: &str, calls: Value) -> Value {
        batch(&self.manifest, from, id, calls)
    }
}

/// A new wallet of this caller, in any world.
pub(crate) async fn must_create_wallet(
    world: &Manifest,
    rpc: &JsonRpc,
    kind: AccountKind,
    version: EntryPointVersion,
) -> Value {
    let wallet = json!({
        "key": world.keys.accounts, "chainId": format!("{:#x}", world.chain_id), "kind": kind,
        "entryPointVersion": version,
    });
    rpc.call("countersign_createWallet", json!([wallet])).await.unwrap()
}

/// A batch of EIP-5792 that our own paymaster pays for, in any world.
pub(crate) fn batch(world: &Manifest, from: &Value, id: &str, calls: Value) -> Value {
    json!([{
        "version": "2.0.0", "id": id, "from": from, "chainId": format!("{:#x}", world.chain_id),
        "atomicRequired": true, "calls": calls,
        "capabilities": { "countersign": { "sponsor": "own" } },
    }])
}

/// Follows calls until they are no longer pending.
pub(crate) async fn must_settle(rpc: &JsonRpc, id: &str) -> Value {
    let deadline = Instant::now() + INCLUSION_DEADLINE;
    loop {
        let status: Value = rpc.call("wallet_getCallsStatus", json!([id])).await.unwrap();
        if status["status"] != 100 {
            return status;
        }
        assert!(Instant::now() < deadline, "still pending: {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The failure of a call that must not be answered.
pub(crate) async fn must_refuse(rpc: &JsonRpc, method: &str, params: Value) -> RpcFailure {
    match rpc.call::<Value>(method, params).await {
        Ok(answer) => panic!("{method} was answered: {answer}"),
        Err(failure) => failure,
    }
}
