//! Committees dealt from a known test key, and lying peers. For tests and benchmarks only.
//!
//! A dealt key existed whole, so nothing of value may ever depend on one.

use k256::elliptic_curve::ops::Reduce;
use sha2::{Digest as _, Sha256};

use crate::committee::Committee;
use crate::engine::Scalar;
use crate::frame::{BODY_AT, HEADER_LEN, checksum, statement};
use crate::gate::{GateError, Gates};
use crate::party::PartyId;
use crate::share::{KeyShare, ShareError};
use crate::witness::Witness;

/// Deals the shares of a key made from `seed`: the same seed gives the same public key and children,
/// though fresh shares. It takes milliseconds where keygen takes seconds.
///
/// # Errors
/// If the engine deals shares that do not fit each other.
pub fn deal(committee: Committee, seed: &str) -> Result<Vec<KeyShare>, ShareError> {
    deal_key(committee, &hash("secret", seed), &hash("chain code", seed))
}

/// Deals the shares of a given key with a given chain code.
///
/// # Errors
/// If the engine deals shares that do not fit each other.
pub fn deal_key(
    committee: Committee,
    secret: &[u8; 32],
    chain_code: &[u8; 32],
) -> Result<Vec<KeyShare>, ShareError> {
    let secret = <Scalar as Reduce<k256::FieldBytes>>::reduce(&(*secret).into());
    let session: [u8; 32] = Sha256::digest(chain_code).into();
    let (parties, package) = dkls23_secp256k1::protocols::re_key::re_key::<k256::Secp256k1>(
        &committee.to_engine(),
        &session,
        &secret,
        Some(*chain_code),
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
pub fn tamper(frame: &mut Vec<u8>, change: impl FnOnce(&mut Vec<u8>)) {
    rebuild(frame, |_, mut body| {
        change(&mut body);
        body
    });
}

/// What a lying party of a keygen does: changes a broadcast, signs it again with `witness`, which made
/// signatures of `signature_len` bytes, and seals it again.
pub fn tamper_broadcast(
    frame: &mut Vec<u8>,
    witness: &dyn Witness,
    signature_len: usize,
    change: impl FnOnce(&mut Vec<u8>),
) {
    rebuild(frame, |header, mut body| {
        body.truncate(body.len().saturating_sub(signature_len));
        change(&mut body);
        let digest = Sha256::digest(&body).into();
        body.extend(witness.sign(&statement(header, &digest)));
        body
    });
}

/// Bans `peer` as the first failed check does, and returns once that is on record.
///
/// # Errors
/// If the ledger did not take the ban.
pub fn ban(gates: &Gates, peer: PartyId, reason: &str) -> Result<(), GateError> {
    gates.ban(peer, reason)
}

fn rebuild(frame: &mut Vec<u8>, change: impl FnOnce(&[u8; HEADER_LEN], Vec<u8>) -> Vec<u8>) {
    let Some((header, rest)) = frame.split_first_chunk::<HEADER_LEN>() else { return };
    let Some(body) = rest.get(BODY_AT.saturating_sub(HEADER_LEN)..) else { return };
    let header = *header;
    let body = change(&header, body.to_vec());
    *frame = [&header[..], &checksum(&header, &body), &body].concat();
}

fn hash(what: &str, seed: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update("countersign fixture");
    hasher.update(what);
    hasher.update([0]);
    hasher.update(seed);
    hasher.finalize().into()
}
