//! What a dealer says: the key's facts, the commitment to its polynomial, and to each a point of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::polynomial::{self, Polynomial};
use super::{Handover, ReshareError, wire_session};
use crate::engine::{AffinePoint, Scalar};
use crate::frame::Protocol;
use crate::gate::Gates;
use crate::outgoing::{Guarded, Outgoing};
use crate::party::PartyId;
use crate::session::SessionId;
use crate::share::KeyShare;
use crate::talk::Talk;
use crate::witness::Witness;

/// What everybody must know alike about a key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) key: AffinePoint,
    pub(super) chain_code: [u8; 32],
    pub(super) epoch: u64,
    pub(super) transcript: [u8; 32],
    /// The public shares of the old committee, in order.
    pub(super) shares: Vec<AffinePoint>,
}

/// What a dealer tells all.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Deal {
    pub(super) facts: Facts,
    /// The coefficients of the polynomial times the generator, lowest first.
    pub(super) points: Vec<AffinePoint>,
}

impl Facts {
    pub(super) fn of(share: &KeyShare) -> Option<Self> {
        let basis = share.basis()?;
        let members = share.committee().members();
        let shares = members
            .map(|member| basis.package.verifying_share(member.to_engine()).copied())
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            key: basis.party.pk,
            chain_code: *share.chain_code(),
            epoch: share.epoch(),
            transcript: *share.transcript(),
            shares,
        })
    }

    /// The public share of a party of the old committee.
    pub(super) fn share(&self, party: PartyId) -> Option<&AffinePoint> {
        self.shares.get(usize::from(party.index()).checked_sub(1)?)
    }
}

/// Reshare 2: deals our share of the key to the new committee. One broadcast to all its members, one message
/// to each; those to ourselves, if we stay, are delivered to our own [`Reshare`](super::Reshare) too.
///
/// `witness` signs with our identity, under our old number; `gates` are the old generation's. Receivers are
/// named by their new numbers.
///
/// # Errors
/// If we do not deal in this plan, if a party that deals or stays is banned or may be, or if `session` was used before.
pub fn deal(
    share: &KeyShare,
    handover: &Handover,
    session: SessionId,
    witness: Arc<dyn Witness>,
    gates: &Arc<Gates>,
) -> Result<Vec<Guarded>, ReshareError> {
    let me = share.me();
    if share.committee() != handover.from() || !handover.dealers().contains(&me) {
        return Err(ReshareError::NoPart);
    }
    let counterparties: Arc<[PartyId]> = handover.counterparties(Some(me)).into();
    gates.must_pass(&counterparties)?;
    if !gates.take_session(deal_session(session, handover))? {
        return Err(ReshareError::SessionReused);
    }
    let facts = Facts::of(share).ok_or(ReshareError::LastEpoch)?;
    let basis = share.basis().ok_or(ReshareError::LastEpoch)?;
    let weight = polynomial::weight(me, handover.dealers())
        .ok_or(ReshareError::Engine("dealers without weights"))?;
    let constant = polynomial::weighed(&weight, &basis.party.poly_point);
    let secret = Polynomial::draw(&constant, handover.to().threshold());
    let wire = wire_session(session, handover);
    let talk = Talk::new(Protocol::Reshare, handover.from(), me, wire, witness);
    let mut outgoing = vec![talk.speak_of(1, &Deal { facts, points: secret.commitment() })?];
    for member in handover.to().members() {
        let point: Zeroizing<Scalar> = secret.at(member);
        outgoing.push(talk.direct_signed(1, member, &*point)?);
    }
    let guarded = |outgoing: Outgoing| Guarded {
        outgoing,
        counterparties: Arc::clone(&counterparties),
        gates: Arc::clone(gates),
    };
    Ok(outgoing.into_iter().map(guarded).collect())
}

/// Whoever deals and receives takes part in one session twice, and in each part once.
fn deal_session(session: SessionId, handover: &Handover) -> SessionId {
    super::derived(b"countersign/reshare deal/1", session, handover)
}
