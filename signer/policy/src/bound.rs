//! What many cosigners can sign together within limits that each keeps for itself.

use alloy::primitives::U256;

/// The most that a committee of `parties` with `threshold` can sign within a cap that each honest cosigner keeps, if
/// `malicious` of them keep none: `cap * (n - f) / (t - f)`, rounded up.
///
/// Each signature needs at least `t - f` honest members, and all honest members together have `n - f` caps to spend.
/// `None` if `malicious` reaches the threshold: then there is no bound.
#[must_use]
pub fn network_bound(cap: U256, parties: u8, threshold: u8, malicious: u8) -> Option<U256> {
    let honest_needed = threshold.checked_sub(malicious).filter(|needed| *needed > 0)?;
    let honest = parties.checked_sub(malicious)?;
    let total = cap.saturating_mul(U256::from(honest));
    Some(total.div_ceil(U256::from(honest_needed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_honest_cosigners_can_sign_half_as_much_again() {
        assert_eq!(network_bound(U256::from(100), 3, 2, 0), Some(U256::from(150)));
        assert_eq!(network_bound(U256::from(100), 3, 2, 1), Some(U256::from(200)));
        assert_eq!(network_bound(U256::from(100), 5, 3, 2), Some(U256::from(300)));
    }

    #[test]
    fn a_malicious_quorum_has_no_bound() {
        assert_eq!(network_bound(U256::from(100), 3, 2, 2), None);
        assert_eq!(network_bound(U256::from(100), 3, 2, 3), None);
    }

    #[test]
    fn it_rounds_up_and_never_wraps() {
        assert_eq!(network_bound(U256::from(1), 3, 2, 0), Some(U256::from(2)));
        let all = network_bound(U256::MAX, 3, 2, 1);
        assert_eq!(all, Some(U256::MAX));
    }
}
