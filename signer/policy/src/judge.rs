//! The verdict: one decision for the request, one for each call, all of which must be a yes.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression,
};
use serde_json::{Map, Value};

use crate::context::{self, Approved, hex};
use crate::{Denial, Facts, Grant, Missing, Policy, Verdict};

impl Policy {
    /// Judges a request. `exceeded` has the names of the limits that it goes over, `approved` how many people of each
    /// group approved exactly this request.
    #[must_use]
    pub fn judge(
        &self,
        facts: &Facts,
        exceeded: &BTreeSet<String>,
        approved: &BTreeMap<String, usize>,
    ) -> Verdict {
        match self.decide(facts, exceeded, approved) {
            Ok(by) => Verdict::Allowed { by },
            Err(denial) if !denial.errors.is_empty() => Verdict::Denied(denial),
            Err(denial) => match self.missing(facts, exceeded, approved) {
                Some(missing) => Verdict::NeedsApproval { missing },
                None => Verdict::Denied(denial),
            },
        }
    }

    /// The approvals that would turn the no into a yes, if any would.
    fn missing(
        &self,
        facts: &Facts,
        exceeded: &BTreeSet<String>,
        approved: &Approved,
    ) -> Option<Missing> {
        let with = |more: &[&crate::Approver]| {
            let mut approved = approved.clone();
            for approver in more {
                let count = approved.entry(approver.group.clone()).or_default();
                *count = (*count).max(approver.count);
            }
            self.decide(facts, exceeded, &approved).is_ok()
        };
        let absent: Vec<_> = self
            .approvers
            .iter()
            .filter(|of| approved.get(&of.group).is_none_or(|count| *count < of.count))
            .collect();
        let enough: Vec<String> =
            absent.iter().filter(|of| with(&[**of])).map(ToString::to_string).collect();
        if !enough.is_empty() {
            return Some(Missing { approvals: enough, all: false });
        }
        let all = !absent.is_empty() && with(&absent);
        let approvals = || absent.iter().map(ToString::to_string).collect();
        all.then(|| Missing { approvals: approvals(), all: true })
    }

    fn decide(
        &self,
        facts: &Facts,
        exceeded: &BTreeSet<String>,
        approved: &Approved,
    ) -> Result<BTreeSet<String>, Denial> {
        let broken = |what: &str| failed(what, "a number is too large for a policy".to_owned());
        let request =
            context::request(facts, exceeded, approved).ok_or_else(|| broken("the request"))?;
        let key = ("Key", facts.key.as_str());
        let whole = Question { facts, action: facts.kind.as_str(), resource: key };
        let mut by = self.ask("the request", &whole, request.clone(), &facts.needs)?;
        for (number, call) in (1..).zip(&facts.calls) {
            let target = hex(call.target);
            let what = format!("call {number} ({} of {target})", call.function);
            let context = context::call(&request, call).ok_or_else(|| broken(&what))?;
            let one = Question { facts, action: "call", resource: ("Contract", &target) };
            by.extend(self.ask(&what, &one, context, &call.needs)?);
        }
        Ok(by)
    }

    /// One decision of Cedar's, and the grants that go with it.
    fn ask(
        &self,
        what: &str,
        question: &Question<'_>,
        context: Map<String, Value>,
        needs: &[Grant],
    ) -> Result<BTreeSet<String>, Denial> {
        let (request, entities) =
            self.cedar_request(question, context).map_err(|error| failed(what, error))?;
        let answer = Authorizer::new().is_authorized(&request, &self.cedar, &entities);
        let diagnostics = answer.diagnostics();
        let errors: Vec<String> = diagnostics.errors().map(ToString::to_string).collect();
        let reasons: BTreeSet<String> = diagnostics.reason().map(ToString::to_string).collect();
        if !errors.is_empty() {
            return Err(Denial { errors, ..denial(what) });
        }
        if answer.decision() == Decision::Deny {
            return Err(Denial { forbidden_by: reasons, ..denial(what) });
        }
        let given: BTreeSet<&Grant> =
            diagnostics.reason().filter_map(|id| self.grants.get(id)).flatten().collect();
        match needs.iter().find(|grant| !given.contains(grant)) {
            Some(grant) => Err(Denial { needs: Some(*grant), ..denial(what) }),
            None => Ok(reasons),
        }
    }

    fn cedar_request(
        &self,
        question: &Question<'_>,
        context: Map<String, Value>,
    ) -> Result<(Request, Entities), String> {
        let principal = uid("Caller", &question.facts.caller)?;
        let action = uid("Action", question.action)?;
        let (kind, id) = question.resource;
        let resource = uid(kind, id)?;
        let attributes = match kind {
            "Key" => {
                let purpose = RestrictedExpression::new_string(question.facts.purpose.clone());
                [("purpose".to_owned(), purpose)].into()
            }
            _ => std::collections::HashMap::new(),
        };
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let entities = [
            Entity::with_uid(principal.clone()),
            Entity::new(resource.clone(), attributes, std::collections::HashSet::new())
                .map_err(|error| text(&error))?,
        ];
        let actions = self.actions.clone();
        let entities = actions.add_entities(entities, None).map_err(|error| text(&error))?;
        // Policies were checked against the schema; that a question fits it too is a matter of our own code, so that
        // only debug builds, which all tests are, spend the time to see it.
        #[cfg(debug_assertions)]
        self.fits((&principal, &action, &resource), &context, &entities)?;
        let context =
            Context::from_json_value(Value::Object(context), None).map_err(|error| text(&error))?;
        let request = Request::new(principal, action, resource, context, None)
            .map_err(|error| text(&error))?;
        Ok((request, entities))
    }

    #[cfg(debug_assertions)]
    fn fits(
        &self,
        (principal, action, resource): (&EntityUid, &EntityUid, &EntityUid),
        context: &Map<String, Value>,
        entities: &Entities,
    ) -> Result<(), String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let context = Value::Object(context.clone());
        let context = Context::from_json_value(context, Some((&self.schema, action)))
            .map_err(|error| text(&error))?;
        Entities::from_entities(entities.iter().cloned(), Some(&self.schema))
            .map_err(|error| text(&error))?;
        let (principal, action, resource) = (principal.clone(), action.clone(), resource.clone());
        Request::new(principal, action, resource, context, Some(&self.schema))
            .map(|_| ())
            .map_err(|error| text(&error))
    }
}

/// One question to Cedar, but for its context.
struct Question<'a> {
    facts: &'a Facts,
    action: &'a str,
    resource: (&'static str, &'a str),
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind: EntityTypeName =
        kind.parse().map_err(|_| format!("{kind:?} is no kind of entity"))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn denial(what: &str) -> Denial {
    Denial { what: what.to_owned(), forbidden_by: BTreeSet::new(), needs: None, errors: Vec::new() }
}

fn failed(what: &str, error: String) -> Denial {
    Denial { errors: vec![error], ..denial(what) }
}

#[cfg(test)]
mod tests;
