//! Keygen, as it should go and with a party that lies.

use countersign_threshold::{
    Committee, ErrorClass, FrameError, KeyShare, KeygenError, KeygenRound, fixtures,
};
use dkls23_secp256k1::utilities::commits;

use crate::network::{
    KeygenRun, Letter, NAME_LEN, Names, SigningRun, fresh_gates, honest, parties, party, session,
};

fn two_of_three() -> Committee {
    Committee::for_accounts(3, 2).expect("a committee")
}

#[test]
fn a_keygen_under_disorder_repetition_and_damage_gives_shares_that_sign() {
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    let mut bad_frames = 0;
    run.deliver(committee, &mut |letter| {
        // A damaged copy, the good one, and the good one again.
        let mut damaged = letter.clone();
        let at = damaged.bytes.len() / 2;
        damaged.bytes[at] ^= 4;
        bad_frames += 1;
        vec![damaged, letter.clone(), letter]
    });
    assert!(bad_frames > 20);
    for error in run.failures.values() {
        assert!(error.session_goes_on(), "{error:?}");
    }
    let shares: Vec<KeyShare> =
        run.machines.into_values().map(|machine| machine.finish().expect("a share")).collect();
    for share in &shares {
        assert_eq!(share.public_key(), shares[0].public_key());
        assert_eq!(share.chain_code(), shares[0].chain_code());
        assert_eq!(share.transcript(), shares[0].transcript());
    }
    for (number, quorum) in (0..).zip(fixtures::quorums(committee)) {
        let mut run = SigningRun::start(&shares, &quorum, None, session(number), fresh_gates);
        run.deliver(&mut honest);
        assert!(run.finish().into_values().all(|signature| signature.is_ok()));
    }
}

#[test]
fn a_party_that_vanishes_leaves_no_key() {
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut |letter| {
        let vanished = letter.from == party(3) && letter.bytes[3] >= 2;
        if vanished { vec![] } else { vec![letter] }
    });
    let machine = run.machines.remove(&party(1)).expect("a machine");
    assert_eq!(machine.round(), KeygenRound::Commitments);
    assert_eq!(machine.waiting_for(), [party(3)]);
    assert_eq!(machine.finish().expect_err("no key"), KeygenError::NotDone);
}

#[test]
fn a_chain_code_told_differently_to_two_parties_is_noticed_by_all_and_named() {
    // given party 3, who tells party 2 another chain code than party 1, each well committed
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    let another_code = [0x5a; 32];
    let (commitment, salt) = commits::commit(&another_code);
    run.deliver(committee, &mut |mut letter| {
        if letter.from == party(3) && letter.to == party(2) && letter.bytes[5] == 0 {
            let round = letter.bytes[3];
            fixtures::tamper_broadcast(&mut letter.bytes, &Names(party(3)), NAME_LEN, |body| {
                match round {
                    2 => body[33..65].copy_from_slice(&commitment),
                    3 => {
                        body[4_645..4_677].copy_from_slice(&another_code);
                        body[4_678..4_742].copy_from_slice(&salt);
                    }
                    _ => (),
                }
            });
        }
        vec![letter]
    });
    // then both honest parties name it, and neither has a key
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert!(matches!(error, KeygenError::Equivocation { .. }), "{error:?}");
        assert_eq!(error.culprits(), [party(3)]);
        assert_eq!(error.class(), ErrorClass::Peer);
    }
    for machine in run.machines.into_values() {
        machine.finish().expect_err("no key");
    }
}

#[test]
fn a_party_that_invents_what_it_heard_is_named_instead_of_its_victim() {
    // given party 3, who claims to have heard something else from party 2
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut |mut letter| {
        if letter.from == party(3) && letter.bytes[3] == 4 {
            fixtures::tamper_broadcast(&mut letter.bytes, &Names(party(3)), NAME_LEN, |body| {
                // Outcome, length of the map, party 1's entry, key of party 2's entry, its digest.
                let entry = 2 + 32 + 1 + NAME_LEN;
                let digest = 32 + 1 + entry + 2;
                assert_eq!(body[digest - 2..digest], [2, 2]);
                body[digest] ^= 1;
            });
        }
        vec![letter]
    });
    for honest in parties(&[1, 2]) {
        let error = &run.failures[&honest];
        assert_eq!(*error, KeygenError::FalseEcho { peer: party(3) });
        assert_eq!(error.culprits(), [party(3)]);
    }
}

#[test]
fn a_broadcast_that_its_sender_did_not_sign_is_refused() {
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    let mut held: Vec<Letter> = Vec::new();
    run.deliver(committee, &mut |mut letter| {
        if letter.bytes[3] == 2 && letter.bytes[5] == 0 {
            let length = letter.bytes.len();
            fixtures::tamper(&mut letter.bytes, |body| {
                let last = body.len() - 1;
                body[last] ^= 1;
            });
            assert_eq!(letter.bytes.len(), length);
            held.push(letter.clone());
        }
        vec![letter]
    });
    assert_eq!(held.len(), 6);
    for error in run.failures.values() {
        assert!(matches!(error, KeygenError::Frame { cause: FrameError::Unsigned, .. }));
        assert!(error.session_goes_on());
    }
    assert!(run.machines.values().all(|machine| machine.round() == KeygenRound::Commitments));
}

#[test]
fn a_party_that_says_it_made_another_key_is_named() {
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut |mut letter| {
        if letter.from == party(3) && letter.bytes[3] == 4 {
            fixtures::tamper_broadcast(&mut letter.bytes, &Names(party(3)), NAME_LEN, |body| {
                body[0] ^= 1;
            });
        }
        vec![letter]
    });
    for index in [1, 2] {
        assert_eq!(run.failures[&party(index)], KeygenError::FalseEcho { peer: party(3) });
        run.machines.remove(&party(index)).expect("a machine").finish().expect_err("no key");
    }
}

#[test]
fn a_broadcast_speaks_for_its_sender_and_an_echo_tells_of_everybody() {
    // given a bad copy of each broadcast of party 3 to party 1, well sealed, before the good one
    let committee = two_of_three();
    let names = Names(party(3));
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut |letter| {
        if (letter.from, letter.to) != (party(3), party(1)) || letter.bytes[5] != 0 {
            return vec![letter];
        }
        let spoilt = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut spoilt = letter.clone();
            fixtures::tamper_broadcast(&mut spoilt.bytes, &names, NAME_LEN, change);
            spoilt
        };
        match letter.bytes[3] {
            // The index of the speaker, behind the commitment and behind the proof.
            2 => vec![spoilt(&|body| body[32] = 2), letter],
            3 => vec![spoilt(&|body| body[4_644] = 2), letter],
            // An echo that leaves party 1's first broadcast out, and one with a bad signature.
            _ => {
                let shorter = spoilt(&|body| {
                    body[32] -= 1;
                    body.drain(33..33 + 2 + 32 + 1 + NAME_LEN);
                });
                let mut unsigned = letter.clone();
                fixtures::tamper(&mut unsigned.bytes, |body| {
                    let last = body.len() - 1;
                    body[last] ^= 1;
                });
                vec![shorter, unsigned, letter]
            }
        }
    });
    // then each is refused for what it is, and the good ones make a key
    let causes: Vec<FrameError> = run
        .found
        .iter()
        .map(|(finder, error)| {
            assert_eq!((*finder, error.session_goes_on()), (party(1), true), "{error:?}");
            let KeygenError::Frame { cause, .. } = error else { unreachable!("{error:?}") };
            *cause
        })
        .collect();
    let echo = FrameError::Dimension { what: "echo", expected: 6, got: 5 };
    assert_eq!(causes, [FrameError::Parties, FrameError::Parties, echo, FrameError::Unsigned]);
    assert!(run.machines.values().all(|machine| machine.is_done()));
}

#[test]
fn points_that_fit_no_polynomial_give_no_key() {
    // given party 3, who sends party 1 a point off its polynomial
    let committee = two_of_three();
    let mut run = KeygenRun::start(committee, session(1));
    run.deliver(committee, &mut |mut letter| {
        if letter.from == party(3) && letter.to == party(1) && letter.bytes[3] == 1 {
            fixtures::tamper(&mut letter.bytes, |body| body[32] ^= 1);
        }
        vec![letter]
    });
    for index in [1, 2] {
        let error = &run.failures[&party(index)];
        assert!(matches!(error, KeygenError::Unattributed(_)), "{error:?}");
    }
    for machine in run.machines.into_values() {
        machine.finish().expect_err("no key");
    }
}
