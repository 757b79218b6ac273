//! The rules: fixed, deny by default, one file a rule. A request passes only if every rule says yes, and a
//! refusal names the rule that said no.
//!
//! Nothing here is taken on trust: the hash is computed from the fields, the owner derived from our own
//! share, the sender from the configured factory, and what an operation does is read from its call data.

mod account;
mod alone;
mod approval;
mod approvers;
mod caller;
mod calls;
mod canary;
mod cost;
mod delegation;
mod entry_point;
mod feature;
mod init_code;
mod intent;
mod operation;
mod paymaster;
mod purpose;
mod quorum;
mod refusal;
mod sender;
mod signer;
mod targets;
mod typed_data;
mod window;

use std::collections::BTreeSet;
use std::sync::Arc;

use alloy::primitives::{Address, B256};
use countersign_policy::Policy;
use countersign_protocol::{Features, Request, SignCall};
use countersign_threshold::{ChildIndex, Digest, PartyId};
use countersign_userop::{ChainId, Descriptors, EntryPointVersion, PreviewHash};

use crate::accounts::AccountReader;
use crate::config::{ChainConfig, RulesConfig};
use crate::exposure::Exposure;
use crate::journal::{Claim, KeySlot, Terms};
use crate::keys::LiveKey;
use crate::weighing::Weighing;

pub use refusal::{Refusal, Rule, Ruling};

/// What the operator and the committee fixed beforehand.
#[derive(Debug, Clone)]
pub(crate) struct Rulebook {
    /// The gateways that the committee file names.
    pub(crate) gateways: BTreeSet<String>,
    /// The chains that anything may be signed for.
    pub(crate) chains: Vec<ChainConfig>,
    /// The limits.
    pub(crate) rules: RulesConfig,
    /// Our own place in the committee.
    pub(crate) me: PartyId,
    /// Words for people; no rule looks at them.
    pub(crate) descriptors: Arc<Descriptors>,
}

/// One request before the rules.
pub(crate) struct Case<'a> {
    pub(crate) book: &'a Rulebook,
    pub(crate) accounts: &'a dyn AccountReader,
    pub(crate) caller: &'a str,
    pub(crate) call: &'a SignCall,
    pub(crate) request_hash: B256,
    pub(crate) key: Option<&'a LiveKey>,
    /// The policy in force.
    pub(crate) policy: Arc<Policy>,
    /// The features in force.
    pub(crate) features: Arc<Features>,
    pub(crate) now_s: u64,
}

/// What the rules made of a request. What was learnt before a refusal is kept for the audit.
#[derive(Debug)]
pub(crate) struct Judged {
    /// What the request does, line by line.
    pub(crate) preview: Vec<String>,
    /// What it wants of its slot.
    pub(crate) claim: Option<Claim>,
    /// The hash of all that the request does, in its canonical form.
    pub(crate) preview_hash: Option<PreviewHash>,
    /// What the policy weighs, once every fixed rule said yes.
    pub(crate) weighing: Option<Weighing>,
    /// What it promises to pay.
    pub(crate) exposure: Option<Exposure>,
    /// Whether every rule said yes.
    pub(crate) verdict: Ruling,
}

/// Puts a request before every rule that concerns it.
pub(crate) async fn judge(case: &Case<'_>) -> Judged {
    let mut judged = Judged {
        preview: Vec::new(),
        claim: None,
        preview_hash: None,
        weighing: None,
        exposure: None,
        verdict: Ok(()),
    };
    judged.verdict = weigh(case, &mut judged).await;
    judged
}

async fn weigh(case: &Case<'_>, judged: &mut Judged) -> Ruling {
    caller::caller(case)?;
    caller::deadline(case)?;
    feature::feature(case)?;
    let key = purpose::key(case)?;
    purpose::purpose(&case.call.request, key)?;
    quorum::quorum(case, key)?;
    quorum::bans(case, key)?;
    match &case.call.request {
        Request::UserOperation(request) => operation::weigh(case, key, request, judged).await,
        Request::PaymasterApproval(request) => approval::weigh(case, key, request, judged),
        Request::Signable(request) => alone::weigh(case, key, request, judged).await,
        _ => Err(Refusal::new(Rule::Purpose, "this build signs no such request")),
    }
}

impl Case<'_> {
    /// The configured chain and its EntryPoint of this version.
    fn chain(
        &self,
        id: ChainId,
        entry_point: Address,
        version: EntryPointVersion,
    ) -> Ruling<&ChainConfig> {
        let chain = self.configured(id)?;
        entry_point::entry_point(chain, entry_point, version)?;
        Ok(chain)
    }

    /// The configured chain of this id.
    fn configured(&self, id: ChainId) -> Ruling<&ChainConfig> {
        let found = self.book.chains.iter().find(|chain| chain.id == id);
        found.ok_or_else(|| Refusal::new(Rule::Chain, format!("chain {id} is not configured")))
    }

    /// The address of our key, or of the child that the call names.
    fn owner(&self, key: &LiveKey) -> Ruling<Address> {
        let child = child(self.call)?;
        let owner = key.share.owner_address(child);
        owner.map(Address::from).map_err(|error| Refusal::new(Rule::Key, error.to_string()))
    }

    fn claim(&self, digest: B256, terms: Terms) -> Claim {
        let slot = KeySlot { slot: self.call.request.slot(), key: self.call.key.clone() };
        Claim { slot, digest, request_hash: self.request_hash, terms }
    }
}

/// The child as the engine counts it.
pub(crate) fn child(call: &SignCall) -> Ruling<Option<ChildIndex>> {
    call.child
        .map(|child| ChildIndex::new(child.get()))
        .transpose()
        .map_err(|error| Refusal::new(Rule::Key, error.to_string()))
}

/// The digest as the engine takes it. This is the only place where one is made for signing, and it is
/// made from a claim, which only the rules make.
pub(crate) fn digest(claim: &Claim) -> Digest {
    Digest::new(claim.digest.0)
}

#[cfg(test)]
mod tests;
