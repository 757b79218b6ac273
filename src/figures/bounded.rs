//! Values of a label that somebody else chooses.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Longer values are none.
const LONGEST: usize = 32;

/// So many different values, and `other` for all that come after.
#[derive(Debug)]
pub(super) struct Bounded {
    most: usize,
    known: Mutex<BTreeSet<String>>,
}

impl Bounded {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, known: Mutex::new(BTreeSet::new()) }
    }

    /// The value as a label has it.
    pub(super) fn keep(&self, value: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if value.len() > LONGEST || !value.bytes().all(plain) {
            return "other".to_owned();
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(value) {
            if known.len() >= self.most {
                return "other".to_owned();
            }
            known.insert(value.to_owned());
        }
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_values_than_the_bound_and_none_that_could_carry_something() {
        let bounded = Bounded::new(2);
        assert_eq!(bounded.keep("https://node.example/SECRET"), "other");
        assert_eq!(bounded.keep(&"x".repeat(33)), "other");
        assert_eq!((bounded.keep("one"), bounded.keep("two")), ("one".into(), "two".into()));
        assert_eq!((bounded.keep("three"), bounded.keep("one")), ("other".into(), "one".into()));
    }
}
