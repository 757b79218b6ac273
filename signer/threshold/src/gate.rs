//! One gate a peer, shared by every session of a root key.
//!
//! The scheme reuses its oblivious-transfer correlations, and each answer to a tampered message tells
//! a cheat one bit of them. One wrong guess ends the game, but only if nothing that another session
//! computed in the meantime still leaves: so a message leaves under the gate, which reads the ban
//! again, and the first failed check closes the gate before anything else can pass it.
//!
//! A message leaves under the gates of the **whole quorum**, not only its receiver's. A message to an
//! accomplice also tells that the cheat's check passed.
//!
//! A gate is held for no longer than a message takes to be handed over, so it may be asked where
//! nothing may block. Writing a ban down takes as long as the disk does and happens beside the gate,
//! which is shut by then.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::error::ErrorClass;
use crate::ledger::{BanLedger, LedgerError};
use crate::party::PartyId;
use crate::session::SessionId;

/// How many past sessions are remembered, to refuse a session id that comes twice.
const REMEMBERED: usize = 16_384;

/// The gates to all peers of one root key.
///
/// There is one for a root key in a process, shared by all sessions of the root and of all children.
pub struct Gates {
    ledger: Arc<dyn BanLedger>,
    peers: Mutex<BTreeMap<PartyId, Arc<Peer>>>,
    sessions: Mutex<Sessions>,
}

#[derive(Default)]
struct Peer {
    gate: Mutex<Gate>,
    /// Held while the ban is being written, and never while the gate is.
    recording: Mutex<()>,
}

#[derive(Default)]
struct Gate {
    /// Set with the first failed check and never unset in this process, whatever the ledger says.
    closed: bool,
    /// The reason of a ban that the ledger did not take yet.
    unrecorded: Option<String>,
}

#[derive(Default)]
struct Sessions {
    seen: HashSet<SessionId>,
    order: VecDeque<SessionId>,
}

/// Why a gate did not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The peer cheated once and is never spoken to again.
    #[error("party {0} is banned")]
    Banned(PartyId),
    /// The peer cheated, and the ledger did not take the ban: it holds for this process only, and each
    /// [`Gates::settle`] tries to record it again. Stop and repair the ledger.
    #[error("the ban of party {peer} is not on record")]
    Unrecorded {
        /// Who cheated.
        peer: PartyId,
        /// What failed.
        source: LedgerError,
    },
    /// It is not known whether the peer is banned, so it counts as banned.
    #[error("it is not known whether party {peer} is banned")]
    Unknown {
        /// Who was asked for.
        peer: PartyId,
        /// What failed.
        source: LedgerError,
    },
    /// Someone panicked while holding the gate: it stays shut until a restart.
    #[error("the gate is poisoned")]
    Poisoned,
}

impl GateError {
    /// Whose fault this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Banned(_) => ErrorClass::Peer,
            Self::Unrecorded { .. } | Self::Unknown { .. } => ErrorClass::Environment,
            Self::Poisoned => ErrorClass::Bug,
        }
    }

    /// Who is banned.
    pub fn culprits(&self) -> Vec<PartyId> {
        match self {
            Self::Banned(peer) | Self::Unrecorded { peer, .. } => vec![*peer],
            Self::Unknown { .. } | Self::Poisoned => Vec::new(),
        }
    }
}

impl Gates {
    /// The gates of the root key whose bans `ledger` keeps.
    pub fn new(ledger: Arc<dyn BanLedger>) -> Arc<Self> {
        Arc::new(Self { ledger, peers: Mutex::default(), sessions: Mutex::default() })
    }

    /// Whether nobody of `peers` is banned. It never waits for a disk.
    ///
    /// A ban can be known here a moment before it is on record. Call [`Self::settle`] before anybody
    /// else hears of it.
    ///
    /// # Errors
    /// If one is, or if that is not known.
    pub fn check(&self, peers: &[PartyId]) -> Result<(), GateError> {
        self.pass(peers, || ())
    }

    /// Gate 1 and 2: runs `send` while holding the gates of `peers`, each of which is known not to be banned.
    ///
    /// `send` must only put a message on its way (push it to a queue) and return at once.
    ///
    /// # Errors
    /// If one is banned, or if that is not known; then `send` did not run.
    pub fn pass<R>(&self, peers: &[PartyId], send: impl FnOnce() -> R) -> Result<R, GateError> {
        let peers = self.peers(peers)?;
        // Always in the order of the parties, so that two sessions never wait for each other.
        let mut held = Vec::with_capacity(peers.len());
        for (party, peer) in &peers {
            let mut gate = peer.gate.lock().map_err(|_| GateError::Poisoned)?;
            self.must_be_open(*party, &mut gate)?;
            held.push(gate);
        }
        let sent = send();
        drop(held);
        Ok(sent)
    }

    /// Gate 4: returns once every ban of `peers` that this process knows of is on record. It may take
    /// as long as the ledger takes: run it where blocking is allowed.
    ///
    /// # Errors
    /// If the ledger did not take a ban; the gate stays shut all the same.
    pub fn settle(&self, peers: &[PartyId]) -> Result<(), GateError> {
        for (party, peer) in self.peers(peers)? {
            self.record(party, &peer)?;
        }
        Ok(())
    }

    /// As [`Self::check`], for whoever passes the answer on: it comes after the bans are on record.
    pub(crate) fn must_pass(&self, peers: &[PartyId]) -> Result<(), GateError> {
        self.check(peers).or_else(|shut| self.settle(peers).and(Err(shut)))
    }

    /// Gate 3: closes the gate of `peer` for ever and makes that durable.
    pub(crate) fn ban(&self, peer: PartyId, reason: &str) -> Result<(), GateError> {
        for (party, peer) in self.peers(&[peer])? {
            let mut gate = peer.gate.lock().map_err(|_| GateError::Poisoned)?;
            gate.closed = true;
            gate.unrecorded = Some(reason.to_owned());
            drop(gate);
            self.record(party, &peer)?;
        }
        Ok(())
    }

    /// Takes `session` for one run, once.
    pub(crate) fn take_session(&self, session: SessionId) -> Result<bool, GateError> {
        let mut sessions = self.sessions.lock().map_err(|_| GateError::Poisoned)?;
        let fresh = sessions.seen.insert(session);
        if fresh {
            sessions.order.push_back(session);
        }
        if sessions.order.len() > REMEMBERED
            && let Some(oldest) = sessions.order.pop_front()
        {
            sessions.seen.remove(&oldest);
        }
        Ok(fresh)
    }

    fn must_be_open(&self, peer: PartyId, gate: &mut Gate) -> Result<(), GateError> {
        if gate.closed {
            return Err(GateError::Banned(peer));
        }
        match self.ledger.is_banned(peer) {
            Ok(false) => Ok(()),
            Ok(true) => {
                gate.closed = true;
                Err(GateError::Banned(peer))
            }
            Err(source) => Err(GateError::Unknown { peer, source }),
        }
    }

    /// Has the ban on record when it returns, whoever wrote it. The gate is not held meanwhile.
    fn record(&self, party: PartyId, peer: &Peer) -> Result<(), GateError> {
        let _recording = peer.recording.lock().map_err(|_| GateError::Poisoned)?;
        let reason = peer.gate.lock().map_err(|_| GateError::Poisoned)?.unrecorded.clone();
        let Some(reason) = reason else { return Ok(()) };
        self.ledger
            .ban(party, &reason)
            .map_err(|source| GateError::Unrecorded { peer: party, source })?;
        peer.gate.lock().map_err(|_| GateError::Poisoned)?.unrecorded = None;
        Ok(())
    }

    fn peers(&self, peers: &[PartyId]) -> Result<BTreeMap<PartyId, Arc<Peer>>, GateError> {
        let mut all = self.peers.lock().map_err(|_| GateError::Poisoned)?;
        Ok(peers.iter().map(|peer| (*peer, Arc::clone(all.entry(*peer).or_default()))).collect())
    }
}

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}
