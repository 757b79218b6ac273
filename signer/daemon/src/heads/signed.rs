//! A journal's head, signed by whose journal it is.

use alloy::primitives::B256;
use countersign_protocol::{Identity, IdentityKey, IdentitySignature};
use serde::{Deserialize, Serialize};

use crate::audit::AuditHead;

const DOMAIN: &str = "journal head 1";
/// No honest head is longer, in bytes.
const MAX_BYTES: usize = 256;

/// Where a journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The process that says so.
    pub(crate) boot: [u8; 16],
    /// Rises when a history is imported or waived. What is of a lower era is older, whatever its count.
    pub(crate) era: u64,
    /// Where the chain stood when this process, or the era, began.
    pub(crate) base: AuditHead,
    /// Where it stands.
    pub(crate) at: AuditHead,
}

/// A head under its owner's signature. The wire form is postcard, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedHead {
    body: Body,
    signature: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Body {
    boot: [u8; 16],
    era: u64,
    base_count: u64,
    base_hash: [u8; 32],
    count: u64,
    hash: [u8; 32],
}

impl SignedHead {
    pub(crate) fn make(identity: &Identity, head: Head) -> Self {
        let Head { boot, era, base, at } = head;
        let body = Body {
            boot,
            era,
            base_count: base.count,
            base_hash: base.hash.0,
            count: at.count,
            hash: at.hash.0,
        };
        let signature = identity.sign(DOMAIN, &body.bytes()).as_bytes().to_vec();
        Self { body, signature }
    }

    /// The head, if `key` signed it and it says nothing impossible.
    pub(crate) fn open(&self, key: &IdentityKey) -> Option<Head> {
        let signature = IdentitySignature::try_from(self.signature.as_slice()).ok()?;
        if !key.verifies(DOMAIN, &self.body.bytes(), &signature) {
            return None;
        }
        let head = |count, hash| AuditHead { count, hash: B256::from(hash) };
        let Body { boot, era, base_count, base_hash, count, hash } = self.body;
        let (base, at) = (head(base_count, base_hash), head(count, hash));
        (at.count > base.count || at == base).then_some(Head { boot, era, base, at })
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Plain numbers and bytes always encode; nothing at all is no head to anybody.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let (head, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(head)
    }
}

impl Body {
    /// Fixed lengths, in this order.
    fn bytes(&self) -> Vec<u8> {
        let Self { boot, era, base_count, base_hash, count, hash } = self;
        let mut bytes = boot.to_vec();
        bytes.extend(era.to_be_bytes());
        bytes.extend(base_count.to_be_bytes());
        bytes.extend(base_hash);
        bytes.extend(count.to_be_bytes());
        bytes.extend(hash);
        bytes
    }
}
