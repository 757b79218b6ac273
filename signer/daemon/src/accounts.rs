//! What our own node says of a deployed account. The gateway's word for it is never asked.

mod fate;

use std::collections::HashMap;
use std::future::IntoFuture;
use std::time::Duration;

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::sol;
use alloy::sol_types::SolCall as _;
use async_trait::async_trait;
use countersign_userop::{AccountSpec, ChainId, IMPLEMENTATION_SLOT};
use thiserror::Error;

use crate::config::ChainConfig;

pub use fate::{Agreed, Fate};

sol! {
    function getNonce(address sender, uint192 key) external view returns (uint256);
}

/// How long our node may take to say all that we ask of one account.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// And how long to say what became of a nonce, for which nobody waits.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// What an account looks like on chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedAccount {
    /// Its code.
    pub code: Bytes,
    /// What stands in its ERC-1967 slot.
    pub implementation: B256,
    /// Whom it names as its owner, if it answers that question.
    pub owner: Option<Address>,
}

/// Why an account could not be read. Each of these is a reason to refuse.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No node is configured for the chain.
    #[error("chain {0} has no node")]
    NoNode(ChainId),
    /// The node did not answer in time.
    #[error("our node did not answer within {} ms", PATIENCE.as_millis())]
    TimedOut,
    /// The node is on another chain than it was configured for.
    #[error("our node is on chain {found}, not {configured}")]
    OtherChain {
        /// What the operator configured.
        configured: ChainId,
        /// What the node says.
        found: u64,
    },
    /// The node refused, or could not be reached.
    #[error("our node could not be asked")]
    Node(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A nonce of an account at an EntryPoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonceAt {
    /// The chain.
    pub chain: ChainId,
    /// The EntryPoint that counts.
    pub entry_point: Address,
    /// The account.
    pub sender: Address,
    /// The whole nonce: lane and sequence.
    pub nonce: U256,
}

/// Reads accounts on chain.
#[async_trait]
pub trait AccountReader: Send + Sync {
    /// Whether the nonce is used up in a finalized block, as two nodes see it: the chain's own and its witness. Without
    /// a witness nobody says yes.
    async fn is_consumed(&self, at: NonceAt) -> Result<bool, ReadError>;

    /// What became of the nonce since `since_s`, in a finalized block as two nodes see it. Without a witness nothing is said.
    async fn fate(&self, at: NonceAt, since_s: u64) -> Result<Fate, ReadError>;

    /// What `account` looks like now, asked in the way of accounts of `spec`.
    async fn read(
        &self,
        chain: ChainId,
        account: Address,
        spec: &AccountSpec,
    ) -> Result<DeployedAccount, ReadError>;
}

/// Reads accounts through the daemon's own RPC endpoints.
pub struct RpcAccounts {
    nodes: HashMap<ChainId, DynProvider>,
    witnesses: HashMap<ChainId, DynProvider>,
}

impl std::fmt::Debug for RpcAccounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RpcAccounts").field("chains", &self.nodes.keys()).finish_non_exhaustive()
    }
}

impl RpcAccounts {
    /// One node a chain. Nothing is asked until an account has to be read.
    pub fn new(chains: &[ChainConfig]) -> Self {
        let connect = |url: &url::Url| ProviderBuilder::new().connect_http(url.clone()).erased();
        let witness = |chain: &ChainConfig| Some((chain.id, connect(chain.witness.as_ref()?)));
        Self {
            nodes: chains.iter().map(|chain| (chain.id, connect(&chain.rpc))).collect(),
            witnesses: chains.iter().filter_map(witness).collect(),
        }
    }

    /// The next sequence of the nonce's lane in this block of the node.
    async fn next_sequence(
        node: &DynProvider,
        at: &NonceAt,
        block: BlockId,
    ) -> Result<U256, ReadError> {
        let lane = alloy::primitives::aliases::U192::wrapping_from(at.nonce.wrapping_shr(64));
        let call = getNonceCall { sender: at.sender, key: lane };
        let question =
            TransactionRequest::default().to(at.entry_point).input(call.abi_encode().into());
        let answer = node
            .call(question)
            .block(block)
            .await
            .map_err(|error| ReadError::Node(Box::new(error)))?;
        getNonceCall::abi_decode_returns(&answer).map_err(|error| ReadError::Node(Box::new(error)))
    }

    async fn ask(
        node: &DynProvider,
        chain: ChainId,
        account: Address,
        spec: &AccountSpec,
    ) -> Result<DeployedAccount, ReadError> {
        let slot = U256::from_be_bytes(IMPLEMENTATION_SLOT.0);
        let question = TransactionRequest::default().to(account).input(spec.owner_call().into());
        let failed = |error| ReadError::Node(Box::new(error));
        let (id, code, word, owner) = futures::join!(
            node.get_chain_id(),
            node.get_code_at(account).block_id(BlockId::latest()).into_future(),
            node.get_storage_at(account, slot).block_id(BlockId::latest()).into_future(),
            node.call(question).block(BlockId::latest()).into_future(),
        );
        let found = id.map_err(failed)?;
        if found != chain.get() {
            return Err(ReadError::OtherChain { configured: chain, found });
        }
        Ok(DeployedAccount {
            code: code.map_err(failed)?,
            implementation: B256::from(word.map_err(failed)?),
            // An account that reverts has told us that it is not one of ours.
            owner: owner.ok().and_then(|answer| spec.read_owner(&answer)),
        })
    }
}

#[async_trait]
impl AccountReader for RpcAccounts {
    async fn is_consumed(&self, at: NonceAt) -> Result<bool, ReadError> {
        let node = self.nodes.get(&at.chain).ok_or(ReadError::NoNode(at.chain))?;
        let Some(witness) = self.witnesses.get(&at.chain) else { return Ok(false) };
        let both = futures::future::try_join(
            Self::next_sequence(node, &at, BlockId::finalized()),
            Self::next_sequence(witness, &at, BlockId::finalized()),
        );
        let (ours, theirs) =
            tokio::time::timeout(PATIENCE, both).await.map_err(|_| ReadError::TimedOut)??;
        // A nonce's low 64 bits are its sequence; the EntryPoint answers with lane and sequence.
        Ok(ours > at.nonce && theirs > at.nonce)
    }

    async fn fate(&self, at: NonceAt, since_s: u64) -> Result<Fate, ReadError> {
        let node = self.nodes.get(&at.chain).ok_or(ReadError::NoNode(at.chain))?;
        let Some(witness) = self.witnesses.get(&at.chain) else { return Ok(Fate::Unknown) };
        let told = Self::tell_fate(node, witness, &at, since_s);
        tokio::time::timeout(LONG_PATIENCE, told).await.map_err(|_| ReadError::TimedOut)?
    }

    async fn read(
        &self,
        chain: ChainId,
        account: Address,
        spec: &AccountSpec,
    ) -> Result<DeployedAccount, ReadError> {
        let node = self.nodes.get(&chain).ok_or(ReadError::NoNode(chain))?;
        tokio::time::timeout(PATIENCE, Self::ask(node, chain, account, spec))
            .await
            .map_err(|_| ReadError::TimedOut)?
    }
}

#[cfg(test)]
mod tests;
