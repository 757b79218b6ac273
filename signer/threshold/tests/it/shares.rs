//! Stored shares: what is read back, and what is refused.

use countersign_threshold::{KeyShare, ShareError};

use crate::network::{SigningRun, World, fresh_gates, honest, parties, session};

#[test]
fn a_stored_share_comes_back_and_signs() {
    let world = World::deal(3, 2);
    let back: Vec<KeyShare> = world
        .shares
        .iter()
        .map(|share| share.encode().and_then(|bytes| KeyShare::decode(&bytes)).expect("a share"))
        .collect();
    assert_eq!(back[0].address(), world.shares[0].address());
    assert_eq!(back[1].committee(), world.shares[1].committee());
    assert_eq!(back[2].transcript(), world.shares[2].transcript());
    assert_eq!(back[2].public_share(back[0].me()), world.shares[0].public_share(back[0].me()));
    let mut run = SigningRun::start(&back, &parties(&[1, 3]), None, session(1), fresh_gates);
    run.deliver(&mut honest);
    assert!(run.finish().into_values().all(|signature| signature.is_ok()));
}

#[test]
fn a_share_of_an_earlier_build_still_reads() {
    let bytes = include_bytes!("golden/share-v1.bin");
    let share = KeyShare::decode(bytes).expect("the first format");
    assert_eq!(share.me().index(), 2);
    assert_eq!((share.committee().threshold(), share.committee().parties()), (2, 3));
    assert_eq!(share.epoch(), 0);
    assert_eq!(share.encode().expect("a share").as_slice(), bytes);
}

#[test]
fn an_unknown_format_is_refused_by_name() {
    let world = World::deal(3, 2);
    let mut bytes = world.share(1).encode().expect("a share");
    bytes[..2].copy_from_slice(&[0, 2]);
    assert_eq!(KeyShare::decode(&bytes).expect_err("another format"), ShareError::Version(2));
}

#[test]
fn a_share_that_is_cut_or_continued_is_refused() {
    let world = World::deal(3, 2);
    let mut bytes = world.share(1).encode().expect("a share");
    for length in [0, 1, 2, 100, bytes.len() - 1] {
        let error = KeyShare::decode(&bytes[..length]).expect_err("a cut share");
        assert_eq!(error, ShareError::Malformed);
    }
    bytes.push(0);
    assert_eq!(KeyShare::decode(&bytes).expect_err("more"), ShareError::Malformed);
}

#[test]
fn a_secret_that_does_not_belong_to_the_public_share_is_refused() {
    let world = World::deal(3, 2);
    let share = world.share(1);
    let bytes = share.encode().expect("a share");
    let key = share.public_key();
    // The public key stands three times: with the public shares, after the secret, and after the
    // secret that children derive from.
    let places: Vec<usize> =
        (0..bytes.len() - 33).filter(|at| bytes[*at..*at + 33] == key).collect();
    assert_eq!(places.len(), 3);
    let with = |at: usize| {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        KeyShare::decode(&bad).expect_err("an inconsistent share")
    };
    for (place, what) in [
        (places[1], "the root derives from another secret"),
        (places[2], "the root derives from another secret"),
    ] {
        assert_eq!(with(place - 2), ShareError::Inconsistent(what));
    }
    // Both secrets changed alike.
    let mut bad = bytes.clone();
    bad[places[1] - 2] ^= 1;
    bad[places[2] - 2] ^= 1;
    assert_eq!(
        KeyShare::decode(&bad).expect_err("another secret"),
        ShareError::Inconsistent("the secret does not belong to our public share")
    );
    for place in places {
        with(place);
    }
}

#[test]
fn a_share_with_public_shares_off_the_polynomial_is_refused() {
    let world = World::deal(3, 2);
    let share = world.share(1);
    let mut bytes = share.encode().expect("a share");
    let of = |index: u8| share.public_share(world.share(index).me()).expect("a public share");
    let at = (0..bytes.len() - 33).find(|at| bytes[*at..*at + 33] == of(3)).expect("share 3");
    // Party 3's public share becomes party 2's.
    bytes[at..at + 33].copy_from_slice(&of(2));
    assert_eq!(
        KeyShare::decode(&bytes).expect_err("a wrong public share"),
        ShareError::Inconsistent("the public shares do not add up to the public key")
    );
}

#[test]
fn a_share_prints_no_secret() {
    let world = World::deal(3, 2);
    let printed = format!("{:?}", world.share(1));
    assert!(printed.contains("<redacted>"));
    assert!(printed.len() < 200, "{printed}");
}
