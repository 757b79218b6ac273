//! Early, late, foreign and too many frames.

use countersign_threshold::{PartyId, SessionId};

use super::{EARLY_BYTES, Inbox};
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
