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
    ChildNumber, ClientError, ClientOptions, CommitteeFile, CosignerClient, CosignerStatus,
    FeatureBook, Identity, KeyName, KeySummary, Request, SignedApproval, StageTime,
};
use countersign_userop::Signature65;
use futures::{StreamExt as _, stream::FuturesUnordered};

use crate::{config::Deadlines, figures, service::PartStatus, trace::TraceContext};

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
    features: FeatureBook,
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
    /// What people approved of it.
    pub(crate) approvals: Vec<SignedApproval>,
    /// The trace that it belongs to.
    pub(crate) trace: Option<TraceContext>,
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
        features: FeatureBook,
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
            features,
        })
    }

    /// Has a quorum sign, trying others while time is left.
    pub(crate) async fn sign(&self, ask: &Ask) -> Result<QuorumSignature, QuorumError> {
        let started = Instant::now();
        let answer = self.try_quorums(ask).await;
        figures::signing(&answer, started.elapsed());
        answer
    }

    async fn try_quorums(&self, ask: &Ask) -> Result<QuorumSignature, QuorumError> {
        self.features.current().allow(&ask.request)?;
        let until = Instant::now() + self.deadlines.sign();
        let key = self.key(&ask.key).await?;
        let mut out = BTreeMap::new();
        let mut tried = Vec::new();
        let mut failed = Vec::new();
        let mut refusals = Vec::new();
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
                    refusals.extend(failure.refusal.map(|refusal| *refusal));
                }
            }
        }
        Err(error::of(&key, refusals, &failed))
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

    /// As many cosigners as the key needs are ready to sign with it.
    pub(crate) async fn is_available(&self, name: &KeyName) -> Result<(), QuorumError> {
        let needed = self.key(name).await?.threshold;
        let said = self.statuses().await;
        let ready = said.iter().flat_map(|(_, status)| status).filter(|status| {
            status.ready && status.keys.iter().any(|key| key.live && key.name == *name)
        });
        let ready = ready.count();
        if ready >= usize::from(needed) {
            return Ok(());
        }
        Err(QuorumError::Unavailable { needed, why: format!("{ready} are ready") })
    }

    /// Whether every live key has as many cosigners as it takes to use it, and how each cosigner is.
    pub(crate) async fn readiness(&self) -> (bool, Vec<PartStatus>) {
        let said = self.statuses().await;
        let ready: Vec<&CosignerStatus> =
            said.iter().flat_map(|(_, status)| status).filter(|status| status.ready).collect();
        let parts = said.iter().map(|(name, status)| part(name.clone(), status)).collect();
        (enough(&ready), parts)
    }

    async fn statuses(&self) -> Vec<(String, Result<CosignerStatus, ClientError>)> {
        futures::future::join_all(self.members.iter().map(|member| async move {
            (format!("cosigner {}", member.party().name), member.status().await)
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

fn part(name: String, said: &Result<CosignerStatus, ClientError>) -> PartStatus {
    match said {
        Ok(status) => PartStatus {
            name,
            ok: status.ready,
            message: format!("{} key(s), version {}", status.keys.len(), status.software),
        },
        Err(error) => PartStatus { name, ok: false, message: error.to_string() },
    }
}

/// Each live key that a ready cosigner has can be used by those that are ready. Before there is any key,
/// the smallest quorum must be.
fn enough(ready: &[&CosignerStatus]) -> bool {
    let mut holders: BTreeMap<&KeyName, (u8, usize)> = BTreeMap::new();
    for key in ready.iter().flat_map(|status| &status.keys).filter(|key| key.live) {
        let (needed, have) = holders.entry(&key.name).or_default();
        *needed = (*needed).max(key.threshold);
        *have += 1;
    }
    ready.len() >= 2 && holders.values().all(|(needed, have)| *have >= usize::from(*needed))
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

#[cfg(test)]
mod tests {
    use countersign_protocol::KeyPurpose;

    use super::*;

    fn cosigner(keys: &[(&str, u8)]) -> CosignerStatus {
        let key = |(name, threshold): &(&str, u8)| KeySummary {
            name: name.parse().unwrap(),
            purpose: KeyPurpose::Accounts,
            live: true,
            threshold: *threshold,
            parties: 4,
            address: Address::ZERO,
        };
        CosignerStatus {
            party: 1,
            name: "alice".into(),
            committee_hash: [0; 32],
            software: "test".into(),
            ready: true,
            keys: keys.iter().map(key).collect(),
        }
    }

    #[test]
    fn as_many_cosigners_must_be_ready_as_each_key_needs() {
        let both = cosigner(&[("wallets", 3), ("sponsor", 2)]);
        assert!(!enough(&[&both, &both]));
        assert!(enough(&[&both, &both, &both]));
        let one = cosigner(&[("sponsor", 2)]);
        assert!(!enough(&[&both, &both, &one]));
        assert!(enough(&[&one, &one]));
        assert!(!enough(&[&one]) && !enough(&[]));
    }
}
