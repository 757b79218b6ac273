//! A world whose cosigners may be stopped, one story at a time.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, keccak256};
use countersign_devnet::{CosignerProcess, JsonRpc, Wallet, World, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::shared::must_settle;

const EVENT: &str = "UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)";

/// The world, for as long as one story has it.
pub(super) struct Arena {
    world: MutexGuard<'static, World>,
}

/// Waits for the world and mends what an earlier story left broken.
pub(super) async fn arena() -> Arena {
    static WORLD: OnceCell<Mutex<World>> = OnceCell::const_new();
    let start = || async { Mutex::new(World::start(WorldOptions::default()).await.unwrap()) };
    let mut arena = Arena { world: WORLD.get_or_init(start).await.lock().await };
    for index in 1..=3 {
        arena.mend(index).await;
    }
    arena
}

impl Arena {
    pub(super) fn rpc(&self) -> JsonRpc {
        self.world.rpc().unwrap()
    }

    pub(super) fn cosigner(&mut self, index: u8) -> &mut CosignerProcess {
        &mut self.world.cosigners()[usize::from(index) - 1]
    }

    pub(super) fn kill(&mut self, index: u8) {
        self.cosigner(index).process().kill().unwrap();
    }

    /// Starts it again so that it dies when it reaches this point.
    pub(super) async fn arm(&mut self, index: u8, point: &str) {
        self.cosigner(index).set_env("COUNTERSIGN_FAULT", point);
        self.cosigner(index).restart().await.unwrap();
        self.cosigner(index).clear_env();
    }

    /// Lets a frozen cosigner go on, and starts a dead one again.
    pub(super) async fn mend(&mut self, index: u8) {
        let cosigner = self.cosigner(index);
        if cosigner.process().is_running() {
            cosigner.process().thaw().unwrap();
        } else {
            cosigner.restart().await.unwrap();
        }
    }

    /// The gateway's process id: the same as long as nobody restarts it.
    pub(super) fn gateway_id(&mut self) -> u32 {
        let gateway = self.world.gateway().process();
        assert!(gateway.is_running(), "{}", gateway.log_tail(20));
        gateway.id()
    }

    pub(super) async fn must_create_wallet(&self) -> Wallet {
        let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_8);
        self.world.create_wallet(kind, version).await.unwrap()
    }

    pub(super) async fn must_send(&self, wallet: &Wallet, id: &str) {
        let target = self.world.deployments().target;
        let batch = json!([{
            "version": "2.0.0", "id": id, "from": wallet.address, "atomicRequired": true,
            "chainId": format!("{:#x}", self.world.manifest().chain_id),
            "calls": [{ "to": target, "data": "0xd09de08a" }],
            "capabilities": { "countersign": { "sponsor": "own" } },
        }]);
        self.rpc().call::<Value>("wallet_sendCalls", batch).await.unwrap();
    }

    /// Follows the operation to its good end; its timeline.
    pub(super) async fn must_land(&self, id: &str) -> Value {
        let rpc = self.rpc();
        let status = must_settle(&rpc, id).await;
        let told: Value = rpc.call("countersign_getOperation", json!([id])).await.unwrap();
        assert_eq!(status["status"], 200, "{status}: {told}");
        told
    }

    /// How many operations of the wallet the chain has seen, whoever brought them there.
    pub(super) async fn landed(&self, wallet: &Wallet) -> usize {
        let topic = |address: Address| address.into_word();
        let filter = json!([{
            "fromBlock": "0x0", "address": wallet.entry_point,
            "topics": [keccak256(EVENT), null, topic(wallet.address)],
        }]);
        let node = JsonRpc::new(self.world.manifest().rpc_url).unwrap();
        let logs: Vec<Value> = node.call("eth_getLogs", filter).await.unwrap();
        logs.len()
    }

    /// Follows an operation until its timeline tells of a retry, which it does within `within`; what it says.
    pub(super) async fn must_retry(&self, id: &str, within: Duration) -> Value {
        let (rpc, deadline) = (self.rpc(), Instant::now() + within);
        loop {
            let told: Value = rpc.call("countersign_getOperation", json!([id])).await.unwrap();
            let timeline = told["timeline"].as_array().unwrap();
            if let Some(entry) = timeline.iter().find(|entry| entry["step"] == "retry") {
                return entry.clone();
            }
            assert!(Instant::now() < deadline, "no retry: {told}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The quorum that signed, by the timeline.
pub(super) fn quorum(told: &Value) -> Value {
    let timeline = told["timeline"].as_array().unwrap();
    let signed = timeline.iter().find(|entry| entry["step"] == "sign");
    signed.unwrap_or_else(|| panic!("nobody signed: {told}"))["detail"]["quorum"].clone()
}
