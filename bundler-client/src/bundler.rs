//! The client of a bundler: ERC-7769.

use alloy::primitives::Address;
use countersign_userop::{ChainId, UserOpHash, UserOperation};
use serde_json::{Value, json};

use crate::{
    BundlerError, ClientOptions, Fault, GasEstimate, IncludedOperation, StateOverride,
    UserOperationReceipt,
    endpoints::{Endpoints, Miss},
};

/// A bundler for one chain, behind one endpoint or several.
#[derive(Debug, Clone)]
pub struct BundlerClient {
    endpoints: Endpoints,
    chain: ChainId,
}

impl BundlerClient {
    /// A client of the bundler at `url`, which serves `chain`.
    ///
    /// # Errors
    /// When the address is not one of HTTP.
    pub fn new(url: &str, chain: ChainId, options: ClientOptions) -> Result<Self, BundlerError> {
        Self::with_failover([url], chain, options)
    }

    /// A client of several bundlers, the preferred one first. An address that is listed twice
    /// counts once.
    ///
    /// # Errors
    /// When the list is empty, or an address is not one of HTTP.
    pub fn with_failover<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        chain: ChainId,
        options: ClientOptions,
    ) -> Result<Self, BundlerError> {
        Ok(Self { endpoints: Endpoints::new(urls, options)?, chain })
    }

    /// The chain whose operations it sends.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// How many different endpoints it has.
    pub fn endpoint_count(&self) -> usize {
        self.endpoints.len()
    }

    /// Hands over an operation, once (`eth_sendUserOperation`). The hash that comes back is ours,
    /// confirmed by the bundler.
    ///
    /// # Errors
    /// [`BundlerError::Rejected`] when the bundler refuses it; [`BundlerError::Failed`] when it was
    /// certainly not handed over; [`BundlerError::Unconfirmed`] when nobody can say: then it must
    /// be looked for by the hash in the error.
    pub async fn send_user_operation(
        &self,
        op: &UserOperation,
        entry_point: Address,
    ) -> Result<UserOpHash, BundlerError> {
        const METHOD: &str = "eth_sendUserOperation";
        let ours = op.hash(entry_point, self.chain);
        let params = json!([op.to_json(), entry_point]);
        match self.endpoints.hand_over::<UserOpHash>(METHOD, &params).await {
            Ok(theirs) if theirs == ours => Ok(ours),
            Ok(theirs) => Err(BundlerError::HashMismatch { ours, theirs }),
            Err(Miss::Rejected(rejection)) => Err(rejection.into()),
            Err(Miss::Fault(fault)) if fault.nothing_was_sent() => {
                Err(BundlerError::Failed { method: METHOD, fault })
            }
            Err(Miss::Fault(fault)) => Err(BundlerError::Unconfirmed { hash: ours, fault }),
        }
    }

    /// Estimates gas limits (`eth_estimateUserOperationGas`). The first operation of an account
    /// without funds needs an override of its balance, else it fails with AA21.
    ///
    /// # Errors
    /// When the simulation fails, or there is no proper answer.
    pub async fn estimate(
        &self,
        op: &UserOperation,
        entry_point: Address,
        overrides: Option<&StateOverride>,
    ) -> Result<GasEstimate, BundlerError> {
        let params = match overrides {
            Some(overrides) => json!([op.to_json(), entry_point, overrides]),
            None => json!([op.to_json(), entry_point]),
        };
        self.endpoints.ask("eth_estimateUserOperationGas", &params).await
    }

    /// Looks for an operation (`eth_getUserOperationByHash`).
    ///
    /// # Errors
    /// When there is no proper answer.
    pub async fn by_hash(
        &self,
        hash: UserOpHash,
    ) -> Result<Option<IncludedOperation>, BundlerError> {
        self.endpoints.ask("eth_getUserOperationByHash", &json!([hash])).await
    }

    /// Looks for the receipt of an operation (`eth_getUserOperationReceipt`).
    ///
    /// # Errors
    /// When there is no proper answer; one about another operation is none.
    pub async fn receipt(
        &self,
        hash: UserOpHash,
    ) -> Result<Option<UserOperationReceipt>, BundlerError> {
        const METHOD: &str = "eth_getUserOperationReceipt";
        let receipt: Option<UserOperationReceipt> =
            self.endpoints.ask(METHOD, &json!([hash])).await?;
        match receipt {
            Some(receipt) if receipt.user_op_hash != hash => Err(BundlerError::Failed {
                method: METHOD,
                fault: Fault::malformed("it is the receipt of another operation"),
            }),
            receipt => Ok(receipt),
        }
    }

    /// The EntryPoints that the bundler serves (`eth_supportedEntryPoints`).
    ///
    /// # Errors
    /// When there is no proper answer.
    pub async fn supported_entry_points(&self) -> Result<Vec<Address>, BundlerError> {
        self.endpoints.ask("eth_supportedEntryPoints", &json!([])).await
    }

    /// The chain that the bundler says it serves (`eth_chainId`).
    ///
    /// # Errors
    /// When there is no proper answer.
    pub async fn chain_id(&self) -> Result<ChainId, BundlerError> {
        self.endpoints.ask("eth_chainId", &Value::Array(Vec::new())).await
    }
}
