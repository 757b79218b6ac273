//! What our `SponsorPaymaster` approves, and how its approval travels.

use std::borrow::Cow;

use alloy::{
    primitives::{Address, B256, Bytes, U256, aliases::U48},
    sol,
    sol_types::{Eip712Domain, SolStruct},
};
use serde::{Deserialize, Serialize};

use crate::{ChainId, EntryPointVersion, Signature65, UserOperation, pack::packed};

sol! {
    struct SponsorApproval {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        uint128 paymasterVerificationGasLimit;
        uint128 paymasterPostOpGasLimit;
        address delegate;
        address entryPoint;
        uint48 validUntil;
        uint48 validAfter;
    }
}

/// When an approval holds, in seconds since 1970 that fit 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawWindow", into = "RawWindow")]
pub struct SponsorWindow {
    valid_until: U48,
    valid_after: U48,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWindow {
    valid_until: u64,
    valid_after: u64,
}

/// The window's ends do not fit 48 bits, or it ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time lies after {valid_after} and until {valid_until}, in 48 bits")]
pub struct WindowError {
    valid_until: u64,
    valid_after: u64,
}

impl SponsorWindow {
    /// A window from `valid_after` to `valid_until`. The contract reads an end of zero as no end;
    /// we never write one.
    ///
    /// # Errors
    /// When the ends do not fit 48 bits or are the wrong way round.
    pub fn new(valid_until: u64, valid_after: u64) -> Result<Self, WindowError> {
        let error = WindowError { valid_until, valid_after };
        if valid_until <= valid_after || valid_until >> 48 != 0 {
            return Err(error);
        }
        Ok(Self { valid_until: U48::from(valid_until), valid_after: U48::from(valid_after) })
    }

    /// Last second at which the operation may be included.
    pub fn valid_until(&self) -> u64 {
        self.valid_until.to()
    }

    /// Second from which on it may be.
    pub fn valid_after(&self) -> u64 {
        self.valid_after.to()
    }

    /// The window with which our paymaster's data begins. One without an end is none.
    pub fn of_data(data: &[u8]) -> Option<Self> {
        let (until, rest) = data.split_first_chunk::<6>()?;
        let (after, _) = rest.split_first_chunk::<6>()?;
        let seconds = |bytes: &[u8; 6]| U48::from_be_bytes::<6>(*bytes).to::<u64>();
        Self::new(seconds(until), seconds(after)).ok()
    }

    fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..6].copy_from_slice(&self.valid_until.to_be_bytes::<6>());
        bytes[6..].copy_from_slice(&self.valid_after.to_be_bytes::<6>());
        bytes
    }
}

/// The 32 bytes that the paymaster's signer signs to pay for `op`.
///
/// Covers every field of the operation but its signatures and the window's place in it. `delegate`
/// is whose code the sender will run by EIP-7702, else zero. The operation must carry its final
/// paymaster gas limits already.
pub fn sponsor_approval_digest(
    op: &UserOperation,
    paymaster: Address,
    entry_point: Address,
    chain: ChainId,
    delegate: Address,
    window: SponsorWindow,
) -> B256 {
    let fields = packed(op);
    let limits = op.paymaster().map(|p| (p.verification_gas_limit, p.post_op_gas_limit));
    let (verification, post_op) = limits.unwrap_or_default();
    let approval = SponsorApproval {
        sender: fields.sender,
        nonce: fields.nonce,
        initCode: fields.initCode,
        callData: fields.callData,
        accountGasLimits: fields.accountGasLimits,
        preVerificationGas: fields.preVerificationGas,
        gasFees: fields.gasFees,
        paymasterVerificationGasLimit: verification,
        paymasterPostOpGasLimit: post_op,
        delegate,
        entryPoint: entry_point,
        validUntil: window.valid_until,
        validAfter: window.valid_after,
    };
    let domain = Eip712Domain::new(
        Some(Cow::Borrowed("CountersignSponsorPaymaster")),
        Some(Cow::Borrowed("1")),
        Some(U256::from(chain.get())),
        Some(paymaster),
        None,
    );
    approval.eip712_signing_hash(&domain)
}

/// Where an approval goes in an operation's paymaster fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SponsorData {
    /// `paymasterData`.
    pub data: Bytes,
    /// `paymasterSignature`; only on 0.9, where the signature is not inside the data.
    pub signature: Option<Bytes>,
}

/// The paymaster fields that carry an approval.
pub fn sponsor_paymaster_data(
    version: EntryPointVersion,
    window: SponsorWindow,
    signature: &Signature65,
) -> SponsorData {
    let window = window.to_bytes();
    if version.has_paymaster_signature() {
        let signature = Some(Bytes::copy_from_slice(signature.as_bytes()));
        return SponsorData { data: Bytes::copy_from_slice(&window), signature };
    }
    let data = [&window[..], signature.as_bytes()].concat();
    SponsorData { data: data.into(), signature: None }
}

/// The same with a signature that is well formed and nobody's, for estimates.
pub fn sponsor_paymaster_stub(version: EntryPointVersion, window: SponsorWindow) -> SponsorData {
    sponsor_paymaster_data(version, window, &Signature65::stub())
}

impl TryFrom<RawWindow> for SponsorWindow {
    type Error = WindowError;

    fn try_from(raw: RawWindow) -> Result<Self, Self::Error> {
        Self::new(raw.valid_until, raw.valid_after)
    }
}

impl From<SponsorWindow> for RawWindow {
    fn from(window: SponsorWindow) -> Self {
        Self { valid_until: window.valid_until(), valid_after: window.valid_after() }
    }
}
