//! A parsed and checked policy file.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use alloy::primitives::Address;
use cedar_policy::{Entities, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::file::PolicyFile;
use crate::lines::first_label;
use crate::{Caller, Facts, Grant, Limit, Measure, PolicyError, SCHEMA};

mod mentions;

pub use mentions::Approver;

/// What an operator allows. Built only from a file that holds together.
#[derive(Debug)]
pub struct Policy {
    pub(crate) cedar: PolicySet,
    /// Held against each question in debug builds.
    #[cfg(debug_assertions)]
    pub(crate) schema: Schema,
    /// The schema's actions with their groups, which each question needs.
    pub(crate) actions: Entities,
    pub(crate) grants: BTreeMap<PolicyId, BTreeSet<Grant>>,
    pub(crate) approvers: Vec<Approver>,
    limits: Vec<Limit>,
    groups: BTreeMap<String, BTreeSet<Address>>,
    callers: Vec<Caller>,
    waives_intents: bool,
}

impl Policy {
    /// Reads a policy file, checks its policies against [`SCHEMA`] and its parts against each other.
    ///
    /// # Errors
    /// [`PolicyError`] with the line where there is one.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file = PolicyFile::parse(text)?;
        let (source, first_line) = file.policies(text);
        let place = |line: usize| line + first_line - 1;
        let cedar = PolicySet::from_str(source).map_err(|errors| PolicyError::Syntax {
            line: first_label(&errors, source).map(place),
            reason: errors.to_string(),
        })?;
        let (cedar, grants) = named(&cedar)?;
        let schema = schema()?;
        check_against(&cedar, &schema, source, place)?;
        let actions = schema.action_entities();
        let actions = actions.map_err(|error| PolicyError::Internal(error.to_string()))?;
        let mentions = mentions::of(&cedar)?;
        let (limits, groups) = (file.limits(), groups(&file)?);
        let callers = file.callers()?;
        distinct("limit", limits.iter().map(|limit| limit.name.as_str()))?;
        distinct("caller", callers.iter().map(|caller| caller.name.as_str()))?;
        mentions.check(&limits, &groups)?;
        Ok(Self {
            cedar,
            #[cfg(debug_assertions)]
            schema,
            actions,
            grants,
            approvers: mentions.approvers(),
            limits,
            groups,
            callers,
            waives_intents: file.waive_intents,
        })
    }

    /// The names of the policies, in order.
    #[must_use]
    pub fn policy_ids(&self) -> Vec<String> {
        self.cedar
            .policies()
            .map(|policy| policy.id().to_string())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The named limits.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// The people who may approve, by group: addresses of ordinary wallets.
    #[must_use]
    pub const fn groups(&self) -> &BTreeMap<String, BTreeSet<Address>> {
        &self.groups
    }

    /// Those who may ask, and their keys.
    #[must_use]
    pub fn callers(&self) -> &[Caller] {
        &self.callers
    }

    /// Whether a gateway may ask without a caller's signature on the intent: a decision that start-up logs and
    /// `policy check` say aloud.
    #[must_use]
    pub const fn waives_intents(&self) -> bool {
        self.waives_intents
    }

    /// Whether some policy gives this grant, to whatever: if none does, what needs it is refused before anything else
    /// is looked at.
    #[must_use]
    pub fn gives(&self, grant: Grant) -> bool {
        self.grants.values().any(|grants| grants.contains(&grant))
    }

    /// The approvals that some policy asks for.
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// What a request takes of each limit that concerns it.
    #[must_use]
    pub fn measures(&self, facts: &Facts) -> Vec<Measure<'_>> {
        self.limits.iter().filter_map(|limit| limit.measure(facts)).collect()
    }
}

/// The schema of this build.
pub(crate) fn schema() -> Result<Schema, PolicyError> {
    match Schema::from_cedarschema_str(SCHEMA) {
        Ok((schema, _)) => Ok(schema),
        Err(error) => Err(PolicyError::Internal(error.to_string())),
    }
}

type Grants = BTreeMap<PolicyId, BTreeSet<Grant>>;

/// The same policies under the names in their `@id` annotations, and what each grants by name.
fn named(source: &PolicySet) -> Result<(PolicySet, Grants), PolicyError> {
    if source.num_of_templates() > 0 {
        return Err(PolicyError::Reference("templates are not supported".to_owned()));
    }
    let (mut cedar, mut all_grants) = (PolicySet::new(), Grants::new());
    for policy in source.policies() {
        let Some(name) = policy.annotation("id").filter(|name| !name.is_empty()) else {
            let reason = format!("a policy has no name; give it one by @id(\"…\"): {policy}");
            return Err(PolicyError::Reference(reason));
        };
        let id = PolicyId::new(name);
        let grants = grants_of(name, policy.annotation("grants").unwrap_or_default())?;
        cedar
            .add(policy.new_id(id.clone()))
            .map_err(|_| PolicyError::Reference(format!("two policies are named {name:?}")))?;
        all_grants.insert(id, grants);
    }
    Ok((cedar, all_grants))
}

fn grants_of(policy: &str, list: &str) -> Result<BTreeSet<Grant>, PolicyError> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = || Grant::ALL.map(Grant::as_str).join(", ");
    names
        .map(|name| {
            name.parse().map_err(|()| {
                let reason =
                    format!("policy {policy:?} grants {name:?}, which is none of {}", known());
                PolicyError::Reference(reason)
            })
        })
        .collect()
}

fn check_against(
    cedar: &PolicySet,
    schema: &Schema,
    source: &str,
    place: impl Fn(usize) -> usize,
) -> Result<(), PolicyError> {
    let result = Validator::new(schema.clone()).validate(cedar, ValidationMode::Strict);
    match result.validation_errors().next() {
        None => Ok(()),
        Some(error) => Err(PolicyError::Schema {
            line: first_label(error, source).map(place),
            policy: error.policy_id().to_string(),
            reason: error.to_string(),
        }),
    }
}

fn groups(file: &PolicyFile) -> Result<BTreeMap<String, BTreeSet<Address>>, PolicyError> {
    let mut groups = BTreeMap::new();
    for (name, members) in &file.groups {
        let distinct: BTreeSet<Address> = members.iter().copied().collect();
        if distinct.len() != members.len() {
            return Err(PolicyError::Reference(format!("group {name:?} names somebody twice")));
        }
        groups.insert(name.clone(), distinct);
    }
    Ok(groups)
}

fn distinct<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PolicyError::Reference(format!("two {what}s are named {name:?}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
