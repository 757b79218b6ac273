//! Stored operations and bundlers' answers, as the gateway shows them.

use alloy::primitives::{Address, B256};
use countersign_bundler_client::{BundlerError, GasEstimate, Rejection, RpcCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Caller, CallsState, CallsStatus, Capabilities, ChainCapabilities, Failure, Inclusion,
    Operation, Result, ServiceError, StageName, Wallet, approving,
};
use crate::{
    chain::{decode_revert, revert_data},
    pipeline::Stage,
    store::StoredOperation,
    world::World,
};

/// An operation with its timeline.
pub(super) async fn operation(world: &World, caller: &Caller, name: &str) -> Result<Operation> {
    let stored = find(world, caller, name).await?;
    let timeline = world.store.timeline(stored.seq).await.map_err(ServiceError::internal)?;
    let (inclusion, failure) = outcome(&stored.stage);
    let awaiting = approving::awaited(world, &stored).await?;
    let wallet = &stored.intent.wallet;
    let op = stored.stage.op();
    Ok(Operation {
        id: stored.intent.id.clone(),
        chain: wallet.chain,
        sender: wallet.address,
        entry_point: wallet.entry_point,
        version: wallet.account.version,
        stage: stored.stage.name(),
        nonce: stored.nonce,
        user_op_hash: stored.stage.hash(),
        user_operation: op.to_json(),
        inclusion,
        awaiting,
        failure,
        timeline,
    })
}

/// Where calls stand.
pub(super) async fn calls_status(world: &World, caller: &Caller, id: &str) -> Result<CallsStatus> {
    let stored = world.store.operation(caller, id).await.map_err(ServiceError::internal)?;
    let stored = stored
        .filter(|stored| is_open(caller, stored))
        .ok_or_else(|| ServiceError::UnknownId(id.to_owned()))?;
    let (inclusion, failure) = outcome(&stored.stage);
    let awaiting = approving::awaited(world, &stored).await?;
    let state = match stored.stage.name() {
        StageName::Included => CallsState::Confirmed,
        StageName::Reverted => CallsState::Reverted,
        StageName::Dropped => CallsState::FailedOffChain,
        _ => CallsState::Pending,
    };
    Ok(CallsStatus {
        id: stored.intent.id,
        chain: stored.intent.wallet.chain,
        state,
        user_op_hash: stored.stage.hash(),
        inclusion,
        awaiting,
        failure,
    })
}

/// What a wallet can do, wherever the caller has it.
pub(super) fn capabilities(wallets: &[Wallet], address: Address) -> Result<Capabilities> {
    let can = ChainCapabilities { atomic: true, paymaster_service: true };
    let own = wallets.iter().filter(|wallet| wallet.address == address);
    let found: Capabilities = own.map(|wallet| (wallet.chain.get(), can.clone())).collect();
    if found.is_empty() { Err(ServiceError::UnknownWallet(address)) } else { Ok(found) }
}

/// ERC-7769's answer to an estimate.
pub(super) fn estimate(estimate: &GasEstimate) -> Value {
    let quantity = |gas: u128| json!(format!("{gas:#x}"));
    let paymaster = [
        ("paymasterVerificationGasLimit", estimate.paymaster_verification_gas_limit),
        ("paymasterPostOpGasLimit", estimate.paymaster_post_op_gas_limit),
    ];
    let mut answer = Map::from_iter([
        ("preVerificationGas".to_owned(), quantity(estimate.pre_verification_gas)),
        ("verificationGasLimit".to_owned(), quantity(estimate.verification_gas_limit)),
        ("callGasLimit".to_owned(), quantity(estimate.call_gas_limit)),
    ]);
    for (name, gas) in paymaster {
        answer.extend(gas.map(|gas| (name.to_owned(), quantity(gas))));
    }
    Value::Object(answer)
}

/// A bundler's answer as it is.
pub(super) fn passed_on<T: Serialize>(
    answer: std::result::Result<T, BundlerError>,
) -> Result<Value> {
    serde_json::to_value(answer.map_err(upstream)?).map_err(ServiceError::internal)
}

/// A bundler's no keeps its code; one that does not answer properly is not there.
pub(super) fn upstream(error: BundlerError) -> ServiceError {
    match &error {
        BundlerError::Rejected(rejection) => refused(rejection),
        BundlerError::Failed { fault, .. } | BundlerError::Unconfirmed { fault, .. } => {
            ServiceError::Unavailable(format!("the bundler gave no proper answer: {fault}"))
        }
        _ => ServiceError::internal(error),
    }
}

fn refused(rejection: &Rejection) -> ServiceError {
    if let (RpcCode::ExecutionReverted, Some(data)) = (rejection.code, revert_data(rejection)) {
        return ServiceError::Reverted { reason: decode_revert(&data).to_string(), data };
    }
    ServiceError::Upstream {
        code: rejection.code.number(),
        message: rejection.message.clone(),
        data: rejection.data.clone(),
    }
}

pub(super) async fn find(world: &World, caller: &Caller, name: &str) -> Result<StoredOperation> {
    let by_id = world.store.operation(caller, name).await.map_err(ServiceError::internal)?;
    let found = match (by_id, name.parse::<B256>()) {
        (None, Ok(hash)) => {
            world.store.operation_by_hash(caller, hash).await.map_err(ServiceError::internal)?
        }
        (by_id, _) => by_id,
    };
    found
        .filter(|stored| is_open(caller, stored))
        .ok_or_else(|| ServiceError::UnknownId(name.to_owned()))
}

/// The caller's key opens the operation's wallet.
pub(super) fn is_open(caller: &Caller, stored: &StoredOperation) -> bool {
    let wallet = &stored.intent.wallet;
    caller.scope().has_wallet(wallet.chain, wallet.address)
}

fn outcome(stage: &Stage) -> (Option<Inclusion>, Option<Failure>) {
    match stage {
        Stage::Included(included) | Stage::Reverted(included) => {
            (Some(included.inclusion.clone()), included.failure.clone())
        }
        Stage::Dropped(dropped) => (None, Some(dropped.failure.clone())),
        _ => (None, None),
    }
}
