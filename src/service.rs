//! The gateway as a library: everything that JSON-RPC and the command line offer, without either.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use countersign_userop::ChainId;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::config::GatewayConfig;

mod answer;
mod error;
mod request;

pub use answer::{
    CallsState, CallsStatus, Capabilities, ChainCapabilities, Failure, Inclusion, OfferedAccount,
    Operation, PartStatus, Readiness, Sent, SponsorAnswer, StageName, TimelineEntry, Wallet,
};
pub use error::ServiceError;
pub use request::{Caller, CreateWallet, SendCalls, SendUserOperation, SponsorChoice};

type Result<T> = std::result::Result<T, ServiceError>;

/// One gateway: cheap to clone, all clones share their state.
#[derive(Debug, Clone)]
pub struct Gateway {
    config: Arc<GatewayConfig>,
}

impl Gateway {
    /// Opens the store and connects the parts. Parts that do not answer yet do not matter here:
    /// [`Gateway::readiness`] says how they are.
    ///
    /// # Errors
    /// When identity, committee file or store cannot be used.
    pub async fn open(config: GatewayConfig) -> Result<Self> {
        Ok(Self { config: Arc::new(config) })
    }

    /// Moves operations until `stop` is cancelled; then lets each reach a safe point.
    /// One call a process.
    pub async fn run(&self, stop: CancellationToken) {
        stop.cancelled().await;
    }

    /// The configuration it runs with.
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// Makes a wallet of the next child of a key, or finds the one there is.
    ///
    /// # Errors
    /// When the kind or chain is not configured, too few cosigners answer or they disagree.
    pub async fn create_wallet(&self, _caller: &Caller, ask: CreateWallet) -> Result<Wallet> {
        Err(self.not_served(ask.chain))
    }

    /// A wallet of the caller.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get_wallet(
        &self,
        _caller: &Caller,
        chain: ChainId,
        _address: Address,
    ) -> Result<Wallet> {
        Err(self.not_served(chain))
    }

    /// The caller's wallets, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_wallets(&self, _caller: &Caller) -> Result<Vec<Wallet>> {
        Ok(Vec::new())
    }

    /// What a wallet can do, by chain; chains where the caller has no such wallet are left out.
    ///
    /// # Errors
    /// When the caller has no such wallet at all.
    pub async fn capabilities(&self, _caller: &Caller, address: Address) -> Result<Capabilities> {
        Err(ServiceError::UnknownWallet(address))
    }

    /// Takes calls in; from then on they survive any crash. The same id and body gives the same
    /// answer.
    ///
    /// # Errors
    /// [`ServiceError::DuplicateId`] for an id that came with another body.
    pub async fn send_calls(&self, _caller: &Caller, ask: SendCalls) -> Result<Sent> {
        Err(self.not_served(ask.chain))
    }

    /// Where calls stand (EIP-5792).
    ///
    /// # Errors
    /// [`ServiceError::UnknownId`].
    pub async fn calls_status(&self, _caller: &Caller, id: &str) -> Result<CallsStatus> {
        Err(ServiceError::UnknownId(id.to_owned()))
    }

    /// Takes in an operation that the caller built.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub async fn send_user_operation(
        &self,
        _caller: &Caller,
        ask: SendUserOperation,
    ) -> Result<Sent> {
        Err(self.not_served(ask.chain))
    }

    /// An operation with its timeline, by intent id or by any hash it ever had.
    ///
    /// # Errors
    /// [`ServiceError::UnknownId`].
    pub async fn operation(&self, _caller: &Caller, id_or_hash: &str) -> Result<Operation> {
        Err(ServiceError::UnknownId(id_or_hash.to_owned()))
    }

    /// ERC-7769 `eth_estimateUserOperationGas`, answered by the bundler.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn estimate_gas(
        &self,
        chain: ChainId,
        _entry_point: Address,
        _op: Value,
        _state_override: Option<Value>,
    ) -> Result<Value> {
        Err(self.not_served(chain))
    }

    /// ERC-7769 `eth_getUserOperationByHash`, answered by the bundler.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn user_operation_by_hash(&self, chain: ChainId, _hash: B256) -> Result<Value> {
        Err(self.not_served(chain))
    }

    /// ERC-7769 `eth_getUserOperationReceipt`, answered by the bundler.
    ///
    /// # Errors
    /// The bundler's, passed on.
    pub async fn user_operation_receipt(&self, chain: ChainId, _hash: B256) -> Result<Value> {
        Err(self.not_served(chain))
    }

    /// EntryPoints that accounts of this chain use.
    ///
    /// # Errors
    /// When the chain is not configured.
    pub fn supported_entry_points(&self, chain: ChainId) -> Result<Vec<Address>> {
        let chain = self.config.chain(chain).ok_or(ServiceError::UnsupportedChain(chain))?;
        Ok(chain.versions().into_iter().map(|version| chain.entry_point(version)).collect())
    }

    /// Which account kinds can be created where.
    pub fn offered_accounts(&self) -> Vec<OfferedAccount> {
        let chains = self.config.chains.iter();
        chains
            .flat_map(|chain| {
                chain.accounts.iter().map(|account| OfferedAccount {
                    chain: chain.id,
                    kind: account.kind,
                    version: account.version,
                })
            })
            .collect()
    }

    /// ERC-7677 `pm_getPaymasterStubData` for our own paymaster.
    ///
    /// # Errors
    /// [`ServiceError::NoSponsor`], or the field that is wrong.
    pub async fn sponsor_stub(
        &self,
        _caller: &Caller,
        _chain: ChainId,
        _entry_point: Address,
        _op: Value,
    ) -> Result<SponsorAnswer> {
        Err(ServiceError::NoSponsor)
    }

    /// ERC-7677 `pm_getPaymasterData` for our own paymaster: a quorum signs the approval.
    ///
    /// # Errors
    /// [`ServiceError::NoSponsor`], the field that is wrong, or what the cosigners said.
    pub async fn sponsor_data(
        &self,
        _caller: &Caller,
        _chain: ChainId,
        _entry_point: Address,
        _op: Value,
    ) -> Result<SponsorAnswer> {
        Err(ServiceError::NoSponsor)
    }

    /// How the parts are.
    pub async fn readiness(&self) -> Readiness {
        Readiness { ready: false, parts: Vec::new() }
    }

    fn not_served(&self, chain: ChainId) -> ServiceError {
        ServiceError::UnsupportedChain(chain)
    }
}
