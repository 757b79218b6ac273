//! Anvil and what is deployed on it.

use alloy::{
    primitives::{U256, address},
    sol,
    sol_types::{SolCall, SolValue},
};
use countersign_devnet::Anvil;
use countersign_userop::EntryPointVersion;

sol! {
    function senderCreator() external view returns (address);
    function balanceOf(address owner) external view returns (uint256);
    function entryPoint() external view returns (address);
}

#[tokio::test]
async fn a_fresh_chain_has_every_entry_point_and_factory_at_its_address() {
    let anvil = Anvil::start().await.unwrap();

    let deployments = anvil.deploy().await.unwrap();

    for version in EntryPointVersion::ALL {
        let entry_point = deployments.entry_points[&version];
        assert_eq!(entry_point, version.canonical_address());
        assert!(!anvil.code(entry_point).await.unwrap().is_empty());
        let simple = deployments.simple[&version];
        let bound = anvil.call(simple.implementation, entryPointCall {}.abi_encode().into()).await;
        assert_eq!(bound.unwrap(), entry_point.abi_encode());
    }
    // The address that bundlers and account-abstraction tools know.
    assert_eq!(
        deployments.simple[&EntryPointVersion::V0_7].factory,
        address!("91E60e0613810449d098b0b5Ec8b51A0FE8c8985")
    );
}

#[tokio::test]
async fn the_entry_point_of_0_9_made_its_own_sender_creator() {
    let anvil = Anvil::start().await.unwrap();
    anvil.deploy().await.unwrap();

    let entry_point = EntryPointVersion::V0_9.canonical_address();
    let answer = anvil.call(entry_point, senderCreatorCall {}.abi_encode().into()).await.unwrap();

    let creator = alloy::primitives::Address::abi_decode(&answer).unwrap();
    assert_eq!(creator, entry_point.create(1));
    assert!(!anvil.code(creator).await.unwrap().is_empty());
}

#[tokio::test]
async fn our_accounts_and_paymasters_are_bound_to_their_entry_point() {
    let anvil = Anvil::start().await.unwrap();
    let deployments = anvil.deploy().await.unwrap();
    let signer = anvil.funded_key("paymaster signer").await.unwrap().address();

    let paymasters = anvil.deploy_paymasters(signer).await.unwrap();

    let ask: alloy::primitives::Bytes = entryPointCall {}.abi_encode().into();
    let versions = [EntryPointVersion::V0_7, EntryPointVersion::V0_8, EntryPointVersion::V0_9];
    for version in versions {
        let bound = version.canonical_address().abi_encode();
        let account = deployments.countersign[&version];
        assert_eq!(anvil.call(account.implementation, ask.clone()).await.unwrap(), bound);
        assert!(!anvil.code(account.factory).await.unwrap().is_empty());
        assert_eq!(anvil.call(paymasters[&version], ask.clone()).await.unwrap(), bound);
        let deposit = balanceOfCall { owner: paymasters[&version] }.abi_encode().into();
        let deposit = anvil.call(version.canonical_address(), deposit).await.unwrap();
        assert!(U256::abi_decode(&deposit).unwrap() > U256::ZERO);
    }
    assert_eq!(deployments.countersign.len(), versions.len());
    assert_eq!(paymasters.len(), versions.len());
}

#[tokio::test]
async fn the_test_token_can_be_minted() {
    let anvil = Anvil::start().await.unwrap();
    let token = anvil.deploy().await.unwrap().token;
    let alice = anvil.funded_key("alice").await.unwrap().address();

    anvil.mint(token, alice, U256::from(1_000)).await.unwrap();

    let ask = balanceOfCall { owner: alice }.abi_encode().into();
    assert_eq!(anvil.call(token, ask).await.unwrap(), U256::from(1_000).abi_encode());
}
