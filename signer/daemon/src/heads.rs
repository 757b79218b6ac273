//! How peers keep each other's journals from going backwards.
//!
//! Every session's opening shows the [head](SignedHead) of its author's audit chain, signed. The others keep the highest
//! one, durably, and [refuse](Backwards) a party that comes back with a chain that does not reach it. And before its
//! first session with a peer a cosigner asks what that peer knows of it: a head that its own history does not cover
//! means that this database was rolled back or is another, and then nothing is signed with anybody, until the history
//! is imported or the operator waives it. A peer cannot lie about this: the claim must carry our own signature.
//!
//! Openings of many sessions arrive in any order, so heads of one process are not compared with each other, save that
//! two with the same count must be the same. What is compared is where a process *began*: every head that an earlier
//! process showed is no higher than that, if the disk kept its word.

mod compare;
pub(crate) mod ledger;
mod signed;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_protocol::{CommitteeFile, Identity, IdentityKey};
use countersign_threshold::PartyId;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use thiserror::Error;

use crate::audit::{AuditHead, Event};
use crate::clock;
use crate::judgement::{Refusal, Rule};
use crate::store::{Store, StoreError};
use crate::transport::{PeerError, Peers};

pub(crate) use compare::Backwards;
use compare::Growth;
pub(crate) use signed::{Head, SignedHead};

/// What we know of the journals of all parties, ours included.
pub struct Heads {
    identity: Identity,
    parties: BTreeMap<PartyId, IdentityKey>,
    store: Store,
    /// Tells this process from every other one.
    boot: [u8; 16],
    state: Mutex<State>,
    /// One writer at a time: whoever waits for it finds its head written with those of the others.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    era: u64,
    base: AuditHead,
    known: BTreeMap<PartyId, Known>,
    /// Whose heads are not on disk yet.
    unwritten: BTreeSet<PartyId>,
    events: Vec<Event>,
    /// Peers that know nothing of us that we do not know.
    agreed: BTreeSet<PartyId>,
    /// Peers that do.
    conflicts: BTreeMap<PartyId, Head>,
}

/// The highest head of a peer that we were shown.
#[derive(Clone)]
struct Known {
    head: Head,
    signed: SignedHead,
}

impl fmt::Debug for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heads").field("boot", &hex::encode(self.boot)).finish_non_exhaustive()
    }
}

/// Why a session does not begin.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// The peer did not say what it knows of us.
    Silent(PeerError),
    /// Our journal went backwards.
    RolledBack(Refusal),
    /// The database does not answer.
    Store(StoreError),
}

/// Why an operator's waiver changed nothing.
#[derive(Debug, Error)]
pub(crate) enum WaiveError {
    /// There is nothing to waive.
    #[error("no peer knows a history of ours that is not here: there is nothing to waive")]
    Nothing,
    /// The operator gave no reason.
    #[error("a waiver needs a reason, of at most {MAX_REASON} characters")]
    Reason,
    /// The database does not answer.
    #[error("the waiver could not be written down")]
    Store(#[from] StoreError),
}

/// No reason of an operator is longer.
const MAX_REASON: usize = 500;

/// What an operator is told of the journals.
#[derive(Debug)]
pub(crate) struct HeadsReport {
    pub(crate) era: u64,
    pub(crate) conflicts: Vec<(PartyId, Head)>,
    pub(crate) known: Vec<(PartyId, Head)>,
}

impl Heads {
    /// What the database knows. Nothing was written in this process yet.
    pub(crate) async fn load(
        identity: Identity,
        parties: BTreeMap<PartyId, IdentityKey>,
        store: Store,
    ) -> Result<Arc<Self>, StoreError> {
        let mut boot = [0; 16];
        OsRng.try_fill_bytes(&mut boot).map_err(|_| StoreError::Randomness)?;
        let (era, base) = (store.era().await?, store.audit_head().await?);
        let mut known = BTreeMap::new();
        for (party, signed) in store.peer_heads(&parties).await? {
            let head = parties.get(&party).and_then(|key| signed.open(key));
            let head = head.ok_or(StoreError::Corrupt { what: "peer head" })?;
            known.insert(party, Known { head, signed });
        }
        let state = Mutex::new(State { era, base, known, ..State::default() });
        let writing = tokio::sync::Mutex::default();
        Ok(Arc::new(Self { identity, parties, store, boot, state, writing }))
    }

    /// The parties of a committee file.
    pub(crate) fn parties_of(committee: &CommitteeFile) -> BTreeMap<PartyId, IdentityKey> {
        let party = |party: &countersign_protocol::CommitteeParty| {
            Some((PartyId::new(party.index).ok()?, party.identity))
        };
        committee.parties().iter().filter_map(party).collect()
    }

    /// Our head, with `at` as its end, for an opening.
    pub(crate) fn ours(&self, at: AuditHead) -> SignedHead {
        let state = self.state();
        let (era, base) = (state.era, state.base);
        drop(state);
        // A session that was decided just before an era began shows where the era began.
        let at = if at.count < base.count { base } else { at };
        SignedHead::make(&self.identity, Head { boot: self.boot, era, base, at })
    }

    /// Takes the head that a peer's opening shows, in memory; [`keep`](Self::keep) makes it durable.
    pub(crate) fn hear(&self, from: PartyId, shown: &SignedHead) -> Result<(), Backwards> {
        let key = self.parties.get(&from).ok_or(Backwards::Unsigned)?;
        let heard = shown.open(key).ok_or(Backwards::Unsigned)?;
        let mut state = self.state();
        let known = state.known.get(&from).map(|known| known.head);
        match compare::compare(known.as_ref(), &heard) {
            Ok(Growth::Same) => return Ok(()),
            Ok(Growth::Grown) => {}
            Ok(Growth::NewEra) => {
                let (party, era) = (from.index(), heard.era);
                tracing::warn!(%party, era, "a peer's operator imported or waived its history");
                state.events.push(Event::PeerEra { party, era });
            }
            Err(backwards) => {
                let (party, known) = (from.index(), known.map_or(0, |known| known.at.count));
                tracing::error!(%party, %backwards, rule = %Rule::Rollback, "a peer's journal is refused");
                let found = heard.base.count;
                state.events.push(Event::PeerRolledBack { party, known, found });
                return Err(backwards);
            }
        }
        state.known.insert(from, Known { head: heard, signed: shown.clone() });
        state.unwritten.insert(from);
        Ok(())
    }

    /// Returns when everything that was heard so far is on disk.
    pub(crate) async fn keep(&self) -> Result<(), StoreError> {
        let _alone = self.writing.lock().await;
        let (unwritten, events, heads) = {
            let mut state = self.state();
            let unwritten = std::mem::take(&mut state.unwritten);
            let head = |party: &PartyId| {
                Some((*self.parties.get(party)?, state.known.get(party)?.signed.clone()))
            };
            let heads: Vec<_> = unwritten.iter().filter_map(head).collect();
            (unwritten, std::mem::take(&mut state.events), heads)
        };
        if heads.is_empty() && events.is_empty() {
            return Ok(());
        }
        let written = self.store.keep_heads(&heads, &events, clock::now_ms()).await;
        if written.is_err() {
            let mut state = self.state();
            state.unwritten.extend(unwritten);
            state.events.extend(events);
        }
        written
    }

    /// What we know of a peer, as it signed it.
    pub(crate) fn known(&self, of: PartyId) -> Option<SignedHead> {
        self.state().known.get(&of).map(|known| known.signed.clone())
    }

    /// Makes sure that none of `others` knows a history of ours that is not here.
    pub(crate) async fn assure(&self, others: &[PartyId], peers: &dyn Peers) -> Result<(), Doubt> {
        let unasked: Vec<_> = {
            let state = self.state();
            others.iter().copied().filter(|peer| !state.agreed.contains(peer)).collect()
        };
        let asked = unasked.iter().map(|peer| async { self.ask(*peer, peers).await });
        futures::future::try_join_all(asked).await?;
        self.refusal().map_or(Ok(()), |refusal| Err(Doubt::RolledBack(refusal)))
    }

    /// Asks one peer what it knows of us.
    async fn ask(&self, peer: PartyId, peers: &dyn Peers) -> Result<(), Doubt> {
        let claim = peers.known_head(peer).await.map_err(Doubt::Silent)?;
        self.consider(peer, claim).await.map_err(Doubt::Store)
    }

    /// Compares what a peer says that it knows of us with what we know of ourselves.
    async fn consider(&self, peer: PartyId, claim: Option<Vec<u8>>) -> Result<(), StoreError> {
        let claim = claim.map(|bytes| {
            SignedHead::decode(&bytes).and_then(|shown| shown.open(&self.identity.public()))
        });
        match claim {
            None => {}
            Some(None) => {
                tracing::warn!(party = %peer, "a peer claims a history of ours that we did not sign");
            }
            Some(Some(claim)) if claim.boot == self.boot => {}
            Some(Some(claim)) => {
                if !self.store.covers(claim.at).await? {
                    self.conflict(peer, claim);
                    return self.keep().await;
                }
                self.outgrow(&claim).await?;
            }
        }
        let mut state = self.state();
        state.conflicts.remove(&peer);
        state.agreed.insert(peer);
        Ok(())
    }

    fn conflict(&self, peer: PartyId, claim: Head) {
        let (party, AuditHead { count, hash }) = (peer.index(), claim.at);
        let mut state = self.state();
        if state.conflicts.insert(peer, claim) != Some(claim) {
            tracing::error!(%party, count, %hash, rule = %Rule::Rollback,
                "a peer knows a history of this journal that is not here: nothing is signed");
            state.events.push(Event::RolledBack { party, count, hash });
        }
    }

    /// A history that is covered but is not of our own chain was imported: ours goes on in a higher era than any that
    /// the peer knows, or it would take us for older.
    async fn outgrow(&self, claim: &Head) -> Result<(), StoreError> {
        let behind = {
            let state = self.state();
            (claim.era, claim.at.count) > (state.era, state.base.count)
        };
        if behind {
            let era = self.store.raise_era(claim.era.saturating_add(1)).await?;
            let base = self.store.audit_head().await?;
            let mut state = self.state();
            (state.era, state.base) = (era, base);
        }
        Ok(())
    }

    /// Why nothing is signed, if nothing is.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let state = self.state();
        let (party, claim) = state.conflicts.first_key_value()?;
        let message = format!(
            "party {party} knows {} records of this journal, ending in {}, and they are not here: import the \
             journal, or waive it",
            claim.at.count, claim.at.hash
        );
        Some(Refusal::new(Rule::Rollback, message))
    }

    /// The operator's word that we sign all the same. Gives the era that begins with it.
    pub(crate) async fn waive(&self, reason: &str) -> Result<u64, WaiveError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON {
            return Err(WaiveError::Reason);
        }
        let (conflicts, era) = {
            let state = self.state();
            let conflicts: Vec<_> = state.conflicts.iter().map(|(p, head)| (*p, *head)).collect();
            (conflicts, state.era)
        };
        let highest =
            conflicts.iter().map(|(_, head)| head.era).max().ok_or(WaiveError::Nothing)?;
        let era = highest.max(era).saturating_add(1);
        let base = self.store.waive(reason, &conflicts, era, clock::now_ms()).await?;
        tracing::warn!(era, reason, "the operator waived a history of this journal");
        let mut state = self.state();
        (state.era, state.base) = (era, base);
        for (peer, head) in conflicts {
            if state.conflicts.get(&peer) == Some(&head) {
                state.conflicts.remove(&peer);
                state.agreed.insert(peer);
            }
        }
        Ok(era)
    }

    /// What an operator is told of the journals.
    pub(crate) fn report(&self) -> HeadsReport {
        let state = self.state();
        HeadsReport {
            era: state.era,
            conflicts: state.conflicts.iter().map(|(party, head)| (*party, *head)).collect(),
            known: state.known.iter().map(|(party, known)| (*party, known.head)).collect(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
