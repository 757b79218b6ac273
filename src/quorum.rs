//! Asking the cosigners: a quorum at a time, another when one does not answer, and nothing believed
//! that cannot be checked here.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256};
use countersign_protocol::{
    ChildNumber, ClientOptions, CommitteeFile, CosignerClient, Identity, KeyName, KeySummary,
    Request, StageTime,
};
use countersign_userop::Signature65;
use futures::{StreamExt as _, stream::FuturesUnordered};

use crate::{config::Deadlines, service::PartStatus};

mod attempt;
mod choice;
mod error;

pub(crate) use error::{QuorumError, Refusal};

/// After the first good answer, how long the others may take to say the same.
const GRACE: Duration = Duration::from_millis(300);

/// How long a cosigner that failed is asked last.
const COOL_DOWN: Duration = Duration::from_secs(10);

/// The gateway's line to every cosigner.
#[derive(Debug)]
pub(crate) struct Quorum {
    members: Vec<CosignerClient>,
    deadlines: Deadlines,
    turn: AtomicUsize,
    unwell: Mutex<HashMap<u8, Instant>>,
    keys: Mutex<HashMap<KeyName, KeySummary>>,
}

/// What shall be signed, and by whom it must turn out to be signed.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) key: KeyName,
    pub(crate) child: Option<ChildNumber>,
    pub(crate) request: Request,
    /// What the signature is over, as we computed it.
    pub(crate) digest: B256,
    /// Whose signature it must be.
    pub(crate) signer: Address,
}

/// A signature that was checked.
#[derive(Debug, Clone)]
pub(crate) struct QuorumSignature {
    pub(crate) signature: Signature65,
    pub(crate) quorum: Vec<u8>,
    pub(crate) saw: Vec<Saw>,
    /// Quorums that were tried before this one, and why they failed.
    pub(crate) failed: Vec<String>,
}

/// What one cosigner saw and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Saw {
    pub(crate) cosigner: String,
    pub(crate) lines: Vec<String>,
    pub(crate) stages: Vec<StageTime>,
}

impl Quorum {
    pub(crate) fn new(
        identity: &Identity,
        committee: &CommitteeFile,
        deadlines: Deadlines,
    ) -> Result<Self, QuorumError> {
        committee.verify().map_err(|error| QuorumError::Committee(Box::new(error)))?;
        let members = committee
            .parties()
            .iter()
            .map(|party| CosignerClient::new(identity, party, ClientOptions::default()))
            .collect::<Result<_, _>>()
            .map_err(|error| QuorumError::Committee(Box::new(error)))?;
        Ok(Self {
            members,
            deadlines,
            turn: AtomicUsize::new(0),
            unwell: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// Has a quorum sign, trying others while time is left.
    pub(crate) async fn sign(&self, ask: &Ask) -> Result<QuorumSignature, QuorumError> {
        let until = Instant::now() + self.deadlines.sign();
        let key = self.key(&ask.key).await?;
        let mut out = BTreeMap::new();
        let mut tried = Vec::new();
        let mut failed = Vec::new();
        let mut refusal = None;
        while let Some(quorum) =
            choice::next(&self.by_preference(), &out, &tried, usize::from(key.threshold))
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            tried.push(quorum.clone());
            match self.attempt(ask, &quorum, left.min(self.deadlines.sign_attempt())).await {
                Ok(signature) => return Ok(QuorumSignature { failed, ..signature }),
                Err(failure) => {
                    tracing::warn!(?quorum, %failure, "a quorum did not sign");
                    failed.push(format!("{quorum:?}: {failure}"));
                    self.blame(failure.blamed.iter().chain(&failure.suspected).copied());
                    out.extend(failure.blamed.iter().map(|party| (*party, ())));
                    refusal = refusal.or_else(|| failure.refusal.map(|refusal| *refusal));
                }
            }
        }
        Err(match refusal {
            Some(refusal) => QuorumError::Refused(refusal),
            None => QuorumError::Unavailable { needed: key.threshold, why: failed.join("; ") },
        })
    }

    /// The owner that the cosigners derive for a child. As many as the threshold must say the same
    /// and nobody else.
    pub(crate) async fn derive_owner(
        &self,
        key: &KeyName,
        child: Option<ChildNumber>,
    ) -> Result<Address, QuorumError> {
        let needed = usize::from(self.key(key).await?.threshold);
        let mut asked: FuturesUnordered<_> = self
            .members
            .iter()
            .map(|member| async move { (member, member.derive_owner(key, child).await) })
            .collect();
        let mut said: BTreeMap<Address, Vec<String>> = BTreeMap::new();
        let mut failed = Vec::new();
        let mut patience = self.deadlines.sign_attempt();
        while let Ok(Some((member, answer))) = tokio::time::timeout(patience, asked.next()).await {
            let name = member.party().name.clone();
            match answer {
                Ok(owner) => said.entry(owner).or_default().push(name),
                Err(error) => failed.push(format!("{name}: {error}")),
            }
            if said.values().any(|names| names.len() >= needed) {
                patience = GRACE;
            }
        }
        if said.len() > 1 {
            return Err(QuorumError::Disagree(describe(&said)));
        }
        match said.into_iter().next() {
            Some((owner, names)) if names.len() >= needed => Ok(owner),
            _ => Err(QuorumError::Unavailable {
                needed: u8::try_from(needed).unwrap_or(u8::MAX),
                why: failed.join("; "),
            }),
        }
    }

    /// The public facts of a key, as enough cosigners to use it state them.
    pub(crate) async fn key(&self, name: &KeyName) -> Result<KeySummary, QuorumError> {
        let cached = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(key) = cached {
            return Ok(key);
        }
        let mut said: Vec<KeySummary> = Vec::new();
        let mut failed = Vec::new();
        let mut asked: FuturesUnordered<_> = self
            .members
            .iter()
            .map(|member| async move { (member, member.status().await) })
            .collect();
        while let Some((member, status)) = asked.next().await {
            match status {
                Ok(status) => said.extend(status.keys.into_iter().filter(|k| k.name == *name)),
                Err(error) => failed.push(format!("{}: {error}", member.party().name)),
            }
            if let Some(key) = agreed(&said) {
                let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                keys.insert(name.clone(), key.clone());
                return Ok(key);
            }
        }
        if said.is_empty() && failed.len() < self.members.len() {
            return Err(QuorumError::UnknownKey(name.clone()));
        }
        let needed = said.first().map_or(2, |key| key.threshold);
        Err(QuorumError::Unavailable { needed, why: failed.join("; ") })
    }

    /// How each cosigner is.
    pub(crate) async fn parts(&self) -> Vec<PartStatus> {
        futures::future::join_all(self.members.iter().map(|member| async move {
            let name = format!("cosigner {}", member.party().name);
            match member.status().await {
                Ok(status) => PartStatus {
                    name,
                    ok: status.ready,
                    message: format!("{} key(s), version {}", status.keys.len(), status.software),
                },
                Err(error) => PartStatus { name, ok: false, message: error.to_string() },
            }
        }))
        .await
    }

    /// Members in the order to ask them: each in its turn, those that failed lately last.
    fn by_preference(&self) -> Vec<u8> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut order: Vec<u8> = self.members.iter().map(|member| member.party().index).collect();
        let shift = turn % order.len().max(1);
        order.rotate_left(shift);
        let unwell = self.unwell.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        order.sort_by_key(|party| unwell.get(party).is_some_and(|until| *until > now));
        order
    }

    fn blame(&self, parties: impl Iterator<Item = u8>) {
        let mut unwell = self.unwell.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + COOL_DOWN;
        unwell.extend(parties.map(|party| (party, until)));
    }

    fn member(&self, index: u8) -> Option<&CosignerClient> {
        self.members.iter().find(|member| member.party().index == index)
    }
}

/// A live key that as many cosigners describe alike as it takes to use it.
fn agreed(said: &[KeySummary]) -> Option<KeySummary> {
    said.iter()
        .find(|key| {
            let alike = said.iter().filter(|other| other == key).count();
            key.live && alike >= usize::from(key.threshold)
        })
        .cloned()
}

fn describe(said: &BTreeMap<Address, Vec<String>>) -> String {
    let each = said.iter().map(|(owner, names)| format!("{} say {owner}", names.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}
