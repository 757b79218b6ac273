//! Malformed frames: each is a clean error, none reaches the engine, none bans.

use countersign_threshold::{FrameError, SignError, fixtures};
use proptest::prelude::*;

use crate::network::{Letter, SigningRun, World, party};

/// Delivers `bytes` from party 2 to party 1 and gives the reason of the refusal.
fn must_refuse(world: &World, run: &mut SigningRun, bytes: &[u8]) -> FrameError {
    let error = run.machine(1).receive(party(2), bytes).expect_err("a malformed frame");
    assert!(world.banned_by(1).is_empty(), "a malformed frame bans nobody");
    let SignError::Frame { from, cause } = error else { unreachable!("{error:?}") };
    assert_eq!(from, party(2));
    cause
}

/// A session of parties 1 and 2, and the frame of the given round from 2 to 1.
fn at_round(world: &World, round: usize, number: u32) -> (SigningRun, Letter) {
    let mut run = world.sign(&[1, 2], number);
    for _ in 1..round {
        for (from, to) in [(1, 2), (2, 1)] {
            let letter = run.intercept(from, to);
            let outgoing = run.machine(to).receive(letter.from, &letter.bytes);
            run.post(letter.to, outgoing.expect("an honest letter"));
        }
    }
    let letter = run.intercept(2, 1);
    (run, letter)
}

#[test]
fn every_field_of_the_header_is_checked() {
    let world = World::deal(3, 2);
    let (mut run, letter) = at_round(&world, 1, 1);
    let mut with = |at: usize, value: u8| {
        let mut bytes = letter.bytes.clone();
        bytes[at] = value;
        must_refuse(&world, &mut run, &bytes)
    };
    assert_eq!(with(0, 9), FrameError::Version(0x0901));
    assert_eq!(with(1, 2), FrameError::Version(2));
    assert_eq!(with(2, 1), FrameError::Protocol(1));
    assert_eq!(with(4, 3), FrameError::Sender(3));
    assert_eq!(with(5, 3), FrameError::Receiver(3));
    assert_eq!(with(6, 99), FrameError::Session);
    assert_eq!(with(40, !letter.bytes[40]), FrameError::Checksum);
}

#[test]
fn the_wire_form_is_this_one() {
    let world = World::deal(3, 2);
    for (round, length) in [(1, 26_753), (2, 55_387), (3, 66)] {
        let (_, letter) = at_round(&world, round, u32::try_from(round).expect("small"));
        let mut header = vec![0, 1, 2, u8::try_from(round).expect("small"), 2, 1, 0, 0, 0];
        header.push(u8::try_from(round).expect("small"));
        header.extend([7; 28]);
        assert_eq!(letter.bytes[..38], header);
        assert_eq!(letter.bytes.len(), 70 + length);
    }
}

#[test]
fn a_round_that_does_not_exist_is_refused() {
    let world = World::deal(3, 2);
    let (mut run, letter) = at_round(&world, 1, 1);
    for round in [0, 4, 255] {
        let mut bytes = letter.bytes.clone();
        bytes[3] = round;
        fixtures::tamper(&mut bytes, |_| ());
        assert_eq!(must_refuse(&world, &mut run, &bytes), FrameError::Round(round));
    }
    let mut bytes = letter.bytes;
    bytes[5] = 0;
    fixtures::tamper(&mut bytes, |_| ());
    assert_eq!(must_refuse(&world, &mut run, &bytes), FrameError::Receiver(0));
}

#[test]
fn a_body_that_names_other_parties_is_refused() {
    let world = World::deal(3, 2);
    for (at, value) in [(0, 3), (1, 3)] {
        let (mut run, mut letter) = at_round(&world, 1, u32::try_from(at).expect("small"));
        fixtures::tamper(&mut letter.bytes, |body| body[at] = value);
        assert_eq!(must_refuse(&world, &mut run, &letter.bytes), FrameError::Parties);
    }
}

#[test]
fn a_body_of_another_length_is_refused_in_every_round() {
    let world = World::deal(3, 2);
    for round in 1..=3 {
        let (mut run, letter) = at_round(&world, round, u32::try_from(round).expect("small"));
        for change in [-1_isize, 1] {
            let mut bytes = letter.bytes.clone();
            fixtures::tamper(&mut bytes, |body| {
                let length = body.len().checked_add_signed(change).expect("a length");
                body.resize(length, 0);
            });
            let cause = must_refuse(&world, &mut run, &bytes);
            assert!(matches!(cause, FrameError::Dimension { what: "body", .. }), "{cause:?}");
        }
        let outgoing = run.machine(1).receive(party(2), &letter.bytes).expect("the good frame");
        assert_eq!(outgoing.is_empty(), round == 3);
    }
}

#[test]
fn vectors_of_wrong_lengths_that_add_up_are_refused() {
    // given a second-round frame in which one row of tau is one shorter and the next one longer
    let world = World::deal(3, 2);
    let (mut run, mut letter) = at_round(&world, 2, 1);
    fixtures::tamper(&mut letter.bytes, |body| {
        const ROW: usize = 269;
        const SCALAR: usize = 33;
        const NEXT: usize = ROW + 2 + 416 * SCALAR;
        assert_eq!(body[ROW - 1], 4, "tau has four rows");
        assert_eq!((&body[ROW..ROW + 2], &body[NEXT..NEXT + 2]), (&[0xa0, 3][..], &[0xa0, 3][..]));
        body[ROW] = 0x9f;
        let moved: Vec<u8> = body.drain(NEXT..NEXT + 2).collect();
        assert_eq!(moved, [0xa0, 3]);
        let at = NEXT - SCALAR;
        body.splice(at..at, [0xa1, 3]);
    });
    // then it is refused for its dimensions, where the engine would ban
    let cause = must_refuse(&world, &mut run, &letter.bytes);
    assert_eq!(cause, FrameError::Dimension { what: "row of tau", expected: 416, got: 415 });
}

#[test]
fn a_scalar_out_of_range_or_a_point_off_the_curve_is_refused() {
    let world = World::deal(3, 2);
    let (mut run, letter) = at_round(&world, 2, 1);
    for range in [34 + 2..34 + 34, 34 + 68 + 1..34 + 68 + 33] {
        let mut bytes = letter.bytes.clone();
        fixtures::tamper(&mut bytes, |body| body[range.clone()].fill(0xff));
        assert_eq!(must_refuse(&world, &mut run, &bytes), FrameError::Malformed);
    }
}

#[test]
fn a_frame_larger_than_any_is_refused_unread() {
    let world = World::deal(3, 2);
    let (mut run, _) = at_round(&world, 1, 1);
    let huge = vec![0; 600_000];
    assert_eq!(must_refuse(&world, &mut run, &huge), FrameError::Size(600_000));
}

#[test]
fn frames_of_strangers_are_refused() {
    let world = World::deal(3, 2);
    let (mut run, letter) = at_round(&world, 1, 1);
    let error = run.machine(1).receive(party(3), &letter.bytes).expect_err("a stranger");
    assert!(matches!(error, SignError::Stranger(stranger) if stranger == party(3)));
    assert!(error.session_goes_on());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_machine_panic_or_ban(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let world = World::deal(3, 2);
        let (mut run, letter) = at_round(&world, 1, 1);
        must_refuse(&world, &mut run, &bytes);
        let mut sealed = letter.bytes;
        fixtures::tamper(&mut sealed, |body| *body = bytes);
        must_refuse(&world, &mut run, &sealed);
    }
}
