//! Which quorum to ask next.

use std::collections::BTreeMap;

/// The first quorum of `size`, in order of preference, without those that are out and not tried
/// before; ascending, as the protocol wants it.
pub(super) fn next(
    preference: &[u8],
    out: &BTreeMap<u8, ()>,
    tried: &[Vec<u8>],
    size: usize,
) -> Option<Vec<u8>> {
    let able: Vec<u8> = preference.iter().copied().filter(|p| !out.contains_key(p)).collect();
    let mut quorum = Vec::with_capacity(size);
    pick(&able, tried, size, &mut quorum)
}

fn pick(able: &[u8], tried: &[Vec<u8>], size: usize, chosen: &mut Vec<u8>) -> Option<Vec<u8>> {
    if chosen.len() == size {
        let mut quorum = chosen.clone();
        quorum.sort_unstable();
        return (!tried.contains(&quorum)).then_some(quorum);
    }
    for (at, party) in able.iter().enumerate() {
        chosen.push(*party);
        let found = pick(&able[at + 1..], tried, size, chosen);
        chosen.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_those_it_prefers() {
        assert_eq!(next(&[3, 1, 2], &BTreeMap::new(), &[], 2), Some(vec![1, 3]));
    }

    #[test]
    fn leaves_out_who_failed() {
        assert_eq!(next(&[1, 2, 3], &BTreeMap::from([(1, ())]), &[], 2), Some(vec![2, 3]));
    }

    #[test]
    fn tries_every_quorum_once_and_then_gives_up() {
        let mut tried = Vec::new();
        while let Some(quorum) = next(&[2, 3, 1], &BTreeMap::new(), &tried, 2) {
            tried.push(quorum);
        }
        tried.sort();
        assert_eq!(tried, [vec![1, 2], vec![1, 3], vec![2, 3]]);
    }

    #[test]
    fn has_none_when_too_few_are_left() {
        let out = BTreeMap::from([(1, ()), (2, ())]);
        assert_eq!(next(&[1, 2, 3], &out, &[], 2), None);
    }
}
