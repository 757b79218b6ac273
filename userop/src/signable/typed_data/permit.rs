//! Approvals by signature: whoever holds one may take the signer's tokens, without a transaction of
//! the signer's.

use alloy::primitives::{Address, U256};
use serde::Serialize;

use super::{TypedData, TypedValue};
use crate::{
    OnceSlot,
    effects::{AMOUNT_BITS, Asset, Flow, PERMIT2_BITS},
};

const ERC2612: [&str; 5] =
    ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"];
const DAI: [&str; 5] =
    ["address holder", "address spender", "uint256 nonce", "uint256 expiry", "bool allowed"];
const DETAILS: [&str; 4] = ["address token", "uint160 amount", "uint48 expiration", "uint48 nonce"];
const TOKENS: [&str; 2] = ["address token", "uint256 amount"];
const SINGLE: [&str; 3] = ["PermitDetails details", "address spender", "uint256 sigDeadline"];
const BATCH: [&str; 3] = ["PermitDetails[] details", "address spender", "uint256 sigDeadline"];
const TRANSFER: [&str; 4] =
    ["TokenPermissions permitted", "address spender", "uint256 nonce", "uint256 deadline"];
const BATCH_TRANSFER: [&str; 4] =
    ["TokenPermissions[] permitted", "address spender", "uint256 nonce", "uint256 deadline"];
const ERC3009: [&str; 6] = [
    "address from",
    "address to",
    "uint256 value",
    "uint256 validAfter",
    "uint256 validBefore",
    "bytes32 nonce",
];

/// Whose form a permit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PermitShape {
    /// ERC-2612.
    Erc2612,
    /// DAI: everything or nothing.
    Dai,
    /// Permit2, allowance of one token: `PermitSingle`.
    Permit2Single,
    /// Permit2, allowances of several tokens: `PermitBatch`.
    Permit2Batch,
    /// Permit2, a transfer: `PermitTransferFrom`, with a witness or without.
    Permit2Transfer,
    /// Permit2, several transfers: `PermitBatchTransferFrom`, with a witness or without.
    Permit2BatchTransfer,
    /// ERC-3009: `TransferWithAuthorization`, `ReceiveWithAuthorization`.
    Erc3009,
    /// It says that it permits, in a form that we do not know: it counts as an approval of everything.
    Lookalike,
}

/// An approval in typed data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permit {
    /// Whose form it has.
    pub shape: PermitShape,
    /// What it lets go.
    pub flows: Vec<Flow>,
    /// The number that its contract lets it use once.
    pub slot: Option<OnceSlot>,
}

/// What a permit's parts are read from.
struct Case<'a> {
    data: &'a TypedData,
    contract: Option<Address>,
}

pub(super) fn recognise(data: &TypedData) -> Option<Permit> {
    let case = Case { data, contract: data.domain().verifying_contract };
    let (types, primary) = (&data.types, data.primary_type());
    let known = match primary {
        "Permit" if types.is(primary, &ERC2612) => case.erc2612(),
        "Permit" if types.is(primary, &DAI) => case.dai(),
        "PermitSingle" if types.is(primary, &SINGLE) => case.allowances(PermitShape::Permit2Single),
        "PermitBatch" if types.is(primary, &BATCH) => case.allowances(PermitShape::Permit2Batch),
        "PermitTransferFrom" if types.is(primary, &TRANSFER) => {
            case.transfers(PermitShape::Permit2Transfer)
        }
        "PermitBatchTransferFrom" if types.is(primary, &BATCH_TRANSFER) => {
            case.transfers(PermitShape::Permit2BatchTransfer)
        }
        "PermitWitnessTransferFrom" if types.begins_with(primary, &TRANSFER) => {
            case.transfers(PermitShape::Permit2Transfer)
        }
        "PermitBatchWitnessTransferFrom" if types.begins_with(primary, &BATCH_TRANSFER) => {
            case.transfers(PermitShape::Permit2BatchTransfer)
        }
        "TransferWithAuthorization" | "ReceiveWithAuthorization" if types.is(primary, &ERC3009) => {
            case.erc3009()
        }
        _ => None,
    };
    known.or_else(|| case.lookalike())
}

impl Case<'_> {
    fn erc2612(&self) -> Option<Permit> {
        let (owner, spender) = (self.address("owner")?, self.address("spender")?);
        let amount = (self.number("value")?, AMOUNT_BITS);
        let flow = Flow::allowance(Some(owner), self.token()?, amount, spender);
        let slot = self.once(Some(owner), self.number("nonce")?);
        Some(Permit { shape: PermitShape::Erc2612, flows: vec![flow], slot: Some(slot) })
    }

    fn dai(&self) -> Option<Permit> {
        let (owner, spender) = (self.address("holder")?, self.address("spender")?);
        let amount = match self.data.message().field("allowed")? {
            TypedValue::Bool(false) => U256::ZERO,
            _ => U256::MAX,
        };
        let flow = Flow::allowance(Some(owner), self.token()?, (amount, AMOUNT_BITS), spender);
        let slot = self.once(Some(owner), self.number("nonce")?);
        Some(Permit { shape: PermitShape::Dai, flows: vec![flow], slot: Some(slot) })
    }

    /// Each allowance has a nonce of its own, so no one number stands for the whole.
    fn allowances(&self, shape: PermitShape) -> Option<Permit> {
        self.data.types.is("PermitDetails", &DETAILS).then_some(())?;
        let flows = self.each("details", "amount", PERMIT2_BITS)?;
        Some(Permit { shape, flows, slot: None })
    }

    fn transfers(&self, shape: PermitShape) -> Option<Permit> {
        self.data.types.is("TokenPermissions", &TOKENS).then_some(())?;
        let flows = self.each("permitted", "amount", AMOUNT_BITS)?;
        let slot = self.once(None, self.number("nonce")?);
        Some(Permit { shape, flows, slot: Some(slot) })
    }

    fn erc3009(&self) -> Option<Permit> {
        let (from, to) = (self.address("from")?, self.address("to")?);
        let flow = Flow::out(from, self.token()?, self.number("value")?, to);
        let slot = match self.data.message().field("nonce")? {
            TypedValue::Bytes(bytes) => self.once(Some(from), U256::try_from_be_slice(bytes)?),
            _ => return None,
        };
        Some(Permit { shape: PermitShape::Erc3009, flows: vec![flow], slot: Some(slot) })
    }

    /// Any struct in it that says `permit` or `approv` makes it one, and nothing bounds it.
    fn lookalike(&self) -> Option<Permit> {
        let says = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["permit", "approv", "withauthorization"].iter().any(|word| name.contains(word))
        };
        self.data.types.names().any(says).then_some(())?;
        let named = ["spender", "operator", "to"].iter().find_map(|name| self.address(name));
        let token = Asset::Token { token: self.contract.unwrap_or_default() };
        let amount = (U256::MAX, AMOUNT_BITS);
        let flow = Flow::allowance(None, token, amount, named.unwrap_or_default());
        Some(Permit { shape: PermitShape::Lookalike, flows: vec![flow], slot: None })
    }

    /// One flow for each token in a member that is one of them or a list of them.
    fn each(&self, member: &str, amount: &str, bits: usize) -> Option<Vec<Flow>> {
        let spender = self.address("spender")?;
        let parts = match self.data.message().field(member)? {
            one @ TypedValue::Struct(_) => std::slice::from_ref(one),
            several => several.items(),
        };
        let flow = |part: &TypedValue| {
            let token = part.field("token")?.address()?;
            let amount = part.field(amount)?.number()?;
            Some(Flow::allowance(None, Asset::Token { token }, (amount, bits), spender))
        };
        parts.iter().map(flow).collect()
    }

    fn token(&self) -> Option<Asset> {
        self.contract.map(|token| Asset::Token { token })
    }

    fn address(&self, member: &str) -> Option<Address> {
        self.data.message().field(member)?.address()
    }

    fn number(&self, member: &str) -> Option<U256> {
        self.data.message().field(member)?.number()
    }

    const fn once(&self, holder: Option<Address>, nonce: U256) -> OnceSlot {
        OnceSlot::Nonce { chain: self.data.chain(), contract: self.contract, holder, nonce }
    }
}
