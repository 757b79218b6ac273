//! How a rule says no.

use std::borrow::Cow;
use std::fmt;

/// The rules, by name. A refusal carries the name; it is part of the interface and of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The message is a call, in every field.
    Parse,
    /// There is room for one more session, in all and of this gateway. It stands in the audit only: the
    /// caller is told to come again.
    Busy,
    /// The caller is a gateway that the committee file names.
    Caller,
    /// The call's own deadline has not passed.
    Deadline,
    /// All that the request needs is switched on.
    Feature,
    /// The key is one that we hold a share of.
    Key,
    /// The key's purpose covers this kind of request.
    Purpose,
    /// The quorum is of the key's threshold, of its committee, and includes us.
    Quorum,
    /// No member of the quorum is banned.
    Ban,
    /// The chain is configured.
    Chain,
    /// The EntryPoint is configured for the chain, with the version that the request says.
    EntryPoint,
    /// The account's kind, factory and implementation are configured.
    Account,
    /// The sender is an account that our owner controls.
    Sender,
    /// What deploys the sender is the configured factory, for our owner, and gives the sender.
    InitCode,
    /// The call data decodes to the leaves.
    Calls,
    /// No call goes where it could take the account itself.
    Targets,
    /// The operation or transaction cannot cost more than the ceiling.
    Cost,
    /// No EIP-7702 delegation, unless configured; an authorization's delegate is a configured one.
    Delegation,
    /// The address that a request names as its signer is that of our own key.
    Signer,
    /// Typed data is verified neither by an EntryPoint, nor by an account of the key's own, nor by a paymaster of ours.
    TypedData,
    /// A canary is of this key, in the generation that we hold.
    Canary,
    /// The paymaster is configured, for this key and EntryPoint.
    Paymaster,
    /// The approval's window is bounded, open, and not longer than configured.
    Window,
    /// A registered caller signed for exactly this, or the policy waives that by name.
    Intent,
    /// Every approval that came along is a person's, over exactly this; and there are as many as the policy asks for.
    Approval,
    /// The operator's policy permits it.
    Policy,
    /// No change of the account's command is open.
    Barrier,
    /// What the paymaster has outstanding stays below its cap.
    Outstanding,
    /// No journal went backwards: neither ours, as the peers know it, nor that of a member of the quorum.
    Rollback,
    /// The attempt id is fresh.
    Attempt,
    /// The slot is free, or takes this digest.
    Journal,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 31] = [
        Self::Parse,
        Self::Busy,
        Self::Caller,
        Self::Deadline,
        Self::Feature,
        Self::Key,
        Self::Purpose,
        Self::Quorum,
        Self::Ban,
        Self::Chain,
        Self::EntryPoint,
        Self::Account,
        Self::Sender,
        Self::InitCode,
        Self::Calls,
        Self::Targets,
        Self::Cost,
        Self::Delegation,
        Self::Signer,
        Self::TypedData,
        Self::Canary,
        Self::Paymaster,
        Self::Window,
        Self::Intent,
        Self::Approval,
        Self::Policy,
        Self::Barrier,
        Self::Outstanding,
        Self::Rollback,
        Self::Attempt,
        Self::Journal,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Busy => "busy",
            Self::Caller => "caller",
            Self::Deadline => "deadline",
            Self::Feature => "feature",
            Self::Key => "key",
            Self::Purpose => "purpose",
            Self::Quorum => "quorum",
            Self::Ban => "ban",
            Self::Chain => "chain",
            Self::EntryPoint => "entry-point",
            Self::Account => "account",
            Self::Sender => "sender",
            Self::InitCode => "init-code",
            Self::Calls => "calls",
            Self::Targets => "targets",
            Self::Cost => "cost",
            Self::Delegation => "delegation",
            Self::Signer => "signer",
            Self::TypedData => "typed-data",
            Self::Canary => "canary",
            Self::Paymaster => "paymaster",
            Self::Window => "window",
            Self::Intent => "intent",
            Self::Approval => "approval",
            Self::Policy => "policy",
            Self::Barrier => "barrier",
            Self::Outstanding => "outstanding",
            Self::Rollback => "rollback",
            Self::Attempt => "attempt",
            Self::Journal => "journal",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused by the rule {rule}: {message}")]
pub struct Refusal {
    /// Which rule.
    pub rule: Rule,
    /// Why, with the offending values.
    pub message: String,
}

impl Refusal {
    /// `rule` refuses because of `message`.
    pub fn new(rule: Rule, message: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, message: message.into().into_owned() }
    }
}

/// What a rule answers.
pub type Ruling<T = ()> = Result<T, Refusal>;
