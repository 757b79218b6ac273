//! Who pays for an operation instead of its sender.

use alloy::primitives::{Address, Bytes};

/// Ends `paymasterAndData` on 0.9 when a signature precedes it: `keccak("PaymasterSignature")[..8]`.
const SIGNATURE_MAGIC: [u8; 8] = [0x22, 0xe3, 0x25, 0xa2, 0x97, 0x43, 0x96, 0x56];
/// Two bytes of length and the magic.
const SUFFIX_LEN: usize = 2 + SIGNATURE_MAGIC.len();
/// Address and two 16-byte gas limits, from 0.7 on.
const DATA_OFFSET: usize = 52;

/// A paymaster with its own gas limits and data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Paymaster {
    /// The paymaster contract.
    pub address: Address,
    /// For the paymaster's validation. Not part of a 0.6 operation.
    pub verification_gas_limit: u128,
    /// For the paymaster's `postOp`. Not part of a 0.6 operation.
    pub post_op_gas_limit: u128,
    /// What the paymaster reads; covered by the hash.
    pub data: Bytes,
    /// From 0.9 on: a signature that the hash does not cover (only that there is one).
    pub signature: Option<Bytes>,
}

impl Paymaster {
    /// `paymasterAndData` of 0.6.
    pub(crate) fn unpacked(&self) -> Bytes {
        [self.address.as_slice(), &self.data].concat().into()
    }

    /// `paymasterAndData` from 0.7 on. A signature longer than its 16-bit length field
    /// announces 65535 bytes, which the EntryPoint then reads as data: it cannot be valid.
    pub(crate) fn packed(&self) -> Bytes {
        let mut bytes = self.signed_prefix();
        if let Some(signature) = self.signature.as_ref().filter(|s| !s.is_empty()) {
            bytes.extend_from_slice(signature);
            let length = u16::try_from(signature.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&SIGNATURE_MAGIC);
        }
        bytes.into()
    }

    fn signed_prefix(&self) -> Vec<u8> {
        let limits = [self.verification_gas_limit, self.post_op_gas_limit].map(u128::to_be_bytes);
        [self.address.as_slice(), &limits[0], &limits[1], &self.data].concat()
    }
}

/// The part of a 0.9 `paymasterAndData` that its hash covers: a signature is cut out, its magic stays.
pub(crate) fn hashed_paymaster_and_data(packed: &[u8]) -> Vec<u8> {
    match split_signature(packed, DATA_OFFSET) {
        Suffix::Signature { data, .. } => [data, &SIGNATURE_MAGIC].concat(),
        Suffix::None | Suffix::BadLength => packed.to_vec(),
    }
}

/// What ends a 0.9 paymaster's data.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Suffix<'a> {
    /// Nothing: no magic, or the magic after a length of zero.
    None,
    /// A signature, and the data before it.
    Signature { data: &'a [u8], signature: &'a [u8] },
    /// The magic with a length that reaches before the data; the EntryPoint reverts on it.
    BadLength,
}

/// Reads the suffix as the 0.9 EntryPoint does; `offset` bytes at the start belong to no signature.
pub(crate) fn split_signature(bytes: &[u8], offset: usize) -> Suffix<'_> {
    let Some(body) = bytes.strip_suffix(&SIGNATURE_MAGIC) else { return Suffix::None };
    if bytes.len() < offset + SUFFIX_LEN {
        return Suffix::None;
    }
    let Some((rest, length)) = body.split_last_chunk::<2>() else { return Suffix::None };
    match usize::from(u16::from_be_bytes(*length)) {
        0 => Suffix::None,
        length if length > rest.len() - offset => Suffix::BadLength,
        length => {
            let (data, signature) = rest.split_at(rest.len() - length);
            Suffix::Signature { data, signature }
        }
    }
}
