//! The part of a decision that needs the database: limits, the policy, intents and barriers, in one transaction.
//!
//! Totals are read, the policy is asked, and what is taken is booked before the transaction commits. So two requests at
//! once cannot both find room where there is room for one.

mod barrier;
mod intent;
mod reservation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_policy::{Facts, Measure, Policy, Verdict};
use sqlx::sqlite::SqliteConnection;

use crate::judgement::{Refusal, Rule, Ruling};
use crate::store::StoreError;

pub(crate) use barrier::owner as barrier_owner;
pub use intent::IntentClaim;

/// What is weighed for a request that passed every fixed rule.
#[derive(Debug, Clone)]
pub struct Weighing {
    /// The policy that was in force when the request came.
    pub policy: Arc<Policy>,
    /// What we found out about the request.
    pub facts: Facts,
    /// How many people of each group approved exactly this.
    pub approved: BTreeMap<String, usize>,
    /// The caller's intent, if there is one.
    pub intent: Option<IntentClaim>,
}

/// What the policy said, and of which totals.
pub(crate) struct Asked<'a> {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The limits that the request goes over.
    pub(crate) exceeded: BTreeSet<String>,
    taken: Vec<Measure<'a>>,
}

impl Weighing {
    /// Says yes or no, and books what a yes takes, under `slot`.
    pub(crate) async fn settle(
        &self,
        connection: &mut SqliteConnection,
        slot: &str,
        now_ms: i64,
    ) -> Result<Ruling, StoreError> {
        if let Some(intent) = &self.intent
            && let Err(refusal) = intent.may_take(connection, slot).await?
        {
            return Ok(Err(refusal));
        }
        let account = self.barrier_account();
        if let Some(account) = &account
            && let Err(refusal) = barrier::is_clear(connection, account, slot).await?
        {
            return Ok(Err(refusal));
        }
        let asked = self.ask(connection, slot, now_ms).await?;
        match &asked.verdict {
            Verdict::Allowed { .. } => {}
            verdict @ Verdict::NeedsApproval { .. } => {
                return Ok(Err(Refusal::new(Rule::Approval, verdict.to_string())));
            }
            verdict @ Verdict::Denied(_) => {
                return Ok(Err(Refusal::new(Rule::Policy, reason(verdict, &asked.exceeded))));
            }
        }
        for measure in &asked.taken {
            reservation::book(connection, measure, slot, now_ms).await?;
        }
        if let Some(intent) = &self.intent {
            intent.take(connection, slot, now_ms).await?;
        }
        if let Some(account) = account.filter(|_| self.is_admin()) {
            barrier::raise(connection, &account, slot, now_ms).await?;
        }
        Ok(Ok(()))
    }

    /// Asks the policy with the totals as they are now; books nothing.
    pub(crate) async fn ask(
        &self,
        connection: &mut SqliteConnection,
        slot: &str,
        now_ms: i64,
    ) -> Result<Asked<'_>, StoreError> {
        let (mut exceeded, mut taken) = (BTreeSet::new(), Vec::new());
        for measure in self.policy.measures(&self.facts) {
            let total = reservation::total(connection, &measure, slot, now_ms).await?;
            let held = reservation::held(connection, &measure.account, slot).await?;
            let amount = measure.amount.max(held.unwrap_or_default());
            let most = Measure { amount, ..measure };
            if most.exceeds(total) {
                exceeded.insert(most.limit.name.clone());
            }
            taken.push(most);
        }
        let verdict = self.policy.judge(&self.facts, &exceeded, &self.approved);
        Ok(Asked { verdict, exceeded, taken })
    }

    fn is_admin(&self) -> bool {
        let calls = self.facts.calls.iter().flat_map(|call| &call.needs);
        self.facts.needs.iter().chain(calls).any(|grant| grant.is_admin())
    }

    /// Whose barrier it is: operations of one account on one chain.
    fn barrier_account(&self) -> Option<String> {
        let account = self.facts.account?;
        let operation = self.facts.kind == countersign_userop::SignableKind::UserOperation;
        operation.then(|| barrier::owner(self.facts.chain, account))
    }
}

fn reason(verdict: &Verdict, exceeded: &BTreeSet<String>) -> String {
    if exceeded.is_empty() {
        return verdict.to_string();
    }
    let names = exceeded.iter().cloned().collect::<Vec<_>>().join(", ");
    format!("{verdict} (limits exceeded: {names})")
}

#[cfg(test)]
mod tests;
