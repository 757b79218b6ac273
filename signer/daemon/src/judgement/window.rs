//! How long an approval holds: it ends, soon, and has not ended yet.

use countersign_userop::SponsorWindow;

use super::{Refusal, Rule, Ruling};
use crate::config::RulesConfig;

/// The window is open and not longer than configured. The type rules out one without an end.
pub(super) fn window(window: SponsorWindow, now_s: u64, rules: &RulesConfig) -> Ruling {
    let until = window.valid_until();
    if until <= now_s {
        let message = format!("the approval lapsed at {until}, now is {now_s}");
        return Err(Refusal::new(Rule::Window, message));
    }
    let latest = now_s.saturating_add(rules.max_approval_secs);
    if until > latest {
        let message = format!("the approval would hold until {until}, the latest is {latest}");
        return Err(Refusal::new(Rule::Window, message));
    }
    Ok(())
}
