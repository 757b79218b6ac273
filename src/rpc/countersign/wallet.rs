//! A wallet on the wire.

use alloy::primitives::{Address, U256};
use countersign_userop::{AccountKind, EntryPointVersion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rpc::schema::{self, Chain};
use crate::service::Wallet;

/// What `countersign_createWallet` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewWallet {
    /// Name of the MPC key whose child owns the wallet.
    pub(super) key: String,
    /// The chain it lives on.
    pub(super) chain_id: Chain,
    /// The account contract; "countersign" when absent.
    #[schemars(with = "Option<schema::AccountKindText>")]
    pub(super) kind: Option<AccountKind>,
    /// The EntryPoint it answers to; "0.8" when absent.
    #[schemars(with = "Option<schema::EntryPointVersionText>")]
    pub(super) entry_point_version: Option<EntryPointVersion>,
    /// Tells several wallets of one owner apart; 0 when absent.
    #[schemars(with = "Option<schema::Quantity>")]
    pub(super) salt: Option<U256>,
    /// The child of the key; the next unused one when absent. The same index gives the same wallet.
    pub(super) index: Option<u32>,
}

/// A smart account that an MPC key owns.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Wallet")]
pub(super) struct WalletView {
    /// The counterfactual address; code appears there with the first operation.
    #[schemars(with = "schema::Address")]
    address: Address,
    /// The chain it lives on.
    chain_id: Chain,
    /// The owner: the child `m/index` of the key.
    #[schemars(with = "schema::Address")]
    owner: Address,
    /// Name of the MPC key.
    key: String,
    /// The child.
    index: u32,
    /// Tells several wallets of one owner apart.
    #[schemars(with = "schema::Quantity")]
    salt: U256,
    /// The EntryPoint that it answers to.
    #[schemars(with = "schema::Address")]
    entry_point: Address,
    /// Its version.
    #[schemars(with = "schema::EntryPointVersionText")]
    entry_point_version: EntryPointVersion,
    /// The account contract.
    #[schemars(with = "schema::AccountKindText")]
    kind: AccountKind,
    /// The contract that deploys it.
    #[schemars(with = "schema::Address")]
    factory: Address,
    /// The code behind it.
    #[schemars(with = "schema::Address")]
    implementation: Address,
}

impl From<Wallet> for WalletView {
    fn from(wallet: Wallet) -> Self {
        Self {
            address: wallet.address,
            chain_id: Chain(wallet.chain),
            owner: wallet.owner,
            key: wallet.key,
            index: wallet.index,
            salt: wallet.salt,
            entry_point: wallet.entry_point,
            entry_point_version: wallet.account.version,
            kind: wallet.account.kind,
            factory: wallet.account.factory,
            implementation: wallet.account.implementation,
        }
    }
}
