//! A gateway that has no approval of people, and brings one all the same.

use alloy::primitives::B256;
use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use countersign_protocol::{ApprovalSubject, SignCall, SignedApproval, UserOperationRequest};
use countersign_userop::{ChainId, preview_operation};

use super::liar::gift;
use super::strict::{HEIR, SMALL_WEI, Strict, strict};
use crate::policed::now;

/// What a person would be shown of this, and sign.
fn subject(story: &Strict, request: &UserOperationRequest) -> ApprovalSubject {
    let (op, entry_point, chain) = (&request.op, request.entry_point, request.chain);
    let shown = preview_operation(op, entry_point, chain, Some(&story.liar.spec));
    let hash = *op.hash(entry_point, chain).as_b256();
    ApprovalSubject { chain, hash, preview: *shown.hash().as_b256() }
}

fn approval(by: &PrivateKeySigner, of: ApprovalSubject, expiry: u64) -> SignedApproval {
    let signature = by.sign_hash_sync(&of.digest(expiry)).unwrap();
    SignedApproval {
        approver: by.address(),
        chain_id: of.chain,
        user_op_hash: of.hash,
        preview: of.preview,
        expiry,
        signature: signature.as_bytes().into(),
    }
}

/// A gift that is too large for the desk alone, and what people would sign of it.
struct Large {
    request: UserOperationRequest,
    subject: ApprovalSubject,
    people: [PrivateKeySigner; 2],
}

impl Large {
    fn new(story: &mut Strict) -> Self {
        let request = story.wish(&[gift(HEIR, SMALL_WEI + 1)]);
        let subject = subject(story, &request);
        Self { request, subject, people: story.treasurers.clone() }
    }

    /// A treasurer's honest approval.
    fn approved_by(&self, person: usize) -> SignedApproval {
        approval(&self.people[person], self.subject, now() + 600)
    }

    fn call(&self, story: &Strict, approvals: &[SignedApproval]) -> SignCall {
        let call = story.liar.call(&[1, 2], self.request.clone());
        SignCall { approvals: approvals.to_vec(), ..call }
    }

    /// Beside one good approval, this one is refused by name, for this reason.
    async fn must_not_hold(&self, story: &Strict, lie: &str, bad: SignedApproval, words: &str) {
        let call = self.call(story, &[self.approved_by(0), bad]);
        story.liar.must_be_refused_as(lie, "approval", words, &call).await;
    }

    /// With both treasurers it is signed, whatever was tried before.
    async fn must_be_signed(&self, story: &Strict) {
        let call = self.call(story, &[self.approved_by(0), self.approved_by(1)]);
        story.liar.must_be_signed(&call).await;
    }
}

#[tokio::test]
async fn an_approval_that_is_forged_is_refused_by_name() {
    let mut story = strict().await;
    let large = Large::new(&mut story);
    let stranger = PrivateKeySigner::random();
    let strangers = approval(&stranger, large.subject, now() + 600);

    // In a treasurer's name, by a key that is nobody's; bytes that are no signature; a longer life than was signed for.
    let second = large.approved_by(1);
    let renamed = SignedApproval { approver: second.approver, ..strangers.clone() };
    let torn = SignedApproval { signature: second.signature.slice(..64), ..second.clone() };
    let longer = SignedApproval { expiry: second.expiry + 1, ..second };
    for (lie, bad) in [("renamed", renamed), ("torn", torn), ("longer", longer)] {
        large.must_not_hold(&story, lie, bad, "not signed by").await;
    }
    // What a stranger or the asker signs holds, and counts for nothing; nor does anybody count twice.
    let asker = approval(&story.desk, large.subject, now() + 600);
    let again = approval(&large.people[0], large.subject, now() + 700);
    for (lie, idle) in [("a stranger", strangers), ("the asker", asker), ("twice", again)] {
        large.must_not_hold(&story, lie, idle, "treasurers:2").await;
    }
    large.must_be_signed(&story).await;
    story.must_leave_the_honest_gateway_served("after forged approvals").await;
}

#[tokio::test]
async fn an_approval_that_was_made_for_something_else_is_refused_by_name() {
    let mut story = strict().await;
    let approved = Large::new(&mut story);
    approved.must_be_signed(&story).await;

    // The same gift once more is another operation.
    let large = Large::new(&mut story);
    let used = approved.approved_by(1);
    let told = SignedApproval { user_op_hash: large.subject.hash, ..used.clone() };
    let told = SignedApproval { preview: large.subject.preview, ..told };
    large.must_not_hold(&story, "used", used, "is for the operation").await;
    large.must_not_hold(&story, "used, and said to be new", told, "not signed by").await;

    let elsewhere = ApprovalSubject { chain: ChainId::new(1), ..large.subject };
    let elsewhere = approval(&large.people[1], elsewhere, now() + 600);
    let told = SignedApproval { chain_id: large.subject.chain, ..elsewhere.clone() };
    large.must_not_hold(&story, "another chain", elsewhere, "is for chain 1").await;
    large.must_not_hold(&story, "another chain, said to be here", told, "not signed by").await;

    let unseen = ApprovalSubject { preview: B256::repeat_byte(0x5a), ..large.subject };
    let unseen = approval(&large.people[1], unseen, now() + 600);
    large.must_not_hold(&story, "another preview", unseen, "is of the preview").await;

    let over = approval(&large.people[1], large.subject, now() - 1);
    large.must_not_hold(&story, "expired", over, "expired at").await;
    large.must_be_signed(&story).await;
    story.must_leave_the_honest_gateway_served("after approvals of something else").await;
}
