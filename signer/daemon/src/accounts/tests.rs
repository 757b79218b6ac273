//! Accounts as a real node shows them, and nodes that do not answer as they should.

use std::time::Instant;

use countersign_devnet::Anvil;
use countersign_userop::{AccountKind, EntryPointVersion};

use super::*;
use crate::config::EntryPointConfig;

const OWNER: Address = Address::repeat_byte(0x0e);

fn reader(url: &str, id: u64) -> RpcAccounts {
    let version = EntryPointVersion::V0_7;
    RpcAccounts::new(&[ChainConfig {
        id: ChainId::new(id),
        rpc: url.parse().unwrap(),
        witness: None,
        entry_points: vec![EntryPointConfig { version, address: version.canonical_address() }],
        accounts: Vec::new(),
        delegates: Vec::new(),
        paymasters: Vec::new(),
    }])
}

fn any_spec() -> AccountSpec {
    let (factory, implementation) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let (kind, version) = (AccountKind::Countersign, EntryPointVersion::V0_7);
    AccountSpec::new(kind, version, factory, implementation).unwrap()
}

#[tokio::test]
async fn a_deployed_account_of_each_kind_is_recognised_with_its_owner() {
    let anvil = Anvil::start().await.unwrap();
    let deployed = anvil.deploy().await.unwrap();
    let reader = reader(anvil.url(), anvil.chain_id());
    let chain = ChainId::new(anvil.chain_id());
    let ours =
        deployed.countersign.iter().map(|(version, d)| (AccountKind::Countersign, version, d));
    // From 0.8 on only the EntryPoint's own creator may call the factory of a SimpleAccount.
    let simple = deployed
        .simple
        .iter()
        .filter(|(version, _)| **version <= EntryPointVersion::V0_7)
        .map(|(version, d)| (AccountKind::SimpleAccount, version, d));
    for (kind, version, deployment) in ours.chain(simple) {
        let spec = AccountSpec::new(kind, *version, deployment.factory, deployment.implementation)
            .unwrap();
        let salt = U256::from(7);
        let account = spec.address(OWNER, salt);
        let before = reader.read(chain, account, &spec).await.unwrap();
        assert!(before.code.is_empty() && before.owner.is_none(), "{kind} {version}: {before:?}");

        let create = spec.factory_call(OWNER, salt);
        let payer = anvil.deployer().unwrap();
        anvil.send(payer, Some(create.address), U256::ZERO, &create.data).await.unwrap();

        let found = reader.read(chain, account, &spec).await.unwrap();
        assert!(spec.recognises(&found.code, found.implementation), "{kind} {version}: {found:?}");
        assert_eq!(found.owner, Some(OWNER), "{kind} {version}");
    }
}

#[tokio::test]
async fn a_node_of_another_chain_is_not_believed() {
    let anvil = Anvil::start().await.unwrap();
    let reader = reader(anvil.url(), 1);
    let read = reader.read(ChainId::new(1), OWNER, &any_spec()).await;
    assert!(matches!(read, Err(ReadError::OtherChain { .. })), "{read:?}");
}

#[tokio::test]
async fn a_node_that_hangs_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reader = reader(&format!("http://{}", silent.local_addr().unwrap()), 1);
    let started = Instant::now();
    let read = reader.read(ChainId::new(1), OWNER, &any_spec()).await;
    assert!(matches!(read, Err(ReadError::TimedOut)), "{read:?}");
    assert!(started.elapsed() < PATIENCE * 2);
}

#[tokio::test]
async fn a_chain_without_a_node_and_a_node_that_is_gone_are_errors() {
    let reader = reader("http://127.0.0.1:1", 1);
    let read = reader.read(ChainId::new(2), OWNER, &any_spec()).await;
    assert!(matches!(read, Err(ReadError::NoNode(_))), "{read:?}");
    let read = reader.read(ChainId::new(1), OWNER, &any_spec()).await;
    assert!(matches!(read, Err(ReadError::Node(_))), "{read:?}");
}
