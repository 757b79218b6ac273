//! One operation's life, told once: each step makes the next stage of the last, and the worker writes
//! it down before anything else happens.

mod admit;
mod approve;
mod ending;
mod fault;
mod halt;
mod op_json;
mod price;
mod replace;
mod seal;
mod sign;
mod sponsor;
mod stage;
mod submit;
mod told;
mod track;
mod worker;

pub(crate) use admit::{admit_calls, admit_operation, parse_operation};
#[cfg(test)]
pub(crate) use stage::{Approval, Draft, Dropped, Fixed, History, Sealed};
pub(crate) use stage::{Awaiting, Intent, Stage};
pub(crate) use worker::{Worker, entry};

use halt::{Done, Halt};

use crate::{store::StoredOperation, world::World};

/// Draft -> Priced -> Sponsored -> Sealed (-> Awaiting) -> Signed -> Submitted -> Included | Reverted |
/// Dropped.
async fn step(world: &World, job: &Job<'_>, stage: Stage) -> Result<Done<Stage>, Halt> {
    Ok(match stage {
        Stage::Draft(draft) => price::price(world, job, draft).await?.map(Stage::Priced),
        Stage::Priced(priced) => sponsor::sponsor(world, job, priced).await?.map(Stage::Sponsored),
        Stage::Sponsored(paid) => seal::seal(world, job, paid).await?.map(Stage::Sealed),
        Stage::Sealed(sealed) => approve::sign_or_wait(world, job, sealed).await?,
        Stage::Awaiting(awaiting) => approve::wait(world, job, awaiting).await?,
        Stage::Signed(signed) => submit::submit(world, job, signed).await?.map(Stage::Submitted),
        Stage::Submitted(submitted) => track::include(world, job, submitted).await?,
        Stage::Included(included) | Stage::Reverted(included) => {
            track::watch(world, job, included).await?
        }
        Stage::Dropped(dropped) => Done::quietly(Stage::Dropped(dropped)),
    })
}

/// What a step knows beside its stage.
struct Job<'a> {
    operation: &'a StoredOperation,
    stop: &'a tokio_util::sync::CancellationToken,
}

impl Job<'_> {
    const fn intent(&self) -> &Intent {
        &self.operation.intent
    }
}
