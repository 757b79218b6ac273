//! A UserOperation of any EntryPoint version.

mod json;

use alloy::primitives::{Address, Bytes, U256};

use crate::{
    ChainId, Eip7702Auth, EntryPointVersion, Factory, Fees, GasLimits, PackedOp, Paymaster,
    UserOpHash, gas::cost, hash,
};

/// One operation, in the terms all versions share; packing and hash differ by its version.
///
/// Read from JSON it is complete and in bounds. Built by hand, a version keeps only the parts it
/// knows: a paymaster's signature needs 0.9, a paymaster's gas limits 0.7.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserOperation {
    version: EntryPointVersion,
    sender: Address,
    nonce: U256,
    factory: Option<Factory>,
    call_data: Bytes,
    gas: GasLimits,
    fees: Fees,
    paymaster: Option<Paymaster>,
    signature: Bytes,
    eip7702_auth: Option<Eip7702Auth>,
}

impl UserOperation {
    /// An operation that calls, with zero gas and fees and an empty signature.
    pub fn new(version: EntryPointVersion, sender: Address, nonce: U256, call_data: Bytes) -> Self {
        Self {
            version,
            sender,
            nonce,
            factory: None,
            call_data,
            gas: GasLimits::default(),
            fees: Fees::default(),
            paymaster: None,
            signature: Bytes::new(),
            eip7702_auth: None,
        }
    }

    /// Sets or clears what deploys the sender. The EIP-7702 marker needs an authorization too.
    pub fn with_factory(self, factory: Option<Factory>) -> Self {
        Self { factory, ..self }
    }

    /// Sets the gas limits.
    pub fn with_gas(self, gas: GasLimits) -> Self {
        Self { gas, ..self }
    }

    /// Sets the fees.
    pub fn with_fees(self, fees: Fees) -> Self {
        Self { fees, ..self }
    }

    /// Sets or clears the paymaster; what this version does not have is dropped from it.
    pub fn with_paymaster(self, paymaster: Option<Paymaster>) -> Self {
        let version = self.version;
        let paymaster = paymaster.map(|mut paymaster| {
            if version == EntryPointVersion::V0_6 {
                paymaster.verification_gas_limit = 0;
                paymaster.post_op_gas_limit = 0;
            }
            let signature = paymaster.signature.take();
            paymaster.signature =
                signature.filter(|s| version.has_paymaster_signature() && !s.is_empty());
            paymaster
        });
        Self { paymaster, ..self }
    }

    /// Sets the owner's signature.
    pub fn with_signature(self, signature: Bytes) -> Self {
        Self { signature, ..self }
    }

    /// Sets the paymaster's signature, where there is a paymaster and the version is 0.9.
    /// The hash stays the same as long as there was one before.
    pub fn with_paymaster_signature(mut self, signature: Bytes) -> Self {
        let paymaster = self.paymaster.take();
        self.with_paymaster(paymaster.map(|p| Paymaster { signature: Some(signature), ..p }))
    }

    /// Sets or clears the EIP-7702 authorization.
    pub fn with_eip7702_auth(self, eip7702_auth: Option<Eip7702Auth>) -> Self {
        Self { eip7702_auth, ..self }
    }

    /// The EntryPoint version this operation is for.
    pub const fn version(&self) -> EntryPointVersion {
        self.version
    }

    /// The account that acts.
    pub const fn sender(&self) -> Address {
        self.sender
    }

    /// The whole nonce: 192 bits of key, 64 bits of sequence.
    pub const fn nonce(&self) -> U256 {
        self.nonce
    }

    /// The nonce's key, which names one of the account's independent sequences.
    pub fn nonce_key(&self) -> U256 {
        self.nonce >> 64
    }

    /// What the account is called with.
    pub const fn call_data(&self) -> &Bytes {
        &self.call_data
    }

    /// The owner's signature, in the account's own format.
    pub const fn signature(&self) -> &Bytes {
        &self.signature
    }

    /// What deploys the sender, if anything does.
    pub const fn factory(&self) -> Option<&Factory> {
        self.factory.as_ref()
    }

    /// `initCode` as it goes on chain; empty when nothing deploys the sender.
    pub fn init_code(&self) -> Bytes {
        self.factory.as_ref().map(Factory::init_code).unwrap_or_default()
    }

    /// Gas limits.
    pub const fn gas(&self) -> GasLimits {
        self.gas
    }

    /// Fees.
    pub const fn fees(&self) -> Fees {
        self.fees
    }

    /// Who pays instead of the sender.
    pub const fn paymaster(&self) -> Option<&Paymaster> {
        self.paymaster.as_ref()
    }

    /// The EIP-7702 authorization that travels along.
    pub const fn eip7702_auth(&self) -> Option<&Eip7702Auth> {
        self.eip7702_auth.as_ref()
    }

    /// What the owner's signature is about. It covers every field but the two signatures.
    ///
    /// With the EIP-7702 marker it covers the authorization's delegate; an operation built with
    /// the marker and no authorization hashes over the marker, which no EntryPoint accepts.
    pub fn hash(&self, entry_point: Address, chain: ChainId) -> UserOpHash {
        hash::user_op_hash(self, entry_point, chain)
    }

    /// The struct that the EntryPoint's functions take.
    pub fn pack(&self) -> PackedOp {
        PackedOp::from(self)
    }

    /// The most the EntryPoint can charge for it, in wei: what must be prefunded.
    pub fn max_cost_wei(&self) -> U256 {
        let GasLimits { call, verification, pre_verification } = self.gas;
        let fee = self.fees.max_fee_per_gas;
        match (&self.paymaster, self.version) {
            (Some(_), EntryPointVersion::V0_6) => {
                cost([call, verification, verification, verification, pre_verification], fee)
            }
            (Some(paymaster), _) => {
                let theirs = [paymaster.verification_gas_limit, paymaster.post_op_gas_limit];
                cost([call, verification, pre_verification].into_iter().chain(theirs), fee)
            }
            (None, _) => cost([call, verification, pre_verification], fee),
        }
    }
}
