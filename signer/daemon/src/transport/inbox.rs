//! Where frames wait for the session that they belong to.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use countersign_threshold::{PartyId, SessionId};
use tokio::sync::mpsc;

use super::frame::Frame;

/// Frames that an open session may have unread.
const UNREAD_FRAMES: usize = 256;
/// What one peer may have waiting for sessions that are not open yet.
const EARLY_FRAMES: usize = 512;
const EARLY_BYTES: usize = 8 << 20;
/// How long a frame waits for its session.
const EARLY_AGE: Duration = Duration::from_secs(30);
/// How many closed sessions are remembered, so that late frames for them are dropped at once.
const CLOSED_SESSIONS: usize = 4096;

/// Hands each frame to the session that it belongs to. Frames that come before their session wait,
/// bounded by number, size and age for each peer; frames for a closed session are dropped.
#[derive(Debug, Default)]
pub struct Inbox {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<SessionId, Session>,
    early: HashMap<PartyId, Early>,
    closed: HashSet<SessionId>,
    closed_order: VecDeque<SessionId>,
}

#[derive(Debug)]
struct Session {
    members: Vec<PartyId>,
    queue: mpsc::Sender<(PartyId, Frame)>,
}

#[derive(Debug, Default)]
struct Early {
    frames: VecDeque<(Instant, Frame)>,
    bytes: usize,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Opens a session for frames of `members`; those that already wait come first. It closes when
    /// the [`Mail`] is dropped.
    ///
    /// # Errors
    /// If the session is open already, or was closed before.
    pub fn open(
        self: &Arc<Self>,
        session: SessionId,
        members: &[PartyId],
    ) -> Result<Mail, InboxError> {
        let (queue, frames) = mpsc::channel(UNREAD_FRAMES);
        let mut state = self.state();
        if state.open.contains_key(&session) || state.closed.contains(&session) {
            return Err(InboxError::Taken { session });
        }
        for member in members {
            for frame in state.take_early(*member, session) {
                if queue.try_send((*member, frame)).is_err() {
                    tracing::warn!(party = %member, "too many early frames for one session");
                    break;
                }
            }
        }
        state.open.insert(session, Session { members: members.to_vec(), queue });
        drop(state);
        Ok(Mail { session, frames, inbox: Arc::clone(self) })
    }

    /// Takes a frame that `from` sent.
    pub fn deliver(&self, from: PartyId, frame: Frame) {
        let mut state = self.state();
        if state.closed.contains(&frame.session) {
            return;
        }
        let Some(session) = state.open.get(&frame.session) else {
            state.keep_early(from, frame);
            return;
        };
        if !session.members.contains(&from) {
            tracing::warn!(party = %from, session = ?frame.session, "a frame of no member was dropped");
            return;
        }
        if session.queue.try_send((from, frame)).is_err() {
            tracing::warn!(party = %from, "a session does not read its frames, or is flooded");
        }
    }

    fn close(&self, session: SessionId) {
        let mut state = self.state();
        state.open.remove(&session);
        if state.closed.insert(session) {
            state.closed_order.push_back(session);
        }
        if state.closed_order.len() > CLOSED_SESSIONS
            && let Some(oldest) = state.closed_order.pop_front()
        {
            state.closed.remove(&oldest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_early(&mut self, from: PartyId, session: SessionId) -> Vec<Frame> {
        let Some(early) = self.early.get_mut(&from) else { return Vec::new() };
        let (ours, others) =
            early.frames.drain(..).partition::<VecDeque<_>, _>(|(_, f)| f.session == session);
        early.frames = others;
        let ours: Vec<Frame> = ours.into_iter().map(|(_, frame)| frame).collect();
        let freed = ours.iter().map(|frame| frame.payload.len()).sum();
        early.bytes = early.bytes.saturating_sub(freed);
        ours
    }

    fn keep_early(&mut self, from: PartyId, frame: Frame) {
        let early = self.early.entry(from).or_default();
        let now = Instant::now();
        early.bytes = early.bytes.saturating_add(frame.payload.len());
        early.frames.push_back((now, frame));
        while let Some((since, oldest)) = early.frames.front() {
            let stale = now.duration_since(*since) > EARLY_AGE;
            if !stale && early.frames.len() <= EARLY_FRAMES && early.bytes <= EARLY_BYTES {
                break;
            }
            tracing::debug!(party = %from, stale, "a frame without a session was dropped");
            early.bytes = early.bytes.saturating_sub(oldest.payload.len());
            early.frames.pop_front();
        }
    }
}

/// The frames of one session, in the order in which they came.
#[derive(Debug)]
pub struct Mail {
    session: SessionId,
    frames: mpsc::Receiver<(PartyId, Frame)>,
    inbox: Arc<Inbox>,
}

impl Mail {
    /// The next frame and who sent it. The caller sets the deadline.
    pub async fn recv(&mut self) -> Option<(PartyId, Frame)> {
        self.frames.recv().await
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.inbox.close(self.session);
    }
}

/// Why a session cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The session's id was used before: no session ever runs twice.
    #[error("session {session:?} was opened before")]
    Taken {
        /// Which one.
        session: SessionId,
    },
}

#[cfg(test)]
mod tests;
