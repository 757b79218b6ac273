//! With whom we sign: exactly the threshold, of the key's own committee, ourselves among them, and nobody
//! who is banned.

use countersign_threshold::PartyId;

use super::{Case, Refusal, Rule, Ruling};
use crate::keys::LiveKey;

/// The quorum is of the key's threshold, of its committee, and includes us.
pub(super) fn quorum(case: &Case<'_>, key: &LiveKey) -> Ruling {
    let refuse = |message: String| Err(Refusal::new(Rule::Quorum, message));
    let quorum = &case.call.quorum;
    let committee = key.share.committee();
    if quorum.len() != usize::from(committee.threshold()) {
        let needed = committee.threshold();
        return refuse(format!("{} members where {needed} sign", quorum.len()));
    }
    if !quorum.is_sorted_by(|one, next| one < next) {
        return refuse("the members are not in ascending order".into());
    }
    if !quorum.contains(&case.book.me.index()) {
        return refuse(format!("party {} is asked, but not a member", case.book.me));
    }
    match members(quorum).find(|member| !committee.contains(*member)) {
        Some(stranger) => refuse(format!("party {stranger} holds no share of this key")),
        None if members(quorum).count() != quorum.len() => refuse("zero is no party".into()),
        None => Ok(()),
    }
}

/// No member of the quorum is banned.
pub(super) fn bans(case: &Case<'_>, key: &LiveKey) -> Ruling {
    let others: Vec<_> =
        members(&case.call.quorum).filter(|member| *member != case.book.me).collect();
    key.gates.check(&others).map_err(|error| Refusal::new(Rule::Ban, error.to_string()))
}

fn members(quorum: &[u8]) -> impl Iterator<Item = PartyId> + '_ {
    quorum.iter().filter_map(|index| PartyId::new(*index).ok())
}
