//! Ethereum addresses, computed by libsecp256k1's point and not by the engine's.

use k256::elliptic_curve::group::GroupEncoding;
use sha3::{Digest, Keccak256};

use crate::engine::AffinePoint;

/// The compressed form of a public key.
pub(crate) fn compressed(point: &AffinePoint) -> [u8; 33] {
    point.to_bytes().into()
}

/// The address of a public key as libsecp256k1 holds it.
pub(crate) fn of_key(key: &secp256k1::PublicKey) -> [u8; 20] {
    let uncompressed = key.serialize_uncompressed();
    let coordinates = uncompressed.get(1..).unwrap_or_default();
    let hash = Keccak256::digest(coordinates);
    let mut address = [0; 20];
    address.copy_from_slice(hash.get(12..).unwrap_or_default());
    address
}

/// The address of the engine's point; none for the point at infinity.
pub(crate) fn of_point(point: &AffinePoint) -> Option<[u8; 20]> {
    secp256k1::PublicKey::from_slice(&compressed(point)).ok().map(|key| of_key(&key))
}
