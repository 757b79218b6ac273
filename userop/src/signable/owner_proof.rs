//! A new owner's proof towards an account of ours: without it the account takes no new owner.

use std::borrow::Cow;

use alloy::{
    primitives::{Address, B256, U256},
    sol,
    sol_types::{Eip712Domain, SolStruct},
};
use serde_json::{Value, json};

use super::{OnceSlot, SignableKind, authorization::one_chain};
use crate::{CanonicalPreview, ChainId, ParseError, Problem, canonical, fields, fields::Fields};

mod typed {
    use super::sol;

    sol! {
        struct OwnerProof {
            address newOwner;
            uint256 nonce;
        }
    }
}

/// What `rotateOwner` and `proposeOwnerChange` of `CountersignAccount` want signed by the new owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OwnerProof {
    /// The chain.
    pub chain: ChainId,
    /// The account that gets a new owner.
    pub account: Address,
    /// The new owner. It must be the signing key's own address, for the caller to check.
    pub new_owner: Address,
    /// The account's `ownerNonce`; each proof that it takes raises it by one.
    pub nonce: u32,
}

impl OwnerProof {
    /// A proof towards one account.
    ///
    /// # Errors
    /// The account refuses itself and zero as owners, and we a chain id of zero.
    pub fn new(
        chain: ChainId,
        account: Address,
        new_owner: Address,
        nonce: u32,
    ) -> Result<Self, ParseError> {
        if new_owner.is_zero() || new_owner == account {
            let problem = Problem::Invalid("must be neither zero nor the account itself");
            return Err(ParseError::new("newOwner", problem));
        }
        one_chain(&chain.get().into()).map_err(|problem| ParseError::new("chainId", problem))?;
        Ok(Self { chain, account, new_owner, nonce })
    }

    /// Reads `{"chainId", "account", "newOwner", "nonce"}`.
    ///
    /// # Errors
    /// Names the field that is wrong, as [`OwnerProof::new`].
    pub fn from_json(json: &Value) -> Result<Self, ParseError> {
        let mut fields = Fields::of(json, "ownerProof")?;
        let chain = fields.required("chainId", one_chain)?;
        let account = fields.required("account", fields::address)?;
        let new_owner = fields.required("newOwner", fields::address)?;
        let nonce = fields.required("nonce", nonce)?;
        fields.finish()?;
        Self::new(chain, account, new_owner, nonce)
    }

    /// The request as JSON; [`OwnerProof::from_json`] reads it again.
    pub fn to_json(&self) -> Value {
        json!({
            "chainId": format!("{:#x}", self.chain.get()),
            "account": canonical::json(&self.account),
            "newOwner": canonical::json(&self.new_owner),
            "nonce": format!("{:#x}", self.nonce),
        })
    }

    /// What is signed: the account's own `ownerProofDigest(newOwner)`.
    pub fn digest(&self) -> B256 {
        let domain = Eip712Domain::new(
            Some(Cow::Borrowed("CountersignAccount")),
            Some(Cow::Borrowed("1")),
            Some(U256::from(self.chain.get())),
            Some(self.account),
            None,
        );
        let (new_owner, nonce) = (self.new_owner, U256::from(self.nonce));
        typed::OwnerProof { newOwner: new_owner, nonce }.eip712_signing_hash(&domain)
    }

    /// The account's owner nonce.
    pub fn slot(&self) -> OnceSlot {
        OnceSlot::Nonce {
            chain: Some(self.chain),
            contract: Some(self.account),
            holder: Some(self.new_owner),
            nonce: U256::from(self.nonce),
        }
    }

    /// The one byte string of what is shown.
    pub fn canonical(&self) -> CanonicalPreview {
        let body = json!({
            "digest": canonical::json(&self.digest()),
            "chain": self.chain,
            "account": canonical::json(&self.account),
            "newOwner": canonical::json(&self.new_owner),
            "nonce": self.nonce,
        });
        CanonicalPreview::new(SignableKind::OwnerProof, body)
    }

    /// The proof for people.
    pub fn lines(&self) -> Vec<String> {
        let Self { chain, account, new_owner, nonce } = self;
        vec![
            format!("owner proof on chain {chain}, owner nonce {nonce}"),
            format!("{new_owner} agrees to become the owner of {account}"),
            format!("digest {:#x}", self.digest()),
        ]
    }
}

fn nonce(value: &Value) -> Result<u32, Problem> {
    fields::u256(value)?.try_into().map_err(|_| Problem::TooLong { max: 4 })
}
