//! The one commit before the first message: attempt, journal, exposure and audit, all or nothing.

use std::collections::BTreeSet;

use alloy::primitives::B256;
use countersign_policy::Verdict;
use countersign_userop::PreviewHash;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, AuditHead, AuditRecord, Decision, Place, Shown};
use crate::exposure::{self, Exposure};
use crate::fault;
use crate::journal::{self, Claim, KeySlot, Standing};
use crate::judgement::{Refusal, Rule};
use crate::store::{Store, StoreError};
use crate::weighing::Weighing;

/// One request, judged, about to be written down.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The gateway that asked.
    pub caller: String,
    /// The key that was asked for.
    pub key: String,
    /// The child of that key.
    pub child: Option<u32>,
    /// The caller's attempt, single use; none if the message was no call.
    pub attempt: Option<[u8; 16]>,
    /// The W3C trace context that came with the call.
    pub traceparent: Option<String>,
    /// The hash of the whole request.
    pub request_hash: B256,
    /// The operation that would land by our signature, if it is about one.
    pub operation: Option<Lands>,
    /// What the request does, line by line.
    pub preview: Vec<String>,
    /// The slot that the request is about; none if the message was no call.
    pub slot: Option<KeySlot>,
    /// What the request wants of its slot, if it got as far as that.
    pub claim: Option<Claim>,
    /// The hash of what the request does, in its canonical form.
    pub preview_hash: Option<PreviewHash>,
    /// What the policy weighs; an allowed request has it.
    pub weighing: Option<Weighing>,
    /// What an approval promises to pay.
    pub exposure: Option<Exposure>,
    /// What the rules said.
    pub verdict: Result<(), Refusal>,
}

/// An operation that can land by our signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lands {
    /// Its `userOpHash`.
    pub hash: B256,
    /// The last second at which the chain takes it, if the chain holds it to one.
    pub valid_until: Option<u64>,
}

/// What was written down.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The rules' verdict, or what the journal made of it.
    pub verdict: Result<Standing, Refusal>,
    /// The end of the audit chain with this record.
    pub head: AuditHead,
}

impl Store {
    /// Writes the decision down, synced, and only then answers.
    ///
    /// A request that the rules allowed may still be refused here, by its slot, its attempt or the cap on
    /// what its paymaster has outstanding; that refusal is in the record too.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was written, and nothing may be signed.
    pub async fn record(&self, entry: &Entry, now_ms: i64) -> Result<Recorded, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut verdict = settle(&mut transaction, entry, now_ms).await?;
        if verdict.is_err() {
            // What a refusal would have taken is given back before the refusal is written down.
            transaction.rollback().await?;
            transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            let is_new = take_attempt(&mut transaction, entry, now_ms).await?;
            verdict = if is_new { verdict } else { Err(used_before()) };
        }
        let shown = shown(entry, &verdict)?;
        let head = audit::append(&mut transaction, line(entry, &verdict, now_ms), &shown).await?;
        fault::point("before-journal-commit");
        transaction.commit().await?;
        self.grown(head.count);
        fault::point("after-journal-commit");
        Ok(Recorded { verdict, head })
    }
}

/// What would be decided, and why.
#[derive(Debug, Clone)]
pub(crate) struct Rehearsed {
    /// The verdict of rules, slot, policy and cap.
    pub(crate) verdict: Result<Standing, Refusal>,
    /// What the policy says, with the limits that the request goes over, if it got so far.
    pub(crate) policy: Option<(Verdict, BTreeSet<String>)>,
}

impl Store {
    /// Decides as [`Self::record`] would, and takes all of it back: nothing is written.
    ///
    /// # Errors
    /// [`StoreError`] if the totals cannot be read.
    pub(crate) async fn rehearse(
        &self,
        entry: &Entry,
        now_ms: i64,
    ) -> Result<Rehearsed, StoreError> {
        let mut connection = self.connection().await;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let policy = match (&entry.weighing, &entry.claim) {
            (Some(weighing), Some(claim)) => {
                let asked = weighing.ask(&mut transaction, &claim.slot.to_string(), now_ms).await?;
                Some((asked.verdict, asked.exceeded))
            }
            _ => None,
        };
        let verdict = match (&entry.verdict, &entry.claim) {
            (Err(refusal), _) => Err(refusal.clone()),
            (Ok(()), Some(claim)) => book(&mut transaction, entry, claim, now_ms).await?,
            (Ok(()), None) => Err(Refusal::new(Rule::Journal, "an allowed request names no slot")),
        };
        transaction.rollback().await?;
        Ok(Rehearsed { verdict, policy })
    }
}

/// The verdict after attempt, slot and cap had their say; writes what an allowed request takes.
async fn settle(
    connection: &mut SqliteConnection,
    entry: &Entry,
    now_ms: i64,
) -> Result<Result<Standing, Refusal>, StoreError> {
    if !take_attempt(connection, entry, now_ms).await? {
        return Ok(Err(used_before()));
    }
    if let Err(refusal) = &entry.verdict {
        return Ok(Err(refusal.clone()));
    }
    let Some(claim) = &entry.claim else {
        return Ok(Err(Refusal::new(Rule::Journal, "an allowed request names no slot")));
    };
    book(connection, entry, claim, now_ms).await
}

fn used_before() -> Refusal {
    Refusal::new(Rule::Attempt, "this attempt id was used before")
}

/// Asks the slot, the policy with its limits, and the cap, and books what a yes takes of each.
async fn book(
    connection: &mut SqliteConnection,
    entry: &Entry,
    claim: &Claim,
    now_ms: i64,
) -> Result<Result<Standing, Refusal>, StoreError> {
    let standing = journal::standing(connection, claim).await?;
    if let Standing::Taken(clash) = &standing {
        return Ok(Err(Refusal::new(Rule::Journal, format!("the slot is taken: {clash}"))));
    }
    let Some(weighing) = &entry.weighing else {
        return Ok(Err(Refusal::new(Rule::Policy, "an allowed request was not weighed")));
    };
    let slot = claim.slot.to_string();
    if let Err(refusal) = weighing.settle(connection, &slot, now_ms).await? {
        return Ok(Err(refusal));
    }
    if let Some(exposure) = &entry.exposure {
        let now_s = u64::try_from(now_ms.div_euclid(1000)).unwrap_or(0);
        if let Err(over) = exposure::book(connection, exposure, &slot, now_s).await? {
            let reason = format!(
                "{} wei would be outstanding, the cap is {}",
                over.outstanding, exposure.cap
            );
            return Ok(Err(Refusal::new(Rule::Outstanding, reason)));
        }
    }
    journal::enter(connection, claim, now_ms).await?;
    if let Some(lands) = &entry.operation {
        journal::may_land(connection, &slot, lands).await?;
    }
    Ok(Ok(standing))
}

/// Whether the attempt was new, or there is none.
async fn take_attempt(
    connection: &mut SqliteConnection,
    entry: &Entry,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let Some(attempt) = entry.attempt else { return Ok(true) };
    let taken = sqlx::query("INSERT INTO attempt (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(hex::encode(attempt))
        .bind(now_ms)
        .execute(connection)
        .await?;
    Ok(taken.rows_affected() == 1)
}

fn line(entry: &Entry, verdict: &Result<Standing, Refusal>, now_ms: i64) -> AuditRecord {
    let refusal = verdict.as_ref().err();
    AuditRecord {
        place: Place::default(),
        at_ms: now_ms,
        caller: entry.caller.clone(),
        key: entry.key.clone(),
        child: entry.child,
        attempt: entry.attempt.map(hex::encode).unwrap_or_default(),
        traceparent: entry.traceparent.clone(),
        request_hash: entry.request_hash,
        operation: entry.operation.map(|lands| lands.hash),
        digest: entry.claim.as_ref().map(|claim| claim.digest),
        // The claim's is exact: it names the signer where the request names no account.
        slot: entry
            .claim
            .as_ref()
            .map(|claim| &claim.slot)
            .or(entry.slot.as_ref())
            .map(KeySlot::to_string),
        decision: match verdict {
            Ok(Standing::Same) => Decision::Repeated,
            Ok(_) => Decision::Allowed,
            Err(_) => Decision::Refused,
        },
        rule: refusal.map(|refusal| refusal.rule.name().to_owned()),
        preview_hash: entry.preview_hash.map(|hash| *hash.as_b256()),
        shown: None,
    }
}

/// What people read of it.
fn shown(entry: &Entry, verdict: &Result<Standing, Refusal>) -> Result<Shown, StoreError> {
    let reason = verdict.as_ref().err().map(|refusal| refusal.message.clone());
    Shown::new(entry.preview.clone(), reason)
}

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
