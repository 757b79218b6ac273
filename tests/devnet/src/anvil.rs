//! The chain: an Anvil process and what tests do to it.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
};
use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::{DevKey, JsonRpc, LogDir, Process, ProcessOptions, Workspace};

const START_DEADLINE: Duration = Duration::from_secs(15);
const RECEIPT_DEADLINE: Duration = Duration::from_secs(15);
/// Enough for any deployment here and below the cap of one transaction (EIP-7825).
const GAS: u64 = 12_000_000;

/// How the chain is started.
#[derive(Debug, Clone)]
pub struct AnvilOptions {
    /// Where the log goes; a folder of its own if none.
    pub logs: Option<LogDir>,
    /// The chain id.
    pub chain_id: u64,
    /// Seconds between blocks; `None` mines a block for each transaction at once.
    pub block_time: Option<Duration>,
    /// The port; 0 takes a free one.
    pub port: u16,
}

impl Default for AnvilOptions {
    fn default() -> Self {
        Self { logs: None, chain_id: 31_337, block_time: None, port: 0 }
    }
}

/// A running chain.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    rpc: JsonRpc,
    chain_id: u64,
    accounts: Vec<Address>,
}

impl Anvil {
    /// Starts a chain on a free port.
    ///
    /// # Errors
    /// When Anvil is not installed or does not come up.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(AnvilOptions::default()).await
    }

    /// Starts a chain.
    ///
    /// # Errors
    /// When Anvil is not installed or does not come up.
    pub async fn start_with(options: AnvilOptions) -> anyhow::Result<Self> {
        let logs = match options.logs {
            Some(logs) => logs,
            None => LogDir::temporary()?,
        };
        let mut start = ProcessOptions::new("anvil", Workspace::locate()?.anvil()?)
            .args(["--host", "127.0.0.1", "--port"])
            .arg(options.port.to_string())
            .args(["--chain-id".to_owned(), options.chain_id.to_string()]);
        if let Some(time) = options.block_time {
            start = start.args(["--block-time".to_owned(), time.as_secs_f64().to_string()]);
        }
        let mut process = Process::start(start, &logs)?;
        let log = process.log_path().to_owned();
        let url = process.ready(START_DEADLINE, || async { listening_url(&log) }).await?;
        let rpc = JsonRpc::new(url)?;
        let accounts = process
            .ready(START_DEADLINE, || async { rpc.call("eth_accounts", json!([])).await.ok() })
            .await?;
        Ok(Self { process, rpc, chain_id: options.chain_id, accounts })
    }

    /// Its JSON-RPC address.
    pub fn url(&self) -> &str {
        self.rpc.url()
    }

    /// Its chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Its process, to kill or to read the log of.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// A client for raw calls.
    pub fn rpc(&self) -> &JsonRpc {
        &self.rpc
    }

    /// An alloy provider.
    ///
    /// # Errors
    /// When the address does not parse, which it does.
    pub fn provider(&self) -> anyhow::Result<DynProvider> {
        Ok(ProviderBuilder::new().connect_http(self.url().parse()?).erased())
    }

    /// Ten rich accounts that the node signs for.
    pub fn accounts(&self) -> &[Address] {
        &self.accounts
    }

    /// The first rich account: it deploys, and owns what needs an owner.
    ///
    /// # Errors
    /// When the node has none.
    pub fn deployer(&self) -> anyhow::Result<Address> {
        self.accounts.first().copied().context("the node has no accounts")
    }

    /// Gives `address` that balance.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn set_balance(&self, address: Address, wei: U256) -> anyhow::Result<()> {
        self.command("anvil_setBalance", json!([address, wei])).await
    }

    /// The key of that name, with 1000 ether.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn funded_key(&self, name: &str) -> anyhow::Result<DevKey> {
        let key = DevKey::named(name)?;
        let thousand_ether = U256::from(1000) * U256::from(10).pow(U256::from(18));
        self.set_balance(key.address(), thousand_ether).await?;
        Ok(key)
    }

    /// Puts code at an address.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn set_code(&self, address: Address, code: &Bytes) -> anyhow::Result<()> {
        self.command("anvil_setCode", json!([address, code])).await
    }

    /// The code at an address.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn code(&self, address: Address) -> anyhow::Result<Bytes> {
        Ok(self.rpc.call("eth_getCode", json!([address, "latest"])).await?)
    }

    /// Calls a contract without a transaction.
    ///
    /// # Errors
    /// When the call reverts.
    pub async fn call(&self, to: Address, data: Bytes) -> anyhow::Result<Bytes> {
        Ok(self.rpc.call("eth_call", json!([{"to": to, "data": data}, "latest"])).await?)
    }

    /// Mines blocks.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn mine(&self, blocks: u64) -> anyhow::Result<()> {
        self.command("anvil_mine", json!([U256::from(blocks)])).await
    }

    /// Undoes the last `depth` blocks and mines as many empty ones in their place.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn reorg(&self, depth: u64) -> anyhow::Result<()> {
        self.command("anvil_reorg", json!([depth, []])).await
    }

    /// Whether a transaction is mined as soon as it arrives.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn set_automine(&self, on: bool) -> anyhow::Result<()> {
        self.command("evm_setAutomine", json!([on])).await
    }

    /// Moves the clock of the next block.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn advance_time(&self, by: Duration) -> anyhow::Result<()> {
        self.rpc.call::<Value>("evm_increaseTime", json!([by.as_secs()])).await?;
        self.mine(1).await
    }

    /// Sends a transaction from one of [`Anvil::accounts`] without waiting for its block.
    ///
    /// # Errors
    /// When the node refuses it.
    pub async fn submit(
        &self,
        from: Address,
        to: Option<Address>,
        value: U256,
        data: &Bytes,
    ) -> anyhow::Result<B256> {
        let mut tx = json!({
            "from": from, "value": value, "data": data, "gas": U256::from(GAS),
        });
        if let Some(to) = to {
            tx["to"] = json!(to);
        }
        Ok(self.rpc.call("eth_sendTransaction", json!([tx])).await?)
    }

    /// Sends a transaction and waits until it is mined; gives its receipt.
    ///
    /// # Errors
    /// When it is refused, reverts, or is not mined in time.
    pub async fn send(
        &self,
        from: Address,
        to: Option<Address>,
        value: U256,
        data: &Bytes,
    ) -> anyhow::Result<Value> {
        let hash = self.submit(from, to, value, data).await?;
        self.succeeded(hash).await
    }

    /// Waits for the receipt of a transaction that must succeed.
    ///
    /// # Errors
    /// When it reverted or is not mined in time.
    pub async fn succeeded(&self, transaction: B256) -> anyhow::Result<Value> {
        let receipt = self.receipt(transaction).await?;
        if receipt["status"] != "0x1" {
            bail!("transaction {transaction} reverted: {receipt}");
        }
        Ok(receipt)
    }

    /// Waits for the receipt of a transaction.
    ///
    /// # Errors
    /// When it is not mined in time.
    pub async fn receipt(&self, transaction: B256) -> anyhow::Result<Value> {
        let deadline = Instant::now() + RECEIPT_DEADLINE;
        loop {
            let receipt: Value =
                self.rpc.call("eth_getTransactionReceipt", json!([transaction])).await?;
            if !receipt.is_null() {
                return Ok(receipt);
            }
            if Instant::now() > deadline {
                bail!("transaction {transaction} is not mined");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Calls a method whose result does not matter.
    pub(crate) async fn command(&self, method: &str, params: Value) -> anyhow::Result<()> {
        self.rpc.call::<Value>(method, params).await?;
        Ok(())
    }
}

/// The address in the line that Anvil prints when it listens.
fn listening_url(log: &std::path::Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let line = text.lines().rev().find_map(|line| line.strip_prefix("Listening on "))?;
    Some(format!("http://{}", line.trim()))
}
