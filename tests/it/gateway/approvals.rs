//! Operations that cosigners sign only when people approved them.

use alloy::primitives::B256;
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use countersign::{ApprovalRequest, ServiceError, SponsorChoice, StageName, Wallet};
use countersign_protocol::{ApprovalError, ApprovalSubject, SignedApproval};
use countersign_userop::{ChainId, EntryPointVersion};

use super::{
    stand_in::Manners,
    world::{Setting, World, gift, steps},
};

/// Whether a refusal is the one that was expected.
type Named = fn(&ApprovalError) -> bool;

async fn two_must_approve(setting: Setting) -> (World, Wallet) {
    let world = World::start(setting).await;
    let wallet = world.funded_wallet(EntryPointVersion::V0_7).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::WantsApprovals(2)));
    (world, wallet)
}

fn subject(request: &ApprovalRequest) -> ApprovalSubject {
    let (chain, hash, preview) = (request.chain, request.user_op_hash, request.preview_hash);
    ApprovalSubject { chain, hash, preview }
}

fn approve(by: &PrivateKeySigner, subject: ApprovalSubject, expiry: u64) -> SignedApproval {
    SignedApproval {
        approver: by.address(),
        chain_id: subject.chain,
        user_op_hash: subject.hash,
        preview: subject.preview,
        expiry,
        signature: by.sign_hash_sync(&subject.digest(expiry)).unwrap().as_bytes().into(),
    }
}

#[tokio::test]
async fn an_operation_waits_over_a_restart_until_enough_people_approved() {
    let (mut world, wallet) = two_must_approve(Setting::default()).await;
    let caller = World::caller();
    let id = world.send(&wallet, vec![gift(0x61)], SponsorChoice::Account).await;
    let waiting = world.until(&id, &[StageName::Awaiting]).await;
    let awaited = waiting.awaiting.unwrap();
    assert!(awaited.missing.len() >= 2, "{awaited:?}");
    assert_eq!(awaited.missing[0].message, "0 of 2 approved");
    assert!(awaited.approvers.is_empty());

    world.restart().await;
    let page = world.gateway.pending_approvals(&caller, None).await.unwrap();
    assert_eq!((page.requests.len(), page.cursor), (1, None));
    let request = world.gateway.approval_request(&caller, &id, None).await.unwrap();
    assert_eq!(Some(request.user_op_hash), waiting.user_op_hash);
    assert!(request.preview.join("\n").contains("0x6161"), "{:?}", request.preview);

    let people = [PrivateKeySigner::random(), PrivateKeySigner::random()];
    let first = approve(&people[0], subject(&request), request.expiry);
    let taken = world.gateway.send_approval(&caller, None, first.clone()).await.unwrap();
    assert_eq!(taken.approvers, [people[0].address()]);
    // The same again is nothing new.
    let again = world.gateway.send_approval(&caller, Some(&id), first).await.unwrap();
    assert_eq!(again.approvers, [people[0].address()]);
    let told = |op: &countersign::Operation| {
        let awaited = op.awaiting.as_ref();
        awaited.is_some_and(|awaited| awaited.missing[0].message == "1 of 2 approved")
    };
    world.until_it(&id, told).await;

    let second = approve(&people[1], subject(&request), request.expiry);
    world.gateway.send_approval(&caller, None, second.clone()).await.unwrap();
    let landed = world.must_include(&id).await;
    assert_eq!(steps(&landed).iter().filter(|step| **step == "approve").count(), 2);
    assert_eq!(landed.user_op_hash, waiting.user_op_hash);
    // Nothing waits any more, and nothing can be approved.
    assert!(world.gateway.pending_approvals(&caller, None).await.unwrap().requests.is_empty());
    let late = world.gateway.send_approval(&caller, None, second).await;
    assert!(matches!(late, Err(ServiceError::NotAwaiting { .. })), "{late:?}");
}

#[tokio::test]
async fn an_approval_that_does_not_fit_is_refused_by_name_and_not_kept() {
    let (world, wallet) = two_must_approve(Setting::default()).await;
    let caller = World::caller();
    let id = world.send(&wallet, vec![gift(0x62)], SponsorChoice::Account).await;
    world.until(&id, &[StageName::Awaiting]).await;
    let request = world.gateway.approval_request(&caller, &id, None).await.unwrap();
    let (truth, expiry) = (subject(&request), request.expiry);
    let person = PrivateKeySigner::random();
    let other = B256::repeat_byte(9);
    let forged = SignedApproval {
        approver: PrivateKeySigner::random().address(),
        ..approve(&person, truth, expiry)
    };
    let chain = ApprovalSubject { chain: ChainId::new(1), ..truth };
    let cases: [(SignedApproval, Named); 5] = [
        (approve(&person, chain, expiry), |e| matches!(e, ApprovalError::Chain { .. })),
        (approve(&person, ApprovalSubject { hash: other, ..truth }, expiry), |e| {
            matches!(e, ApprovalError::Operation { .. })
        }),
        (approve(&person, ApprovalSubject { preview: other, ..truth }, expiry), |e| {
            matches!(e, ApprovalError::Preview { .. })
        }),
        (approve(&person, truth, 1), |e| matches!(e, ApprovalError::Expired { .. })),
        (forged, |e| matches!(e, ApprovalError::Signature { .. })),
    ];
    for (approval, is_named) in cases {
        let error = world.gateway.send_approval(&caller, Some(&id), approval).await.unwrap_err();
        let ServiceError::Approval(error) = error else { panic!("{error}") };
        assert!(is_named(&error), "{error}");
    }
    let stranger = countersign::Caller::new("stranger");
    let good = approve(&person, truth, expiry);
    let unknown = world.gateway.send_approval(&stranger, Some(&id), good).await;
    assert!(matches!(unknown, Err(ServiceError::UnknownId(_))), "{unknown:?}");
    assert!(world.operation(&id).await.awaiting.unwrap().approvers.is_empty());
}

#[tokio::test]
async fn what_waits_for_people_holds_up_no_other_operation_of_the_wallet() {
    let (world, wallet) = two_must_approve(Setting::default()).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let first = world.send(&wallet, vec![gift(0x63)], SponsorChoice::Account).await;
    world.must_include(&first).await;

    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::WantsApprovals(2)));
    let held = world.send(&wallet, vec![gift(0x64)], SponsorChoice::Account).await;
    let held = world.until(&held, &[StageName::Awaiting]).await;
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let other = world.send(&wallet, vec![gift(0x65)], SponsorChoice::Account).await;
    let other = world.must_include(&other).await;
    assert_ne!(other.nonce.unwrap() >> 64, held.nonce.unwrap() >> 64, "another lane");

    // It is as good as before.
    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::WantsApprovals(1)));
    let caller = World::caller();
    let request = world.gateway.approval_request(&caller, &held.id, None).await.unwrap();
    let approval = approve(&PrivateKeySigner::random(), subject(&request), request.expiry);
    world.gateway.send_approval(&caller, None, approval).await.unwrap();
    world.must_include(&held.id).await;
}

#[tokio::test]
async fn a_wait_that_nobody_ends_is_given_up_with_a_clear_reason() {
    let setting = Setting { approval_wait_s: 1, ..Setting::default() };
    let (world, wallet) = two_must_approve(setting).await;
    let id = world.send(&wallet, vec![gift(0x66)], SponsorChoice::Account).await;
    let dropped = world.until(&id, &[StageName::Dropped]).await;
    let failure = dropped.failure.unwrap();
    assert_eq!(failure.kind, "approval_timed_out");
    assert!(failure.message.contains("0 of 2 approved"), "{}", failure.message);

    (1..=3).for_each(|member| world.stand_ins.set(member, Manners::Honest));
    let next = world.send(&wallet, vec![gift(0x66)], SponsorChoice::Account).await;
    world.must_include(&next).await;
}
