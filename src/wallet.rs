//! Wallets: an account whose owner is a child of an MPC key.

use countersign_protocol::{ChildNumber, KeyName};

use crate::{
    service::{Caller, CreateWallet, ServiceError, Wallet},
    world::World,
};

/// Derives the owner with the cosigners and remembers the counterfactual account.
pub(crate) async fn create(
    world: &World,
    caller: &Caller,
    ask: CreateWallet,
) -> Result<Wallet, ServiceError> {
    let chain = world.chain(ask.chain)?.node.config();
    let account = chain
        .account(ask.kind, ask.version)
        .ok_or(ServiceError::UnsupportedAccount { kind: ask.kind, version: ask.version })?;
    let key: KeyName = key_name(&ask.key)?;
    // Before an index is spent, somebody must know the key.
    world.quorum.key(&key).await?;
    let index = match ask.index {
        Some(index) => index,
        None => world.store.take_child_index(key.as_str()).await.map_err(ServiceError::internal)?,
    };
    let child = ChildNumber::new(index)
        .ok_or_else(|| ServiceError::invalid("index", "hardened children cannot be derived"))?;
    let owner = world.quorum.derive_owner(&key, Some(child)).await?;
    let wallet = Wallet {
        address: account.address(owner, ask.salt),
        chain: ask.chain,
        owner,
        key: ask.key,
        index,
        salt: ask.salt,
        entry_point: chain.entry_point(ask.version),
        account: *account,
    };
    world.store.put_wallet(caller, &wallet).await.map_err(ServiceError::internal)?;
    // Another caller may have had it first; then it is not this caller's.
    find(world, caller, wallet.chain, wallet.address).await
}

/// A wallet of the caller.
pub(crate) async fn find(
    world: &World,
    caller: &Caller,
    chain: countersign_userop::ChainId,
    address: alloy::primitives::Address,
) -> Result<Wallet, ServiceError> {
    world.chain(chain)?;
    let found = world.store.wallet(caller, chain, address).await;
    found.map_err(ServiceError::internal)?.ok_or(ServiceError::UnknownWallet(address))
}

/// A key name as the protocol takes it.
pub(crate) fn key_name(name: &str) -> Result<KeyName, ServiceError> {
    name.parse().map_err(|error: countersign_protocol::KeyNameError| {
        ServiceError::invalid("key", error.to_string())
    })
}
