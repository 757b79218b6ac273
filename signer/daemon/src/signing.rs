//! One request, told in one function: [`Signer::sign`].
//!
//! Judge, write down, meet the others, run the rounds, answer. Nothing leaves this machine about a request
//! before its decision, its journal slot and its audit record are on disk in one commit.

mod conclusion;
mod engines;
mod failure;
mod keeping;
mod marks;
mod meeting;
mod places;
mod rounds;
mod stages;
mod told;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::B256;
use countersign_protocol::{FeatureBook, Request, SignCall, SignReply, SignedReply, wire};
use countersign_threshold::PartyId;
use countersign_userop::{Descriptors, SponsorWindow};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::accounts::{AccountReader, NonceAt};
use crate::audit::AuditHead;
use crate::clock;
use crate::config::{ChainConfig, Deadlines, LimitsConfig, PaymasterConfig, RulesConfig};
use crate::decision::{Entry, Lands, Rehearsed};
use crate::heads::{Heads, SignedHead};
use crate::journal::{Claim, KeySlot};
use crate::judgement::{self, Case, Judged, Refusal, Rule, Rulebook};
use crate::keys::{Keys, LiveKey};
use crate::metrics::Metrics;
use crate::policy_book::PolicyBook;
use crate::store::{Store, StoreError};
use crate::transport::{Inbox, Peers};
use crate::weighing::barrier_owner;

use engines::Engines;
use failure::{Ended, Failure};
use marks::Marks;
use meeting::Binding;
use places::Places;
use rounds::Session;
use stages::Stages;
use told::stage;

/// How long before the caller's own deadline a session ends at the latest.
const MARGIN: Duration = Duration::from_millis(250);

/// What a [`Signer`] works with.
pub struct SignerParts {
    /// Our place in the committee.
    pub me: PartyId,
    /// The hash of the committee file, which every session is bound to.
    pub committee: [u8; 32],
    /// The gateways that the committee file names.
    pub gateways: BTreeSet<String>,
    /// The chains that anything may be signed for.
    pub chains: Vec<ChainConfig>,
    /// The limits of one operation.
    pub rules: RulesConfig,
    /// The policy in force.
    pub policy: PolicyBook,
    /// The features in force.
    pub features: FeatureBook,
    /// Words for people.
    pub descriptors: Arc<Descriptors>,
    /// The limits of one gateway.
    pub limits: LimitsConfig,
    /// How long to wait.
    pub deadlines: Deadlines,
    /// The keys that we hold shares of.
    pub keys: Arc<Keys>,
    /// The way to the others.
    pub peers: Arc<dyn Peers>,
    /// The way from the others.
    pub inbox: Arc<Inbox>,
    /// Journal, audit and bans.
    pub store: Store,
    /// How deployed accounts are read.
    pub accounts: Arc<dyn AccountReader>,
    /// Where the journals of all parties stand.
    pub heads: Arc<Heads>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for SignerParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignerParts").field("me", &self.me).finish_non_exhaustive()
    }
}

/// Answers requests for signatures. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Signer {
    inner: Arc<Inner>,
}

struct Inner {
    book: Rulebook,
    policy: PolicyBook,
    features: FeatureBook,
    committee: [u8; 32],
    deadlines: Deadlines,
    keys: Arc<Keys>,
    peers: Arc<dyn Peers>,
    inbox: Arc<Inbox>,
    store: Store,
    accounts: Arc<dyn AccountReader>,
    heads: Arc<Heads>,
    metrics: Arc<Metrics>,
    places: Places,
    engines: Engines,
    marks: Arc<Marks>,
    /// All that was asked and is not yet answered, whether or not its caller still waits.
    tasks: TaskTracker,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("me", &self.inner.book.me).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer made of its parts.
    pub fn new(parts: SignerParts) -> Self {
        let SignerParts { me, committee, gateways, chains, rules, deadlines, .. } = parts;
        let SignerParts { limits, keys, peers, inbox, store, accounts, policy, heads, .. } = parts;
        let SignerParts { descriptors, features, metrics, .. } = parts;
        let places = Places::new(&gateways, limits.sessions_per_gateway);
        let book = Rulebook { gateways, chains, rules, me, descriptors };
        let inner = Inner {
            book,
            policy,
            features,
            committee,
            deadlines,
            keys,
            peers,
            inbox,
            store,
            accounts,
            heads,
            metrics,
            places,
            engines: Engines::new(),
            marks: Arc::default(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Takes no new session, and returns when every request that was taken has its answer.
    pub async fn drained(&self) {
        self.inner.places.close();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Answers a message of the gateway that the transport authenticated as `caller`. A message that is no
    /// call is refused and audited like any other, even if the caller goes away.
    pub async fn answer(&self, caller: &str, message: wire::SignRequest) -> wire::SignResponse {
        let (key, request) = (message.key.clone(), message.request.clone());
        let reply = match SignCall::from_wire(message) {
            Ok(call) => self.sign(caller, call).await,
            Err(error) => {
                let refusal = Refusal::new(Rule::Parse, error.to_string());
                let (inner, caller) = (Arc::clone(&self.inner), caller.to_owned());
                let told = self.inner.tasks.spawn(async move {
                    inner.refuse_unread(&caller, &key, &request, refusal).await
                });
                told.await.unwrap_or_else(|_| Failure::internal("the refusal died").into_reply())
            }
        };
        reply.into_wire()
    }

    /// What we would say to a call, and why: every rule, the slot, the policy with the totals as they are. Nothing is
    /// written, nothing is signed, and no attempt is used up.
    ///
    /// # Errors
    /// [`StoreError`] if the totals cannot be read.
    pub(crate) async fn explain(
        &self,
        gateway: &str,
        call: &SignCall,
    ) -> Result<(Judged, Rehearsed), StoreError> {
        let inner = &self.inner;
        let key = inner.keys.get(&call.key);
        let request_hash = B256::from(*call.request.hash().as_bytes());
        let judged = inner.judge(gateway, call, request_hash, key.as_deref()).await;
        let entry = Entry {
            claim: judged.claim.clone(),
            weighing: judged.weighing.clone(),
            exposure: judged.exposure.clone(),
            verdict: judged.verdict.clone(),
            operation: self.inner.lands(&call.request),
            ..unjudged(gateway, call, request_hash)
        };
        let rehearsed = inner.store.rehearse(&entry, clock::now_ms()).await?;
        Ok((judged, rehearsed))
    }

    /// Answers a call. It runs to its end even if the caller goes away.
    pub async fn sign(&self, caller: &str, call: SignCall) -> SignReply {
        let (inner, caller) = (Arc::clone(&self.inner), caller.to_owned());
        let span = told::span_of(self.inner.book.me, &caller, &call);
        let session = async move { inner.sign(&caller, &call).await }.instrument(span.clone());
        let reply = match self.inner.tasks.spawn(session).await {
            Ok(Ok(signed)) => SignReply::Signed(signed),
            Ok(Err(ended)) => ended.into_reply(),
            Err(_) => Failure::internal("the session died").into_reply(),
        };
        told::tell(&span, &reply);
        self.inner.metrics.answered(&reply);
        reply
    }
}

impl Inner {
    /// The story of one request.
    async fn sign(&self, caller: &str, call: &SignCall) -> Result<SignedReply, Ended> {
        let _place = match self.places.take(caller) {
            Ok(place) => place,
            Err(busy) => return Err(self.turn_away(caller, call, busy).await.into()),
        };
        let mut stages = Stages::start(Arc::clone(&self.metrics));
        let deadline = self.deadline(call.deadline);

        self.lift_barriers(&call.request).await;

        // Authenticate, recompute, decode, preview, and every rule.
        let key = self.keys.get(&call.key);
        let request_hash = B256::from(*call.request.hash().as_bytes());
        let judged = self.judge(caller, call, request_hash, key.as_deref());
        let judged = judged.instrument(stage!("judge")).await;
        stages.lap("judge");

        // Decision, slot and audit record: one synced commit before the first message.
        let saw = judged.preview.clone();
        let preview = judged.preview_hash.map(|hash| *hash.as_b256()).unwrap_or_default();
        let written = self.write_down(caller, call, request_hash, key.as_deref(), judged);
        let (claim, head) = written.instrument(stage!("journal")).await?;
        let key = key.ok_or_else(|| Failure::internal("a key vanished"))?;
        stages.lap("journal");

        let binding = Binding::new(self.committee, &key, call, &claim, preview);
        let session = (Arc::clone(&key), claim, binding, self.heads.ours(head));
        match self.session(session, call, deadline, &mut stages).await {
            Ok(signature) => {
                tracing::info!("signed");
                Ok(SignedReply { signature, saw, preview, stages: stages.finish() })
            }
            Err(failure) => Err(self.conclude(&key, call, deadline, failure).await.into()),
        }
    }

    /// What the quorum does together, once we decided to take part.
    async fn session(
        &self,
        (key, claim, binding, head): (Arc<LiveKey>, Claim, Binding, SignedHead),
        call: &SignCall,
        deadline: Instant,
        stages: &mut Stages,
    ) -> Result<[u8; 65], Failure> {
        // Everyone means the same, and brings fresh randomness for the session's name.
        let met = self.meet(&key.gates, &binding, head, deadline);
        let met = met.instrument(stage!("open")).await?;
        stages.lap("open");

        // The rounds, each message under the gates; the signature is verified inside.
        let session = Session { key, claim, session: met.session, deadline };
        let _at_work = self.metrics.engine_session();
        let signature = self.run(session, call, met);
        let signature = signature.instrument(stage!("rounds")).await?;
        stages.lap("rounds");
        Ok(signature)
    }

    /// Takes away barriers of the sender whose nonces are used up for good. What cannot be read stays.
    async fn lift_barriers(&self, request: &Request) {
        let Request::UserOperation(request) = request else { return };
        let (chain, sender) = (request.chain, request.op.sender());
        let open = self.store.barriers(&barrier_owner(chain.get(), sender)).await;
        for barrier in open.unwrap_or_default() {
            let Some((entry_point, nonce)) = barrier.place() else { continue };
            let at = NonceAt { chain, entry_point, sender, nonce };
            match self.accounts.is_consumed(at).await {
                Ok(true) => match self.store.lift(&barrier).await {
                    Ok(()) => tracing::info!(slot = barrier.slot, "a barrier ended"),
                    Err(error) => tracing::error!(%error, "a barrier could not be lifted"),
                },
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a barrier's nonce could not be read"),
            }
        }
    }

    async fn judge(
        &self,
        caller: &str,
        call: &SignCall,
        request_hash: B256,
        key: Option<&LiveKey>,
    ) -> Judged {
        let accounts = self.accounts.as_ref();
        let (book, policy, now_s) = (&self.book, self.policy.current(), clock::now_s());
        let features = self.features.current();
        let case =
            Case { book, accounts, caller, call, request_hash, key, policy, features, now_s };
        let judged = judgement::judge(&case).await;
        match self.heads.refusal() {
            Some(refusal) if judged.verdict.is_ok() => Judged { verdict: Err(refusal), ..judged },
            _ => judged,
        }
    }

    /// The claim that was granted its slot, with the journal's head that has it; or the refusal, which the quorum hears
    /// of too.
    async fn write_down(
        &self,
        caller: &str,
        call: &SignCall,
        request_hash: B256,
        key: Option<&LiveKey>,
        judged: Judged,
    ) -> Result<(Claim, AuditHead), Ended> {
        let entry = Entry {
            preview: judged.preview,
            claim: judged.claim,
            preview_hash: judged.preview_hash,
            weighing: judged.weighing,
            exposure: judged.exposure,
            verdict: judged.verdict,
            operation: self.lands(&call.request),
            ..unjudged(caller, call, request_hash)
        };
        let recorded = self.store.record(&entry, clock::now_ms()).await;
        let recorded = recorded.map_err(|error| {
            tracing::error!(%error, cause = ?error, "the decision could not be written down");
            Failure::internal("the decision could not be written down")
        })?;
        self.metrics.decided(&recorded.verdict);
        match (recorded.verdict, entry.claim) {
            (Ok(_), Some(claim)) => Ok((claim, recorded.head)),
            (Ok(_), None) => Err(Failure::internal("an allowed request claims nothing").into()),
            (Err(refusal), _) => {
                tracing::warn!(rule = %refusal.rule, reason = %refusal.message, "refused");
                if let Some(key) = key {
                    self.settle(key, call).await;
                }
                self.excuse(key, call, refusal.rule);
                Err(refusal.into())
            }
        }
    }

    /// The operation that lands by our signature, if the request is one.
    fn lands(&self, request: &Request) -> Option<Lands> {
        let hash = *request.user_op_hash()?.as_b256();
        let Request::UserOperation(request) = request else { return None };
        let chain = self.book.chains.iter().find(|chain| chain.id == request.chain);
        let paymaster = request.op.paymaster();
        let window = chain.zip(paymaster).and_then(|(chain, paymaster)| {
            // Only a paymaster that we know holds the operation to the window in its data.
            let known = |known: &&PaymasterConfig| {
                known.address == paymaster.address && known.version == request.version
            };
            chain.paymasters.iter().find(known)?;
            SponsorWindow::of_data(&paymaster.data)
        });
        Some(Lands { hash, valid_until: window.map(|window| window.valid_until()) })
    }

    /// Records a call that found no place.
    async fn turn_away(&self, caller: &str, call: &SignCall, busy: &'static str) -> Failure {
        tracing::warn!(reason = busy, "turned away");
        let request_hash = B256::from(*call.request.hash().as_bytes());
        let verdict = Err(Refusal::new(Rule::Busy, busy));
        let operation = self.lands(&call.request);
        let entry = Entry { verdict, operation, ..unjudged(caller, call, request_hash) };
        match self.store.record(&entry, clock::now_ms()).await {
            Ok(recorded) => {
                self.metrics.decided(&recorded.verdict);
                Failure::busy(busy)
            }
            Err(_) => Failure::internal("the refusal could not be written down"),
        }
    }

    /// Records a message that was no call.
    async fn refuse_unread(
        &self,
        caller: &str,
        key: &str,
        request: &[u8],
        refusal: Refusal,
    ) -> SignReply {
        tracing::warn!(caller, reason = %refusal.message, "refused a message that is no call");
        let entry = Entry {
            caller: caller.to_owned(),
            key: key.chars().take(64).collect(),
            child: None,
            attempt: None,
            traceparent: None,
            request_hash: B256::from_slice(&Sha256::digest(request)),
            operation: None,
            preview: Vec::new(),
            slot: None,
            claim: None,
            preview_hash: None,
            weighing: None,
            exposure: None,
            verdict: Err(refusal.clone()),
        };
        match self.store.record(&entry, clock::now_ms()).await {
            Ok(recorded) => {
                self.metrics.decided(&recorded.verdict);
                Ended::from(refusal).into_reply()
            }
            Err(_) => Failure::internal("the refusal could not be written down").into_reply(),
        }
    }

    /// A little before the caller stops waiting, so that it still hears why there is no signature.
    fn deadline(&self, asked: Duration) -> Instant {
        let now = Instant::now();
        let told = asked.saturating_sub(MARGIN.min(asked.checked_div(10).unwrap_or_default()));
        now.checked_add(told.min(self.deadlines.session())).unwrap_or(now)
    }
}

/// What can be written of a call before it was judged.
fn unjudged(caller: &str, call: &SignCall, request_hash: B256) -> Entry {
    Entry {
        caller: caller.to_owned(),
        key: call.key.to_string(),
        child: call.child.map(countersign_protocol::ChildNumber::get),
        attempt: Some(call.attempt.0),
        traceparent: call.traceparent.clone(),
        request_hash,
        operation: None,
        preview: Vec::new(),
        slot: Some(KeySlot { slot: call.request.slot(), key: call.key.clone() }),
        claim: None,
        preview_hash: None,
        weighing: None,
        exposure: None,
        verdict: Ok(()),
    }
}

#[cfg(test)]
mod tests;
