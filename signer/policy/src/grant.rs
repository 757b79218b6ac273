//! What needs more than a permit: it is granted by name or not at all.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Something that a blanket permit does not cover. A policy grants it in its annotation `@grants("a, b")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Grant {
    /// Call data that cannot be taken apart, or a function that nobody knows by name.
    Undecodable,
    /// Another owner of an account.
    Owner,
    /// Another guardian, a freeze, or what a guardian may do.
    Guardian,
    /// Who may do what in a contract, by role.
    Role,
    /// A module put into an account, or taken out.
    Module,
    /// Other code behind a proxy.
    Upgrade,
    /// An EIP-7702 delegate.
    Delegate,
    /// A call to an EntryPoint: its deposit and stake, or other operations inside this one.
    EntryPoint,
    /// A call of an account to itself that changes nothing we know by name.
    SelfCall,
    /// An approval without a limit.
    UnlimitedApproval,
    /// Typed data that is nothing we know by name.
    RawTypedData,
    /// An ERC-2612 or permit2 permit by signature.
    Permit,
    /// A transaction or an authorization by a key that owns smart accounts.
    PlainAccount,
    /// Typed data that names no chain: its signature holds on every one.
    EveryChain,
}

impl Grant {
    /// Every grant.
    pub const ALL: [Self; 14] = [
        Self::Undecodable,
        Self::Owner,
        Self::Guardian,
        Self::Module,
        Self::Role,
        Self::Upgrade,
        Self::Delegate,
        Self::EntryPoint,
        Self::SelfCall,
        Self::UnlimitedApproval,
        Self::RawTypedData,
        Self::Permit,
        Self::PlainAccount,
        Self::EveryChain,
    ];

    /// The name that policies and refusals use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::Owner => "owner",
            Self::Guardian => "guardian",
            Self::Module => "module",
            Self::Role => "role",
            Self::Upgrade => "upgrade",
            Self::Delegate => "delegate",
            Self::EntryPoint => "entry-point",
            Self::SelfCall => "self-call",
            Self::UnlimitedApproval => "unlimited-approval",
            Self::RawTypedData => "raw-typed-data",
            Self::Permit => "permit",
            Self::PlainAccount => "plain-account",
            Self::EveryChain => "every-chain",
        }
    }

    /// Whether it changes who commands the account: a barrier for everything else of that account.
    #[must_use]
    pub const fn is_admin(self) -> bool {
        matches!(
            self,
            Self::Owner
                | Self::Guardian
                | Self::Module
                | Self::Role
                | Self::SelfCall
                | Self::Upgrade
                | Self::Delegate
        )
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Grant {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text).ok_or(())
    }
}
