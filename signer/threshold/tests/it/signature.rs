//! What libsecp256k1 says of candidates for a signature.

use countersign_threshold::{Digest, Signature, SignatureError};
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};

const KEY: [u8; 32] = [0x11; 32];
/// The address of [`KEY`].
const OWNER: [u8; 20] = [
    0x19, 0xe7, 0xe3, 0x76, 0xe7, 0xc2, 0x13, 0xb7, 0xe7, 0xe7, 0xe4, 0x6c, 0xc7, 0x0a, 0x5d, 0xd0,
    0x86, 0xda, 0xff, 0x2a,
];
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn signed(digest: [u8; 32]) -> ([u8; 32], [u8; 32], u8) {
    let key = SecretKey::from_secret_bytes(KEY).expect("a key");
    let signature =
        RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest), &key);
    let (id, bytes) = signature.serialize_compact();
    let (r, s) = bytes.split_at(32);
    (r.try_into().expect("32 bytes"), s.try_into().expect("32 bytes"), u8::from(id))
}

/// The order of the curve minus `s`.
fn mirrored(s: [u8; 32]) -> [u8; 32] {
    let mut borrow = 0;
    let mut high = [0; 32];
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(s[at]) - borrow;
        borrow = i16::from(difference < 0);
        high[at] = difference.rem_euclid(256) as u8;
    }
    high
}

#[test]
fn a_good_signature_passes() {
    for number in 0..16 {
        let (r, s, id) = signed([number; 32]);
        let verified = Signature::verified(Digest::new([number; 32]), &OWNER, r, s, id);
        let verified = verified.expect("a good signature");
        assert_eq!((verified.r(), verified.s(), verified.v()), (&r, &s, 27 + id));
    }
}

#[test]
fn a_high_s_is_brought_low_and_v_follows() {
    for number in 0..16 {
        let (r, s, id) = signed([number; 32]);
        let digest = Digest::new([number; 32]);
        let verified = Signature::verified(digest, &OWNER, r, mirrored(s), id ^ 1);
        let verified = verified.expect("the same signature");
        assert_eq!((verified.s(), verified.v()), (&s, 27 + id));
    }
}

#[test]
fn a_signature_of_another_owner_digest_or_parity_is_refused() {
    let (r, s, id) = signed([9; 32]);
    let another = Err(SignatureError::AnotherOwner);
    assert_eq!(Signature::verified(Digest::new([9; 32]), &[7; 20], r, s, id), another);
    assert_eq!(Signature::verified(Digest::new([8; 32]), &OWNER, r, s, id), another);
    assert_eq!(Signature::verified(Digest::new([9; 32]), &OWNER, r, s, id ^ 1), another);
}

#[test]
fn garbage_is_refused() {
    let digest = Digest::new([9; 32]);
    let malformed = Err(SignatureError::Malformed);
    assert_eq!(Signature::verified(digest, &OWNER, [0; 32], [0; 32], 0), malformed);
    assert_eq!(Signature::verified(digest, &OWNER, ORDER, [1; 32], 0), malformed);
    let (r, s, _) = signed([9; 32]);
    assert_eq!(Signature::verified(digest, &OWNER, r, s, 4), malformed);
}
