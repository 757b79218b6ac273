//! What the network does to a session: loss, disorder, repetition, damage.

use countersign_threshold::{ErrorClass, FrameError, SignError, fixtures};

use crate::network::{Letter, SigningRun, World, fresh_gates, honest, parties, party, session};

#[test]
fn messages_may_come_in_any_order_and_more_than_once() {
    let world = World::deal(5, 3);
    let mut run = world.sign(&[1, 3, 5], 1);
    // A small generator of its own decides what waits and what is repeated; the seed is the test's.
    let mut seed = 0x9e37_79b9_u32;
    let mut late: Vec<Letter> = Vec::new();
    loop {
        run.deliver(&mut |letter| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            late.push(letter.clone());
            if seed.is_multiple_of(3) { vec![] } else { vec![letter.clone(), letter] }
        });
        if late.is_empty() {
            break;
        }
        // All that was held back or seen before comes again, the newest first.
        late.drain(..).rev().for_each(|letter| {
            let done = run.machine(letter.to.index()).is_done();
            if !done {
                run.queue.push_back(letter);
            }
        });
    }
    assert!(run.failures.is_empty(), "{:?}", run.failures);
    assert!(run.finish().into_values().all(|signature| signature.is_ok()));
}

#[test]
fn a_lost_message_leaves_the_session_waiting_for_its_sender() {
    let world = World::deal(5, 3);
    let mut run = world.sign(&[1, 2, 3], 1);
    run.deliver(&mut |letter| if letter.from == party(3) { vec![] } else { vec![letter] });
    assert!(run.failures.is_empty());
    assert_eq!(run.machine(1).waiting_for(), [party(3)]);
    for outcome in run.finish().into_values() {
        let error = outcome.expect_err("an incomplete session");
        assert!(matches!(error, SignError::NotDone));
    }
    for index in 1..=5 {
        assert!(world.banned_by(index).is_empty(), "silence is no crime");
    }
}

#[test]
fn a_flipped_bit_on_the_wire_is_a_clean_error_and_the_session_goes_on() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    let mut refused = 0;
    run.deliver(&mut |letter| {
        // Bits all over the frame, header and checksum included, then the good frame.
        let step = letter.bytes.len() / 37 + 1;
        let mut letters: Vec<Letter> = (0..letter.bytes.len())
            .step_by(step)
            .map(|at| {
                let mut bad = letter.clone();
                bad.bytes[at] ^= 1 << (at % 8);
                bad
            })
            .collect();
        refused += letters.len();
        letters.push(letter);
        letters
    });
    assert!(refused > 100);
    let failures = run.failures.len();
    assert_eq!(failures, 2, "both saw bad frames");
    for error in run.failures.values() {
        assert!(matches!(error, SignError::Frame { .. }), "{error:?}");
        assert_eq!(error.class(), ErrorClass::Peer);
        assert!(error.session_goes_on());
    }
    assert!(run.finish().into_values().all(|signature| signature.is_ok()));
    assert!(world.banned_by(1).is_empty() && world.banned_by(2).is_empty());
}

#[test]
fn a_second_version_of_a_message_is_refused() {
    let world = World::deal(3, 2);
    let mut one = world.sign(&[1, 2], 1);
    let first = one.intercept(2, 1);
    // Another attempt of party 2 under the same session id, as after a crash.
    let quorum = parties(&[1, 2]);
    let mut another = SigningRun::start(&world.shares, &quorum, None, session(1), fresh_gates);
    let second = another.intercept(2, 1);
    let outgoing = one.machine(1).receive(party(2), &first.bytes).expect("the first version");
    one.post(party(1), outgoing);
    let error = one.machine(1).receive(party(2), &second.bytes).expect_err("a second version");
    assert!(matches!(error, SignError::Frame { cause: FrameError::Conflict, .. }), "{error:?}");
    one.deliver(&mut honest);
    assert!(one.machine(1).is_done());
}

#[test]
fn a_failed_session_cannot_be_resumed() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    let mut bad = run.intercept(2, 1);
    let good = bad.clone();
    fixtures::tamper(&mut bad.bytes, |body| body[2] ^= 1);
    let error = run.machine(1).receive(party(2), &bad.bytes).expect_err("another binding");
    assert!(matches!(error, SignError::Broken { .. }), "{error:?}");
    assert!(!error.session_goes_on());
    let error = run.machine(1).receive(party(2), &good.bytes).expect_err("it is over");
    assert!(matches!(error, SignError::Over));
}
