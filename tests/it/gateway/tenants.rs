//! Two callers of one gateway.

use alloy::primitives::U256;
use countersign::{
    Caller, CreateWallet, ListWallets, Scope, SendCalls, ServiceError, SponsorChoice, Wallet,
};
use countersign_userop::{AccountKind, ChainId, EntryPointVersion};

use super::{
    stand_in::WALLETS,
    world::{CHAIN, OTHER_CHAIN, Setting, World, gift},
};

fn ask(chain: ChainId, index: Option<u32>) -> CreateWallet {
    CreateWallet {
        key: WALLETS.into(),
        kind: AccountKind::SimpleAccount,
        version: EntryPointVersion::V0_7,
        chain,
        salt: U256::ZERO,
        index,
    }
}

#[tokio::test]
async fn a_child_of_one_caller_is_closed_to_every_other_on_every_chain() {
    let world = World::start(Setting::default()).await;
    let (one, two) = (World::caller(), Caller::new("other"));
    let mine = world.gateway.create_wallet(&one, ask(CHAIN, None)).await.unwrap();
    for (chain, salt) in [(CHAIN, 0), (OTHER_CHAIN, 0), (OTHER_CHAIN, 1)] {
        let theirs = CreateWallet { salt: U256::from(salt), ..ask(chain, Some(mine.index)) };
        let refused = world.gateway.create_wallet(&two, theirs).await;
        assert!(matches!(refused, Err(ServiceError::ForeignChild { .. })), "{refused:?}");
    }
    let elsewhere = world.gateway.create_wallet(&one, ask(OTHER_CHAIN, Some(mine.index))).await;
    assert_eq!(elsewhere.unwrap().address, mine.address);
}

#[tokio::test]
async fn a_caller_that_names_the_last_child_takes_nothing_from_others() {
    let world = World::start(Setting::default()).await;
    let (one, two) = (World::caller(), Caller::new("other"));
    let last = (1 << 31) - 1;
    world.gateway.create_wallet(&two, ask(CHAIN, Some(last))).await.unwrap();
    world.gateway.create_wallet(&two, ask(CHAIN, Some(0))).await.unwrap();
    let given = world.gateway.create_wallet(&one, ask(CHAIN, None)).await.unwrap();
    assert_eq!(given.index, 1);
    let hardened = world.gateway.create_wallet(&two, ask(CHAIN, Some(last + 1))).await;
    assert!(matches!(hardened, Err(ServiceError::Invalid { .. })), "{hardened:?}");
}

#[tokio::test]
async fn wallets_are_listed_page_by_page_each_once() {
    let world = World::start(Setting::default()).await;
    let caller = World::caller();
    let mut made = Vec::new();
    for chain in [CHAIN, OTHER_CHAIN, CHAIN] {
        made.push(world.gateway.create_wallet(&caller, ask(chain, None)).await.unwrap());
    }
    let mut ask = ListWallets { chain: None, cursor: None, limit: 2 };
    let first = world.gateway.list_wallets(&caller, ask.clone()).await.unwrap();
    ask.cursor = first.cursor.clone();
    let second = world.gateway.list_wallets(&caller, ask).await.unwrap();
    assert!(first.cursor.is_some() && second.cursor.is_none());
    assert_eq!([first.wallets, second.wallets].concat(), made);
    let here = ListWallets { chain: Some(CHAIN), cursor: None, limit: 2 };
    let here = world.gateway.list_wallets(&caller, here).await.unwrap();
    assert_eq!((here.wallets.len(), here.cursor), (2, None));
    let nobodys = ListWallets { chain: None, cursor: None, limit: 2 };
    let other = Caller::new("other");
    assert!(world.gateway.list_wallets(&other, nobodys).await.unwrap().wallets.is_empty());
}

#[tokio::test]
async fn a_key_for_one_wallet_neither_shows_nor_moves_another_of_its_caller() {
    let world = World::start(Setting::default()).await;
    let open = world.funded_wallet(EntryPointVersion::V0_7).await;
    let closed = world.funded_wallet(EntryPointVersion::V0_7).await;
    let scope = Scope { wallets: Some([open.address].into()), ..Scope::default() };
    let narrow = World::caller().within(scope);
    let gateway = &world.gateway;

    let ask = ListWallets { chain: None, cursor: None, limit: 10 };
    let listed = gateway.list_wallets(&narrow, ask).await.unwrap();
    assert_eq!(listed.wallets, std::slice::from_ref(&open));
    let only = gateway.only_wallet(&narrow, CHAIN).await.unwrap();
    assert_eq!(only, open);
    let got = gateway.get_wallet(&narrow, CHAIN, closed.address).await;
    assert!(matches!(got, Err(ServiceError::OutOfScope(_))), "{got:?}");
    let send = |wallet: &Wallet| SendCalls {
        id: None,
        chain: CHAIN,
        from: wallet.address,
        calls: vec![gift(0x71)],
        sponsor: SponsorChoice::Account,
        nonce_key: None,
        signature: None,
    };
    let sent = gateway.send_calls(&narrow, send(&closed)).await;
    assert!(matches!(sent, Err(ServiceError::OutOfScope(_))), "{sent:?}");
    let id = gateway.send_calls(&World::caller(), send(&closed)).await.unwrap().id;
    let seen = gateway.operation(&narrow, &id).await;
    assert!(matches!(seen, Err(ServiceError::UnknownId(_))), "{seen:?}");
    let status = gateway.calls_status(&narrow, &id).await;
    assert!(matches!(status, Err(ServiceError::UnknownId(_))), "{status:?}");
    let other_chain = World::caller().within(Scope { chains: Some([].into()), ..Scope::default() });
    let got = gateway.get_wallet(&other_chain, CHAIN, open.address).await;
    assert!(matches!(got, Err(ServiceError::OutOfScope(_))), "{got:?}");
    let id = gateway.send_calls(&narrow, send(&open)).await.unwrap().id;
    world.must_include(&id).await;
}
