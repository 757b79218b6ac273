//! A canary tries one generation of one key, and says which.

use countersign_userop::Canary;

use super::{Case, Refusal, Rule, Ruling};
use crate::keys::LiveKey;

/// The canary is of the key that is asked, itself and no child, in the generation that we hold.
pub(super) fn canary(case: &Case<'_>, key: &LiveKey, canary: &Canary) -> Ruling {
    let refuse = |message: String| Err(Refusal::new(Rule::Canary, message));
    let record = &key.record;
    if case.call.child.is_some() {
        return refuse("a canary is of a key, not of a child".into());
    }
    if canary.key != record.name.as_str() {
        return refuse(format!("it is of the key {:?}, asked is {}", canary.key, record.name));
    }
    if canary.epoch != record.epoch {
        return refuse(format!("it is of epoch {}, ours is {}", canary.epoch, record.epoch));
    }
    if canary.transcript.0 != record.transcript {
        return refuse("it is of another ceremony than made our share".into());
    }
    Ok(())
}
