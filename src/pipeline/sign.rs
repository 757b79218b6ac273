//! Sealed -> Signed: a quorum reads it and signs.

use countersign_protocol::{
    AccountClaim, ChildNumber, Request, SignedApproval, SignedIntent, UserOperationRequest,
};
use countersign_userop::{SponsorWindow, UserOperation};
use serde_json::{Value, json};

use super::{
    Done, Halt, Job,
    halt::failure,
    replace::{self, Renewal},
    stage::{Approval, Generation, Intent, Sealed, Signed},
};
use crate::{
    quorum::{Ask, QuorumError, QuorumSignature, Refusal},
    sponsor::Sponsor,
    wallet,
    world::World,
};

/// What a quorum made of an operation.
pub(super) enum Answer {
    Signed(Done<Signed>),
    /// They would sign it if more people approved.
    NotYet(Sealed, Vec<Refusal>),
}

/// Asks a quorum to sign what these people approved; where our paymaster's approval is still out, both at
/// the same time.
pub(super) async fn sign(
    world: &World,
    job: &Job<'_>,
    sealed: Sealed,
    approvals: Vec<SignedApproval>,
) -> Result<Answer, Halt> {
    let wallet = &job.intent().wallet;
    let chain = world.chain(wallet.chain)?;
    let window = match sealed.approval {
        Approval::Given(window) => window,
        Approval::Pending(window) => Some(window),
    };
    let ask = Ask { approvals, ..ask(job.intent(), &sealed.op)? };
    if let Some(window) = window
        && !replace::holds(chain, window).await?
    {
        return Err(renew(world, job, &ask, &sealed, window).await?);
    }
    let (signed, approved) = match sealed.approval {
        Approval::Given(_) => (world.quorum.sign(&ask).await, None),
        Approval::Pending(window) => {
            let sponsor = Sponsor::of(&chain.node, sealed.op.version())
                .ok_or_else(|| Halt::Drop(failure("no_sponsor", "the sponsor is gone")))?;
            let (signed, approved) = tokio::join!(
                world.quorum.sign(&ask),
                sponsor.approve(&world.quorum, &sealed.op, window, job.intent().trace.as_ref())
            );
            (signed, Some(approved))
        }
    };
    let signed = match signed {
        Err(QuorumError::Unapproved(refusals)) => return Ok(Answer::NotYet(sealed, refusals)),
        signed => signed?,
    };
    let approved = approved.transpose()?;
    let mut detail = json!({ "cosigners": seen(&signed), "quorum": signed.quorum });
    if !signed.failed.is_empty() {
        detail["failedBefore"] = json!(signed.failed);
    }
    let mut op = sealed.op.with_signature(wallet.account.signature(&signed.signature));
    if let Some((paymaster, approval)) = approved {
        detail["approvedBy"] = seen(&approval);
        op = op.with_paymaster(Some(paymaster));
    }
    debug_assert_eq!(*op.hash(wallet.entry_point, wallet.chain).as_b256(), sealed.hash);
    let Sealed { hash, mut history, .. } = sealed;
    history.signed.push(window);
    let next = Signed { generation: Generation { op, hash, window }, history };
    super::fault::reach("countersigned");
    Ok(Answer::Signed(Done::new("sign", next, detail)))
}

/// The approval ran out before anybody signed. A new one is asked for once there is a quorum that
/// could use it: an operation is made anew only so often.
async fn renew(
    world: &World,
    job: &Job<'_>,
    ask: &Ask,
    sealed: &Sealed,
    window: SponsorWindow,
) -> Result<Halt, Halt> {
    world.quorum.is_available(&ask.key).await?;
    let chain = world.chain(job.intent().wallet.chain)?;
    let why = failure("approval_expired", format!("it held until {}", window.valid_until()));
    let renewed =
        replace::renew(chain, &job.intent().sponsor, &sealed.op, sealed.history.clone(), why);
    Ok(match renewed.await? {
        Renewal::New(priced, why) => Halt::Renew(priced, why),
        Renewal::Impossible(why) => Halt::Drop(why),
    })
}

fn ask(intent: &Intent, op: &UserOperation) -> Result<Ask, Halt> {
    let wallet = &intent.wallet;
    let hash = op.hash(wallet.entry_point, wallet.chain);
    let request = Request::UserOperation(UserOperationRequest {
        entry_point: wallet.entry_point,
        chain: wallet.chain,
        version: wallet.account.version,
        account: AccountClaim {
            kind: wallet.account.kind,
            factory: wallet.account.factory,
            salt: wallet.salt,
        },
        op: op.clone(),
        intent: intent.signature.as_ref().map(|signature| SignedIntent {
            id: intent.id.clone(),
            expiry: signature.expiry,
            signer: signature.signer,
            signature: signature.signature.clone(),
        }),
    });
    Ok(Ask {
        key: wallet::key_name(&wallet.key)?,
        child: ChildNumber::new(wallet.index),
        request,
        digest: wallet.account.owner_digest(hash),
        signer: wallet.owner,
        approvals: Vec::new(),
        trace: intent.trace.clone(),
    })
}

/// What each cosigner saw, and where its time went.
pub(super) fn seen(signed: &QuorumSignature) -> Value {
    let each = signed.saw.iter().map(|saw| {
        let stages = saw.stages.iter().map(|stage| (stage.name.clone(), json!(stage.ms)));
        json!({
            "cosigner": saw.cosigner,
            "saw": saw.lines,
            "stagesMs": serde_json::Map::from_iter(stages),
        })
    });
    Value::Array(each.collect())
}
