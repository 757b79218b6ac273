//! What the engine lets its caller keep between two rounds of a refresh, wiped when it is dropped.

use std::collections::BTreeMap;

use zeroize::Zeroize as _;

use crate::engine::{KeptMul, KeptZero2, KeptZero3, PartyIndex};

/// Kept from the commitments to the proofs: seeds that are not opened yet.
pub(super) struct KeptCommitments(pub(super) BTreeMap<PartyIndex, KeptZero2>);

/// Kept from the proofs to the end: seeds, and the halves of the oblivious transfers.
pub(super) struct KeptProofs {
    pub(super) zero: BTreeMap<PartyIndex, KeptZero3>,
    pub(super) multiply: BTreeMap<PartyIndex, KeptMul>,
}

impl Drop for KeptCommitments {
    fn drop(&mut self) {
        for kept in self.0.values_mut() {
            kept.seed.zeroize();
            kept.salt.zeroize();
        }
    }
}

impl Drop for KeptProofs {
    fn drop(&mut self) {
        self.zero.values_mut().for_each(|kept| kept.seed.zeroize());
        for kept in self.multiply.values_mut() {
            kept.ot_sender.s.zeroize();
            kept.ot_receiver.seed.zeroize();
            kept.nonce.zeroize();
            kept.vec_r.zeroize();
            kept.correlation.zeroize();
        }
    }
}
