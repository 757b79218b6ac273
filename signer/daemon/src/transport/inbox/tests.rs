//! Early, late, foreign and too many frames.

use std::time::{Duration, Instant};

use countersign_threshold::{PartyId, SessionId};

use super::{CLOSED_SESSIONS, EARLY_AGE, EARLY_BYTES, EARLY_FRAMES, Inbox, UNREAD_FRAMES};
use crate::transport::{Frame, FrameKind, MAX_FRAME_BYTES};

fn party(index: u8) -> PartyId {
    PartyId::new(index).unwrap()
}

fn session(byte: u8) -> SessionId {
    SessionId::new([byte; 32])
}

fn frame(at: SessionId, byte: u8) -> Frame {
    Frame { session: at, kind: FrameKind::Round, payload: vec![byte] }
}

#[tokio::test]
async fn frames_that_came_early_come_first_and_in_order() {
    let inbox = Inbox::new();
    inbox.deliver(party(2), frame(session(1), 10));
    inbox.deliver(party(2), frame(session(9), 99));
    inbox.deliver(party(2), frame(session(1), 11));
    let mut mail = inbox.open(session(1), &[party(2)]).unwrap();
    inbox.deliver(party(2), frame(session(1), 12));
    for byte in [10, 11, 12] {
        assert_eq!(mail.recv().await.unwrap().1.payload, [byte]);
    }
}

#[tokio::test]
async fn a_party_outside_the_session_is_not_heard() {
    let inbox = Inbox::new();
    inbox.deliver(party(3), frame(session(1), 1));
    let mut mail = inbox.open(session(1), &[party(2)]).unwrap();
    inbox.deliver(party(3), frame(session(1), 2));
    inbox.deliver(party(2), frame(session(1), 3));
    assert_eq!(mail.recv().await.unwrap(), (party(2), frame(session(1), 3)));
}

#[test]
fn a_session_never_opens_twice() {
    let inbox = Inbox::new();
    let mail = inbox.open(session(1), &[party(2)]).unwrap();
    assert!(inbox.open(session(1), &[party(2)]).is_err());
    drop(mail);
    inbox.deliver(party(2), frame(session(1), 1));
    assert!(inbox.open(session(1), &[party(2)]).is_err());
    assert!(inbox.state().early.is_empty(), "a late frame must not be kept");
}

#[test]
fn one_peer_cannot_fill_the_memory() {
    let inbox = Inbox::new();
    for byte in 0..40 {
        let payload = vec![byte; MAX_FRAME_BYTES];
        inbox.deliver(party(2), Frame { session: session(byte), kind: FrameKind::Open, payload });
    }
    let state = inbox.state();
    let early = &state.early[&party(2)];
    assert!(early.bytes <= EARLY_BYTES);
    assert_eq!(early.frames.iter().map(|(_, f)| f.payload.len()).sum::<usize>(), early.bytes);
    assert_eq!(early.frames.back().unwrap().1.session, session(39), "the newest stay");
}

#[test]
fn a_session_that_does_not_read_keeps_no_more_than_its_bound() {
    let inbox = Inbox::new();
    let early = inbox.open(session(1), &[party(2)]).unwrap();
    for _ in 0..=UNREAD_FRAMES {
        inbox.deliver(party(2), frame(session(1), 0));
        inbox.deliver(party(2), frame(session(2), 0));
    }
    let late = inbox.open(session(2), &[party(2)]).unwrap();
    assert_eq!((early.frames.len(), late.frames.len()), (UNREAD_FRAMES, UNREAD_FRAMES));
}

#[test]
fn early_frames_are_bounded_by_number_and_by_age() {
    let inbox = Inbox::new();
    for _ in 0..EARLY_FRAMES + 9 {
        inbox.deliver(party(2), frame(session(1), 0));
    }
    assert_eq!(inbox.state().early[&party(2)].frames.len(), EARLY_FRAMES);
    let long_ago = Instant::now().checked_sub(EARLY_AGE + Duration::from_secs(1)).unwrap();
    let mut state = inbox.state();
    let early = state.early.get_mut(&party(2)).unwrap();
    early.frames.iter_mut().for_each(|(since, _)| *since = long_ago);
    drop(state);
    inbox.deliver(party(2), frame(session(3), 3));
    let state = inbox.state();
    let early = &state.early[&party(2)];
    assert_eq!((early.frames.len(), early.bytes), (1, 1), "only the new one stays");
}

#[test]
fn no_more_closed_sessions_are_remembered_than_the_bound() {
    let inbox = Inbox::new();
    let name = |number: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        SessionId::new(bytes)
    };
    for number in 0..=CLOSED_SESSIONS {
        drop(inbox.open(name(number), &[party(2)]).unwrap());
    }
    let state = inbox.state();
    assert_eq!((state.closed.len(), state.closed_order.len()), (CLOSED_SESSIONS, CLOSED_SESSIONS));
    assert!(state.closed.contains(&name(CLOSED_SESSIONS)) && !state.closed.contains(&name(0)));
}
