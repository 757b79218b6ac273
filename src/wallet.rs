//! Wallets: an account whose owner is a child of an MPC key.

use alloy::primitives::Address;
use countersign_protocol::{ChildNumber, KeyName};
use countersign_userop::ChainId;

use crate::{
    service::{Caller, CreateWallet, ListWallets, ServiceError, Wallet, WalletPage},
    store::WalletQuery,
    world::World,
};

/// The most wallets that one page lists.
const PAGE_LIMIT: u32 = 1_000;

/// Derives the owner with the cosigners and remembers the counterfactual account.
pub(crate) async fn create(
    world: &World,
    caller: &Caller,
    ask: CreateWallet,
) -> Result<Wallet, ServiceError> {
    let chain = world.chain(ask.chain)?.node.config();
    chain_is_open(caller, ask.chain)?;
    if caller.scope().wallets.is_some() {
        return Err(ServiceError::OutOfScope("other wallets than it names".into()));
    }
    let account = chain
        .account(ask.kind, ask.version)
        .ok_or(ServiceError::UnsupportedAccount { kind: ask.kind, version: ask.version })?;
    world.features.current().allow_operation(ask.chain, ask.kind)?;
    let key: KeyName = key_name(&ask.key)?;
    // Before an index is spent, somebody must know the key.
    world.quorum.key(&key).await?;
    let index = take_child(world, caller, &key, ask.index).await?;
    let child = child(index)?;
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

/// The child that is named, if nobody else has it, or the next that nobody has.
pub(crate) async fn take_child(
    world: &World,
    caller: &Caller,
    key: &KeyName,
    named: Option<u32>,
) -> Result<u32, ServiceError> {
    named.map(child).transpose()?;
    let taken = world.store.claim_child(caller, key.as_str(), named).await;
    taken.map_err(ServiceError::internal)?.ok_or_else(|| match named {
        Some(index) => ServiceError::ForeignChild { key: key.to_string(), index },
        None => ServiceError::invalid("key", "all of its children are taken"),
    })
}

/// A child as the protocol takes it.
pub(crate) fn child(index: u32) -> Result<ChildNumber, ServiceError> {
    ChildNumber::new(index)
        .ok_or_else(|| ServiceError::invalid("index", "hardened children cannot be derived"))
}

/// A wallet of the caller.
pub(crate) async fn find(
    world: &World,
    caller: &Caller,
    chain: ChainId,
    address: Address,
) -> Result<Wallet, ServiceError> {
    world.chain(chain)?;
    chain_is_open(caller, chain)?;
    if !caller.scope().has_wallet(chain, address) {
        return Err(ServiceError::OutOfScope(format!("wallet {address}")));
    }
    let found = world.store.wallet(caller, chain, address).await;
    let wallet =
        found.map_err(ServiceError::internal)?.ok_or(ServiceError::UnknownWallet(address))?;
    world.limits.wallet(chain, address).map_err(ServiceError::Throttled)?;
    Ok(wallet)
}

/// A page of the caller's wallets.
pub(crate) async fn page(
    world: &World,
    caller: &Caller,
    ask: ListWallets,
) -> Result<WalletPage, ServiceError> {
    if ask.limit == 0 || ask.limit > PAGE_LIMIT {
        let text = format!("must be 1 to {PAGE_LIMIT}");
        return Err(ServiceError::invalid("limit", text));
    }
    let after = match &ask.cursor {
        None => 0,
        Some(cursor) => cursor
            .parse()
            .map_err(|_| ServiceError::invalid("cursor", "is none that an earlier page gave"))?,
    };
    // One more than asked for tells whether there is a next page.
    let which =
        WalletQuery { chain: ask.chain, after, limit: ask.limit + 1, ..WalletQuery::default() };
    let mut found = world.store.wallets(caller, which).await.map_err(ServiceError::internal)?;
    let more = found.len() > ask.limit as usize;
    found.truncate(ask.limit as usize);
    let cursor = found.last().filter(|_| more).map(|(place, _)| place.to_string());
    Ok(WalletPage { wallets: open(caller, found), cursor })
}

/// The caller's wallet on a chain, when there is just one.
pub(crate) async fn only(
    world: &World,
    caller: &Caller,
    chain: ChainId,
) -> Result<Wallet, ServiceError> {
    world.chain(chain)?;
    chain_is_open(caller, chain)?;
    let limit = if caller.scope().wallets.is_some() { u32::MAX } else { 2 };
    let which = WalletQuery { chain: Some(chain), limit, ..WalletQuery::default() };
    let found = world.store.wallets(caller, which).await.map_err(ServiceError::internal)?;
    let found = open(caller, found);
    let many = found.len() > 1;
    match found.into_iter().next() {
        Some(wallet) if !many => Ok(wallet),
        Some(_) => Err(missing("there are several wallets on this chain")),
        None => Err(missing("there is no wallet on this chain")),
    }
}

fn missing(why: &str) -> ServiceError {
    ServiceError::invalid("calls.from", format!("missing, and {why}"))
}

/// The caller's wallets with one address, on every chain.
pub(crate) async fn everywhere(
    world: &World,
    caller: &Caller,
    address: Address,
) -> Result<Vec<Wallet>, ServiceError> {
    let which = WalletQuery { address: Some(address), limit: u32::MAX, ..WalletQuery::default() };
    let found = world.store.wallets(caller, which).await.map_err(ServiceError::internal)?;
    Ok(open(caller, found))
}

/// Those wallets that the caller's key opens.
fn open(caller: &Caller, found: Vec<(i64, Wallet)>) -> Vec<Wallet> {
    let is_open = |wallet: &Wallet| caller.scope().has_wallet(wallet.chain, wallet.address);
    found.into_iter().map(|(_, wallet)| wallet).filter(is_open).collect()
}

/// The caller's key opens the chain.
pub(crate) fn chain_is_open(caller: &Caller, chain: ChainId) -> Result<(), ServiceError> {
    if caller.scope().has_chain(chain) {
        return Ok(());
    }
    Err(ServiceError::OutOfScope(format!("chain {chain}")))
}

/// A key name as the protocol takes it.
pub(crate) fn key_name(name: &str) -> Result<KeyName, ServiceError> {
    name.parse().map_err(|error: countersign_protocol::KeyNameError| {
        ServiceError::invalid("key", error.to_string())
    })
}
