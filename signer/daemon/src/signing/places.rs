//! How many sessions run side by side: in all, and for each gateway, so that one cannot shut out the
//! others.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::{Semaphore, SemaphorePermit};

/// How many sessions run side by side; one more is told to come again.
pub(super) const SESSIONS: usize = 256;

/// The free places.
pub(super) struct Places {
    all: Semaphore,
    of_gateway: BTreeMap<String, Semaphore>,
}

/// One session's place, until it is dropped.
#[must_use = "a place that is dropped is free again"]
pub(super) struct Place<'a> {
    _one_of_all: SemaphorePermit<'a>,
    _of_gateway: Option<SemaphorePermit<'a>>,
}

impl Places {
    pub(super) fn new(gateways: &BTreeSet<String>, each: usize) -> Self {
        let quota = |name: &String| (name.clone(), Semaphore::new(each.min(SESSIONS)));
        Self { all: Semaphore::new(SESSIONS), of_gateway: gateways.iter().map(quota).collect() }
    }

    /// A place for `caller`, or why there is none. A stranger has no quota, only a rule that refuses.
    pub(super) fn take(&self, caller: &str) -> Result<Place<'_>, &'static str> {
        let quota = self.of_gateway.get(caller).map(Semaphore::try_acquire).transpose();
        let of_gateway = quota.map_err(|_| "too many sessions of this gateway at once")?;
        let one_of_all = self.all.try_acquire().map_err(|_| "too many sessions at once")?;
        Ok(Place { _one_of_all: one_of_all, _of_gateway: of_gateway })
    }

    /// Gives no more places.
    pub(super) fn close(&self) {
        self.all.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_sessions_run_than_there_are_places_whoever_asks() {
        let gateways: BTreeSet<String> = ["one", "two", "three"].map(String::from).into();
        let places = Places::new(&gateways, 100);
        let mut taken = Vec::new();
        for (gateway, granted) in [("one", 100), ("two", 100), ("three", 56)] {
            for _ in 0..granted {
                taken.push(places.take(gateway).unwrap_or_else(|busy| panic!("{busy}")));
            }
            assert!(places.take(gateway).is_err(), "one more of gateway {gateway}");
        }
        assert_eq!(taken.len(), SESSIONS);
        assert_eq!(places.take("a stranger").err(), Some("too many sessions at once"));
        taken.pop();
        assert!(places.take("three").is_ok(), "a place that is free again");
    }
}
