//! The stages of an operation. Each is made of the one before; only [`Sealed`] and later have a hash.

use alloy::primitives::{B256, U256};
use countersign_userop::{Fees, GasLimits, SponsorWindow, UserOperation};
use serde::{Deserialize, Serialize};

use crate::service::{
    Caller, CallerSignature, Failure, Inclusion, MissingApproval, SponsorChoice, StageName, Wallet,
};
use crate::trace::TraceContext;

/// What the caller wants; it never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) caller: Caller,
    pub(crate) id: String,
    pub(crate) wallet: Wallet,
    pub(crate) sponsor: SponsorChoice,
    pub(crate) fixed: Fixed,
    /// The caller's own signature, over `id` among others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<CallerSignature>,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace: Option<TraceContext>,
}

/// What the caller set in an operation that it built; the gateway leaves it alone.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) nonce: bool,
    pub(crate) gas: FixedGas,
    pub(crate) max_fee: bool,
    pub(crate) tip: bool,
    pub(crate) factory: bool,
    pub(crate) paymaster: bool,
    /// A nonce lane that the caller chose.
    pub(crate) lane: Option<U256>,
}

/// Each gas value by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FixedGas {
    pub(crate) call: bool,
    pub(crate) verification: bool,
    pub(crate) pre_verification: bool,
    pub(crate) paymaster_verification: bool,
    pub(crate) paymaster_post_op: bool,
}

impl FixedGas {
    /// Nothing is left to estimate.
    pub(crate) const fn is_whole(self) -> bool {
        self.call
            && self.verification
            && self.pre_verification
            && self.paymaster_verification
            && self.paymaster_post_op
    }
}

/// Any stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    Draft(Draft),
    Priced(Priced),
    Sponsored(Sponsored),
    Sealed(Sealed),
    Awaiting(Awaiting),
    Signed(Signed),
    Submitted(Submitted),
    Included(Included),
    Reverted(Included),
    Dropped(Dropped),
}

/// Sender and calls are known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Draft {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
}

/// Nonce, factory, gas and fees are known; a paymaster, if any, is there with stub data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Priced {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
    pub(crate) payer: Payer,
    pub(crate) history: History,
}

/// The paymaster's data is final, but for what EntryPoint 0.9 leaves out of the hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sponsored {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
    pub(crate) approval: Approval,
    pub(crate) history: History,
}

/// Final: from here on nothing that the hash covers changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sealed {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
    pub(crate) hash: B256,
    pub(crate) approval: Approval,
    pub(crate) history: History,
}

/// Sealed, and refused for nothing but want of people's approval.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Awaiting {
    pub(crate) sealed: Sealed,
    /// What the cosigners said is missing.
    pub(crate) missing: Vec<MissingApproval>,
    /// When the wait ends, in Unix milliseconds.
    pub(crate) until_ms: u64,
    /// The place of the last approval that the cosigners were shown.
    pub(crate) shown: i64,
}

/// A quorum signed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) generation: Generation,
    pub(crate) history: History,
}

/// A bundler has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Submitted {
    pub(crate) generation: Generation,
    pub(crate) history: History,
    pub(crate) sent_ms: u64,
    pub(crate) resent: u32,
}

/// The chain has it, with its confirmations; it is watched until it is too deep to be reorganised.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Included {
    pub(crate) submitted: Submitted,
    pub(crate) inclusion: Inclusion,
    pub(crate) failure: Option<Failure>,
    pub(crate) settled: bool,
}

/// It will not be on chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Dropped {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
    pub(crate) failure: Failure,
    pub(crate) history: History,
}

/// Who pays.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Payer {
    /// The account, or a paymaster whose data is final already.
    Settled,
    /// Our own paymaster; its approval is still to be signed.
    Own,
    /// An ERC-7677 service whose final data is still to be asked for.
    Service { url: url::Url, context: serde_json::Value },
}

/// What is known of the paymaster's approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Approval {
    /// None needed, or it is in the operation already; it may hold for a time only.
    Given(Option<SponsorWindow>),
    /// EntryPoint 0.9: our paymaster's signature is made while the quorum signs.
    Pending(SponsorWindow),
}

/// What earlier generations of the operation leave behind for later ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct History {
    /// Every hash that cosigners were shown; any of them may be found on chain.
    pub(crate) hashes: Vec<B256>,
    /// The chain was at this block when the first of them was made.
    pub(crate) from_block: Option<u64>,
    /// What the last generation offered: a replacement never goes below the gas, and at least
    /// ten percent above the fees.
    pub(crate) floor: Option<Floor>,
    /// Until when each generation that was signed may land; `None` means that nothing ends it.
    #[serde(default)]
    pub(crate) signed: Vec<Option<SponsorWindow>>,
    /// The signed generation to go back to when none can be made in its place.
    #[serde(default)]
    pub(crate) last: Option<Box<Generation>>,
    /// How often it was gone back to: each time it is given longer before it is replaced again.
    #[serde(default)]
    pub(crate) returns: u32,
}

/// One signed form of an operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Generation {
    #[serde(with = "super::op_json")]
    pub(crate) op: UserOperation,
    pub(crate) hash: B256,
    /// When our paymaster's approval holds, if it pays.
    pub(crate) window: Option<SponsorWindow>,
}

/// Gas and fees that cosigners have seen for this nonce.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Floor {
    pub(crate) gas: GasLimits,
    pub(crate) fees: Fees,
}

impl Stage {
    pub(crate) const fn name(&self) -> StageName {
        match self {
            Self::Draft(_) => StageName::Draft,
            Self::Priced(_) => StageName::Priced,
            Self::Sponsored(_) => StageName::Sponsored,
            Self::Sealed(_) => StageName::Sealed,
            Self::Awaiting(_) => StageName::Awaiting,
            Self::Signed(_) => StageName::Signed,
            Self::Submitted(_) => StageName::Submitted,
            Self::Included(_) => StageName::Included,
            Self::Reverted(_) => StageName::Reverted,
            Self::Dropped(_) => StageName::Dropped,
        }
    }

    pub(crate) const fn name_text(&self) -> &'static str {
        self.name().as_str()
    }

    /// The operation as it stands.
    pub(crate) const fn op(&self) -> &UserOperation {
        match self {
            Self::Draft(Draft { op })
            | Self::Priced(Priced { op, .. })
            | Self::Sponsored(Sponsored { op, .. })
            | Self::Sealed(Sealed { op, .. })
            | Self::Dropped(Dropped { op, .. }) => op,
            Self::Awaiting(awaiting) => &awaiting.sealed.op,
            Self::Signed(Signed { generation, .. })
            | Self::Submitted(Submitted { generation, .. }) => &generation.op,
            Self::Included(included) | Self::Reverted(included) => {
                &included.submitted.generation.op
            }
        }
    }

    /// What earlier generations left behind.
    pub(crate) const fn history(&self) -> Option<&History> {
        match self {
            Self::Draft(_) => None,
            Self::Priced(Priced { history, .. })
            | Self::Sponsored(Sponsored { history, .. })
            | Self::Sealed(Sealed { history, .. })
            | Self::Signed(Signed { history, .. })
            | Self::Submitted(Submitted { history, .. })
            | Self::Dropped(Dropped { history, .. }) => Some(history),
            Self::Awaiting(awaiting) => Some(&awaiting.sealed.history),
            Self::Included(included) | Self::Reverted(included) => {
                Some(&included.submitted.history)
            }
        }
    }

    /// Some signature exists under its nonce: it may reach the chain, whoever brings it there.
    pub(crate) fn may_land(&self) -> bool {
        let is_signed = matches!(
            self,
            Self::Signed(_) | Self::Submitted(_) | Self::Included(_) | Self::Reverted(_)
        );
        is_signed || self.history().is_some_and(|history| !history.signed.is_empty())
    }

    /// The hash, from `Sealed` on.
    pub(crate) fn hash(&self) -> Option<B256> {
        match self {
            Self::Draft(_) | Self::Priced(_) | Self::Sponsored(_) => None,
            Self::Sealed(Sealed { hash, .. }) => Some(*hash),
            Self::Awaiting(awaiting) => Some(awaiting.sealed.hash),
            Self::Signed(Signed { generation, .. })
            | Self::Submitted(Submitted { generation, .. }) => Some(generation.hash),
            Self::Included(included) | Self::Reverted(included) => {
                Some(included.inclusion.user_op_hash)
            }
            Self::Dropped(dropped) => dropped.history.hashes.last().copied(),
        }
    }

    /// The transaction that brought it onto the chain.
    pub(crate) const fn transaction(&self) -> Option<B256> {
        match self {
            Self::Included(included) | Self::Reverted(included) => {
                Some(included.inclusion.transaction_hash)
            }
            _ => None,
        }
    }

    /// Nothing can happen to it any more.
    pub(crate) const fn is_settled(&self) -> bool {
        match self {
            Self::Included(included) | Self::Reverted(included) => included.settled,
            Self::Dropped(_) => true,
            _ => false,
        }
    }

    /// Later operations of the same sender need not wait for this one any more.
    pub(crate) const fn lets_others_go(&self) -> bool {
        matches!(
            self,
            Self::Submitted(_) | Self::Included(_) | Self::Reverted(_) | Self::Dropped(_)
        )
    }
}

impl StageName {
    /// The name as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Priced => "priced",
            Self::Sponsored => "sponsored",
            Self::Sealed => "sealed",
            Self::Awaiting => "awaiting",
            Self::Signed => "signed",
            Self::Submitted => "submitted",
            Self::Included => "included",
            Self::Reverted => "reverted",
            Self::Dropped => "dropped",
        }
    }
}

impl Dropped {
    /// Its nonce is spent: a signature under it may exist somewhere.
    pub(crate) const fn was_shown_to_cosigners(&self) -> bool {
        !self.history.hashes.is_empty()
    }
}
