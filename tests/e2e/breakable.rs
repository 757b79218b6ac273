//! A world for the stories that break parts of it, one story at a time.

use std::time::{Duration, Instant};

use countersign_devnet::{Bundling, JsonRpc, Wallet, World, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::ledger::{Ledger, call, mintCall};

const DEADLINE: Duration = Duration::from_secs(60);

/// The world, and how its gateway was configured before any story changed that.
#[derive(Debug)]
pub(crate) struct Breakable {
    pub(crate) world: World,
    config: String,
}

/// The world, whole, for as long as the story holds it; the first story to ask starts it.
pub(crate) async fn breakable() -> MutexGuard<'static, Breakable> {
    static WORLD: OnceCell<Mutex<Breakable>> = OnceCell::const_new();
    let start = || async {
        let mut world = World::start(WorldOptions::default()).await.unwrap();
        let config = std::fs::read_to_string(world.gateway().config()).unwrap();
        Mutex::new(Breakable { world, config })
    };
    let mut held = WORLD.get_or_init(start).await.lock().await;
    held.must_mend().await;
    held
}

impl Breakable {
    /// Puts right what an earlier story left broken.
    async fn must_mend(&mut self) {
        self.world.alto().set_bundling(Bundling::Auto).await.unwrap();
        let config = self.world.gateway().config().to_owned();
        let changed = std::fs::read_to_string(&config).unwrap() != self.config;
        if changed || !self.world.gateway().process().is_running() {
            std::fs::write(config, &self.config).unwrap();
            self.must_restart_gateway().await;
        }
    }

    /// Kills the gateway if it still runs, and starts it without any fault.
    pub(crate) async fn must_restart_gateway(&mut self) {
        self.world.gateway().clear_env();
        self.world.gateway().restart().await.unwrap();
    }

    /// Restarts the gateway with another bundler.
    pub(crate) async fn must_put_before_bundler(&mut self, url: &str) {
        let real = self.world.alto().url().to_owned();
        assert!(self.config.contains(&real), "the gateway has another bundler");
        std::fs::write(self.world.gateway().config(), self.config.replace(&real, url)).unwrap();
        self.must_restart_gateway().await;
    }

    pub(crate) fn rpc(&self) -> JsonRpc {
        self.world.rpc().unwrap()
    }

    pub(crate) fn ledger(&mut self) -> Ledger {
        Ledger::of(self.world.anvil().url())
    }

    pub(crate) async fn must_create_wallet(&self, version: EntryPointVersion) -> Wallet {
        self.world.create_wallet(AccountKind::Countersign, version).await.unwrap()
    }

    /// A batch that mints one token to the wallet; `capabilities` say who pays.
    pub(crate) fn mint(&mut self, wallet: &Wallet, id: &str, capabilities: &Value) -> Value {
        let mint = mintCall { to: wallet.address, amount: alloy::primitives::U256::ONE };
        json!([{
            "version": "2.0.0", "id": id, "from": wallet.address, "atomicRequired": true,
            "chainId": format!("{:#x}", self.world.anvil().chain_id()),
            "calls": [call(self.world.deployments().token, &mint)],
            "capabilities": capabilities,
        }])
    }

    /// The same, paid by our own paymaster.
    pub(crate) fn sponsored_mint(&mut self, wallet: &Wallet, id: &str) -> Value {
        self.mint(wallet, id, &json!({ "countersign": { "sponsor": "own" } }))
    }

    pub(crate) async fn must_send(&self, batch: Value) {
        self.rpc().call::<Value>("wallet_sendCalls", batch).await.unwrap();
    }

    /// What the gateway tells of an operation once `done` is satisfied with it.
    pub(crate) async fn must_tell_until(&self, id: &str, done: impl Fn(&Value) -> bool) -> Value {
        let rpc = self.rpc();
        let deadline = Instant::now() + DEADLINE;
        loop {
            let told: Value = rpc.call("countersign_getOperation", json!([id])).await.unwrap();
            if done(&told) {
                return told;
            }
            assert!(Instant::now() < deadline, "not yet: {told:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Whether an operation's timeline has the step.
pub(crate) fn has_step(told: &Value, step: &str) -> bool {
    told["timeline"].as_array().unwrap().iter().any(|entry| entry["step"] == step)
}
