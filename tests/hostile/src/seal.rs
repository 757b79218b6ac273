//! Frames under right checksums and signatures: their form is public, so that whoever means ill can make them.

use countersign_protocol::Identity;
use sha2::{Digest, Sha256};

/// Header, then the checksum over it and the body.
const HEADER_LEN: usize = 38;
const BODY_AT: usize = 70;
/// What ends the body of a broadcast.
const SIGNATURE_LEN: usize = 64;

/// Alters the body of a frame and makes the checksum right again; a frame too short for one stays as it is.
pub(crate) fn sealed(frame: &mut [u8], alter: impl FnOnce(&mut [u8])) {
    let Some((head, body)) = frame.split_at_mut_checked(BODY_AT) else { return };
    alter(body);
    let checksum = hash(b"countersign/frame/1", &head[..HEADER_LEN], body);
    head[HEADER_LEN..].copy_from_slice(&checksum);
}

/// Alters what a broadcast of keygen says, and signs it anew.
pub(crate) fn signed(frame: &mut [u8], identity: &Identity, alter: impl FnOnce(&mut [u8])) {
    let Some(header) = frame.first_chunk::<HEADER_LEN>().copied() else { return };
    sealed(frame, |body| {
        let said = body.len().saturating_sub(SIGNATURE_LEN);
        let (said, signature) = body.split_at_mut(said);
        alter(said);
        let statement = hash(b"countersign/broadcast/1", &header, &Sha256::digest(said));
        let anew = identity.sign("keygen broadcast 1", &statement);
        signature.copy_from_slice(anew.as_bytes());
    });
}

fn hash(domain: &[u8], header: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((domain.len() as u64).to_be_bytes());
    hash.update(domain);
    hash.update(header);
    hash.update(body);
    hash.finalize().into()
}
