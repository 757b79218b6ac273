//! What deploys or initialises the sender.

use alloy::primitives::{Address, Bytes, address};

/// The first 20 bytes of `initCode` when the sender is a delegated EOA instead of a new contract.
const EIP7702_MARKER: Address = address!("7702000000000000000000000000000000000000");

/// A factory contract and the call to it, or the EIP-7702 marker and the sender's initialisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Factory {
    /// The factory contract, or the EIP-7702 marker.
    pub address: Address,
    /// Call data for the factory; with the marker, call data for the sender itself.
    pub data: Bytes,
}

impl Factory {
    /// A call to a factory contract.
    pub const fn contract(address: Address, data: Bytes) -> Self {
        Self { address, data }
    }

    /// The EIP-7702 marker: the sender is an EOA that delegates its code.
    pub const fn eip7702(data: Bytes) -> Self {
        Self { address: EIP7702_MARKER, data }
    }

    /// Whether this is the EIP-7702 marker and no factory at all.
    pub fn is_eip7702(&self) -> bool {
        self.address == EIP7702_MARKER
    }

    /// `initCode` as it goes on chain. A bare marker is its two bytes; before data it fills 20.
    pub fn init_code(&self) -> Bytes {
        if self.is_eip7702() && self.data.is_empty() {
            return Bytes::from_static(&[0x77, 0x02]);
        }
        [self.address.as_slice(), &self.data].concat().into()
    }

    /// `initCode` as the hash covers it: the delegate stands where the marker was.
    pub(crate) fn hashed_init_code(&self, delegate: Address) -> Bytes {
        [delegate.as_slice(), &self.data].concat().into()
    }
}
