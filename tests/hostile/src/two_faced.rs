//! Broadcasts of a keygen that say one thing to one party and another to the rest, each well signed.

use countersign_cosigner::{Frame, FrameKind};
use countersign_protocol::Identity;
use dkls23_secp256k1::utilities::commits;

use crate::seal::signed;

/// Where a frame has its round and its receiver; a broadcast's is zero.
const ROUND_AT: usize = 3;
const RECEIVER_AT: usize = 5;

/// The other chain code, with a commitment that it opens.
pub(crate) struct OtherFace {
    identity: Identity,
    chain_code: [u8; 32],
    commitment: [u8; 32],
    salt: Vec<u8>,
}

impl OtherFace {
    pub(crate) fn new(identity: Identity) -> Self {
        let chain_code = [0x5a; 32];
        let (commitment, salt) = commits::commit(&chain_code);
        Self { identity, chain_code, commitment, salt }
    }

    /// Makes a broadcast say that this is our chain code, if it says anything of chain codes; whether it did.
    pub(crate) fn put_on(&self, frame: &mut Frame) -> bool {
        let at = |place| frame.payload.get(place).copied();
        if frame.kind != FrameKind::Keygen || at(RECEIVER_AT) != Some(0) {
            return false;
        }
        let round = at(ROUND_AT);
        match round {
            Some(2) => signed(&mut frame.payload, &self.identity, |said| {
                said[33..65].copy_from_slice(&self.commitment);
            }),
            Some(3) => signed(&mut frame.payload, &self.identity, |said| {
                said[4_645..4_677].copy_from_slice(&self.chain_code);
                said[4_678..4_742].copy_from_slice(&self.salt);
            }),
            _ => return false,
        }
        true
    }
}
