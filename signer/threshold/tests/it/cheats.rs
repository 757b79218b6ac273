//! Peers that cheat inside well-formed messages, and what follows.

use countersign_threshold::{ChildIndex, ErrorClass, GateError, SignError, fixtures};

use crate::network::{Letter, World, honest, party};

/// Flips one bit of the body of each letter of `cheat` in `round`, as its owner could.
fn cheating(cheat: u8, round: u8, at: usize) -> impl FnMut(Letter) -> Vec<Letter> {
    move |mut letter| {
        if letter.from == party(cheat) && letter.bytes[3] == round {
            fixtures::tamper(&mut letter.bytes, |body| body[at] ^= 1);
        }
        vec![letter]
    }
}

// Places inside the bodies.
const MATRIX_U: usize = 2 + 32 + 32 + 32 + 3 + 100;
const TAU: usize = 269 + 2 + 32;
const SALT: usize = 203 + 5;
const LAST_U: usize = 20;

fn assert_banned(error: &SignError, cheat: u8) {
    assert!(
        matches!(error, SignError::Gate(GateError::Banned(peer)) if *peer == party(cheat)),
        "{error:?}"
    );
    assert_eq!(error.class(), ErrorClass::Peer);
    assert_eq!(error.culprits(), [party(cheat)]);
}

#[test]
fn a_cheat_in_the_extension_is_banned_for_the_root_all_children_and_after_a_restart() {
    // given party 2, who tampers with its oblivious transfer once
    let mut world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    run.deliver(&mut cheating(2, 1, MATRIX_U));
    let error = &run.failures[&party(1)];
    assert!(matches!(error, SignError::Cheated { peer, .. } if *peer == party(2)), "{error:?}");
    assert_eq!(error.culprits(), [party(2)]);
    assert_eq!(world.banned_by(1), [party(2)]);
    // then party 1 signs with it no more: not for the root, not for a child
    let child = ChildIndex::new(3).ok();
    assert_banned(&world.sign(&[1, 2], 2).failures[&party(1)], 2);
    assert_banned(&world.sign_child(&[1, 2], child, 3).failures[&party(1)], 2);
    // nor after a restart
    world.restart();
    assert_banned(&world.sign(&[1, 2], 4).failures[&party(1)], 2);
    assert_banned(&world.sign_child(&[1, 2], child, 5).failures[&party(1)], 2);
    // and everybody else still signs
    for (number, quorum) in [(6, [1, 3]), (7, [2, 3])] {
        let mut run = world.sign(&quorum, number);
        run.deliver(&mut honest);
        assert!(run.finish().into_values().all(|signature| signature.is_ok()));
    }
}

#[test]
fn a_cheat_in_a_childs_session_is_banned_for_the_root() {
    let world = World::deal(3, 2);
    let mut run = world.sign_child(&[1, 2], ChildIndex::new(3).ok(), 1);
    run.deliver(&mut cheating(2, 1, MATRIX_U));
    assert_banned(&world.sign(&[1, 2], 2).failures[&party(1)], 2);
}

#[test]
fn a_cheat_in_the_multiplication_is_banned() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    run.deliver(&mut cheating(2, 2, TAU));
    let error = &run.failures[&party(1)];
    assert!(matches!(error, SignError::Cheated { peer, .. } if *peer == party(2)), "{error:?}");
    assert_eq!(world.banned_by(1), [party(2)]);
}

#[test]
fn a_broken_commitment_names_its_sender_and_bans_nobody() {
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    run.deliver(&mut cheating(2, 2, SALT));
    let error = &run.failures[&party(1)];
    assert!(matches!(error, SignError::Broken { peer, .. } if *peer == party(2)), "{error:?}");
    assert!(error.is_retryable());
    assert!(world.banned_by(1).is_empty());
}

#[test]
fn parties_that_mean_different_sessions_do_not_ban_each_other() {
    // given party 2 bound its message to another session than the frame says
    let world = World::deal(3, 2);
    let mut run = world.sign(&[1, 2], 1);
    run.deliver(&mut cheating(2, 1, 2));
    // then that is noticed before the oblivious transfer is looked at
    assert!(matches!(run.failures[&party(1)], SignError::Broken { .. }));
    assert!(world.banned_by(1).is_empty());
    // and both can meet again
    let mut run = world.sign(&[1, 2], 2);
    run.deliver(&mut honest);
    assert!(run.finish().into_values().all(|signature| signature.is_ok()));
}

#[test]
fn garbage_in_the_last_round_fails_without_a_culprit_and_without_a_signature() {
    let world = World::deal(5, 3);
    let mut run = world.sign(&[1, 2, 4], 1);
    run.deliver(&mut cheating(4, 3, LAST_U));
    let mut outcomes = run.finish();
    for honest in [1, 2] {
        let error = outcomes.remove(&party(honest)).expect("an outcome").expect_err("garbage");
        let SignError::Unattributed { .. } = error else { panic!("{error:?}") };
        assert_eq!(error.class(), ErrorClass::Peer);
        assert!(error.culprits().is_empty(), "nobody can tell who it was");
        assert_eq!(error.suspects(), [party(3 - honest), party(4)]);
        assert!(error.is_retryable());
        assert!(world.banned_by(honest).is_empty());
    }
}
