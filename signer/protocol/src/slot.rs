//! What a signature takes up for good.

use std::fmt;

use alloy::primitives::{Address, B256, U256, keccak256};
use countersign_userop::{ChainId, OnceSlot, SignableKind};

/// What a signature takes up for good, so that a second digest for it is noticed. Every kind of request has
/// one; a part that a kind does not know is absent, and absent is another slot than any value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The kind of request.
    pub kind: SignableKind,
    /// The chain; none for what is signed off chain or for all chains.
    pub chain: Option<ChainId>,
    /// Where the signature means something.
    pub domain: SlotDomain,
    /// The account that it is about.
    pub subject: Option<Address>,
    /// The account's nonce, or whatever else tells one request from the next: a counter, a hash.
    pub nonce: U256,
}

/// Where a signature means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlotDomain {
    /// Everywhere, as that of a personal message or of a plain transaction.
    Any,
    /// At a contract: the EntryPoint, a delegate, a verifying contract.
    Contract(Address),
    /// Within a domain that has a hash and no one contract: a typed-data domain, a key's transcript.
    Hash(B256),
}

impl Slot {
    /// The slot of what stands alone. What nothing counts takes the slot of its digest.
    #[must_use]
    pub(crate) fn once(kind: SignableKind, slot: OnceSlot) -> Self {
        let none =
            Self { kind, chain: None, domain: SlotDomain::Any, subject: None, nonce: U256::ZERO };
        match slot {
            OnceSlot::Nonce { chain, contract, holder, nonce } => {
                let domain = contract.map_or(SlotDomain::Any, SlotDomain::Contract);
                Self { chain, domain, subject: holder, nonce, ..none }
            }
            OnceSlot::Counter { name, counter } => {
                let domain = SlotDomain::Hash(keccak256(name));
                Self { domain, nonce: U256::from(counter), ..none }
            }
            OnceSlot::Digest { digest } => Self { domain: SlotDomain::Hash(digest), ..none },
        }
    }
}

/// The stored form, which never changes for a kind. No part can imitate another: there are five, in this order,
/// none holds a slash, and one that is absent is `-`.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.kind)?;
        match self.chain {
            Some(chain) => write!(f, "{chain}/")?,
            None => f.write_str("-/")?,
        }
        match self.domain {
            SlotDomain::Any => f.write_str("-/")?,
            SlotDomain::Contract(contract) => write!(f, "{contract:#x}/")?,
            SlotDomain::Hash(hash) => write!(f, "{hash:#x}/")?,
        }
        match self.subject {
            Some(subject) => write!(f, "{subject:#x}/{:#x}", self.nonce),
            None => write!(f, "-/{:#x}", self.nonce),
        }
    }
}
