//! The same nonce under new terms, within what cosigners take as a replacement: same init code, calls
//! and paymaster, gas never lower, both fees at least ten percent higher.

use countersign_userop::{Fees, GasLimits, SponsorWindow, UserOperation};

use super::{
    Halt,
    halt::failure,
    stage::{Floor, History, Payer, Priced},
};
use crate::{
    service::{Failure, SponsorChoice},
    sponsor::Sponsor,
    world::ChainParts,
};

/// So often an operation is made anew; what does not help by then never will.
const MAX_GENERATIONS: usize = 16;

/// An approval that ends within so many seconds will not reach a block any more.
const MARGIN_S: u64 = 15;

/// What came of making an operation anew.
#[derive(Debug)]
pub(super) enum Renewal {
    /// It is priced anew. It keeps its nonce, so at most one of its generations is ever on chain.
    New(Box<Priced>, Failure),
    /// It cannot be; what there is may still do.
    Impossible(Failure),
}

/// The chain would still take an approval with this window in its next blocks.
pub(super) async fn holds(chain: &ChainParts, window: SponsorWindow) -> Result<bool, Halt> {
    let now = chain.node.head().await?.timestamp;
    Ok(now.saturating_add(MARGIN_S) < window.valid_until())
}

/// Prices the operation anew, dearer than every generation before.
pub(super) async fn renew(
    chain: &ChainParts,
    sponsor: &SponsorChoice,
    op: &UserOperation,
    history: History,
    why: Failure,
) -> Result<Renewal, Halt> {
    if history.hashes.len() >= MAX_GENERATIONS {
        return Ok(Renewal::Impossible(failure("replaced_too_often", why.message)));
    }
    let config = chain.node.config();
    let floor = history.floor.unwrap_or_else(|| Floor { gas: op.gas(), fees: op.fees() });
    let fees = raised(floor.fees, chain.node.fees().await?);
    if fees.max_fee_per_gas > u128::from(config.gas.max_fee_per_gas_wei) {
        let text = format!("{}; a replacement would pass the fee ceiling", why.message);
        return Ok(Renewal::Impossible(failure("fee_ceiling", text)));
    }
    let own = Sponsor::of(&chain.node, op.version());
    let ours = |own: &Sponsor<'_>| op.paymaster().is_some_and(|p| p.address == own.address());
    let payer = match (sponsor, own) {
        (_, Some(own)) if ours(&own) => Payer::Own,
        (SponsorChoice::Service { url, context }, _) if op.paymaster().is_some() => {
            Payer::Service { url: url.clone(), context: context.clone() }
        }
        _ => Payer::Settled,
    };
    let gas = no_lower(op.gas(), floor.gas);
    let op = op.clone().with_gas(gas).with_fees(fees);
    Ok(Renewal::New(Box::new(Priced { op, payer, history }), why))
}

fn raised(floor: Fees, now: Fees) -> Fees {
    let at_least = |fee: u128| fee.saturating_add(fee.div_ceil(10)).max(fee.saturating_add(1));
    Fees {
        max_fee_per_gas: at_least(floor.max_fee_per_gas).max(now.max_fee_per_gas),
        max_priority_fee_per_gas: at_least(floor.max_priority_fee_per_gas)
            .max(now.max_priority_fee_per_gas),
    }
}

fn no_lower(gas: GasLimits, floor: GasLimits) -> GasLimits {
    GasLimits {
        call: gas.call.max(floor.call),
        verification: gas.verification.max(floor.verification),
        pre_verification: gas.pre_verification.max(floor.pre_verification),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fees_rise_by_ten_percent_even_when_the_chain_got_cheaper() {
        let floor = Fees { max_fee_per_gas: 1_001, max_priority_fee_per_gas: 3 };
        let now = Fees { max_fee_per_gas: 1, max_priority_fee_per_gas: 1 };
        let fees = raised(floor, now);
        assert!(fees.max_fee_per_gas * 10 >= floor.max_fee_per_gas * 11);
        assert!(fees.max_priority_fee_per_gas * 10 >= floor.max_priority_fee_per_gas * 11);
    }

    #[test]
    fn the_chains_fees_are_taken_when_they_are_higher() {
        let floor = Fees { max_fee_per_gas: 10, max_priority_fee_per_gas: 10 };
        let now = Fees { max_fee_per_gas: 100, max_priority_fee_per_gas: 50 };
        assert_eq!(raised(floor, now), now);
    }
}
