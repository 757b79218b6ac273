//! Three daemons in one process, and what must stop them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use alloy::primitives::{Address, U256};
use countersign_protocol::{FailureClass, Request};
use countersign_threshold::fixtures;
use countersign_userop::{Fees, Signature65};
use prost::Message as _;

use super::*;
use crate::transport::{Frame, FrameKind};
use crate::world::{GATEWAY, World, name, party};

mod kinds;
mod wishes;

fn must_sign(reply: &SignReply) -> &SignedReply {
    match reply {
        SignReply::Signed(signed) => signed,
        other => panic!("{other:?}"),
    }
}

fn must_fail(reply: &SignReply) -> (FailureClass, &str, &[u8], bool) {
    match reply {
        SignReply::Failed { class, message, culprits, retryable, .. } => {
            (*class, message, culprits, *retryable)
        }
        other => panic!("{other:?}"),
    }
}

fn suspects(reply: &SignReply) -> &[u8] {
    match reply {
        SignReply::Failed { suspects, .. } => suspects,
        other => panic!("{other:?}"),
    }
}

fn rule(reply: &SignReply) -> &str {
    match reply {
        SignReply::Refused { rule, .. } => rule,
        other => panic!("{other:?}"),
    }
}

fn recovered(signed: &SignedReply, digest: B256) -> Address {
    Signature65::new(signed.signature).unwrap().recover(digest).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pair_of_three_signs_for_the_owner_and_says_what_it_saw() {
    let world = World::start().await;
    for (nonce, quorum) in [(1, [1, 2]), (2, [1, 3]), (3, [2, 3])] {
        let request = world.operation(nonce);
        let digest = world.digest(&request);
        let call = world.call(&quorum, Request::UserOperation(request));

        let replies = world.ask_all(&call).await;

        let [one, other] = [must_sign(&replies[0]), must_sign(&replies[1])];
        assert_eq!(one.signature, other.signature);
        assert_eq!(recovered(one, digest), world.owner());
        assert!(!one.saw.is_empty());
        let names: Vec<_> = one.stages.iter().map(|stage| stage.name.as_str()).collect();
        assert_eq!(names, ["judge", "journal", "open", "rounds"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paymaster_key_approves_and_its_own_address_is_recovered() {
    let world = World::start().await;
    let request = world.approval(1);
    let digest = countersign_userop::sponsor_approval_digest(
        &request.op,
        request.paymaster,
        request.entry_point,
        request.chain,
        request.delegate,
        request.window,
    );
    let call = world.call(&[2, 3], Request::PaymasterApproval(request));

    let replies = world.ask_all(&call).await;

    let key = world.daemons[&2].keys.get(&name("sponsor")).unwrap();
    assert_eq!(recovered(must_sign(&replies[0]), digest), Address::from(key.share.address()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_member_is_named_within_the_deadline_and_may_come_back() {
    let world = World::start().await;
    let request = Request::UserOperation(world.operation(1));
    let alone = world.call(&[1, 2], request.clone());
    let started = std::time::Instant::now();

    let reply = world.ask(1, &alone).await;

    let (class, message, culprits, retryable) = must_fail(&reply);
    assert_eq!((class, culprits, retryable), (FailureClass::Network, [2].as_slice(), true));
    assert!(message.contains("party 2 did not answer in time"), "{message}");
    assert!(started.elapsed() < Duration::from_secs(4));
    let together = world.call(&[1, 2], request);
    must_sign(&world.ask_all(&together).await[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_own_deadline_is_kept() {
    let world = World::start().await;
    let mut call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    call.deadline = Duration::from_millis(100);
    let started = std::time::Instant::now();
    must_fail(&world.ask(1, &call).await);
    assert!(started.elapsed() < Duration::from_millis(1_200));
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_mean_different_requests_part_before_any_round() {
    let world = World::start().await;
    let rounds = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&rounds);
    world.tap(move |_, _, frame| {
        *seen.lock().unwrap() += u32::from(frame.kind == FrameKind::Round);
        vec![frame]
    });
    let one = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let mut other = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    other.attempt = one.attempt;

    let (first, second) = futures::join!(world.ask(1, &one), world.ask(2, &other));

    let messages = [must_fail(&first).1, must_fail(&second).1];
    assert!(messages.iter().any(|message| message.contains("another request")), "{messages:?}");
    assert_eq!(*rounds.lock().unwrap(), 0);
    for index in [1, 2] {
        let key = world.daemons[&index].keys.get(&name("treasury")).unwrap();
        key.gates.check(&[party(3 - index)]).expect("nobody is banned");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_round_does_not_leave_before_the_others_head_is_on_disk() {
    let world = World::start().await;
    let mut connection = world.daemons[&1].store.connection().await;
    sqlx::query("DROP TABLE peer_head").execute(&mut *connection).await.unwrap();
    drop(connection);
    let rounds = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&rounds);
    world.tap(move |from, _, frame| {
        let is_ours = from == party(1) && frame.kind == FrameKind::Round;
        *seen.lock().unwrap() += u32::from(is_ours);
        vec![frame]
    });
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));

    let replies = world.ask_all(&call).await;

    let (class, message, ..) = must_fail(&replies[0]);
    assert_eq!(class, FailureClass::Internal);
    assert_eq!(message, "the heads of journals could not be kept");
    must_fail(&replies[1]);
    assert_eq!(*rounds.lock().unwrap(), 2, "two rounds before the last");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_operation_signs_again_and_another_in_its_slot_does_not() {
    let world = World::start().await;
    let request = world.operation(1);
    let again = world.call(&[1, 3], Request::UserOperation(request.clone()));
    must_sign(
        &world.ask_all(&world.call(&[1, 2], Request::UserOperation(request.clone()))).await[0],
    );
    must_sign(&world.ask_all(&again).await[0]);

    let fees = Fees { max_fee_per_gas: 2_100_000_000, max_priority_fee_per_gas: 2_000_000_000 };
    let mut cheap = request.clone();
    cheap.op = cheap.op.with_fees(fees);
    let refused = world.ask_all(&world.call(&[1, 2], Request::UserOperation(cheap))).await;
    assert_eq!(refused.iter().map(rule).collect::<Vec<_>>(), ["journal", "journal"]);

    let mut dearer = request;
    dearer.op = dearer.op.with_fees(Fees { max_fee_per_gas: 2_200_000_000, ..fees });
    must_sign(&world.ask_all(&world.call(&[1, 2], Request::UserOperation(dearer))).await[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_used_once() {
    let world = World::start().await;
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    must_sign(&world.ask_all(&call).await[0]);
    let again = world.ask_all(&call).await;
    assert_eq!(again.iter().map(rule).collect::<Vec<_>>(), ["attempt", "attempt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_one_member_ends_the_wait_of_the_other() {
    let world = World::start().await;
    let request = world.operation(1);
    let mut other = request.clone();
    other.op = other.op.with_signature(vec![1].into()).with_fees(Fees {
        max_fee_per_gas: 2_000_000_001,
        max_priority_fee_per_gas: 1_000_000_000,
    });
    // given that party 2 has given the slot to another digest
    must_sign(&world.ask_all(&world.call(&[2, 3], Request::UserOperation(other))).await[0]);
    let started = std::time::Instant::now();

    let replies = world.ask_all(&world.call(&[1, 2], Request::UserOperation(request))).await;

    assert_eq!(rule(&replies[1]), "journal");
    let (class, message, culprits, _) = must_fail(&replies[0]);
    assert_eq!((class, culprits), (FailureClass::Peer, [2].as_slice()));
    assert!(message.contains("refused by its rule journal"), "{message}");
    assert!(started.elapsed() < Duration::from_millis(1_000), "it did not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_run_side_by_side() {
    let world = World::start().await;
    let quorums = [[1, 2], [1, 3], [2, 3]];
    let calls: Vec<_> = (0..12_u64)
        .map(|nonce| {
            let request = Request::UserOperation(world.operation(nonce));
            world.call(&quorums[usize::try_from(nonce).unwrap() % 3], request)
        })
        .collect();

    let replies = futures::future::join_all(calls.iter().map(|call| world.ask_all(call))).await;

    for reply in replies.iter().flatten() {
        must_sign(reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leaves_without_an_audit_record() {
    let world = World::start().await;
    let store = &world.daemons[&1].store;
    let mut connection = store.connection().await;
    sqlx::raw_sql("DROP TABLE audit").execute(&mut *connection).await.unwrap();
    drop(connection);

    let reply =
        world.ask(1, &world.call(&[1, 2], Request::UserOperation(world.operation(1)))).await;

    assert_eq!(must_fail(&reply).0, FailureClass::Internal);
    assert_eq!(world.carried(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_frame_leaves_after_the_record_is_on_disk() {
    let world = World::start().await;
    let database = world.daemons[&1].store.clone();
    let counts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&counts);
    world.tap(move |from, _, frame| {
        if from == party(1) {
            let head = std::thread::scope(|scope| {
                let read = scope.spawn(|| futures::executor::block_on(database.audit_head()));
                read.join().unwrap().unwrap()
            });
            seen.lock().unwrap().push(head.count);
        }
        vec![frame]
    });

    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    must_sign(&world.ask_all(&call).await[0]);

    let counts = counts.lock().unwrap();
    assert!(!counts.is_empty() && counts.iter().all(|count| *count == 1), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_counts_as_signed_once_our_last_message_left() {
    let world = World::start().await;
    let slot = |call: &SignCall| KeySlot { slot: call.request.slot(), key: call.key.clone() };
    let store = &world.daemons[&1].store;
    let alone = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    must_fail(&world.ask(1, &alone).await);
    assert_eq!(store.slot_history(&slot(&alone)).await.unwrap()[0].signed_at_ms, None);
    // given that party 2's last message never comes: party 1 has no signature, but its share is out
    world.tap(|from, _, frame| {
        let last = frame.kind == FrameKind::Round && frame.payload.get(3) == Some(&3);
        if from == party(2) && last { vec![] } else { vec![frame] }
    });

    let call = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    let replies = world.ask_all(&call).await;

    assert_eq!(must_fail(&replies[0]).2, [2]);
    must_sign(&replies[1]);
    world.daemons[&1].signer.drained().await;
    assert!(store.slot_history(&slot(&call)).await.unwrap()[0].signed_at_ms.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_garbage_last_round_is_counted_against_the_peer_and_bans_nobody() {
    let world = World::start().await;
    world.tap(tamper(2, 3, 20));
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let replies = world.ask_all(&call).await;
    let (class, _, culprits, retryable) = must_fail(&replies[0]);
    assert_eq!((class, culprits, retryable), (FailureClass::Peer, [].as_slice(), true));
    assert_eq!(suspects(&replies[0]), [2]);

    let key = world.daemons[&1].keys.get(&name("treasury")).unwrap();
    let spoiled = world.daemons[&1].store.spoiled(&key.share.public_key()).await.unwrap();
    assert_eq!(spoiled, [(2, 1)]);
    world.tap(|_, _, frame| vec![frame]);
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    must_sign(&world.ask_all(&call).await[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheat_is_refused_by_name_ever_after_and_after_a_restart() {
    let mut world = World::start().await;
    world.tap(tamper(2, 1, 2 + 32 + 32 + 32 + 3 + 100));
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let replies = world.ask_all(&call).await;
    assert_eq!(suspects(&replies[0]), [2]);
    world.tap(|_, _, frame| vec![frame]);

    let other_child = SignCall {
        child: countersign_protocol::ChildNumber::new(9),
        ..world.call(&[1, 2], Request::UserOperation(world.operation(2)))
    };
    assert_eq!(rule(&world.ask(1, &other_child).await), "ban");
    world.restart(1).await;
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    assert_eq!(rule(&world.ask(1, &call).await), "ban");
    let call = world.call(&[1, 3], Request::UserOperation(world.operation(2)));
    must_sign(&world.ask_all(&call).await[0]);
}

/// The whole answer of party 1 to a session with party 2 during which a ban came, as it goes out, and how
/// long it took.
async fn veiled(world: &World) -> (Vec<u8>, Duration) {
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let started = std::time::Instant::now();
    let reply = world.ask_all(&call).await.remove(0);
    (reply.into_wire().encode_to_vec(), started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_tells_neither_by_words_nor_by_time_whether_a_check_passed() {
    let soon = Deadlines { session_ms: 1_000, ..Deadlines::default() };
    // given a session in which party 2 cheats and is caught
    let world = World::start_with(soon, 3, 2).await;
    world.tap(tamper(2, 1, 2 + 32 + 32 + 32 + 3 + 100));
    let (cheated, after) = veiled(&world).await;
    // and one whose check passed, but the ban came before its answer left
    let world = World::start_with(soon, 3, 2).await;
    let (heard, asked) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let hears = Arc::clone(&heard);
    world.tap(move |from, to, frame| {
        let first = frame.kind == FrameKind::Round && frame.payload.get(3) == Some(&1);
        hears.fetch_or(first && (from, to) == (party(2), party(1)), Ordering::SeqCst);
        vec![frame]
    });
    world.script(move |me, _| {
        // Asked once when the message comes in, before it is checked, and then when the answer leaves.
        let counts = me == party(1) && heard.load(Ordering::SeqCst);
        counts && asked.fetch_add(1, Ordering::SeqCst) > 0
    });
    let (passed, later) = veiled(&world).await;
    // then nobody can tell one from the other
    assert_eq!(cheated, passed);
    for elapsed in [after, later] {
        let told = Duration::from_millis(1_000);
        assert!((told..told + Duration::from_millis(600)).contains(&elapsed), "{elapsed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_heard_everybody_first_may_speak_first() {
    // given that party 1 hears the opening of party 3 only after the rounds of party 2 began
    let world = World::start_with(Deadlines::default(), 5, 3).await;
    let (late, deliver) = (Mutex::new(Some(Vec::new())), world.deliver());
    world.tap(move |from, to, frame| {
        let mut late = late.lock().unwrap();
        match (late.as_mut(), from.index(), to.index(), frame.kind) {
            (Some(late), 3, 1, _) => late.push(frame),
            (Some(_), 2, 1, FrameKind::Round) => {
                deliver(from, to, frame);
                let late = late.take().into_iter().flatten();
                late.for_each(|frame| deliver(party(3), to, frame));
            }
            _ => return vec![frame],
        }
        vec![]
    });
    let call = world.call(&[1, 2, 3], Request::UserOperation(world.operation(1)));
    for reply in world.ask_all(&call).await {
        must_sign(&reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_twice_or_speaks_too_early_is_named() {
    let world = World::start_with(Deadlines::default(), 5, 3).await;
    let failing = async |told: &str| {
        let call = world.call(&[1, 2, 3], Request::UserOperation(world.operation(1)));
        let replies = world.ask_all(&call).await;
        let (class, message, culprits, _) = must_fail(&replies[0]);
        assert_eq!((class, culprits), (FailureClass::Peer, [2].as_slice()));
        assert!(message.contains(told), "{message}");
    };
    // given that party 2 opens twice while party 1 still waits for party 3
    let silent = |from: PartyId, to: PartyId| (from, to) == (party(3), party(1));
    let opens = |from: PartyId, to: PartyId, frame: &Frame| {
        (from, to, frame.kind) == (party(2), party(1), FrameKind::Open)
    };
    world.tap(move |from, to, frame| match frame {
        _ if silent(from, to) => vec![],
        frame if opens(from, to, &frame) => vec![frame.clone(), frame],
        frame => vec![frame],
    });
    failing("it opened twice").await;
    // or during the rounds
    let (late, deliver) = (Mutex::new(None), world.deliver());
    world.tap(move |from, to, frame| {
        if opens(from, to, &frame) {
            *late.lock().unwrap() = Some(frame.clone());
        }
        let first = (from, to, frame.kind) == (party(2), party(1), FrameKind::Round);
        let again = if first { late.lock().unwrap().take() } else { None };
        again.into_iter().for_each(|again| deliver(from, to, again));
        vec![frame]
    });
    failing("opened twice").await;
    // or sends more rounds than there are before everybody opened
    world.tap(move |from, to, frame| match frame {
        _ if silent(from, to) => vec![],
        frame if from == party(2) && to == party(1) && frame.kind == FrameKind::Round => {
            vec![frame; 4]
        }
        frame => vec![frame],
    });
    failing("spoke before all had opened").await;
    // or speaks before it opened itself
    world.tap(move |from, to, frame| match frame {
        frame if opens(from, to, &frame) => vec![Frame { kind: FrameKind::Round, ..frame }],
        frame => vec![frame],
    });
    failing("spoke before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_more_goes_to_a_cheat_not_even_a_farewell() {
    let world = World::start().await;
    let cheated = tamper(2, 1, 2 + 32 + 32 + 32 + 3 + 100);
    let farewells = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&farewells);
    world.tap(move |from, to, frame| {
        if frame.kind == FrameKind::Abort {
            heard.lock().unwrap().push((from.index(), to.index()));
        }
        cheated(from, to, frame)
    });
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let replies = world.ask_all(&call).await;
    assert_eq!(suspects(&replies[0]), [2]);
    // Neither the end of the session nor a refusal later is told to whom it may not.
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(2)));
    assert_eq!(rule(&world.ask(1, &call).await), "ban");
    let to_the_cheat = |(from, to): &(u8, u8)| *from == 1 && *to == 2;
    assert!(!farewells.lock().unwrap().iter().any(to_the_cheat));
    // A party that is not banned is told: here by a rule that refuses.
    let mut poor = world.call(&[1, 3], Request::UserOperation(world.operation(3)));
    if let Request::UserOperation(request) = &mut poor.request {
        request.chain = countersign_userop::ChainId::new(1);
    }
    assert_eq!(rule(&world.ask(1, &poor).await), "chain");
    assert!(farewells.lock().unwrap().contains(&(1, 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_even_an_opening_goes_to_a_party_that_was_banned_since_the_rules_were_asked() {
    let soon = Deadlines { session_ms: 300, ..Deadlines::default() };
    let world = World::start_with(soon, 3, 2).await;
    let asked = AtomicUsize::new(0);
    world.script(move |me, _| me == party(1) && asked.fetch_add(1, Ordering::SeqCst) > 0);
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let reply = world.ask(1, &call).await;
    assert_eq!(suspects(&reply), [2]);
    assert_eq!(world.carried(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_do_not_stop_a_session() {
    let world = World::start().await;
    world.tap(|_, _, frame| {
        let mut twisted = frame.clone();
        match twisted.payload.last_mut() {
            // The seal no longer fits: the engine, which would ban for it, must not see this one.
            Some(byte) if frame.kind == FrameKind::Round => *byte ^= 1,
            _ => return vec![frame],
        }
        vec![twisted, frame.clone(), frame]
    });
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    must_sign(&world.ask_all(&call).await[0]);
}

#[tokio::test]
async fn a_message_that_is_no_call_is_refused_and_audited() {
    let world = World::start().await;
    let daemon = &world.daemons[&1];
    let good = world.call(&[1, 2], Request::UserOperation(world.operation(1))).to_wire();
    let bad = wire::SignRequest { request: b"{\"version\":1}".to_vec(), ..good };

    let reply = SignReply::from_wire(daemon.signer.answer(GATEWAY, bad).await).unwrap();

    assert_eq!(rule(&reply), "parse");
    let lines = daemon.store.audit_lines(0, 10).await.unwrap();
    assert!(lines[0].contains(r#""decision":"refused","rule":"parse""#), "{lines:?}");
}

#[tokio::test]
async fn whoever_hangs_up_leaves_a_record_all_the_same() {
    let world = World::start().await;
    let daemon = &world.daemons[&1];
    let good = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let bad = wire::SignRequest { request: b"{}".to_vec(), ..good.to_wire() };
    let held = daemon.store.connection().await;
    for message in [good.to_wire(), bad] {
        let answer = daemon.signer.answer(GATEWAY, message);
        let heard = tokio::time::timeout(Duration::from_millis(20), answer).await;
        assert!(heard.is_err(), "it hung up before the answer");
    }
    drop(held);
    daemon.signer.drained().await;
    assert_eq!(daemon.store.audit_lines(0, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_beyond_its_quota_is_turned_away_on_record_and_others_are_not() {
    let mut world = World::start().await;
    world.limits.sessions_per_gateway = 1;
    world.restart(1).await;
    let (signer, store) = (&world.daemons[&1].signer, &world.daemons[&1].store);
    // given a session of the gateway that waits for party 2
    let waiting = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let waiting = tokio::spawn({
        let signer = signer.clone();
        async move { signer.sign(GATEWAY, waiting).await }
    });
    while store.audit_head().await.unwrap().count == 0 {
        tokio::task::yield_now().await;
    }
    // then one more of it finds no place, and that is on record
    let more = world.call(&[1, 3], Request::UserOperation(world.operation(2)));
    let turned_away = signer.sign(GATEWAY, more).await;
    let (class, message, culprits, retryable) = must_fail(&turned_away);
    assert_eq!((class, culprits, retryable), (FailureClass::Internal, [].as_slice(), true));
    assert!(message.contains("of this gateway"), "{message}");
    let lines = store.audit_lines(1, 10).await.unwrap();
    assert!(lines[0].contains(r#""decision":"refused","rule":"busy""#), "{lines:?}");
    // while another gateway is served, and so is this one when its session is over
    let other = world.call(&[1, 3], Request::UserOperation(world.operation(3)));
    let both = futures::join!(signer.sign("gateway-2", other.clone()), world.ask(3, &other));
    must_sign(&both.0);
    must_fail(&waiting.await.unwrap());
    let again = world.call(&[1, 3], Request::UserOperation(world.operation(4)));
    must_sign(&world.ask_all(&again).await[0]);
}

#[tokio::test]
async fn a_signer_that_stops_takes_no_new_session_and_puts_that_on_record() {
    let world = World::start().await;
    world.daemons[&1].signer.drained().await;
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    assert!(must_fail(&world.ask(1, &call).await).3, "it is told to come again");
    assert_eq!(world.daemons[&1].store.audit_head().await.unwrap().count, 1);
}

#[tokio::test]
async fn a_stranger_is_refused_by_name_and_audited() {
    let world = World::start().await;
    let call = world.call(&[1, 2], Request::UserOperation(world.operation(1)));
    let reply = world.daemons[&1].signer.sign("stranger", call).await;
    assert_eq!(rule(&reply), "caller");
    let lines = world.daemons[&1].store.audit_lines(0, 10).await.unwrap();
    assert!(lines[0].contains(r#""caller":"stranger""#), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sum_of_open_approvals_is_capped() {
    let world = World::start().await;
    let mut refused = Vec::new();
    for nonce in 0..4 {
        let mut request = world.approval(nonce);
        let fees = Fees { max_fee_per_gas: 600_000_000_000, max_priority_fee_per_gas: 1 };
        request.op = request.op.with_fees(fees);
        assert!(request.op.max_cost_wei() * U256::from(4) > U256::from(10).pow(U256::from(18)));
        let call = world.call(&[1, 2], Request::PaymasterApproval(request));
        if let SignReply::Refused { rule, .. } = &world.ask_all(&call).await[0] {
            refused.push((nonce, rule.clone()));
        }
    }
    assert_eq!(refused, [(2, "outstanding".to_owned()), (3, "outstanding".to_owned())]);
}

/// Party `cheat` flips one bit of the body of its messages of `round`, and seals them again.
fn tamper(cheat: u8, round: u8, at: usize) -> impl Fn(PartyId, PartyId, Frame) -> Vec<Frame> {
    move |from, _, mut frame| {
        let hit = frame.kind == FrameKind::Round && frame.payload.get(3) == Some(&round);
        if from == party(cheat) && hit {
            fixtures::tamper(&mut frame.payload, |body| body[at] ^= 1);
        }
        vec![frame]
    }
}
