//! A caller's wish for a signature on what stands alone: typed data, a message, a transaction.

use alloy::primitives::{Address, B256};
use countersign_userop::{ChainId, Signable, SignableKind};
use serde_json::{Value, json};

use super::{INTENT_DOMAIN, ed25519_message};
use crate::signed_struct;

mod eip712 {
    //! The typed data; the names are part of what is signed.
    alloy::sol! {
        #[derive(Debug)]
        struct SignatureIntent {
            string id;
            string kind;
            address signer;
            bytes32 digest;
            uint64 expiry;
        }
    }
}

/// What a caller wants signed, by its digest, which a cosigner computes from what it is shown.
#[derive(Clone, Copy, Debug)]
pub struct SignableIntent<'a> {
    /// The caller's own name for it: one id takes one slot, for ever.
    pub id: &'a str,
    /// The kind of what is signed.
    pub kind: SignableKind,
    /// Its chain; zero where it has none.
    pub chain: ChainId,
    /// The address whose signature is wanted: the key's or its child's.
    pub signer: Address,
    /// What is signed.
    pub digest: B256,
    /// The last second, since 1970, at which a cosigner may sign it.
    pub expiry: u64,
}

impl<'a> SignableIntent<'a> {
    /// The wish that `signer` signs this.
    #[must_use]
    pub fn new(id: &'a str, signable: &Signable, signer: Address, expiry: u64) -> Self {
        let (kind, digest) = (signable.kind(), signable.digest());
        let chain = signable.chain().unwrap_or(ChainId::new(0));
        Self { id, kind, chain, signer, digest, expiry }
    }

    /// The EIP-712 digest that a wallet signs.
    #[must_use]
    pub fn digest(&self) -> B256 {
        let typed = eip712::SignatureIntent {
            id: self.id.to_owned(),
            kind: self.kind.to_string(),
            signer: self.signer,
            digest: self.digest,
            expiry: self.expiry,
        };
        signed_struct::digest(INTENT_DOMAIN, self.chain, &typed)
    }

    /// What an Ed25519 key signs.
    #[must_use]
    pub fn ed25519_message(&self) -> Vec<u8> {
        ed25519_message(self.digest())
    }

    /// The whole as JSON for `eth_signTypedData_v4`.
    #[must_use]
    pub fn typed_data(&self) -> Value {
        let message = json!({
            "id": self.id,
            "kind": self.kind.as_str(),
            "signer": self.signer,
            "digest": self.digest,
            "expiry": self.expiry,
        });
        signed_struct::typed_data::<eip712::SignatureIntent>(INTENT_DOMAIN, self.chain, message)
    }
}
