//! Who approved: people of the policy's groups, over exactly what we would show and sign.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};
use countersign_protocol::{ApprovalSubject, IntentKey};
use countersign_userop::{ChainId, PreviewHash};

use super::{Case, Refusal, Rule, Ruling};

/// How many people of each group approved. One approval that does not hold is a refusal: somebody means something else
/// than we do.
pub(super) fn approved(
    case: &Case<'_>,
    chain: ChainId,
    hash: B256,
    preview: PreviewHash,
    asker: Option<IntentKey>,
) -> Ruling<BTreeMap<String, usize>> {
    let mut people: BTreeSet<Address> = BTreeSet::new();
    for approval in &case.call.approvals {
        let subject = ApprovalSubject { chain, hash, preview: *preview.as_b256() };
        let person = approval
            .verify(&subject, case.now_s)
            .map_err(|error| Refusal::new(Rule::Approval, error.to_string()))?;
        people.insert(person);
    }
    if let Some(IntentKey::Wallet(asker)) = asker {
        // Whoever asked does not count, in whatever group.
        people.remove(&asker);
    }
    let groups = case.policy.groups().iter();
    Ok(groups
        .map(|(name, members)| (name.clone(), members.intersection(&people).count()))
        .filter(|(_, count)| *count > 0)
        .collect())
}
