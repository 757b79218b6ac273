//! That a share's parts fit each other: run on everything that keygen makes and on all that is read.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "arithmetic in the field and in the group does not overflow"
)]

use std::collections::BTreeSet;

use k256::ProjectivePoint;
use k256::elliptic_curve::group::CurveAffine;

use super::ShareError;
use crate::committee::Committee;
use crate::engine::{AffinePoint, Party, PartyIndex, PublicKeyPackage, Scalar};
use crate::party::PartyId;

pub(super) fn check(party: &Party, package: &PublicKeyPackage) -> Result<Committee, ShareError> {
    let committee = Committee::new(party.parameters.share_count, party.parameters.threshold)
        .map_err(|_| ShareError::Inconsistent("the committee is not one"))?;
    let me = PartyId::from_engine(party.party_index);
    require(committee.contains(me), "we are not in the committee")?;
    require(party.session_id.len() == 32, "the session id is not 32 bytes")?;
    check_root(party)?;
    check_public(party, package, committee)?;
    check_pairs(party, committee, me)?;
    Ok(committee)
}

/// The share is a root's: what derives children agrees with what signs.
fn check_root(party: &Party) -> Result<(), ShareError> {
    let root = &party.derivation_data;
    require(root.depth == 0 && root.child_number == 0, "it is a child's")?;
    require(root.pk == party.pk, "the root derives from another public key")?;
    require(root.poly_point == party.poly_point, "the root derives from another secret")?;
    require(!bool::from(party.pk.is_identity()), "the public key is the point at infinity")
}

/// The secret belongs to our public share, and all public shares lie on one polynomial of the right
/// degree whose value at zero is the public key.
fn check_public(
    party: &Party,
    package: &PublicKeyPackage,
    committee: Committee,
) -> Result<(), ShareError> {
    require(
        package.threshold() == committee.threshold()
            && package.share_count() == committee.parties(),
        "the public shares are another committee's",
    )?;
    require(*package.verifying_key() == party.pk, "the public shares are another key's")?;
    let ours: AffinePoint = (ProjectivePoint::GENERATOR * party.poly_point).into();
    require(
        package.verify_share(party.party_index, &ours),
        "the secret does not belong to our public share",
    )?;
    let shares = committee
        .members()
        .map(|member| package.verifying_share(member.to_engine()).map(|point| (member, *point)))
        .collect::<Option<Vec<_>>>()
        .ok_or(ShareError::Inconsistent("a public share is missing"))?;
    for window in shares.windows(usize::from(committee.threshold())) {
        let key = interpolate(window)
            .ok_or(ShareError::Inconsistent("the public shares cannot be interpolated"))?;
        require(key == party.pk, "the public shares do not add up to the public key")?;
    }
    Ok(())
}

/// The value at zero of the polynomial through `shares`.
fn interpolate(shares: &[(PartyId, AffinePoint)]) -> Option<AffinePoint> {
    let mut sum = ProjectivePoint::IDENTITY;
    for (at, point) in shares {
        let (mut numerator, mut denominator) = (Scalar::ONE, Scalar::ONE);
        for (other, _) in shares.iter().filter(|(other, _)| other != at) {
            numerator *= scalar(*other);
            denominator *= scalar(*other) - scalar(*at);
        }
        let inverse: Option<Scalar> = denominator.invert().into();
        sum += *point * (numerator * inverse?);
    }
    Some(sum.into())
}

fn scalar(party: PartyId) -> Scalar {
    Scalar::from(u64::from(party.index()))
}

/// There is well-formed state for exactly the other parties.
fn check_pairs(party: &Party, committee: Committee, me: PartyId) -> Result<(), ShareError> {
    let others: BTreeSet<PartyIndex> = committee.others(me).map(PartyId::to_engine).collect();
    require(party.mul_senders.keys().eq(others.iter()), "senders for other parties")?;
    require(party.mul_receivers.keys().eq(others.iter()), "receivers for other parties")?;
    require(
        party.mul_senders.values().all(|sender| sender.check_state().is_ok())
            && party.mul_receivers.values().all(|receiver| receiver.check_state(None).is_ok()),
        "state of wrong dimensions",
    )?;
    let seeds: BTreeSet<PartyIndex> =
        party.zero_share.seeds.iter().map(|seed| seed.index_counterparty).collect();
    require(
        seeds == others && party.zero_share.seeds.len() == others.len(),
        "seeds for other parties",
    )?;
    require(
        party
            .zero_share
            .seeds
            .iter()
            .all(|seed| seed.lowest_index == (party.party_index < seed.index_counterparty)),
        "seeds of the wrong sign",
    )
}

fn require(holds: bool, what: &'static str) -> Result<(), ShareError> {
    if holds { Ok(()) } else { Err(ShareError::Inconsistent(what)) }
}
