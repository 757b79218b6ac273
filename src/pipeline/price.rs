//! Draft -> Priced: nonce, deployment, fees, and gas estimated on stub data.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use countersign_bundler_client::{
    AccountOverride, ClientOptions, GasEstimate, PaymasterClient, StateOverride,
};
use countersign_userop::{EntryPointVersion, Fees, GasLimits, UserOperation};
use serde_json::{Value, json};

use super::{
    Done, Halt, Job, fault,
    halt::{chained, failure, from_bundler},
    stage::{Draft, Fixed, FixedGas, History, Payer, Priced},
};
use crate::{
    paymaster_services,
    service::SponsorChoice,
    sponsor::Sponsor,
    store::Reservation,
    world::{ChainParts, World},
};

/// ERC-7562 lets an unstaked sender have so many operations pending.
const MAX_PENDING: u32 = 4;

/// How soon to look whether it is our turn; followers are also woken.
const TURN: Duration = Duration::from_millis(250);

/// How soon to look whether people have decided about an operation that is in the way.
const PEOPLE: Duration = Duration::from_secs(2);

/// Gives the operation its place, its fees and its gas.
pub(super) async fn price(
    world: &World,
    job: &Job<'_>,
    draft: Draft,
) -> Result<Done<Priced>, Halt> {
    let intent = job.intent();
    let wallet = &intent.wallet;
    let chain = world.chain(wallet.chain)?;
    let place = take_place(world, job, chain, &draft.op).await?;
    let mut op = with_nonce(draft.op, place.nonce);
    if place.deploys && !intent.fixed.factory {
        op = op.with_factory(Some(wallet.account.factory_call(wallet.owner, wallet.salt)));
    }
    if !(intent.fixed.max_fee && intent.fixed.tip) {
        let fees = missing_fees(intent.fixed, op.fees(), chain.node.fees().await?);
        op = op.with_fees(fees);
    }
    let (mut op, payer, gas) = with_stub(world, job, chain, op).await?;
    if !gas.is_whole() {
        let estimate = estimate(job, chain, &op, &place).await?;
        op = with_estimate(op, &estimate, chain, gas);
    }
    can_pay(chain, &op, wallet.entry_point).await?;
    let detail = said(&op);
    Ok(Done::new("price", Priced { op, payer, history: History::default() }, detail))
}

/// What the caller set stays; what is missing is the chain's, as far as the two go together.
fn missing_fees(fixed: Fixed, given: Fees, now: Fees) -> Fees {
    match (fixed.max_fee, fixed.tip) {
        (true, true) => given,
        (false, false) => now,
        (true, false) => Fees {
            max_fee_per_gas: given.max_fee_per_gas,
            max_priority_fee_per_gas: now.max_priority_fee_per_gas.min(given.max_fee_per_gas),
        },
        (false, true) => Fees {
            max_fee_per_gas: now.max_fee_per_gas.max(given.max_priority_fee_per_gas),
            max_priority_fee_per_gas: given.max_priority_fee_per_gas,
        },
    }
}

/// Quantities as ERC-7769 has them: they may be larger than a JSON number.
fn said(op: &UserOperation) -> Value {
    let (gas, fees) = (op.gas(), op.fees());
    json!({
        "nonce": op.nonce(),
        "deploys": op.factory().is_some(),
        "callGasLimit": U256::from(gas.call),
        "verificationGasLimit": U256::from(gas.verification),
        "preVerificationGas": U256::from(gas.pre_verification),
        "maxFeePerGas": U256::from(fees.max_fee_per_gas),
        "maxPriorityFeePerGas": U256::from(fees.max_priority_fee_per_gas),
        "maxCostWei": op.max_cost_wei(),
    })
}

/// An operation's place among the sender's others.
struct Place {
    nonce: U256,
    /// What the chain takes now; ours may come after operations that no block has yet.
    next_on_chain: U256,
    pending_before: u32,
    deploys: bool,
}

/// Waits its turn, then reserves a nonce. Operations of a wallet go out in the order they came in.
async fn take_place(
    world: &World,
    job: &Job<'_>,
    chain: &ChainParts,
    op: &UserOperation,
) -> Result<Place, Halt> {
    let intent = job.intent();
    let wallet = &intent.wallet;
    let seq = job.operation.seq;
    let asked = if intent.fixed.nonce { Some(op.nonce_key()) } else { intent.fixed.lane };
    let lane = world.store.lane_state(seq, asked).await?;
    if lane.is_blocked && asked.is_some() {
        let text = format!("nothing can follow in nonce lane {:#x}", lane.lane);
        return Err(Halt::Drop(failure("lane_blocked", text)));
    }
    if lane.is_held && asked.is_some() {
        return Err(Halt::Wait(PEOPLE));
    }
    if lane.is_blocked || lane.is_held {
        // It was reserved before the lane was closed, and nobody has seen it.
        world.store.free_nonce(seq).await?;
        return Err(Halt::Wait(Duration::ZERO));
    }
    if lane.unsent_before > 0 || lane.pending_before >= MAX_PENDING {
        return Err(Halt::Wait(TURN));
    }
    let deploys = chain.node.code(wallet.address).await?.is_empty();
    if deploys && lane.pending_before > 0 {
        return Err(Halt::Wait(TURN));
    }
    if deploys && lane.awaiting_before > 0 {
        // The account is made once, and the operation that waits for approval makes it.
        return Err(Halt::Wait(PEOPLE));
    }
    let next = chain.node.next_sequence(wallet.entry_point, wallet.address, lane.lane).await?;
    let fixed = intent.fixed.nonce.then(|| op.nonce().as_limbs()[0]);
    let nonce = match lane.reserved {
        Some(nonce) => nonce,
        None => {
            let reserved = world.store.reserve_nonce(seq, lane.lane, next, fixed).await?;
            fault::reach("reserved");
            given(reserved)?
        }
    };
    let next_on_chain = (lane.lane << 64) | U256::from(next);
    Ok(Place { nonce, next_on_chain, pending_before: lane.pending_before, deploys })
}

/// A nonce that cannot be the next one on chain is told before anybody signs.
fn given(reserved: Reservation) -> Result<U256, Halt> {
    let (kind, text) = match reserved {
        Reservation::Given(nonce) => return Ok(nonce),
        Reservation::Used(next) => ("nonce_used", format!("the lane's next sequence is {next}")),
        Reservation::Gap(next) => ("nonce_gap", format!("the lane's next sequence is {next}")),
        Reservation::Exhausted => ("nonce_used", "the lane has no sequence left".to_owned()),
    };
    Err(Halt::Drop(failure(kind, text)))
}

/// Puts a paymaster with stub data in, if somebody else than the account pays; and says which gas values
/// are known then.
async fn with_stub(
    world: &World,
    job: &Job<'_>,
    chain: &ChainParts,
    op: UserOperation,
) -> Result<(UserOperation, Payer, FixedGas), Halt> {
    let intent = job.intent();
    let version = op.version();
    let given = intent.fixed.gas;
    let whole = FixedGas { paymaster_verification: true, paymaster_post_op: true, ..given };
    if intent.fixed.paymaster {
        let gas = if version == EntryPointVersion::V0_6 { whole } else { given };
        return Ok((op, Payer::Settled, gas));
    }
    let by_default = chain.node.config().sponsor.as_ref().is_some_and(|s| s.by_default);
    let own = Sponsor::of(&chain.node, version);
    match (&intent.sponsor, own) {
        (SponsorChoice::Own, None) => {
            Err(Halt::Drop(failure("no_sponsor", "no sponsor is configured here")))
        }
        (SponsorChoice::Own, Some(own)) => Ok((with_own_stub(op, &own).await?, Payer::Own, whole)),
        (SponsorChoice::Default, Some(own)) if by_default => {
            Ok((with_own_stub(op, &own).await?, Payer::Own, whole))
        }
        (SponsorChoice::Service { url, context }, _) => {
            let client = paymaster_client(world, url)?;
            let wallet = &intent.wallet;
            let stub = client
                .stub_data(&op, wallet.entry_point, wallet.chain, context)
                .await
                .map_err(|error| from_paymaster(&error))?;
            let payer = if stub.is_final {
                Payer::Settled
            } else {
                Payer::Service { url: url.clone(), context: context.clone() }
            };
            // The standard makes the service say what postOp needs, but not what validation does.
            let known = stub.has_verification_gas_limit || version == EntryPointVersion::V0_6;
            let gas = FixedGas { paymaster_verification: known, ..whole };
            Ok((op.with_paymaster(Some(stub.paymaster)), payer, gas))
        }
        (SponsorChoice::Default | SponsorChoice::Account, _) => Ok((op, Payer::Settled, whole)),
    }
}

async fn with_own_stub(op: UserOperation, own: &Sponsor<'_>) -> Result<UserOperation, Halt> {
    let window = own.window().await?;
    Ok(op.with_paymaster(Some(own.stub(window))))
}

/// Estimated with a stub signature, as the chain's next operation, and with a balance that no
/// account has: a new account has none at all, and would fail with AA21.
async fn estimate(
    job: &Job<'_>,
    chain: &ChainParts,
    op: &UserOperation,
    place: &Place,
) -> Result<GasEstimate, Halt> {
    let wallet = &job.intent().wallet;
    let stub =
        with_nonce(op.clone(), place.next_on_chain).with_signature(wallet.account.stub_signature());
    let rich = AccountOverride { balance: Some(U256::from(1) << 100), ..Default::default() };
    let overrides = StateOverride::from_iter([(wallet.address, rich)]);
    let answer = chain.bundler.estimate(&stub, wallet.entry_point, Some(&overrides)).await;
    answer.map_err(|error| match from_bundler("estimation_failed", &error) {
        // What it needs may be done by an operation before it that no block has yet.
        Halt::Drop(_) if place.pending_before > 0 => Halt::Wait(TURN),
        halt => halt,
    })
}

/// Puts the estimate, with our margin, where nothing is known yet.
fn with_estimate(
    op: UserOperation,
    estimate: &GasEstimate,
    chain: &ChainParts,
    known: FixedGas,
) -> UserOperation {
    let percent = 100 + u128::from(chain.node.config().gas.margin_percent);
    let margin = |gas: u128| gas.saturating_mul(percent).div_ceil(100);
    let put = |known: bool, given: u128, estimated: u128| {
        if known { given } else { margin(estimated) }
    };
    let given = op.gas();
    let gas = GasLimits {
        call: put(known.call, given.call, estimate.call_gas_limit),
        verification: put(known.verification, given.verification, estimate.verification_gas_limit),
        pre_verification: put(
            known.pre_verification,
            given.pre_verification,
            estimate.pre_verification_gas,
        ),
    };
    let paymaster = op.paymaster().cloned().map(|mut paymaster| {
        if let Some(gas) = estimate.paymaster_verification_gas_limit {
            let given = paymaster.verification_gas_limit;
            paymaster.verification_gas_limit = put(known.paymaster_verification, given, gas);
        }
        if let Some(gas) = estimate.paymaster_post_op_gas_limit {
            let given = paymaster.post_op_gas_limit;
            paymaster.post_op_gas_limit = put(known.paymaster_post_op, given, gas);
        }
        paymaster
    });
    op.with_gas(gas).with_paymaster(paymaster)
}

/// An account that cannot pay is told before anybody signs.
async fn can_pay(chain: &ChainParts, op: &UserOperation, entry_point: Address) -> Result<(), Halt> {
    if op.paymaster().is_some() {
        return Ok(());
    }
    let funds = chain.node.funds(entry_point, op.sender()).await?;
    let cost = op.max_cost_wei();
    if funds >= cost {
        return Ok(());
    }
    let text = format!("{} has {funds} wei, the operation may cost {cost}", op.sender());
    Err(Halt::Drop(failure("insufficient_funds", text)))
}

fn with_nonce(op: UserOperation, nonce: U256) -> UserOperation {
    UserOperation::new(op.version(), op.sender(), nonce, op.call_data().clone())
        .with_factory(op.factory().cloned())
        .with_gas(op.gas())
        .with_fees(op.fees())
        .with_paymaster(op.paymaster().cloned())
        .with_eip7702_auth(op.eip7702_auth().cloned())
        .with_signature(op.signature().clone())
}

/// A client of the caller's paymaster service.
pub(super) fn paymaster_client(world: &World, url: &url::Url) -> Result<PaymasterClient, Halt> {
    let refused =
        |error: &dyn std::error::Error| Halt::Drop(failure("paymaster_refused", chained(error)));
    let reach = paymaster_services::reach(&world.config, url).map_err(|error| refused(&error))?;
    let timeout = world.config.deadlines.paymaster();
    let options = ClientOptions { timeout, deadline: timeout, reach, ..ClientOptions::default() };
    PaymasterClient::new(url.as_str(), options).map_err(|error| refused(&error))
}

/// What a paymaster service says: a no is final, an answer that makes no sense as well.
pub(super) fn from_paymaster(error: &countersign_bundler_client::BundlerError) -> Halt {
    if error.is_retryable() {
        Halt::Retry(failure("paymaster_unavailable", chained(error)))
    } else {
        Halt::Drop(failure("paymaster_refused", chained(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn fees(max: u128, tip: u128) -> Fees {
        Fees { max_fee_per_gas: max, max_priority_fee_per_gas: tip }
    }

    #[test]
    fn a_fee_that_the_caller_set_stays_and_the_other_fits_it() {
        let with = |max_fee, tip| Fixed { max_fee, tip, ..Fixed::default() };
        let (given, now) = (fees(70, 90), fees(100, 80));
        assert_eq!(missing_fees(with(true, false), given, now), fees(70, 70));
        assert_eq!(missing_fees(with(false, true), given, now), fees(100, 90));
        assert_eq!(missing_fees(with(false, true), fees(0, 120), now), fees(120, 120));
        assert_eq!(missing_fees(with(true, true), given, now), given);
        assert_eq!(missing_fees(with(false, false), given, now), now);
    }
}
