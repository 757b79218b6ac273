//! Signing, as it should go.

use countersign_threshold::{
    ChildIndex, Committee, Digest, ErrorClass, SignError, SignRound, Signing, fixtures,
};
use secp256k1::Message;
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};

use crate::network::{DIGEST, SigningRun, World, fresh_gates, honest, parties, session};

/// The compressed public key that signed [`DIGEST`].
pub(crate) fn must_recover(signature: [u8; 65]) -> [u8; 33] {
    let id = RecoveryId::try_from(i32::from(signature[64]) - 27).expect("v is 27 or 28");
    RecoverableSignature::from_compact(&signature[..64], id)
        .and_then(|signature| signature.recover_ecdsa(Message::from_digest(DIGEST)))
        .expect("a signature")
        .serialize()
}

fn assert_every_quorum_signs(parties: u8, threshold: u8, child: Option<ChildIndex>) {
    let committee = Committee::for_accounts(parties, threshold).expect("a committee");
    let shares = fixtures::deal(committee, "every quorum").expect("shares");
    let owner = shares[0].owner_public_key(child).expect("an owner");
    for (number, quorum) in (0..).zip(fixtures::quorums(committee)) {
        let mut run = SigningRun::start(&shares, &quorum, child, session(number), fresh_gates);
        run.deliver(&mut honest);
        assert!(run.failures.is_empty(), "{quorum:?}: {:?}", run.failures);
        let signatures = run.finish();
        assert_eq!(signatures.len(), usize::from(threshold));
        for signature in signatures.into_values() {
            assert_eq!(must_recover(signature.expect("a signature").to_bytes()), owner);
        }
    }
}

#[test]
fn every_quorum_of_two_of_three_signs() {
    assert_every_quorum_signs(3, 2, None);
}

#[test]
fn every_quorum_of_three_of_five_signs() {
    assert_every_quorum_signs(5, 3, None);
}

#[test]
fn every_quorum_signs_for_a_child() {
    assert_every_quorum_signs(3, 2, ChildIndex::new(7).ok());
}

#[test]
fn children_are_those_of_bip_32() {
    // BIP-32, test vector 2: the chain m and its child m/0.
    let key = must_hex("4b03d6fc340455b363f51020ad3ecca4f0850280cf436c70c727923f6db46c3e");
    let chain = must_hex("60499f801b896d83179a4374aeb7822aaeaceaa0db1f85ee3e904c4defbd9689");
    let committee = Committee::for_accounts(3, 2).expect("a committee");
    let shares = fixtures::deal_key(committee, &key, &chain).expect("shares");
    let child = ChildIndex::new(0).expect("not hardened");
    for share in &shares {
        assert_eq!(
            share.owner_public_key(Some(child)).expect("a child"),
            must_hex("02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea"),
        );
    }
}

#[test]
fn the_address_is_the_one_ethereum_gives() {
    // The first account of the mnemonic that every Ethereum development node starts with.
    let key = must_hex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let committee = Committee::for_accounts(3, 2).expect("a committee");
    let shares = fixtures::deal_key(committee, &key, &[1; 32]).expect("shares");
    let address = must_hex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    assert_eq!(shares[2].address(), address);
    assert_eq!(shares[2].owner_address(None), Ok(address));
}

fn must_hex<const N: usize>(text: &str) -> [u8; N] {
    let digits = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex");
    assert_eq!(text.len(), 2 * N);
    std::array::from_fn(digits)
}

#[test]
fn a_session_id_is_taken_once() {
    // given a party that already signed under a session id
    let world = World::deal(3, 2);
    let start = |quorum: &[u8]| {
        let quorum = parties(quorum);
        let digest = Digest::new(DIGEST);
        Signing::new(world.share(1), &quorum, None, digest, session(1), world.gates(1))
    };
    let first = start(&[1, 2]);
    drop(first.expect("a fresh session"));
    // when the same id comes again, with whatever quorum
    let error = start(&[1, 3]).expect_err("a used session");
    // then it is refused
    assert!(matches!(error, SignError::SessionReused));
    assert_eq!(error.class(), ErrorClass::Caller);
}

#[test]
fn only_the_messages_of_the_third_round_are_the_last() {
    let world = World::deal(3, 2);
    let quorum = parties(&[1, 2]);
    let digest = Digest::new(DIGEST);
    let mut machines = Vec::new();
    for index in [1, 2] {
        let gates = world.gates(index);
        let started = Signing::new(world.share(index), &quorum, None, digest, session(1), gates);
        machines.push(started.expect("a machine"));
    }
    let (mut two, to_one) = machines.pop().expect("two machines");
    let (mut one, to_two) = machines.pop().expect("two machines");
    let mut rounds = Vec::new();
    let (mut to_one, mut to_two) = (to_one, to_two);
    while let (Some(for_one), Some(for_two)) = (to_one.pop(), to_two.pop()) {
        rounds.push(for_one.round());
        let for_one = for_one.release(|bytes| bytes).expect("an open gate");
        let for_two = for_two.release(|bytes| bytes).expect("an open gate");
        to_two = one.receive(quorum[1], &for_one).expect("an honest message");
        to_one = two.receive(quorum[0], &for_two).expect("an honest message");
    }
    assert_eq!(rounds, [SignRound::First, SignRound::Second, SignRound::Last]);
    assert_eq!(one.finish().expect("a signature"), two.finish().expect("the same signature"));
}
