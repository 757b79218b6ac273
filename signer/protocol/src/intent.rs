//! A caller's own word on what shall be done: the gateway only carries it.
//!
//! A caller signs (id, chain, sender, calls, expiry). A cosigner does not read these from the gateway: it takes chain,
//! sender and calls from the operation that it is shown, computes the digest from them, and verifies the signature over
//! that. So an intent that was made for anything else does not verify, whatever the gateway says it is for.

use std::fmt;

use alloy::primitives::{Address, B256, Bytes};
use countersign_userop::{Call, ChainId, Signable, Signature65};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use crate::signed_struct;

mod signable;

pub use signable::SignableIntent;

mod eip712 {
    //! The typed data; the names are part of what is signed.
    alloy::sol! {
        #[derive(Debug)]
        struct Call {
            address to;
            uint256 value;
            bytes data;
        }

        #[derive(Debug)]
        struct Intent {
            string id;
            address sender;
            Call[] calls;
            uint64 expiry;
        }
    }
}

/// The name of the EIP-712 domain of intents; its version is 1, and its chain is the operation's.
pub const INTENT_DOMAIN: &str = "CountersignIntent";
/// What an Ed25519 signer puts before the digest.
const ED25519_DOMAIN: &[u8] = b"countersign intent 1\0";
/// The longest id, in bytes, as EIP-5792 has it.
const MAX_ID: usize = 4096;

/// What a caller wants done.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'a> {
    /// The caller's own name for it: one id takes one nonce, for ever.
    pub id: &'a str,
    /// The chain.
    pub chain: ChainId,
    /// The account that acts.
    pub sender: Address,
    /// What it does, in order.
    pub calls: &'a [Call],
    /// The last second, since 1970, at which a cosigner may sign it.
    pub expiry: u64,
}

impl Intent<'_> {
    /// The EIP-712 digest that a wallet signs.
    #[must_use]
    pub fn digest(&self) -> B256 {
        let call =
            |call: &Call| eip712::Call { to: call.to, value: call.value, data: call.data.clone() };
        let typed = eip712::Intent {
            id: self.id.to_owned(),
            sender: self.sender,
            calls: self.calls.iter().map(call).collect(),
            expiry: self.expiry,
        };
        signed_struct::digest(INTENT_DOMAIN, self.chain, &typed)
    }

    /// What an Ed25519 key signs: the domain, then the digest.
    #[must_use]
    pub fn ed25519_message(&self) -> Vec<u8> {
        ed25519_message(self.digest())
    }

    /// The whole as JSON for `eth_signTypedData_v4`.
    #[must_use]
    pub fn typed_data(&self) -> Value {
        let call = |call: &Call| json!({ "to": call.to, "value": call.value, "data": call.data });
        let message = json!({
            "id": self.id,
            "sender": self.sender,
            "calls": self.calls.iter().map(call).collect::<Vec<_>>(),
            "expiry": self.expiry,
        });
        signed_struct::typed_data::<eip712::Intent>(INTENT_DOMAIN, self.chain, message)
    }
}

/// The key with which a caller signs intents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IntentKey {
    /// An ordinary wallet, by its address.
    Wallet(Address),
    /// A backend's Ed25519 public key.
    Ed25519(B256),
}

impl fmt::Display for IntentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(address) => write!(f, "wallet {address}"),
            Self::Ed25519(key) => write!(f, "Ed25519 key {key}"),
        }
    }
}

/// A caller's signature, with those parts of the intent that an operation does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedIntent {
    /// The intent's id.
    pub id: String,
    /// The last second, since 1970, at which it may be signed.
    pub expiry: u64,
    /// Whose signature it is said to be.
    pub signer: IntentKey,
    /// The signature: `r`, `s`, `v` of a wallet, or 64 bytes of Ed25519.
    pub signature: Bytes,
}

/// Why a signature on an intent counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntentError {
    /// The id is none.
    #[error("the intent's id has {length} bytes, it needs 1 to {MAX_ID}")]
    Id {
        /// How many it has.
        length: usize,
    },
    /// Too late.
    #[error("the intent expired at {expiry}, it is {now}")]
    Expired {
        /// When it expired, in seconds since 1970.
        expiry: u64,
        /// The time now.
        now: u64,
    },
    /// The signature is not one of the signer's over this sender, these calls, this chain, id and expiry.
    #[error("the signature is not the {signer}'s on this intent")]
    Signature {
        /// Whose it was said to be.
        signer: IntentKey,
    },
}

impl SignedIntent {
    /// Verifies the signature over what an operation really does; gives the key that signed.
    ///
    /// # Errors
    /// [`IntentError`]: then nobody asked for this.
    pub fn verify(
        &self,
        chain: ChainId,
        sender: Address,
        calls: &[Call],
        now: u64,
    ) -> Result<IntentKey, IntentError> {
        let intent = Intent { id: &self.id, chain, sender, calls, expiry: self.expiry };
        self.verify_digest(intent.digest(), now)
    }

    /// Verifies the signature over the wish that `signer` signs what stands alone; gives the key that signed.
    ///
    /// # Errors
    /// [`IntentError`]: then nobody asked for this.
    pub fn verify_signable(
        &self,
        signable: &Signable,
        signer: Address,
        now: u64,
    ) -> Result<IntentKey, IntentError> {
        let intent = SignableIntent::new(&self.id, signable, signer, self.expiry);
        self.verify_digest(intent.digest(), now)
    }

    fn verify_digest(&self, digest: B256, now: u64) -> Result<IntentKey, IntentError> {
        if self.id.is_empty() || self.id.len() > MAX_ID {
            return Err(IntentError::Id { length: self.id.len() });
        }
        let good = match self.signer {
            IntentKey::Wallet(address) => self.is_by_wallet(digest, address),
            IntentKey::Ed25519(key) => self.is_by_ed25519(digest, key),
        };
        if !good {
            return Err(IntentError::Signature { signer: self.signer });
        }
        if now > self.expiry {
            return Err(IntentError::Expired { expiry: self.expiry, now });
        }
        Ok(self.signer)
    }

    fn is_by_wallet(&self, digest: B256, address: Address) -> bool {
        let bytes = self.signature.as_ref().try_into().ok();
        bytes
            .and_then(|bytes: [u8; 65]| Signature65::new(bytes).ok())
            .and_then(|signature| signature.recover(digest))
            .is_some_and(|signer| signer == address)
    }

    fn is_by_ed25519(&self, digest: B256, key: B256) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&key.0) else { return false };
        let Ok(signature) = Signature::from_slice(&self.signature) else { return false };
        key.verify_strict(&ed25519_message(digest), &signature).is_ok()
    }
}

/// What an Ed25519 key signs of any intent.
fn ed25519_message(digest: B256) -> Vec<u8> {
    [ED25519_DOMAIN, digest.as_slice()].concat()
}

#[cfg(test)]
mod tests;
