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

mod fates {
    //! Two nodes that agree on what became of a nonce, or do not.

    use alloy::sol_types::{SolEvent as _, SolValue as _};
    use countersign_devnet::{HostileServer, Reply};
    use countersign_userop::IEntryPoint::UserOperationEvent;
    use serde_json::{Value, json};

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn block(number: u64, hash: u8) -> Reply {
        let zero = B256::ZERO;
        let mut block = json!({
            "number": format!("{number:#x}"), "hash": B256::repeat_byte(hash), "parentHash": zero,
            "timestamp": format!("{NOW:#x}"), "sha3Uncles": zero, "stateRoot": zero,
            "transactionsRoot": zero, "receiptsRoot": zero, "miner": Address::ZERO,
            "difficulty": "0x0", "gasLimit": "0x0", "gasUsed": "0x0", "extraData": "0x",
            "mixHash": zero, "nonce": "0x0000000000000000", "transactions": [], "uncles": [],
        });
        block["logsBloom"] = Value::from(format!("0x{}", "00".repeat(256)));
        Reply::Result(block)
    }

    fn at() -> NonceAt {
        let entry_point = EntryPointVersion::V0_7.canonical_address();
        let (chain, sender) = (ChainId::new(31_337), Address::repeat_byte(0x5e));
        NonceAt { chain, entry_point, sender, nonce: U256::from(4) }
    }

    fn event(hash: u8, nonce: u64) -> Reply {
        let data = (U256::from(nonce), true, U256::ZERO, U256::ZERO).abi_encode();
        Reply::Result(json!([{
            "address": at().entry_point,
            "topics": [
                UserOperationEvent::SIGNATURE_HASH, B256::repeat_byte(hash), at().sender.into_word(), B256::ZERO,
            ],
            "data": Bytes::from(data), "blockNumber": "0x5", "blockHash": B256::repeat_byte(5),
            "transactionHash": B256::repeat_byte(6), "transactionIndex": "0x0", "logIndex": "0x0", "removed": false,
        }]))
    }

    /// A node whose last finalized block is ten, in which the next nonce is `next`, used by operation seven.
    async fn node(next: u64) -> HostileServer {
        let node = HostileServer::start(block(10, 1)).await.unwrap();
        node.answer_method_with(
            "eth_call",
            Reply::Result(json!(U256::from(next).to_be_bytes_vec().into_iter().collect::<Bytes>())),
        );
        node.answer_method_with("eth_getLogs", event(7, 4));
        node
    }

    async fn fate(node: &HostileServer, witness: Option<&HostileServer>) -> Fate {
        let version = EntryPointVersion::V0_7;
        let reader = RpcAccounts::new(&[ChainConfig {
            id: at().chain,
            rpc: node.url().parse().unwrap(),
            witness: witness.map(|witness| witness.url().parse().unwrap()),
            entry_points: vec![EntryPointConfig { version, address: version.canonical_address() }],
            accounts: Vec::new(),
            delegates: Vec::new(),
            paymasters: Vec::new(),
        }]);
        reader.fate(at(), 0).await.unwrap()
    }

    const AGREED: Agreed = Agreed { number: 10, time_s: NOW };

    #[tokio::test]
    async fn two_nodes_that_agree_say_who_used_a_nonce_or_that_nobody_did() {
        let (one, other) = (node(5).await, node(5).await);
        assert_eq!(fate(&one, Some(&other)).await, Fate::UsedBy(B256::repeat_byte(7), AGREED));
        assert_eq!(fate(&one, None).await, Fate::Unknown, "one is not enough");
        let (one, other) = (node(4).await, node(4).await);
        assert_eq!(fate(&one, Some(&other)).await, Fate::Unused(AGREED));
    }

    #[tokio::test]
    async fn nodes_that_differ_in_anything_say_nothing() {
        let (one, other) = (node(5).await, node(5).await);
        other.answer_with(block(10, 2));
        assert_eq!(fate(&one, Some(&other)).await, Fate::Unknown, "another block");
        let (one, other) = (node(5).await, node(4).await);
        assert_eq!(fate(&one, Some(&other)).await, Fate::Unknown, "another nonce");
        let (one, other) = (node(5).await, node(5).await);
        other.answer_method_with("eth_getLogs", event(8, 4));
        assert_eq!(fate(&one, Some(&other)).await, Fate::Unknown, "another operation");
        other.answer_method_with("eth_getLogs", event(7, 3));
        assert_eq!(fate(&one, Some(&other)).await, Fate::Unknown, "the event of another nonce");
    }
}
