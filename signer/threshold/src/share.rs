//! A party's share of a key.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::address;
use crate::child::{ChildError, ChildIndex};
use crate::committee::Committee;
use crate::engine::{AffinePoint, Party, PublicKeyPackage};
use crate::party::PartyId;
use crate::refresh::Basis;

mod check;
mod store;

use store::Standing;

/// One party's share of a secp256k1 key that never exists whole.
///
/// It is made by keygen, by a confirmed [`NextGeneration`](crate::NextGeneration) or by the checking
/// [`Self::decode`], and by nothing else.
///
/// # Security
/// It holds the engine's party (secret polynomial point, oblivious-transfer state) and has neither
/// `Clone` nor a telling `Debug`. Memory is wiped when the last machine that signs with it is dropped.
/// There is **one live holder** of a share: two machines that sign with copies of it lose the key.
///
/// ```compile_fail,E0308
/// fn copy(share: &countersign_threshold::KeyShare) -> countersign_threshold::KeyShare {
///     share.clone()
/// }
/// ```
pub struct KeyShare {
    party: Arc<Party>,
    package: PublicKeyPackage,
    committee: Committee,
    address: [u8; 20],
    epoch: u64,
    transcript: [u8; 32],
}

/// Why bytes are not a key share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// A format that this build does not read.
    #[error("key share format {0} is unknown")]
    Version(u16),
    /// The bytes do not decode.
    #[error("the key share does not decode")]
    Malformed,
    /// It belongs to a generation without a certificate.
    #[error("the key share waits for its certificate")]
    Inert,
    /// It is a share in use, where one that waits for its certificate was expected.
    #[error("the key share is in use")]
    InUse,
    /// The parts do not fit each other.
    #[error("the key share is inconsistent: {0}")]
    Inconsistent(&'static str),
}

impl KeyShare {
    /// Wraps what the engine made, once all of it fits together.
    pub(crate) fn checked(
        party: Party,
        package: PublicKeyPackage,
        epoch: u64,
        transcript: [u8; 32],
    ) -> Result<Self, ShareError> {
        let committee = check::check(&party, &package)?;
        let address = address::of_point(&party.pk)
            .ok_or(ShareError::Inconsistent("the public key is not a point"))?;
        Ok(Self { party: Arc::new(party), package, committee, address, epoch, transcript })
    }

    /// Reads a stored share and checks that secret, public shares and public key fit each other.
    ///
    /// # Errors
    /// On an unknown format, on bytes that do not decode, and on any inconsistency.
    pub fn decode(bytes: &[u8]) -> Result<Self, ShareError> {
        store::decode(bytes, Standing::InUse)
    }

    pub(crate) fn decode_inert(bytes: &[u8]) -> Result<Self, ShareError> {
        store::decode(bytes, Standing::Inert)
    }

    /// The share in its stored form. It is the secret itself: encrypt it.
    ///
    /// # Errors
    /// If the engine's data does not fit its promised size, which is a bug.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, ShareError> {
        store::encode(self, Standing::InUse)
    }

    pub(crate) fn encode_inert(&self) -> Result<Zeroizing<Vec<u8>>, ShareError> {
        store::encode(self, Standing::Inert)
    }

    /// What a refresh starts from; none if no epoch comes after ours.
    pub(crate) fn basis(&self) -> Option<Basis> {
        Some(Basis {
            party: Arc::clone(&self.party),
            package: self.package.clone(),
            origin: self.transcript,
            epoch: self.epoch.checked_add(1)?,
        })
    }

    /// The committee that holds the key.
    pub fn committee(&self) -> Committee {
        self.committee
    }

    /// Which party of it we are.
    pub fn me(&self) -> PartyId {
        PartyId::from_engine(self.party.party_index)
    }

    /// The generation of shares: 0 from keygen, one more with each refresh or reshare.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The hash of the ceremony that made this generation, equal at all parties. Every session id
    /// covers it, so generations never meet.
    pub fn transcript(&self) -> &[u8; 32] {
        &self.transcript
    }

    /// The root public key, compressed.
    pub fn public_key(&self) -> [u8; 33] {
        address::compressed(&self.party.pk)
    }

    /// The public share of `party`, compressed: its secret share times the generator.
    pub fn public_share(&self, party: PartyId) -> Option<[u8; 33]> {
        self.package.verifying_share(party.to_engine()).map(address::compressed)
    }

    /// The BIP-32 chain code. With the public key it derives every child's public key.
    pub fn chain_code(&self) -> &[u8; 32] {
        self.party.chain_code()
    }

    /// The Ethereum address of the root key.
    pub fn address(&self) -> [u8; 20] {
        self.address
    }

    /// The Ethereum address of the root key or of a child.
    ///
    /// # Errors
    /// For the about one index in 2^127 that has no key.
    pub fn owner_address(&self, child: Option<ChildIndex>) -> Result<[u8; 20], ChildError> {
        match child {
            None => Ok(self.address),
            Some(index) => address::of_point(&self.child_point(index)?)
                .ok_or_else(|| ChildError::NoKey(index.index())),
        }
    }

    /// The compressed public key of the root or of a child.
    ///
    /// # Errors
    /// For the about one index in 2^127 that has no key.
    pub fn owner_public_key(&self, child: Option<ChildIndex>) -> Result<[u8; 33], ChildError> {
        match child {
            None => Ok(self.public_key()),
            Some(index) => self.child_point(index).map(|point| address::compressed(&point)),
        }
    }

    /// The engine's party for the root or for a child. A child's party is made for one session: it is
    /// a copy of the oblivious-transfer state (some microseconds) under a shifted share.
    pub(crate) fn party(&self, child: Option<ChildIndex>) -> Result<Arc<Party>, ChildError> {
        match child {
            None => Ok(Arc::clone(&self.party)),
            Some(index) => self
                .party
                .derive_child(index.index(), |_| String::new())
                .map(Arc::new)
                .map_err(|_| ChildError::NoKey(index.index())),
        }
    }

    fn child_point(&self, child: ChildIndex) -> Result<AffinePoint, ChildError> {
        self.party
            .derivation_data
            .derive_child(child.index())
            .map(|derived| derived.pk)
            .map_err(|_| ChildError::NoKey(child.index()))
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyShare")
            .field("me", &self.me())
            .field("committee", &self.committee)
            .field("epoch", &self.epoch)
            .field("secret", &"<redacted>")
            .finish_non_exhaustive()
    }
}
