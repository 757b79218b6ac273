//! What a cosigner found out about one request by itself.

use alloy::primitives::{Address, FixedBytes, U256};

use countersign_userop::SignableKind;

use crate::{Asset, Grant};

/// One request, as a policy sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What is asked for: the name of Cedar's action.
    pub kind: SignableKind,
    /// Who asked: the caller whose signature is on the intent, or the gateway where that is waived.
    pub caller: String,
    /// Whether the caller's own signature is on the intent.
    pub intent_signed: bool,
    /// The key's name.
    pub key: String,
    /// The key's purpose.
    pub purpose: String,
    /// The chain; zero where the request is about none.
    pub chain: u64,
    /// The account that acts.
    pub account: Option<Address>,
    /// Its kind.
    pub account_kind: Option<String>,
    /// The EntryPoint.
    pub entry_point: Option<Address>,
    /// Its version.
    pub entry_point_version: Option<String>,
    /// Whether the account is deployed on the way.
    pub deploys: bool,
    /// Who pays instead of the account.
    pub sponsor: Option<Address>,
    /// The calls at the leaves.
    pub calls: Vec<CallFacts>,
    /// What the request needs beyond a permit, apart from what its calls need.
    pub needs: Vec<Grant>,
    /// What leaves the account.
    pub flows: Vec<Flow>,
    /// The most that gas can cost, in wei.
    pub fee_ceiling: U256,
    /// When it is asked.
    pub time: Time,
    /// Of typed data: the domain's name, the primary type and the verifying contract.
    pub typed_data: Option<(String, String, Option<Address>)>,
}

/// One call at a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// Who is called.
    pub target: Address,
    /// The function by the name that policies use; `unknown` if it has none.
    pub function: String,
    /// Its selector; none for a plain transfer of wei.
    pub selector: Option<FixedBytes<4>>,
    /// Whether wei goes along.
    pub sends_value: bool,
    /// How many batches it is inside of.
    pub depth: usize,
    /// From whom something moves.
    pub from: Option<Address>,
    /// To whom something moves, or who becomes owner, guardian or implementation.
    pub recipient: Option<Address>,
    /// Who is allowed to take something.
    pub spender: Option<Address>,
    /// Whether that is allowed without a limit.
    pub unlimited: bool,
    /// What the call needs beyond a permit.
    pub needs: Vec<Grant>,
}

/// Something that leaves the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// What.
    pub asset: Asset,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
}

/// When, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// 0 to 23.
    pub hour: u8,
    /// 1 is Monday, 7 is Sunday.
    pub weekday: u8,
}

impl Time {
    /// The time at these seconds since 1970.
    #[must_use]
    pub fn at(seconds: u64) -> Self {
        let days = seconds / 86_400;
        // 1970 began on a Thursday.
        let weekday = (days + 3) % 7 + 1;
        let hour = seconds % 86_400 / 3_600;
        Self { hour: u8::try_from(hour).unwrap_or(0), weekday: u8::try_from(weekday).unwrap_or(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_weekdays_are_those_of_the_calendar() {
        assert_eq!(Time::at(0), Time { hour: 0, weekday: 4 });
        // 2026-11-24 16:04:54 UTC was a Tuesday.
        assert_eq!(Time::at(1_795_536_294), Time { hour: 16, weekday: 2 });
    }
}
