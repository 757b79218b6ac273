//! Priced -> Sponsored: the paymaster's final data.

use countersign_userop::{EntryPointVersion, UserOperation};
use serde_json::{Value, json};

use super::{
    Done, Halt, Job,
    halt::failure,
    price::{from_paymaster, paymaster_client},
    sign::seen,
    stage::{Approval, Payer, Priced, Sponsored},
};
use crate::{sponsor::Sponsor, world::World};

/// Asks who pays for their final word. On EntryPoint 0.9 our own paymaster's signature is outside the
/// hash: it is made later, while the quorum signs.
pub(super) async fn sponsor(
    world: &World,
    job: &Job<'_>,
    priced: Priced,
) -> Result<Done<Sponsored>, Halt> {
    let Priced { op, payer, history } = priced;
    let (op, approval, detail) = match payer {
        Payer::Settled => {
            let paymaster = op.paymaster().map(|paymaster| paymaster.address);
            (op, Approval::Given(None), json!({ "paymaster": paymaster }))
        }
        Payer::Own => own(world, job, op).await?,
        Payer::Service { url, context } => {
            let wallet = &job.intent().wallet;
            let client = paymaster_client(world, &url)?;
            let answer = client
                .data(&op, wallet.entry_point, wallet.chain, &context)
                .await
                .map_err(|error| from_paymaster(&error))?;
            let stub = op.paymaster().cloned().unwrap_or_default();
            let paymaster = answer.onto(&stub).map_err(|error| from_paymaster(&error))?;
            let detail = json!({ "paymaster": paymaster.address, "service": url });
            (op.with_paymaster(Some(paymaster)), Approval::Given(None), detail)
        }
    };
    super::fault::reach("approved");
    Ok(Done::new("sponsor", Sponsored { op, approval, history }, detail))
}

async fn own(
    world: &World,
    job: &Job<'_>,
    op: UserOperation,
) -> Result<(UserOperation, Approval, Value), Halt> {
    let chain = world.chain(job.intent().wallet.chain)?;
    let sponsor = Sponsor::of(&chain.node, op.version())
        .ok_or_else(|| Halt::Drop(failure("no_sponsor", "no sponsor is configured here")))?;
    let window = sponsor.window().await?;
    if op.version() == EntryPointVersion::V0_9 {
        let stub = sponsor.stub(window);
        let detail = json!({
            "paymaster": stub.address,
            "window": [window.valid_after(), window.valid_until()],
            "signature": "with the quorum's",
        });
        return Ok((op.with_paymaster(Some(stub)), Approval::Pending(window), detail));
    }
    let op = op.with_paymaster(Some(sponsor.stub(window)));
    let (paymaster, signed) =
        sponsor.approve(&world.quorum, &op, window, job.intent().trace.as_ref()).await?;
    let detail = json!({
        "paymaster": paymaster.address,
        "window": [window.valid_after(), window.valid_until()],
        "approvedBy": seen(&signed),
    });
    Ok((op.with_paymaster(Some(paymaster)), Approval::Given(Some(window)), detail))
}
