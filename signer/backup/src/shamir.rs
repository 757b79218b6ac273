//! Shamir's secret sharing of 32 bytes over GF(256), each byte by a polynomial of its own.
//!
//! The field is that of AES. Nothing that is secret chooses a branch or a place in memory: products are computed
//! bit by bit instead of looked up.

use std::fmt;

use rand::TryRngCore as _;
use zeroize::Zeroizing;

/// A secret of 32 bytes.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// One piece: the values of all polynomials at one place other than 0.
pub(crate) struct Piece {
    pub(crate) at: u8,
    pub(crate) value: Secret,
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({}, <redacted>)", self.at)
    }
}

/// Splits a secret so that any `need` of the pieces at 1 to `total` give it back, and fewer say nothing of it.
/// `None` if the operating system gives no randomness.
pub(crate) fn split(secret: &[u8; 32], need: u8, total: u8) -> Option<Vec<Piece>> {
    let mut coefficients = Vec::with_capacity(usize::from(need));
    for _ in 1..need {
        let mut random: Secret = Zeroizing::new([0; 32]);
        rand::rngs::OsRng.try_fill_bytes(&mut *random).ok()?;
        coefficients.push(random);
    }
    let piece = |at: u8| {
        let mut value: Secret = Zeroizing::new([0; 32]);
        for row in coefficients.iter().map(|row| &**row).chain([secret]) {
            for (byte, added) in value.iter_mut().zip(row) {
                *byte = times(*byte, at) ^ added;
            }
        }
        Piece { at, value }
    };
    Some((1..=total).map(piece).collect())
}

/// The value at `place` of the polynomials through these pieces; the secret is at 0. The pieces lie at different
/// places: they come from different locks.
pub(crate) fn value_at(pieces: &[Piece], place: u8) -> Secret {
    let mut sum: Secret = Zeroizing::new([0; 32]);
    for piece in pieces {
        let others = pieces.iter().filter(|other| other.at != piece.at);
        let weight = others.fold(1, |weight, other| {
            let (above, below) = (place ^ other.at, piece.at ^ other.at);
            times(weight, times(above, inverse(below)))
        });
        for (byte, value) in sum.iter_mut().zip(piece.value.iter()) {
            *byte ^= times(*value, weight);
        }
    }
    sum
}

/// The product modulo x⁸ + x⁴ + x³ + x + 1, in the same steps for all factors.
fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    for _ in 0..8 {
        product ^= a & (b & 1).wrapping_neg();
        a = (a << 1) ^ ((a >> 7).wrapping_neg() & 0x1b);
        b >>= 1;
    }
    product
}

/// The inverse: the 254th power. Of 0 it is 0.
fn inverse(a: u8) -> u8 {
    let power = (0..6).fold(a, |power, _| times(times(power, power), a));
    times(power, power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, inverse, split, times, value_at};

    fn copies(pieces: &[Piece], which: impl Fn(u8) -> bool) -> Vec<Piece> {
        let chosen = pieces.iter().filter(|piece| which(piece.at));
        chosen.map(|piece| Piece { at: piece.at, value: piece.value.clone() }).collect()
    }

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, sections 4.2 and 4.2.1.
        assert_eq!((times(0x57, 0x83), times(0x57, 0x13)), (0xc1, 0xfe));
        for a in 1..=255 {
            assert_eq!(times(a, inverse(a)), 1, "{a}");
        }
    }

    #[test]
    fn every_subset_large_enough_gives_the_secret_and_no_smaller_one_does() {
        let secret = [7; 32];
        for (need, total) in [(1, 1), (1, 3), (2, 3), (3, 5), (5, 5)] {
            let pieces = split(&secret, need, total).unwrap();
            for subset in 1_u32..1 << total {
                let some = copies(&pieces, |at| subset >> (at - 1) & 1 == 1);
                let found = *value_at(&some, 0) == secret;
                assert_eq!(found, subset.count_ones() >= u32::from(need), "{subset:b} of {need}");
            }
        }
    }

    proptest! {
        #[test]
        fn one_piece_too_few_fits_every_secret(secret: [u8; 32], other: [u8; 32]) {
            // given two of three pieces that are needed
            let pieces = split(&secret, 3, 5).unwrap();
            let mut two = copies(&pieces, |at| at < 3);
            // then a third one exists that makes any other secret of them
            two.push(Piece { at: 0, value: other.into() });
            let third = Piece { at: 3, value: value_at(&two, 3) };
            let mut three = copies(&pieces, |at| at < 3);
            three.push(third);
            prop_assert_eq!(*value_at(&three, 0), other);
        }
    }
}
