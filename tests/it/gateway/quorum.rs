//! What cosigners may do wrong, and what the gateway makes of it.

use countersign::{CreateWallet, ServiceError, SponsorChoice, StageName};
use countersign_userop::{AccountKind, EntryPointVersion};
use std::time::{Duration, Instant};

use super::{
    stand_in::{Manners, WALLETS},
    world::{CHAIN, Setting, World, gift, steps},
};

#[tokio::test]
async fn one_bad_cosigner_of_three_does_not_stop_the_others() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    let bad = [Manners::Down, Manners::Silent, Manners::SignsSomethingElse, Manners::Refuses];
    for (member, manners) in [1, 2, 3].into_iter().cycle().zip(bad) {
        world.stand_ins.set(member, manners);
        for _ in 0..2 {
            let id = world.send(&wallet, vec![gift(0x11)], SponsorChoice::Account).await;
            world.must_include(&id).await;
        }
        world.stand_ins.set(member, Manners::Honest);
    }
}

#[tokio::test]
async fn without_a_quorum_the_operation_says_so_and_goes_on_when_one_returns() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    for bad in [Manners::Down, Manners::Silent] {
        world.stand_ins.set(1, bad);
        world.stand_ins.set(2, bad);
        let started = Instant::now();
        let id = world.send(&wallet, vec![gift(0x12)], SponsorChoice::Account).await;
        let held = world.until_it(&id, |op| steps(op).contains(&"retry")).await;
        assert!(started.elapsed() < Duration::from_secs(8), "{bad:?}: {:?}", started.elapsed());
        let retry = held.timeline.iter().find(|entry| entry.step == "retry").unwrap();
        assert_eq!(retry.detail["kind"], "quorum_unavailable");
        assert_eq!(held.stage, StageName::Sealed);

        world.stand_ins.set(2, Manners::Honest);
        world.must_include(&id).await;
        world.stand_ins.set(1, Manners::Honest);
    }
}

#[tokio::test]
async fn an_operation_that_all_refuse_is_dropped_with_the_rule() {
    let world = World::start(Setting::default()).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Refuses));
    let id = world.send(&wallet, vec![gift(0x13)], SponsorChoice::Account).await;
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    let failure = dropped.failure.unwrap();
    assert_eq!(
        (failure.kind.as_str(), failure.rule.as_deref()),
        ("signing_refused", Some("test_rule"))
    );

    // The refused nonce is spent, so the next operation takes another lane and lands.
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let id = world.send(&wallet, vec![gift(0x13)], SponsorChoice::Account).await;
    let landed = world.must_include(&id).await;
    assert_ne!(landed.nonce, dropped.nonce);
}

#[tokio::test]
async fn a_wallet_is_not_made_when_cosigners_disagree_about_its_owner() {
    let world = World::start(Setting::default()).await;
    world.stand_ins.set(2, Manners::LiesAboutOwners);
    let ask = CreateWallet {
        key: WALLETS.into(),
        kind: AccountKind::SimpleAccount,
        version: EntryPointVersion::V0_7,
        chain: CHAIN,
        salt: Default::default(),
        index: Some(4),
    };
    let answer = world.gateway.create_wallet(&World::caller(), ask.clone()).await;
    assert!(matches!(answer, Err(ServiceError::CosignersDisagree(_))), "{answer:?}");

    world.stand_ins.set(2, Manners::Down);
    let made = world.gateway.create_wallet(&World::caller(), ask.clone()).await.unwrap();
    let again = world.gateway.create_wallet(&World::caller(), ask.clone()).await.unwrap();
    assert_eq!(made, again);

    world.stand_ins.set(1, Manners::Down);
    let ask = CreateWallet { index: Some(5), ..ask };
    let answer = world.gateway.create_wallet(&World::caller(), ask).await;
    assert!(matches!(answer, Err(ServiceError::QuorumUnavailable(_))), "{answer:?}");
}
