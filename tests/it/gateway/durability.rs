//! Restarts in every stage. The kills at fault points are stories of `tests/e2e`.

use alloy::primitives::{Address, U256};
use countersign::{SponsorChoice, StageName};
use countersign_devnet::Bundling;
use countersign_protocol::Request;
use countersign_userop::EntryPointVersion;

use super::{
    stand_in::Manners,
    world::{Setting, World, gift},
};

#[tokio::test]
async fn a_restart_while_nobody_signs_goes_on_with_the_same_nonce() {
    let mut world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Down));
    let id = world.send(&wallet, vec![gift(0x21)], SponsorChoice::Account).await;
    let sealed = world.until(&id, &[StageName::Sealed]).await;
    world.restart().await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let landed = world.must_include(&id).await;
    assert_eq!((landed.nonce, landed.user_op_hash), (sealed.nonce, sealed.user_op_hash));
    assert_eq!(world.balance(Address::repeat_byte(0x21)).await, U256::ONE);
}

#[tokio::test]
async fn a_restart_while_the_bundler_holds_it_lands_it_once() {
    let mut world = World::start(Setting { resubmit_s: 1, ..Setting::default() }).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_8).await;
    world.alto.set_bundling(Bundling::Manual).await.unwrap();
    let id = world.send(&wallet, vec![gift(0x22)], SponsorChoice::Account).await;
    world.until(&id, &[StageName::Submitted]).await;
    world.restart().await;
    world.alto.set_bundling(Bundling::Auto).await.unwrap();
    world.must_include(&id).await;
    assert_eq!(world.balance(Address::repeat_byte(0x22)).await, U256::ONE);
    let asked = world.stand_ins.asked.lock().unwrap();
    let nonces = asked.iter().map(|request: &Request| request.slot().nonce);
    assert!(nonces.into_iter().all(|nonce| nonce.is_zero()));
}
