//! The gate: nothing leaves to a cheat once one check failed, whatever was already on its way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use countersign_threshold::{Digest, ErrorClass, GateError, Gates, SignError, Signing, fixtures};

use crate::network::{DIGEST, World, honest, parties, party, session};

const MATRIX_U: usize = 2 + 32 + 32 + 32 + 3 + 100;

#[test]
fn a_message_made_before_the_ban_does_not_leave_after_it() {
    // given a session whose answer to party 2 is ready but not released
    let world = World::deal(3, 2);
    let mut early = world.sign(&[1, 2], 1);
    let to_one = early.intercept(2, 1);
    let ready = early.machine(1).receive(party(2), &to_one.bytes).expect("an honest message");
    // when party 2 is caught in another session
    let mut late = world.sign(&[1, 2], 2);
    let mut bad = late.intercept(2, 1);
    fixtures::tamper(&mut bad.bytes, |body| body[MATRIX_U] ^= 1);
    late.machine(1).receive(party(2), &bad.bytes).expect_err("a cheat");
    // then the answer stays
    for message in ready {
        let error = message.release(|_| panic!("it left")).expect_err("a shut gate");
        assert!(matches!(error, GateError::Banned(peer) if peer == party(2)));
    }
    // and the session takes no part any more
    let error = early.machine(1).receive(party(2), &to_one.bytes).expect_err("a shut gate");
    assert!(matches!(error, SignError::Gate(GateError::Banned(_))));
}

#[test]
fn a_message_to_an_accomplice_does_not_leave_either() {
    // given a session of three in which party 2 will be found a cheat elsewhere
    let world = World::deal(5, 3);
    let mut early = world.sign(&[1, 2, 3], 1);
    let (from_two, from_three) = (early.intercept(2, 1), early.intercept(3, 1));
    early.machine(1).receive(party(2), &from_two.bytes).expect("an honest message");
    let ready = early.machine(1).receive(party(3), &from_three.bytes).expect("an honest message");
    assert_eq!(ready.len(), 2);
    let mut late = world.sign(&[1, 2, 4], 2);
    let mut bad = late.intercept(2, 1);
    fixtures::tamper(&mut bad.bytes, |body| body[MATRIX_U] ^= 1);
    late.machine(1).receive(party(2), &bad.bytes).expect("it waits for party 4");
    let from_four = late.intercept(4, 1);
    late.machine(1).receive(party(4), &from_four.bytes).expect_err("a cheat");
    // then not even party 3 hears that party 2's check passed in that session
    for message in ready {
        message.release(|_| panic!("it left")).expect_err("a shut gate");
    }
    // while a session without party 2 goes on
    let mut run = world.sign(&[1, 3, 4], 3);
    run.deliver(&mut honest);
    assert!(run.finish().into_values().all(|signature| signature.is_ok()));
}

#[test]
fn of_two_hundred_concurrent_sessions_none_speaks_to_a_cheat_after_the_first_failed_check() {
    // given 200 sessions in flight, in half of which party 2 cheats
    const SESSIONS: u32 = 200;
    let world = World::deal(3, 2);
    let mut machines = Vec::new();
    for number in 0..SESSIONS {
        let mut run = world.sign(&[1, 2], number);
        let mut letter = run.intercept(2, 1);
        if number % 2 == 1 {
            fixtures::tamper(&mut letter.bytes, |body| body[MATRIX_U] ^= 1);
        }
        machines.push((run.machines.remove(&party(1)).expect("our machine"), letter));
    }
    let queue = std::sync::Mutex::new(machines);
    let (left, refused, cheated) = Default::default();
    let (left, refused, cheated): (AtomicUsize, AtomicUsize, AtomicUsize) =
        (left, refused, cheated);
    let caught = AtomicBool::new(false);
    // when eight threads work on them
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().expect("no panic under the lock").pop();
                    let Some((mut machine, letter)) = next else { break };
                    match machine.receive(letter.from, &letter.bytes) {
                        Ok(messages) => {
                            for message in messages {
                                let sent = message.release(|_| {
                                    // Under the gate the ledger is the truth.
                                    assert!(world.banned_by(1).is_empty());
                                    assert!(!caught.load(Ordering::SeqCst));
                                    left.fetch_add(1, Ordering::SeqCst);
                                });
                                if sent.is_err() {
                                    refused.fetch_add(1, Ordering::SeqCst);
                                }
                            }
                        }
                        Err(SignError::Cheated { .. }) => {
                            caught.store(true, Ordering::SeqCst);
                            cheated.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(SignError::Gate(GateError::Banned(_))) => {
                            refused.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
            });
        }
    });
    // then the cheat gets an answer or two before the first failed check, and none after it
    assert_eq!(world.banned_by(1), [party(2)]);
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    assert_eq!(count(&left) + count(&refused) + count(&cheated), SESSIONS as usize);
    assert!(count(&left) < 20, "{} messages left", count(&left));
    assert!(count(&cheated) <= 8, "{} checks ran after the ban", count(&cheated));
}

#[test]
fn when_the_ledger_cannot_be_read_nothing_leaves() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    let letter = run.intercept(2, 1);
    let ready = run.machine(1).receive(party(2), &letter.bytes).expect("an honest message");
    world.ledgers[&party(1)].broken.store(true, Ordering::SeqCst);
    for message in ready {
        let error = message.release(|_| panic!("it left")).expect_err("an unreadable ledger");
        assert!(matches!(error, GateError::Unknown { .. }));
        assert_eq!(error.class(), ErrorClass::Environment);
        assert!(error.culprits().is_empty(), "an unreadable ledger accuses nobody");
    }
    let quorum = parties(&[1, 3]);
    let digest = Digest::new(DIGEST);
    let error = Signing::new(world.share(1), &quorum, None, digest, session(2), world.gates(1))
        .expect_err("an unreadable ledger");
    assert!(matches!(error, SignError::Gate(GateError::Unknown { .. })));
}

#[test]
fn a_ban_that_the_ledger_did_not_take_holds_and_is_recorded_later() {
    // given a cheat whose ban cannot be written
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    let mut bad = run.intercept(2, 1);
    fixtures::tamper(&mut bad.bytes, |body| body[MATRIX_U] ^= 1);
    let ledger = &world.ledgers[&party(1)];
    ledger.deaf.store(true, Ordering::SeqCst);
    let error = run.machine(1).receive(party(2), &bad.bytes).expect_err("a cheat");
    assert!(matches!(error, SignError::Gate(GateError::Unrecorded { .. })), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Environment);
    assert_eq!(error.culprits(), [party(2)]);
    assert!(!error.is_retryable());
    assert!(ledger.banned().is_empty());
    // then the gate is shut although the ledger knows nothing
    let gates: &Gates = &world.gates[&party(1)];
    let shut = gates.check(&[party(2)]).expect_err("a shut gate");
    assert!(matches!(shut, GateError::Banned(_)), "{shut:?}");
    let unsettled = gates.settle(&[party(2)]).expect_err("a ledger that takes nothing");
    assert!(matches!(unsettled, GateError::Unrecorded { .. }), "{unsettled:?}");
    // and once the ledger works again, the next session that hears of the ban records it first
    ledger.deaf.store(false, Ordering::SeqCst);
    let run = world.sign(&[1, 2], 2);
    assert!(matches!(run.failures[&party(1)], SignError::Gate(GateError::Banned(_))));
    assert_eq!(ledger.banned(), [party(2)]);
}

#[test]
fn while_a_ban_is_being_written_the_gate_answers_at_once_and_nobody_hears_of_it_before_it_is() {
    // given a ledger that is slow to take the ban of party 2
    let world = World::deal(3, 2);
    let mut early = world.sign(&[1, 2], 1);
    let to_one = early.intercept(2, 1);
    let mut late = world.sign(&[1, 2], 2);
    let mut bad = late.intercept(2, 1);
    fixtures::tamper(&mut bad.bytes, |body| body[MATRIX_U] ^= 1);
    let ledger = &world.ledgers[&party(1)];
    let (writing, entered) = std::sync::mpsc::channel();
    let (let_go, until) = std::sync::mpsc::channel();
    *ledger.slow.lock().expect("no panic under the lock") = Some((writing, until));
    thread::scope(|scope| {
        scope.spawn(|| late.machine(1).receive(party(2), &bad.bytes).expect_err("a cheat"));
        entered.recv().expect("the ban is being written");
        // then the gate is shut and says so without waiting
        let shut = world.gates[&party(1)].check(&[party(2)]).expect_err("a shut gate");
        assert!(matches!(shut, GateError::Banned(_)), "{shut:?}");
        // while another session hears of the ban only when it is on record
        let hearing = scope.spawn(|| {
            let error = early.machine(1).receive(party(2), &to_one.bytes).expect_err("a ban");
            assert!(matches!(error, SignError::Gate(GateError::Banned(_))), "{error:?}");
            assert_eq!(ledger.banned(), [party(2)]);
        });
        let_go.send(()).expect("the ledger waits");
        hearing.join().expect("it heard after the ban was written");
    });
}

#[test]
fn a_ban_that_another_process_recorded_is_read_again_at_the_gate() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    let letter = run.intercept(2, 1);
    let ready = run.machine(1).receive(party(2), &letter.bytes).expect("an honest message");
    let ledger = &world.ledgers[&party(1)];
    ledger.bans.lock().expect("no panic under the lock").insert(party(2), "elsewhere".into());
    for message in ready {
        message.release(|_| panic!("it left")).expect_err("a shut gate");
    }
}
