//! The client of a paymaster service: ERC-7677.

use alloy::primitives::{Address, Bytes, U256};
use countersign_userop::{ChainId, EntryPointVersion, Paymaster, UserOperation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    BundlerError, ClientOptions, Fault,
    endpoints::{Endpoints, Miss},
    quantity::optional_gas,
};

/// A paymaster service.
#[derive(Debug, Clone)]
pub struct PaymasterClient {
    endpoints: Endpoints,
}

/// What to estimate gas with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymasterStub {
    /// The paymaster with data of the right form, not yet valid.
    pub paymaster: Paymaster,
    /// Whether the service gave the gas limit of the paymaster's validation.
    pub has_verification_gas_limit: bool,
    /// Who pays, for people.
    pub sponsor: Option<Sponsor>,
    /// Whether this is the final data already, so that the service need not be asked again.
    pub is_final: bool,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymasterData {
    /// The paymaster with its valid data. Gas limits that the service leaves out are zero here:
    /// see [`PaymasterData::onto`].
    pub paymaster: Paymaster,
}

/// Who pays, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sponsor {
    /// The sponsor's name.
    pub name: String,
    /// The sponsor's icon, a data URI or an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

impl PaymasterData {
    /// The paymaster for an operation that was estimated with `estimated`: gas limits that the
    /// service does not name again are kept, since the estimate stands on them.
    ///
    /// # Errors
    /// When the service names another paymaster than the one estimated with.
    pub fn onto(self, estimated: &Paymaster) -> Result<Paymaster, BundlerError> {
        if self.paymaster.address != estimated.address {
            return Err(malformed(DATA, "another paymaster than its stub data named"));
        }
        let keep = |named: u128, estimated: u128| if named == 0 { estimated } else { named };
        let verification_gas_limit =
            keep(self.paymaster.verification_gas_limit, estimated.verification_gas_limit);
        let post_op_gas_limit = keep(self.paymaster.post_op_gas_limit, estimated.post_op_gas_limit);
        Ok(Paymaster { verification_gas_limit, post_op_gas_limit, ..self.paymaster })
    }
}

const STUB: &str = "pm_getPaymasterStubData";
const DATA: &str = "pm_getPaymasterData";

impl PaymasterClient {
    /// A client of the paymaster service at `url`.
    ///
    /// # Errors
    /// When the address is not one of HTTP.
    pub fn new(url: &str, options: ClientOptions) -> Result<Self, BundlerError> {
        Ok(Self { endpoints: Endpoints::new([url], options)? })
    }

    /// Asks what to estimate with (`pm_getPaymasterStubData`).
    ///
    /// # Errors
    /// When the service refuses, or its answer lacks what the standard demands.
    pub async fn stub_data(
        &self,
        op: &UserOperation,
        entry_point: Address,
        chain: ChainId,
        context: &Value,
    ) -> Result<PaymasterStub, BundlerError> {
        let params = params(op, entry_point, chain, context);
        let answer: Answer = self.endpoints.ask(STUB, &params).await?;
        if op.version() != EntryPointVersion::V0_6 && answer.post_op_gas_limit.is_none() {
            return Err(malformed(STUB, "paymasterPostOpGasLimit is missing"));
        }
        Ok(PaymasterStub {
            has_verification_gas_limit: answer.verification_gas_limit.is_some(),
            sponsor: answer.sponsor.clone(),
            is_final: answer.is_final,
            paymaster: answer.paymaster(op, STUB)?,
        })
    }

    /// Asks once for the data that is signed (`pm_getPaymasterData`): a service may count each answer
    /// as money promised. The operation must not change afterwards.
    ///
    /// # Errors
    /// When the service refuses, or its answer is malformed.
    pub async fn data(
        &self,
        op: &UserOperation,
        entry_point: Address,
        chain: ChainId,
        context: &Value,
    ) -> Result<PaymasterData, BundlerError> {
        let params = params(op, entry_point, chain, context);
        let answer: Answer = match self.endpoints.hand_over(DATA, &params).await {
            Ok(answer) => answer,
            Err(Miss::Rejected(rejection)) => return Err(rejection.into()),
            Err(Miss::Fault(fault)) => return Err(BundlerError::Failed { method: DATA, fault }),
        };
        Ok(PaymasterData { paymaster: answer.paymaster(op, DATA)? })
    }
}

fn params(op: &UserOperation, entry_point: Address, chain: ChainId, context: &Value) -> Value {
    json!([op.to_json(), entry_point, U256::from(chain.get()), context])
}

/// Both methods answer with some of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    paymaster_and_data: Option<Bytes>,
    paymaster: Option<Address>,
    paymaster_data: Option<Bytes>,
    paymaster_signature: Option<Bytes>,
    #[serde(default, deserialize_with = "optional_gas", rename = "paymasterVerificationGasLimit")]
    verification_gas_limit: Option<u128>,
    #[serde(default, deserialize_with = "optional_gas", rename = "paymasterPostOpGasLimit")]
    post_op_gas_limit: Option<u128>,
    sponsor: Option<Sponsor>,
    #[serde(default)]
    is_final: bool,
}

impl Answer {
    /// The paymaster as the operation with it reads again: what an operation's JSON may not hold, an
    /// answer may not either.
    fn paymaster(
        self,
        op: &UserOperation,
        method: &'static str,
    ) -> Result<Paymaster, BundlerError> {
        let version = op.version();
        let named = self.named(version, method)?;
        let with = op.clone().with_paymaster(Some(named)).to_json();
        let read = UserOperation::from_json(version, &with)
            .map_err(|error| malformed(method, &error.to_string()))?;
        read.paymaster().cloned().ok_or_else(|| malformed(method, "it names no paymaster"))
    }

    fn named(
        self,
        version: EntryPointVersion,
        method: &'static str,
    ) -> Result<Paymaster, BundlerError> {
        if version == EntryPointVersion::V0_6 {
            let packed = self
                .paymaster_and_data
                .ok_or_else(|| malformed(method, "paymasterAndData is missing"))?;
            let Some((address, data)) = packed.split_first_chunk::<20>() else {
                return Err(malformed(method, "paymasterAndData holds no address"));
            };
            let data = Bytes::copy_from_slice(data);
            return Ok(Paymaster { address: address.into(), data, ..Paymaster::default() });
        }
        Ok(Paymaster {
            address: self.paymaster.ok_or_else(|| malformed(method, "paymaster is missing"))?,
            verification_gas_limit: self.verification_gas_limit.unwrap_or_default(),
            post_op_gas_limit: self.post_op_gas_limit.unwrap_or_default(),
            data: self
                .paymaster_data
                .ok_or_else(|| malformed(method, "paymasterData is missing"))?,
            signature: self.paymaster_signature.filter(|_| version.has_paymaster_signature()),
        })
    }
}

fn malformed(method: &'static str, why: &str) -> BundlerError {
    BundlerError::Failed { method, fault: Fault::malformed(why) }
}
