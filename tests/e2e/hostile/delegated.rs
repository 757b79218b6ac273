//! An owner that has code: its key was made to delegate, as EIP-7702 lets every key do.

use alloy::primitives::{Address, B256, Bytes, U256, hex};
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy::sol;
use alloy::sol_types::SolCall as _;
use countersign_devnet::JsonRpc;
use countersign_userop::{ChainId, Eip7702Auth, Factory};
use serde_json::{Value, json};

use super::liar::{Liar, retold};
use crate::shared::scene;

sol! {
    function isValidSignature(bytes32 hash, bytes signature) returns (bytes4);
}

/// Answers every question with ERC-1271's yes, which is the question's own selector.
const YES: [u8; 14] = hex!("631626ba7e60e01b5f5260205ff3");

/// Gives an address the code of a key that delegates.
async fn must_delegate(node: &JsonRpc, who: Address, to: Address) {
    let code = Bytes::from([&hex!("ef0100")[..], to.as_slice()].concat());
    node.call::<Value>("anvil_setCode", json!([who, code])).await.unwrap();
}

async fn must_ask(node: &JsonRpc, account: Address, digest: B256, signature: Vec<u8>) -> Bytes {
    let data = isValidSignatureCall { hash: digest, signature: signature.into() }.abi_encode();
    let call = json!([{ "to": account, "data": Bytes::from(data) }, "latest"]);
    node.call("eth_call", call).await.unwrap()
}

#[tokio::test]
async fn a_key_that_delegates_is_no_account_of_ours_whatever_its_code_says() {
    let liar = Liar::new(scene().await).await;
    let node = JsonRpc::new(&scene().await.manifest.rpc_url).unwrap();
    let truth = liar.truth(0);
    let calls = truth.op.call_data().clone();
    // To our own account's code, which answers as ours do; and to code that says yes to everything.
    let yes = Address::repeat_byte(0x1e);
    node.call::<Value>("anvil_setCode", json!([yes, Bytes::from(YES)])).await.unwrap();
    for delegate in [liar.spec.implementation, yes] {
        must_delegate(&node, liar.owner, delegate).await;
        let lie = retold(&truth, liar.owner, calls.clone(), None);
        let call = liar.call(&[1, 2], lie);
        liar.must_be_refused_as("a delegated sender", "sender", "its code is not", &call).await;
    }

    // And one that would delegate by this very operation, as the owner or as our account.
    let marker = Some(Factory::eip7702(Bytes::new()));
    let auth = Eip7702Auth {
        chain_id: ChainId::new(scene().await.manifest.chain_id),
        address: yes,
        nonce: 0,
        y_parity: false,
        r: U256::from(1),
        s: U256::from(1),
    };
    let cases = [
        (liar.owner, marker.clone(), "sender"),
        (truth.op.sender(), marker, "init-code"),
        (truth.op.sender(), truth.op.factory().cloned(), "delegation"),
    ];
    for (sender, factory, rule) in cases {
        let mut lie = retold(&truth, sender, calls.clone(), factory);
        lie.op = lie.op.with_eip7702_auth(Some(auth.clone()));
        liar.must_be_refused("a delegation on the way", rule, &liar.call(&[1, 2], lie)).await;
    }
    liar.must_leave_the_honest_gateway_served("beside a key that delegates").await;
}

#[tokio::test]
async fn an_account_does_not_ask_its_owners_code_who_may_sign() {
    let liar = Liar::new(scene().await).await;
    let node = JsonRpc::new(&scene().await.manifest.rpc_url).unwrap();
    liar.must_leave_the_honest_gateway_served("before the owner delegates").await;
    let yes = Address::repeat_byte(0x1f);
    node.call::<Value>("anvil_setCode", json!([yes, Bytes::from(YES)])).await.unwrap();
    must_delegate(&node, liar.owner, yes).await;

    // The owner's code says yes to a stranger; the account does not ask it.
    let digest = B256::repeat_byte(0x5a);
    let strangers = PrivateKeySigner::random().sign_hash_sync(&digest).unwrap().as_bytes().to_vec();
    let owner = must_ask(&node, liar.owner, digest, strangers.clone()).await;
    assert!(owner.starts_with(&isValidSignatureCall::SELECTOR), "{owner}");
    let account = must_ask(&node, liar.sender(), digest, strangers).await;
    assert!(!account.starts_with(&isValidSignatureCall::SELECTOR), "{account}");
    // By its owner's key it is commanded as ever.
    liar.must_be_signed(&liar.call(&[1, 2], liar.truth(1))).await;
    liar.must_leave_the_honest_gateway_served("after the owner delegated").await;
}
