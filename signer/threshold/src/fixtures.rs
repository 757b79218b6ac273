//! Committees dealt from a known test key, and lying peers. For tests and benchmarks only.
//!
//! A dealt key existed whole, so nothing of value may ever depend on one.

use k256::elliptic_curve::ops::Reduce;
use sha2::{Digest as _, Sha256};

use crate::committee::Committee;
use crate::engine::Scalar;
use crate::frame::{BODY_AT, HEADER_LEN, checksum};
use crate::party::PartyId;
use crate::share::{KeyShare, ShareError};

/// Deals the shares of a key made from `seed`: the same seed gives the same public key and children,
/// though fresh shares. It takes milliseconds where keygen takes seconds.
///
/// # Errors
/// If the engine deals shares that do not fit each other.
pub fn deal(committee: Committee, seed: &str) -> Result<Vec<KeyShare>, ShareError> {
    let secret = <Scalar as Reduce<k256::FieldBytes>>::reduce(&hash("secret", seed).into());
    let session = hash("session", seed);
    let (parties, package) = dkls23_secp256k1::protocols::re_key::re_key::<k256::Secp256k1>(
        &committee.to_engine(),
        &session,
        &secret,
        Some(hash("chain code", seed)),
        |_| String::new(),
    );
    parties.into_iter().map(|party| KeyShare::checked(party, package.clone(), 0, session)).collect()
}

/// Every quorum of `committee`, in order.
pub fn quorums(committee: Committee) -> Vec<Vec<PartyId>> {
    let members: Vec<PartyId> = committee.members().collect();
    (0u64..1 << members.len())
        .filter(|set| set.count_ones() == u32::from(committee.threshold()))
        .map(|set| {
            let chosen = members.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            chosen.map(|(_, party)| *party).collect()
        })
        .collect()
}

/// What a lying peer does: changes the body of a frame and seals it again, so that only the engine can
/// notice. Does nothing to what is no frame.
pub fn tamper(frame: &mut [u8], change: impl FnOnce(&mut [u8])) {
    let Some((header, rest)) = frame.split_first_chunk_mut::<HEADER_LEN>() else { return };
    let Some((seal, body)) = rest.split_at_mut_checked(BODY_AT.saturating_sub(HEADER_LEN)) else {
        return;
    };
    change(body);
    seal.copy_from_slice(&checksum(header, body));
}

fn hash(what: &str, seed: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update("countersign fixture");
    hasher.update(what);
    hasher.update([0]);
    hasher.update(seed);
    hasher.finalize().into()
}
