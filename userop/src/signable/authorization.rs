//! An EIP-7702 authorization: an EOA lets a contract be its code.

use alloy::{
    eips::eip7702::Authorization as Eip7702Authorization,
    primitives::{Address, B256, U256},
};
use serde_json::{Value, json};

use super::{OnceSlot, SignableKind};
use crate::{
    AdminClass, CanonicalPreview, ChainId, Effects, ParseError, Problem, canonical, fields,
    fields::Fields, preview_decimal,
};

/// Makes `address` the code of `authority` on one chain; the zero address takes its code away.
///
/// A delegated owner must own no account that asks its owner by ERC-1271: what the delegate answers
/// would be the owner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Authorization {
    /// The chain; never zero, which would be every chain.
    pub chain: ChainId,
    /// The EOA whose code changes. It must be the signing key's own address, for the caller to check.
    pub authority: Address,
    /// The contract whose code it runs.
    pub address: Address,
    /// The EOA's transaction nonce.
    pub nonce: u64,
}

impl Authorization {
    /// An authorization of one EOA on one chain.
    ///
    /// # Errors
    /// When the chain id is zero, or the nonce one that no account may use.
    pub fn new(
        chain: ChainId,
        authority: Address,
        address: Address,
        nonce: u64,
    ) -> Result<Self, ParseError> {
        let error = |field| move |problem| ParseError::new(field, problem);
        one_chain(&chain.get().into()).map_err(error("chainId"))?;
        usable(nonce).map_err(error("nonce"))?;
        Ok(Self { chain, authority, address, nonce })
    }

    /// Reads `{"chainId", "authority", "address", "nonce"}`.
    ///
    /// # Errors
    /// Names the field that is wrong. Chain id 0 is refused: it holds on every chain.
    pub fn from_json(json: &Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "authorization")?;
        let read = Self {
            chain: fields.required("chainId", one_chain)?,
            authority: fields.required("authority", fields::address)?,
            address: fields.required("address", fields::address)?,
            nonce: fields.required("nonce", nonce)?,
        };
        fields.finish()?;
        Ok(read)
    }

    /// The request as JSON; [`Authorization::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        json!({
            "chainId": format!("{:#x}", self.chain.get()),
            "authority": canonical::json(&self.authority),
            "address": canonical::json(&self.address),
            "nonce": format!("{:#x}", self.nonce),
        })
    }

    /// What is signed: `keccak256(0x05 ‖ rlp([chainId, address, nonce]))`.
    pub fn digest(&self) -> B256 {
        let (chain_id, address) = (U256::from(self.chain.get()), self.address);
        Eip7702Authorization { chain_id, address, nonce: self.nonce }.signature_hash()
    }

    /// The EOA's nonce on its chain.
    pub fn slot(&self) -> OnceSlot {
        OnceSlot::Nonce {
            chain: Some(self.chain),
            contract: None,
            holder: Some(self.authority),
            nonce: U256::from(self.nonce),
        }
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "chain": self.chain,
            "authority": canonical::json(&self.authority),
            "delegate": canonical::json(&self.address),
            "nonce": preview_decimal(U256::from(self.nonce)),
        });
        CanonicalPreview::new(SignableKind::Authorization, body)
    }

    /// A change of the EOA's code.
    pub fn effects(&self) -> Effects {
        Effects::of_admin(AdminClass::Delegate, self.authority)
    }

    /// The authorization for people.
    pub fn lines(&self) -> Vec<String> {
        let Self { chain, authority, address, nonce } = self;
        let what = match address.is_zero() {
            true => format!("{authority} runs no code any more"),
            false => {
                format!("{authority} runs the code of {address}, which may do anything for it")
            }
        };
        vec![
            format!("EIP-7702 authorization on chain {chain}, nonce {nonce}"),
            what,
            format!("digest {:#x}", self.digest()),
        ]
    }
}

/// A chain id that names one chain.
pub(super) fn one_chain(value: &Value) -> Result<ChainId, Problem> {
    match fields::chain_id(value)? {
        chain if chain.get() == 0 => Err(Problem::Invalid("is zero, which names no one chain")),
        chain => Ok(chain),
    }
}

/// The nonce of an EOA; the last number is never used.
pub(super) fn nonce(value: &Value) -> Result<u64, Problem> {
    usable(fields::u64(value)?)
}

const fn usable(nonce: u64) -> Result<u64, Problem> {
    match nonce {
        u64::MAX => Err(Problem::Invalid("is the last number, which no account may use")),
        nonce => Ok(nonce),
    }
}
