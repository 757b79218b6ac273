//! What a receiver makes of the deals: its share of the key, or the dealer that lied.

use std::collections::BTreeMap;
use std::sync::Arc;

use k256::elliptic_curve::group::CurveAffine;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deal::{Deal, Facts};
use super::{Handover, ReshareError, polynomial};
use crate::engine::{
    AffinePoint, DerivData, Party, PartyIndex, PublicKeyPackage, Scalar, ZeroShare,
};
use crate::frame::body;
use crate::party::PartyId;
use crate::refresh::Basis;
use crate::talk::Signed;

/// What a member tells the others about the deals.
#[derive(Serialize, Deserialize)]
pub(super) enum Verdict {
    /// All is well, and this is what came of it.
    Good([u8; 32]),
    /// What a dealer told all is wrong, as everybody can see.
    Bad,
    /// What a dealer signed for us alone is no point of its polynomial, as everybody can check.
    WrongPoint { dealer: u8, point: Vec<u8>, signature: Vec<u8> },
}

/// What we found, kept until all verdicts are in.
pub(super) struct Judgement {
    pub(super) deals: BTreeMap<PartyId, Deal>,
    pub(super) outcome: [u8; 32],
    pub(super) found: Result<Basis, ReshareError>,
}

/// The deals as one receiver holds them.
pub(super) struct Bench<'a> {
    pub(super) handover: &'a Handover,
    pub(super) me: PartyId,
    pub(super) known: Option<&'a Facts>,
    pub(super) deals: &'a BTreeMap<PartyId, Deal>,
    pub(super) points: &'a BTreeMap<PartyId, Signed<Zeroizing<Scalar>>>,
}

impl Bench<'_> {
    /// Reshare 3: every check of a receiver, in order. Gives the basis of the refresh that follows.
    pub(super) fn judge(&self, origin: [u8; 32]) -> Result<Basis, ReshareError> {
        let facts = self.facts()?;
        for (dealer, deal) in self.deals {
            self.polynomial(*dealer, deal, facts)?;
        }
        let mut secret = Zeroizing::new(Scalar::ZERO);
        for (dealer, deal) in self.deals {
            let point = self.points.get(dealer).ok_or(ReshareError::Engine("a lost point"))?;
            if !is_on(deal, self.me, &point.message) {
                return Err(ReshareError::WrongPoint { dealer: *dealer, receiver: self.me });
            }
            *secret = polynomial::add(&secret, &point.message);
        }
        // Reshare 3e.
        let all: Vec<&[AffinePoint]> = self.deals.values().map(|deal| &deal.points[..]).collect();
        let sum = polynomial::sum(&all, self.handover.to().threshold());
        if sum.first() != Some(&facts.key) {
            return Err(ReshareError::AnotherKey);
        }
        self.basis(facts, &sum, &secret, origin)
    }

    /// Reshare 3a: all dealers tell the same of the key, and what we know ourselves.
    fn facts(&self) -> Result<&Facts, ReshareError> {
        let mut told = self.deals.iter();
        let (first, deal) = told.next().ok_or(ReshareError::Engine("no deals"))?;
        let truth = self.known.unwrap_or(&deal.facts);
        let wrong = |facts: &Facts| *facts != *truth;
        let differ: Vec<PartyId> =
            self.deals.iter().filter(|(_, deal)| wrong(&deal.facts)).map(|(id, _)| *id).collect();
        match (self.known, differ.first()) {
            (Some(_), Some(liar)) => Err(ReshareError::FalseFacts { dealer: *liar }),
            (None, Some(_)) => Err(ReshareError::FactsDiffer { first: *first, differ }),
            (_, None) => Ok(truth),
        }
    }

    /// Reshare 3b and 3c: the polynomial has the right degree, and shares what the dealer has to share.
    fn polynomial(&self, dealer: PartyId, deal: &Deal, facts: &Facts) -> Result<(), ReshareError> {
        let expected = usize::from(self.handover.to().threshold());
        let got = deal.points.len();
        let whole = deal.points.iter().all(|point| !bool::from(point.is_identity()));
        if got != expected || !whole {
            return Err(ReshareError::WrongDegree { dealer, expected, got });
        }
        let weight = polynomial::weight(dealer, self.handover.dealers())
            .ok_or(ReshareError::Engine("dealers without weights"))?;
        let owed = facts.share(dealer).map(|share| polynomial::weighed_point(&weight, share));
        if owed.as_ref() == deal.points.first() {
            Ok(())
        } else {
            Err(ReshareError::WrongConstant { dealer })
        }
    }

    /// Reshare 6: a party with a share and without any oblivious-transfer state.
    fn basis(
        &self,
        facts: &Facts,
        sum: &[AffinePoint],
        secret: &Scalar,
        origin: [u8; 32],
    ) -> Result<Basis, ReshareError> {
        let committee = self.handover.to();
        let shares: BTreeMap<PartyIndex, AffinePoint> = committee
            .members()
            .map(|member| (member.to_engine(), polynomial::committed_at(sum, member)))
            .collect();
        let party = Party {
            parameters: committee.to_engine(),
            party_index: self.me.to_engine(),
            session_id: origin.to_vec(),
            poly_point: *secret,
            pk: facts.key,
            zero_share: ZeroShare::initialize(Vec::new()),
            mul_senders: BTreeMap::new(),
            mul_receivers: BTreeMap::new(),
            derivation_data: DerivData {
                depth: 0,
                child_number: 0,
                parent_fingerprint: [0; 4],
                poly_point: *secret,
                pk: facts.key,
                chain_code: facts.chain_code,
            },
            address: String::new(),
        };
        Ok(Basis {
            party: Arc::new(party),
            package: PublicKeyPackage::new(facts.key, shares, committee.to_engine()),
            origin,
            epoch: facts.epoch.checked_add(1).ok_or(ReshareError::LastEpoch)?,
        })
    }

    /// Reshare 4: what we tell the others of what we found.
    pub(super) fn verdict(
        &self,
        found: &Result<Basis, ReshareError>,
        outcome: [u8; 32],
    ) -> Result<Verdict, ReshareError> {
        match found {
            Ok(_) => Ok(Verdict::Good(outcome)),
            Err(ReshareError::WrongPoint { dealer, .. }) => {
                let lost = || ReshareError::Engine("a lost point");
                let signed = self.points.get(dealer).ok_or_else(lost)?;
                let point = body::encode(&*signed.message).ok_or_else(lost)?;
                let signature = signed.signature.clone();
                Ok(Verdict::WrongPoint { dealer: dealer.index(), point, signature })
            }
            Err(_) => Ok(Verdict::Bad),
        }
    }
}

/// Reshare 3d: whether a point lies on the polynomial that the dealer committed to.
pub(super) fn is_on(deal: &Deal, receiver: PartyId, point: &Scalar) -> bool {
    polynomial::times_generator(point) == polynomial::committed_at(&deal.points, receiver)
}

impl Judgement {
    /// Whether the dealer that `receiver` accuses signed this for it, and it is none of its points.
    pub(super) fn proves(
        &self,
        receiver: PartyId,
        dealer: PartyId,
        point: &[u8],
        signed: impl FnOnce(&[u8]) -> bool,
    ) -> bool {
        let Ok(value) = body::decode::<Scalar>(point, dealer, receiver).map(Zeroizing::new) else {
            return false;
        };
        let deal = self.deals.get(&dealer);
        deal.is_some_and(|deal| !is_on(deal, receiver, &value)) && signed(point)
    }
}
