//! How many handshakes may be under way: in all and for each address. A connection beyond is dropped at
//! once, so that strangers who only connect cannot keep out those who belong here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Handshakes under way, in all.
const IN_ALL: usize = 256;
/// Handshakes under way with one address. A committee behind one address fits well.
const OF_ADDRESS: usize = 32;

/// Counts the handshakes under way. Clones share the count.
#[derive(Clone)]
pub(super) struct Handshakes {
    under_way: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One handshake under way, until it is dropped.
#[must_use = "a handshake that is dropped counts no more"]
pub(super) struct Handshake {
    of: Handshakes,
    address: IpAddr,
}

impl Handshakes {
    pub(super) fn new() -> Self {
        Self { under_way: Arc::default() }
    }

    /// Counts one more with `address`, unless there are too many.
    pub(super) fn begin(&self, address: IpAddr) -> Option<Handshake> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let in_all: usize = under_way.values().sum();
        let of_address = under_way.get(&address).copied().unwrap_or_default();
        if in_all >= IN_ALL || of_address >= OF_ADDRESS {
            return None;
        }
        under_way.insert(address, of_address.saturating_add(1));
        drop(under_way);
        Some(Handshake { of: self.clone(), address })
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut under_way = self.of.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                under_way.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: usize) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, u8::try_from(last).unwrap()).into()
    }

    #[test]
    fn one_address_cannot_keep_out_another() {
        let handshakes = Handshakes::new();
        let idle: Vec<_> = (0..OF_ADDRESS).map(|_| handshakes.begin(address(1)).unwrap()).collect();
        assert!(handshakes.begin(address(1)).is_none());
        assert!(handshakes.begin(address(2)).is_some());
        drop(idle);
        assert!(handshakes.begin(address(1)).is_some());
        assert!(handshakes.under_way.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn no_more_are_under_way_than_fit() {
        let handshakes = Handshakes::new();
        let many = (0..IN_ALL).map(|at| handshakes.begin(address(at % 64)).unwrap());
        let many: Vec<_> = many.collect();
        assert!(handshakes.begin(address(200)).is_none());
        drop(many);
        assert!(handshakes.begin(address(200)).is_some());
    }
}
