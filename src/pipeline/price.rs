//! Draft -> Priced: nonce, deployment, fees, and gas estimated on stub data.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use countersign_bundler_client::{
    AccountOverride, ClientOptions, GasEstimate, PaymasterClient, StateOverride,
};
use countersign_userop::{GasLimits, UserOperation};
use serde_json::{Value, json};

use super::{
    Done, Halt, Job, fault,
    halt::{chained, failure, from_bundler},
    stage::{Draft, History, Payer, Priced},
};
use crate::{
    service::SponsorChoice,
    sponsor::Sponsor,
    world::{ChainParts, World},
};

/// ERC-7562 lets an unstaked sender have so many operations pending.
const MAX_PENDING: u32 = 4;

/// How soon to look whether it is our turn; followers are also woken.
const TURN: Duration = Duration::from_millis(250);

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
    if !intent.fixed.fees {
        op = op.with_fees(chain.node.fees().await?);
    }
    let (mut op, payer, paymaster_gas_is_set) = with_stub(world, job, chain, op).await?;
    if !intent.fixed.gas {
        let estimate = estimate(job, chain, &op, &place).await?;
        op = with_estimate(op, &estimate, chain, paymaster_gas_is_set);
    }
    can_pay(chain, &op, wallet.entry_point).await?;
    let detail = said(&op);
    Ok(Done::new("price", Priced { op, payer, history: History::default() }, detail))
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
    if lane.unsent_before > 0 || lane.pending_before >= MAX_PENDING {
        return Err(Halt::Wait(TURN));
    }
    let deploys = chain.node.code(wallet.address).await?.is_empty();
    if deploys && lane.pending_before > 0 {
        return Err(Halt::Wait(TURN));
    }
    let next = chain.node.next_sequence(wallet.entry_point, wallet.address, lane.lane).await?;
    let fixed = intent.fixed.nonce.then(|| op.nonce().as_limbs()[0]);
    let reserved = match lane.reserved {
        Some(nonce) => Some(nonce),
        None => {
            let reserved = world.store.reserve_nonce(seq, lane.lane, next, fixed).await?;
            fault::reach("reserved");
            reserved
        }
    };
    let nonce = reserved.ok_or_else(|| {
        Halt::Drop(failure("nonce_taken", "another operation of the wallet has this nonce"))
    })?;
    let next_on_chain = (lane.lane << 64) | U256::from(next);
    Ok(Place { nonce, next_on_chain, pending_before: lane.pending_before, deploys })
}

/// Puts a paymaster with stub data in, if somebody else than the account pays.
async fn with_stub(
    world: &World,
    job: &Job<'_>,
    chain: &ChainParts,
    op: UserOperation,
) -> Result<(UserOperation, Payer, bool), Halt> {
    let intent = job.intent();
    let version = op.version();
    if intent.fixed.paymaster {
        return Ok((op, Payer::Settled, true));
    }
    let by_default = chain.node.config().sponsor.as_ref().is_some_and(|s| s.by_default);
    let own = Sponsor::of(&chain.node, version);
    match (&intent.sponsor, own) {
        (SponsorChoice::Own, None) => {
            Err(Halt::Drop(failure("no_sponsor", "no sponsor is configured here")))
        }
        (SponsorChoice::Own, Some(own)) => with_own_stub(op, &own).await,
        (SponsorChoice::Default, Some(own)) if by_default => with_own_stub(op, &own).await,
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
            let gas_is_set = stub.has_verification_gas_limit;
            Ok((op.with_paymaster(Some(stub.paymaster)), payer, gas_is_set))
        }
        (SponsorChoice::Default | SponsorChoice::Account, _) => Ok((op, Payer::Settled, true)),
    }
}

async fn with_own_stub(
    op: UserOperation,
    own: &Sponsor<'_>,
) -> Result<(UserOperation, Payer, bool), Halt> {
    let window = own.window().await?;
    Ok((op.with_paymaster(Some(own.stub(window))), Payer::Own, true))
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

fn with_estimate(
    op: UserOperation,
    estimate: &GasEstimate,
    chain: &ChainParts,
    paymaster_gas_is_set: bool,
) -> UserOperation {
    let percent = 100 + u128::from(chain.node.config().gas.margin_percent);
    let margin = |gas: u128| gas.saturating_mul(percent).div_ceil(100);
    let gas = GasLimits {
        call: margin(estimate.call_gas_limit),
        verification: margin(estimate.verification_gas_limit),
        pre_verification: margin(estimate.pre_verification_gas),
    };
    let paymaster = op.paymaster().cloned().map(|mut paymaster| {
        if let (false, Some(gas)) =
            (paymaster_gas_is_set, estimate.paymaster_verification_gas_limit)
        {
            paymaster.verification_gas_limit = margin(gas);
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
    let timeout = world.config.deadlines.paymaster();
    let options = ClientOptions { timeout, deadline: timeout, ..ClientOptions::default() };
    PaymasterClient::new(url.as_str(), options)
        .map_err(|error| Halt::Drop(failure("paymaster_refused", chained(&error))))
}

/// What a paymaster service says: a no is final, an answer that makes no sense as well.
pub(super) fn from_paymaster(error: &countersign_bundler_client::BundlerError) -> Halt {
    if error.is_retryable() {
        Halt::Retry(failure("paymaster_unavailable", chained(error)))
    } else {
        Halt::Drop(failure("paymaster_refused", chained(error)))
    }
}
