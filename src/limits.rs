//! How often calls may come: token buckets by caller, by caller and method, and by wallet.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::time::Duration;

use alloy::primitives::Address;
use countersign_userop::ChainId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::{LimitsConfig, Rate};

/// From so many buckets on, those that are full again are forgotten.
const MANY: usize = 100_000;

/// The buckets of one process.
#[derive(Debug)]
pub(crate) struct Limits {
    caller: Option<Buckets<String>>,
    wallet: Option<Buckets<(ChainId, Address)>>,
    methods: BTreeMap<String, Buckets<String>>,
}

/// The bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls of this {of}; come again in {} ms", again_in.as_millis())]
pub struct Throttled {
    /// Whose bucket: `caller`, `method` or `wallet`.
    pub of: &'static str,
    /// When there is a token again.
    pub again_in: Duration,
}

impl Limits {
    pub(crate) fn new(config: &LimitsConfig) -> Self {
        let method = |(name, rate): (&String, &Rate)| (name.clone(), Buckets::new("method", *rate));
        Self {
            caller: config.caller.map(|rate| Buckets::new("caller", rate)),
            wallet: config.wallet.map(|rate| Buckets::new("wallet", rate)),
            methods: config.methods.iter().map(method).collect(),
        }
    }

    /// Takes a token for a caller's call to a method.
    pub(crate) fn call(&self, caller: &str, method: &str) -> Result<(), Throttled> {
        let caller = caller.to_owned();
        self.methods.get(method).map_or(Ok(()), |buckets| buckets.take(&caller))?;
        self.caller.as_ref().map_or(Ok(()), |buckets| buckets.take(&caller))
    }

    /// Takes a token for a call about a wallet.
    pub(crate) fn wallet(&self, chain: ChainId, address: Address) -> Result<(), Throttled> {
        self.wallet.as_ref().map_or(Ok(()), |buckets| buckets.take(&(chain, address)))
    }
}

/// A bucket for each of something.
struct Buckets<K: Hash + Eq + Clone> {
    of: &'static str,
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(of: &'static str, rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_s).allow_burst(rate.burst);
        Self { of, limiter: RateLimiter::keyed(quota), clock: DefaultClock::default() }
    }

    fn take(&self, key: &K) -> Result<(), Throttled> {
        if self.limiter.len() > MANY {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| Throttled {
            of: self.of,
            again_in: until.wait_time_from(self.clock.now()),
        })
    }
}

impl<K: Hash + Eq + Clone> std::fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buckets").field("of", &self.of).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Limits {
        use figment::providers::Format as _;
        let config = figment::Figment::from(figment::providers::Toml::string(text));
        Limits::new(&config.extract().unwrap())
    }

    #[test]
    fn each_caller_method_and_wallet_has_a_bucket_of_its_own() {
        let limits = limits(
            "caller = { per_s = 1, burst = 3 }\nwallet = { per_s = 1, burst = 1 }\n
             [methods]\nsend = { per_s = 1, burst = 1 }",
        );
        limits.call("one", "send").unwrap();
        assert_eq!(limits.call("one", "send").unwrap_err().of, "method");
        limits.call("one", "read").unwrap();
        limits.call("one", "read").unwrap();
        let throttled = limits.call("one", "read").unwrap_err();
        assert_eq!(throttled.of, "caller");
        assert!(
            throttled.again_in > Duration::ZERO && throttled.again_in <= Duration::from_secs(1)
        );
        limits.call("two", "send").unwrap();
        let (chain, wallet) = (ChainId::new(1), Address::repeat_byte(1));
        limits.wallet(chain, wallet).unwrap();
        assert_eq!(limits.wallet(chain, wallet).unwrap_err().of, "wallet");
        limits.wallet(chain, Address::repeat_byte(2)).unwrap();
        limits.wallet(ChainId::new(2), wallet).unwrap();
    }

    #[test]
    fn where_nothing_is_configured_nothing_is_limited() {
        let limits = limits("");
        (0..10_000).for_each(|_| limits.call("one", "send").unwrap());
    }
}
