//! What our own node says: nonces, code, fees, blocks, and which operations the chain has.

use std::{sync::Arc, time::Duration};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall as _,
    transports::{RpcError, TransportErrorKind},
};
use countersign_userop::Fees;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{ChainConfig, GasConfig},
    service::ServiceError,
};

mod events;
mod revert;

pub(crate) use events::Found;
pub(crate) use revert::{Reason, decode_revert, revert_data};

sol! {
    function getNonce(address sender, uint192 key) external view returns (uint256 nonce);
    function signer() external view returns (address);
    function balanceOf(address account) external view returns (uint256);
}

/// One chain, read through our node.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    config: Arc<ChainConfig>,
    provider: DynProvider,
    deadline: Duration,
    head: watch::Sender<Option<Head>>,
}

/// The newest block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) hash: B256,
    /// Seconds since 1970: the clock that validity windows are held against.
    pub(crate) timestamp: u64,
}

/// Why the node did not tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ChainError {
    /// It answered with an error, or not at all. The transport's own words name the node's address,
    /// which may hold a key: they go nowhere.
    #[error("the node failed: {0}")]
    Node(String),
    /// It took too long.
    #[error("the node gave no answer within {0:?}")]
    TimedOut(Duration),
    /// Its answer does not fit the question.
    #[error("the node's answer does not fit: {0}")]
    Malformed(String),
    /// It serves another chain.
    #[error("the node serves chain {found}, not {expected}")]
    WrongChain { expected: u64, found: u64 },
}

impl From<ChainError> for ServiceError {
    fn from(error: ChainError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

type Result<T> = std::result::Result<T, ChainError>;

impl Chain {
    pub(crate) fn new(config: ChainConfig, deadline: Duration) -> Self {
        let provider = ProviderBuilder::new().connect_http(config.rpc.clone()).erased();
        Self { config: Arc::new(config), provider, deadline, head: watch::Sender::new(None) }
    }

    pub(crate) fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// The node answers, and for the chain it was configured for.
    pub(crate) async fn check(&self) -> Result<()> {
        let found = self.within(self.provider.get_chain_id()).await?;
        let expected = self.config.id.get();
        if found == expected { Ok(()) } else { Err(ChainError::WrongChain { expected, found }) }
    }

    /// The newest block, asked for now.
    pub(crate) async fn head(&self) -> Result<Head> {
        let block = self
            .within(async { self.provider.get_block_by_number(BlockNumberOrTag::Latest).await })
            .await?
            .ok_or_else(|| ChainError::Malformed("no latest block".into()))?;
        Ok(Head {
            number: block.header.number,
            hash: block.header.hash,
            timestamp: block.header.timestamp,
        })
    }

    /// Wakes at every new head; polled only while somebody listens.
    pub(crate) fn heads(&self) -> watch::Receiver<Option<Head>> {
        self.head.subscribe()
    }

    /// Polls for heads until `stop`.
    pub(crate) async fn follow(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if self.head.receiver_count() > 0 {
                match self.head().await {
                    Ok(head) => {
                        self.head.send_if_modified(|old| old.replace(head) != Some(head));
                    }
                    Err(error) => tracing::warn!(chain = %self.config.id, %error, "no head"),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.config.poll()) => {}
            }
        }
    }

    /// The next sequence number that the EntryPoint takes from a sender in a lane.
    pub(crate) async fn next_sequence(
        &self,
        entry_point: Address,
        sender: Address,
        lane: U256,
    ) -> Result<u64> {
        self.sequence_at(entry_point, sender, lane, None).await
    }

    /// The same as of a block; of the newest when none is named.
    pub(crate) async fn sequence_at(
        &self,
        entry_point: Address,
        sender: Address,
        lane: U256,
        block: Option<u64>,
    ) -> Result<u64> {
        if lane.bit_len() > 192 {
            return Err(ChainError::Malformed("a nonce key has 192 bits".into()));
        }
        let key = alloy::primitives::Uint::<192, 3>::from(lane);
        let input = getNonceCall { sender, key }.abi_encode();
        let answer = self.call_at(entry_point, input, block).await?;
        let nonce = getNonceCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Malformed(format!("getNonce: {error}")))?;
        Ok(nonce.as_limbs()[0])
    }

    /// Whose approvals a paymaster of ours takes.
    pub(crate) async fn paymaster_signer(&self, paymaster: Address) -> Result<Address> {
        let answer = self.call(paymaster, signerCall {}.abi_encode()).await?;
        signerCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Malformed(format!("signer: {error}")))
    }

    /// What an account can pay gas with: its balance and its deposit at the EntryPoint.
    pub(crate) async fn funds(&self, entry_point: Address, account: Address) -> Result<U256> {
        let answer = self.call(entry_point, balanceOfCall { account }.abi_encode()).await?;
        let deposit = balanceOfCall::abi_decode_returns(&answer)
            .map_err(|error| ChainError::Malformed(format!("balanceOf: {error}")))?;
        let balance = self.within(async { self.provider.get_balance(account).await }).await?;
        Ok(deposit.saturating_add(balance))
    }

    /// Code at an address; empty when there is none.
    pub(crate) async fn code(&self, address: Address) -> Result<Bytes> {
        self.within(async { self.provider.get_code_at(address).await }).await
    }

    /// The EIP-7702 delegate of an account, or zero.
    pub(crate) async fn delegate(&self, address: Address) -> Result<Address> {
        let code = self.code(address).await?;
        Ok(match code.strip_prefix(&[0xef, 0x01, 0x00]) {
            Some(delegate) if delegate.len() == 20 => Address::from_slice(delegate),
            _ => Address::ZERO,
        })
    }

    /// What to offer for a unit of gas now.
    pub(crate) async fn fees(&self) -> Result<Fees> {
        let now = self.within(self.provider.estimate_eip1559_fees()).await?;
        Ok(offer(self.config.gas, now.max_fee_per_gas, now.max_priority_fee_per_gas))
    }

    async fn call(&self, to: Address, input: Vec<u8>) -> Result<Bytes> {
        self.call_at(to, input, None).await
    }

    async fn call_at(&self, to: Address, input: Vec<u8>, block: Option<u64>) -> Result<Bytes> {
        let request = TransactionRequest::default().to(to).input(Bytes::from(input).into());
        let block = block.map_or(BlockNumberOrTag::Latest, BlockNumberOrTag::Number);
        self.within(async { self.provider.call(request).block(block.into()).await }).await
    }

    async fn within<T>(
        &self,
        call: impl Future<Output = std::result::Result<T, RpcError<TransportErrorKind>>>,
    ) -> Result<T> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(answer) => answer.map_err(|error| ChainError::Node(without_address(&error))),
            Err(_) => Err(ChainError::TimedOut(self.deadline)),
        }
    }
}

/// A node's failure in bounded words without any address.
fn without_address(error: &RpcError<TransportErrorKind>) -> String {
    match error {
        RpcError::ErrorResp(said) => {
            let words = said.message.split_whitespace().filter(|word| !word.contains("://"));
            let message: String = words.collect::<Vec<_>>().join(" ").chars().take(256).collect();
            format!("it answers {}: {message}", said.code)
        }
        RpcError::Transport(TransportErrorKind::HttpError(answer)) => {
            format!("it answers with HTTP status {}", answer.status)
        }
        RpcError::Transport(_) => "it cannot be reached, or the connection broke".to_owned(),
        RpcError::NullResp | RpcError::DeserError { .. } => "its answer cannot be read".to_owned(),
        _ => "it cannot be asked".to_owned(),
    }
}

/// The node's view with our margin, floor and ceiling.
fn offer(gas: GasConfig, max_fee: u128, tip: u128) -> Fees {
    let margin = |fee: u128| fee.saturating_mul(100 + u128::from(gas.fee_margin_percent)) / 100;
    let floor = u128::from(gas.min_priority_fee_wei);
    let ceiling = u128::from(gas.max_fee_per_gas_wei);
    let raised_tip = margin(tip).max(floor);
    let raised_max = margin(max_fee).saturating_add(raised_tip.saturating_sub(tip)).min(ceiling);
    Fees { max_fee_per_gas: raised_max, max_priority_fee_per_gas: raised_tip.min(raised_max) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_is_down_is_not_told_by_its_address() {
        let config = serde_json::json!({
            "id": 1, "rpc": "http://127.0.0.1:1/v2/SECRET", "bundlers": ["http://127.0.0.1:2"],
        });
        let config: ChainConfig = serde_json::from_value(config).unwrap();
        let chain = Chain::new(config, Duration::from_secs(5));
        let error = chain.head().await.unwrap_err();
        let told = format!("{error} {error:?} {}", crate::rpc::chain(&error));
        assert!(matches!(error, ChainError::Node(_)), "{told}");
        assert!(!told.contains("SECRET") && !told.contains("127.0.0.1"), "{told}");
    }

    #[test]
    fn what_a_node_says_is_cut_and_loses_its_addresses() {
        let message = format!("see https://node.example/v2/SECRET {}", "x".repeat(1_000));
        let payload =
            alloy::rpc::json_rpc::ErrorPayload { code: 3, message: message.into(), data: None };
        let told = without_address(&RpcError::ErrorResp(payload));
        assert!(told.len() < 300 && !told.contains("SECRET"), "{told}");
    }

    fn gas() -> GasConfig {
        GasConfig {
            margin_percent: 0,
            fee_margin_percent: 10,
            min_priority_fee_wei: 100,
            max_fee_per_gas_wei: 5_000,
        }
    }

    #[test]
    fn an_offer_has_the_margin_and_at_least_the_least_tip() {
        let fees = offer(gas(), 1_000, 1);
        assert_eq!(fees.max_priority_fee_per_gas, 100);
        assert_eq!(fees.max_fee_per_gas, 1_100 + 99);
    }

    #[test]
    fn an_offer_never_passes_the_ceiling_nor_its_tip_the_offer() {
        let fees = offer(gas(), 1_000_000, 900_000);
        assert_eq!(fees.max_fee_per_gas, 5_000);
        assert_eq!(fees.max_priority_fee_per_gas, 5_000);
    }
}
