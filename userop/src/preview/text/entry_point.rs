//! Calls to an EntryPoint in words.

use alloy::primitives::Address;

use crate::EntryPointCall;

pub(super) fn sentence(to: Address, call: &EntryPointCall) -> String {
    match call {
        EntryPointCall::DepositTo { account } => format!("{to}: deposit the wei for {account}"),
        EntryPointCall::WithdrawTo { to: recipient, amount } => {
            format!("{to}: withdraw {amount} wei of the deposit to {recipient}")
        }
        EntryPointCall::AddStake { unstake_delay_seconds } => {
            format!("{to}: stake the wei, to be unlocked {unstake_delay_seconds} seconds ahead")
        }
        EntryPointCall::UnlockStake => format!("{to}: unlock the stake"),
        EntryPointCall::WithdrawStake { to: recipient } => {
            format!("{to}: withdraw the whole stake to {recipient}")
        }
        EntryPointCall::IncrementNonce { key } => {
            format!("{to}: skip a nonce of key {key:#x}, which voids what waits with it")
        }
        EntryPointCall::HandleOps { operations, beneficiary } => {
            format!("{to}: run {operations} other operations, fees to {beneficiary}")
        }
    }
}
