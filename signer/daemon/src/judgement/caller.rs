//! Who may ask, and when.

use super::{Case, Refusal, Rule, Ruling};

/// The caller is a gateway that the committee file names.
pub(super) fn caller(case: &Case<'_>) -> Ruling {
    if case.book.gateways.contains(case.caller) {
        return Ok(());
    }
    let message = format!("{:?} is no gateway of the committee file", case.caller);
    Err(Refusal::new(Rule::Caller, message))
}

/// The caller still waits for the answer.
pub(super) fn deadline(case: &Case<'_>) -> Ruling {
    if case.call.deadline.is_zero() {
        return Err(Refusal::new(Rule::Deadline, "the call's deadline has passed"));
    }
    Ok(())
}
