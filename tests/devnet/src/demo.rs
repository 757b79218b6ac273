//! `countersign-devnet demo`: one sponsored batch of two calls, from JSON-RPC to the chain.

use std::{
    fs,
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::{SolCall, SolValue},
};
use anyhow::{Context, bail, ensure};
use clap::Args;
use countersign_devnet::{JsonRpc, Wallet, Workspace, World, WorldOptions};
use countersign_userop::{AccountKind, EntryPointVersion};
use serde_json::{Value, json};

use crate::timeline::{Timeline, took};

const INCLUSION_DEADLINE: Duration = Duration::from_secs(60);
const AMOUNT: u64 = 250;
/// When the first part was started.
static START: OnceLock<Instant> = OnceLock::new();

sol! {
    function transfer(address to, uint256 amount) external returns (bool);
    function balanceOf(address owner) external view returns (uint256);
    function increment() external payable;
    function count() external view returns (uint256);
}

/// Send a sponsored batch through a fresh world.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The account contract: countersign or simple.
    #[arg(long, default_value = "countersign")]
    account: AccountKind,
    /// The EntryPoint: 0.6 to 0.9.
    #[arg(long, default_value = "0.8")]
    entry_point: EntryPointVersion,
    /// Let the wallet pay its own gas instead of our paymaster.
    #[arg(long)]
    unsponsored: bool,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let base = Workspace::locate()?.root().join(".devnet");
        let dir = base.join(format!("demo-{}", std::process::id()));
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        let outcome = self.play(dir.clone()).await;
        match outcome {
            Ok(last_line) => {
                fs::remove_dir_all(&dir)?;
                println!("{last_line}");
                Ok(())
            }
            Err(error) => Err(error.context(format!("demo failed; logs in {}", dir.display()))),
        }
    }

    async fn play(&self, dir: PathBuf) -> anyhow::Result<String> {
        START.get_or_init(Instant::now);
        println!(
            "starting chain, bundler, three cosigners and the gateway; logs in {}",
            dir.display()
        );
        let options = WorldOptions { dir: Some(dir), announce, ..WorldOptions::default() };
        let mut world = World::start(options).await?;
        let outcome = self.send(&mut world).await;
        // A failure here may be any part's: say which of them ended, and where all wrote.
        outcome.with_context(|| world.troubles())
    }

    async fn send(&self, world: &mut World) -> anyhow::Result<String> {
        let wallet = world.create_wallet(self.account, self.entry_point).await?;
        println!(
            "wallet {} ({} on EntryPoint {}), owned by child m/{} of the key: {}",
            wallet.address, self.account, self.entry_point, wallet.index, wallet.owner
        );
        let token = world.deployments().token;
        world.anvil().mint(token, wallet.address, U256::from(1_000)).await?;
        if self.unsponsored {
            let ether = U256::from(10).pow(U256::from(18));
            world.anvil().set_balance(wallet.address, ether).await?;
        }
        let begun = Instant::now();
        let rpc = world.rpc()?;
        let batch = self.batch(world, &wallet);
        let sent: Value = rpc.call("wallet_sendCalls", json!([batch])).await?;
        let id = sent["id"].as_str().context("wallet_sendCalls answered no id")?;
        wait(&rpc, id).await?;
        let total = begun.elapsed();
        let operation: Value = rpc.call("countersign_getOperation", json!([id])).await?;
        let timeline = Timeline::read(&operation)?;
        println!("{timeline}");
        self.check(world, &wallet).await?;
        Ok(format!(
            "demo: ok userOpHash={} tx={} sign_ms={} total_ms={}",
            timeline.user_op_hash,
            timeline.transaction_hash,
            timeline.sign_ms,
            total.as_millis()
        ))
    }

    /// Two calls: an ERC-20 transfer, and a contract that counts.
    fn batch(&self, world: &mut World, wallet: &Wallet) -> Value {
        let deployments = world.deployments();
        let transfer = transferCall { to: recipient(), amount: U256::from(AMOUNT) }.abi_encode();
        let payer = if self.unsponsored { "account" } else { "own" };
        json!({
            "version": "2.0.0",
            "from": wallet.address,
            "chainId": format!("{:#x}", world.manifest().chain_id),
            "atomicRequired": true,
            "calls": [
                {"to": deployments.token, "data": alloy::hex::encode_prefixed(transfer)},
                {"to": deployments.target,
                 "data": alloy::hex::encode_prefixed(incrementCall {}.abi_encode())},
            ],
            "capabilities": {"countersign": {"sponsor": payer}},
        })
    }

    /// The chain is asked itself whether both calls happened, and who paid.
    async fn check(&self, world: &mut World, wallet: &Wallet) -> anyhow::Result<()> {
        let (token, target) = (world.deployments().token, world.deployments().target);
        let anvil = world.anvil();
        let ask = balanceOfCall { owner: recipient() }.abi_encode().into();
        let received = U256::abi_decode(&anvil.call(token, ask).await?)?;
        ensure!(received == U256::from(AMOUNT), "the recipient has {received} tokens");
        let counted = anvil.call(target, countCall {}.abi_encode().into()).await?;
        let counted = U256::abi_decode(&counted)?;
        ensure!(counted == U256::ONE, "the second call was counted {counted} times");
        if !self.unsponsored {
            let balance: U256 =
                anvil.rpc().call("eth_getBalance", json!([wallet.address, "latest"])).await?;
            ensure!(balance.is_zero(), "a sponsored wallet without ether has {balance} wei");
        }
        Ok(())
    }
}

/// Says that a part is up, with the time since the start.
pub(crate) fn announce(part: &str) {
    println!("{} up: {part}", took(START.get_or_init(Instant::now).elapsed()));
}

const fn recipient() -> Address {
    Address::repeat_byte(0xb0)
}

async fn wait(rpc: &JsonRpc, id: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + INCLUSION_DEADLINE;
    loop {
        let status: Value = rpc.call("wallet_getCallsStatus", json!([id])).await?;
        match status["status"].as_u64() {
            Some(200) => return Ok(()),
            Some(100) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Some(100) => bail!("the batch is not included after {INCLUSION_DEADLINE:?}: {status}"),
            _ => bail!("the batch failed: {status}"),
        }
    }
}
