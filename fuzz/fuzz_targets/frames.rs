//! What a cosigner sends while signing: frames of anybody, and sealed frames of a lying peer whose body is changed in
//! places. The engine must refuse, and never panic.

#![no_main]

use std::sync::{Arc, OnceLock};

use countersign_threshold::{
    BanLedger, Committee, Digest, Gated, Gates, KeyShare, LedgerError, PartyId, SessionId, Signing,
    fixtures,
};
use libfuzzer_sys::fuzz_target;

struct NoBans;

impl BanLedger for NoBans {
    fn is_banned(&self, _: PartyId) -> Result<bool, LedgerError> {
        Ok(false)
    }

    fn ban(&self, _: PartyId, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }
}

/// The shares of two parties, and the first frame of the second to the first.
fn dealt() -> &'static (Vec<KeyShare>, Vec<u8>) {
    static DEALT: OnceLock<(Vec<KeyShare>, Vec<u8>)> = OnceLock::new();
    DEALT.get_or_init(|| {
        let committee = Committee::new(3, 2).expect("two of three");
        let shares = fixtures::deal(committee, "fuzz").expect("dealt");
        let (_, mut frames) = start(&shares[1]);
        let frame = frames.pop().expect("a first frame").release(|bytes| bytes).expect("no bans");
        (shares, frame)
    })
}

fn quorum() -> [PartyId; 2] {
    [1, 2].map(|index| PartyId::new(index).expect("a party"))
}

fn start(share: &KeyShare) -> (Signing, Vec<Gated>) {
    let (digest, session) = (Digest::new([1; 32]), SessionId::new([2; 32]));
    let gates = Gates::new(Arc::new(NoBans));
    Signing::new(share, &quorum(), None, digest, session, gates).expect("a session")
}

fuzz_target!(|input: &[u8]| {
    let (shares, frame) = dealt();
    let (mut signing, _) = start(&shares[0]);
    let other = quorum()[1];
    let _ = signing.receive(other, input);
    // Each three bytes of the input change one byte of an honest frame's body.
    let mut changed = frame.clone();
    fixtures::tamper(&mut changed, |body| {
        for change in input.chunks_exact(3) {
            let place = usize::from(u16::from_be_bytes([change[0], change[1]]));
            if let Some(byte) = body.get_mut(place) {
                *byte ^= change[2];
            }
        }
    });
    let _ = signing.receive(other, &changed);
});
