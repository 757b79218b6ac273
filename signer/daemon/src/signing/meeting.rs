//! Before the first message of the protocol, the members make sure that they mean the same.
//!
//! Two honest members with different views of one session would take each other for cheats, and a ban is
//! for ever. So each says all that it binds itself to, with a fresh nonce; all of it is compared, and the
//! session's name is a hash over all of it. A difference ends the session with the name of what differs.

use std::collections::{BTreeMap, VecDeque};

use alloy::primitives::B256;
use countersign_protocol::SignCall;
use countersign_threshold::{ENGINE, Gates, PartyId, SessionId, SignError};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::failure::Failure;
use super::keeping::{Keeping, unkept};
use super::{Inner, LiveKey};
use crate::heads::{Doubt, SignedHead};
use crate::journal::Claim;
use crate::judgement::Rule;
use crate::transport::{Frame, FrameKind, Mail};

/// The version of everything that two cosigners say to each other while signing.
const PROTOCOL: u16 = 3;
/// No honest opening is longer.
const MAX_OPENING: usize = 1024;
/// No member has more rounds to send than these while another has not opened yet.
const MAX_EARLY: usize = 3;
/// No honest farewell is longer.
const MAX_ABORT: usize = 200;

/// What a member binds itself to. The wire form is postcard, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Binding {
    protocol: u16,
    engine: String,
    committee: [u8; 32],
    key: String,
    public_key: Vec<u8>,
    epoch: u64,
    transcript: [u8; 32],
    child: Option<u32>,
    request: [u8; 32],
    digest: [u8; 32],
    preview: [u8; 32],
    quorum: Vec<u8>,
    attempt: [u8; 16],
}

/// A binding with the nonce that its author drew for this session, and where its journal stands with this request in it.
#[derive(Serialize, Deserialize)]
struct Opening {
    binding: Binding,
    nonce: [u8; 32],
    head: SignedHead,
}

/// What a member's opening brings that is its own.
type Heard = ([u8; 32], SignedHead);

impl Binding {
    pub(super) fn new(
        committee: [u8; 32],
        key: &LiveKey,
        call: &SignCall,
        claim: &Claim,
        preview: B256,
    ) -> Self {
        Self {
            protocol: PROTOCOL,
            engine: ENGINE.to_owned(),
            committee,
            key: call.key.to_string(),
            public_key: key.share.public_key().to_vec(),
            epoch: key.share.epoch(),
            transcript: *key.share.transcript(),
            child: call.child.map(countersign_protocol::ChildNumber::get),
            request: claim.request_hash.0,
            digest: claim.digest.0,
            preview: preview.0,
            quorum: call.quorum.clone(),
            attempt: call.attempt.0,
        }
    }

    /// What differs first, by name.
    fn difference(&self, theirs: &Self) -> Option<&'static str> {
        let parts = [
            ("protocol version", self.protocol == theirs.protocol),
            ("engine version", self.engine == theirs.engine),
            ("committee", self.committee == theirs.committee),
            ("key", self.key == theirs.key),
            ("public key", self.public_key == theirs.public_key),
            ("epoch", self.epoch == theirs.epoch),
            ("key transcript", self.transcript == theirs.transcript),
            ("child", self.child == theirs.child),
            ("request", self.request == theirs.request),
            ("digest", self.digest == theirs.digest),
            ("preview", self.preview == theirs.preview),
            ("quorum", self.quorum == theirs.quorum),
            ("attempt", self.attempt == theirs.attempt),
        ];
        parts.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }

    /// Everyone's nonces and all that was agreed, as one name that nobody chose alone.
    fn session(&self, nonces: &BTreeMap<u8, [u8; 32]>) -> Result<SessionId, Failure> {
        let agreed = postcard::to_allocvec(self).map_err(|_| unspeakable())?;
        let length = u64::try_from(agreed.len()).map_err(|_| unspeakable())?;
        let mut hash = Sha256::new();
        hash.update(b"countersign session 1\0");
        hash.update(length.to_be_bytes());
        hash.update(&agreed);
        for (member, nonce) in nonces {
            hash.update([*member]);
            hash.update(nonce);
        }
        Ok(SessionId::new(hash.finalize().into()))
    }
}

/// Rounds of members that heard everybody before we did.
pub(super) type Early = VecDeque<(PartyId, Frame)>;

/// A quorum whose members mean the same.
pub(super) struct Met {
    pub(super) session: SessionId,
    pub(super) mail: Mail,
    pub(super) early: Early,
    pub(super) keeping: Keeping,
}

/// Where members meet before their session has a name: the attempt is all that they surely share.
pub(super) fn rendezvous(attempt: &[u8; 16]) -> SessionId {
    let hash = Sha256::new().chain_update(b"countersign meeting 1\0").chain_update(attempt);
    SessionId::new(hash.finalize().into())
}

impl Inner {
    /// Exchanges openings with the others; the session's name, and the mail that goes on under it.
    pub(super) async fn meet(
        &self,
        gates: &Gates,
        ours: &Binding,
        head: SignedHead,
        deadline: Instant,
    ) -> Result<Met, Failure> {
        let place = rendezvous(&ours.attempt);
        let others = self.others(&ours.quorum);
        let mut mail = self
            .inbox
            .open(place, &others)
            .map_err(|_| Failure::internal("the attempt is being made already"))?;
        let mut nonce = [0; 32];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| Failure::internal("no randomness"))?;
        self.open(gates, ours, nonce, head, deadline).await?;
        let mut nonces = BTreeMap::from([(self.book.me.index(), nonce)]);
        let mut early = Early::new();
        while let Some(missing) = missing(&others, &nonces) {
            let (from, frame) = self.next(&mut mail, deadline, missing, "open").await?;
            let opened = nonces.contains_key(&from.index());
            if opened && frame.kind == FrameKind::Round {
                if came(&early, from) >= MAX_EARLY {
                    return Err(disagree(from, "it spoke before all had opened, too often".into()));
                }
                early.push_back((from, frame));
                continue;
            }
            match hear(ours, from, &frame) {
                Ok(_) if opened => return Err(disagree(from, "it opened twice".into())),
                Ok((nonce, head)) => {
                    self.hear_head(from, &head).await?;
                    nonces.insert(from.index(), nonce)
                }
                Err(reason) => return Err(disagree(from, reason)),
            };
        }
        let keeping = Keeping::begin(&self.heads, &self.tasks);
        Ok(Met { session: ours.session(&nonces)?, mail, early, keeping })
    }

    /// Looks whether the member's journal went on from where we knew it.
    async fn hear_head(&self, from: PartyId, head: &SignedHead) -> Result<(), Failure> {
        let Err(backwards) = self.heads.hear(from, head) else { return Ok(()) };
        self.heads.keep().await.map_err(unkept)?;
        let rule = Rule::Rollback;
        let message = format!("party {from} is refused by the rule {rule}: {backwards}");
        Err(Failure::peer(from, message.clone()).telling(message))
    }

    /// Connects to the others, makes sure that our own journal is what they know, and sends them our opening under the
    /// gates of all of them.
    async fn open(
        &self,
        gates: &Gates,
        ours: &Binding,
        nonce: [u8; 32],
        head: SignedHead,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let others = self.others(&ours.quorum);
        let connected = others.iter().map(|to| self.peers.connect(*to));
        let connected = futures::future::try_join_all(connected);
        match tokio::time::timeout_at(deadline, connected).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Failure::silent(vec![error.party()], "connect")),
            Err(_) => return Err(Failure::silent(others, "connect")),
        }
        let assured = self.heads.assure(&others, self.peers.as_ref());
        match tokio::time::timeout_at(deadline, assured).await {
            Ok(Ok(())) => {}
            Ok(Err(doubt)) => return Err(doubtful(doubt)),
            Err(_) => return Err(Failure::silent(others, "journal heads")),
        }
        let (session, kind) = (rendezvous(&ours.attempt), FrameKind::Open);
        let opening = Opening { binding: ours.clone(), nonce, head };
        let payload = postcard::to_allocvec(&opening).map_err(|_| unspeakable())?;
        let push = |to: &PartyId| {
            let frame = Frame { session, kind, payload: payload.clone() };
            self.peers.push(*to, frame)
        };
        let pushed = gates.pass(&others, || others.iter().try_for_each(push));
        let pushed = pushed.map_err(SignError::from)?;
        pushed.map_err(|error| Failure::silent(vec![error.party()], "connect"))
    }

    /// The next frame of the session, within the deadlines; a farewell ends it.
    pub(super) async fn next(
        &self,
        mail: &mut Mail,
        deadline: Instant,
        missing: Vec<PartyId>,
        during: &str,
    ) -> Result<(PartyId, Frame), Failure> {
        let now = Instant::now();
        let until = now.checked_add(self.deadlines.round()).unwrap_or(now).min(deadline);
        match tokio::time::timeout_at(until, mail.recv()).await {
            Ok(Some((from, frame))) if frame.kind == FrameKind::Abort => {
                let reason = String::from_utf8_lossy(&frame.payload);
                let reason: String =
                    reason.chars().filter(|c| !c.is_control()).take(MAX_ABORT).collect();
                Err(Failure::peer(from, format!("party {from} gave up: {reason}")))
            }
            Ok(Some(mail)) => Ok(mail),
            Ok(None) => Err(Failure::internal("the inbox closed")),
            Err(_) => Err(Failure::silent(missing, during)),
        }
    }

    /// Tells the others that we give up, if they can be told at once. Whoever is banned hears nothing.
    pub(super) fn farewell(&self, gates: &Gates, attempt: &[u8; 16], quorum: &[u8], reason: &str) {
        for to in self.others(quorum) {
            let payload = reason.chars().take(MAX_ABORT).collect::<String>().into_bytes();
            let frame = Frame { session: rendezvous(attempt), kind: FrameKind::Abort, payload };
            match gates.pass(&[to], || self.peers.push(to, frame)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a farewell did not leave"),
                Err(error) => tracing::debug!(%error, "no farewell for this party"),
            }
        }
    }

    /// Tells the others that a rule refused, so that they need not wait for us. Without the key there is
    /// no saying who is banned, so nobody is told.
    pub(super) fn excuse(&self, key: Option<&LiveKey>, call: &SignCall, rule: Rule) {
        if let Some(key) = key {
            let reason = format!("refused by its rule {rule}");
            self.farewell(&key.gates, &call.attempt.0, &call.quorum, &reason);
        }
    }

    /// The other members, in order.
    pub(super) fn others(&self, quorum: &[u8]) -> Vec<PartyId> {
        let members = quorum.iter().filter_map(|index| PartyId::new(*index).ok());
        members.filter(|member| *member != self.book.me).collect()
    }
}

/// Ends the session for all because `party` means something else than we do.
fn disagree(party: PartyId, reason: String) -> Failure {
    let message = format!("party {party} does not mean the same: {reason}");
    Failure::peer(party, message).telling(reason)
}

/// Our own journal is not what a peer knows, or nobody can tell.
fn doubtful(doubt: Doubt) -> Failure {
    match doubt {
        Doubt::Silent(error) => Failure::silent(vec![error.party()], "journal heads"),
        Doubt::RolledBack(refusal) => Failure::internal(&refusal.to_string()),
        Doubt::Store(error) => unkept(error),
    }
}

/// How many rounds of `party` wait already.
fn came(early: &Early, party: PartyId) -> usize {
    early.iter().filter(|(from, _)| *from == party).count()
}

/// Their nonce and their journal's head, if they mean what we mean.
fn hear(ours: &Binding, from: PartyId, frame: &Frame) -> Result<Heard, String> {
    if frame.kind != FrameKind::Open {
        return Err(format!("party {from} spoke before it opened"));
    }
    if frame.payload.len() > MAX_OPENING {
        return Err("an opening above its bound".into());
    }
    // The version comes first, so that one of another time is named and not called malformed.
    match postcard::take_from_bytes::<u16>(&frame.payload) {
        Ok((PROTOCOL, _)) => {}
        Ok((other, _)) => return Err(format!("protocol version {other}, ours is {PROTOCOL}")),
        Err(_) => return Err("a malformed opening".into()),
    }
    let (theirs, rest) = postcard::take_from_bytes::<Opening>(&frame.payload)
        .map_err(|_| String::from("a malformed opening"))?;
    if !rest.is_empty() {
        return Err("a malformed opening".into());
    }
    match ours.difference(&theirs.binding) {
        None => Ok((theirs.nonce, theirs.head)),
        Some(what) => Err(format!("another {what}")),
    }
}

/// Who has not opened yet, or nothing if all have.
fn missing(others: &[PartyId], nonces: &BTreeMap<u8, [u8; 32]>) -> Option<Vec<PartyId>> {
    let missing: Vec<PartyId> =
        others.iter().copied().filter(|party| !nonces.contains_key(&party.index())).collect();
    (!missing.is_empty()).then_some(missing)
}

fn unspeakable() -> Failure {
    Failure::internal("an opening cannot be written")
}

#[cfg(test)]
mod tests;
