//! What one call does, where its function is one that people ought to see by name.
//!
//! A call is named only if its arguments are encoded canonically: what another decoder could read
//! differently stays [`Action::Unknown`].

mod admin;
mod batch;
mod tokens;

use alloy::{
    primitives::{Address, FixedBytes, U256},
    sol_types::SolCall,
};
use serde::Serialize;

use crate::Call;

/// What a call does.
///
/// ERC-20 and ERC-721 share `approve` and `transferFrom`: a token's number may be an amount or an
/// id, which only the contract knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "a variant's one line names the function whose arguments it has")]
pub enum Action {
    /// Wei without call data, or nothing at all.
    Send,
    /// ERC-20 `transfer`.
    Transfer { to: Address, amount: U256 },
    /// `transferFrom` of ERC-20 and ERC-721.
    TransferFrom { from: Address, to: Address, amount_or_id: U256 },
    /// `approve` of ERC-20 and ERC-721.
    Approve { spender: Address, amount_or_id: U256 },
    /// `increaseAllowance` of many ERC-20 tokens.
    IncreaseAllowance { spender: Address, amount: U256 },
    /// `decreaseAllowance` of many ERC-20 tokens.
    DecreaseAllowance { spender: Address, amount: U256 },
    /// ERC-2612 `permit`: an approval that `owner` signed.
    Permit { owner: Address, spender: Address, amount: U256, deadline: U256 },
    /// `setApprovalForAll` of ERC-721 and ERC-1155.
    ApproveAll { operator: Address, approved: bool },
    /// ERC-721 `safeTransferFrom`.
    TransferToken { from: Address, to: Address, id: U256 },
    /// ERC-1155 `safeTransferFrom` and `safeBatchTransferFrom`.
    TransferTokens { from: Address, to: Address, ids: Vec<U256>, amounts: Vec<U256> },
    /// A proxy takes other code.
    Upgrade { implementation: Address, initializes: bool },
    /// An account gets another owner.
    RotateOwner { new_owner: Address },
    /// An account gets another guardian; zero for none.
    SetGuardian { new_guardian: Address },
    /// Several calls in one; they are listed inside it.
    Batch { function: &'static str, stops_on_failure: bool },
    /// A function that we do not know by name.
    Unknown { selector: Option<FixedBytes<4>>, bytes: usize },
}

/// What the call does, and the calls inside it if it is a batch.
pub(crate) fn decode(call: &Call) -> (Action, Vec<Call>) {
    let data = &call.data[..];
    if data.is_empty() {
        return (Action::Send, Vec::new());
    }
    if let Some(batch) = batch::decode(call) {
        return batch;
    }
    let action = tokens::decode(data).or_else(|| admin::decode(data));
    (action.unwrap_or_else(|| unknown(data)), Vec::new())
}

/// A call that stays unnamed.
pub(crate) fn unknown(data: &[u8]) -> Action {
    let selector = data.first_chunk::<4>().map(FixedBytes::from);
    Action::Unknown { selector, bytes: data.len() }
}

/// Decodes a call that is encoded as we would encode it, and no other way.
pub(crate) fn canonical<C: SolCall>(data: &[u8]) -> Option<C> {
    let call = C::abi_decode_validate(data).ok()?;
    (call.abi_encode() == data).then_some(call)
}
