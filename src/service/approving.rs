//! People's approvals: what waits for them, what they are shown, and taking them in.

use alloy::primitives::Address;
use countersign_protocol::{ApprovalSubject, SignedApproval};
use countersign_userop::{OperationPreview, preview_operation};
use serde_json::json;

use super::{
    ApprovalPage, ApprovalRequest, AwaitedApproval, Caller, Result, ServiceError, Taken, view,
};
use crate::{
    clock,
    pipeline::{Awaiting, Stage, entry},
    store::{GivenApproval, Kept, StoredOperation},
    world::World,
};

/// How long an approval holds when nobody says otherwise, in seconds.
const HOLDS_S: u64 = 60 * 60;

/// No page has more.
const PAGE_LIMIT: u32 = 100;

/// The caller's operations that wait, oldest first.
pub(super) async fn pending(
    world: &World,
    caller: &Caller,
    cursor: Option<&str>,
) -> Result<ApprovalPage> {
    let after = match cursor {
        None => 0,
        Some(text) => text
            .parse::<i64>()
            .map_err(|_| ServiceError::invalid("cursor", "is none that an earlier page gave"))?,
    };
    let found = world.store.awaiting(caller, after, PAGE_LIMIT).await;
    let found = found.map_err(ServiceError::internal)?;
    let whole = u32::try_from(found.len()).is_ok_and(|many| many == PAGE_LIMIT);
    let cursor = found.last().filter(|_| whole).map(|last| last.seq.to_string());
    let mut requests = Vec::with_capacity(found.len());
    for stored in found.iter().filter(|stored| view::is_open(caller, stored)) {
        if let Stage::Awaiting(awaiting) = &stored.stage {
            requests.push(request(world, stored, awaiting, None).await?);
        }
    }
    Ok(ApprovalPage { requests, cursor })
}

/// What a person is shown of one operation, and what they sign.
pub(super) async fn one(
    world: &World,
    caller: &Caller,
    name: &str,
    expiry: Option<u64>,
) -> Result<ApprovalRequest> {
    let stored = view::find(world, caller, name).await?;
    match &stored.stage {
        Stage::Awaiting(awaiting) => request(world, &stored, awaiting, expiry).await,
        stage => {
            Err(ServiceError::NotAwaiting { id: stored.intent.id.clone(), stage: stage.name() })
        }
    }
}

/// Checks an approval against what we would show and ask to be signed, and keeps it. Then the cosigners are
/// asked again; each verifies it for itself.
pub(super) async fn take(
    world: &World,
    caller: &Caller,
    id: Option<&str>,
    approval: &SignedApproval,
) -> Result<Taken> {
    let hash = approval.user_op_hash;
    let named = id.map_or_else(|| hash.to_string(), str::to_owned);
    let stored = view::find(world, caller, &named).await?;
    let Stage::Awaiting(awaiting) = &stored.stage else {
        let (id, stage) = (stored.intent.id.clone(), stored.stage.name());
        return Err(ServiceError::NotAwaiting { id, stage });
    };
    let subject = subject(&stored, awaiting, &shown(&stored, awaiting));
    approval.verify(&subject, clock::unix_ms() / 1_000).map_err(ServiceError::Approval)?;
    let detail = json!({
        "approver": approval.approver, "expiry": approval.expiry, "preview": approval.preview,
    });
    let kept = world.store.put_approval(stored.seq, approval, &entry("approve", 0, detail)).await;
    match kept.map_err(ServiceError::internal)? {
        Kept::New => world.work.notify_one(),
        Kept::Known => {}
        Kept::TooMany => {
            return Err(ServiceError::TooLarge(
                "the operation has all approvals it can take".into(),
            ));
        }
    }
    let approvers = given(world, &stored, awaiting).await?;
    Ok(Taken { id: stored.intent.id, user_op_hash: awaiting.sealed.hash, approvers })
}

/// What an operation that waits is waiting for.
pub(super) async fn awaited(
    world: &World,
    stored: &StoredOperation,
) -> Result<Option<AwaitedApproval>> {
    let Stage::Awaiting(awaiting) = &stored.stage else { return Ok(None) };
    let approvers = given(world, stored, awaiting).await?;
    let (missing, until_ms) = (awaiting.missing.clone(), awaiting.until_ms);
    Ok(Some(AwaitedApproval { missing, until_ms, approvers }))
}

async fn given(
    world: &World,
    stored: &StoredOperation,
    awaiting: &Awaiting,
) -> Result<Vec<Address>> {
    let given = world.store.approvals(stored.seq, awaiting.sealed.hash).await;
    let approver = |given: &GivenApproval| given.approval.approver;
    Ok(given.map_err(ServiceError::internal)?.iter().map(approver).collect())
}

async fn request(
    world: &World,
    stored: &StoredOperation,
    awaiting: &Awaiting,
    expiry: Option<u64>,
) -> Result<ApprovalRequest> {
    let shown = shown(stored, awaiting);
    let subject = subject(stored, awaiting, &shown);
    let now_s = clock::unix_ms() / 1_000;
    let until_s = awaiting.until_ms / 1_000;
    let expiry = expiry.unwrap_or_else(|| now_s.saturating_add(HOLDS_S).min(until_s));
    let wallet = &stored.intent.wallet;
    Ok(ApprovalRequest {
        id: stored.intent.id.clone(),
        chain: wallet.chain,
        sender: wallet.address,
        user_op_hash: subject.hash,
        preview: shown.lines(),
        preview_hash: subject.preview,
        expiry,
        typed_data: subject.typed_data(expiry),
        awaiting: AwaitedApproval {
            missing: awaiting.missing.clone(),
            until_ms: awaiting.until_ms,
            approvers: given(world, stored, awaiting).await?,
        },
    })
}

fn shown(stored: &StoredOperation, awaiting: &Awaiting) -> OperationPreview {
    let wallet = &stored.intent.wallet;
    let op = &awaiting.sealed.op;
    preview_operation(op, wallet.entry_point, wallet.chain, Some(&wallet.account))
}

fn subject(
    stored: &StoredOperation,
    awaiting: &Awaiting,
    shown: &OperationPreview,
) -> ApprovalSubject {
    ApprovalSubject {
        chain: stored.intent.wallet.chain,
        hash: awaiting.sealed.hash,
        preview: *shown.hash().as_b256(),
    }
}
