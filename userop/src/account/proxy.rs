//! The ERC-1967 proxies behind which accounts stand.

use std::ops::Range;

use alloy::primitives::{Address, hex};

/// The runtime code of Solady's minimal ERC-1967 proxy (`LibClone`).
pub(super) const SOLADY_RUNTIME: [u8; 61] = hex!(
    "363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc545af43d"
    "6000803e6038573d6000fd5b3d6000f3"
);

/// Solady's creation code up to the implementation, which it then writes to its slot.
const SOLADY_PREFIX: [u8; 9] = hex!("603d3d8160223d3973");
const SOLADY_MIDDLE: [u8; 5] = hex!("60095155f3");

/// The whole creation code of Solady's proxy of `implementation`.
pub(super) fn solady_creation(implementation: Address) -> Vec<u8> {
    [&SOLADY_PREFIX[..], implementation.as_slice(), &SOLADY_MIDDLE, &SOLADY_RUNTIME].concat()
}

/// An OpenZeppelin proxy: creation code with the runtime code in it.
#[derive(Debug)]
pub(super) struct OpenZeppelin {
    creation: &'static [u8],
    runtime: Range<usize>,
}

impl OpenZeppelin {
    /// What CREATE2 hashes, before the constructor's arguments.
    pub(super) const fn creation(&self) -> &'static [u8] {
        self.creation
    }

    /// What a deployed proxy's code is.
    pub(super) fn runtime(&self) -> &'static [u8] {
        &self.creation[self.runtime.clone()]
    }
}

macro_rules! from_file {
    ($file:literal, $runtime:expr) => {{
        const TEXT: &[u8] = include_bytes!(concat!("proxy/", $file));
        static CREATION: [u8; TEXT.len() / 2] = match hex::const_decode_to_array(TEXT) {
            Ok(bytes) => bytes,
            Err(_) => panic!("the file is hex without a line break"),
        };
        OpenZeppelin { creation: &CREATION, runtime: $runtime }
    }};
}

/// The proxy inside SimpleAccountFactory 0.6.
pub(super) static OPENZEPPELIN_0_6: OpenZeppelin = from_file!("openzeppelin_0.6.hex", 1101..1946);
/// The proxy inside SimpleAccountFactory 0.7.
pub(super) static OPENZEPPELIN_0_7: OpenZeppelin = from_file!("openzeppelin_0.7.hex", 864..1047);
/// The proxy inside SimpleAccountFactory 0.8.
pub(super) static OPENZEPPELIN_0_8: OpenZeppelin = from_file!("openzeppelin_0.8.hex", 539..680);
