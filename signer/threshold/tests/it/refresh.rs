//! Refresh, as it should go and with a party that lies.

use std::sync::Arc;

use countersign_threshold::{
    ErrorClass, FrameError, GateError, Refresh, RefreshError, RefreshRound, fixtures,
};
use dkls23_secp256k1::utilities::proofs::DLogProof;
use k256::{Scalar, Secp256k1};

use crate::network::{
    Letter, NAME_LEN, Names, World, fresh_gates, honest, parties, party, session,
};

pub(crate) mod run;

use run::{RefreshRun, assert_signs_as, must_confirm, must_refresh};

const BODY: usize = 70;

fn round(letter: &Letter) -> u8 {
    letter.bytes[3]
}

fn is_broadcast(letter: &Letter) -> bool {
    letter.bytes[5] == 0
}

#[test]
fn a_refreshed_key_is_the_same_key_and_every_quorum_of_it_signs() {
    let world = World::deal(3, 2);
    let before = world.share(1);
    let next = must_refresh(&world.shares, 1);
    for generation in &next {
        assert_eq!(generation.epoch(), 1);
        assert_eq!(generation.transcript(), next[0].transcript());
        assert_ne!(generation.transcript(), before.transcript());
        assert_eq!(generation.public_key(), before.public_key());
        assert_eq!(generation.chain_code(), before.chain_code());
        assert_eq!(generation.address(), before.address());
        assert_ne!(generation.public_share(party(2)), before.public_share(party(2)));
    }
    let shares = must_confirm(next);
    assert_signs_as(&shares, before, 100);
    // and again
    let shares = must_confirm(must_refresh(&shares, 2));
    assert_eq!(shares[2].epoch(), 2);
    assert_signs_as(&shares, before, 200);
}

#[test]
fn a_refresh_of_three_of_five_under_disorder_repetition_and_damage_gives_shares_that_sign() {
    let world = World::deal(5, 3);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    let mut late: Vec<Letter> = Vec::new();
    run.deliver(&mut |letter| {
        let mut damaged = letter.clone();
        let at = damaged.bytes.len() / 2;
        damaged.bytes[at] ^= 4;
        // Every other letter comes twice, the second time after one that was sent later.
        late.push(letter.clone());
        let again = if late.len().is_multiple_of(2) { late.remove(0) } else { letter.clone() };
        vec![damaged, letter, again]
    });
    for error in run.failures.values() {
        assert!(error.session_goes_on(), "{error:?}");
    }
    let shares = must_confirm(run.must_finish());
    assert_signs_as(&shares, world.share(1), 100);
}

#[test]
fn the_old_generation_signs_while_a_refresh_runs() {
    let world = World::deal(3, 2);
    let mut refresh = RefreshRun::start(&world.shares, session(1), |me| world.gates(me.index()));
    let mut held: Vec<Letter> = Vec::new();
    for last in 1..=4 {
        refresh.queue.extend(held.drain(..));
        refresh.deliver(&mut |letter| {
            if round(&letter) <= last {
                vec![letter]
            } else {
                held.push(letter);
                vec![]
            }
        });
        let mut run = world.sign(&[1, 3], 100 + u32::from(last));
        run.deliver(&mut honest);
        assert!(run.finish().into_values().all(|signature| signature.is_ok()));
    }
    assert_signs_as(&must_confirm(refresh.must_finish()), world.share(1), 200);
}

#[test]
fn a_party_that_vanishes_leaves_the_old_generation() {
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    run.deliver(&mut |letter| {
        let vanished = letter.from == party(3) && round(&letter) >= 2;
        if vanished { vec![] } else { vec![letter] }
    });
    assert!(run.failures.is_empty(), "{:?}", run.failures);
    assert_eq!(run.machines[&party(1)].round(), RefreshRound::Commitments);
    assert_eq!(run.machines[&party(1)].waiting_for(), [party(3)]);
    run.assert_in_vain();
}

/// What party 3 changes in one of its messages, well sealed and signed again.
struct Lie {
    round: u8,
    broadcast: bool,
    /// Where in the body, from its end if negative.
    at: isize,
}

/// Runs a refresh in which party 3 lies to all.
fn refresh_with(lie: &Lie) -> RefreshRun {
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    let flip = |body: &mut Vec<u8>| {
        let at = body.len().checked_add_signed(lie.at).filter(|_| lie.at < 0);
        body[at.unwrap_or_else(|| lie.at.unsigned_abs())] ^= 1;
    };
    run.deliver(&mut |mut letter| {
        let told = (round(&letter), is_broadcast(&letter)) == (lie.round, lie.broadcast);
        if letter.from == party(3) && told {
            if lie.broadcast {
                fixtures::tamper_broadcast(&mut letter.bytes, &Names(party(3)), NAME_LEN, flip);
            } else {
                fixtures::tamper(&mut letter.bytes, flip);
            }
        }
        vec![letter]
    });
    run
}

#[test]
fn each_changed_field_names_its_sender_and_leaves_no_generation() {
    let proof_of_setup = 2 + 32 + 1 + 64 + 2 + 4_643;
    for (what, lie) in [
        ("a commitment to a seed", Lie { round: 2, broadcast: false, at: 9 }),
        ("a commitment to a proof", Lie { round: 2, broadcast: true, at: 9 }),
        ("a seed", Lie { round: 3, broadcast: false, at: 9 }),
        ("the proof of a set-up", Lie { round: 3, broadcast: false, at: proof_of_setup }),
        ("an encryption proof", Lie { round: 3, broadcast: false, at: -33 }),
        ("a proof", Lie { round: 3, broadcast: true, at: -1 }),
        ("an outcome", Lie { round: 4, broadcast: true, at: 0 }),
    ] {
        let run = refresh_with(&lie);
        for honest in parties(&[1, 2]) {
            let error = run.failures.get(&honest).unwrap_or_else(|| panic!("{what} passed"));
            let expected = match lie.round {
                4 => matches!(error, RefreshError::FalseEcho { .. }),
                _ => matches!(error, RefreshError::Broken { .. }),
            };
            assert!(expected, "{what}: {error:?}");
            assert_eq!(error.culprits(), [party(3)], "{what}");
            assert_eq!(error.class(), ErrorClass::Peer);
            assert!(!error.session_goes_on());
        }
        run.assert_in_vain_but(party(3));
    }
}

#[test]
fn points_that_fit_no_correction_give_no_generation_and_no_name() {
    let run = refresh_with(&Lie { round: 1, broadcast: false, at: 32 });
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert!(matches!(error, RefreshError::Unattributed(_)), "{error:?}");
        assert!(error.culprits().is_empty());
    }
    run.assert_in_vain();
}

#[test]
fn a_correction_that_would_change_the_key_gives_no_generation() {
    // given party 3, whose polynomial is one higher everywhere: its value at zero is one
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    run.deliver(&mut |mut letter| {
        // What it gives itself comes with what party 1 gives it.
        let to_itself = letter.from == party(1) && letter.to == party(3);
        if round(&letter) == 1 && (letter.from == party(3) || to_itself) {
            fixtures::tamper(&mut letter.bytes, |body| {
                let point: Scalar = postcard::from_bytes(body).expect("a point");
                *body = postcard::to_allocvec(&(point + Scalar::ONE)).expect("a point");
            });
        }
        vec![letter]
    });
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert!(matches!(error, RefreshError::Unattributed(_)), "{error:?}");
    }
    run.assert_in_vain();
}

#[test]
fn a_proof_told_differently_to_two_parties_is_noticed_by_all_and_named() {
    // given party 3, who makes two proofs of its correction, and tells party 2 the second one
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    let mut correction = Scalar::ZERO;
    let mut second = None;
    run.deliver(&mut |mut letter| {
        let point = |letter: &Letter| -> Scalar {
            postcard::from_bytes(&letter.bytes[BODY..]).expect("a point")
        };
        if round(&letter) == 1 && letter.to == party(3) {
            correction += point(&letter);
        }
        if round(&letter) == 1 && letter.from == party(3) && letter.to == party(1) {
            // Its own polynomial is a line through zero.
            correction += point(&letter) * Scalar::from(3u64);
        }
        let told = letter.from == party(3) && letter.to == party(2) && is_broadcast(&letter);
        if told && [2, 3].contains(&round(&letter)) {
            let wire_session = letter.bytes[6..38].to_vec();
            let (proof, commitment) = second.get_or_insert_with(|| {
                DLogProof::<Secp256k1>::prove_commit(&correction, &wire_session).expect("a proof")
            });
            let body = match round(&letter) {
                2 => commitment.to_vec(),
                _ => postcard::to_allocvec(proof).expect("a proof"),
            };
            let witness = Names(party(3));
            fixtures::tamper_broadcast(&mut letter.bytes, &witness, NAME_LEN, |old| *old = body);
        }
        vec![letter]
    });
    // then both honest parties name it, and neither has a generation
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert!(matches!(error, RefreshError::Equivocation { .. }), "{error:?}");
        assert_eq!(error.culprits(), [party(3)]);
    }
    run.assert_in_vain();
}

#[test]
fn a_party_that_invents_what_it_heard_is_named_instead_of_its_victim() {
    // Outcome, length of the map, party 1's entry, key of party 2's entry, its digest.
    let digest = 32 + 1 + (2 + 32 + 1 + NAME_LEN) + 2;
    let at = isize::try_from(digest).expect("a place");
    let run = refresh_with(&Lie { round: 4, broadcast: true, at });
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert!(matches!(error, RefreshError::FalseEcho { .. }), "{error:?}");
        assert_eq!(error.culprits(), [party(3)]);
    }
    run.assert_in_vain_but(party(3));
}

#[test]
fn a_broadcast_that_its_sender_did_not_sign_is_refused() {
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    run.deliver(&mut |mut letter| {
        if is_broadcast(&letter) {
            fixtures::tamper(&mut letter.bytes, |body| {
                let last = body.len() - 1;
                body[last] ^= 1;
            });
        }
        vec![letter]
    });
    assert_eq!(run.failures.len(), 3);
    for error in run.failures.values() {
        let RefreshError::Frame { cause, .. } = error else { panic!("{error:?}") };
        assert_eq!((*cause, error.session_goes_on()), (FrameError::Unsigned, true));
    }
    run.assert_in_vain();
}

#[test]
fn a_body_of_another_length_is_refused_in_every_round() {
    // given party 3, who sends a longer form of everything to party 1 before the right one
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    let (mut spoilt, mut refused) = (0, 0);
    while let Some(letter) = run.queue.pop_front() {
        if (letter.from, letter.to) == (party(3), party(1)) {
            let mut longer = letter.clone();
            if is_broadcast(&letter) {
                let witness = Names(party(3));
                fixtures::tamper_broadcast(&mut longer.bytes, &witness, NAME_LEN, |body| {
                    body.push(0);
                });
            } else {
                fixtures::tamper(&mut longer.bytes, |body| body.push(0));
            }
            spoilt += 1;
            let machine = run.machines.get_mut(&letter.to).expect("a machine");
            let error = machine.receive(letter.from, &longer.bytes).expect_err("a longer body");
            assert_eq!((error.culprits(), error.session_goes_on()), (vec![party(3)], true));
            let RefreshError::Frame { cause, .. } = error else { panic!("{error:?}") };
            // A broadcast that is longer by a byte is one whose signature starts a byte too early.
            refused +=
                usize::from(matches!(cause, FrameError::Dimension { .. } | FrameError::Unsigned));
        }
        let machine = run.machines.get_mut(&letter.to).expect("a machine");
        let outgoing = machine.receive(letter.from, &letter.bytes).expect("an honest message");
        run.post(letter.to, outgoing);
    }
    assert_eq!((spoilt, refused), (6, 6));
    run.must_finish();
}

#[test]
fn messages_of_another_session_or_generation_never_reach_the_engine() {
    let world = World::deal(3, 2);
    let mut earlier: Vec<Letter> = Vec::new();
    let mut run = RefreshRun::start(&world.shares, session(1), fresh_gates);
    run.deliver(&mut |letter| {
        earlier.push(letter.clone());
        vec![letter]
    });
    let shares = must_confirm(run.must_finish());
    // given a refresh of another session, and one of the next generation under the same session id
    for (shares, number) in [(&world.shares, 2), (&shares, 1)] {
        let mut run = RefreshRun::start(shares, session(number), fresh_gates);
        for letter in &earlier {
            let machine = run.machines.get_mut(&letter.to).expect("a machine");
            let error = machine.receive(letter.from, &letter.bytes).expect_err("a replay");
            let RefreshError::Frame { from, cause } = error else { panic!("{error:?}") };
            assert_eq!((from, cause), (letter.from, FrameError::Session));
        }
        // then it waits as if nothing had come
        let machine = &run.machines[&party(1)];
        assert_eq!(machine.round(), RefreshRound::Fragments);
        assert_eq!(machine.waiting_for(), parties(&[2, 3]));
    }
}

#[test]
fn a_session_id_is_used_once() {
    let world = World::deal(3, 2);
    let start = || {
        let witness = Arc::new(Names(party(1)));
        Refresh::new(world.share(1), session(1), witness, world.gates(1))
    };
    start().expect("a refresh");
    let error = start().expect_err("the same session again");
    assert!(matches!(error, RefreshError::SessionReused), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Caller);
}

fn assert_banned(error: &RefreshError, cheat: u8) {
    let RefreshError::Gate(GateError::Banned(peer)) = error else { unreachable!("{error:?}") };
    assert_eq!((*peer, error.culprits()), (party(cheat), vec![party(cheat)]));
}

#[test]
fn nobody_starts_a_refresh_with_a_party_it_banned() {
    let mut world = World::deal(3, 2);
    fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
    world.restart();
    let run = RefreshRun::start(&world.shares, session(1), |me| world.gates(me.index()));
    assert_eq!(run.failures.len(), 1);
    assert_banned(&run.failures[&party(1)], 3);
    assert!(run.queue.iter().all(|letter| letter.from != party(1)));
}

#[test]
fn a_ban_in_the_middle_of_a_refresh_stops_every_message_and_ends_it() {
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), |me| world.gates(me.index()));
    let mut banned = false;
    run.deliver(&mut |letter| {
        // A signing session of party 1 catches party 3 before the proofs.
        if round(&letter) == 3 && !banned {
            banned = true;
            fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
        }
        assert!(letter.from != party(1) || round(&letter) < 4, "a message left after the ban");
        vec![letter]
    });
    assert!(banned);
    assert_banned(&run.failures[&party(1)], 3);
    run.assert_in_vain();
}

#[test]
fn a_message_made_before_a_ban_does_not_leave_after_it() {
    let world = World::deal(3, 2);
    let witness = Arc::new(Names(party(1)));
    let started = Refresh::new(world.share(1), session(1), witness, world.gates(1));
    let (_, outgoing) = started.expect("a refresh");
    fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
    assert_eq!(outgoing.len(), 2);
    for message in outgoing {
        let error = message.release(|_| ()).expect_err("a shut gate");
        assert!(matches!(error, GateError::Banned(peer) if peer == party(3)));
    }
}

#[test]
fn a_ban_after_the_last_message_leaves_no_generation() {
    let world = World::deal(3, 2);
    let mut run = RefreshRun::start(&world.shares, session(1), |me| world.gates(me.index()));
    run.deliver(&mut honest);
    fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
    let machine = run.machines.remove(&party(1)).expect("a machine");
    assert!(machine.is_done());
    assert_banned(&machine.finish().expect_err("a banned party"), 3);
}
