//! Who is who: a party's place in its committee.

use std::fmt;
use std::str::FromStr;

use crate::engine::PartyIndex;

/// A party's place in its committee, counted from one.
///
/// The number is also the point at which the party holds the shared polynomial, so it never changes
/// in the life of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(PartyIndex);

/// Zero is not a party: it is where the secret key lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a party is a number from 1 to 255")]
pub struct PartyIdError;

impl PartyId {
    /// The party at `index`, counted from one.
    ///
    /// # Errors
    /// Zero is refused.
    pub fn new(index: u8) -> Result<Self, PartyIdError> {
        PartyIndex::new(index).map(Self).map_err(|_| PartyIdError)
    }

    /// The number, counted from one.
    pub fn index(self) -> u8 {
        self.0.as_u8()
    }

    pub(crate) fn to_engine(self) -> PartyIndex {
        self.0
    }

    pub(crate) fn from_engine(index: PartyIndex) -> Self {
        Self(index)
    }
}

impl TryFrom<u8> for PartyId {
    type Error = PartyIdError;

    fn try_from(index: u8) -> Result<Self, PartyIdError> {
        Self::new(index)
    }
}

impl FromStr for PartyId {
    type Err = PartyIdError;

    fn from_str(text: &str) -> Result<Self, PartyIdError> {
        text.parse().map_err(|_| PartyIdError).and_then(Self::new)
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index().fmt(f)
    }
}

impl fmt::Debug for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartyId({})", self.index())
    }
}
