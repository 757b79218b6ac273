//! One asset that leaves one holder, or may.

use alloy::primitives::{Address, U256};
use serde::Serialize;

/// How many bits an ERC-20 amount has.
pub(crate) const AMOUNT_BITS: usize = 256;
/// How many bits an allowance has at Permit2.
pub(crate) const PERMIT2_BITS: usize = 160;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "asset", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are a contract and an id in it")]
pub enum Asset {
    /// The chain's own coin, in wei.
    Native,
    /// A contract's tokens. Where a function does not tell ERC-20 from ERC-721, an id counts as an
    /// amount.
    Token { token: Address },
    /// One id of an ERC-721 or ERC-1155 contract.
    Item { token: Address, id: U256 },
    /// What an EntryPoint keeps for the holder, in wei.
    Deposit { entry_point: Address },
}

/// Whether it moves now or may later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It leaves the holder.
    Out,
    /// Somebody may take it from the holder.
    Allowance,
}

/// Whether an amount is meant as a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// It is an amount.
    Limited,
    /// No supply is as large: its upper half of numbers stands for everything.
    Unlimited,
}

impl Extent {
    /// What an amount of so many bits stands for.
    pub(crate) fn of(amount: U256, bits: usize) -> Self {
        match amount.bit_len() >= bits {
            true => Self::Unlimited,
            false => Self::Limited,
        }
    }
}

/// One asset, one holder, one amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Flow {
    /// Whose it is; `None` is whoever signs.
    pub holder: Option<Address>,
    /// What.
    pub asset: Asset,
    /// Now or later.
    pub direction: Direction,
    /// How much at most.
    pub amount: U256,
    /// Whether the amount is a bound at all.
    pub extent: Extent,
    /// Who gets it, or may take it.
    pub counterparty: Address,
}

impl Flow {
    /// Something that leaves its holder.
    pub(crate) const fn out(holder: Address, asset: Asset, amount: U256, to: Address) -> Self {
        Self {
            holder: Some(holder),
            asset,
            direction: Direction::Out,
            amount,
            extent: Extent::Limited,
            counterparty: to,
        }
    }

    /// Something that a spender may take, of an amount of so many bits.
    pub(crate) fn allowance(
        holder: Option<Address>,
        asset: Asset,
        (amount, bits): (U256, usize),
        spender: Address,
    ) -> Self {
        let extent = Extent::of(amount, bits);
        let direction = Direction::Allowance;
        Self { holder, asset, direction, amount, extent, counterparty: spender }
    }

    /// Whether it is this holder's, or a signer's of whom only the key is known.
    pub fn leaves(&self, holder: Address) -> bool {
        self.holder.is_none_or(|theirs| theirs == holder)
    }
}
