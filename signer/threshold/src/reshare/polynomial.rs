//! The arithmetic of a redistribution: polynomials over the scalars, and their commitments.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "arithmetic in the field and in the group does not overflow"
)]

use dkls23_secp256k1::utilities::rng;
use k256::ProjectivePoint;
use k256::elliptic_curve::Field;
use zeroize::Zeroizing;

use crate::engine::{AffinePoint, Scalar};
use crate::party::PartyId;

/// A secret polynomial, lowest coefficient first.
pub(super) struct Polynomial(Zeroizing<Vec<Scalar>>);

impl Polynomial {
    /// One of `length` coefficients, random but for the first.
    pub(super) fn draw(constant: &Scalar, length: u8) -> Self {
        let mut coefficients = Zeroizing::new(Vec::with_capacity(usize::from(length)));
        coefficients.push(*constant);
        for _ in 1..length {
            coefficients.push(Scalar::random(&mut rng::get_rng()));
        }
        Self(coefficients)
    }

    /// Its value at a party's place.
    pub(super) fn at(&self, party: PartyId) -> Zeroizing<Scalar> {
        let place = scalar(party);
        Zeroizing::new(self.0.iter().rev().fold(Scalar::ZERO, |sum, next| sum * place + next))
    }

    /// Its coefficients times the generator.
    pub(super) fn commitment(&self) -> Vec<AffinePoint> {
        self.0.iter().map(times_generator).collect()
    }
}

/// The value of a committed polynomial at a party's place.
pub(super) fn committed_at(points: &[AffinePoint], party: PartyId) -> AffinePoint {
    let place = scalar(party);
    points.iter().rev().fold(ProjectivePoint::IDENTITY, |sum, next| sum * place + next).into()
}

/// The sum of commitments, coefficient by coefficient.
pub(super) fn sum(commitments: &[&[AffinePoint]], length: u8) -> Vec<AffinePoint> {
    (0..usize::from(length))
        .map(|at| {
            let points = commitments.iter().filter_map(|points| points.get(at));
            points.fold(ProjectivePoint::IDENTITY, |sum, point| sum + point).into()
        })
        .collect()
}

/// What `dealer`'s share weighs among those of `dealers`; none if two of them are one.
pub(super) fn weight(dealer: PartyId, dealers: &[PartyId]) -> Option<Scalar> {
    let (mut numerator, mut denominator) = (Scalar::ONE, Scalar::ONE);
    for other in dealers.iter().filter(|other| **other != dealer) {
        numerator *= scalar(*other);
        denominator *= scalar(*other) - scalar(dealer);
    }
    let inverse: Option<Scalar> = denominator.invert().into();
    inverse.map(|inverse| numerator * inverse)
}

pub(super) fn weighed(weight: &Scalar, secret: &Scalar) -> Zeroizing<Scalar> {
    Zeroizing::new(*weight * secret)
}

pub(super) fn weighed_point(weight: &Scalar, point: &AffinePoint) -> AffinePoint {
    (ProjectivePoint::from(*point) * weight).into()
}

pub(super) fn times_generator(secret: &Scalar) -> AffinePoint {
    (ProjectivePoint::GENERATOR * secret).into()
}

pub(super) fn add(sum: &Scalar, next: &Scalar) -> Scalar {
    *sum + next
}

fn scalar(party: PartyId) -> Scalar {
    Scalar::from(u64::from(party.index()))
}
