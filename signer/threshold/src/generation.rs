//! The next generation of a key's shares, and the certificate without which it signs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use zeroize::Zeroizing;

use crate::committee::Committee;
use crate::party::PartyId;
use crate::share::{KeyShare, ShareError};

/// A share of a generation that not all parties are known to have stored.
///
/// It can be stored, read back and acknowledged, and nothing else: no machine takes it. The old share
/// signs until [`Self::confirm`] turns this one into a [`KeyShare`].
///
/// ```compile_fail,E0308
/// # use countersign_threshold::*;
/// # fn early(next: &NextGeneration, quorum: &[PartyId], digest: Digest, session: SessionId,
/// #     gates: std::sync::Arc<Gates>) {
/// let attempt = Signing::new(next, quorum, None, digest, session, gates);
/// # }
/// ```
///
/// # Security
/// It is as secret as a [`KeyShare`], and the stored form too: encrypt it.
pub struct NextGeneration(KeyShare);

/// One party's word that its share of one generation is in durable storage.
///
/// The caller has checked that it is the party's own: its identity signed it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Acknowledgement {
    /// Who says so.
    pub party: PartyId,
    /// Of which generation.
    pub epoch: u64,
    /// The hash of the ceremony that made it.
    pub transcript: [u8; 32],
}

/// The matching acknowledgements of all parties.
///
/// It is gathered by [`NextGeneration::certificate`] and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    committee: Committee,
    epoch: u64,
    transcript: [u8; 32],
}

/// Why acknowledgements are no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Some did not acknowledge it yet.
    #[error("not all parties acknowledged the generation")]
    Incomplete {
        /// Who did not.
        missing: Vec<PartyId>,
    },
    /// A party acknowledged something else.
    #[error("party {0} acknowledged another generation")]
    Differs(PartyId),
    /// A party acknowledged two things: the two statements prove that it lies.
    #[error("party {0} acknowledged two generations")]
    Equivocation(PartyId),
    /// An acknowledgement of somebody outside the committee.
    #[error("party {0} is not in the committee")]
    Stranger(PartyId),
    /// The certificate is another generation's.
    #[error("the certificate is another generation's")]
    Another,
}

impl CertificateError {
    /// The peers whose fault this certainly is.
    pub fn culprits(&self) -> Vec<PartyId> {
        match self {
            Self::Differs(peer) | Self::Equivocation(peer) => vec![*peer],
            Self::Incomplete { .. } | Self::Stranger(_) | Self::Another => Vec::new(),
        }
    }
}

impl NextGeneration {
    pub(crate) fn new(share: KeyShare) -> Self {
        Self(share)
    }

    /// Reads what [`Self::encode`] stored. The stored form of a share in use is refused.
    ///
    /// # Errors
    /// As [`KeyShare::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ShareError> {
        KeyShare::decode_inert(bytes).map(Self)
    }

    /// The stored form. [`KeyShare::decode`] refuses it by name.
    ///
    /// # Errors
    /// As [`KeyShare::encode`].
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, ShareError> {
        self.0.encode_inert()
    }

    /// Refresh 7: what we sign and tell the others, once [`Self::encode`] is in durable storage.
    pub fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement {
            party: self.0.me(),
            epoch: self.0.epoch(),
            transcript: *self.0.transcript(),
        }
    }

    /// Refresh 8: the certificate, if every party, we included, acknowledged this very generation.
    ///
    /// # Errors
    /// If somebody has not, or acknowledged something else, or two things.
    pub fn certificate(
        &self,
        acknowledgements: impl IntoIterator<Item = Acknowledgement>,
    ) -> Result<Certificate, CertificateError> {
        let mut said: BTreeMap<PartyId, BTreeSet<Acknowledgement>> = BTreeMap::new();
        for acknowledgement in acknowledgements {
            if !self.0.committee().contains(acknowledgement.party) {
                return Err(CertificateError::Stranger(acknowledgement.party));
            }
            said.entry(acknowledgement.party).or_default().insert(acknowledgement);
        }
        let ours = self.acknowledgement();
        for (party, words) in &said {
            if words.len() > 1 {
                return Err(CertificateError::Equivocation(*party));
            }
            if !words.contains(&Acknowledgement { party: *party, ..ours }) {
                return Err(CertificateError::Differs(*party));
            }
        }
        let members = self.0.committee().members();
        let missing: Vec<PartyId> = members.filter(|member| !said.contains_key(member)).collect();
        if !missing.is_empty() {
            return Err(CertificateError::Incomplete { missing });
        }
        Ok(Certificate {
            committee: self.0.committee(),
            epoch: ours.epoch,
            transcript: ours.transcript,
        })
    }

    /// Refresh 8: the share, which signs from now on.
    ///
    /// # Errors
    /// If the certificate is another generation's. The share is still in storage.
    pub fn confirm(self, certificate: &Certificate) -> Result<KeyShare, CertificateError> {
        let ours = Certificate {
            committee: self.0.committee(),
            epoch: self.0.epoch(),
            transcript: *self.0.transcript(),
        };
        if *certificate == ours { Ok(self.0) } else { Err(CertificateError::Another) }
    }

    /// Which party we are in it.
    pub fn me(&self) -> PartyId {
        self.0.me()
    }

    /// The committee that holds it.
    pub fn committee(&self) -> Committee {
        self.0.committee()
    }

    /// The number of this generation.
    pub fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    /// The hash of the ceremony that made it, equal at all parties.
    pub fn transcript(&self) -> &[u8; 32] {
        self.0.transcript()
    }

    /// The root public key, compressed: the same as before.
    pub fn public_key(&self) -> [u8; 33] {
        self.0.public_key()
    }

    /// The BIP-32 chain code: the same as before.
    pub fn chain_code(&self) -> &[u8; 32] {
        self.0.chain_code()
    }

    /// The Ethereum address of the root key: the same as before.
    pub fn address(&self) -> [u8; 20] {
        self.0.address()
    }

    /// The public share of `party` in it, compressed.
    pub fn public_share(&self, party: PartyId) -> Option<[u8; 33]> {
        self.0.public_share(party)
    }
}

impl fmt::Debug for NextGeneration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NextGeneration").field(&self.0).finish()
    }
}

impl fmt::Debug for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Acknowledgement({} of epoch {}, ", self.party, self.epoch)?;
        self.transcript.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests;
