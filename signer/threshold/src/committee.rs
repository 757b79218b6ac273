//! A committee: how many parties hold a key and how many of them sign.

use crate::engine::Parameters;
use crate::party::PartyId;

/// The largest committee this crate serves. Setup grows with the square of the members.
pub const MAX_PARTIES: u8 = 32;

/// `n` parties, numbered from one, any `t` of whom sign.
///
/// Checked once, here: `2 <= t < n <= MAX_PARTIES`. There is always a party more than a quorum needs,
/// because a ban must leave a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Committee {
    parties: u8,
    threshold: u8,
}

/// Why a committee is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// One party alone could sign.
    #[error("a threshold of {0} is below 2")]
    ThresholdTooLow(u8),
    /// A single ban would lock the key.
    #[error("{parties} parties leave no spare beyond a threshold of {threshold}")]
    NoSpareParty {
        /// Parties asked for.
        parties: u8,
        /// Threshold asked for.
        threshold: u8,
    },
    /// More parties than [`MAX_PARTIES`].
    #[error("{0} parties are more than {MAX_PARTIES}")]
    TooMany(u8),
    /// Two quorums need not share a member, so they could sign two things for one nonce.
    #[error("two quorums of {threshold} among {parties} need not share a member")]
    DisjointQuorums {
        /// Parties asked for.
        parties: u8,
        /// Threshold asked for.
        threshold: u8,
    },
}

/// Why a set of parties is not a quorum of this committee with us in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuorumError {
    /// Not exactly `t` members.
    #[error("a quorum has {expected} members, this one has {got}")]
    WrongSize {
        /// The committee's threshold.
        expected: u8,
        /// Members given.
        got: usize,
    },
    /// A party is named twice.
    #[error("party {0} is named twice")]
    Duplicate(PartyId),
    /// A party is not in the committee.
    #[error("party {0} is not in the committee")]
    Stranger(PartyId),
    /// We are not in it.
    #[error("party {0}, which is us, is not in the quorum")]
    WithoutUs(PartyId),
}

impl Committee {
    /// A committee of `parties`, any `threshold` of whom sign.
    ///
    /// # Errors
    /// Unless `2 <= threshold < parties <= MAX_PARTIES`.
    pub fn new(parties: u8, threshold: u8) -> Result<Self, CommitteeError> {
        if threshold < 2 {
            return Err(CommitteeError::ThresholdTooLow(threshold));
        }
        if parties <= threshold {
            return Err(CommitteeError::NoSpareParty { parties, threshold });
        }
        if parties > MAX_PARTIES {
            return Err(CommitteeError::TooMany(parties));
        }
        Ok(Self { parties, threshold })
    }

    /// A committee for keys that own accounts: any two quorums share a member, so one nonce cannot be
    /// signed for twice behind every honest party's back.
    ///
    /// # Errors
    /// As [`Self::new`], and unless `2 * threshold > parties`.
    pub fn for_accounts(parties: u8, threshold: u8) -> Result<Self, CommitteeError> {
        let committee = Self::new(parties, threshold)?;
        if u16::from(threshold).saturating_mul(2) <= u16::from(parties) {
            return Err(CommitteeError::DisjointQuorums { parties, threshold });
        }
        Ok(committee)
    }

    /// How many parties hold a share.
    pub fn parties(self) -> u8 {
        self.parties
    }

    /// How many of them sign.
    pub fn threshold(self) -> u8 {
        self.threshold
    }

    /// Every member, in order.
    pub fn members(self) -> impl Iterator<Item = PartyId> {
        (1..=self.parties).filter_map(|index| PartyId::new(index).ok())
    }

    /// Whether `party` is a member.
    pub fn contains(self, party: PartyId) -> bool {
        party.index() <= self.parties
    }

    pub(crate) fn others(self, me: PartyId) -> impl Iterator<Item = PartyId> {
        self.members().filter(move |party| *party != me)
    }

    /// The other members of `quorum`, sorted, once it is known to be a quorum with `me` in it.
    pub(crate) fn counterparties(
        self,
        me: PartyId,
        quorum: &[PartyId],
    ) -> Result<Vec<PartyId>, QuorumError> {
        if quorum.len() != usize::from(self.threshold) {
            return Err(QuorumError::WrongSize { expected: self.threshold, got: quorum.len() });
        }
        let mut sorted = quorum.to_vec();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(QuorumError::Duplicate(twice.first().copied().unwrap_or(me)));
        }
        if let Some(stranger) = sorted.iter().find(|party| !self.contains(**party)) {
            return Err(QuorumError::Stranger(*stranger));
        }
        if !sorted.contains(&me) {
            return Err(QuorumError::WithoutUs(me));
        }
        sorted.retain(|party| *party != me);
        Ok(sorted)
    }

    pub(crate) fn to_engine(self) -> Parameters {
        Parameters { threshold: self.threshold, share_count: self.parties }
    }
}
