//! The limits and groups that policies speak of, so that a misspelt name is an error and not a hole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use alloy::primitives::Address;
use cedar_policy::PolicySet;
use serde_json::Value;

use crate::{Limit, PolicyError};

/// So many people of a group, as policies write it: `treasurers:2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approver {
    /// The group.
    pub group: String,
    /// How many of it.
    pub count: usize,
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.group, self.count)
    }
}

/// Names inside policies, each with the policy that speaks of it.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    limits: BTreeMap<String, String>,
    approvals: BTreeMap<String, String>,
    /// A policy looks at all exceeded limits at once.
    any_limit: bool,
}

/// Looks through every policy.
pub(super) fn of(cedar: &PolicySet) -> Result<Mentions, PolicyError> {
    let mut mentions = Mentions::default();
    for policy in cedar.policies() {
        let json = policy.to_json().map_err(|error| PolicyError::Internal(error.to_string()))?;
        mentions.look_into(policy.id().as_ref(), &json);
    }
    Ok(mentions)
}

impl Mentions {
    fn look_into(&mut self, policy: &str, node: &Value) {
        match node {
            Value::Array(nodes) => nodes.iter().for_each(|node| self.look_into(policy, node)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    if !(is_question(name) && self.note(policy, inner)) {
                        self.any_limit |= is_context(node, "exceeded");
                        self.look_into(policy, inner);
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes what a question about one of the two sets asks for.
    fn note(&mut self, policy: &str, question: &Value) -> bool {
        let names = if is_context(&question["left"], "exceeded") {
            &mut self.limits
        } else if is_context(&question["left"], "approvals") {
            &mut self.approvals
        } else {
            return false;
        };
        let mut literals = Vec::new();
        strings(&question["right"], &mut literals);
        names.extend(literals.into_iter().map(|name| (name, policy.to_owned())));
        true
    }

    /// Every name that a policy speaks of exists, and every limit is spoken of.
    pub(super) fn check(
        &self,
        limits: &[Limit],
        groups: &BTreeMap<String, BTreeSet<Address>>,
    ) -> Result<(), PolicyError> {
        for (name, policy) in &self.limits {
            if !limits.iter().any(|limit| limit.name == *name) {
                let reason =
                    format!("policy {policy:?} speaks of the limit {name:?}, which is none");
                return Err(PolicyError::Reference(reason));
            }
        }
        for limit in limits {
            if !self.any_limit && !self.limits.contains_key(&limit.name) {
                let name = &limit.name;
                let reason =
                    format!("no policy speaks of the limit {name:?}: it would hold nothing");
                return Err(PolicyError::Reference(reason));
            }
        }
        for (text, policy) in &self.approvals {
            let approver = approver(text);
            let members = approver.as_ref().and_then(|of| groups.get(&of.group)).map(BTreeSet::len);
            let possible = approver.zip(members).is_some_and(|(of, members)| of.count <= members);
            if !possible {
                let reason = format!(
                    "policy {policy:?} asks for the approvals {text:?}: that is no \
                     group with a count that it can reach"
                );
                return Err(PolicyError::Reference(reason));
            }
        }
        Ok(())
    }

    pub(super) fn approvers(&self) -> Vec<Approver> {
        self.approvals.keys().filter_map(|text| approver(text)).collect()
    }
}

fn is_question(name: &str) -> bool {
    matches!(name, "contains" | "containsAll" | "containsAny")
}

/// Whether a node is `context.ATTRIBUTE`.
fn is_context(node: &Value, attribute: &str) -> bool {
    node["."]["left"]["Var"] == "context" && node["."]["attr"] == attribute
}

fn strings(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::String(text) => found.push(text.clone()),
        Value::Array(nodes) => nodes.iter().for_each(|node| strings(node, found)),
        Value::Object(fields) => fields.values().for_each(|node| strings(node, found)),
        _ => {}
    }
}

fn approver(text: &str) -> Option<Approver> {
    let (group, count) = text.rsplit_once(':')?;
    let count = count.parse().ok().filter(|count| *count > 0)?;
    Some(Approver { group: group.to_owned(), count })
}
