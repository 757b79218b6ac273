//! A round's frame under a right checksum: its form is public, so that whoever means ill can make one.

use sha2::{Digest, Sha256};

/// Header, then the checksum over it and the body.
const HEADER_LEN: usize = 38;
const BODY_AT: usize = 70;
const DOMAIN: &[u8] = b"countersign/frame/1";

/// Alters the body of a frame and makes the checksum right again; a frame too short for one stays as it is.
pub(crate) fn sealed(frame: &mut [u8], alter: impl FnOnce(&mut [u8])) {
    let Some((head, body)) = frame.split_at_mut_checked(BODY_AT) else { return };
    alter(body);
    let mut hash = Sha256::new();
    hash.update((DOMAIN.len() as u64).to_be_bytes());
    hash.update(DOMAIN);
    hash.update(&head[..HEADER_LEN]);
    hash.update(body);
    head[HEADER_LEN..].copy_from_slice(&hash.finalize());
}
