//! Who hands a key to whom: the plan that all parties of a reshare share.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::committee::Committee;
use crate::party::PartyId;

/// Who sits on one place of the new committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seat {
    /// A party of the old committee, under its old number.
    Stays(PartyId),
    /// Somebody new.
    Joins,
}

/// The plan of a reshare: the old committee, which `t` of it deal, and who sits in the new one.
///
/// A party that stays may have another number in the new committee. Whoever is not named by a seat leaves;
/// whoever does not deal need not be online unless it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    from: Committee,
    to: Committee,
    dealers: Vec<PartyId>,
    seats: Vec<Seat>,
}

/// Why a plan is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// Not exactly the old threshold of distinct members deal.
    #[error("{expected} distinct members of the old committee deal, not these")]
    Dealers {
        /// The old threshold.
        expected: u8,
    },
    /// Not one seat for each member of the new committee.
    #[error("{expected} members have {got} seats")]
    Seats {
        /// Members of the new committee.
        expected: u8,
        /// Seats given.
        got: usize,
    },
    /// A party that stays was not there, or sits twice.
    #[error("party {0} of the old committee cannot have that seat")]
    Stayer(PartyId),
}

impl Handover {
    /// A plan: `dealers` are exactly as many members of `from` as it takes to sign, `seats` those of `to`, in
    /// the order of its parties.
    ///
    /// # Errors
    /// If a party is named twice, or is not there, or the numbers are others.
    pub fn new(
        from: Committee,
        to: Committee,
        dealers: &[PartyId],
        seats: &[Seat],
    ) -> Result<Self, HandoverError> {
        let distinct: BTreeSet<PartyId> =
            dealers.iter().copied().filter(|dealer| from.contains(*dealer)).collect();
        let expected = from.threshold();
        if distinct.len() != usize::from(expected) || dealers.len() != distinct.len() {
            return Err(HandoverError::Dealers { expected });
        }
        if seats.len() != usize::from(to.parties()) {
            return Err(HandoverError::Seats { expected: to.parties(), got: seats.len() });
        }
        let mut sitting = BTreeSet::new();
        for seat in seats {
            if let Seat::Stays(old) = seat
                && !(from.contains(*old) && sitting.insert(*old))
            {
                return Err(HandoverError::Stayer(*old));
            }
        }
        Ok(Self { from, to, dealers: distinct.into_iter().collect(), seats: seats.to_vec() })
    }

    /// The committee that holds the key.
    pub fn from(&self) -> Committee {
        self.from
    }

    /// The committee that will hold it.
    pub fn to(&self) -> Committee {
        self.to
    }

    /// Who deals, by their old numbers, in order.
    pub fn dealers(&self) -> &[PartyId] {
        &self.dealers
    }

    /// Who sits where the new committee has `member`.
    pub fn seat(&self, member: PartyId) -> Option<Seat> {
        self.to
            .members()
            .zip(&self.seats)
            .find(|(place, _)| *place == member)
            .map(|(_, seat)| *seat)
    }

    /// Those of the old committee, but `me`, with whom the reshare is made: dealers and stayers.
    pub(super) fn counterparties(&self, me: Option<PartyId>) -> Vec<PartyId> {
        let stayers = self.seats.iter().filter_map(|seat| match seat {
            Seat::Stays(old) => Some(*old),
            Seat::Joins => None,
        });
        let all: BTreeSet<PartyId> = self.dealers.iter().copied().chain(stayers).collect();
        all.into_iter().filter(|party| Some(*party) != me).collect()
    }

    /// A hash of the whole plan.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"countersign/reshare plan/1");
        for committee in [self.from, self.to] {
            hasher.update([committee.parties(), committee.threshold()]);
        }
        // Both lists have lengths that the committees tell.
        self.dealers.iter().for_each(|dealer| hasher.update([dealer.index()]));
        for seat in &self.seats {
            hasher.update([match seat {
                Seat::Stays(old) => old.index(),
                Seat::Joins => 0,
            }]);
        }
        hasher.finalize().into()
    }
}
