//! Whether a peer's journal went on from where we knew it.

use thiserror::Error;

use super::signed::Head;

/// How a head that we are shown goes on from the one that we know.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// We know a later one of the same process already.
    Same,
    /// It is the highest now.
    Grown,
    /// The peer's operator imported a history, or waived it.
    NewEra,
}

/// Why a peer's journal is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Backwards {
    /// The head is not the peer's own.
    #[error("its journal head is not signed by it")]
    Unsigned,
    /// It was in a later era already.
    #[error("its journal is of era {found}, era {known} is known")]
    Era {
        /// The era that we know.
        known: u64,
        /// The era that it shows.
        found: u64,
    },
    /// It began with fewer records than we know of.
    #[error("its journal began with {found} records, {known} are known")]
    Shorter {
        /// How many we know of.
        known: u64,
        /// How many it began with.
        found: u64,
    },
    /// It has another record where we know one.
    #[error("record {count} of its journal is not the one that is known")]
    Differs {
        /// Which record.
        count: u64,
    },
}

/// Compares where the peer's process began with the highest head that we know of it. Heads of one process come in any
/// order: they only may not differ where they have the same count.
pub(super) fn compare(known: Option<&Head>, heard: &Head) -> Result<Growth, Backwards> {
    let Some(known) = known else { return Ok(Growth::Grown) };
    if heard.era < known.era {
        return Err(Backwards::Era { known: known.era, found: heard.era });
    }
    if heard.era > known.era {
        return Ok(Growth::NewEra);
    }
    if heard.boot == known.boot {
        return same_process(known, heard);
    }
    if heard.base.count < known.at.count {
        return Err(Backwards::Shorter { known: known.at.count, found: heard.base.count });
    }
    if heard.base.count == known.at.count && heard.base.hash != known.at.hash {
        return Err(Backwards::Differs { count: known.at.count });
    }
    Ok(Growth::Grown)
}

fn same_process(known: &Head, heard: &Head) -> Result<Growth, Backwards> {
    if heard.base != known.base {
        return Err(Backwards::Differs { count: heard.base.count });
    }
    if heard.at.count == known.at.count && heard.at.hash != known.at.hash {
        return Err(Backwards::Differs { count: heard.at.count });
    }
    Ok(if heard.at.count > known.at.count { Growth::Grown } else { Growth::Same })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;
    use crate::audit::AuditHead;

    fn end(count: u64, hash: u8) -> AuditHead {
        AuditHead { count, hash: B256::repeat_byte(hash) }
    }

    fn head(boot: u8, era: u64, base: AuditHead, at: AuditHead) -> Head {
        Head { boot: [boot; 16], era, base, at }
    }

    fn known() -> Head {
        head(1, 3, end(10, 1), end(20, 2))
    }

    #[test]
    fn heads_of_one_process_come_in_any_order() {
        let heard =
            |count, hash| compare(Some(&known()), &head(1, 3, end(10, 1), end(count, hash)));
        assert_eq!(heard(21, 9), Ok(Growth::Grown));
        assert_eq!(heard(20, 2), Ok(Growth::Same));
        assert_eq!(heard(11, 9), Ok(Growth::Same));
        assert_eq!(heard(20, 9), Err(Backwards::Differs { count: 20 }), "two heads of one count");
    }

    #[test]
    fn a_process_begins_with_one_head() {
        let other = head(1, 3, end(11, 1), end(30, 9));
        assert_eq!(compare(Some(&known()), &other), Err(Backwards::Differs { count: 11 }));
    }

    #[test]
    fn a_later_process_begins_no_lower_than_where_an_earlier_one_was_seen() {
        let began = |base, at| compare(Some(&known()), &head(2, 3, base, at));
        assert_eq!(began(end(20, 2), end(21, 9)), Ok(Growth::Grown));
        assert_eq!(began(end(25, 9), end(26, 9)), Ok(Growth::Grown));
        // however far it has grown since
        let shorter = Err(Backwards::Shorter { known: 20, found: 19 });
        assert_eq!(began(end(19, 2), end(99, 9)), shorter);
        assert_eq!(began(end(20, 9), end(99, 9)), Err(Backwards::Differs { count: 20 }));
    }

    #[test]
    fn an_era_outranks_every_count_and_an_older_one_is_refused() {
        let of_era = |era| compare(Some(&known()), &head(2, era, end(0, 0), end(1, 9)));
        assert_eq!(of_era(4), Ok(Growth::NewEra));
        assert_eq!(of_era(2), Err(Backwards::Era { known: 3, found: 2 }));
    }

    #[test]
    fn whoever_is_not_known_is_believed() {
        assert_eq!(compare(None, &known()), Ok(Growth::Grown));
    }
}
