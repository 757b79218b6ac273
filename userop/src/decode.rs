//! What one call does, where its function is one that people ought to see by name.
//!
//! A call is named only if its arguments are encoded canonically: what another decoder could read
//! differently stays [`Action::Unknown`].

mod admin;
mod batch;
mod entry_point;
mod permit2;
mod tokens;

use alloy::{
    primitives::{Address, FixedBytes, U256},
    sol_types::{SolCall, SolValue, abi::AbiDecoderConfig},
};
use serde::Serialize;

pub(crate) use admin::decode as decode_admin;
pub use admin::{AdminChange, AdminClass};
pub use entry_point::EntryPointCall;
pub use permit2::{Permit2Allowance, Permit2Call, Permit2Pair, Permit2Transfer};

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
    /// DAI's `permit`: everything or nothing.
    PermitAll { owner: Address, spender: Address, allowed: bool, nonce: U256, deadline: U256 },
    /// `setApprovalForAll` of ERC-721 and ERC-1155.
    ApproveAll { operator: Address, approved: bool },
    /// ERC-721 `safeTransferFrom`.
    TransferToken { from: Address, to: Address, id: U256 },
    /// ERC-1155 `safeTransferFrom` and `safeBatchTransferFrom`.
    TransferTokens { from: Address, to: Address, ids: Vec<U256>, amounts: Vec<U256> },
    /// A call to Permit2, or to a contract that speaks as it does.
    Permit2 { call: Permit2Call },
    /// A call to an EntryPoint, or to a contract that keeps a deposit as it does.
    EntryPoint { call: EntryPointCall },
    /// A proxy takes other code.
    Upgrade { implementation: Address, initializes: bool },
    /// An account gets another owner.
    RotateOwner { new_owner: Address },
    /// An account gets another guardian; zero for none.
    SetGuardian { new_guardian: Address },
    /// Another change of who or what commands a contract.
    Admin { change: AdminChange },
    /// Several calls in one; they are listed inside it.
    Batch { function: &'static str, stops_on_failure: bool },
    /// A function that we do not know by name.
    Unknown { selector: Option<FixedBytes<4>>, bytes: usize },
}

/// Who makes the calls inside a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InnerCaller {
    /// The contract that was called with the batch.
    Callee,
    /// Whoever called it: the contract delegates to its own code, value and caller stay.
    Unchanged,
}

/// A call taken apart.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) action: Action,
    pub(crate) inner: Vec<Call>,
    pub(crate) inner_caller: InnerCaller,
}

impl Decoded {
    const fn leaf(action: Action) -> Self {
        Self { action, inner: Vec::new(), inner_caller: InnerCaller::Callee }
    }
}

/// What the call does, and the calls inside it if it is a batch.
pub(crate) fn decode(call: &Call) -> Decoded {
    let data = &call.data[..];
    if data.is_empty() {
        return Decoded::leaf(Action::Send);
    }
    if let Some(batch) = batch::decode(call) {
        return batch;
    }
    let action = tokens::decode(data)
        .or_else(|| permit2::decode(data))
        .or_else(|| entry_point::decode(data))
        .or_else(|| admin::decode(data));
    Decoded::leaf(action.unwrap_or_else(|| unknown(data)))
}

/// A call that stays unnamed.
pub(crate) fn unknown(data: &[u8]) -> Action {
    Action::Unknown { selector: selector(data), bytes: data.len() }
}

/// The function that call data names, if it is long enough to name one.
pub(crate) fn selector(data: &[u8]) -> Option<FixedBytes<4>> {
    data.first_chunk::<4>().map(FixedBytes::from)
}

/// The most memory that decoding may take, far above what a field of our bound needs.
const MEMORY: usize = 16 * 1024 * 1024;

/// No two offsets may point at the same bytes, or a few kilobytes could unfold to gigabytes.
const STRICT: AbiDecoderConfig = AbiDecoderConfig::new().strict(true).memory_limit(MEMORY);

/// Decodes a call that is encoded as we would encode it, and no other way.
pub(crate) fn canonical<C: SolCall>(data: &[u8]) -> Option<C> {
    let call = C::abi_decode_with_config(data, STRICT).ok()?;
    (call.abi_encode() == data).then_some(call)
}

/// Decodes a value that is encoded as we would encode it, and no other way.
pub(crate) fn canonical_value<V>(data: &[u8]) -> Option<V>
where
    V: SolValue + From<<V::SolType as alloy::sol_types::SolType>::RustType>,
{
    let value = V::abi_decode_with_config(data, STRICT).ok()?;
    (value.abi_encode() == data).then_some(value)
}

/// What a canonical call of `C` is, if the data is one.
fn named<C: SolCall>(data: &[u8], name: impl FnOnce(C) -> Action) -> Option<Action> {
    data.starts_with(&C::SELECTOR).then(|| canonical::<C>(data))?.map(name)
}

#[cfg(test)]
mod tests {
    use alloy::sol;

    use super::*;

    sol! {
        function several(bytes[] parts) external;
    }

    #[test]
    fn offsets_that_share_bytes_fail_before_anything_is_copied() {
        let word = |n: usize| U256::from(n).to_be_bytes::<32>();
        let twice = [word(32), word(2), word(64), word(64), word(0)].concat();
        let data = [&severalCall::SELECTOR[..], &twice].concat();
        assert!(severalCall::abi_decode_with_config(&data, STRICT).is_err());
        assert!(severalCall::abi_decode_validate(&data).is_ok(), "only strictness refuses it");
    }
}
