//! Feature flags: chains x signing requests x account kinds x sponsorship, in one versioned file, default off.
//!
//! Each cosigner holds a file of its own, and so does the gateway. A flag says what is meant to be in use at all; what of
//! that is allowed is the policy's to say.

mod book;
mod page;

use std::fmt;

use countersign_userop::{AccountKind, ChainId, SignableKind};
use serde::Deserialize;

pub use book::{FeatureBook, FeatureFileError};

use crate::request::Request;

/// The format that this build reads.
const VERSION: u32 = 1;

/// The file that the examples and the page of features are made from.
pub const EXAMPLE_FEATURES: &str = include_str!("../../../features.example.toml");

/// What is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    everything: bool,
    everywhere: Vec<SignableKind>,
    chains: Vec<ChainFeatures>,
}

/// What is on for one chain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainFeatures {
    id: ChainId,
    #[serde(default)]
    requests: Vec<SignableKind>,
    #[serde(default)]
    accounts: Vec<AccountKind>,
    #[serde(default)]
    sponsorship: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    everywhere: Everywhere,
    #[serde(default)]
    chains: Vec<ChainFeatures>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Everywhere {
    #[serde(default)]
    requests: Vec<SignableKind>,
}

/// A flag, by its path in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flag {
    /// Anything on a chain.
    Chain(ChainId),
    /// A kind of request on a chain.
    Request(ChainId, SignableKind),
    /// A kind of request that names no chain.
    Everywhere(SignableKind),
    /// Operations of a kind of account.
    Account(ChainId, AccountKind),
    /// That a paymaster pays.
    Sponsorship(ChainId),
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(chain) => write!(f, "chains.{chain}"),
            Self::Request(chain, kind) => write!(f, "chains.{chain}.requests.{kind}"),
            Self::Everywhere(kind) => write!(f, "everywhere.requests.{kind}"),
            Self::Account(chain, kind) => write!(f, "chains.{chain}.accounts.{kind}"),
            Self::Sponsorship(chain) => write!(f, "chains.{chain}.sponsorship"),
        }
    }
}

/// A request needs what is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the feature {flag} is off")]
pub struct FeatureOff {
    /// Which flag.
    pub flag: Flag,
}

/// Why a text is no file of features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// Not the TOML that was expected.
    #[error(transparent)]
    Malformed(#[from] Box<toml::de::Error>),
    /// A format of another time.
    #[error("the format {version} of features is unknown")]
    UnknownVersion {
        /// What was given.
        version: u32,
    },
    /// A chain appears twice.
    #[error("chains.{chain} is there twice")]
    Twice {
        /// Which one.
        chain: ChainId,
    },
    /// A kind of request stands where it cannot be asked.
    #[error("{flag} is no feature: {}", misplaced(flag))]
    Misplaced {
        /// Which flag.
        flag: Flag,
    },
}

const fn misplaced(flag: &Flag) -> &'static str {
    match flag {
        Flag::Everywhere(_) => "such a request always names its chain",
        _ => "such a request names no chain",
    }
}

impl Features {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FeaturesError`] names the entry, and the line of what is no such file at all.
    pub fn parse(text: &str) -> Result<Self, FeaturesError> {
        let file: File = toml::from_str(text).map_err(Box::new)?;
        if file.version != VERSION {
            return Err(FeaturesError::UnknownVersion { version: file.version });
        }
        let features =
            Self { everything: false, everywhere: file.everywhere.requests, chains: file.chains };
        features.check()?;
        Ok(features)
    }

    /// Everything is on: for machines where nothing is at stake.
    #[must_use]
    pub const fn everything() -> Self {
        Self { everything: true, everywhere: Vec::new(), chains: Vec::new() }
    }

    /// Whether a request is within what is on.
    ///
    /// # Errors
    /// [`FeatureOff`] with the first flag that it needs and that is off.
    pub fn allow(&self, request: &Request) -> Result<(), FeatureOff> {
        match request {
            Request::UserOperation(asked) => {
                self.allow_operation(asked.chain, asked.account.kind)?;
                match asked.op.paymaster() {
                    Some(_) => self.allow_sponsorship(asked.chain),
                    None => Ok(()),
                }
            }
            Request::PaymasterApproval(asked) => {
                self.allow_on(asked.chain, request.kind())?;
                self.allow_sponsorship(asked.chain)
            }
            Request::Signable(asked) => match asked.signable.chain() {
                Some(chain) => self.allow_on(chain, request.kind()),
                None if self.everything || self.everywhere.contains(&request.kind()) => Ok(()),
                None => Err(FeatureOff { flag: Flag::Everywhere(request.kind()) }),
            },
        }
    }

    /// Whether operations of accounts of this kind are on.
    ///
    /// # Errors
    /// [`FeatureOff`] with the flag that is off.
    pub fn allow_operation(&self, chain: ChainId, kind: AccountKind) -> Result<(), FeatureOff> {
        self.allow_on(chain, SignableKind::UserOperation)?;
        self.must(Flag::Account(chain, kind), |on| on.accounts.contains(&kind))
    }

    /// Whether a paymaster may pay.
    ///
    /// # Errors
    /// [`FeatureOff`] with the flag that is off.
    pub fn allow_sponsorship(&self, chain: ChainId) -> Result<(), FeatureOff> {
        self.must(Flag::Sponsorship(chain), |on| on.sponsorship)
    }

    fn allow_on(&self, chain: ChainId, kind: SignableKind) -> Result<(), FeatureOff> {
        self.must(Flag::Chain(chain), |_| true)?;
        self.must(Flag::Request(chain, kind), |on| on.requests.contains(&kind))
    }

    fn must(&self, flag: Flag, on: impl Fn(&ChainFeatures) -> bool) -> Result<(), FeatureOff> {
        let (Flag::Chain(id) | Flag::Request(id, _) | Flag::Account(id, _) | Flag::Sponsorship(id)) =
            flag
        else {
            return Err(FeatureOff { flag });
        };
        let chain = self.chains.iter().find(|chain| chain.id == id);
        if self.everything || chain.is_some_and(on) { Ok(()) } else { Err(FeatureOff { flag }) }
    }

    fn check(&self) -> Result<(), FeaturesError> {
        if let Some(kind) = self.everywhere.iter().find(|kind| !may_name_no_chain(**kind)) {
            return Err(FeaturesError::Misplaced { flag: Flag::Everywhere(*kind) });
        }
        for (position, chain) in self.chains.iter().enumerate() {
            if self.chains.iter().take(position).any(|other| other.id == chain.id) {
                return Err(FeaturesError::Twice { chain: chain.id });
            }
            if let Some(kind) = chain.requests.iter().find(|kind| !may_name_a_chain(**kind)) {
                return Err(FeaturesError::Misplaced { flag: Flag::Request(chain.id, *kind) });
            }
        }
        Ok(())
    }
}

const fn may_name_no_chain(kind: SignableKind) -> bool {
    matches!(kind, SignableKind::TypedData | SignableKind::Message | SignableKind::Canary)
}

const fn may_name_a_chain(kind: SignableKind) -> bool {
    !matches!(kind, SignableKind::Message | SignableKind::Canary)
}

#[cfg(test)]
mod tests;
