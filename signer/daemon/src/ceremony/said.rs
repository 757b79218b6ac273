//! What was said about one ceremony, each statement checked, by author.

use std::collections::BTreeMap;

use countersign_protocol::CommitteeFile;
use countersign_threshold::PartyId;

use super::CeremonyError;
use super::commit::{Phase, Standing};
use super::manifest::CeremonyId;
use super::statement::{Says, SignedStatement};
use crate::vault::StoredGeneration;

/// Statements about one ceremony.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    acks: BTreeMap<PartyId, SignedStatement>,
    /// Acknowledgements of another key than ours.
    others: BTreeMap<PartyId, SignedStatement>,
    discards: BTreeMap<PartyId, SignedStatement>,
    rejects: BTreeMap<PartyId, SignedStatement>,
}

/// Two statements of one author that no honest party makes both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Equivocation {
    pub(super) party: PartyId,
    pub(super) statements: [SignedStatement; 2],
}

impl Said {
    /// Takes one more statement into account, as one about the key with this transcript.
    ///
    /// # Errors
    /// If its author did not sign it, or it is about another ceremony.
    pub(super) fn take(
        &mut self,
        committee: &CommitteeFile,
        (id, transcript): (CeremonyId, &[u8; 32]),
        statement: SignedStatement,
    ) -> Result<(), CeremonyError> {
        let (party, says) = statement.open(committee, id)?;
        let place = match says {
            Says::Confirm => return Ok(()),
            Says::Ack { transcript: other } if other == *transcript => &mut self.acks,
            Says::Ack { .. } => &mut self.others,
            Says::Discard { .. } => &mut self.discards,
            Says::Reject { .. } => &mut self.rejects,
        };
        place.entry(party).or_insert(statement);
        Ok(())
    }

    /// What is on disk about a generation, our own word included.
    pub(super) fn stored(
        committee: &CommitteeFile,
        stored: &StoredGeneration,
    ) -> Result<Self, CeremonyError> {
        let about = (CeremonyId(stored.record.ceremony), &stored.record.transcript);
        let papers = &stored.papers;
        let mut said = Self::default();
        for statement in papers.acks.iter().chain(&papers.refusals).chain(&stored.reject) {
            said.take(committee, about, statement.clone())?;
        }
        Ok(said)
    }

    /// Takes what another said to us too.
    pub(super) fn merge(&mut self, other: &Self) {
        let pairs = [
            (&mut self.acks, &other.acks),
            (&mut self.others, &other.others),
            (&mut self.discards, &other.discards),
            (&mut self.rejects, &other.rejects),
        ];
        for (ours, theirs) in pairs {
            for (party, statement) in theirs {
                ours.entry(*party).or_insert_with(|| statement.clone());
            }
        }
    }

    /// The same without the signatures.
    pub(super) fn standing(&self, phase: Phase) -> Standing {
        Standing {
            phase,
            acks: self.acks.keys().copied().collect(),
            discards: self.discards.keys().copied().collect(),
            rejects: self.rejects.keys().copied().collect(),
        }
    }

    pub(super) fn acks(&self) -> Vec<SignedStatement> {
        self.acks.values().cloned().collect()
    }

    pub(super) fn acknowledges(&self, party: PartyId) -> bool {
        self.acks.contains_key(&party)
    }

    /// Whether this party acknowledged another key than ours.
    pub(super) fn differs(&self, party: PartyId) -> bool {
        self.others.contains_key(&party) && !self.acknowledges(party)
    }

    /// Every author's word against the key, one each.
    pub(super) fn refusals(&self) -> Vec<SignedStatement> {
        self.by_refuser().into_values().collect()
    }

    /// The same without the word of `party`.
    pub(super) fn refusals_but(&self, party: PartyId) -> Vec<SignedStatement> {
        let mut refusals = self.by_refuser();
        refusals.remove(&party);
        refusals.into_values().collect()
    }

    fn by_refuser(&self) -> BTreeMap<PartyId, SignedStatement> {
        let mut refusals = self.discards.clone();
        refusals.extend(self.rejects.clone());
        refusals
    }

    /// Who said two things of which one is a lie, whatever was true.
    pub(super) fn equivocations(&self) -> Vec<Equivocation> {
        let pairs = [
            (&self.acks, &self.others),
            (&self.acks, &self.discards),
            (&self.others, &self.discards),
        ];
        let of_pair = |(one, other): (&BTreeMap<_, SignedStatement>, &BTreeMap<_, _>)| {
            let both = |(party, first): (&PartyId, &SignedStatement)| {
                let second: &SignedStatement = other.get(party)?;
                Some(Equivocation { party: *party, statements: [first.clone(), second.clone()] })
            };
            one.iter().filter_map(both).collect::<Vec<_>>()
        };
        pairs.into_iter().flat_map(of_pair).collect()
    }
}
