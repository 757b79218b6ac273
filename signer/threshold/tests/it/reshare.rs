//! Reshare, as it should go and with parties that lie.

use countersign_threshold::{
    Committee, FrameError, GateError, Handover, HandoverError, KeyShare, PartyId, RefreshError,
    ReshareError, ReshareRound, Seat, Speaker, fixtures,
};
use k256::{AffinePoint, ProjectivePoint, Scalar};

use crate::network::{
    NAME_LEN, Names, SigningRun, World, fresh_gates, honest, parties, party, session,
};
use crate::refresh::run::{assert_signs_as, must_confirm};

mod run;

use run::{Post, ReshareRun, must_reshare};

fn committee(parties: u8, threshold: u8) -> Committee {
    Committee::for_accounts(parties, threshold).expect("a committee")
}

/// Seats by old numbers; zero joins.
fn seats(old: &[u8]) -> Vec<Seat> {
    let seat = |old: &u8| PartyId::new(*old).map_or(Seat::Joins, Seat::Stays);
    old.iter().map(seat).collect()
}

fn handover(from: Committee, to: Committee, dealers: &[u8], old: &[u8]) -> Handover {
    Handover::new(from, to, &parties(dealers), &seats(old)).expect("a plan")
}

/// Two of three: party 2 leaves, party 3 gets its number, and somebody joins.
fn small() -> Handover {
    handover(committee(3, 2), committee(3, 2), &[1, 2], &[1, 3, 0])
}

fn assert_same_key(shares: &[KeyShare], before: &KeyShare) {
    for share in shares {
        assert_eq!(share.epoch(), before.epoch() + 1);
        assert_eq!(share.transcript(), shares[0].transcript());
        assert_eq!(share.public_key(), before.public_key());
        assert_eq!(share.chain_code(), before.chain_code());
        assert_eq!(share.address(), before.address());
    }
    assert_signs_as(shares, before, 100);
}

#[test]
fn two_of_three_become_three_of_five_with_the_same_address() {
    let world = World::deal(3, 2);
    let plan = handover(committee(3, 2), committee(5, 3), &[1, 3], &[1, 2, 3, 0, 0]);
    let shares = must_confirm(must_reshare(&world.shares, &plan, fresh_gates));
    assert_eq!(shares[4].committee(), committee(5, 3));
    assert_same_key(&shares, world.share(1));
}

#[test]
fn three_of_five_become_two_of_three_under_other_numbers_with_the_same_address() {
    let world = World::deal(5, 3);
    let plan = handover(committee(5, 3), committee(3, 2), &[1, 3, 5], &[5, 2, 0]);
    let shares = must_confirm(must_reshare(&world.shares, &plan, fresh_gates));
    assert_eq!(shares[0].committee(), committee(3, 2));
    assert_same_key(&shares, world.share(1));
}

#[test]
fn one_party_is_removed_and_the_others_go_on() {
    let world = World::deal(5, 3);
    let plan = handover(committee(5, 3), committee(4, 3), &[2, 3, 5], &[1, 2, 3, 5]);
    let shares = must_confirm(must_reshare(&world.shares, &plan, fresh_gates));
    assert_same_key(&shares, world.share(1));
}

#[test]
fn a_banned_party_is_replaced_by_the_others_and_its_old_share_fits_nothing() {
    let mut world = World::deal(3, 2);
    fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
    world.restart();
    let gates = |old: PartyId| world.gates(old.index());
    // given plans in which the banned one stays or deals
    for (dealers, sitting) in [([1, 2], [1, 2, 3]), ([1, 3], [1, 2, 0])] {
        let plan = handover(committee(3, 2), committee(3, 2), &dealers, &sitting);
        let run = ReshareRun::start(&world.shares, &plan, session(7), gates);
        let refused: Vec<Speaker> = run.found.iter().map(|(who, _)| *who).collect();
        // then party 1 neither receives nor deals
        assert_eq!(refused, [Speaker::New(party(1)), Speaker::Old(party(1))]);
        for (_, error) in &run.found {
            let ReshareError::Gate(GateError::Banned(_)) = error else { panic!("{error:?}") };
            assert_eq!(error.culprits(), [Speaker::Old(party(3))]);
        }
        assert!(run.queue.iter().all(|post| post.from != Speaker::Old(party(1))));
    }
    // and without it the others go on
    let plan = handover(committee(3, 2), committee(3, 2), &[1, 2], &[1, 2, 0]);
    let mut shares = must_confirm(must_reshare(&world.shares, &plan, gates));
    assert_same_key(&shares, world.share(1));
    // given the new party 1 and the old party 3
    let mixed = vec![shares.remove(0), world.shares.remove(2)];
    let mut run = SigningRun::start(&mixed, &parties(&[1, 3]), None, session(9), fresh_gates);
    run.deliver(&mut honest);
    for signature in run.finish().into_values() {
        signature.expect_err("no signature of two generations");
    }
}

#[test]
fn a_plan_names_a_quorum_of_dealers_and_everybody_once() {
    let plan = |dealers: &[u8], sitting: &[u8]| {
        Handover::new(committee(3, 2), committee(3, 2), &parties(dealers), &seats(sitting))
    };
    for dealers in [&[1][..], &[1, 1], &[1, 4], &[1, 2, 3], &[1, 2, 2]] {
        let error = plan(dealers, &[1, 2, 0]).expect_err("no quorum");
        assert_eq!(error, HandoverError::Dealers { expected: 2 });
    }
    let error = plan(&[1, 2], &[1, 2]).expect_err("a seat too few");
    assert_eq!(error, HandoverError::Seats { expected: 3, got: 2 });
    for (sitting, wrong) in [([1, 1, 0], 1), ([1, 4, 0], 4)] {
        let error = plan(&[1, 2], &sitting).expect_err("no such stayer");
        assert_eq!(error, HandoverError::Stayer(party(wrong)));
    }
}

/// What of dealer 2's messages a liar changes.
fn is_deal(post: &Post) -> bool {
    post.from == Speaker::Old(party(2)) && post.bytes[5] == 0
}

fn is_point(post: &Post) -> bool {
    post.from == Speaker::Old(party(2)) && post.bytes[5] != 0
}

fn retell(post: &mut Post, change: impl FnOnce(&mut Vec<u8>)) {
    let (Speaker::Old(speaker) | Speaker::New(speaker)) = post.from;
    fixtures::tamper_broadcast(&mut post.bytes, &Names(speaker), NAME_LEN, change);
}

/// Runs the small plan with a liar.
fn lie(change: &mut dyn FnMut(&mut Post)) -> ReshareRun {
    let (world, plan) = (World::deal(3, 2), small());
    let mut run = ReshareRun::start(&world.shares, &plan, session(1), fresh_gates);
    run.deliver(&plan, &mut |mut post| {
        change(&mut post);
        vec![post]
    });
    run
}

fn assert_all_name(run: ReshareRun, culprit: Speaker, expected: impl Fn(&ReshareError) -> bool) {
    for member in 1..=3 {
        if culprit != Speaker::New(party(member)) {
            let error = run.error(member);
            assert!(expected(error), "party {member}: {error:?}");
            assert_eq!(error.culprits(), [culprit], "party {member}");
        }
    }
    run.assert_in_vain();
}

fn encoded(point: impl Into<AffinePoint>) -> Vec<u8> {
    postcard::to_allocvec(&point.into()).expect("a point")
}

/// Replaces the commitment at the end of a deal.
fn recommit(body: &mut Vec<u8>, change: impl FnOnce(&mut Vec<AffinePoint>)) {
    let length = 1 + 2 * encoded(AffinePoint::GENERATOR).len();
    let at = body.len() - length;
    let mut points: Vec<AffinePoint> = postcard::from_bytes(&body[at..]).expect("two points");
    change(&mut points);
    body.truncate(at);
    body.extend(postcard::to_allocvec(&points).expect("points"));
}

fn shift(body: &mut Vec<u8>, by: Scalar) {
    let point: Scalar = postcard::from_bytes(body).expect("a point");
    *body = postcard::to_allocvec(&(point + by)).expect("a point");
}

#[test]
fn a_wrong_point_to_one_receiver_names_the_dealer_to_all() {
    for receiver in 1..=3 {
        let run = lie(&mut |post| {
            if is_point(post) && post.to == party(receiver) {
                retell(post, |body| shift(body, Scalar::ONE));
            }
        });
        assert_all_name(
            run,
            Speaker::Old(party(2)),
            |error| matches!(error, ReshareError::WrongPoint { receiver: to, .. } if *to == party(receiver)),
        );
    }
}

#[test]
fn a_longer_polynomial_that_would_raise_the_threshold_names_the_dealer() {
    // given dealer 2, whose polynomial has a third coefficient, one, and fits its points
    let run = lie(&mut |post| {
        let place = Scalar::from(u64::from(post.to.index()));
        if is_deal(post) {
            retell(post, |body| recommit(body, |points| points.push(AffinePoint::GENERATOR)));
        } else if is_point(post) {
            retell(post, |body| shift(body, place * place));
        }
    });
    assert_all_name(run, Speaker::Old(party(2)), |error| {
        matches!(error, ReshareError::WrongDegree { expected: 2, got: 3, .. })
    });
}

#[test]
fn a_shorter_polynomial_names_the_dealer() {
    let run = lie(&mut |post| {
        if is_deal(post) {
            retell(post, |body| recommit(body, |points| points.truncate(1)));
        }
    });
    assert_all_name(run, Speaker::Old(party(2)), |error| {
        matches!(error, ReshareError::WrongDegree { expected: 2, got: 1, .. })
    });
}

#[test]
fn a_coefficient_of_zero_names_the_dealer() {
    let run = lie(&mut |post| {
        if is_deal(post) {
            retell(post, |body| recommit(body, |points| points[1] = AffinePoint::IDENTITY));
        }
    });
    assert_all_name(run, Speaker::Old(party(2)), |error| {
        matches!(error, ReshareError::WrongDegree { expected: 2, got: 2, .. })
    });
}

#[test]
fn another_secret_than_the_dealers_own_names_it() {
    // given dealer 2, whose polynomial is one higher everywhere, points and commitment alike
    let run = lie(&mut |post| {
        if is_deal(post) {
            retell(post, |body| {
                recommit(body, |points| {
                    points[0] = (ProjectivePoint::from(points[0]) + AffinePoint::GENERATOR).into();
                });
            });
        } else if is_point(post) {
            retell(post, |body| shift(body, Scalar::ONE));
        }
    });
    assert_all_name(run, Speaker::Old(party(2)), |error| {
        matches!(error, ReshareError::WrongConstant { .. })
    });
}

#[test]
fn another_fact_of_the_key_is_refused_and_named() {
    let point = encoded(AffinePoint::GENERATOR);
    let (chain_code, epoch) = (point.len(), point.len() + 32);
    let shares = epoch + 1 + 32;
    type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
    let changes: [(&str, Change<'_>); 5] = [
        ("the key", &|body| body[..point.len()].copy_from_slice(&point)),
        ("the chain code", &|body| body[chain_code] ^= 1),
        ("the epoch", &|body| body[epoch] ^= 1),
        ("the transcript", &|body| body[epoch + 1] ^= 1),
        ("a public share", &|body| {
            body[shares + 1..shares + 1 + point.len()].copy_from_slice(&point);
        }),
    ];
    for (what, change) in changes {
        let run = lie(&mut |post| {
            if is_deal(post) {
                retell(post, |body| change(body));
            }
        });
        // then those who know the key name the liar, and who is new names those who differ
        for stayer in [1, 2] {
            let error = run.error(stayer);
            assert!(matches!(error, ReshareError::FalseFacts { .. }), "{what}: {error:?}");
            assert_eq!(error.culprits(), [Speaker::Old(party(2))]);
        }
        let ReshareError::FactsDiffer { first, differ } = run.error(3) else {
            panic!("{what}: {:?}", run.error(3))
        };
        assert_eq!((*first, &differ[..]), (party(1), &[party(2)][..]), "{what}");
        run.assert_in_vain();
    }
}

#[test]
fn parts_that_add_up_to_another_key_than_all_dealers_tell_give_no_share() {
    // given a committee of strangers, and dealers that tell them all the same wrong key
    let plan = handover(committee(3, 2), committee(3, 2), &[1, 2], &[0, 0, 0]);
    let world = World::deal(3, 2);
    let mut run = ReshareRun::start(&world.shares, &plan, session(1), fresh_gates);
    let key = encoded(AffinePoint::GENERATOR);
    run.deliver(&plan, &mut |mut post| {
        if matches!(post.from, Speaker::Old(_)) && post.bytes[5] == 0 {
            retell(&mut post, |body| body[..key.len()].copy_from_slice(&key));
        }
        vec![post]
    });
    for member in 1..=3 {
        assert!(matches!(run.error(member), ReshareError::AnotherKey), "{:?}", run.error(member));
    }
    run.assert_in_vain();
}

#[test]
fn a_deal_told_differently_to_the_new_member_is_noticed_by_all_and_named() {
    let run = lie(&mut |post| {
        if is_deal(post) && post.to == party(3) {
            retell(post, |body| body[34 + 5] ^= 1);
        }
    });
    assert_all_name(run, Speaker::Old(party(2)), |error| {
        matches!(error, ReshareError::Equivocation { .. })
    });
}

#[test]
fn a_member_that_accuses_without_proof_is_named_instead_of_the_dealer() {
    // A point that dealer 2 signed for member 2, as it is, and changed without a new signature.
    let mut signed: Vec<u8> = Vec::new();
    for (what, spoil) in [("nothing", None), ("its own point", Some(0u64)), ("another", Some(1))] {
        let run = lie(&mut |post| {
            if is_point(post) && post.to == party(2) {
                signed = post.bytes[70..].to_vec();
            }
            if post.from == Speaker::New(party(2)) && post.bytes[2] == 4 {
                retell(post, |body| {
                    let heard = body.split_off(1 + 32);
                    let (point, signature) = signed.split_at(33);
                    let mut point = point.to_vec();
                    *body = match spoil {
                        None => vec![1],
                        Some(by) => {
                            shift(&mut point, Scalar::from(by));
                            let point = postcard::to_allocvec(&point).expect("bytes");
                            let signature = postcard::to_allocvec(&signature).expect("bytes");
                            [&[2, 2], &point[..], &signature].concat()
                        }
                    };
                    body.extend(heard);
                });
            }
        });
        for member in [1, 3] {
            let error = run.error(member);
            assert!(matches!(error, ReshareError::FalseVerdict { .. }), "{what}: {error:?}");
            assert_eq!(error.culprits(), [Speaker::New(party(2))], "{what}");
        }
    }
}

#[test]
fn a_member_that_tells_of_another_outcome_or_hearing_is_named() {
    // The outcome, and the digest of the first deal.
    for at in [1, 1 + 32 + 1 + 2] {
        let run = lie(&mut |post| {
            if post.from == Speaker::New(party(2)) && post.bytes[2] == 4 {
                retell(post, |body| body[at] ^= 1);
            }
        });
        for member in [1, 3] {
            let error = run.error(member);
            assert!(matches!(error, ReshareError::FalseVerdict { .. }), "{error:?}");
            assert_eq!(error.culprits(), [Speaker::New(party(2))]);
        }
    }
}

#[test]
fn what_a_dealer_did_not_sign_is_dropped_and_waited_for() {
    let run = lie(&mut |post| {
        if is_deal(post) || is_point(post) {
            fixtures::tamper(&mut post.bytes, |body| {
                let last = body.len() - 1;
                body[last] ^= 1;
            });
        }
    });
    assert_eq!(run.found.len(), 6);
    for (_, error) in &run.found {
        let ReshareError::Frame { cause, .. } = error else { panic!("{error:?}") };
        assert_eq!((*cause, error.session_goes_on()), (FrameError::Unsigned, true));
        assert_eq!(error.culprits(), [Speaker::Old(party(2))]);
    }
    assert_eq!(run.machines[&party(3)].round(), ReshareRound::Deals);
    assert_eq!(run.machines[&party(3)].waiting_for(), [Speaker::Old(party(2))]);
    run.assert_in_vain();
}

#[test]
fn messages_of_another_session_or_plan_are_refused() {
    let (world, plan) = (World::deal(3, 2), small());
    let earlier = ReshareRun::start(&world.shares, &plan, session(1), fresh_gates);
    assert_eq!(earlier.queue.len(), 12);
    // given another session, and the same one for another plan
    let other = handover(committee(3, 2), committee(3, 2), &[1, 2], &[1, 2, 0]);
    for (plan, number) in [(&plan, 2), (&other, 1)] {
        let mut run = ReshareRun::start(&world.shares, plan, session(number), fresh_gates);
        for post in &earlier.queue {
            let machine = run.machines.get_mut(&post.to).expect("a machine");
            let error = machine.receive(post.from, &post.bytes).expect_err("a replay");
            let ReshareError::Frame { cause, .. } = error else { panic!("{error:?}") };
            assert_eq!(cause, FrameError::Session);
        }
        assert_eq!(run.machines[&party(1)].waiting_for().len(), 2);
    }
}

#[test]
fn a_session_id_serves_one_deal_and_one_receipt() {
    let (world, plan) = (World::deal(3, 2), small());
    let gates = |old: PartyId| world.gates(old.index());
    let first = ReshareRun::start(&world.shares, &plan, session(1), gates);
    assert!(first.found.is_empty(), "{:?}", first.found);
    let again = ReshareRun::start(&world.shares, &plan, session(1), gates);
    // Two dealers, and two members that stay; who is new comes with fresh gates.
    assert_eq!(again.found.len(), 4);
    for (_, error) in &again.found {
        assert!(matches!(error, ReshareError::SessionReused), "{error:?}");
    }
}

#[test]
fn who_has_no_part_in_the_plan_neither_deals_nor_receives_nor_is_heard() {
    let (world, plan) = (World::deal(3, 2), small());
    let mut run = ReshareRun::start(&world.shares, &plan, session(1), fresh_gates);
    let post = run.queue[0].clone();
    let machine = run.machines.get_mut(&party(1)).expect("a machine");
    for stranger in [Speaker::Old(party(3)), Speaker::New(party(4)), Speaker::New(party(1))] {
        let error = machine.receive(stranger, &post.bytes).expect_err("a stranger");
        assert!(matches!(error, ReshareError::Stranger(who) if who == stranger), "{error:?}");
        assert!(error.session_goes_on());
    }
    let three = world.share(3);
    let names = std::sync::Arc::new(Names(party(3)));
    let error = countersign_threshold::deal(three, &plan, session(2), names, &world.gates(3));
    assert!(matches!(error, Err(ReshareError::NoPart)));
}

#[test]
fn a_ban_in_the_middle_of_a_reshare_ends_it() {
    let (world, plan) = (World::deal(3, 2), small());
    let gates = |old: PartyId| world.gates(old.index());
    let mut run = ReshareRun::start(&world.shares, &plan, session(1), gates);
    let mut banned = false;
    run.deliver(&plan, &mut |post| {
        // A signing session of party 1 catches party 3, who stays, when the verdicts are under way.
        if matches!(post.from, Speaker::New(_)) && !banned {
            banned = true;
            fixtures::ban(&world.gates(1), party(3), "it cheated").expect("a ban");
        }
        vec![post]
    });
    let error = run.error(1);
    assert!(matches!(error, ReshareError::Gate(GateError::Banned(_))), "{error:?}");
    assert_eq!(error.culprits(), [Speaker::Old(party(3))]);
    run.assert_in_vain();
}

#[test]
fn a_lie_in_the_refresh_that_follows_is_named_by_the_new_number() {
    let run = lie(&mut |post| {
        // Party 3 joined. The seed that it opens is not the one it committed to.
        let told = post.bytes[2..4] == [3, 3] && post.bytes[5] != 0;
        if post.from == Speaker::New(party(3)) && told {
            fixtures::tamper(&mut post.bytes, |body| body[9] ^= 1);
        }
    });
    for member in [1, 2] {
        let error = run.error(member);
        let ReshareError::Refresh(RefreshError::Broken { .. }) = error else { panic!("{error:?}") };
        assert_eq!(error.culprits(), [Speaker::New(party(3))]);
    }
}
