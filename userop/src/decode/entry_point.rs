//! What an EntryPoint is asked to do with deposits, stakes, nonces, and other operations.

use alloy::{
    primitives::{Address, U256},
    sol,
};
use serde::Serialize;

use super::{Action, named};
use crate::abi::{IEntryPoint, IEntryPointV06};

sol! {
    interface Stakes {
        function depositTo(address account) external payable;
        function withdrawTo(address withdrawAddress, uint256 withdrawAmount) external;
        function addStake(uint32 unstakeDelaySec) external payable;
        function unlockStake() external;
        function withdrawStake(address withdrawAddress) external;
        function incrementNonce(uint192 key) external;
    }
}

/// What a call to an EntryPoint does. Our paymaster hands some of them on, for its own deposit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's one line names the function whose arguments it has")]
pub enum EntryPointCall {
    /// `depositTo`: the wei sent along become the account's deposit.
    DepositTo { account: Address },
    /// `withdrawTo`: part of the deposit leaves.
    WithdrawTo { to: Address, amount: U256 },
    /// `addStake`: the wei sent along are locked.
    AddStake { unstake_delay_seconds: u32 },
    /// `unlockStake`: the delay begins.
    UnlockStake,
    /// `withdrawStake`: the whole stake leaves.
    WithdrawStake { to: Address },
    /// `incrementNonce`: operations that wait with this nonce key are void.
    IncrementNonce { key: U256 },
    /// `handleOps`: other operations run, whatever they do.
    HandleOps { operations: usize, beneficiary: Address },
}

pub(super) fn decode(data: &[u8]) -> Option<Action> {
    deposit(data).or_else(|| operations(data))
}

const fn wrap(call: EntryPointCall) -> Action {
    Action::EntryPoint { call }
}

fn deposit(data: &[u8]) -> Option<Action> {
    named(data, |c: Stakes::depositToCall| wrap(EntryPointCall::DepositTo { account: c.account }))
        .or_else(|| {
            named(data, |c: Stakes::withdrawToCall| {
                let (to, amount) = (c.withdrawAddress, c.withdrawAmount);
                wrap(EntryPointCall::WithdrawTo { to, amount })
            })
        })
        .or_else(|| {
            named(data, |c: Stakes::addStakeCall| {
                wrap(EntryPointCall::AddStake { unstake_delay_seconds: c.unstakeDelaySec })
            })
        })
        .or_else(|| named(data, |_: Stakes::unlockStakeCall| wrap(EntryPointCall::UnlockStake)))
        .or_else(|| {
            named(data, |c: Stakes::withdrawStakeCall| {
                wrap(EntryPointCall::WithdrawStake { to: c.withdrawAddress })
            })
        })
        .or_else(|| {
            named(data, |c: Stakes::incrementNonceCall| {
                wrap(EntryPointCall::IncrementNonce { key: U256::from(c.key) })
            })
        })
}

fn operations(data: &[u8]) -> Option<Action> {
    named(data, |c: IEntryPoint::handleOpsCall| {
        let (operations, beneficiary) = (c.ops.len(), c.beneficiary);
        wrap(EntryPointCall::HandleOps { operations, beneficiary })
    })
    .or_else(|| {
        named(data, |c: IEntryPointV06::handleOpsCall| {
            let (operations, beneficiary) = (c.ops.len(), c.beneficiary);
            wrap(EntryPointCall::HandleOps { operations, beneficiary })
        })
    })
}
